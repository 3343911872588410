"""Addresses that were erased in HubSpot for privacy: keyed hashes, so that nobody can read here whose they were."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from ledgerloop.store.statements import chunks, insert_or_ignore
from ledgerloop.store.tables import erased as table


def remember(tx: Connection, contact: str, digests: Collection[str], now: datetime) -> None:
    """Remember the addresses that an erased contact had, by their hashes."""
    insert_or_ignore(tx, table, [{"digest": one, "contact": contact, "at": now} for one in sorted(digests)])


def among(tx: Connection, digests: Collection[str]) -> set[str]:
    """Tell which of these addresses were erased, by their hashes."""
    return _matching(tx, "digest", digests)


def contacts_among(tx: Connection, contacts: Collection[str]) -> set[str]:
    """Tell of which of these contacts an address is remembered."""
    return _matching(tx, "contact", contacts)


def is_empty(tx: Connection) -> bool:
    """Tell whether nobody was erased yet, so that nothing need be hashed to ask."""
    return tx.execute(select(table.c.digest).limit(1)).first() is None


def _matching(tx: Connection, column: str, values: Collection[str]) -> set[str]:
    found: set[str] = set()
    for some in chunks(values):
        found |= set(tx.execute(select(table.c[column]).where(table.c[column].in_(some))).scalars())
    return found
