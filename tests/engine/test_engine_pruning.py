"""The engine's own memory: turns that have ended are forgotten faster than they are made."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ledgerloop import settings
from ledgerloop.bootstrap import FLOWS, Ledgerloop, build
from ledgerloop.cli.init import prepare
from ledgerloop.engine.dispatcher import Engine
from ledgerloop.engine.durable import engine_file_of
from ledgerloop.flows.schedule import wake_due

DAY = timedelta(days=1)
OLD, YOUNG = 2500, 7


def test_no_turn_is_left_that_ended_a_day_ago(tmp_path: Path) -> None:
    """However many there are, one look after the other takes them all, and none that is younger."""
    built = _built(tmp_path)
    try:
        with _working(built):
            pass  # makes the engine's tables
        file = engine_file_of(built.database.url)
        assert file is not None
        _end_turns(file, "old", OLD, datetime.now(UTC) - DAY - timedelta(minutes=1))
        _end_turns(file, "young", YOUNG, datetime.now(UTC) - DAY + timedelta(hours=1))

        with _working(built):
            _until(lambda: _count(file) == YOUNG)
    finally:
        built.vendors.close()
        built.database.close()


def _built(directory: Path) -> Ledgerloop:
    file = directory / "ledgerloop.toml"
    prepare(file, lambda database: None)
    return build(settings.load(file))


def _working(built: Ledgerloop) -> AbstractContextManager[None]:
    """Work with an engine whose clock the vendors agree with."""
    engine = Engine(built.database, built.clock, FLOWS, wake_due, clock_off=lambda: timedelta(0))
    return replace(built, engine=engine).working()


def _end_turns(file: Path, name: str, number: int, at: datetime) -> None:
    """Write turns into the engine's file as if they had ended at a moment."""
    stamp = int(at.timestamp() * 1000)
    rows = [(f"standing:{name}:{one}", "SUCCESS", "standing", stamp, stamp, stamp) for one in range(number)]
    with closing(sqlite3.connect(file, timeout=30)) as connection, connection:
        connection.executemany(
            "INSERT INTO workflow_status (workflow_uuid, status, name, created_at, updated_at, completed_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )


def _count(file: Path) -> int:
    with closing(sqlite3.connect(file, timeout=30)) as connection:
        return int(connection.execute("SELECT count(*) FROM workflow_status").fetchone()[0])


def _until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.1)
