"""Word every doubt about who is who, as whole sentences for the person who can cure it. Does no I/O.

docs/matching.md lists them all; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence

from ledgerloop.records import Customer
from ledgerloop.rules.vendor_messages import whole

_MOST = 5


def shared_email(customer: Customer, others: Sequence[str]) -> str:
    """Word that a HubSpot contact can be only one of several customers."""
    named = ", ".join(f"“{one}”" for one in others[:_MOST])
    more = f" and {len(others) - _MOST} more" if len(others) > _MOST else ""
    return (
        f"The email {customer.email} of “{customer.name}” is also that of {named}{more} in Xero, and HubSpot keeps one"
        " contact for an email. Its company, if it has one, is kept up to date; for a contact, give each its own."
    )


def shared_record(customer: Customer, kind: str, record: str) -> str:
    """Word that two customers fit one record."""
    return shared_contact(customer, record) if kind == "contact" else shared_company(customer, record)


def shared_contact(customer: Customer, record: str) -> str:
    """Word that two customers fit one contact."""
    return (
        f"“{customer.name}” and another Xero customer both fit the HubSpot contact {record}. Write {customer.id} into"
        " the Xero contact id of the contact that it is; for a contact of its own, give it an email of its own in Xero."
    )


def shared_company(customer: Customer, record: str) -> str:
    """Word that two customers fit one company."""
    return (
        f"“{customer.name}” and another Xero customer both fit the HubSpot company {record}. Write {customer.id} into"
        f" the Xero contact id of the company that it is; for a company of its own, run `ledgerloop link --customer"
        f" {customer.id} --new`."
    )


def record_of_customer(customer: Customer, kind: str, record: str, whose: Customer) -> str:
    """Word that the record which fits, or carries the customer's id, is another customer already."""
    if kind == "contact":
        return contact_of_customer(customer, record, whose)
    return company_of_customer(customer, record, whose)


def contact_of_customer(customer: Customer, record: str, whose: Customer) -> str:
    """Word that the contact which fits is another customer already."""
    return (
        f"The HubSpot contact {record} fits “{customer.name}”, but is “{whose.name}” in Xero, and a record is one"
        f" customer. If it is “{customer.name}”, run `ledgerloop unlink --customer {whose.id} --contact` and then"
        f" `ledgerloop link --customer {customer.id} --contact {record}`; if it is not, write {customer.id} into the"
        " Xero contact id of the contact that it is, or give it an email of its own in Xero."
    )


def company_of_customer(customer: Customer, record: str, whose: Customer) -> str:
    """Word that the company which fits is another customer already."""
    return (
        f"The HubSpot company {record} fits “{customer.name}”, but is “{whose.name}” in Xero, and a record is one"
        f" customer. If it is “{customer.name}”, run `ledgerloop unlink --customer {whose.id} --company` and then"
        f" `ledgerloop link --customer {customer.id} --company {record}`; if it is not, write {customer.id} into the"
        f" Xero contact id of the company that it is, or, for a company of its own, run `ledgerloop link --customer"
        f" {customer.id} --new`."
    )


def id_on_two(customer: Customer, kind: str, record: str, holder: str) -> str:
    """Word that two records carry a customer's id, so that nobody has said which of them it is."""
    return (
        f"The HubSpot {kind} {holder} carries the Xero contact id of “{customer.name}”, and so does {record}, which"
        f" shows what it owes. If {record} is the right one, clear the id on {holder}; if {holder} is, clear it on"
        f" {record}, and what it owes is shown on {holder}."
    )


def another_customer(customer: Customer, kind: str, record: str, carried: str) -> str:
    """Word that the record which fits says it is another customer."""
    return (
        f"The HubSpot {kind} {record} fits “{customer.name}” but carries the Xero contact id {carried}. Clear that id"
        f" if it is out of date; if it is not, write {customer.id} into the Xero contact id of another {kind}."
    )


def another_organisation(customer: Customer, kind: str, record: str, organisation: str, other: str) -> str:
    """Word that the record which fits shows another organisation's customer."""
    return (
        f"The HubSpot {kind} {record} fits “{customer.name}” of {organisation}, but shows a customer of {other}, and a"
        f" record shows one organisation. To see what is owed to {organisation} as well, write {customer.id} into the"
        f" Xero contact id of another {kind}."
    )


