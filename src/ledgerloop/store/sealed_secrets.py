"""Cells for sealed secrets. The database keeps them and cannot read them: the key lies elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select, update

from ledgerloop.store.db import Database
from ledgerloop.store.statements import upsert
from ledgerloop.store.tables import secret as table


class DatabaseCells:
    """Keep sealed bytes, each load and save in a transaction of its own.

    A new refresh token must be on disk before it is used, whatever becomes of the work that asked for it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, name: str) -> bytes | None:
        """Return the sealed bytes, or None if there are none."""
        with self._database.reading() as tx:
            return load_secret(tx, name)

    def save(self, name: str, sealed: bytes) -> None:
        """Commit the sealed bytes before returning."""
        with self._database.transaction() as tx:
            save_secret(tx, name, sealed)

    def all(self) -> Mapping[str, bytes]:
        """Return what is kept, by name."""
        with self._database.reading() as tx:
            return {row.name: bytes(row.sealed) for row in tx.execute(select(table.c.name, table.c.sealed))}

    def replace(self, name: str, before: bytes, after: bytes | None) -> bool:
        """Put other bytes, or none, in the place of these; tell whether these were still there."""
        same = (table.c.name == name, table.c.sealed == before)
        change = delete(table).where(*same) if after is None else update(table).where(*same).values(sealed=after)
        with self._database.transaction() as tx:
            return tx.execute(change).rowcount == 1


def load_secret(tx: Connection, name: str) -> bytes | None:
    """Load a sealed secret."""
    return tx.execute(select(table.c.sealed).where(table.c.name == name)).scalar()


def save_secret(tx: Connection, name: str, sealed: bytes) -> None:
    """Save a sealed secret in the place of the last one of that name."""
    upsert(tx, table, [{"name": name, "sealed": sealed}])


def any_secret(tx: Connection) -> bool:
    """Tell whether any secret is kept, so that nobody makes a new key while an old one is missed."""
    return tx.execute(select(table.c.name).limit(1)).first() is not None
