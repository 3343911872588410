"""The further people of customers: which HubSpot contact each is, and at which company it stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select

from ledgerloop.store.statements import chunks, upsert
from ledgerloop.store.tables import person as table


@dataclass(frozen=True, slots=True)
class Known:
    """A person that HubSpot has. Known by the email: Xero gives a contact's people no ids."""

    organisation: str
    customer: str
    email: str
    hubspot_id: str
    """Empty where HubSpot refused the person; it is not offered again under this email."""
    company: str
    """The company that the contact was associated with."""


def of_customers(tx: Connection, organisation: str, customers: Collection[str]) -> dict[tuple[str, str], Known]:
    """Look up the people of these customers, by customer and email."""
    columns = (table.c.organisation, table.c.customer, table.c.email, table.c.hubspot_id, table.c.company)
    found: dict[tuple[str, str], Known] = {}
    for some in chunks(customers):
        mine = select(*columns).where(table.c.organisation == organisation, table.c.customer.in_(some))
        found |= {(row.customer, row.email): Known(*row) for row in tx.execute(mine)}
    return found


def put(tx: Connection, people: Sequence[Known]) -> None:
    """Keep people, in the place of what was known before."""
    ordered = sorted(people, key=lambda one: (one.organisation, one.customer, one.email))
    upsert(tx, table, [asdict(one) for one in ordered])