def deleted_twice(customer: Customer, kind: str) -> str:
    """Word that a record which was made anew was deleted again."""
    return (
        f"The {kind} of “{customer.name}” was deleted in HubSpot twice, so it is not made a third time. Restore it in"
        f" HubSpot, or write {customer.id} into the Xero contact id of another."
    )


def forgotten(customer: Customer) -> str:
    """Word that a contact with the customer's address was deleted for privacy."""
    return (
        f"A contact with the email of “{customer.name}” was deleted in HubSpot for privacy, so none is made again."
        " Delete the person's name and email in Xero as well, or put another person's there. If nobody asked to be"
        " forgotten, make the contact in HubSpot yourself: it is taken with the next catch-up."
    )


def merged_in_hubspot(customer: Customer, kind: str, survivor: str) -> str:
    """Word that two customers have one HubSpot record now."""
    return (
        f"The {kind} of “{customer.name}” was merged in HubSpot into {survivor}, which is another Xero customer. Merge"
        f" the two customers in Xero, or write {customer.id} into the Xero contact id of another {kind}."
    )


def merged_in_xero(customer: Customer, into: Customer, kind: str, ours: str, theirs: str) -> str:
    """Word that one customer has two HubSpot records now."""
    return (
        f"“{customer.name}” was merged in Xero into “{into.name}”, and HubSpot has a {kind} for each: {ours} and"
        f" {theirs}. Merge {ours} into {theirs} in HubSpot."
    )


def archived_owes(customer: Customer, archived: str, records: str, still: str) -> str:
    """Word that an archived customer of the same name has the records, and something is still open on it."""
    return (
        f"“{customer.name}” is active in Xero, but the archived customer of the same name ({archived}) has the HubSpot"
        f" records ({records}), and {still} is still open on it, which they show. If both are the same customer, settle"
        " that in Xero, and the records go to the active one; they stay until then. If not, write"
        f" {customer.id} into the Xero contact id of another record."
    )


def archived_differs(customer: Customer, archived: str, records: str, what: str) -> str:
    """Word that an archived customer of the same name has the records, and may be another."""
    return (
        f"“{customer.name}” is active in Xero, but the archived customer of the same name ({archived}) has the HubSpot"
        f" records ({records}) and another {what}. If both are the same customer, write {customer.id} into the Xero"
        " contact id of one of these records; if not, of another record."
    )


def archived_unseen(customer: Customer, still: str) -> str:
    """Word that an archived customer has something open and no HubSpot record any more that shows it."""
    return (
        f"“{customer.name}” ({customer.id}) is archived in Xero, and {still} is still open on it, which no HubSpot"
        f" record shows any more. Settle that in Xero; or restore “{customer.name}” there, or write {customer.id} into"
        " the Xero contact id of the record that is to show it."
    )


def restored(customer: Customer, kind: str, back: str, now: str) -> str:
    """Word that a record came back after another had taken its place."""
    return (
        f"The {kind} {back} of “{customer.name}” was restored in HubSpot, but {now} has taken its place. Merge {back}"
        f" into {now} in HubSpot."
    )


def refused_create(kind: str, said: str) -> str:
    """Word that HubSpot would not make a record at all."""
    return (
        f"HubSpot would not create a {kind} for this Xero customer: {whole(said)} Correct in Xero or in HubSpot what it"
        f" says, and the {kind} is made."
    )


def required(customer: Customer, kind: str, asked: Sequence[str]) -> str:
    """Word that a rule of the account asks for what Xero does not have."""
    names = ", ".join(f"`{name}`" for name in asked)
    return (
        f"HubSpot would not create a {kind} for “{customer.name}”, because a rule there requires {names}, which Xero"
        f" does not give. Correct the rule in HubSpot so that a {kind} may be made without it."
    )


def id_carried(customer: Customer, kind: str, said: str) -> str:
    """Word that some record which cannot be found carries the customer's id, so that none can be made with it."""
    return (
        f"HubSpot would not create a {kind} for “{customer.name}”: {whole(said)} Look in HubSpot for the {kind} whose"
        f" Xero contact id is {customer.id}, archived ones included, and clear the id there."
    )


