"""Planned work: the customers that are to be shown behind live work, and how much may be written for them.

A person asks for it, by a plan that he accepted, or a new day brings it. Both are done alike, and counted apart: who
watches what he asked for is told of nothing else.
"""

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
    asked: bool
    """Whether a person asked for it, and not the day."""
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


def accept(
    tx: Connection, organisation: str, customers: Collection[str], may: Written, now: datetime, *, asked: bool = True
) -> None:
    """Take on planned work. What was accepted before and is not done yet stays accepted.

    A customer whom a person asked for is that person's, whatever the day brings. What rested goes on.
    """
    open_before = left(tx, organisation, asked=asked)
    before = allowance(tx, organisation, asked=asked) if open_before else None
    rows = [{"organisation": organisation, "customer": each, "asked": asked} for each in sorted(set(customers))]
    for some in chunks(rows):
        (upsert if asked else insert_or_ignore)(tx, table, some)
    told = before.may if before else Written()
    done = before.written if before else Written()
    finished = before.customers - open_before if before else 0  # they stay counted
    row = {"organisation": organisation, "asked": asked, "accepted_at": now}
    row |= {"customers": finished + left(tx, organisation, asked=asked)}
    row |= {"may_create": told.created + may.created, "may_update": told.updated + may.updated}
    row |= {"created": done.created, "updated": done.updated}
    row |= {"figures": json.dumps(dict(before.figures) if before else {})}
    upsert(tx, allowance_table, [row])
    tx.execute(update(allowance_table).where(allowance_table.c.organisation == organisation).values(_NO_REST))


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


def left(tx: Connection, organisation: str, *, asked: bool) -> int:
    """Count the customers whose planned work is not done, of what a person asked for or of what the day brought."""
    mine = select(func.count()).select_from(table)
    return int(tx.execute(mine.where(table.c.organisation == organisation, table.c.asked == asked)).scalar_one())


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


def under_way(tx: Connection, organisation: str = "") -> list[Allowance]:
    """List the planned work that is not done yet, of all organisations or of one; first what a person asked for."""
    columns = allowance_table.c
    mine = select(allowance_table).order_by(columns.organisation, columns.asked.desc())
    rows = tx.execute(mine.where(columns.organisation == organisation) if organisation else mine)
    return [one for row in rows if (one := _allowance(tx, row)).left]


def allowance(tx: Connection, organisation: str, *, asked: bool = True) -> Allowance | None:
    """Look up the planned work that was accepted last."""
    columns = allowance_table.c
    mine = select(allowance_table).where(columns.organisation == organisation, columns.asked == asked)
    row = tx.execute(mine).first()
    return _allowance(tx, row) if row else None


def _allowance(tx: Connection, row: Row[Any]) -> Allowance:
    return Allowance(
        organisation=row.organisation,
        asked=row.asked,
        customers=row.customers,
        left=left(tx, row.organisation, asked=row.asked),
        may=Written(row.may_create, row.may_update),
        written=Written(row.created, row.updated),
        accepted_at=row.accepted_at,
        rests_until=row.rests_until,
        rests_since=row.rests_since,
        rests_why=row.rests_why,
        figures=json.loads(row.figures),
    )


def spend(tx: Connection, organisation: str, wanted: Written) -> Written:
    """Count what is about to be written, as far as the plans showed it, and return what goes beyond."""
    for one in under_way(tx, organisation):
        created = min(wanted.created, max(0, one.may.created - one.written.created))
        updated = min(wanted.updated, max(0, one.may.updated - one.written.updated))
        _add(tx, one, Written(created, updated))
        wanted = wanted.less(Written(created, updated))
    return wanted


def give_back(tx: Connection, organisation: str, unwritten: Written) -> None:
    """Take off the count what was not written after all: what was counted last goes first."""
    for one in reversed(under_way(tx, organisation)):
        created = min(unwritten.created, one.written.created)
        updated = min(unwritten.updated, one.written.updated)
        _add(tx, one, Written().less(Written(created, updated)))
        unwritten = unwritten.less(Written(created, updated))


def _add(tx: Connection, to: Allowance, more: Written) -> None:
    columns = allowance_table.c
    tx.execute(
        update(allowance_table)
        .where(columns.organisation == to.organisation, columns.asked == to.asked)
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
