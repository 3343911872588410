"""Index the portal's companies, so that they can be looked for as matching compares them. Called inside a step.

HubSpot's search compares texts as they are, and cannot know that “Café Ñandú Ltd” and “Cafe Nandu Limited” are called
alike. So all companies are listed once, behind live work, and before strangers are matched one search brings what has
changed since. The index only says where to look: what it names is read anew before anybody decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ledgerloop.errors import LedgerloopError
from ledgerloop.flows.claiming import Customers
from ledgerloop.flows.deals import INDEX_LAG
from ledgerloop.flows.parts import parts
from ledgerloop.flows.writing import id_name
from ledgerloop.hubspot.client import MOST_A_SEARCH_PAGE, HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.log import logger
from ledgerloop.rules.companies import domain_of
from ledgerloop.rules.customers import COMPANY_PROPERTIES
from ledgerloop.rules.matching import email_domain, name_key
from ledgerloop.store import companies, connections
from ledgerloop.store.companies import Indexed, Progress

PAGES_AT_ONCE = 50
"""Pages listed in one step, so that a crash repeats little and a step does not last."""

_PROPERTIES = ("name", "domain")
_MOST_RESULTS = 10_000
_SKEW = timedelta(minutes=2)
"""How far our clock may be from HubSpot's."""


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


def candidates(client: HubSpotClient, strangers: Customers) -> dict[str, Record]:
    """Return the companies that have a stranger's name or domain, as they are now."""
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
    if portal is None or not strangers:
        return {}
    while _list_page(client, portal.id):
        pass  # nobody can be told from a stranger by half an index
    _keep_up(client, portal.id)
    names = {one.name_key for one in strangers.values()}
    domains = {email_domain(one.email_key) for one in strangers.values() if one.email_key}
    with at.database.reading() as tx:
        ids = companies.alike(tx, portal.id, names, domains)
    found = client.read("companies", ids, (*COMPANY_PROPERTIES, id_name())) if ids else {}
    there = {record.id: record for record in found.values()}
    with at.database.transaction() as tx:
        companies.forget(tx, portal.id, [one for one in ids if one not in there])
        companies.put(tx, [_indexed(portal.id, record) for record in there.values()])
    return there


def _list_page(client: HubSpotClient, portal: str) -> bool:
    """List the next page of all companies; tell whether there was one to list."""
    at = parts()
    with at.database.reading() as tx:
        before = companies.progress(tx, portal)
        everyone = len(connections.organisations(tx)) > 1
    if before.listed and before.everyone >= everyone:
        return False
    begun = Progress(everyone=everyone) if before.listed or not before.after else before
    page = client.list_page("companies", _PROPERTIES, begun.after or None)
    since = begun.since or at.now() - _SKEW
    with at.database.transaction() as tx:
        if companies.advance(tx, portal, before, Progress(page.after or "", not page.after, since, begun.everyone)):
            companies.put(tx, [_indexed(portal, record) for record in page.results])
    return True


def _keep_up(client: HubSpotClient, portal: str) -> None:
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
            companies.put(tx, [_indexed(portal, record) for record in found])
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
        page = client.search("companies", [{"filters": filters}], _PROPERTIES, sorts, MOST_A_SEARCH_PAGE, after)
        found += page.results
        after = page.after
        if not after:
            return found, True
    return found, False


def _indexed(portal: str, record: Record) -> Indexed:
    return Indexed(portal, record.id, name_key(record.properties.get("name")), domain_of(record))