def refused_update(kind: str, record: str, said: str) -> str:
    """Word that HubSpot would not change a record."""
    return (
        f"HubSpot would not update the {kind} {record}: {whole(said)} Correct in HubSpot or in Xero what it says, and"
        " it is written."
    )


def refused_value(kind: str, record: str, name: str, said: str) -> str:
    """Word that HubSpot would not take one of the standing's values."""
    return f"HubSpot would not take `{name}` for the {kind} {record}: {whole(said)} Correct the property in HubSpot."


def refused_stage(record: str, stage: str, said: str) -> str:
    """Word that HubSpot would not move a deal whose invoice is paid."""
    return (
        f"HubSpot would not move the deal {record} to the stage “{stage}”, which its route has as `paid_stage`:"
        f" {whole(said)} Correct `paid_stage` and start the service again, and the deal goes there."
    )


def refused_notes(said: str) -> str:
    """Word that HubSpot takes no notes at all."""
    return (
        f"HubSpot would not take notes on invoices: {whole(said)} Give the token what it lacks, or set `standing.notes`"
        " to false and start the service again. All else goes on; notes are tried again every quarter of an hour."
    )


def refused_beside(work: str, said: str) -> str:
    """Word that a vendor refuses work that stands beside the balances."""
    return (
        f"What fails is {work}: {whole(said)} Give the connection what it lacks, or switch that off in the settings and"
        " start the service again. All else goes on; this is tried again every quarter of an hour."
    )


def broken_beside(work: str, problem: str) -> str:
    """Word that work beside the balances broke on a fault of ours."""
    return (
        f"What fails is {work}, unexpectedly: {problem}. Please report this. All else goes on; this is tried again"
        " every quarter of an hour."
    )


def id_taken(kind: str, record: str, holder: str, xero_id: str) -> str:
    """Word that another record carries the customer's id, which is unique."""
    return (
        f"The HubSpot {kind} {holder} already carries the Xero contact id that {record} should have. Clear the id on"
        f" {holder}; if {holder} is the right one, run `ledgerloop link --customer {xero_id} --{kind} {holder}"
        f" --replace` instead; only if both are one and the same, you may merge {holder} into {record} in HubSpot."
    )


def email_of_stranger(customer: Customer, record: str, holder: str, person: str, firm: str) -> str:
    """Word that a contact which is nobody's has the email that the customer got in Xero; ``firm`` may be empty."""
    there = f"{person} of “{firm}”" if firm else person
    return (
        f"The email of “{customer.name}” in Xero is now that of the HubSpot contact {there}, while its contact is"
        f" {record}. If {holder} is the right one, clear the Xero contact id of {record} and write {customer.id} into"
        f" that of {holder}; if it is not, correct the email in Xero. Both contacts stay."
    )


def email_of_customer(customer: Customer, record: str, holder: str, other: str) -> str:
    """Word that another customer's contact has the email that the customer got in Xero."""
    return (
        f"The email of “{customer.name}” in Xero is now that of the HubSpot contact {holder}, which belongs to"
        f" “{other}”, so {record} stays its contact. Give “{customer.name}” an email of its own in Xero."
    )


def email_of_firm(customer: Customer, record: str, firm: str) -> str:
    """Word that the email which the customer got in Xero is another firm's, such as its bookkeepers'."""
    return (
        f"The email of “{customer.name}” in Xero is now {customer.email}, an address of the HubSpot company {firm},"
        f" which is another firm, so {record} stays its contact. Give “{customer.name}” an email of its own in Xero;"
        f" only if its debts may be seen at that firm, clear the Xero contact id of {record} and write {customer.id}"
        " into that of the contact with the new email, which you make in HubSpot where there is none."
    )


def email_erased(customer: Customer, record: str) -> str:
    """Word that the email which the customer got in Xero was deleted for privacy."""
    return (
        f"The contact {record} of “{customer.name}” could not get its new email from Xero, because the person who had"
        " it was deleted in HubSpot for privacy. Delete the person's name and email in Xero as well, or put another"
        " person's there."
    )


def refused_by_xero(customer: Customer, said: str) -> str:
    """Word that Xero would not take what was changed in HubSpot."""
    return (
        f"Xero would not take what was changed in HubSpot for “{customer.name}”: {whole(said)} Correct it in HubSpot."
    )
