"""Answer a scene of who is who by the pure rule alone, as the flows ask it: who the candidates are, and which one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from bench.corpus import ASK, NEW, NONE, Scene
from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer
from ledgerloop.rules.customers import customer_from_contact
from ledgerloop.rules.identity.addresses import email_domain, mailbox
from ledgerloop.rules.identity.choice import Chosen, settle
from ledgerloop.rules.identity.evidence import Shared, Verdict, weigh
from ledgerloop.rules.identity.names import Likeness, compare
from ledgerloop.rules.identity.payers import Buyer, Found, Known, choose_payer, profile_of_buyer, with_number
from ledgerloop.rules.identity.profiles import (
    WORKS_AT,
    Numbered,
    Profile,
    domains_of,
    emails_of_contact,
    further_keys,
    keys_of_company,
    person_name,
    profile_of_company,
    profile_of_customer,
)
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.xero.models import Contact

OUR_OWN = "Kiwi Demo Ltd"
NUMBERED = Numbered(tax="tax_number")


def by_rule(scene: Scene) -> dict[str, str]:
    """Return the customer of each deal, or the company of each active customer; of contacts it says nothing."""
    customers = [_customer(one) for one in scene.customers]
    return _payers(scene, customers) if scene.to_xero else _companies(scene, customers)


def _payers(scene: Scene, customers: Sequence[Customer]) -> dict[str, str]:
    companies, contacts = _records(scene)
    by_key = _by_key(customers)
    got: dict[str, str] = {}
    for deal in scene.deals:
        people = [contacts[key] for key in deal.get("contacts") or ([deal["contact"]] if "contact" in deal else [])]
        if "company" in deal:
            company = companies[deal["company"]]
            profile = profile_of_buyer(company, people, numbered=NUMBERED)
            buyer = Buyer(deal["key"], "company", company, profile)
            keys = keys_of_company(company, NUMBERED)
        else:
            emails = emails_of_contact(people[0])
            domains = frozenset(domain for email in emails if (domain := email_domain(email)))
            profile = Profile(person_name(people[0]), frozenset(map(mailbox, emails)), domains)
            employer = companies.get(people[0].properties[WORKS_AT] or "")
            firm = profile_of_company(employer, numbered=NUMBERED) if employer else None
            buyer, keys = Buyer(deal["key"], "contact", people[0], profile, employer, firm), ()
        keys = (*keys, *further_keys(profile.name, sorted(profile.emails), profile.domains | profile.hints))
        fitting = {one.id: one for key in keys for one in by_key.get(key, ())}
        answer = choose_payer(buyer, Known(list(fitting.values()), shared=Sharing.among(by_key).shared))
        got[f"{deal['key']}.customer"] = answer.id if isinstance(answer, Found) else ASK if answer else NEW
    return got


def _companies(scene: Scene, customers: Sequence[Customer]) -> dict[str, str]:
    companies, contacts = _records(scene)
    works = {one["key"]: one.get("company") for one in scene.contacts}
    ours = [one for one in companies.values() if compare(one.properties.get("name") or "", OUR_OWN) >= Likeness.SAME]
    own = frozenset(domain for one in ours for domain in domains_of(one))
    shared = Sharing.among(_by_key(customers)).shared.plus(Shared(domains=own))
    owing = {one["key"] for one in scene.customers if "owes" in one}
    got: dict[str, str] = {}
    for customer in customers:
        if not customer.active:
            continue
        weighed: dict[str, Verdict] = {}
        for key, company in companies.items():
            there = [one for each, one in contacts.items() if works[each] == key]
            people = [one for one in there if customer.email_key in emails_of_contact(one)]
            numbered = customer.number == f"HubSpot company {key}"
            if people or numbered or set(customer.keys) & set(keys_of_company(company, NUMBERED)):
                profile = profile_of_company(company, people, numbered=NUMBERED)
                verdict = weigh(profile_of_customer(customer), profile, shared)
                weighed[key] = with_number(verdict) if numbered else verdict
        answer = settle(weighed)
        found = answer.id if isinstance(answer, Chosen) else ASK if answer else NEW
        got[f"{customer.id}.company"] = found if customer.id in owing else NONE
    return got


def _records(scene: Scene) -> tuple[dict[str, Record], dict[str, Record]]:
    companies = {one["key"]: _record(one, "additional_domains", "hs_additional_domains") for one in scene.companies}
    contacts = {one["key"]: _record(one, "additional_emails", "hs_additional_emails") for one in scene.contacts}
    return companies, contacts


def _record(one: Mapping[str, Any], several: str, name: str) -> Record:
    values = {key: value for key, value in one.items() if isinstance(value, str) and key not in ("key", "company")}
    return Record(
        id=one["key"], properties={**values, name: ";".join(one.get(several, [])), WORKS_AT: one.get("company", "")}
    )


def _customer(one: Mapping[str, Any]) -> Customer:
    names = {
        "key": "ContactID",
        "name": "Name",
        "email": "EmailAddress",
        "first_name": "FirstName",
        "last_name": "LastName",
        "status": "ContactStatus",
        "tax_number": "TaxNumber",
    }
    body: dict[str, Any] = {"ContactStatus": "ACTIVE", **{names[key]: one[key] for key in names if key in one}}
    body["ContactPersons"] = [
        {"FirstName": each.get("first_name", ""), "LastName": each.get("last_name", ""), "EmailAddress": each["email"]}
        for each in one.get("persons", ())
    ]
    if place := {name.title(): one[name] for name in ("city", "country") if name in one}:
        body["Addresses"] = [{"AddressType": "POBOX", **place}]
    body["ContactNumber"] = one.get("number", "").replace("{", "").replace("}", "")
    return customer_from_contact("organisation", Contact.model_validate(body))


def _by_key(customers: Sequence[Customer]) -> dict[str, list[Customer]]:
    found: defaultdict[str, list[Customer]] = defaultdict(list)
    for one in customers:
        for key in one.keys:
            found[key].append(one)
    return found
