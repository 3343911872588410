"""Companies that we made a moment ago, until it is certain that HubSpot's search hid no older one of the same firm.

What a person or a form makes is not in HubSpot's search at once. So each company that we make is looked at once more,
and where an older one fits its customer, that stays here until the two were merged or a person has said otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select, update

from ledgerloop.store.statements import chunks, insert_or_ignore
from ledgerloop.store.tables import newly_made as table


@dataclass(frozen=True, slots=True)
class NewlyMade:
    """A company that was made for a customer, and the older one that fits, once it was found."""

    customer: str
    company: str
    made_at: datetime
    """By HubSpot's clock, as it says itself."""
    look_at: datetime
    """By our clock: from when on HubSpot's search surely shows what was there before."""
    older: str = ""
    passed_over: frozenset[str] = frozenset()
    """The companies that were known when it was made: it was made all the same."""


def note(tx: Connection, organisation: str, some: Sequence[NewlyMade]) -> None:
    """Note that companies were made."""
    insert_or_ignore(tx, table, [_row(organisation, one) for one in some])


def due(tx: Connection, organisation: str, now: datetime, limit: int) -> list[NewlyMade]:
    """List those that are to be looked at once more, those that wait longest first."""
    waiting = select(*_COLUMNS).where(table.c.organisation == organisation, table.c.older == "")
    ordered = waiting.where(table.c.look_at <= now).order_by(table.c.look_at, table.c.customer)
    return [_made(row) for row in tx.execute(ordered.limit(limit))]


def any_after(tx: Connection, organisation: str, latest: datetime) -> bool:
    """Tell whether any is to be looked at later than that, as a clock that was ahead has asked."""
    later = select(table.c.customer).where(table.c.organisation == organisation, table.c.look_at > latest)
    return tx.execute(later.limit(1)).first() is not None


def hasten(tx: Connection, organisation: str, latest: datetime) -> None:
    """Have none looked at later than that."""
    later = (table.c.organisation == organisation) & (table.c.look_at > latest)
    tx.execute(update(table).where(later).values(look_at=latest))


def asked(tx: Connection, organisation: str, customers: Collection[str]) -> list[NewlyMade]:
    """List those of these customers for which an older company was found."""
    found: list[NewlyMade] = []
    for some in chunks(customers):
        mine = select(*_COLUMNS).where(table.c.organisation == organisation, table.c.older != "")
        found += [_made(row) for row in tx.execute(mine.where(table.c.customer.in_(some)))]
    return found


def ask(tx: Connection, organisation: str, one: NewlyMade, older: str) -> None:
    """Keep which older company fits."""
    tx.execute(update(table).where(_is(organisation, one)).values(older=older))


def forget(tx: Connection, organisation: str, some: Sequence[NewlyMade]) -> None:
    """Forget companies about which there is no question, or none any more."""
    for each in chunks(some):
        mine = table.c.customer.in_([one.customer for one in each]) & table.c.company.in_([one.company for one in each])
        tx.execute(delete(table).where(table.c.organisation == organisation, mine))


_COLUMNS = (table.c.customer, table.c.company, table.c.made_at, table.c.look_at, table.c.older, table.c.passed_over)


def _is(organisation: str, one: NewlyMade) -> ColumnElement[bool]:
    return (
        (table.c.organisation == organisation) & (table.c.customer == one.customer) & (table.c.company == one.company)
    )


def _made(row: Any) -> NewlyMade:
    return NewlyMade(row.customer, row.company, row.made_at, row.look_at, row.older, frozenset(row.passed_over.split()))


def _row(organisation: str, one: NewlyMade) -> dict[str, object]:
    return {
        "organisation": organisation,
        "customer": one.customer,
        "company": one.company,
        "made_at": one.made_at,
        "look_at": one.look_at,
        "older": one.older,
        "passed_over": " ".join(sorted(one.passed_over)),
    }
