"""Describe records as people know them, for the sentences about who is who. Does no I/O."""

from __future__ import annotations

from collections.abc import Sequence

from ledgerloop.records import Customer
from ledgerloop.rules.identity.evidence import CONTACT_NUMBER, Evidence

_MOST = 5
"""Candidates that a sentence lists; of more it says how many there are."""


def found(evidence: Evidence, others: Sequence[str]) -> str:
    """Say on what evidence a record was taken, and beside which others."""
    beside = f" Also looked at: {listed(others)}." if others else ""
    return f"It has {evidence}.{beside}"


_WAYS = {
    "ruling": "A person said so.",
    "id": "It carries the customer's Xero contact id.",
    CONTACT_NUMBER: "The customer's contact number in Xero names it.",
    "number": "The customer's contact number in Xero names it.",  # as releases before called it
    "email": "It has the customer's email.",
    "contact": "It is the company of the customer's contact.",
    "created": "It was made for it.",
    "merged": "It took the place of a record that was merged.",
    "succeeded": "It was that of an archived customer, made anew in Xero under its name.",
    "restored": "It was restored.",
    "link": "It was linked before.",
}


def by(how: str) -> str:
    """Say in a sentence how a link came about."""
    return _WAYS.get(how, f"It was found by {how}.")


def described(customer: Customer) -> str:
    """Return a customer's name, email and place."""
    return with_details(customer.name, (customer.email, customer.city), "“{}”")


def with_details(name: str, details: Sequence[str | None], form: str) -> str:
    """Return a name in a form, with what else is known in brackets; who has no name is called by the first of that."""
    known = [text.strip() for text in details if text and text.strip()]
    called, beside = (form.format(name), known) if name else (known[0] if known else "", known[1:])
    return called + (f" ({', '.join(beside)})" if beside else "")


def listed(some: Sequence[str]) -> str:
    """List candidates, and say how many more there are where they are many."""
    more = f"; and {len(some) - _MOST} more" if len(some) > _MOST else ""
    return "; ".join(some[:_MOST]) + more
