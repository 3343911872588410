"""The database: connections, transactions, cross-process locks and migrations, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import threading  # noqa: TID251 - held for a transaction, in which nothing else is waited for
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool

from ledgerloop.errors import SettingsError, Transient
from ledgerloop.store import migrations, troubles

PATIENCE = 30.0
"""Seconds to wait for a lock before the work is given back to be tried again."""


class Database:
    """Open one database and hand out transactions on it. Safe to share between threads."""

    def __init__(self, url: str, *, make: bool = True, look: bool = False) -> None:
        """Open the database at an address. Without ``make`` a SQLite file that is not there is a SettingsError.

        To ``look`` at it alone prepares nothing, and goes where nothing can be written: on a disk that is full, or that
        may only be read.
        """
        self.unwritable = ""
        """Why nothing can be written here, where that showed while connecting to look."""
        try:
            self.url = make_url(url)
        except (ArgumentError, ValueError):  # the latter for a port that is no number
            raise _unusable(_ADDRESS) from None
        if self.url.get_backend_name() == "sqlite" and self.url.database not in (None, "", ":memory:"):
            self.file: Path | None = Path(str(self.url.database)).absolute()
            if too_old := sqlite_lack(sqlite3.sqlite_version_info):
                raise _unusable(too_old)
            if not make and not self.file.exists():
                raise _unusable(f"{self.file} is not there: `ledgerloop init` makes it, or name the one that you mean.")
            connect: dict[str, Any] = {"connect_args": {"timeout": PATIENCE}}
            if look:
                connect = {"creator": partial(self._connect_to_look, self.file)}
            else:
                self._prepare_file(self.file)
            self._engine = create_engine(self.url, pool_size=10, max_overflow=20, **connect)
            event.listen(self._engine, "connect", _configure_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        elif self.url.get_backend_name() == "postgresql":
            self.file = None
            self.url = self.url.set(drivername="postgresql+psycopg")
            self._refuse_flawed()
            self._engine = self.connecting(_ON_POSTGRESQL, pool_pre_ping=True, pool_size=10, max_overflow=20)
        else:
            raise _unusable(_ADDRESS)
        # SQLite lets one transaction write at a time, and its own waiting sleeps in growing naps. Threads of one
        # process queue here instead, where the next one starts as soon as the last one ends.
        self._writing = threading.Lock()
        self._inside = threading.local()

    def _refuse_flawed(self) -> None:
        from ledgerloop.store import postgresql

        if flaw := postgresql.flaw_in(self.url):
            raise _unusable(f"PostgreSQL would not take this address: {flaw}; {_ADDRESS}")

    def connecting(self, settings: tuple[str, ...] = (), **more: Any) -> Engine:
        """Make another engine for this PostgreSQL database, whose connections do not wait for ever."""
        from ledgerloop.store import postgresql  # its driver is an extra

        return postgresql.engine_for(self.url, settings, **more)

    @contextmanager
    def transaction(self, patience: float = PATIENCE) -> Iterator[Connection]:
        """Open a transaction that may write. Leaving commits it, raising rolls it back.

        ``patience`` is how many seconds each of its statements may take on PostgreSQL, and how long it may wait to
        begin on SQLite. Raises Transient where it takes longer; whether a commit that did has happened is not known.
        """
        if getattr(self._inside, "now", False):
            raise RuntimeError("a transaction inside another of the same thread would wait for it for ever")
        queued = self.file is not None
        if queued and not self._writing.acquire(timeout=patience):
            raise Transient("The database is busy: another thread has been writing for too long.")
        self._inside.now = True
        try:
            with _told_by_what_happens_next(self.file), self._engine.begin() as tx:
                self._be_patient(tx, patience)
                yield tx
        finally:
            self._inside.now = False
            if queued:
                self._writing.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that cannot write, and on SQLite waits for no writer."""
        with _told_by_what_happens_next(self.file, reading=True), self._engine.connect() as connection:
            tx = connection.execution_options(reading=True, postgresql_readonly=True)
            with tx.begin():
                self._be_patient(tx, PATIENCE)
                yield tx

    def _be_patient(self, tx: Connection, seconds: float) -> None:
        if self.file is None:
            from ledgerloop.store import postgresql

            postgresql.be_patient(tx, seconds)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold a named lock that no other thread or process can hold at the same time.

        It ends with the process that holds it, however that process ends. On PostgreSQL it is an advisory lock on a
        connection of its own, so that waiting for it takes no connection from the pool; beside a SQLite file it is a
        locked file.
        """
        if self.file is not None:
            with _file_lock(self.file, name) as descriptor:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            return
        engine = self.connecting(_ASK_AGAIN, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with _told_by_what_happens_next(None), engine.connect() as connection:
            while not _locked(connection, _signed(_number(name))):
                pass
            yield

    @contextmanager
    def lock_at_once(self, name: str) -> Iterator[bool]:
        """Hold a named lock as :meth:`lock` does, if nobody holds it; tell whether it was free."""
        if self.file is not None:
            with _file_lock(self.file, name) as descriptor:
                yield _locked_at_once(descriptor)
            return
        engine = self.connecting(poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with _told_by_what_happens_next(None), engine.connect() as connection:
            asked = text("SELECT pg_try_advisory_lock(:number)")
            yield bool(connection.execute(asked, {"number": _signed(_number(name))}).scalar())

    def check(self) -> None:
        """Raise SettingsError unless the schema is the one that this release works with; changes nothing."""
        found, newest = self._version(), _newest()
        if found is None:
            raise _unusable("there is nothing of Ledgerloop's in this database: `ledgerloop init` sets it up.")
        if found < newest:
            cure = (
                "an earlier Ledgerloop made this database; `ledgerloop serve` or `ledgerloop init` bring it up to date."
            )
            raise _unusable(cure)
        if found > newest:
            raise _unusable(_NEWER)

    def _version(self) -> str | None:
        try:
            with self.reading() as tx:
                return str(tx.execute(text("SELECT version_num FROM alembic_version")).scalar())
        except (OperationalError, ProgrammingError):
            return None

    def migrate(self) -> None:
        """Bring the schema up to date. Safe when several processes start at once: one does it, the others wait."""
        if self._version() == _newest():
            return
        # Loading it takes longer than most commands run.
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", "ledgerloop.store:migrations")
        config.set_main_option("path_separator", "os")
        with self.lock("migrate"), self.transaction() as tx:
            if self.file is None:
                from ledgerloop.store import postgresql

                postgresql.let_it_last(tx)
            config.attributes["connection"] = tx
            try:
                command.upgrade(config, "head")
            except CommandError:
                raise _unusable(_NEWER) from None

    def close(self) -> None:
        """Close every idle connection."""
        self._engine.dispose()

    def _prepare_file(self, file: Path) -> None:
        """Make the file readable by its owner alone, and switch it to WAL, before anyone connects.

        Two processes that switch at once get "database is locked" at once, whatever their timeout, hence the lock.
        """
        engine = create_engine(self.url, poolclass=NullPool, connect_args={"timeout": PATIENCE})
        try:
            with _file_lock(file, "file") as descriptor:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                make_private(file)
                with engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        except (OSError, DatabaseError, Transient) as error:
            told = troubles.told(error, file, opening=True)
            raise told or _unusable(f"{file} cannot be opened: {error}.") from error

    def _connect_to_look(self, file: Path) -> sqlite3.Connection:
        """Connect as others do; where nothing can be written beside the file, to it alone if it holds everything.

        SQLite needs files beside one with a log, unless it is told that nobody changes it
        (https://sqlite.org/wal.html#read_only_databases).
        """
        connection = connected(file)
        try:
            connection.execute("SELECT 1 FROM sqlite_master")
        except sqlite3.OperationalError as error:
            connection.close()
            log = file.with_name(f"{file.name}-wal")
            if troubles.code_of(error) not in _UNWRITABLE or (log.exists() and log.stat().st_size):
                raise
            self.unwritable = troubles.trouble_in(error)
            return connected(file, "mode=ro&immutable=1")
        return connection


def _newest() -> str:
    """Return the version of the schema that this release works with."""
    return max(one.name[1:5] for one in iter_modules([str(Path(migrations.__file__).parent / "versions")]))


def make_private(file: Path) -> None:
    """Make a file that its owner alone may read, where there is none.

    One that is there is not even opened: closing it would take the locks from every connection that this process has to
    it, and the next process to leave would take the log away under them (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def sqlite_lack(version: tuple[int, ...]) -> str:
    """Say why neither the engine nor we can work with this SQLite; nothing where we can.

    Both have a write answer with what it wrote (https://sqlite.org/lang_returning.html).
    """
    if version >= (3, 35):
        return ""
    found = ".".join(map(str, version))
    return (
        f"Python has SQLite {found} here, and 3.35 or newer is needed; install a newer SQLite, run Ledgerloop with a"
        " Python that has one, or name a PostgreSQL database."
    )


def _unusable(cure: str) -> SettingsError:
    return SettingsError("service.database", "ledgerloop.toml", cure)


_NEWER = "a newer Ledgerloop made this database; start that one, or name another."
_ADDRESS = 'write "sqlite:///ledgerloop.sqlite3" or "postgresql+psycopg://user@host/name" there.'


def _configure_sqlite(dbapi_connection: Any, _record: Any) -> None:
    """Turn off the driver's own BEGIN, and ask for a commit that survives a power cut."""
    dbapi_connection.isolation_level = None
    dbapi_connection.execute("PRAGMA synchronous = FULL")
    dbapi_connection.execute("PRAGMA foreign_keys = ON")


_ON_POSTGRESQL = ("SET plan_cache_mode = force_custom_plan",)
"""Plan a prepared statement anew for its values.

A plan that was kept from when a table was nearly empty went on reading all of it: a backfill became ten times slower on
the way.
"""
_ASK_AGAIN = ("SET lock_timeout = '5s'",)
"""Ask again and again for a lock that somebody else holds, so that a server which is gone is noticed."""
_LOCK_NOT_AVAILABLE = "55P03"


def _locked(connection: Connection, number: int) -> bool:
    """Wait for an advisory lock for a moment, and tell whether it was got."""
    try:
        connection.execute(text("SELECT pg_advisory_lock(:number)"), {"number": number})
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
            raise
        return False
    return True


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once when writing: a transaction that reads first could not be upgraded later."""
    reading = bool(connection.get_execution_options().get("reading"))
    if connection.info.get("reading") is not reading:
        # Only where it changes: each time, SQLite forgets what it has compiled.
        connection.exec_driver_sql(f"PRAGMA query_only = {int(reading)}")
        connection.info["reading"] = reading
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


_PASSING = ("locked", "busy")
"""What SQLite says of others who write."""


_UNWRITABLE = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)


def connected(file: Path, how: str = "mode=rw") -> sqlite3.Connection:
    """Connect to a SQLite file that is there, without SQLAlchemy; any thread may use the connection."""
    return sqlite3.connect(f"{file.as_uri()}?{how}", uri=True, timeout=PATIENCE, check_same_thread=False)


@contextmanager
def _told_by_what_happens_next(file: Path | None, *, reading: bool = False) -> Iterator[None]:
    """Turn a lost connection, a deadlock, a lock held for too long or a full disk into what a flow tries again, and a
    damaged file into an error that says so."""
    try:
        yield
    except PoolTimeout as error:
        raise Transient("The database did not answer: every connection to it is waiting.") from error
    except OperationalError as error:
        own = reading and getattr(error.orig, "sqlite_errorcode", 0) == sqlite3.SQLITE_READONLY  # nobody else's doing
        if file is not None and not own and (told := troubles.told(error, file)):
            raise told from error
        cause = str(error.orig)
        if type(error.orig).__module__.startswith("psycopg") or any(word in cause for word in _PASSING):
            raise Transient(f"The database did not answer: {cause}") from error
        raise
    except DatabaseError as error:
        if file is not None and (told := troubles.told(error, file)):
            raise told from error
        raise


@contextmanager
def _file_lock(file: Path, name: str) -> Iterator[int]:
    """Open the file beside a SQLite file by which a name is locked."""
    path = file.with_name(f"{file.name}-lock-{_number(name):016x}")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if told := troubles.told(error, file):
            raise told from error
        raise
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locked_at_once(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _number(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"ledgerloop {name}".encode(), digest_size=8).digest(), "big")


def _signed(number: int) -> int:
    """Fit 64 bits into PostgreSQL's signed bigint."""
    return number - (1 << 64) if number >= 1 << 63 else number
