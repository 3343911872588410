"""Look for won and edited deals without webhooks: the safety net under them, and all there is with a service key.

Called inside a step. What is found goes into the inbox as an event of its own, known by record and moment, so what is
found twice is acted on once. Whose a line item is, and whether its deal is to be looked at, is the affair of the turn.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from ledgerloop.hubspot.models import Record
from ledgerloop.invoices.deals import entered, won_before
from ledgerloop.parts import parts
from ledgerloop.portal.facts import route_stages, won_stages
from ledgerloop.portal.search_since import Filter, keep_up
from ledgerloop.records import Event
from ledgerloop.rules.clocks import passed
from ledgerloop.store import connections, cursors, inbox
from ledgerloop.store.cursors import POLLED

CURSOR = POLLED
"""The cursor of the looking: how far it got, and when it last was done."""

LINES = "line items"
"""The cursor of the looking at line items."""


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
    new = 0

    def keep_deals(tx: Connection, some: Sequence[Record]) -> None:
        nonlocal new
        wanted = [
            deal for deal in some if deal.properties.get(_invoice_id()) or not won_before(deal, stages, connected.since)
        ]
        new += inbox.keep(tx, [_event(portal, "deal", deal, now) for deal in wanted], now)

    def keep_lines(tx: Connection, some: Sequence[Record]) -> None:
        nonlocal new
        new += inbox.keep(tx, [_event(portal, "line_item", line, now) for line in some], now)

    client = at.hubspot()
    asked = [_invoice_id(), *(entered(stage) for stage in stages)]
    # Deals first: thousands of imported lines hold up no deal that was won.
    keep_up(client, replace(cursor, since=since), "deals", _of_deals(), asked, keep_deals)
    keep_up(client, replace(lines_cursor, since=lines_cursor.since or since), "line_items", [[]], [], keep_lines)
    return new


def _of_deals() -> list[list[Filter]]:
    """Search for three kinds of deals at once: won, in a stage that a route names, and those with an invoice."""
    without: Filter = {"propertyName": _invoice_id(), "operator": "NOT_HAS_PROPERTY"}
    groups: list[list[Filter]] = [
        [{"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}, without],
        [{"propertyName": _invoice_id(), "operator": "HAS_PROPERTY"}],
    ]
    if named := route_stages():
        groups.append([{"propertyName": "dealstage", "operator": "IN", "values": named}, without])
    return groups


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
