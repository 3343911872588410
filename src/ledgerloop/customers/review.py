"""Weigh once, by today's rule, the links that an earlier release made by evidence. Called inside a step.

What today's rule would take stands, and nobody hears of it. What it would not take is a question for a person: the link
stays, nothing new is written to its record, and nothing is unlinked by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from ledgerloop.customers.claims import Customers, Doubts
from ledgerloop.customers.hubspot_records import PLURAL, companies_of, properties_read
from ledgerloop.customers.shared_keys import our_own, sharing_of
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Customer, Hold, Link, Organisation
from ledgerloop.rules.customers import hubspot_of
from ledgerloop.rules.identity import questions
from ledgerloop.rules.identity.evidence import Same, Shared, weigh
from ledgerloop.rules.identity.payers import with_number
from ledgerloop.rules.identity.persons import is_another_person, is_theirs
from ledgerloop.rules.identity.profiles import profile_of_company, profile_of_customer
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.store import lanes, links, mirror, pending_customers

AT_ONCE = 100
"""Links weighed together behind live work: three calls."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of the records of links."""

    contacts: Mapping[str, Record]
    companies: Mapping[str, Record]
    company_of: Mapping[str, str]
    """By contact: its primary company."""


def review(organisation: Organisation, customers: Customers) -> Doubts:
    """Weigh what is not weighed yet of these customers' links, and return what a person is asked about them.

    A link that was weighed before costs no call.
    """
    live = {key: one for key, one in customers.items() if one.active and not one.merged_into}
    with parts().database.reading() as tx:
        unweighed = links.unreviewed(tx, organisation.id, list(live))
    if unweighed:
        _weigh(parts().hubspot(), organisation, live, unweighed)
    with parts().database.reading() as tx:
        asked = links.listed(tx, organisation.id, list(live), asked=True)
    doubts: Doubts = {}
    for one in asked:
        before = doubts.get(one.link.xero_id, Hold(()))
        doubts[one.link.xero_id] = Hold((*before.reasons, one.asks), (*before.candidates, one.link.hubspot_id))
    return doubts


def weigh_now(organisation: Organisation, some: Collection[Link]) -> None:
    """Weigh what is not weighed yet of these links, because a deal is about to be invoiced through them.

    A link of today's rule, or one that was weighed before, costs no call.
    """
    with parts().database.reading() as tx:
        left = [one for one in links.unreviewed(tx, organisation.id, {one.xero_id for one in some}) if one in some]
        customers = mirror.customers(tx, organisation.id, sorted({one.xero_id for one in left}))
    if left:
        _hold(organisation, _weigh(parts().hubspot(), organisation, customers, left))


def sweep(organisation: Organisation, interrupted: Callable[[], bool]) -> bool:
    """Weigh the next links that an earlier release made, behind live work; tell whether to go on with more.

    So that they are listed after an upgrade though nothing changes about their customers. What fails is tried again in
    another turn.
    """
    at = parts()
    with at.database.reading() as tx:
        some = links.unreviewed(tx, organisation.id, limit=AT_ONCE)
        customers = mirror.customers(tx, organisation.id, sorted({one.xero_id for one in some}))
    if not some:
        return False
    try:
        asked = _weigh(at.hubspot().as_backfill(), organisation, customers, some)
    except LedgerloopError as problem:
        logger.warning("earlier links not weighed", organisation=organisation.id, why=problem.sentence)
        return False
    _hold(organisation, asked)
    return len(some) == AT_ONCE and not interrupted()


def _hold(organisation: Organisation, customers: Sequence[str]) -> None:
    """Have the customers looked at whose links a person is asked about: their next turn holds them."""
    at = parts()
    with at.database.transaction() as tx:
        pending_customers.mark(tx, organisation.id, customers)
        if customers:
            lanes.wake(tx, "standing", organisation.id, at.now())


