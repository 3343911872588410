"""Gaps: numbers of webhook events that were jumped over. Deliveries overtake each other, so a gap may still close."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from ledgerloop.records import Vendor
from ledgerloop.store.inbox import last_delivery
from ledgerloop.store.statements import insert_or_ignore, upsert
from ledgerloop.store.tables import delivery
from ledgerloop.store.tables import gap as table

WHOLE = ""
"""The vendor numbers what it sends for all lanes together."""


def note(tx: Connection, source: Vendor, spans: Iterable[tuple[int, int]], now: datetime) -> None:
    """Note which numbers have come: from the first to the last of each delivery.

    A count that begins again at 1 belongs to a new subscription: what was missing before it stays unknown for ever.
    """
    before = last_delivery(tx, source, WHOLE)
    last = before.last_sequence if before else None
    for begins, ends in sorted(spans):
        if last is None or begins == 1 < last:
            tx.execute(delete(table).where(table.c.source == source))
            last = ends
        elif begins > last + 1:
            insert_or_ignore(tx, table, [{"source": source, "first": last + 1, "last": begins - 1, "seen_at": now}])
            last = ends
        else:
            if begins <= last:
                _close(tx, source, begins, ends)
            last = max(last, ends)
    upsert(tx, delivery, [{"source": source, "lane": WHOLE, "last_sequence": last, "delivered_at": now}])


def missing(tx: Connection, source: Vendor, before: datetime) -> int:
    """Count the events that have been missing since before a moment."""
    count = func.coalesce(func.sum(table.c.last - table.c.first + 1), 0)
    return int(tx.execute(select(count).where(table.c.source == source, table.c.seen_at < before)).scalar_one())


def forget(tx: Connection, source: Vendor, before: datetime) -> None:
    """Forget gaps, because what they kept from us has been pulled."""
    tx.execute(delete(table).where(table.c.source == source, table.c.seen_at < before))


def _close(tx: Connection, source: Vendor, begins: int, ends: int) -> None:
    """Take numbers that came late out of the gaps they belong to."""
    mine = (table.c.source == source) & (table.c.first <= ends) & (table.c.last >= begins)
    touched = tx.execute(select(table.c.first, table.c.last, table.c.seen_at).where(mine)).all()
    if not touched:
        return
    tx.execute(delete(table).where(mine))
    left = [(row.first, begins - 1, row.seen_at) for row in touched]
    left += [(ends + 1, row.last, row.seen_at) for row in touched]
    rows = [{"source": source, "first": one, "last": other, "seen_at": at} for one, other, at in left if one <= other]
    insert_or_ignore(tx, table, rows)
