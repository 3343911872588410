"""Read what stands around customers: the contacts that have their addresses, and the companies these are at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from ledgerloop.customers.claims import Customers
from ledgerloop.customers.company_index import candidates
from ledgerloop.customers.halves import Halves
from ledgerloop.customers.hubspot_records import companies_of, properties_read
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.records import Organisation
from ledgerloop.rules.identity.profiles import Profile, profile_of_company
from ledgerloop.store import links


@dataclass(frozen=True, slots=True)
class Around:
    """What was read around customers: contacts that have their addresses, and the companies these are at."""

    contacts: Mapping[str, Record]
    """By customer."""
    company_of: Mapping[str, str]
    """By contact: its primary company."""
    companies: Mapping[str, Record]


def read_around(
    client: HubSpotClient, organisation: Organisation, found: Halves, asked: Customers, no_company: Customers
) -> Around:
    """Read the contacts that have customers' addresses, the companies that these are at, and those that keys find."""
    emails = sorted({one.email_key for one in asked.values()})
    by_email = client.read("contacts", emails, properties_read("contact"), "email") if emails else {}
    contacts = {key: by_email[one.email_key] for key, one in asked.items() if one.email_key in by_email}
    with parts().database.reading() as tx:
        linked = links.find(tx, organisation.id, "contact", [key for key in no_company if key not in contacts])
        own = links.find(tx, organisation.id, "company", list(asked))
    known = {key: record for key, (record, _) in found.contacts.items()}
    ids = [one.id for one in (*contacts.values(), *known.values())] + [link.hubspot_id for link in linked.values()]
    company_of = companies_of(client, ids)
    left = {key: one for key, one in {**no_company, **asked}.items() if key in asked or key not in found.companies}
    more = {*company_of.values(), *(link.hubspot_id for link in own.values())}
    companies = candidates(client, left, sorted(more), properties_read("company"))
    stubs = {key: Record(id=link.hubspot_id) for key, link in linked.items()}
    return Around({**stubs, **contacts, **known}, company_of, companies)


def company_at(around: Around, customer: str) -> str:
    """Return the company that a customer's contact is at."""
    contact = around.contacts.get(customer)
    return around.company_of.get(contact.id, "") if contact else ""


def profiles_of(organisation: Organisation, around: Around) -> dict[str, Profile]:
    """Return what is known of each company, the contacts included that are known to be at it."""
    people: defaultdict[str, list[Record]] = defaultdict(list)
    for contact in around.contacts.values():
        people[around.company_of.get(contact.id, "")].append(contact)
    return {
        key: profile_of_company(company, people[key], numbered=parts().numbered, country=organisation.country)
        for key, company in around.companies.items()
    }
