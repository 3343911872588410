"""Links: that a Xero record and a HubSpot record are the same thing. One to one within an organisation and kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Column, Connection, delete, select

from ledgerloop.records import Link, LinkKind
from ledgerloop.store.statements import chunks, insert_or_ignore
from ledgerloop.store.tables import link as table

_COLUMNS = [table.c[name] for name in ("organisation", "xero_id", "kind", "hubspot_id", "how")]


def find(tx: Connection, organisation: str, kind: LinkKind, xero_ids: Collection[str]) -> dict[str, Link]:
    """Find links by the Xero id; an id without a link is absent."""
    return {link.xero_id: link for link in _find(tx, organisation, kind, table.c.xero_id, xero_ids)}


def find_by_hubspot(tx: Connection, organisation: str, kind: LinkKind, hubspot_ids: Collection[str]) -> dict[str, Link]:
    """Find links by the HubSpot id; an id without a link is absent."""
    return {link.hubspot_id: link for link in _find(tx, organisation, kind, table.c.hubspot_id, hubspot_ids)}


def of_records(tx: Connection, kind: LinkKind, hubspot_ids: Collection[str]) -> list[Link]:
    """List the links of these HubSpot records in all organisations, for each record the first that was made first."""
    found: list[Link] = []
    for some in chunks(hubspot_ids):
        query = select(*_COLUMNS).where(table.c.kind == kind, table.c.hubspot_id.in_(some))
        found += [Link(*row) for row in tx.execute(query.order_by(table.c.made_at, table.c.organisation))]
    return found


def after(tx: Connection, organisation: str, kind: LinkKind, hubspot_id: str, limit: int) -> list[Link]:
    """List links in the order of their HubSpot ids, beginning after the one given."""
    mine = select(*_COLUMNS).where(table.c.organisation == organisation, table.c.kind == kind)
    mine = mine.where(table.c.hubspot_id > hubspot_id).order_by(table.c.hubspot_id).limit(limit)
    return [Link(*row) for row in tx.execute(mine)]


def put(tx: Connection, links: Sequence[Link], now: datetime) -> list[Link]:
    """Keep links, and give back for each one that was given the one that stands.

    The first link of a record stays. A second one that names either of its sides is not kept, and its place in the
    answer holds the first.
    """
    ordered = sorted(links, key=lambda link: (link.organisation, link.kind, link.xero_id))
    insert_or_ignore(tx, table, [asdict(link) | {"made_at": now} for link in ordered])
    standing: dict[tuple[str, str, str, str], Link] = {}
    for organisation, kind in {(link.organisation, link.kind) for link in links}:
        mine = [link for link in links if (link.organisation, link.kind) == (organisation, kind)]
        for xero_id, link in find(tx, organisation, kind, [link.xero_id for link in mine]).items():
            standing[organisation, kind, "xero", xero_id] = link
        for hubspot_id, link in find_by_hubspot(tx, organisation, kind, [link.hubspot_id for link in mine]).items():
            standing[organisation, kind, "hubspot", hubspot_id] = link
    return [
        standing.get((link.organisation, link.kind, "xero", link.xero_id))
        or standing[link.organisation, link.kind, "hubspot", link.hubspot_id]
        for link in links
    ]


def remove(tx: Connection, link: Link) -> None:
    """Forget a link, if it still is the one that stands."""
    tx.execute(
        delete(table).where(
            table.c.organisation == link.organisation,
            table.c.kind == link.kind,
            table.c.xero_id == link.xero_id,
            table.c.hubspot_id == link.hubspot_id,
        )
    )


def move(tx: Connection, link: Link, to: Link, now: datetime) -> bool:
    """Let a link name another record on one of its sides; tell whether it does. Its new sides must be free.

    It stays as old as it is: whose link is the oldest says which organisation a record shows.
    """
    mine = select(table.c.made_at).where(table.c.organisation == link.organisation, table.c.kind == link.kind)
    made_at = tx.execute(mine.where(table.c.xero_id == link.xero_id)).scalar() or now
    remove(tx, link)
    stands = put(tx, [to], made_at)[0] == to
    if not stands:
        put(tx, [link], made_at)
    return stands


def _find(tx: Connection, organisation: str, kind: LinkKind, column: Column[str], ids: Iterable[str]) -> Iterable[Link]:
    for some in chunks(ids):
        query = select(*_COLUMNS).where(table.c.organisation == organisation, table.c.kind == kind, column.in_(some))
        for row in tx.execute(query):
            yield Link(*row)
