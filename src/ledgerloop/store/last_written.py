"""Fingerprints: the values we last wrote to a record, so that only what differs is written again."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, select

from ledgerloop.store.statements import chunks, upsert
from ledgerloop.store.tables import fingerprint as table

_GONE = ""
"""No property is called so."""


def get(tx: Connection, portal: str, kind: str, ids: Collection[str]) -> dict[str, dict[str, str]]:
    """Get the values last written to these records; a record never written to is absent."""
    return _get(tx, portal, kind, ids, for_update=False)


def put(tx: Connection, portal: str, kind: str, values_by_id: Mapping[str, Mapping[str, str]]) -> None:
    """Add what was written to what was written before."""
    before = _get(tx, portal, kind, sorted(values_by_id), for_update=True)
    rows = [
        {"portal": portal, "kind": kind, "id": each, "written": json.dumps(before.get(each, {}) | dict(values))}
        for each, values in sorted(values_by_id.items())
    ]
    upsert(tx, table, rows)


def forget(tx: Connection, portal: str, kind: str, ids: Collection[str]) -> None:
    """Forget what was written to these records, so that everything is written anew."""
    for some in chunks(ids):
        tx.execute(delete(table).where(table.c.portal == portal, table.c.kind == kind, table.c.id.in_(some)))


def mark_gone(tx: Connection, portal: str, kind: str, id: str, values: Mapping[str, str]) -> None:  # noqa: A002
    """Keep values as if they had been written to a record that is not there, so that only news is tried."""
    put(tx, portal, kind, {id: {**values, _GONE: "gone"}})


def forget_gone(tx: Connection, portal: str, kind: str, ids: Collection[str]) -> None:
    """Forget what was kept of those that were gone: something is heard of them, so they may be back."""
    forget(tx, portal, kind, [each for each, written in get(tx, portal, kind, ids).items() if _GONE in written])


def _get(tx: Connection, portal: str, kind: str, ids: Collection[str], for_update: bool) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for some in chunks(ids):
        mine = select(table.c.id, table.c.written).where(table.c.portal == portal, table.c.kind == kind)
        query = mine.where(table.c.id.in_(some)).order_by(table.c.id)
        rows = tx.execute(query.with_for_update() if for_update else query)
        found |= {row.id: json.loads(row.written) for row in rows}
    return found
