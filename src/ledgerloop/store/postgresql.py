"""Connect to PostgreSQL so that no answer is waited for for ever, whatever the network or the server does.

A network that forgets a connection closes nothing: whoever waits for an answer there waits until it is restarted. So
every wait has an end, after which the connection is given up and the pool makes another. The kernel's keepalives find
what died while nobody asked, and the server is told to end what we left behind, with the locks that it holds.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import psycopg
import sqlalchemy
from psycopg.conninfo import conninfo_to_dict, make_conninfo, timeout_from_conninfo
from psycopg.errors import _WaitTimeout
from sqlalchemy import URL, Engine, event

R = TypeVar("R")

PATIENCE = 30.0
"""Seconds that a statement may take inside a transaction, locks of rows included, before it is given up."""
QUICK = 10.0
"""Seconds that a commit may take, and whatever else is over at once on a server that works."""
_CONNECT = 5
_LISTEN = 60.0
"""Seconds after which whoever listens for notifications looks up, without any need."""
_AT_OURS = {
    "connect_timeout": _CONNECT,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""libpq's parameters, which an address may name itself (PostgreSQL: “Parameter Key Words”)."""
_AT_THE_SERVER = (
    f"SET statement_timeout = '{PATIENCE:.0f}s'",
    "SET idle_in_transaction_session_timeout = '60s'",
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)


class Connection(psycopg.Connection[Any]):
    """A connection that is given up when the server does not answer within its ``patience``."""

    patience = QUICK
    """Seconds; for whoever has the connection, until it is back in the pool."""

    def wait(self, gen: Generator[Any, Any, R], interval: float = 0.1, timeout: float | None = None) -> R:
        """Wait for an answer. Raises OperationalError, and closes the connection, when none comes."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except _WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError(f"PostgreSQL did not answer within {self.patience:.0f} s") from None

    def notifies(
        self, *, timeout: float | None = None, stop_after: int | None = None
    ) -> Generator[psycopg.Notify, None, None]:
        """Listen for notifications, for which nobody can say how long it takes."""
        return super().notifies(timeout=_LISTEN if timeout is None else timeout, stop_after=stop_after)

    def commit(self) -> None:
        """Commit, which is quick or has failed."""
        with self._quick():
            super().commit()

    def rollback(self) -> None:
        """Roll back, which is quick or has failed."""
        with self._quick():
            super().rollback()

    @contextmanager
    def _quick(self) -> Iterator[None]:
        before, self.patience = self.patience, min(self.patience, QUICK)
        try:
            yield
        finally:
            self.patience = before


def flaw_in(url: URL) -> str:
    """Say what libpq or the driver would not take of an address, before anything is connected; nothing where all is."""
    _, named = url.get_dialect()().create_connect_args(url)
    try:
        timeout_from_conninfo(conninfo_to_dict(make_conninfo(**named)))
    except (psycopg.Error, ValueError) as error:
        return str(error).strip()
    return ""


def engine_for(url: URL, settings: tuple[str, ...] = (), **more: Any) -> Engine:
    """Make an engine whose connections do not wait for ever. ``settings`` are statements for each new connection."""
    given = {name: value for name, value in _AT_OURS.items() if name not in url.query}
    engine = sqlalchemy.create_engine(url, connect_args=given, **more)
    script = "; ".join((*_AT_THE_SERVER, *settings))

    def connect(_dialect: object, _record: object, args: Any, named: Any) -> Connection:
        return Connection.connect(*args, **named)

    def configure(connection: Connection, _record: object) -> None:
        connection.execute(script)
        connection.commit()

    def come_back(connection: Connection | None, _record: object) -> None:
        if connection is not None:
            connection.patience = QUICK

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", configure)
    event.listen(engine, "checkin", come_back)
    return engine


def be_patient(tx: sqlalchemy.Connection, seconds: float) -> None:
    """Wait for so long for each answer on this connection, until it is back in the pool."""
    cast(Connection, tx.connection.dbapi_connection).patience = seconds


def let_it_last(tx: sqlalchemy.Connection) -> None:
    """Let the statements of this transaction take hours: a migration of a large table may."""
    be_patient(tx, 86_400.0)
    tx.exec_driver_sql("SET LOCAL statement_timeout = 0")
