"""The clientele: who of the mirror's contacts is a customer, and so is shown in HubSpot.

A customer owes or owed us, or is linked: it has a receivable, the ledger says that it was sold to, or it has a contact
or company in HubSpot. Suppliers, and payees of the bank, are in the mirror as well, so that nobody who is there is made
a second time, and they are nobody's records. Every list of customers is made here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Connection, exists, not_, or_, select, true

from ledgerloop.store.statements import chunks
from ledgerloop.store.tables import customer as table
from ledgerloop.store.tables import link, receivable


def everybody(tx: Connection, organisation: str, *, show_all: bool = False) -> list[str]:
    """List the customers that are active and not merged into others; with ``show_all`` all contacts that are."""
    mine = select(table.c.id).where(table.c.organisation == organisation, table.c.active, table.c.merged_into == "")
    return list(tx.execute(mine.where(_shown(show_all)).order_by(table.c.id)).scalars())


def among(tx: Connection, organisation: str, ids: Collection[str], *, show_all: bool = False) -> set[str]:
    """Tell who of these contacts is a customer, archived and merged ones included; with ``show_all`` everybody is.

    Who was merged into another is looked at, whoever it was: its receivables are the survivor's now.
    """
    found: set[str] = set()
    for some in chunks(ids):
        mine = select(table.c.id).where(table.c.organisation == organisation, table.c.id.in_(some))
        found |= set(tx.execute(mine.where(or_(table.c.merged_into != "", _shown(show_all)))).scalars())
    return found


def to_compare(tx: Connection, organisation: str, after: str, limit: int) -> list[str]:
    """List whose balance may be worth comparing, in the order of their ids, beginning after the one given.

    That is everybody who was not merged into another and is no pure supplier: who has no receivable in our copy may
    have one that we missed.
    """
    mine = select(table.c.id).where(table.c.organisation == organisation, table.c.merged_into == "", table.c.id > after)
    wanted = or_(not_(table.c.is_supplier), _shown(show_all=False))
    return list(tx.execute(mine.where(wanted).order_by(table.c.id).limit(limit)).scalars())


def _shown(show_all: bool) -> ColumnElement[bool]:
    if show_all:
        return true()
    has_receivable = exists().where(
        receivable.c.organisation == table.c.organisation, receivable.c.customer == table.c.id
    )
    is_linked = exists().where(
        link.c.organisation == table.c.organisation,
        link.c.kind.in_(("contact", "company")),
        link.c.xero_id == table.c.id,
    )
    return or_(table.c.is_customer, has_receivable, is_linked)
