"""Silence: since when webhooks have told nothing of an organisation though a catch-up found changes there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from ledgerloop.store import connections, inbox

_UNTOLD = "untold"


def note(tx: Connection, organisation: str, now: datetime) -> None:
    """Note that a catch-up found changes of which no webhook had told."""
    connections.put_value(tx, f"{_UNTOLD} {organisation}", now.isoformat())


def since(tx: Connection, organisation: str) -> datetime | None:
    """Say since when webhooks have been silent though things changed; none where they are not, or never came."""
    found = connections.get_value(tx, f"{_UNTOLD} {organisation}")
    last = inbox.last_delivery(tx, "xero", organisation)
    if found is None or last is None or last.delivered_at > datetime.fromisoformat(found):
        return None
    return last.delivered_at
