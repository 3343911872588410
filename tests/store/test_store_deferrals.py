"""Deals put aside come up at their moment, all of them and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ledgerloop.records import Rest
from ledgerloop.store import deferrals
from ledgerloop.store.db import Database
from ledgerloop.store.deferrals import Aside

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def test_put_aside_and_taken_up(database: Database) -> None:
    """What is put aside twice is there together, from the earlier moment on, and is taken once."""
    with database.transaction() as tx:
        deferrals.put(tx, "p", Aside(Rest(NOW, LATER), {"1": "look"}))
        deferrals.put(tx, "p", Aside(Rest(NOW, LATER + timedelta(hours=1)), {"2": "retry"}))

        assert deferrals.take(tx, "p", NOW) is None
        assert deferrals.take(tx, "p", LATER) == Aside(Rest(NOW, LATER), {"1": "look", "2": "retry"})
        assert deferrals.get(tx, "p") is None


def test_hurried(database: Database) -> None:
    """Somebody who knows that it is over need not wait; where nothing is aside, nothing comes of it."""
    with database.transaction() as tx:
        deferrals.hurry(tx, "p", NOW)
        assert deferrals.get(tx, "p") is None
        deferrals.put(tx, "p", Aside(Rest(NOW, LATER), {"1": "look"}))
        deferrals.hurry(tx, "p", NOW)

        assert deferrals.take(tx, "p", NOW) == Aside(Rest(NOW, NOW), {"1": "look"})
