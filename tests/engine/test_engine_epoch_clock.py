"""A database that was put back while the clock was ahead is waited for as if it had been noticed by the right clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clocks import Standing

from ledgerloop.engine import epoch
from ledgerloop.parts import Parts, instead
from ledgerloop.records import Organisation
from ledgerloop.store import connections, cursors, epochs
from ledgerloop.store.connections import Connected
from ledgerloop.store.cursors import CAUGHT_UP, Cursor
from ledgerloop.store.db import Database
from ledgerloop.store.witness import Witness

HOME = Organisation("home", "Home Ltd", "NZD", "Pacific/Auckland")
NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
AHEAD = timedelta(hours=3)


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    """Give a witness that nobody has written yet."""
    return Witness(tmp_path / "ledgerloop.sqlite3.epoch")


@pytest.fixture
def at(database: Database, witness: Witness) -> Callable[[timedelta], Parts]:
    """Connect an organisation; give the parts of a service whose clock is so far from NOW."""

    def never(*_given: Any) -> Any:
        raise AssertionError("nobody is called")

    with database.transaction() as tx:
        connections.put(tx, Connected("xero", HOME.id, HOME.name, "grant", HOME, NOW))
    parts = Parts(database, never, never, Standing(NOW), never, lambda: None, never, digest=never, witness=witness)
    return lambda off: replace(parts, clock=Standing(NOW + off))


def _look(at: Callable[[timedelta], Parts], off: timedelta) -> None:
    with instead(at(off)):
        epoch.check_now_and_then(NOW + off)


def _read(database: Database, off: timedelta) -> None:
    with database.transaction() as tx:
        cursors.put(tx, Cursor(HOME.id, CAUGHT_UP, None, 1, NOW + off))


def _waits(database: Database) -> bool:
    with database.reading() as tx:
        return epochs.waiting(tx) is not None


def test_noticed_by_a_clock_that_was_ahead(
    database: Database, witness: Witness, at: Callable[[timedelta], Parts]
) -> None:
    """Once the clock is right, the books are read and ten minutes go by, and all goes on; not before."""
    with instead(at(timedelta())):
        assert not epoch.check()
    witness.file.unlink()
    with instead(at(AHEAD)):
        assert epoch.check()

    said = []
    _look(at, timedelta(seconds=6))
    _read(database, timedelta(seconds=20))
    for minutes in (1, 9, 11):
        _look(at, timedelta(minutes=minutes))
        said.append(_waits(database))

    assert [True, True, False] == said


def test_a_request_that_left_by_a_clock_that_was_ahead(
    database: Database, witness: Witness, at: Callable[[timedelta], Parts]
) -> None:
    """It left before the moment at which it is read that it did: what it may still do is over as soon."""
    witness.keep(99, NOW + AHEAD)
    with instead(at(timedelta())):
        assert epoch.check()
    _read(database, timedelta(seconds=20))

    said = []
    for minutes in (9, 11):
        _look(at, timedelta(minutes=minutes))
        said.append(_waits(database))

    assert [True, False] == said
