"""Join customers to their HubSpot contact and company: by link, number, id or email, else create. Called inside a step.

Never doubled: a contact is known by its email, which HubSpot keeps unique, and a company by ``xero_contact_id``, which
was made unique; both are read directly, since HubSpot's search lags behind its writes. A join that was made and then
forgotten by a crash is found again by the same two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from ledgerloop.flows.deals import primary
from ledgerloop.flows.parts import parts
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import New, Record
from ledgerloop.records import Customer, Entry, Link, LinkKind, Organisation
from ledgerloop.rules.customers import (
    COMPANY_PROPERTIES,
    CONTACT_PROPERTIES,
    company_from_customer,
    contact_from_customer,
    hubspot_of,
)
from ledgerloop.rules.matching import email_domain, name_key
from ledgerloop.store import connections, fingerprints, journal, links

Found = dict[str, tuple[Record, str]]
"""By customer: the record that it is, and how we know."""

Values = Mapping[str, Mapping[str, str]]
"""The standing's properties of each customer, by its id."""

_KINDS: dict[LinkKind, tuple[str, Sequence[str]]] = {
    "contact": ("contacts", CONTACT_PROPERTIES),
    "company": ("companies", COMPANY_PROPERTIES),
}


def join(home: Organisation, customers: Mapping[str, Customer], values: Values, turn: int) -> list[Link]:
    """Return the links of these customers, after finding or making what is not linked yet."""
    known = _known(home, list(customers))
    linked = {(link.kind, link.xero_id) for link in known}
    live = {key: customer for key, customer in customers.items() if customer.active and not customer.merged_into}
    no_company = {key: customer for key, customer in live.items() if ("company", key) not in linked}
    no_contact = {key: one for key, one in live.items() if ("contact", key) not in linked and _names_person(one)}
    if not no_company and not no_contact:
        return known
    client = parts().hubspot()
    contacts, in_doubt = _find_contacts(client, home, no_contact)
    companies = _find_companies(client, home, no_company, contacts)
    _hold_shared(home, in_doubt, turn)
    _keep(home, companies, "company")
    _keep(home, contacts, "contact")
    _make(client, home, "company", _new(no_company, companies, values, company_from_customer), values, turn)
    settled = {key: customer for key, customer in no_contact.items() if key not in in_doubt and customer.email_key}
    _make(client, home, "contact", _new(settled, contacts, values, contact_from_customer), values, turn)
    _associate(client, home, no_company | no_contact)
    return _known(home, list(customers))


def _names_person(customer: Customer) -> bool:
    """Tell whether a customer says which contact it is: by an email, or by the number we gave it."""
    named = hubspot_of(customer.number)
    return bool(customer.email_key) or (named is not None and named[0] == "contact")


def _known(home: Organisation, ids: Sequence[str]) -> list[Link]:
    with parts().database.reading() as tx:
        contacts = links.find(tx, home.id, "contact", ids)
        companies = links.find(tx, home.id, "company", ids)
    return [*contacts.values(), *companies.values()]


def _find_contacts(
    client: HubSpotClient, home: Organisation, strangers: Mapping[str, Customer]
) -> tuple[Found, dict[str, Customer]]:
    """Find contacts by the number a customer carries, by the id a contact carries, then by email.

    Returns also the customers in doubt, whose email is another customer's too.
    """
    found = _by_number(client, "contact", strangers)
    found |= _by_id(client, "contact", [key for key in strangers if key not in found])
    emails = {key: customer.email_key for key, customer in strangers.items() if key not in found and customer.email_key}
    shared = {email for email, times in Counter(emails.values()).items() if times > 1}
    alone = sorted(set(emails.values()) - shared)
    by_email = client.read("contacts", alone, CONTACT_PROPERTIES, id_property="email") if alone else {}
    with parts().database.reading() as tx:
        taken = links.find_by_hubspot(tx, home.id, "contact", [record.id for record in by_email.values()])
    in_doubt: dict[str, Customer] = {}
    for key, email in emails.items():
        record = by_email.get(email)
        if email in shared or (record is not None and record.id in taken):
            in_doubt[key] = strangers[key]
        elif record is not None:
            found[key] = (record, "email")
    return found, in_doubt


def _find_companies(
    client: HubSpotClient, home: Organisation, strangers: Mapping[str, Customer], contacts: Found
) -> Found:
    """Find companies by number, by the id a company carries, then as the found contact's own, if name or domain agree.

    HubSpot may have made that company by itself from the contact's email domain; it is taken, not doubled.
    """
    found = _by_number(client, "company", strangers)
    found |= _by_id(client, "company", [key for key in strangers if key not in found])
    of_contact = {record.id: key for key, (record, _) in contacts.items() if key in strangers and key not in found}
    return found | _own_companies(client, home, strangers, of_contact)


def _by_id(client: HubSpotClient, kind: LinkKind, wanted: Sequence[str]) -> Found:
    """Find the records that carry a customer's id: what a crash or a lost database made us forget."""
    if not wanted:
        return {}
    plural, properties = _KINDS[kind]
    name = parts().names.get("xero_contact_id", "xero_contact_id")
    records = client.read(plural, wanted, properties, id_property=name)
    return {key: (records[key], "id") for key in wanted if key in records}


