"""Silence: since when webhooks have told nothing of an organisation though a catch-up found changes there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from ledgerloop.store import inbox, single_values


def note(tx: Connection, organisation: str, now: datetime) -> None:
    """Note that a catch-up found changes of which no webhook had told."""
    single_values.put(tx, single_values.UNTOLD.of(organisation), now)


def since(tx: Connection, organisation: str) -> datetime | None:
    """Say since when webhooks have been silent though things changed; none where they are not, or never came."""
    found = single_values.get(tx, single_values.UNTOLD.of(organisation))
    last = inbox.last_delivery(tx, "xero", organisation)
    if found is None or last is None or last.delivered_at > found:
        return None
    return last.delivered_at
