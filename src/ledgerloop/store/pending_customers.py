"""Dirty: the customers whose standing must be looked at, and which of them the brake has set aside.

Marks are counted, so a customer that is marked again while somebody looks at it stays on the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, select, tuple_, update

from ledgerloop.store.statements import Insert, chunks, upsert
from ledgerloop.store.tables import dirty as table
from ledgerloop.store.tables import planned as planned_table


def first(
    tx: Connection, organisation: str, limit: int, after: str = "", *, planned: bool | None = None
) -> dict[str, int]:
    """List customers to look at that the brake has not stopped, in the order of their ids, after the one given.

    Of those that are part of planned work or of those that are not, where that is asked. The number beside each is its
    mark: hand both to :func:`clean`, so that what changed in the meantime stays dirty.
    """
    rows = tx.execute(
        _going(organisation, planned)
        .where(table.c.customer > after)
        .with_only_columns(table.c.customer, table.c.mark)
        .order_by(table.c.customer)
        .limit(limit)
    )
    return {row.customer: row.mark for row in rows}


def every(tx: Connection, organisation: str) -> list[str]:
    """List all customers to look at, those that the brake has stopped too."""
    mine = select(table.c.customer).where(table.c.organisation == organisation)
    return list(tx.execute(mine.order_by(table.c.customer)).scalars())


def unplanned(tx: Connection, organisation: str) -> list[str]:
    """List all customers to look at that the brake has not stopped and nobody planned."""
    return list(tx.execute(_going(organisation, planned=False).order_by(table.c.customer)).scalars())


def _going(organisation: str, planned: bool | None) -> Select[Any]:
    mine = select(table.c.customer).where(table.c.organisation == organisation, table.c.stopped_at.is_(None))
    if planned is None:
        return mine
    accepted = exists().where(
        planned_table.c.organisation == table.c.organisation, planned_table.c.customer == table.c.customer
    )
    return mine.where(accepted if planned else ~accepted)


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
