"""A copy of the database that forgets: whatever is written to it is gone when it is closed.

A rehearsal works on one, so that it can go the whole way of the real work without leaving anything behind and without
keeping anybody waiting. It is for one thread.
"""

from __future__ import annotations

import shutil
import sqlite3
import time  # noqa: TID251 - compared with what the file system says of a file
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import StaticPool, create_engine, text

from ledgerloop.records import Entry
from ledgerloop.store import journal
from ledgerloop.store.db import Database
from ledgerloop.store.tables import inbox, metadata, secret
from ledgerloop.store.tables import journal as journal_table

_LEFT_EMPTY = (inbox.name, journal_table.name, secret.name)
"""What a rehearsal adds to but does not read."""
_MOST_LINES = 100_000
_PREFIX = ".rehearsal-"
_FORGOTTEN = 86_400
"""Seconds after which nobody rehearses on a copy any more."""


@contextmanager
def scratch(database: Database) -> Iterator[Database]:
    """Open a copy: a file beside the SQLite one, or temporary tables in a session of the same PostgreSQL."""
    if database.file is not None:
        _sweep(database.file.parent)
        with TemporaryDirectory(prefix=_PREFIX, dir=database.file.parent) as directory:
            copy = Path(directory) / database.file.name
            with closing(sqlite3.connect(database.file)) as original:
                original.execute("VACUUM INTO ?", (str(copy),))
            with closing(Database(f"sqlite:///{copy}")) as opened:
                with opened.transaction() as tx:
                    for name in _LEFT_EMPTY:
                        tx.execute(metadata.tables[name].delete())
                yield opened
        return
    with closing(_Session(database.url.render_as_string(hide_password=False))) as opened:
        opened.copy()
        yield opened


def _sweep(directory: Path) -> None:
    """Remove the copies of rehearsals that were killed long ago."""
    for left in directory.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(left)


def take_lines(database: Database) -> list[Entry]:
    """Take the lines that a rehearsal has written to the copy's journal since they were last taken, oldest first."""
    with database.transaction() as tx:
        lines = journal.recent(tx, _MOST_LINES)
        tx.execute(journal_table.delete())
    return lines[::-1]


class _Session(Database):
    """Work in one session of PostgreSQL, where a temporary table stands before the real one of its name."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._engine = create_engine(self.url, poolclass=StaticPool)

    def copy(self) -> None:
        with self.transaction() as tx:
            schema = tx.execute(text("SELECT current_schema()")).scalar_one()
            for name in metadata.tables:
                real = f'"{schema}"."{name}"'
                tx.execute(text(f'CREATE TEMPORARY TABLE "{name}" (LIKE {real} INCLUDING ALL)'))
                if name not in _LEFT_EMPTY:
                    tx.execute(text(f'INSERT INTO pg_temp."{name}" SELECT * FROM {real}'))  # noqa: S608
                    tx.execute(text(f'ANALYZE pg_temp."{name}"'))
