"""HubSpot records that were customers and are no longer: deleted there, merged into others, or another person's."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, delete, select

from ledgerloop.records import LinkKind
from ledgerloop.store.statements import chunks, upsert
from ledgerloop.store.tables import lost as table

How = Literal["deleted", "forgotten", "merged", "succeeded"]
"""``forgotten``: deleted for privacy. ``succeeded``: it is there still, and another person took over in Xero."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A record that a customer had."""

    organisation: str
    kind: LinkKind
    hubspot_id: str
    xero_id: str
    how: How
    at: datetime


_COLUMNS = [table.c[name] for name in ("organisation", "kind", "hubspot_id", "xero_id", "how", "at")]


def put(tx: Connection, lost: Lost) -> None:
    """Remember that a customer lost a record."""
    upsert(tx, table, [asdict(lost)])


def of_customers(
    tx: Connection, organisation: str, kind: LinkKind, customers: Collection[str]
) -> dict[str, list[Lost]]:
    """List what these customers lost, by customer, the first loss first."""
    found: dict[str, list[Lost]] = {}
    for some in chunks(customers):
        mine = select(*_COLUMNS).where(table.c.organisation == organisation, table.c.kind == kind)
        for row in tx.execute(mine.where(table.c.xero_id.in_(some)).order_by(table.c.at, table.c.hubspot_id)):
            found.setdefault(row.xero_id, []).append(Lost(*row))
    return found


def of_records(tx: Connection, kind: LinkKind, hubspot_ids: Collection[str]) -> list[Lost]:
    """List whose records these were, in any organisation."""
    found: list[Lost] = []
    for some in chunks(hubspot_ids):
        query = select(*_COLUMNS).where(table.c.kind == kind, table.c.hubspot_id.in_(some))
        found += [Lost(*row) for row in tx.execute(query)]
    return found


def remove(tx: Connection, lost: Lost) -> None:
    """Forget a loss, because the record is back."""
    tx.execute(
        delete(table).where(
            table.c.organisation == lost.organisation,
            table.c.kind == lost.kind,
            table.c.hubspot_id == lost.hubspot_id,
        )
    )
