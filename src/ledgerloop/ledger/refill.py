"""Read all contacts of an organisation once more after an upgrade that keeps more of them. Called inside a step.

It is silent: nobody is looked at because our copy knows more of him now. What really changed in Xero is still news,
whichever of the two ways brings it first, this reading or the usual pull beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ledgerloop.ledger.pull import pages
from ledgerloop.parts import parts
from ledgerloop.records import Customer
from ledgerloop.rules.customers import customer_from_contact
from ledgerloop.store import cursors, mirror
from ledgerloop.store.cursors import Cursor
from ledgerloop.xero.client import XeroClient
from ledgerloop.xero.models import Contact

ANEW = "contacts anew"
"""The cursor of this reading. A migration makes it, and it is forgotten when the last page is stored."""


def refill(client: XeroClient, organisation: str, interrupted: Callable[[], bool]) -> None:
    """Read the pages that are left, until live work is waiting: it goes on at its page in a later turn."""
    at = parts()
    with at.database.reading() as tx:
        if not cursors.begun(tx, organisation, ANEW):
            return
        first = cursors.get(tx, organisation, ANEW).page
    for number, page in pages(client.as_backfill(), "contacts", None, first):
        some = [customer_from_contact(organisation, one) for one in page.items if isinstance(one, Contact)]
        _store(organisation, some)
        with at.database.transaction() as tx:
            if number < page.page_count:
                cursors.put(tx, Cursor(organisation, ANEW, None, number + 1, None))
            else:
                cursors.forget(tx, organisation, ANEW)
        if interrupted():
            return


def _store(organisation: str, some: Sequence[Customer]) -> None:
    """Store contacts, silently where only what was not kept before is new."""
    with parts().database.transaction() as tx:
        since = cursors.get(tx, organisation, "contacts").since
        known = mirror.customers(tx, organisation, [one.id for one in some])
        changed = [one for one in some if one.id in known and _completed(known[one.id], one) != one]
        coming = {
            one.id for one in some if one.id not in known and since and one.updated_at and one.updated_at >= since
        }
        news = {one.id for one in changed} | coming  # the usual pull brings those that are new in Xero as well
        mirror.store_customers(tx, [one for one in some if one.id not in news], touch=False)
        mirror.store_customers(tx, changed)


def _completed(known: Customer, read: Customer) -> Customer:
    """Return what we had, with what was not kept before."""
    return replace(
        known,
        is_customer=read.is_customer,
        is_supplier=read.is_supplier,
        tax_number=read.tax_number,
        company_number=read.company_number,
        keys=read.keys,
        updated_at=read.updated_at,
    )
