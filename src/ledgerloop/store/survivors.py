"""Survivors: into whom customers were merged, and their receivables with them.

Xero moves a merged contact's documents to the survivor without touching them, so no pull brings them again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select, update

from ledgerloop.store.statements import chunks
from ledgerloop.store.tables import customer as customer_table
from ledgerloop.store.tables import receivable as receivable_table


def survivors(tx: Connection, organisation: str, ids: Collection[str]) -> dict[str, str]:
    """Say into whom customers were merged in the end; those that were not are absent."""
    columns = customer_table.c
    into: dict[str, str] = {}
    asked = set(ids)
    while asked:
        found: dict[str, str] = {}
        for some in chunks(asked):
            mine = select(columns.id, columns.merged_into).where(columns.organisation == organisation)
            rows = tx.execute(mine.where(columns.merged_into != "", columns.id.in_(some)))
            found |= {row.id: row.merged_into for row in rows}
        into |= found
        asked = set(found.values()) - into.keys()
    return {one: _last(into, one) for one in ids if one in into}


def move_receivables(tx: Connection, organisation: str, losers: Collection[str]) -> set[str]:
    """Give the receivables of merged customers to the survivors, and say who those are."""
    columns = receivable_table.c
    merged = survivors(tx, organisation, losers)
    for loser, survivor in merged.items():
        mine = update(receivable_table).where(columns.organisation == organisation, columns.customer == loser)
        tx.execute(mine.values(customer=survivor))
    return set(merged.values())


def _last(into: Mapping[str, str], one: str) -> str:
    """Follow a chain of mergers to its end, or once around a circle."""
    seen = {one}
    while (next_one := into.get(one)) is not None and next_one not in seen:
        seen.add(next_one)
        one = next_one
    return one