def _own_companies(
    client: HubSpotClient, home: Organisation, strangers: Mapping[str, Customer], of_contact: Mapping[str, str]
) -> Found:
    """Find the companies of contacts, by contact id and customer, where nobody else has them and they agree."""
    associated = client.associated("contacts", "companies", list(of_contact)) if of_contact else {}
    company_of = {of_contact[contact]: primary(to) for contact, to in associated.items() if to}
    ids = [company for company in company_of.values() if company]
    records = client.read("companies", ids, COMPANY_PROPERTIES) if ids else {}
    with parts().database.reading() as tx:
        taken = links.find_by_hubspot(tx, home.id, "company", ids)
    return {
        key: (records[company], "contact")
        for key, company in company_of.items()
        if company in records and company not in taken and _agrees(strangers[key], records[company])
    }


def _agrees(customer: Customer, company: Record) -> bool:
    """Tell whether a contact's company is the customer: it is called alike, or has the domain of the email."""
    domain = email_domain(customer.email_key)
    same_domain = bool(domain) and (company.properties.get("domain") or "").lower() == domain
    return same_domain or name_key(company.properties.get("name")) == customer.name_key


def _by_number(client: HubSpotClient, kind: LinkKind, strangers: Mapping[str, Customer]) -> Found:
    """Find the records whose id stands in the customer's ContactNumber, as far as they still exist."""
    named = {
        key: parsed[1] for key, one in strangers.items() if (parsed := hubspot_of(one.number)) and parsed[0] == kind
    }
    if not named:
        return {}
    plural, properties = _KINDS[kind]
    records = client.read(plural, list(named.values()), properties)
    return {key: (records[given], "number") for key, given in named.items() if given in records}


def _keep(home: Organisation, found: Found, kind: LinkKind) -> None:
    at = parts()
    with at.database.transaction() as tx:
        links.put(tx, [Link(home.id, key, kind, record.id, how) for key, (record, how) in found.items()], at.now())
        journal.clear(tx, [_subject(key) for key in found if kind == "contact"], at.now())


def _new(
    wanted: Mapping[str, Customer], found: Found, values: Values, made_from: Callable[[Customer], Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    """Return what the records to be made are made of: the customer, and its standing at once."""
    return {key: {**made_from(one), **values[key]} for key, one in wanted.items() if key not in found}


def _make(client: HubSpotClient, home: Organisation, kind: LinkKind, wanted: Values, values: Values, turn: int) -> None:
    if not wanted:
        return
    at = parts()
    now = at.now()
    answer = client.create_batch(_KINDS[kind][0], [New(key, given) for key, given in wanted.items()])
    made = {key: record.id for key, record in answer.by_trace().items() if key in wanted}
    exists = {key: error.existing_id for error in answer.errors if error.existing_id for key in error.trace_ids}
    refused = {key: error.message for error in answer.errors if not error.existing_id for key in error.trace_ids}
    why = "No HubSpot record has its link, number, id or email."
    entries = [
        _entry(home, turn, key, "create", why, f"hubspot {kind} {record}", wanted[key]) for key, record in made.items()
    ]
    joined = [Link(home.id, key, kind, record, "created") for key, record in made.items()]
    joined += [Link(home.id, key, kind, record, "email") for key, record in exists.items()]
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        links.put(tx, joined, now)
        journal.clear(tx, [_subject(link.xero_id) for link in joined if kind == "contact"], now)
        if portal is not None:
            fingerprints.put(tx, portal.id, kind, {record: values[key] for key, record in made.items()})
        for key, message in refused.items():
            reason = f"HubSpot would not create a {kind} for this Xero customer: {message} Correct it in Xero."
            if journal.hold(tx, home.id, _subject(key), (reason,), (), now):
                entries.append(_entry(home, turn, key, "hold", reason))
        journal.add(tx, entries)


def _associate(client: HubSpotClient, home: Organisation, strangers: Mapping[str, Customer]) -> None:
    """Associate each customer's contact and company; HubSpot takes the same association again as nothing new."""
    known = _known(home, list(strangers))
    contact = {link.xero_id: link.hubspot_id for link in known if link.kind == "contact"}
    company = {link.xero_id: link.hubspot_id for link in known if link.kind == "company"}
    pairs = [(contact[key], company[key]) for key in contact if key in company]
    if pairs:
        client.associate("contacts", "companies", pairs)


def _hold_shared(home: Organisation, in_doubt: Mapping[str, Customer], turn: int) -> None:
    """Hold customers whose email is another customer's too: a HubSpot contact can be only one of them."""
    at = parts()
    with at.database.transaction() as tx:
        for key, customer in in_doubt.items():
            reason = (
                f"The email {customer.email} of “{customer.name}” belongs to another Xero customer as well, and HubSpot"
                " keeps one contact for an email. Its company is kept up to date; for a contact, give each its own."
            )
            if journal.hold(tx, home.id, _subject(key), (reason,), (), at.now()):
                journal.add(tx, [_entry(home, turn, key, "hold", reason)])


def _entry(
    home: Organisation,
    turn: int,
    customer: str,
    decision: Literal["create", "hold"],
    reason: str,
    target: str = "",
    values: Mapping[str, str] | None = None,
) -> Entry:
    return Entry(
        at=parts().now(),
        lane=home.id,
        turn=turn,
        subject=_subject(customer),
        decision=decision,
        rule="rules.matching",
        reason=reason,
        target=target,
        values=values or {},
    )


def _subject(customer: str) -> str:
    return f"customer {customer}"
