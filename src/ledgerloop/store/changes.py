"""Notice that somebody has written to the database, in whatever process, for next to nothing.

A look at what there is to do costs a hundred times as much. So whoever waits for others asks here, and looks only then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing

from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ledgerloop.errors import Transient
from ledgerloop.store.db import Database, connected


class Changes:
    """Tell whether anything was committed since the last time. For one thread; on a connection of its own."""

    def __init__(self, database: Database) -> None:
        self._database, self._opened = database, ExitStack()
        self._ask: Callable[[], object] | None = None
        self._last: object = None

    def any(self) -> bool:
        """Tell whether anything was committed since this was last asked; yes at first, and where nobody can know.

        What was committed before this returns is seen by whoever looks afterwards. Raises Transient where the database
        does not answer.
        """
        try:
            if self._ask is None:
                self._ask = self._open()
            now = self._ask()
        except (sqlite3.Error, DBAPIError) as error:
            self.close()
            raise Transient(f"The database did not answer: {getattr(error, 'orig', error)}") from error
        changed, self._last = now != self._last, now
        return changed

    def close(self) -> None:
        """Give the connection back."""
        self._ask = self._last = None
        self._opened.close()

    def _open(self) -> Callable[[], object]:
        if self._database.file is not None:
            # It changes with each commit of another connection (https://sqlite.org/pragma.html#pragma_data_version).
            connection = self._opened.enter_context(closing(connected(self._database.file)))
            return lambda: connection.execute("PRAGMA data_version").fetchone()
        # It changes when a transaction that writes begins and when it ends, in any database of the server.
        engine = self._database.connecting(poolclass=NullPool, isolation_level="AUTOCOMMIT")
        session = self._opened.enter_context(engine.connect())
        return lambda: session.exec_driver_sql("SELECT txid_current_snapshot()::text").scalar()
