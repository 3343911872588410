"""Index the portal's companies, so that they can be looked for as matching compares them. Called inside a step.

HubSpot's search compares texts as they are, and cannot know that “Café Ñandú Ltd” and “Cafe Nandu Limited” are called
alike. So all companies are listed once, behind live work, and before strangers are matched one search brings what has
changed since. The index only says where to look: what it names is read anew before anybody decides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ledgerloop.customers.claims import Customers
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.portal.search_since import INDEX_LAG, Filter, changes
from ledgerloop.rules.clocks import gone_by
from ledgerloop.rules.identity.profiles import ADDITIONAL_DOMAINS, keys_of_company
from ledgerloop.store import companies, connections, search_keys
from ledgerloop.store.companies import Progress

PAGES_AT_ONCE = 50
"""Pages listed in one step, so that a crash repeats little and a step does not last."""
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
    """Tell whether what HubSpot's search showed at a moment was searched for since, as far as our clock was right."""
    at = parts()
    with at.database.reading() as tx:
        there = companies.progress(tx, portal)
    return there.listed and there.looked is not None and moment <= there.looked <= at.now()


def keep(some: Sequence[Record]) -> None:
    """Keep what companies are looked for by that were read for another reason."""
    with parts().database.transaction() as tx:
        if (portal := connections.only_portal(tx)) is not None:
            _keep(tx, portal.id, some)


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
    now = at.now()
    page = client.list_page("companies", _properties(), begun.after or None)
    since, looked = begun.since or now - _SKEW, begun.looked or now
    here = Progress(page.after or "", not page.after, since, begun.everyone, looked)
    with at.database.transaction() as tx:
        if companies.advance(tx, portal, before, here):
            _keep(tx, portal, page.results)
    return True


def keep_up(client: HubSpotClient, portal: str) -> None:
    """Search for what has changed since the last look. How far that is moves with every page, and never past it."""
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        before = companies.progress(tx, portal)
    since = before.since or now - _SKEW
    # Who carries a customer's id is no candidate, and our own writes of balances would be most of what is found.
    # A company whose id is nobody's is kept when that is heard of (``moved_ids``).
    groups: list[list[Filter]] = (
        [[]] if before.everyone else [[{"propertyName": id_name(), "operator": "NOT_HAS_PROPERTY"}]]
    )
    newest: datetime | None = None
    for some in changes(client, "companies", since, groups, _properties()):
        newest = max(newest or some.reached, some.reached)
        here = replace(before, since=max(since, newest))
        with at.database.transaction() as tx:
            _keep(tx, portal, some.records)
            before = here if companies.advance(tx, portal, before, here) else before
    waited = now - before.looked if before.looked else timedelta()
    here = replace(before, since=gone_by(since, newest, INDEX_LAG, waited), looked=now)
    with at.database.transaction() as tx:
        companies.advance(tx, portal, before, here)
