"""What was heard of customers' HubSpot records and is not looked at yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, select, tuple_

from ledgerloop.records import LinkKind
from ledgerloop.store.statements import Insert, chunks, upsert
from ledgerloop.store.tables import heard as table

What = Literal["changed", "deleted", "forgotten", "id", "merged", "restored"]
"""``id``: a Xero contact id was written on it, or cleared."""


@dataclass(frozen=True, slots=True)
class Heard:
    """That something happened to a record, and the event that said so last. The mark counts how often it was said."""

    organisation: str
    kind: LinkKind
    hubspot_id: str
    what: What
    at: datetime
    mark: int = 1
    event: int | None = None


def put(tx: Connection, some: Sequence[Heard]) -> None:
    """Keep what was heard, each thing once."""
    once = {(one.organisation, one.kind, one.hubspot_id, one.what): one for one in some}
    rows = [asdict(one) for _, one in sorted(once.items())]
    upsert(tx, table, rows, values=_said_again)


def _said_again(new: Insert) -> dict[str, Any]:
    event = func.coalesce(new.excluded.event, table.c.event)
    return {"at": new.excluded.at, "mark": table.c.mark + 1, "event": event}


def take(tx: Connection, organisation: str, whats: Collection[What], limit: int) -> list[Heard]:
    """List what is to be looked at of some kinds of news, the oldest first. It stays until :func:`done`."""
    query = select(table).where(table.c.organisation == organisation, table.c.what.in_(sorted(whats)))
    return [Heard(*row) for row in tx.execute(query.order_by(table.c.at, table.c.hubspot_id).limit(limit))]


def done(tx: Connection, some: Sequence[Heard]) -> None:
    """Say that these were looked at, except what was said again in the meantime."""
    key = tuple_(*(table.c[name] for name in ("organisation", "kind", "hubspot_id", "what", "mark")))
    for these in chunks(some):
        told = [(one.organisation, one.kind, one.hubspot_id, one.what, one.mark) for one in these]
        tx.execute(delete(table).where(key.in_(told)))
