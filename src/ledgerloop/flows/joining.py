"""Join customers to their HubSpot contact and company: by link, number, id or email, else create. Called inside a step.

Never doubled: a contact is known by its email, which HubSpot keeps unique, and a company by ``xero_contact_id``, which
was made unique; both are read directly, since HubSpot's search lags behind its writes. A join that was made and then
forgotten by a crash is found again by the same two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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
    linked = {link.xero_id for link in known}
    strangers = {key: customer for key, customer in customers.items() if key not in linked and _is_live(customer)}
    if strangers:
        client = parts().hubspot()
        contacts = _find_contacts(client, home, strangers, turn)
        companies = _find_companies(client, home, strangers, contacts)
        _keep(home, contacts, "contact")
        _keep(home, companies, "company")
        _create(client, home, strangers, values, turn)
        known = _known(home, list(customers))
    return known


def _known(home: Organisation, ids: Sequence[str]) -> list[Link]:
    with parts().database.reading() as tx:
        contacts = links.find(tx, home.id, "contact", ids)
        companies = links.find(tx, home.id, "company", ids)
    return [*contacts.values(), *companies.values()]


def _is_live(customer: Customer) -> bool:
    """Tell whether records may be made for a customer: an archived or merged one gets none."""
    return customer.active and not customer.merged_into


def _find_contacts(client: HubSpotClient, home: Organisation, strangers: Mapping[str, Customer], turn: int) -> Found:
    """Find contacts by the number a customer carries, by the id a contact carries, then by email."""
    found = _by_number(client, "contact", strangers)
    wanted = [key for key in strangers if key not in found]
    by_id = client.read("contacts", wanted, CONTACT_PROPERTIES, id_property=_id_property())
    found |= {key: (by_id[key], "id") for key in wanted if key in by_id}
    emails = {key: customer.email_key for key, customer in strangers.items() if key not in found and customer.email_key}
    shared = {email for email, times in Counter(emails.values()).items() if times > 1}
    by_email = client.read("contacts", sorted(set(emails.values()) - shared), CONTACT_PROPERTIES, id_property="email")
    with parts().database.reading() as tx:
        taken = links.find_by_hubspot(tx, home.id, "contact", [record.id for record in by_email.values()])
    for key, email in emails.items():
        record = by_email.get(email)
        if email in shared or (record is not None and record.id in taken):
            _hold_shared(home, strangers[key], turn)
        elif record is not None:
            found[key] = (record, "email")
    return found


def _find_companies(
    client: HubSpotClient, home: Organisation, strangers: Mapping[str, Customer], contacts: Found
) -> Found:
    """Find companies by number, by the id a company carries, then as the found contact's own, if name or domain agree.

    HubSpot may have made that company by itself from the contact's email domain; it is taken, not doubled.
    """
    found = _by_number(client, "company", strangers)
    wanted = [key for key in strangers if key not in found]
    by_id = client.read("companies", wanted, COMPANY_PROPERTIES, id_property=_id_property())
    found |= {key: (by_id[key], "id") for key in wanted if key in by_id}
    of_contact = {record.id: key for key, (record, _) in contacts.items() if key not in found}
    return found | _own_companies(client, home, strangers, of_contact)


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


def _create(
    client: HubSpotClient, home: Organisation, strangers: Mapping[str, Customer], values: Values, turn: int
) -> None:
    """Make what was not found: a company for each customer, and a contact for each one with a good email of its own."""
    linked = {(link.kind, link.xero_id) for link in _known(home, list(strangers))}
    with parts().database.reading() as tx:
        in_doubt = {key for key in strangers if journal.held(tx, _subject(key))}
    companies = {
        key: company_from_customer(one) | dict(values[key])
        for key, one in strangers.items()
        if ("company", key) not in linked
    }
    contacts = {
        key: contact_from_customer(one) | dict(values[key])
        for key, one in strangers.items()
        if ("contact", key) not in linked and one.email_key and key not in in_doubt
    }
    _make(client, home, "company", companies, values, turn)
    _make(client, home, "contact", contacts, values, turn)
    _associate(client, home, strangers)


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


def _hold_shared(home: Organisation, customer: Customer, turn: int) -> None:
    """Hold a customer whose email is another customer's too: a HubSpot contact can be only one of them."""
    at = parts()
    reason = (
        f"The email {customer.email} of “{customer.name}” belongs to another Xero customer as well, and HubSpot keeps"
        " one contact for an email. The company is kept up to date; for a contact, give one of them its own email."
    )
    with at.database.transaction() as tx:
        if journal.hold(tx, home.id, _subject(customer.id), (reason,), (), at.now()):
            journal.add(tx, [_entry(home, turn, customer.id, "hold", reason)])


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


def _id_property() -> str:
    return parts().names.get("xero_contact_id", "xero_contact_id")
