"""Name what a line of the journal or a question is about, such as ``deal 4711``, and read such names. No I/O.

The names are kept as text, under which people search for them too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NewType

Subject = NewType("Subject", str)
"""What kind of thing it is, and its id."""


def deal(deal_id: str) -> Subject:
    """Name a deal."""
    return Subject(f"deal {deal_id}")


def customer(customer_id: str) -> Subject:
    """Name a customer, by its ContactID in Xero."""
    return Subject(f"customer {customer_id}")


def portal(portal_id: str) -> Subject:
    """Name a HubSpot portal."""
    return Subject(f"portal {portal_id}")


def organisation(organisation_id: str) -> Subject:
    """Name an organisation."""
    return Subject(f"organisation {organisation_id}")


DATABASE = Subject("database")
"""The database itself, once it was put back."""


def brake(lane: str) -> Subject:
    """Name the circuit breaker of an organisation or of a portal's invoices."""
    return Subject(f"brake {lane}")


def invoice(invoice_id: str) -> Subject:
    """Name an invoice in Xero that doubles another."""
    return Subject(f"invoice {invoice_id}")


def balance(customer_id: str) -> Subject:
    """Name what a customer owes by our copy and by Xero."""
    return Subject(f"balance {customer_id}")


def properties(portal_id: str) -> Subject:
    """Name the properties of a portal."""
    return Subject(f"properties {portal_id}")


def hubspot(kind: str, record_id: str) -> Subject:
    """Name a record in HubSpot."""
    return Subject(f"hubspot {kind} {record_id}")


def xero(kind: str, record_id: str) -> Subject:
    """Name a record in Xero."""
    return Subject(f"xero {kind} {record_id}")


def deal_of(subject: str) -> str:
    """Return the id of the deal that it is about; nothing where it is about something else."""
    return _behind("deal ", subject)


def customer_of(subject: str) -> str:
    """Return the id of the customer that it is about; nothing where it is about something else."""
    return _behind("customer ", subject)


def invoice_of(subject: str) -> str:
    """Return the id of the invoice that it is about; nothing where it is about something else."""
    return _behind("invoice ", subject)


def record_of(subject: str, kind: str) -> str:
    """Return the id of the HubSpot record of a kind that it is about; nothing where it is about something else."""
    return _behind(f"hubspot {kind} ", subject)


def is_about_customers(subject: str) -> bool:
    """Tell whether it is about a customer, what it owes, or a record of one."""
    return subject.startswith(("customer ", "balance ", "hubspot contact ", "hubspot company "))


def deals_of(some: Iterable[str]) -> list[str]:
    """Return the ids of the deals among subjects."""
    return [found for one in some if (found := deal_of(one))]


def customers_of(some: Iterable[str]) -> list[str]:
    """Return the ids of the customers among subjects."""
    return [found for one in some if (found := customer_of(one))]


def _behind(kind: str, subject: str) -> str:
    return subject.removeprefix(kind) if subject.startswith(kind) else ""
