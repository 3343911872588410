"""Look for won and edited deals without webhooks: the safety net under them, and all there is with a service key.

Called inside a step. What is found goes into the inbox as an event of its own, known by deal and moment, so a deal that
is found twice is acted on once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from ledgerloop.flows.deals import INDEX_LAG, entered, won_at
from ledgerloop.flows.facts import route_stages, won_stages
from ledgerloop.flows.parts import parts
from ledgerloop.hubspot.models import Record
from ledgerloop.records import Event
from ledgerloop.store import connections, cursors, inbox
from ledgerloop.store.cursors import Cursor

CURSOR = "deals"
"""The cursor of the looking: how far it got, and when it last was done."""

_PAGE = 200
_MOST = 10_000
"""HubSpot's search gives no more results than this for one query."""


def look(portal: str) -> int:
    """Keep the deals that changed since the last look and are won or have an invoice; say how many were new."""
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        cursor = cursors.get(tx, portal, CURSOR)
        connected = connections.get(tx, "hubspot", portal)
    if connected is None or (cursor.highest is not None and now - cursor.highest < at.poll_every):
        return 0
    since = (cursor.since or connected.since) - INDEX_LAG
    stages = sorted({*won_stages(portal), *route_stages()})
    changed = _changed_since(since, [_invoice_id(), *(entered(stage) for stage in stages)])
    found = [
        deal
        for deal in changed
        if deal.properties.get(_invoice_id()) or (won_at(deal, stages) or now) >= connected.since - INDEX_LAG
    ]
    newest = max((deal.updated_at for deal in changed if deal.updated_at), default=cursor.since or connected.since)
    with at.database.transaction() as tx:
        new = inbox.keep(tx, [_event(portal, deal, now) for deal in found], now)
        cursors.put(tx, Cursor(portal, CURSOR, max(newest, cursor.since or newest), 1, now))
    return new


def _changed_since(since: datetime, properties: Sequence[str]) -> list[Record]:
    """Search for three kinds of deals at once: won, in a stage that a route names, and those with an invoice."""
    client = parts().hubspot()
    changed: dict[str, object] = {
        "propertyName": "hs_lastmodifieddate",
        "operator": "GTE",
        "value": str(int(since.timestamp() * 1000)),
    }
    without: dict[str, object] = {"propertyName": _invoice_id(), "operator": "NOT_HAS_PROPERTY"}
    groups: list[list[dict[str, object]]] = [
        [changed, {"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}, without],
        [changed, {"propertyName": _invoice_id(), "operator": "HAS_PROPERTY"}],
    ]
    if stages := route_stages():
        groups.append([changed, {"propertyName": "dealstage", "operator": "IN", "values": stages}, without])
    sorts = [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}]
    found: list[Record] = []
    after: str | None = None
    while len(found) < _MOST:
        page = client.search(
            "deals",
            [{"filters": filters} for filters in groups],
            ["hs_lastmodifieddate", *properties],
            sorts=sorts,
            limit=_PAGE,
            after=after,
        )
        found += page.results
        after = page.after
        if not after or int(after) >= _MOST:
            break
    return found


def _invoice_id() -> str:
    return parts().names.get("xero_invoice_id", "xero_invoice_id")


def _event(portal: str, deal: Record, now: datetime) -> Event:
    changed = deal.properties.get("hs_lastmodifieddate") or ""
    return Event(
        source="hubspot",
        key=hashlib.sha256(f"poll {portal} {deal.id} {changed}".encode()).hexdigest(),
        lane=portal,
        category="deal",
        kind="poll",
        resource=deal.id,
        occurred_at=deal.updated_at or now.astimezone(UTC),
        body=json.dumps({"objectId": deal.id, "hs_lastmodifieddate": changed}),
    )
