"""The further people of customers: which HubSpot contact each is, and at which company it stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Column, Connection, delete, select

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


_COLUMNS = [table.c[name] for name in ("organisation", "customer", "email", "hubspot_id", "company")]


def of_customers(tx: Connection, organisation: str, customers: Collection[str]) -> dict[tuple[str, str], Known]:
    """Look up the people of these customers, by customer and email."""
    found: dict[tuple[str, str], Known] = {}
    for some in chunks(customers):
        mine = select(*_COLUMNS).where(table.c.organisation == organisation, table.c.customer.in_(some))
        found |= {(row.customer, row.email): Known(*row) for row in tx.execute(mine)}
    return found


def put(tx: Connection, people: Sequence[Known]) -> None:
    """Keep people, in the place of what was known before."""
    ordered = sorted(people, key=lambda one: (one.organisation, one.customer, one.email))
    upsert(tx, table, [asdict(one) for one in ordered])


def of_records(tx: Connection, hubspot_ids: Collection[str]) -> list[Known]:
    """List whose further people these contacts are, in any organisation."""
    return _known(tx, table.c.hubspot_id, hubspot_ids)


def by_email(tx: Connection, emails: Collection[str]) -> list[Known]:
    """List the further people with these emails, in any organisation."""
    return _known(tx, table.c.email, emails)


def forget(tx: Connection, hubspot_ids: Collection[str]) -> None:
    """Forget people, their addresses included, because they were erased."""
    for some in chunks(hubspot_ids):
        tx.execute(delete(table).where(table.c.hubspot_id.in_(some)))


def _known(tx: Connection, column: Column[str], values: Collection[str]) -> list[Known]:
    found: list[Known] = []
    for some in chunks(values):
        query = select(*_COLUMNS).where(column.in_(some), table.c.hubspot_id != "")
        found += [Known(*row) for row in tx.execute(query)]
    return found
