"""Seed customers who owe one invoice each, wait until HubSpot shows them, let them pay, and look at what is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.processes import Broken
from bench.scene import Scene

SHOWN = ("xero_invoice_status", "xero_outstanding_balance", "xero_contact_id", "email")
_SEEDING = 100_000
"""Calls in ten seconds that HubSpot grants while customers are seeded, which nobody measures."""


@dataclass(frozen=True, slots=True)
class Customer:
    """One customer at both vendors, with the invoice it owes."""

    organisation: str
    email: str
    xero: str
    invoice: str


def seed(scene: Scene, count: int, owes: str = "100.00", seconds: float = 150.0) -> list[Customer]:
    """Make so many customers in each organisation, and wait until they are linked and their standing is shown."""
    # These customers have been there for long: HubSpot's search knows them, and seeding them took no quota.
    scene.configure("hubspot", burst=_SEEDING, search_lag_create=0)
    made = [one for organisation in scene.organisations for one in _make(scene, organisation, count, owes)]
    scene.settle(seconds)
    wrong = not_showing(scene, made, "AUTHORISED", owes)
    if wrong:
        raise Broken(f"{len(wrong)} of {len(made)} customers are not shown before the measurement: {wrong[:3]}")
    scene.configure("hubspot", burst=None)
    scene.rest()
    return made


def pay(scene: Scene, customers: Sequence[Customer], amount: str = "100.00") -> list[str]:
    """Record a payment of each customer's invoice, all of an organisation as one batch, and return their ids."""
    paid: list[str] = []
    for organisation in dict.fromkeys(one.organisation for one in customers):
        bodies = [
            {"Invoice": {"InvoiceID": one.invoice}, "Account": {"Code": "090"}, "Amount": float(amount)}
            for one in customers
            if one.organisation == organisation
        ]
        paid += [str(made["PaymentID"]) for made in scene.in_xero("/Payments", "Payments", bodies, organisation)]
    return paid


def not_showing(scene: Scene, customers: Sequence[Customer], status: str, balance: str) -> list[tuple[str, Any]]:
    """Return the contacts and companies that do not show this status and balance."""
    contacts = _read(scene, "contacts", "email", [one.email for one in customers])
    companies = _read(scene, "companies", "xero_contact_id", [one.xero for one in customers])
    wanted = (status, float(balance))
    wrong: list[tuple[str, Any]] = []
    for one in customers:
        for kind, found in (("contact", contacts.get(one.email)), ("company", companies.get(one.xero))):
            shown = found and (found["xero_invoice_status"], float(found["xero_outstanding_balance"] or "nan"))
            if shown != wanted:
                wrong.append((f"{kind} of {one.email}", shown))
    return wrong


def _make(scene: Scene, organisation: str, count: int, owes: str) -> list[Customer]:
    mark = organisation[:8]
    emails = [f"owner{number}@{mark}-{number}.example.com" for number in range(count)]
    people = [{"Name": f"Customer {mark} {number}", "EmailAddress": email} for number, email in enumerate(emails)]
    ids = [str(one["ContactID"]) for one in scene.in_xero("/Contacts", "Contacts", people, organisation)]
    bodies = [_invoice(customer, owes) for customer in ids]
    invoices = [str(one["InvoiceID"]) for one in scene.in_xero("/Invoices", "Invoices", bodies, organisation)]
    return [Customer(organisation, *one) for one in zip(emails, ids, invoices, strict=True)]


def _invoice(customer: str, owes: str) -> dict[str, Any]:
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": float(owes), "AccountCode": "200", "TaxType": "NONE"}
    return {
        "Type": "ACCREC",
        "Contact": {"ContactID": customer},
        "LineItems": [line],
        "Date": "2026-11-01",
        "DueDate": "2099-12-31",
        "Status": "AUTHORISED",
    }


def _read(scene: Scene, kind: str, by: str, values: Sequence[str]) -> dict[str, Mapping[str, str | None]]:
    properties = [name for name in SHOWN if kind == "contacts" or name != "email"]
    read = scene.in_hubspot(kind, "read", [{"id": value} for value in values], idProperty=by, properties=properties)
    return {one["properties"][by]: one["properties"] for one in read}
