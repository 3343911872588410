"""Join customers to their HubSpot contact and company: take what is found, hold what is in doubt, make what is lacking.

Called inside a step. Never doubled: a contact is known by its email, which HubSpot keeps unique, and a company by
``xero_contact_id``, which was made unique; both are read directly. A join that was made and then forgotten by a crash
is found again by the same two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ledgerloop import subjects
from ledgerloop.bisect import bisect
from ledgerloop.customers import (
    contact_persons,
    create,
    main_person,
    moved_ids,
    older_companies,
    relink,
    review,
    unlink,
)
from ledgerloop.customers.claims import Customers, Doubts, Found, in_question, of_another, shown_elsewhere, take
from ledgerloop.customers.create import Values
from ledgerloop.customers.find import find, own_companies
from ledgerloop.customers.find_written import find_by_id
from ledgerloop.customers.halves import Halves
from ledgerloop.customers.hubspot_records import Pair
from ledgerloop.errors import Conflict, Invalid, Missing, Refused
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.records import Customer, Hold, Line, Link, LinkKind, Organisation
from ledgerloop.rules.customers import hubspot_of
from ledgerloop.rules.identity.addresses import email_domain, email_problem
from ledgerloop.rules.identity.persons import is_private
from ledgerloop.rules.identity.wording import by
from ledgerloop.rules.vendor_messages import whole
from ledgerloop.store import associations, journal, last_compared, links

_RULE = "rules.identity"


@dataclass(slots=True)
class Joined:
    """The links of customers whose records show them, and the records that were read on the way to them."""

    links: list[Link]
    records: dict[tuple[LinkKind, str], Record] = field(default_factory=dict)
    in_question: frozenset[str] = frozenset()
    """The customers of which it is not known whose their email in Xero is."""


def join(
    organisation: Organisation,
    customers: Customers,
    values: Values,
    unsure_already: Doubts,
    unseen: Callable[[], Doubts] = dict,
) -> Joined:
    """empty → follow → review → find → take → make → associate → hold: return the links of these customers.

    Nothing is found or made for those who are ``unsure_already``: an archived customer has what would be theirs.
    ``unseen`` says at the end what is open and shown nowhere.
    """
    moved = moved_ids.review(organisation, customers)
    freed, not_emptied = unlink.empty(organisation, customers)
    relink.remember_made(organisation, customers)
    asked = {key: hold for key, hold in unsure_already.items() if key in customers}
    merged = relink.follow_merged(organisation, customers)
    people_in_doubt = main_person.follow(organisation, customers)
    doubts = _together(
        asked,
        moved,
        not_emptied,
        merged,
        people_in_doubt,
        review.review(organisation, customers),
        older_companies.review(organisation, customers),
    )
    linked = {(link.kind, link.xero_id) for link in known(organisation, list(customers))}
    live = {key: one for key, one in customers.items() if one.active and not one.merged_into}
    open_ = {key: one for key, one in live.items() if key not in asked}
    no_company = {key: one for key, one in open_.items() if ("company", key) not in linked and _wants_company(one)}
    no_contact = {key: one for key, one in open_.items() if ("contact", key) not in linked and _names_person(one)}
    found: dict[LinkKind, Found] = {"contact": {}, "company": {}}
    if no_company or no_contact:
        found, unsure = _settle(parts().hubspot(), organisation, no_contact, no_company, values, freed)
        doubts = _together(doubts, unsure)
    _associate(organisation, live)
    contact_persons.join_people(organisation, live)
    _say_bad_emails(live)
    shown, unshown = _shown_here(organisation, customers)
    _hold(organisation, customers, _together(doubts, unshown, unseen()))
    records = {(kind, record.id): record for kind, some in found.items() for record, _ in some.values()}
    return Joined(shown, records, frozenset(people_in_doubt))


def known(organisation: Organisation, ids: Sequence[str]) -> list[Link]:
    """Return the links to contacts and companies that these customers have."""
    with parts().database.reading() as tx:
        contacts = links.find(tx, organisation.id, "contact", ids)
        companies = links.find(tx, organisation.id, "company", ids)
    return [*contacts.values(), *companies.values()]


def _shown_here(organisation: Organisation, customers: Customers) -> tuple[list[Link], Doubts]:
    """Return the links whose records show these customers, and a doubt for each whose record shows another's.

    Those that a person is asked about show nothing new.

    Such a customer goes to a record that a person has given its id.
    """
    at = parts()
    mine = _unasked(known(organisation, list(customers)))
    elsewhere = shown_elsewhere(organisation, mine)
    unshown = [link for link in mine if (link.kind, link.hubspot_id) in elsewhere]
    moved: dict[Link, Link] = {}
    for kind in {link.kind for link in unshown}:
        asking = {link.xero_id: link for link in unshown if link.kind == kind}
        for key, (record, how) in find_by_id(
            at.hubspot(), organisation, kind, {k: customers[k] for k in asking}
        ).items():
            to = Link(organisation.id, key, kind, record.id, how)
            with at.database.transaction() as tx:
                if links.move(tx, asking[key], to, at.now()):
                    last_compared.forget(tx, organisation.id, kind, [key])
                    reason = f"The {kind} {record.id} carries the customer's id, so it is the one that shows it."
                    journal.write(tx, [Line(subjects.customer(key), "adopt", _RULE, reason)], at.now())
                    moved[asking[key]] = to
    unsure: Doubts = {}
    for link in unshown:
        if link not in moved:
            shows = elsewhere[link.kind, link.hubspot_id]
            hold = of_another(organisation, link.kind, customers[link.xero_id], link.hubspot_id, shows)
            unsure = _together(unsure, {link.xero_id: hold})
    shown = [moved.get(link, link) for link in mine if link in moved or link not in unshown]
    return shown, unsure


def _unasked(some: Sequence[Link]) -> list[Link]:
    """Leave out the links that a person is asked about: nothing new is written to their records."""
    asked = in_question(some)
    return [link for link in some if (link.kind, link.hubspot_id) not in asked]


def _settle(
    client: HubSpotClient,
    organisation: Organisation,
    no_contact: Customers,
    no_company: Customers,
    values: Values,
    freed: Collection[Pair],
) -> tuple[dict[LinkKind, Found], Doubts]:
    """Find the halves that customers lack, and make those that nobody has; contacts first.

    A new contact may bring a company that HubSpot makes from its email domain, and that one is taken.
    """
    no_contact = _worth_asking(organisation, no_contact)
    found = find(client, organisation, no_contact, no_company, freed)
    found.unsure_contacts |= take(organisation, "contact", no_contact, found.contacts)
    found.unsure_companies |= take(organisation, "company", no_company, found.companies)
    older_companies.note_found_again(organisation, found.companies)
    _say_found(found)
    barred = relink.barred(organisation, "contact", no_contact)
    new = _without(no_contact, found.contacts, found.unsure_contacts, barred, found.without_contact)
    made = create.make(client, organisation, "contact", {k: c for k, c in new.items() if c.email_key}, values)
    barred_companies = relink.barred(organisation, "company", no_company)
    new = _without(no_company, found.companies, found.unsure_companies, barred_companies)
    brought = {key: contact for key, contact in made.ids.items() if _may_bring_company(new.get(key))}
    automatic, unsure_of_automatic = own_companies(client, organisation, new, brought)
    unsure_of_automatic |= take(organisation, "company", new, automatic)
    made_too = create.make(client, organisation, "company", _without(new, automatic, unsure_of_automatic), values)
    missing = {key: hold for key, hold in barred.items() if key not in found.contacts}
    missing_companies = {key: hold for key, hold in barred_companies.items() if key not in found.companies}
    doubts = _together(
        found.unsure_contacts,
        found.unsure_companies,
        unsure_of_automatic,
        missing,
        missing_companies,
        made.doubts,
        made_too.doubts,
    )
    return {"contact": found.contacts, "company": found.companies | automatic}, doubts


def _say_found(found: Halves) -> None:
    """Say in the journal by what records were found, and beside which others."""
    lines: list[Line] = []
    halves = (
        ("contact", found.contacts, found.unsure_contacts),
        ("company", found.companies, found.unsure_companies),
    )
    for kind, some, unsure in halves:
        for key, (record, how) in some.items():
            if key in unsure:
                continue
            said = found.said.get(key, "") if kind == "company" else ""
            reason = f"The HubSpot {kind} {record.id} is this customer. {said or by(how)}"
            lines.append(Line(subjects.customer(key), "adopt", _RULE, reason, subjects.hubspot(kind, record.id)))
    with parts().database.transaction() as tx:
        journal.write(tx, lines, parts().now())


def _wants_company(customer: Customer) -> bool:
    """Tell whether a customer is to have a company: a person has none, unless the contact number names one."""
    kind = (hubspot_of(customer.number) or ("", ""))[0]
    if kind == "company" or not parts().private_people or not customer.email_key:
        return True
    return not is_private(customer, of_contact=kind == "contact")


def _names_person(customer: Customer) -> bool:
    """Tell whether a customer says which contact it is: by an email, or by the contact number we gave it."""
    named = hubspot_of(customer.number)
    return bool(customer.email_key) or (named is not None and named[0] == "contact")


def _worth_asking(organisation: Organisation, strangers: Customers) -> dict[str, Customer]:
    """Leave out those whose email HubSpot has refused before, until Xero has another one."""
    with parts().database.reading() as tx:
        refused = last_compared.get(tx, organisation.id, "contact", list(strangers))
    return {
        key: one
        for key, one in strangers.items()
        if key not in refused or refused[key].xero.get("email") != one.email_key
    }


def _may_bring_company(customer: Customer | None) -> bool:
    return customer is not None and bool(email_domain(customer.email_key))


def _without(customers: Customers, *some: Mapping[str, Any]) -> dict[str, Customer]:
    return {key: one for key, one in customers.items() if not any(key in these for these in some)}


def _together(*some: Doubts) -> Doubts:
    """Add doubts up: a person is told every reason at once."""
    added: Doubts = {}
    for these in some:
        for key, hold in these.items():
            before = added.get(key, Hold(()))
            reasons = tuple(dict.fromkeys((*before.reasons, *hold.reasons)))
            choices = tuple(dict.fromkeys((*before.choices, *hold.choices)))
            added[key] = Hold(reasons, (*before.candidates, *hold.candidates), choices=choices)
    return added


def _associate(organisation: Organisation, customers: Customers) -> None:
    """Associate each customer's contact and company, unless these two were; twice is once for HubSpot."""
    at = parts()
    with at.database.reading() as tx:
        contact = links.find(tx, organisation.id, "contact", list(customers))
        company = links.find(tx, organisation.id, "company", list(customers))
        asked = {record for _, record in links.asked(tx, [*contact.values(), *company.values()])}
        both = {
            key: (one.hubspot_id, company[key].hubspot_id)
            for key, one in contact.items()
            if key in company and asked.isdisjoint((one.hubspot_id, company[key].hubspot_id))
        }
        new = associations.unknown(tx, organisation.id, both)
    if not new:
        return
    refused = _associate_all(at.hubspot(), list(dict.fromkeys(new.values())))
    with at.database.transaction() as tx:
        associations.put(tx, organisation.id, new)  # those that were refused too: the same two would be refused again
        why = "HubSpot would not associate its contact and company: "
        news = [(key, whole(refused[pair])) for key, pair in new.items() if pair in refused]
        journal.write(tx, [Line(subjects.customer(key), "skip", _RULE, why + said) for key, said in news], at.now())


