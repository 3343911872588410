"""Links: that a Xero record and a HubSpot record are the same thing. One to one within an organisation and kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, delete, literal_column, select, tuple_, update

from ledgerloop.records import Link, LinkKind
from ledgerloop.store.statements import chunks, insert_or_ignore
from ledgerloop.store.tables import link as table

RULE = 1
"""The number of today's rule for who is who. A link of a lower number is weighed again, once."""
DECIDED = ("link", "id", "contact number", "number", "created", "ruling", "merged", "restored")
"""How links come about that nobody needs to weigh: a person, an id or a contact number said so, or we made the record.

A contact number was called “number” before."""
_CUSTOMERS = ("contact", "company")
_EARLIER = table.c.rule == literal_column("0")  # as the partial index has it: SQLite takes no parameter for that

_COLUMNS = [table.c[name] for name in ("organisation", "xero_id", "kind", "hubspot_id", "how")]


@dataclass(frozen=True, slots=True)
class Kept:
    """A link, since when it stands, and whether a person is asked about it."""

    link: Link
    made_at: datetime
    rule: int
    """The number of the rule by which it was made; 0 for an earlier one."""
    asks: str
    """What a person is asked; empty where nothing is. Until there is an answer nothing is written to the record."""


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


def stand_back(tx: Connection, organisation: str, now: datetime) -> None:
    """Put an organisation's links to contacts and companies behind those that others have to the same records."""
    mine = update(table).where(table.c.organisation == organisation, table.c.kind.in_(("contact", "company")))
    tx.execute(mine.values(made_at=now))


def put(tx: Connection, links: Sequence[Link], now: datetime) -> list[Link]:
    """Keep links, and give back for each one that was given the one that stands.

    The first link of a record stays. A second one that names either of its sides is not kept, and its place in the
    answer holds the first.
    """
    ordered = sorted(links, key=lambda link: (link.organisation, link.kind, link.xero_id))
    insert_or_ignore(tx, table, [asdict(link) | {"made_at": now, "rule": RULE, "asks": ""} for link in ordered])
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


def listed(
    tx: Connection, organisation: str, customers: Collection[str] | None = None, *, asked: bool = False
) -> list[Kept]:
    """List the links of customers to contacts and companies, or of these; or only those that a person is asked about.

    They come in the order of their customers.
    """
    mine = select(*_COLUMNS, table.c.made_at, table.c.rule, table.c.asks)
    mine = mine.where(table.c.organisation == organisation, table.c.kind.in_(_CUSTOMERS))
    if asked:
        mine = mine.where(_EARLIER, table.c.asks != "")
    mine = mine.order_by(table.c.xero_id, table.c.kind)
    if customers is None:
        return [_kept(row) for row in tx.execute(mine)]
    return [_kept(row) for some in chunks(sorted(customers)) for row in tx.execute(mine.where(_of(some)))]


def unreviewed(
    tx: Connection, organisation: str, customers: Collection[str] | None = None, limit: int | None = None
) -> list[Link]:
    """List the links of customers, or of these, that an earlier rule made by evidence and today's has not weighed."""
    mine = select(*_COLUMNS).where(table.c.organisation == organisation, table.c.kind.in_(_CUSTOMERS))
    mine = mine.where(_EARLIER, table.c.asks == "", table.c.how.not_in(DECIDED))
    mine = mine.order_by(table.c.xero_id, table.c.kind).limit(limit)
    if customers is None:
        return [Link(*row) for row in tx.execute(mine)]
    return [Link(*row) for some in chunks(sorted(customers)) for row in tx.execute(mine.where(_of(some)))]


def accept(tx: Connection, links: Collection[Link], how: str = "") -> None:
    """Say that links stand by today's rule, so that nobody is asked about them; ``how`` where that is another now."""
    changes = {"rule": RULE, "asks": ""} | ({"how": how} if how else {})
    for some in chunks(links):
        tx.execute(update(table).where(_these(some)).values(changes))


def ask(tx: Connection, sentences: Mapping[Link, str]) -> None:
    """Say what a person is asked about links."""
    for link, sentence in sentences.items():
        tx.execute(update(table).where(_these([link])).values(asks=sentence))


def asked(tx: Connection, links: Collection[Link]) -> dict[tuple[LinkKind, str], str]:
    """Return what a person is asked about these links, by kind and record; those that nobody asks about are absent."""
    wanted = {(one.organisation, one.kind, one.xero_id, one.hubspot_id) for one in links}
    if not wanted:
        return {}
    # Few are asked about, if any, and this is asked for every payment: all of them are looked at.
    return {
        (row.kind, row.hubspot_id): row.asks
        for row in tx.execute(select(table).where(_EARLIER, table.c.asks != ""))
        if (row.organisation, row.kind, row.xero_id, row.hubspot_id) in wanted
    }


def _these(links: Collection[Link]) -> ColumnElement[bool]:
    key = tuple_(table.c.organisation, table.c.kind, table.c.xero_id, table.c.hubspot_id)
    return key.in_([(one.organisation, one.kind, one.xero_id, one.hubspot_id) for one in links])


def _of(customers: Sequence[str]) -> ColumnElement[bool]:
    return table.c.xero_id.in_(customers)


def _kept(row: Any) -> Kept:
    link = Link(row.organisation, row.xero_id, row.kind, row.hubspot_id, row.how)
    return Kept(link, row.made_at, row.rule, row.asks if row.rule == 0 else "")


def _find(tx: Connection, organisation: str, kind: LinkKind, column: Column[str], ids: Iterable[str]) -> Iterable[Link]:
    for some in chunks(ids):
        query = select(*_COLUMNS).where(table.c.organisation == organisation, table.c.kind == kind, column.in_(some))
        for row in tx.execute(query):
            yield Link(*row)
