"""The moment that an older SQLite is lent: the engine's tables ask for it on Python 3.12 and newer."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import sqlalchemy

from ledgerloop.engine.durable import engine_at
from ledgerloop.store import moments

TABLE = "CREATE TABLE kept (what TEXT, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))"
"""As DBOS writes its tables."""


def test_a_table_of_the_engine_takes_the_moment(tmp_path: Path) -> None:
    """Whatever SQLite this Python has, a row of the engine's gets the moment in milliseconds by itself."""
    engine = engine_at(tmp_path / "engine.sqlite3")
    with engine.begin() as tx:
        tx.execute(sqlalchemy.text(TABLE))
        before = time.time_ns() // 10**6
        tx.execute(sqlalchemy.text("INSERT INTO kept (what) VALUES ('it')"))
        after = time.time_ns() // 10**6
        at = tx.execute(sqlalchemy.text("SELECT at FROM kept")).scalar_one()
    engine.dispose()

    assert before - 1 <= at <= after + 1


def test_everything_else_is_as_it_was() -> None:
    """Other words for a moment mean what they meant, and a newer SQLite keeps its own."""
    with closing(sqlite3.connect(":memory:")) as connection:
        moments.lend(connection)

        (then,) = connection.execute("SELECT unixepoch('2026-11-30', '+1 day')").fetchone()

    assert 1796083200 == then