def _associate_all(client: HubSpotClient, some: Sequence[associations.Pair]) -> dict[associations.Pair, str]:
    """Associate pairs, and say why HubSpot refused which: each alone, or as nobody knows, all for the sake of one."""
    refused: dict[associations.Pair, str] = {}
    of_both = partial(client.associate, "contacts", "companies")
    for pairs, answer in bisect(of_both, some, (Invalid, Missing, Conflict)):
        if isinstance(answer, Refused):
            refused[pairs[0]] = answer.message
        else:
            refused |= {pair: error.message for error in answer for pair in pairs if set(pair) & set(error.ids)}
    return refused


def _hold(organisation: Organisation, customers: Customers, doubts: Doubts) -> None:
    """Hold the customers in doubt, each with all its reasons, and clear those that no longer are."""
    at = parts()
    with at.database.transaction() as tx:
        journal.clear(tx, [subjects.customer(key) for key in customers if key not in doubts], at.now())
        for key, hold in doubts.items():
            about, choices = subjects.customer(key), hold.choices
            if journal.hold(tx, organisation.id, about, hold.reasons, hold.candidates, at.now(), choices=choices):
                journal.write(tx, [Line(about, "hold", _RULE, hold.sentence)], at.now())


def _say_bad_emails(customers: Customers) -> None:
    """Say in the journal, once, which emails of customers cannot be sent; all else of them goes on."""
    at = parts()
    for key, customer in customers.items():
        emails = [customer.email, *(person.email for person in customer.persons)]
        problems = [problem for email in emails if (problem := email_problem(email))]
        if not problems:
            continue
        with at.database.transaction() as tx:
            news = [f"An email in Xero is not sent: {problem}" for problem in dict.fromkeys(problems)]
            said = journal.reasons_said(tx, subjects.customer(key), news)
            lines = [Line(subjects.customer(key), "skip", _RULE, one) for one in news if one not in said]
            journal.write(tx, lines, at.now())
