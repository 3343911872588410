"""Signatures: for each vendor, when the last rightly signed webhook came, and how many were refused since then."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from sqlalchemy import Connection, select

from ledgerloop.records import Signed
from ledgerloop.store.statements import one_at_a_time, upsert
from ledgerloop.store.tables import signature as table


def counted(tx: Connection) -> list[Signed]:
    """List what was counted, by vendor."""
    return [Signed(**row._mapping) for row in tx.execute(select(table).order_by(table.c.vendor))]


def add(tx: Connection, later: Collection[Signed]) -> None:
    """Add what was counted since. Processes that share the database count beside each other."""
    if not later:
        return
    one_at_a_time(tx, "signatures")
    before = {one.vendor: one for one in counted(tx)}
    upsert(tx, table, [asdict(before.get(one.vendor, Signed(one.vendor)).then(one)) for one in later])
