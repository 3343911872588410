"""Look for won and edited deals without webhooks: the safety net under them, and all there is with a service key.

Called inside a step. What is found goes into the inbox as an event of its own, known by record and moment, so what is
found twice is acted on once. Whose a line item is, and whether its deal is to be looked at, is the affair of the turn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ledgerloop.flows.deals import INDEX_LAG, entered, won_at
from ledgerloop.flows.facts import route_stages, won_stages
from ledgerloop.flows.parts import parts
from ledgerloop.hubspot.client import MOST_A_SEARCH_PAGE
from ledgerloop.hubspot.models import Record
from ledgerloop.records import Event
from ledgerloop.rules.clocks import passed
from ledgerloop.store import connections, cursors, inbox
from ledgerloop.store.cursors import Cursor

CURSOR = "deals"
"""The cursor of the looking: how far it got, and when it last was done."""

LINES = "line items"
"""The cursor of the looking at line items."""

Filter = Mapping[str, object]

_MOST = 10_000
"""HubSpot's search gives no more results than this for one query."""


def look(portal: str) -> int:
    """Keep what changed since the last look: line items, and deals that are won or have an invoice. Say what was new.

    HubSpot need not call a deal changed when a line item of it was edited, so line items are looked for by themselves.
    """
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        cursor = cursors.get(tx, portal, CURSOR)
        lines_cursor = cursors.get(tx, portal, LINES)
        connected = connections.get(tx, "hubspot", portal)
    if connected is None or not passed(cursor.highest, at.poll_every, now):
        return 0
    since = cursor.since or connected.since
    stages = sorted({*won_stages(portal), *route_stages()})
    changed = _deals_since(since, stages)
    found = [
        deal
        for deal in changed
        if deal.properties.get(_invoice_id()) or (won_at(deal, stages) or now) >= connected.since - INDEX_LAG
    ]
    lines_since = lines_cursor.since or since
    lines = _changed_since("line_items", lines_since, [[]], [])
    # Deals first: thousands of imported lines hold up no deal that was won.
    events = [_event(portal, "deal", deal, now) for deal in found]
    events += [_event(portal, "line_item", line, now) for line in lines]
    with at.database.transaction() as tx:
        new = inbox.keep(tx, events, now)
        cursors.put(tx, Cursor(portal, CURSOR, _newest(changed, since), 1, now))
        reached = _passed(_newest(lines, lines_since), lines_cursor, now)
        cursors.put(tx, Cursor(portal, LINES, reached, 1, now))
    return new


def _deals_since(since: datetime, stages: Sequence[str]) -> list[Record]:
    """Search for three kinds of deals at once: won, in a stage that a route names, and those with an invoice."""
    without: Filter = {"propertyName": _invoice_id(), "operator": "NOT_HAS_PROPERTY"}
    groups: list[list[Filter]] = [
        [{"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}, without],
        [{"propertyName": _invoice_id(), "operator": "HAS_PROPERTY"}],
    ]
    if named := route_stages():
        groups.append([{"propertyName": "dealstage", "operator": "IN", "values": named}, without])
    return _changed_since("deals", since, groups, [_invoice_id(), *(entered(stage) for stage in stages)])


def _changed_since(
    kind: str, since: datetime, groups: Sequence[Sequence[Filter]], properties: Sequence[str]
) -> list[Record]:
    """Search for all records that changed since a moment and fit one of the groups, however many they are.

    A search that ends at its limit is gone on with from the last moment it came to; what comes twice is known by then.
    """
    found: list[Record] = []
    start = since - INDEX_LAG
    while True:
        some, whole = _search(kind, start, groups, ["hs_lastmodifieddate", *properties])
        found += some
        reached = _newest(some, start)
        if whole or reached == start:
            return found
        start = reached


def _search(
    kind: str, start: datetime, groups: Sequence[Sequence[Filter]], properties: Sequence[str]
) -> tuple[list[Record], bool]:
    """Search from a moment on, the longest unchanged first; tell whether these are all."""
    changed: Filter = {
        "propertyName": "hs_lastmodifieddate",
        "operator": "GTE",
        "value": str(int(start.timestamp() * 1000)),
    }
    filters = [{"filters": [changed, *group]} for group in groups]
    sorts = [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}]
    found: list[Record] = []
    after: str | None = None
    while len(found) + MOST_A_SEARCH_PAGE <= _MOST:
        page = parts().hubspot().search(kind, filters, properties, sorts, MOST_A_SEARCH_PAGE, after)
        found += page.results
        after = page.after
        if not after:
            return found, True
    return found, False


def _newest(records: Sequence[Record], since: datetime) -> datetime:
    return max([since, *(one.updated_at for one in records if one.updated_at)])


def _passed(newest: datetime, cursor: Cursor, now: datetime) -> datetime:
    """Let the overlap go by once nothing newer comes, so that an import is not read again in each look for ever.

    Only the time between two looks is taken from our clock, which need not agree with HubSpot's.
    """
    if cursor.since is None or cursor.highest is None:
        return newest
    return max(newest, min(newest + INDEX_LAG, cursor.since + (now - cursor.highest)))


def _invoice_id() -> str:
    return parts().names.get("xero_invoice_id", "xero_invoice_id")


def _event(portal: str, category: str, record: Record, now: datetime) -> Event:
    changed = record.properties.get("hs_lastmodifieddate") or ""
    what = record.id if category == "deal" else f"{category} {record.id}"
    return Event(
        source="hubspot",
        key=hashlib.sha256(f"poll {portal} {what} {changed}".encode()).hexdigest(),
        lane=portal,
        category=category,
        kind="poll",
        resource=record.id,
        occurred_at=record.updated_at or now.astimezone(UTC),
        body=json.dumps({"objectId": record.id, "hs_lastmodifieddate": changed}),
    )
