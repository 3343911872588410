"""Index the portal's companies, so that they can be looked for as matching compares them. Called inside a step.

HubSpot's search compares texts as they are, and cannot know that “Café Ñandú Ltd” and “Cafe Nandu Limited” are called
alike. So all companies are listed once, behind live work, and before strangers are matched one search brings what has
changed since. The index only says where to look: what it names is read anew before anybody decides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ledgerloop.errors import LedgerloopError
from ledgerloop.flows.claiming import Customers
from ledgerloop.flows.deals import INDEX_LAG
from ledgerloop.flows.parts import parts
from ledgerloop.flows.writing import id_name
from ledgerloop.hubspot.client import MOST_A_SEARCH_PAGE, HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.log import logger
from ledgerloop.rules.identity.profiles import ADDITIONAL_DOMAINS, keys_of_company
from ledgerloop.store import companies, connections, search_keys
from ledgerloop.store.companies import Progress

PAGES_AT_ONCE = 50
"""Pages listed in one step, so that a crash repeats little and a step does not last."""

_MOST_RESULTS = 10_000
_SKEW = timedelta(minutes=2)
"""How far our clock may be from HubSpot's."""


def _properties() -> tuple[str, ...]:
    return ("name", "domain", ADDITIONAL_DOMAINS, *parts().numbered.names)


def fill(portal: str, interrupted: Callable[[], bool]) -> bool:
    """List some more companies behind live work, until all were listed once; tell whether to go on with more.

    ``interrupted`` is asked after every page. What fails is tried again in another turn: whoever needs it sooner lists
    for himself.
    """
    client = parts().hubspot().as_backfill()
    try:
        for _ in range(PAGES_AT_ONCE):
            if not _list_page(client, portal) or interrupted():
                return False
    except LedgerloopError as problem:
        logger.warning("companies not listed yet", portal=portal, why=problem.sentence)
        return False
    return True


def ready() -> None:
    """List what is not listed yet, and keep it: who rehearses works on a copy that forgets."""
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
    while portal is not None and _list_page(at.hubspot(), portal.id):
        pass


def candidates(
    client: HubSpotClient, strangers: Customers, more: Collection[str], properties: Sequence[str]
) -> dict[str, Record]:
    """Return the companies that strangers' keys find, and those given by id as well, all as they are now."""
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
    if portal is None:
        return {}
    found: set[str] = set()
    if strangers:
        while _list_page(client, portal.id):
            pass  # nobody can be told from a stranger by half an index
        keep_up(client, portal.id)
        found = {one for some in named(portal.id, strangers).values() for one in some}
    ids = sorted({*found, *more})
    records = client.read("companies", ids, properties) if ids else {}
    there = {record.id: record for record in records.values()}
    with at.database.transaction() as tx:
        search_keys.forget(tx, portal.id, sorted(found - there.keys()))
        _keep(tx, portal.id, list(there.values()))
    return there


def named(portal: str, customers: Customers) -> dict[str, set[str]]:
    """Return by customer the companies that the index names for it, as it stands."""
    keys = {key: [each for each in one.keys if not each.startswith("email ")] for key, one in customers.items()}
    with parts().database.reading() as tx:
        found = search_keys.find(tx, portal, {each for some in keys.values() for each in some})
    return {key: {one for each in some for one in found.get(each, ())} for key, some in keys.items()}


def covers(portal: str, moment: datetime) -> bool:
    """Tell whether what HubSpot's search showed at a moment was searched for since."""
    with parts().database.reading() as tx:
        there = companies.progress(tx, portal)
    return there.listed and there.since is not None and there.since + _SKEW >= moment


def _keep(tx: Connection, portal: str, some: Sequence[Record]) -> None:
    """Keep what companies are looked for by."""
    numbered = parts().numbered
    search_keys.replace(tx, portal, {one.id: keys_of_company(one, numbered) for one in some})


def _list_page(client: HubSpotClient, portal: str) -> bool:
    """List the next page of all companies; tell whether there was one to list."""
    at = parts()
    with at.database.reading() as tx:
        before = companies.progress(tx, portal)
        everyone = len(connections.organisations(tx)) > 1
    if before.listed and before.everyone >= everyone:
        return False
    begun = Progress(everyone=everyone) if before.listed or not before.after else before
    page = client.list_page("companies", _properties(), begun.after or None)
    since = begun.since or at.now() - _SKEW
    with at.database.transaction() as tx:
        if companies.advance(tx, portal, before, Progress(page.after or "", not page.after, since, begun.everyone)):
            _keep(tx, portal, page.results)
    return True


def keep_up(client: HubSpotClient, portal: str) -> None:
    """Search for what has changed since the last look, so that the next look begins where this one did."""
    at = parts()
    now = at.now() - _SKEW
    with at.database.reading() as tx:
        before = companies.progress(tx, portal)
    since = (before.since or now) - INDEX_LAG
    whole = False
    while not whole:
        found, whole = _changed(client, since, everyone=before.everyone)
        with at.database.transaction() as tx:
            _keep(tx, portal, found)
        newest = max((record.updated_at for record in found if record.updated_at), default=since)
        since = max(newest, since + timedelta(milliseconds=1))
    with at.database.transaction() as tx:
        companies.advance(tx, portal, before, replace(before, since=max(now, before.since or now)))


def _changed(client: HubSpotClient, since: datetime, *, everyone: bool) -> tuple[list[Record], bool]:
    """Search for companies that changed; tell whether these are all of them, for a search ends at ten thousand."""
    stamp = str(int(since.timestamp() * 1000))
    filters: list[Mapping[str, Any]] = [{"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": stamp}]
    if not everyone:
        # Who carries an id is no candidate, and our own writes of balances would be most of what is found.
        filters.append({"propertyName": id_name(), "operator": "NOT_HAS_PROPERTY"})
    sorts = [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}]
    found: list[Record] = []
    after: str | None = None
    while len(found) + MOST_A_SEARCH_PAGE <= _MOST_RESULTS:
        page = client.search("companies", [{"filters": filters}], _properties(), sorts, MOST_A_SEARCH_PAGE, after)
        found += page.results
        after = page.after
        if not after:
            return found, True
    return found, False
