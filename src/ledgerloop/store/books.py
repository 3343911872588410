"""Books: the reference data of an organisation, such as its accounts, as it was last read, and when that was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from ledgerloop.store.statements import upsert
from ledgerloop.store.tables import book as table


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of reference data: its content as JSON text, and when it was read."""

    content: str
    read_at: datetime


def get(tx: Connection, organisation: str) -> dict[str, Kept]:
    """Get everything that is known of an organisation's books, by kind."""
    rows = tx.execute(select(table).where(table.c.organisation == organisation))
    return {row.kind: Kept(row.content, row.read_at) for row in rows}


def put(tx: Connection, organisation: str, kind: str, content: str, now: datetime) -> bool:
    """Keep what was just read, and tell whether it is another than before; the first reading is no change."""
    mine = table.c.organisation == organisation, table.c.kind == kind
    before = tx.execute(select(table.c.content).where(*mine)).scalar()
    upsert(tx, table, [{"organisation": organisation, "kind": kind, "content": content, "read_at": now}])
    return before is not None and before != content
