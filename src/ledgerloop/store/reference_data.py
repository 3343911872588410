"""Books: the reference data of an organisation, such as its accounts, as it was last read, and when that was."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from ledgerloop.store import single_values
from ledgerloop.store.statements import upsert
from ledgerloop.store.tables import book as table

_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of reference data: its content as JSON text, and when it was read."""

    content: str
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """Kinds that are to be read again, because a deal blames them, and when."""

    kinds: tuple[str, ...]
    at: datetime


def get(tx: Connection, organisation: str) -> dict[str, Kept]:
    """Get everything that is known of an organisation's books, by kind."""
    rows = tx.execute(select(table).where(table.c.organisation == organisation))
    return {row.kind: Kept(row.content, row.read_at) for row in rows}


def outdate(tx: Connection, organisation: str, kinds: Collection[str]) -> None:
    """Have kinds be read anew by whoever asks next, also where they were never read; what is known stays till then."""
    kept = get(tx, organisation)
    rows = [
        {"organisation": organisation, "kind": kind, "content": known.content if known else "null", "read_at": _NEVER}
        for kind in sorted(kinds)
        for known in (kept.get(kind),)
    ]
    upsert(tx, table, rows)


def want(tx: Connection, organisation: str, kinds: Collection[str], moment: datetime) -> None:
    """Remember that kinds are to be read again at a moment, beside those that are already; the first moment stays."""
    before = wanted(tx, organisation)
    mine = sorted({*kinds, *(before.kinds if before else ())})
    at = min(moment, before.at) if before else moment
    single_values.put(tx, single_values.BOOKS_WANTED.of(organisation), {"at": at.isoformat(), "kinds": mine})


def wanted(tx: Connection, organisation: str) -> Wanted | None:
    """Return which kinds are to be read again, and when; nothing where none are."""
    kept = single_values.get(tx, single_values.BOOKS_WANTED.of(organisation))
    return Wanted(tuple(kept["kinds"]), datetime.fromisoformat(kept["at"])) if kept else None


def had(tx: Connection, organisation: str) -> None:
    """Forget what was to be read again."""
    single_values.forget(tx, single_values.BOOKS_WANTED.of(organisation))


def put(tx: Connection, organisation: str, kind: str, content: str, now: datetime) -> bool:
    """Keep what was just read, and tell whether it is another than before; the first reading is no change."""
    mine = table.c.organisation == organisation, table.c.kind == kind
    before = tx.execute(select(table.c.content).where(*mine)).scalar()
    upsert(tx, table, [{"organisation": organisation, "kind": kind, "content": content, "read_at": now}])
    return before is not None and before != content
