"""Forgetting by the clock: never by one that is wrong, and never all at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledgerloop.engine.retention import forget
from ledgerloop.records import Entry, Event
from ledgerloop.store import inbox, journal
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def _kept(database: Database) -> tuple[int, int]:
    with database.reading() as tx:
        return len(inbox.recent(tx, 10_000)), len(journal.recent(tx, 10_000))


@pytest.fixture
def filled(database: Database) -> Database:
    """Give a database with a line and an event for each of the last sixty days."""
    with database.transaction() as tx:
        for days in range(60):
            at = NOW - days * DAY
            inbox.keep(tx, [Event("xero", f"{days}", "o", "", "", "", at, "{}", "skipped", "")], at)
            journal.add(tx, [Entry(at, "o", 1, f"deal {days}", "update", "r", "Because.", "", {})])
    return database


def test_a_clock_that_is_far_ahead(filled: Database) -> None:
    """A year and more ahead: nothing goes where the vendors disagree, and where they agree a day's share."""
    ahead = NOW + 420 * DAY

    assert not forget(filled, ahead, -420 * DAY)
    assert not forget(filled, ahead, None)
    assert (60, 60) == _kept(filled)
    assert forget(filled, ahead, timedelta(0))
    assert (59, 59) == _kept(filled)


def test_a_clock_that_agrees(filled: Database) -> None:
    """By a right clock all that was kept long enough goes within some looks, and nothing else."""
    for _ in range(40):
        forget(filled, NOW, timedelta(seconds=2))

    assert (31, 60) == _kept(filled)
