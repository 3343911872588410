"""Word the questions about which HubSpot record a customer is, both sides in view, with the ways out. Does no I/O.

docs/matching.md lists them all; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, LinkKind
from ledgerloop.rules.identity.choice import Doubt
from ledgerloop.rules.identity.evidence import CONTACT_NUMBER, Evidence
from ledgerloop.rules.identity.profiles import person_name
from ledgerloop.rules.identity.wording import described, listed, with_details


def which_company(customer: Customer, doubt: Doubt, companies: Mapping[str, Record]) -> str:
    """Ask which HubSpot company a customer is."""
    some = [company_named(companies[key], evidence) for key, evidence in doubt.candidates.items()]
    return (
        f"It is not certain which HubSpot company {described(customer)} is. It may be one of these, or none of them:"
        f" {listed(some)}. If it is one of them, write {customer.id} into its Xero contact id; if it is none of them,"
        f" run `ledgerloop link --customer {customer.id} --new`, and a company of its own is made."
    )


def rivals_for_company(customer: Customer, record: str, rivals: Sequence[Customer]) -> str:
    """Ask which of several customers a HubSpot company is."""
    others = listed([described(one) for one in rivals])
    return (
        f"The HubSpot company {record} fits {described(customer)}, and as well {others}. Write {customer.id} into the"
        " Xero contact id of the company that it is, or run"
        f" `ledgerloop link --customer {customer.id} --new`, and a company of its own is made."
    )


def stale_number(customer: Customer, kind: LinkKind, record: Record, evidence: Evidence) -> str:
    """Word that a customer's contact number, which people cannot change in Xero, names a record that is another."""
    name = (record.properties.get("name") if kind == "company" else person_name(record)) or record.id
    make = f", or run `ledgerloop link --customer {customer.id} --new`, and a company of its own is made"
    new = make if kind == "company" else ", which you make in HubSpot where there is none"
    evidence = replace(evidence, agree=tuple(each for each in evidence.agree if each != CONTACT_NUMBER))
    return (
        f"The contact number of {described(customer)} in Xero is “HubSpot {kind} {record.id}”, but “{name}” has"
        f" {evidence}. If they are one all the same, write {customer.id} into the Xero contact id of the {kind}; if"
        f" not, into that of the {kind} that it is{new}."
    )


def address_of_others(customer: Customer, contact: Record, company: Record) -> str:
    """Word that a customer's address belongs to people of another company, whose record it is not."""
    who = person_name(contact) or contact.properties.get("email") or contact.id
    return (
        f"The email {customer.email} of “{customer.name}” is that of the HubSpot contact {who} ({contact.id}) at"
        f" “{company.properties.get('name') or company.properties.get('domain') or company.id}”, which is another firm,"
        " so what this customer owes is not shown there. Its company, if it has one, is kept up to date. For a"
        " contact, give the customer an email of its own in Xero; only if its debts may be seen there, write"
        f" {customer.id} into the Xero contact id of the contact {contact.id}."
    )


def address_of_person(customer: Customer, contact: Record) -> str:
    """Word that who has a customer's address in HubSpot is called as another person than the customer's main one."""
    main = f"{customer.first_name} {customer.last_name}"
    return (
        f"The email {customer.email} of “{customer.name}” is that of {main} in Xero, and in HubSpot that of the contact"
        f" {person_name(contact)} ({contact.id}), so what this customer owes is not shown there. Its company, if it has"
        f" one, is kept up to date. If the contact is the customer's all the same, write {customer.id} into its Xero"
        " contact id; if not, give the customer an email of its own in Xero."
    )


def address_of_firm(customer: Customer, company: Record) -> str:
    """Word that a customer's address, which no contact has, is of another company's domain."""
    return (
        f"The email {customer.email} of “{customer.name}” is an address of the HubSpot company"
        f" {record_named('company', company)}, which is another firm, so no contact is made with it. Its own company is"
        " kept up to date. For a contact, give the customer an email of its own in Xero; only if its debts may be seen"
        f" at that firm, make the contact in HubSpot and write {customer.id} into its Xero contact id."
    )


def earlier_link(customer: Customer, kind: LinkKind, record: Record, how: str, said: str) -> str:
    """Ask about a link that an earlier rule made and today's would not, both records side by side."""
    return (
        f"An earlier release linked {described(customer)} to the HubSpot {kind} {record_named(kind, record)} by its"
        f" {how}, which is not enough any more: {said}. Nothing new is written there until somebody answers. If the two"
        f" are one, run `ledgerloop link --customer {customer.id} --{kind} {record.id}`; if they are not, run"
        f" `ledgerloop unlink --customer {customer.id} --{kind}`, and it is looked for anew."
    )


def older_company(customer: Customer, made: str, company: Record, evidence: Evidence) -> str:
    """Ask for the merge of a company that was made into an older one, which HubSpot's search did not show then."""
    return (
        f"The HubSpot company {made} was made for {described(customer)} while HubSpot's search did not show the older"
        f" {company_named(company, evidence)}. If the two companies are one, merge {made} into {company.id} in HubSpot,"
        f" so that {company.id} stays; if they are two, run `ledgerloop link --customer {customer.id} --company"
        f" {made}`."
    )


def record_named(kind: LinkKind, record: Record) -> str:
    """Name a record as people know it, with what tells it from others."""
    if kind == "contact":
        return contact_named(record)
    values = record.properties
    return with_details(
        (values.get("name") or "").strip(), (values.get("domain"), values.get("city"), record.id), "“{}”"
    )


def contact_named(contact: Record) -> str:
    """Name a contact as people know it, with its email, place and id."""
    values = contact.properties
    return with_details(person_name(contact), (values.get("email"), values.get("city"), contact.id), "“{}”")


def company_named(company: Record, evidence: Evidence) -> str:
    """Name a company with its domain, place and id, and say what agrees and what does not."""
    return f"{record_named('company', company)} with {evidence}"
