"""What was written without a plan, by the minute: the count that the brake looks at. Outlives any crash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select

from ledgerloop.store.statements import insert
from ledgerloop.store.tables import spent as table

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Written:
    """How many records were made, and how many changed."""

    created: int = 0
    updated: int = 0

    def plus(self, other: Written) -> Written:
        """Add two counts."""
        return Written(self.created + other.created, self.updated + other.updated)

    def less(self, other: Written) -> Written:
        """Take one count off another."""
        return Written(self.created - other.created, self.updated - other.updated)


def in_the_last_hour(tx: Connection, lane: str, now: datetime) -> Written:
    """Count what was written in the hour before a moment; what is of the future, a clock that was ahead has counted."""
    sums = select(func.coalesce(func.sum(table.c.created), 0), func.coalesce(func.sum(table.c.updated), 0))
    row = tx.execute(sums.where(table.c.lane == lane, table.c.minute > now - HOUR, table.c.minute <= now)).one()
    return Written(int(row[0]), int(row[1]))


def add(tx: Connection, lane: str, written: Written, now: datetime) -> None:
    """Count what is about to be written, and forget what is older than an hour."""
    tx.execute(delete(table).where(table.c.lane == lane, table.c.minute <= now - HOUR))
    row = {"lane": lane, "minute": now.replace(second=0, microsecond=0)}
    more = {"created": table.c.created + written.created, "updated": table.c.updated + written.updated}
    new = insert(tx, table).values(row | {"created": written.created, "updated": written.updated})
    tx.execute(new.on_conflict_do_update(index_elements=list(table.primary_key), set_=more))
