"""Cursors: how far a kind of record has been pulled, kept so that a pull goes on in the middle of its pages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from ledgerloop.store.statements import upsert
from ledgerloop.store.tables import cursor as table

CAUGHT_UP = "all"
"""The cursor that remembers when every kind of an organisation's records was last pulled."""

POLLED = "deals"
"""The cursor of a portal that remembers how far its deals were looked through, and when that was last done."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one kind of record of an organisation (or portal) has been pulled."""

    organisation: str
    kind: str
    since: datetime | None = None
    """Pull what changed since then; none is the beginning of time."""
    page: int = 1
    """The next page; above 1 a run of pages was begun and is to be gone on with."""
    highest: datetime | None = None
    """The latest change seen in this run: what ``since`` is made of when the run ends."""


def get(tx: Connection, organisation: str, kind: str) -> Cursor:
    """Get the cursor, at the beginning of time if there is none yet."""
    query = select(table.c.organisation, table.c.kind, table.c.since, table.c.page, table.c.highest)
    row = tx.execute(query.where(table.c.organisation == organisation, table.c.kind == kind)).first()
    return Cursor(*row) if row else Cursor(organisation, kind)


def begun(tx: Connection, organisation: str, kind: str) -> bool:
    """Tell whether there is such a cursor at all."""
    query = select(table.c.kind).where(table.c.organisation == organisation, table.c.kind == kind)
    return tx.execute(query).first() is not None


def forget(tx: Connection, organisation: str, kind: str) -> None:
    """Forget a cursor whose reading is done for good."""
    tx.execute(delete(table).where(table.c.organisation == organisation, table.c.kind == kind))


def put(tx: Connection, cursor: Cursor) -> None:
    """Keep the cursor, in the transaction that stores what was pulled."""
    upsert(tx, table, [asdict(cursor)])
