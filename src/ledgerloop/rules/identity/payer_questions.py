"""Word the questions about who pays for a deal, both sides in view, with the ways out. Does no I/O.

docs/invoicing.md lists them all; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, LinkKind
from ledgerloop.rules.identity.choice import Doubt
from ledgerloop.rules.identity.evidence import Evidence
from ledgerloop.rules.identity.profiles import person_name
from ledgerloop.rules.identity.wording import described, listed, with_details


def which_customer(
    deal: str, kind: LinkKind, record: Record, doubt: Doubt, known: Mapping[str, Customer], owed: Mapping[str, str]
) -> str:
    """Ask which customer in Xero pays for a deal."""
    some = [customer_named(known[key], evidence, owed.get(key, "")) for key, evidence in doubt.candidates.items()]
    if kind == "contact":  # which may carry that id already, since it has the customer's address and shows it
        return (
            f"It is not certain who pays: {_buyer(kind, record)} may be one of these customers in Xero, or none of"
            f" them: {listed(some)}. If it is one of them, run `ledgerloop link --deal {deal} --customer` with that"
            f" one's id; if it is none of them, run `ledgerloop link --deal {deal} --new`, and a customer of its own is"
            " made."
        )
    return (
        f"It is not certain who pays: {_buyer(kind, record)} may be one of these customers in Xero, or none of them:"
        f" {listed(some)}. If it is one of them, write that one's id into the Xero contact id of the deal's company; if"
        f" it is none of them, run `ledgerloop link --deal {deal} --new`, and a customer of its own is made."
    )


def taken(deal: str, record: Record, customer: Customer, evidence: Evidence, holder: str) -> str:
    """Ask about a deal's company that fits a customer which is another company already."""
    name = (record.properties.get("name") or "").strip()
    return (
        f"The deal's company “{name}” ({record.id}) has {evidence} as the customer “{customer.name}” ({customer.id}) in"
        f" Xero, which is the HubSpot company {holder}. If the two companies are one, merge {record.id} into {holder}"
        f" in HubSpot; if they are two, run `ledgerloop link --deal {deal} --new`, and a customer of its own is made."
    )


def unknown_id(kind: LinkKind, carried: str, organisation: str) -> str:
    """Word that the paying record carries an id that no customer has."""
    return (
        f"The deal's {kind} carries the Xero contact id “{carried}”, and {organisation}'s Xero has no such customer."
        " Correct the id, or clear it."
    )


def carried_twice(kind: LinkKind, customer: Customer, record: str, holder: str) -> str:
    """Word that the paying record carries the id of a customer that is another record's already."""
    return (
        f"The deal's {kind} {record} carries the Xero contact id of “{customer.name}”, which belongs to the HubSpot"
        f" {kind} {holder}. If {record} is the right one, run `ledgerloop link --customer {customer.id} --{kind}"
        f" {record} --replace`; if {holder} is, clear the id on {record}; if the two are one, merge them in HubSpot."
    )


def archived(deal: str, customer: Customer, owed: str = "") -> str:
    """Word that the customer of a deal is archived, and what it still owes."""
    if owed:
        return (
            f"The customer “{customer.name}” of this deal is archived in Xero, and {owed} is still open on it. Restore"
            f" “{customer.name}” in Xero; or, if it is another firm, run `ledgerloop link --deal {deal} --new`, and a"
            " customer of its own is made."
        )
    return (
        f"The customer “{customer.name}” of this deal is archived in Xero. Restore “{customer.name}” in Xero; or, if it"
        f" is another firm, run `ledgerloop link --deal {deal} --new`, and a customer of its own is made."
    )


def archived_beside(customer: Customer, owed: str = "") -> str:
    """Word that an archived customer may be that of a deal, besides active ones that are in question."""
    if owed:
        return (
            f"“{customer.name}” ({customer.id}), which may be the customer of this deal, is archived in Xero, and"
            f" {owed} is still open on it. If it is the customer, restore it in Xero and try the deal again."
        )
    return (
        f"“{customer.name}” ({customer.id}), which may be the customer of this deal, is archived in Xero. If it is the"
        " customer, restore it in Xero and try the deal again."
    )


def _buyer(kind: LinkKind, record: Record) -> str:
    values = record.properties
    if kind == "company":
        about = (values.get("domain"), values.get("city"), record.id)
        return f"the company {with_details((values.get('name') or '').strip(), about, '“{}”')}"
    return (
        f"the contact {with_details(person_name(record), (values.get('email'), values.get('city'), record.id), '“{}”')}"
    )


def customer_named(customer: Customer, evidence: Evidence, owed: str) -> str:
    """Name a customer with its email, place, id and what it owes, and say what agrees and what does not."""
    owes = f" which owes {owed}," if owed else ""
    return f"{described(customer)} with the id {customer.id},{owes} with {evidence}"
