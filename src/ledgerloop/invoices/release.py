"""Let go of invoices that wait for a person's approval: one deal's, or those that the brake has stopped."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.errors import LedgerloopError
from ledgerloop.records import Intent
from ledgerloop.store import connections, intents, journal, lanes
from ledgerloop.store.db import Database


class Changed(LedgerloopError):
    """Report an approval of something else than what waits by now."""


def waiting(tx: Connection, portal: str, deals: Collection[str] | None = None) -> list[Intent]:
    """List what an approval would let go: the invoices of these deals, or without any named what the brake stopped.

    What a route wants approved one by one is let go by its deal's name, and never with a flood.
    """
    some = intents.unapproved(tx, portal)
    return [one for one in some if (not one.asks if deals is None else one.deal in deals)]


def seal_of(shown: Sequence[Intent]) -> str:
    """Return what tells whether these invoices are still what a person was shown."""
    return hashlib.sha256("\n".join(sorted(f"{one.deal} {one.payload_hash}" for one in shown)).encode()).hexdigest()


def approve(
    database: Database, portal: str, now: datetime, deals: Collection[str] | None = None, seal: str | None = None
) -> list[str]:
    """Let the invoices of these deals leave, or those that the brake stopped; return the deals. Wakes the lane.

    Raises Changed where ``seal`` says that a person was shown something else.
    """
    with database.transaction() as tx:
        some = waiting(tx, portal, deals)
        if some and seal not in (None, seal_of(some)):
            raise Changed("What waits for approval has changed since it was shown. Look at it again.")
        approved = [one.deal for one in some]
        intents.approve(tx, portal, approved, now)
        journal.clear(tx, [subjects.deal(deal) for deal in approved], now)
        if deals is None:
            journal.clear(tx, [subjects.brake(portal)], now)
        if approved:
            lanes.unpark(tx, "invoicing", portal)
            lanes.wake(tx, "invoicing", portal, now)
    return approved


def approve_everywhere(
    database: Database, now: datetime, deals: Collection[str] | None = None, seal: str | None = None
) -> list[str]:
    """Approve in every portal."""
    with database.reading() as tx:
        portals = [one.id for one in connections.portals(tx)]
    return [deal for portal in portals for deal in approve(database, portal, now, deals, seal)]
