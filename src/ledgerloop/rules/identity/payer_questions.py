"""Word the questions about who pays for a deal, both sides in view, with the ways out. Does no I/O.

docs/invoicing.md lists them all; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, LinkKind
from ledgerloop.rules.identity.choice import Doubt
from ledgerloop.rules.identity.evidence import Evidence
from ledgerloop.rules.identity.questions import contact_named, record_named
from ledgerloop.rules.identity.wording import described, listed


def which_customer(
    deal: str, company: Record, doubt: Doubt, known: Mapping[str, Customer], owed: Mapping[str, str]
) -> str:
    """Ask which customer in Xero pays for a company's deal."""
    some = _candidates(doubt, known, owed)
    return (
        f"It is not certain who pays: the company {record_named('company', company)} may be one of these customers in"
        f" Xero, or none of them: {listed(some)}. If it is one of them, write that one's id into the Xero contact id of"
        f" the deal's company; if it is none of them, run `ledgerloop link --deal {deal} --new`, and a customer of its"
        " own is made."
    )


def whose_contact(
    deal: str,
    contact: Record,
    employer: Record | None,
    doubt: Doubt,
    known: Mapping[str, Customer],
    owed: Mapping[str, str],
) -> str:
    """Ask which customer in Xero pays for the deal of a contact without a company; ``employer`` is where that one is.

    The contact may carry a customer's id already, since it has the customer's address and shows what that one owes, so
    no id is asked for.
    """
    some = _candidates(doubt, known, owed)
    at = f", whose company in HubSpot is {record_named('company', employer)}," if employer else ""
    pays = "; if that company pays, add it to the deal in HubSpot" if employer else ""
    return (
        f"It is not certain who pays: the contact {contact_named(contact)}{at} may be one of these customers in Xero,"
        f" or none of them: {listed(some)}. If it is one of them, run `ledgerloop link --deal {deal} --customer` with"
        f" that one's id{pays}; if it is none of them, run `ledgerloop link --deal {deal} --new`, and a customer of its"
        " own is made."
    )


def works_for(deal: str, contact: Record, employer: Record, customer: Customer) -> str:
    """Ask who pays where a contact without a company works for a customer, and is none itself."""
    return (
        f"It is not certain who pays: the deal has no company, and its contact {contact_named(contact)} works for the"
        f" HubSpot company {record_named('company', employer)}, which is the customer “{customer.name}”"
        f" ({customer.id}) in Xero. If that company pays, add it to the deal in HubSpot; if the contact pays, run"
        f" `ledgerloop link --deal {deal} --new`, and a customer of its own is made."
    )


def taken(deal: str, record: Record, customer: Customer, evidence: Evidence, holder: str) -> str:
    """Ask about a deal's company that fits a customer which is another company already."""
    return (
        f"The deal's company {record_named('company', record)} has {evidence} as the customer"
        f" “{customer.name}” ({customer.id}) in Xero, which is the HubSpot company {holder}. If the two companies are"
        f" one, merge {record.id} into {holder} in HubSpot; if they are two, run `ledgerloop link --deal {deal} --new`,"
        " and a customer of its own is made."
    )


def unknown_id(kind: LinkKind, carried: str, organisation: str) -> str:
    """Word that the paying record carries an id that no customer has."""
    return (
        f"The deal's {kind} carries the Xero contact id “{carried}”, and {organisation}'s Xero has no such customer."
        " Correct the id, or clear it."
    )


def carried_twice(deal: str, kind: LinkKind, customer: Customer, record: str, holder: str) -> str:
    """Word that the paying record carries the id of a customer that is another record's already."""
    return (
        f"The deal's {kind} {record} carries the Xero contact id of “{customer.name}”, which belongs to the HubSpot"
        f" {kind} {holder}. If {record} is the right one, run `ledgerloop link --customer {customer.id} --{kind}"
        f" {record} --replace`; if the two are one, merge them in HubSpot; if not, clear the id on {record}, and for a"
        f" customer of its own run `ledgerloop link --deal {deal} --new`."
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


def _candidates(doubt: Doubt, known: Mapping[str, Customer], owed: Mapping[str, str]) -> list[str]:
    return [customer_named(known[key], evidence, owed.get(key, "")) for key, evidence in doubt.candidates.items()]


def customer_named(customer: Customer, evidence: Evidence, owed: str) -> str:
    """Name a customer with its email, place, id and what it owes, and say what agrees and what does not."""
    owes = f" which owes {owed}," if owed else ""
    return f"{described(customer)} with the id {customer.id},{owes} with {evidence}"
