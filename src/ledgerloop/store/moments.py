"""Lend a connection what SQLite has since 3.42, where it is older: the moment with its milliseconds, in SQL.

The engine's tables ask for ``unixepoch('subsec')`` on Python 3.12 and newer, whatever SQLite that Python has; an older
one answers nothing, which the tables refuse (https://sqlite.org/lang_datefunc.html).
"""

from __future__ import annotations

import sqlite3
import time  # noqa: TID251 - what SQLite itself would answer

SINCE = (3, 42)


def lend(connection: sqlite3.Connection) -> None:
    """Have ``unixepoch('subsec')`` answered as a newer SQLite answers it: in seconds, to the millisecond."""
    if sqlite3.sqlite_version_info < SINCE:
        connection.create_function("unixepoch", 1, _moment)


def _moment(word: object) -> float | None:
    return time.time_ns() // 10**6 / 1000 if word == "subsec" else None
