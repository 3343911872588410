"""Planned work: the customers that a person planned to have shown, and how much may be written for them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from ledgerloop.records import Rest
from ledgerloop.store import cooldowns as rests
from ledgerloop.store.statements import chunks, insert_or_ignore, upsert
from ledgerloop.store.tables import allowance as allowance_table
from ledgerloop.store.tables import planned as table
from ledgerloop.store.write_counts import Written

_NO_REST = {"rests_since": None, "rests_until": None, "rests_why": ""}


@dataclass(frozen=True, slots=True)
class Allowance:
    """Planned work as it was accepted, and how far it has come."""

    organisation: str
    customers: int
    """How many customers were accepted."""
    left: int
    """How many of them are not done."""
    may: Written
    """What the plan showed."""
    written: Written
    accepted_at: datetime
    rests_until: datetime | None = None
    rests_why: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """What it has cost so far, for those who watch."""
    rests_since: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Tell whether it may not go on at this moment."""
        return self.rests_until is not None and Rest(self.rests_since, self.rests_until).lasts(now)


def accept(tx: Connection, organisation: str, customers: Collection[str], may: Written, now: datetime) -> None:
    """Take on planned work. What was accepted before and is not done yet stays accepted."""
    open_before = left(tx, organisation)
    before = allowance(tx, organisation) if open_before else None
    rows = [{"organisation": organisation, "customer": each} for each in sorted(set(customers))]
    for some in chunks(rows):
        insert_or_ignore(tx, table, some)
    told = before.may if before else Written()
    done = before.written if before else Written()
    finished = before.customers - open_before if before else 0  # they stay counted
    row = {"organisation": organisation, "customers": finished + left(tx, organisation), "accepted_at": now}
    row |= {"may_create": told.created + may.created, "may_update": told.updated + may.updated}
    row |= {"created": done.created, "updated": done.updated}
    row |= {**_NO_REST, "figures": json.dumps(dict(before.figures) if before else {})}
    upsert(tx, allowance_table, [row])


def batch(tx: Connection, organisation: str, limit: int) -> list[str]:
    """List the next customers whose planned work is not done."""
    mine = select(table.c.customer).where(table.c.organisation == organisation)
    return list(tx.execute(mine.order_by(table.c.customer).limit(limit)).scalars())


def among(tx: Connection, organisation: str, customers: Collection[str]) -> set[str]:
    """Tell which of these customers are planned."""
    found: set[str] = set()
    for some in chunks(customers):
        mine = select(table.c.customer).where(table.c.organisation == organisation, table.c.customer.in_(some))
        found |= set(tx.execute(mine).scalars())
    return found


def done(tx: Connection, organisation: str, customers: Collection[str]) -> None:
    """Say that these customers have been shown."""
    for some in chunks(customers):
        tx.execute(delete(table).where(table.c.organisation == organisation, table.c.customer.in_(some)))


def left(tx: Connection, organisation: str) -> int:
    """Count the customers whose planned work is not done."""
    mine = select(func.count()).select_from(table).where(table.c.organisation == organisation)
    return int(tx.execute(mine).scalar_one())


def organisations(tx: Connection, now: datetime) -> Sequence[str]:
    """List the organisations whose planned work is not done and does not rest."""
    columns = allowance_table.c
    resting = select(columns.organisation).where(rests.lasts(columns.rests_since, columns.rests_until, now))
    mine = select(table.c.organisation).distinct().where(table.c.organisation.not_in(resting))
    return tx.execute(mine).scalars().all()


def goes_on_at(tx: Connection, now: datetime) -> datetime | None:
    """Return when the first planned work that rests goes on; none where none does."""
    columns = allowance_table.c
    open_ = columns.organisation.in_(select(table.c.organisation))
    resting = rests.lasts(columns.rests_since, columns.rests_until, now)
    return tx.execute(select(func.min(columns.rests_until)).where(open_, resting)).scalar()


def under_way(tx: Connection) -> list[Allowance]:
    """List the planned work that is not done yet."""
    open_ = allowance_table.c.organisation.in_(select(table.c.organisation))
    rows = tx.execute(select(allowance_table).where(open_).order_by(allowance_table.c.organisation))
    return [_allowance(row, left(tx, row.organisation)) for row in rows]


def allowance(tx: Connection, organisation: str) -> Allowance | None:
    """Look up the planned work that was accepted last."""
    row = tx.execute(select(allowance_table).where(allowance_table.c.organisation == organisation)).first()
    return _allowance(row, left(tx, organisation)) if row else None


def _allowance(row: Row[Any], customers_left: int) -> Allowance:
    return Allowance(
        organisation=row.organisation,
        customers=row.customers,
        left=customers_left,
        may=Written(row.may_create, row.may_update),
        written=Written(row.created, row.updated),
        accepted_at=row.accepted_at,
        rests_until=row.rests_until,
        rests_since=row.rests_since,
        rests_why=row.rests_why,
        figures=json.loads(row.figures),
    )


def spend(tx: Connection, organisation: str, wanted: Written) -> Written:
    """Count what is about to be written, as far as the plan showed it, and give back what goes beyond."""
    known = allowance(tx, organisation)
    if known is None:
        return wanted
    created = min(wanted.created, max(0, known.may.created - known.written.created))
    updated = min(wanted.updated, max(0, known.may.updated - known.written.updated))
    _add(tx, organisation, Written(created, updated))
    return wanted.less(Written(created, updated))


def give_back(tx: Connection, organisation: str, unwritten: Written) -> None:
    """Take off the count what was not written after all."""
    _add(tx, organisation, Written().less(unwritten))


def _add(tx: Connection, organisation: str, more: Written) -> None:
    columns = allowance_table.c
    tx.execute(
        update(allowance_table)
        .where(columns.organisation == organisation)
        .values(created=columns.created + more.created, updated=columns.updated + more.updated)
    )


def report(tx: Connection, organisation: str, figures: Mapping[str, Any]) -> None:
    """Keep what the work has cost so far, and that it does not rest."""
    mine = update(allowance_table).where(allowance_table.c.organisation == organisation)
    tx.execute(mine.values(figures=json.dumps(dict(figures)), **_NO_REST))


def rest(tx: Connection, organisation: str, kept: Rest, why: str) -> None:
    """Let planned work rest, and nothing else."""
    mine = update(allowance_table).where(allowance_table.c.organisation == organisation)
    tx.execute(mine.values(rests_since=kept.began, rests_until=kept.until, rests_why=why))
