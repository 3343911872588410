"""Look for won deals without webhooks: the safety net under them, and all there is with a service key.

Called inside a step. What is found goes into the inbox as an event of its own, known by deal and moment, so a deal that
is found twice is acted on once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ledgerloop.flows.parts import parts
from ledgerloop.hubspot.models import Record
from ledgerloop.records import Event
from ledgerloop.store import connections, cursors, inbox
from ledgerloop.store.cursors import Cursor

INDEX_LAG = timedelta(minutes=2)
"""How far HubSpot's search may lag behind its records."""

STAGES_LAST = timedelta(hours=1)

CURSOR = "deals"
"""The cursor of the looking: how far it got, and when it last was done."""

_PAGE = 200
_MOST = 10_000
"""HubSpot's search gives no more results than this for one query."""


def look(portal: str) -> int:
    """Keep the won deals without an invoice that changed since the last look; say how many were new."""
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        cursor = cursors.get(tx, portal, CURSOR)
        connected = connections.get(tx, "hubspot", portal)
    if connected is None or (cursor.highest is not None and now - cursor.highest < at.poll_every):
        return 0
    since = (cursor.since or connected.since) - INDEX_LAG
    stages = won_stages(portal)
    changed = _won_since(since, [entered(stage) for stage in stages])
    found = [deal for deal in changed if _won_at(deal, stages, now) >= connected.since - INDEX_LAG]
    newest = max((deal.updated_at for deal in changed if deal.updated_at), default=cursor.since or connected.since)
    with at.database.transaction() as tx:
        new = inbox.keep(tx, [_event(portal, deal, now) for deal in found], now)
        cursors.put(tx, Cursor(portal, CURSOR, max(newest, cursor.since or newest), 1, now))
    return new


def won_stages(portal: str) -> list[str]:
    """Return the stages with probability 1.0 in any pipeline, read from HubSpot once an hour."""
    at = parts()
    name = f"won stages {portal}"
    with at.database.reading() as tx:
        kept = connections.get_value(tx, name)
    if kept is not None:
        known = json.loads(kept)
        if at.now() - datetime.fromisoformat(known["at"]) < STAGES_LAST:
            return list(known["stages"])
    stages = sorted(stage.id for line in at.hubspot().pipelines("deals") for stage in line.stages if stage.won)
    with at.database.transaction() as tx:
        connections.put_value(tx, name, json.dumps({"at": at.now().isoformat(), "stages": stages}))
    return stages


def entered(stage: str) -> str:
    """Return the name of the property that says when a deal entered a stage."""
    return f"hs_v2_date_entered_{stage}"


def _won_at(deal: Record, stages: Sequence[str], now: datetime) -> datetime:
    """Say when a deal was won; now where HubSpot does not say, since a missed invoice is worse than a late question."""
    moments = [_moment(deal.properties.get(entered(stage))) for stage in stages]
    return max((moment for moment in moments if moment), default=now)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _won_since(since: datetime, properties: Sequence[str]) -> list[Record]:
    at = parts()
    client = at.hubspot()
    stamp = str(int(since.timestamp() * 1000))
    filters = [
        {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": stamp},
        {"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"},
        {"propertyName": at.names.get("xero_invoice_id", "xero_invoice_id"), "operator": "NOT_HAS_PROPERTY"},
    ]
    sorts = [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}]
    found: list[Record] = []
    after: str | None = None
    while len(found) < _MOST:
        page = client.search(
            "deals",
            [{"filters": filters}],
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
