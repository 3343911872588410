"""What both sides said of a linked customer's fields when they were last compared, so that a change shows as one."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, select

from ledgerloop.records import LinkKind, Vendor
from ledgerloop.store.statements import chunks, upsert
from ledgerloop.store.tables import compared as table


@dataclass(frozen=True, slots=True)
class Compared:
    """Texts by field, as they were on each side, and which side had a value first."""

    xero: Mapping[str, str] = field(default_factory=dict)
    hubspot: Mapping[str, str] = field(default_factory=dict)
    first: Mapping[str, Vendor] = field(default_factory=dict)


def get(tx: Connection, organisation: str, kind: LinkKind, xero_ids: Collection[str]) -> dict[str, Compared]:
    """Get what was said of these customers' records of a kind; what was never compared is absent."""
    found: dict[str, Compared] = {}
    columns = (table.c.xero_id, table.c.xero, table.c.hubspot, table.c.first)
    for some in chunks(xero_ids):
        mine = select(*columns).where(table.c.organisation == organisation, table.c.kind == kind)
        for row in tx.execute(mine.where(table.c.xero_id.in_(some))):
            found[row.xero_id] = Compared(json.loads(row.xero), json.loads(row.hubspot), json.loads(row.first))
    return found


def put(tx: Connection, organisation: str, kind: LinkKind, by_customer: Mapping[str, Compared]) -> None:
    """Keep what was said, in the place of what was said before."""
    rows = [
        {
            "organisation": organisation,
            "kind": kind,
            "xero_id": customer,
            "xero": json.dumps(dict(said.xero)),
            "hubspot": json.dumps(dict(said.hubspot)),
            "first": json.dumps(dict(said.first)),
        }
        for customer, said in sorted(by_customer.items())
    ]
    upsert(tx, table, rows)


def forget(tx: Connection, organisation: str, kind: LinkKind, xero_ids: Collection[str]) -> None:
    """Forget what was said, because the customer has another record now."""
    for some in chunks(xero_ids):
        mine = delete(table).where(table.c.organisation == organisation, table.c.kind == kind)
        tx.execute(mine.where(table.c.xero_id.in_(some)))
