"""What customers and companies are looked for by: an index of keys, which finds candidates and decides nothing.

The scope of a customer's keys is its organisation, that of a company's its portal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, func, select

from ledgerloop.store.statements import chunks, insert_or_ignore
from ledgerloop.store.tables import search_key as table

MOST = 50
"""Records given for a key. Of one that more records have, such as a domain of a provider that nobody knows as one, only
the first are candidates; that it has so many says enough about it."""


def replace(tx: Connection, scope: str, keys_of: Mapping[str, Collection[str]], *, known: bool = True) -> None:
    """Keep the keys of records in the place of those they had. ``known`` is off where they had none."""
    if known:
        forget(tx, scope, keys_of.keys())
    rows = [
        {"scope": scope, "key": key, "record": record} for record, keys in keys_of.items() for key in sorted(set(keys))
    ]
    for some in chunks(sorted(rows, key=lambda row: (row["key"], row["record"]))):
        insert_or_ignore(tx, table, some)


def forget(tx: Connection, scope: str, records: Collection[str]) -> None:
    """Forget the keys of records."""
    for some in chunks(records):
        tx.execute(delete(table).where(table.c.scope == scope, table.c.record.in_(some)))


def find(tx: Connection, scope: str, keys: Collection[str]) -> dict[str, list[str]]:
    """Return the records of each key, at most :data:`MOST` of them, in the order of their ids."""
    place = func.row_number().over(partition_by=table.c.key, order_by=table.c.record).label("place")
    found: defaultdict[str, list[str]] = defaultdict(list)
    for some in chunks(sorted(set(keys))):
        ranked = select(table.c.key, table.c.record, place).where(table.c.scope == scope, table.c.key.in_(some))
        few = ranked.subquery()
        for key, record in tx.execute(select(few.c.key, few.c.record).where(few.c.place <= MOST)):
            found[key].append(record)
    return dict(found)
