"""Pairs: which contact and company of a customer were associated in HubSpot, so that no failed call forgets one."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, delete, select

from ledgerloop.store.statements import chunks, upsert
from ledgerloop.store.tables import pair as table

Pair = tuple[str, str]
"""The ids of a HubSpot contact and of a HubSpot company."""


def unknown(tx: Connection, organisation: str, pairs: Mapping[str, Pair]) -> dict[str, Pair]:
    """Return, by customer, the pairs that are not known to be associated."""
    known: dict[str, Pair] = {}
    for some in chunks(pairs):
        mine = select(table.c.customer, table.c.contact, table.c.company)
        rows = tx.execute(mine.where(table.c.organisation == organisation, table.c.customer.in_(some)))
        known |= {row.customer: (row.contact, row.company) for row in rows}
    return {customer: pair for customer, pair in pairs.items() if known.get(customer) != pair}


def put(tx: Connection, organisation: str, pairs: Mapping[str, Pair]) -> None:
    """Keep that these are associated, each in the place of the customer's pair before."""
    rows = [
        {"organisation": organisation, "customer": customer, "contact": contact, "company": company}
        for customer, (contact, company) in sorted(pairs.items())
    ]
    upsert(tx, table, rows)


def forget(tx: Connection, organisation: str, customer: str) -> None:
    """Forget a customer's pair, because one of the two is gone; it may come back alone."""
    tx.execute(delete(table).where(table.c.organisation == organisation, table.c.customer == customer))
