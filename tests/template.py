"""An empty SQLite database of today's schema: made once in each process of the tests, and copied from then on."""

from __future__ import annotations

import functools
from pathlib import Path
from tempfile import TemporaryDirectory

from ledgerloop.store.db import Database


def migrated(directory: Path) -> Path:
    """Put a database where the usual settings look for one in a folder, unless there is one, and return its file."""
    file = directory / "ledgerloop.sqlite3"
    if not file.exists():
        file.touch(0o600)
        file.write_bytes(_empty())
    return file


@functools.cache
def _empty() -> bytes:
    with TemporaryDirectory() as directory:
        file = Path(directory, "ledgerloop.sqlite3")
        database = Database(f"sqlite:///{file}")
        database.migrate()
        database.close()
        return file.read_bytes()
