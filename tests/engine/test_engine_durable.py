"""Workflows and steps by the names that a database knows them by: what an earlier release began goes on under them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ledgerloop.engine import durable
from ledgerloop.store.db import Database

WORKER, VERSION = "one", "test"
did: list[str] = []
broken: list[str] = []


@durable.step
def count(name: str) -> int:
    """Do something that is to be done once."""
    did.append(name)
    return len(did)


@durable.step
def say(number: int) -> None:
    """Fail where it is broken, as a process that is killed would."""
    if broken:
        raise SystemExit(broken.pop())
    did.append(f"{number} said")


@durable.workflow("counting")
def counting(name: str) -> None:
    """count → say."""
    say(count(name))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Give a database on SQLite; nothing was done yet."""
    did.clear()
    with closing(Database(f"sqlite:///{tmp_path / 'ledgerloop.sqlite3'}")) as opened:
        yield opened


def _kept(database: Database, select: str) -> list[tuple[object, ...]]:
    file = durable.engine_file_of(database.url)
    assert file is not None
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(select).fetchall()


@contextmanager
def _launched(database: Database) -> Iterator[None]:
    connections = durable.launch(database, WORKER, VERSION)
    try:
        yield
    finally:
        durable.close(10)
        connections.dispose()


def _until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


def test_names_are_those_of_the_functions(database: Database) -> None:
    """A step is known by its function's name alone, a workflow by the name it was given."""
    with _launched(database):
        durable.start("counting:1", counting, "first")

    assert [("counting",)] == _kept(database, "SELECT name FROM workflow_status")
    assert [("count",), ("say",)] == _kept(database, "SELECT function_name FROM operation_outputs ORDER BY function_id")


def test_what_was_interrupted_goes_on_behind_its_last_step(database: Database) -> None:
    """What ended without having come to its end goes on at the next launch, and repeats no step that it has done."""
    broken.append("killed")
    with _launched(database):
        durable.start("counting:1", counting, "first")
        _until(lambda: not broken)
    assert [("PENDING",)] == _kept(database, "SELECT status FROM workflow_status")

    with _launched(database):
        _until(lambda: durable.ended("counting:1"))

    assert ["first", "1 said"] == did
    assert [("SUCCESS",)] == _kept(database, "SELECT status FROM workflow_status")


def test_what_is_known_of_a_workflow(database: Database) -> None:
    """A workflow that was never started is not known, and one that is over has ended; nothing is asked of a stopped
    engine."""
    assert durable.runs_any(WORKER) is None
    with _launched(database):
        assert (False, False) == (durable.known("counting:1"), durable.ended("counting:1"))
        durable.start("counting:1", counting, "first")
        assert durable.known("counting:1")
        _until(lambda: durable.ended("counting:1"))
        assert durable.runs_any(WORKER) is False
        assert ([], []) == (durable.running(), durable.queued())
