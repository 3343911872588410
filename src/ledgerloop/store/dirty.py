"""Dirty: the customers whose standing must be looked at, and which of them the brake has set aside.

Marks are counted, so a customer that is marked again while somebody looks at it stays on the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, tuple_, update

from ledgerloop.store.statements import Insert, chunks, upsert
from ledgerloop.store.tables import dirty as table


def first(tx: Connection, organisation: str, limit: int, after: str = "") -> dict[str, int]:
    """List customers to look at that the brake has not stopped, in the order of their ids, after the one given.

    The number beside each is its mark: hand both to :func:`clean`, so that what changed in the meantime stays dirty.
    """
    rows = tx.execute(
        select(table.c.customer, table.c.mark)
        .where(table.c.organisation == organisation, table.c.customer > after)
        .where(table.c.stopped_at.is_(None))
        .order_by(table.c.customer)
        .limit(limit)
    )
    return {row.customer: row.mark for row in rows}


def every(tx: Connection, organisation: str, *, stopped: bool = True) -> list[str]:
    """List all customers to look at, those that the brake has ``stopped`` too, or without them."""
    mine = select(table.c.customer).where(table.c.organisation == organisation)
    if not stopped:
        mine = mine.where(table.c.stopped_at.is_(None))
    return list(tx.execute(mine.order_by(table.c.customer)).scalars())


def mark(tx: Connection, organisation: str, ids: Iterable[str]) -> None:
    """Have the standing of these customers looked at."""
    rows = [{"organisation": organisation, "customer": each, "mark": 1} for each in sorted(set(ids))]
    upsert(tx, table, rows, values=_marked_again)


def mark_new(tx: Connection, organisation: str, ids: Iterable[str]) -> dict[str, int]:
    """Have these looked at where they were not to be anyway; return the marks of those that are new on the list."""
    known: set[str] = set()
    wanted = sorted(set(ids))
    for some in chunks(wanted):
        mine = select(table.c.customer).where(table.c.organisation == organisation, table.c.customer.in_(some))
        known |= set(tx.execute(mine).scalars())
    new = [each for each in wanted if each not in known]
    mark(tx, organisation, new)
    return dict.fromkeys(new, 1)


def _marked_again(_new: Insert) -> dict[str, Any]:
    return {"mark": table.c.mark + 1}


def clean(tx: Connection, organisation: str, marks: Mapping[str, int]) -> None:
    """Take customers off the dirty list, except those that were marked again since :func:`first` listed them."""
    key = tuple_(table.c.customer, table.c.mark)
    for some in chunks(marks.items()):
        tx.execute(delete(table).where(table.c.organisation == organisation, key.in_(some)))


def stop(tx: Connection, organisation: str, ids: Iterable[str], now: datetime) -> None:
    """Set customers aside: they stay on the list, and :func:`first` passes over them until :func:`let_go`."""
    for some in chunks(ids):
        mine = update(table).where(table.c.organisation == organisation, table.c.customer.in_(some))
        tx.execute(mine.values(stopped_at=now))


def stopped_since(tx: Connection, organisation: str) -> datetime | None:
    """Say since when the customer that was set aside first waits; none where none is."""
    mine = select(table.c.stopped_at).where(table.c.organisation == organisation)
    mine = mine.where(table.c.stopped_at.is_not(None)).order_by(table.c.stopped_at).limit(1)
    since: datetime | None = tx.execute(mine).scalar()
    return since


def let_go(tx: Connection, organisation: str) -> None:
    """Let all go on that were set aside."""
    mine = update(table).where(table.c.organisation == organisation)
    tx.execute(mine.where(table.c.stopped_at.is_not(None)).values(stopped_at=None))
