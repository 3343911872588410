"""Whether anybody has written is known for next to nothing, whoever it was."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from ledgerloop.errors import Transient
from ledgerloop.store import lanes
from ledgerloop.store.changes import Changes
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
WAKING = """
import sys
from datetime import UTC, datetime
from ledgerloop.store import lanes
from ledgerloop.store.db import Database
with Database(sys.argv[1]).transaction() as tx:
    lanes.wake(tx, "standing", "org", datetime.now(UTC))
"""


@pytest.fixture
def changes(database: Database) -> Iterator[Changes]:
    """Watch a database on which nothing happens."""
    with closing(Changes(database)) as watching:
        yield watching


def _until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def test_what_is_committed_is_noticed_once(database: Database, changes: Changes) -> None:
    """At first there may be anything; then a commit is noticed, and what only reads is not."""
    assert changes.any()
    _until(lambda: not changes.any())  # a server has its own chores

    with database.transaction() as tx:
        lanes.wake(tx, "standing", "org", NOW)
    assert changes.any()
    with database.reading() as tx:
        assert 1 == len(lanes.ready(tx, NOW))
    _until(lambda: not changes.any())


def test_a_commit_of_another_process_is_noticed(database: Database, changes: Changes) -> None:
    """So is that of a command which was run beside the service."""
    _until(lambda: not changes.any())

    address = database.url.render_as_string(hide_password=False)
    subprocess.run([sys.executable, "-c", WAKING, address], check=True, timeout=60)

    assert changes.any()


def test_a_commit_that_takes_long_is_noticed_when_it_is_there(database: Database, changes: Changes) -> None:
    """What was begun before a look and committed after it is noticed, though it was seen to begin."""
    with database.transaction() as tx:
        lanes.wake(tx, "standing", "org", NOW)
        _until(lambda: not changes.any())
        with database.reading() as beside:
            assert [] == lanes.ready(beside, NOW)

    assert changes.any()


def test_who_cannot_be_asked_is_asked_anew(database: Database, changes: Changes) -> None:
    """After it was closed, or its connection broke, it begins again, with a yes."""
    _until(lambda: not changes.any())
    changes.close()

    assert changes.any()
    _until(lambda: not changes.any())


def test_a_database_that_is_gone(sqlite_url: str) -> None:
    """What nobody can answer is a failure that passes."""
    database = Database(sqlite_url)
    assert database.file is not None
    database.file.unlink()

    with pytest.raises(Transient, match="did not answer"):
        Changes(database).any()
