"""A small index of the portal's companies: where to look for a name or domain, never what a company is.

What stands here may be out of date. Whoever finds a company by it reads that company anew before deciding anything.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from ledgerloop.store import connections
from ledgerloop.store.statements import chunks, one_at_a_time, upsert
from ledgerloop.store.tables import company as table


@dataclass(frozen=True, slots=True)
class Indexed:
    """A company by what it is looked for."""

    portal: str
    id: str
    name_key: str
    domain: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index has come."""

    after: str = ""
    """Where the listing of all companies goes on; empty at its beginning, and once it is done."""
    listed: bool = False
    """Whether all companies were listed once."""
    since: datetime | None = None
    """What changed from here on is still to be searched for; none until the listing has begun."""
    everyone: bool = False
    """Whether companies that are customers already are kept up too, as several organisations need it."""


def put(tx: Connection, companies: Sequence[Indexed]) -> None:
    """Keep companies, each in the place of what was known of it before."""
    upsert(tx, table, [asdict(one) for one in sorted(companies, key=lambda one: (one.portal, one.id))])


def forget(tx: Connection, portal: str, ids: Collection[str]) -> None:
    """Forget companies that are gone."""
    for some in chunks(ids):
        tx.execute(delete(table).where(table.c.portal == portal, table.c.id.in_(some)))


def alike(tx: Connection, portal: str, name_keys: Collection[str], domains: Collection[str]) -> list[str]:
    """List the ids of the companies that have one of these names or domains."""
    found: set[str] = set()
    for column, keys in ((table.c.name_key, name_keys), (table.c.domain, domains)):
        for some in chunks(sorted({key for key in keys if key})):
            # The condition is the index's own, so that PostgreSQL uses it.
            query = select(table.c.id).where(table.c.portal == portal, column.in_(some), column != "")
            found |= set(tx.execute(query).scalars())
    return sorted(found)


def progress(tx: Connection, portal: str) -> Progress:
    """Say how far the index has come."""
    kept = json.loads(connections.get_value(tx, _name(portal)) or "{}")
    since = datetime.fromisoformat(kept["since"]) if kept.get("since") else None
    return Progress(kept.get("after", ""), kept.get("listed", False), since, kept.get("everyone", False))


def advance(tx: Connection, portal: str, before: Progress, now: Progress) -> bool:
    """Note how far the index has come, unless another process has brought it on from ``before`` in the meantime."""
    one_at_a_time(tx, _name(portal))
    if progress(tx, portal) != before:
        return False
    since = now.since.isoformat() if now.since else None
    connections.put_value(tx, _name(portal), json.dumps(asdict(now) | {"since": since}))
    return True


def _name(portal: str) -> str:
    return f"companies {portal}"