def _weigh(client: HubSpotClient, organisation: Organisation, customers: Customers, some: Sequence[Link]) -> list[str]:
    """Weigh links, keep what came of it, and return whose links a person is asked about.

    A link stands where nobody can say anything about it: its customer is no longer active, or its record is gone, which
    the next write there finds out.
    """
    at = parts()
    there = _read(client, organisation, some)
    sharing = sharing_of(organisation, customers)
    shared = sharing.shared.plus(our_own(organisation, there.companies, customers))
    with at.database.reading() as tx:
        companies = links.find(tx, organisation.id, "company", list(customers))
        contacts = links.find(tx, organisation.id, "contact", list(customers))
    asks: dict[Link, str] = {}
    for link in some:
        customer = customers.get(link.xero_id)
        if customer is None or not customer.active or customer.merged_into:
            continue
        said = ""
        if link.kind == "company":
            said = _of_company(organisation, customer, link, there, shared, contacts.get(link.xero_id))
        elif link.kind == "contact":
            said = _of_contact(customer, link, there, sharing, companies.get(link.xero_id))
        if said:
            record = (there.contacts if link.kind == "contact" else there.companies)[link.hubspot_id]
            asks[link] = questions.earlier_link(customer, link.kind, record, link.how, said)
    with at.database.transaction() as tx:
        links.accept(tx, [link for link in some if link not in asks])
        links.ask(tx, asks)
    return sorted({link.xero_id for link in asks})


def _read(client: HubSpotClient, organisation: Organisation, some: Sequence[Link]) -> _Read:
    """Read the records of links, the contacts of customers whose company is weighed, and the companies these are at."""
    with parts().database.reading() as tx:
        beside = links.find(tx, organisation.id, "contact", sorted({one.xero_id for one in some}))
        own = links.find(tx, organisation.id, "company", sorted({one.xero_id for one in some if one.kind == "contact"}))
    contact_ids = {one.hubspot_id for one in some if one.kind == "contact"}
    contact_ids |= {one.hubspot_id for one in beside.values()}
    contacts = client.read(PLURAL["contact"], sorted(contact_ids), properties_read("contact")) if contact_ids else {}
    company_of = companies_of(client, sorted(contacts))
    company_ids = {one.hubspot_id for one in some if one.kind == "company"} | set(company_of.values())
    company_ids |= {one.hubspot_id for one in own.values()}
    companies = client.read(PLURAL["company"], sorted(company_ids), properties_read("company")) if company_ids else {}
    return _Read(contacts, companies, company_of)


def _of_company(
    organisation: Organisation, customer: Customer, link: Link, there: _Read, shared: Shared, contact: Link | None
) -> str:
    """Say what is too little about a company; nothing where today's rule would take it."""
    company = there.companies.get(link.hubspot_id)
    if company is None:
        return ""
    people: list[Record] = []
    if contact is not None and contact.hubspot_id in there.contacts and _was_there_before(contact, link):
        at_it = there.company_of.get(contact.hubspot_id) == link.hubspot_id
        people = [there.contacts[contact.hubspot_id]] if at_it else []
    other = profile_of_company(company, people, numbered=parts().numbered, country=organisation.country)
    verdict = weigh(profile_of_customer(customer, organisation.country), other, shared)
    if hubspot_of(customer.number) == ("company", link.hubspot_id):
        verdict = with_number(verdict)
    return "" if isinstance(verdict, Same) else f"the two have {verdict.evidence}"


def _was_there_before(contact: Link, company: Link) -> bool:
    """Tell whether a customer's contact is evidence for the link to its company, and no consequence of it.

    A contact that we made, we made at that company; one that we found, we associated with it. It was there before only
    where it is what the company was found by.
    """
    return contact.how != "created" and (company.how == "contact" or "email" in company.how)


def _of_contact(customer: Customer, link: Link, there: _Read, sharing: Sharing, company: Link | None) -> str:
    """Say why a contact is not the customer's; nothing where today's rule would take it."""
    contact = there.contacts.get(link.hubspot_id)
    if contact is None or hubspot_of(customer.number) == ("contact", link.hubspot_id):
        return ""
    at = there.company_of.get(link.hubspot_id, "")
    firm = there.companies.get(at)
    own = there.companies.get(company.hubspot_id) if company is not None else None
    if firm is not None and not is_theirs(customer, contact, firm, own):
        return f"the contact is at {questions.record_named('company', firm)}, which is another firm"
    if is_another_person(customer, contact, firm, own, sharing.shared):
        return f"in Xero the email {customer.email} is that of {customer.first_name} {customer.last_name}"
    others = sharing.with_email(customer) if customer.email_key else []
    return f"the email {customer.email} is also that of {', '.join(others)}" if others else ""
