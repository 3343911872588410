"""Say what keeps a SQLite file from being worked with, and what to do about it, in an operator's words."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from ledgerloop.errors import Damaged, LedgerloopError, SettingsError, Transient

_FULL = "the disk is full; make room on it"
_FAILS = "the disk does not take what is written (disk I/O error); make room on it, or look whether it fails"
_READ_ONLY = (
    "the database may only be read; mount its disk for writing, and let the user that Ledgerloop runs as write to the"
    " file and its folder"
)
_CLOSED = (
    "the database cannot be opened; let the user that Ledgerloop runs as read and write the file and its folder, and"
    " where its disk may only be read, look at a copy of the file and of those beside it"
)
_DAMAGED = "the database is damaged; stop the service, and put a backup in its place with `ledgerloop restore`"
_NO_DATABASE = (
    "this is no SQLite file, or a damaged one; name the right one at `service.database`, or put a backup in its place"
    " with `ledgerloop restore`"
)
_BY_SQLITE = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _FAILS,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _NO_DATABASE,
}
_BY_SYSTEM = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FAILS,
    errno.EIO: _FAILS,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
}
_PRIMARY = 0xFF
"""The bits of SQLite's result codes that tell the kind (https://sqlite.org/rescode.html)."""


def trouble_in(problem: BaseException | None) -> str:
    """Say what is wrong and what to do, without naming the file; nothing where it is none of the known troubles."""
    while problem is not None:
        origin = problem.orig if isinstance(problem, DBAPIError) else problem
        if isinstance(origin, sqlite3.Error) and (said := _BY_SQLITE.get(code_of(origin), "")):
            return said
        if isinstance(origin, OSError) and (said := _BY_SYSTEM.get(origin.errno or 0, "")):
            return said
        problem = problem.__cause__
    return ""


def code_of(error: sqlite3.Error) -> int:
    """Return the kind of an error of SQLite's; 0 where the driver raised it by itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & _PRIMARY


def told(problem: BaseException, file: Path, *, opening: bool = False) -> LedgerloopError | None:
    """Make the error that says it of a file; none where it is none of the known troubles.

    What cannot be written at the ``opening`` is a setting to change; later on it may be possible again by itself.
    """
    said = trouble_in(problem)
    if opening and not file.parent.is_dir():
        return _setting(f"{file}: the folder {file.parent} is not there; make it, or name another file.")
    if opening and said in (_READ_ONLY, _CLOSED, _NO_DATABASE):
        return _setting(f"{file}: {said}.")
    if said in (_DAMAGED, _NO_DATABASE):
        return Damaged(f"{file}: {said}.")
    return Transient(f"{file}: {said}.") if said else None


def _setting(cure: str) -> SettingsError:
    return SettingsError("service.database", "ledgerloop.toml", cure)
