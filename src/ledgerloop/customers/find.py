"""Find the HubSpot contacts and companies that customers are, without making any. Called inside a step.

An id that a person wrote decides; everything else is evidence, and ``rules.identity`` weighs it. Whatever leads to a
record, it is read directly before anything is decided: HubSpot's search lags behind its writes, so it only tells of
what people made before, never of what we did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ledgerloop.customers.claims import Customers, Doubts, Found, apart, claim
from ledgerloop.customers.find_company import choose_companies
from ledgerloop.customers.find_contact import choose_contacts
from ledgerloop.customers.find_written import find_written
from ledgerloop.customers.halves import Halves
from ledgerloop.customers.hubspot_records import Pair, companies_of, properties_read
from ledgerloop.customers.neighbourhood import Around, read_around
from ledgerloop.customers.shared_keys import sharing_of
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.records import Customer, Hold, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.identity.evidence import Same, Shared, weigh
from ledgerloop.rules.identity.profiles import Profile, profile_of_company, profile_of_customer
from ledgerloop.store import links, rulings


def find(
    client: HubSpotClient,
    organisation: Organisation,
    no_contact: Customers,
    no_company: Customers,
    freed: Collection[Pair] = frozenset(),
) -> Halves:
    """ruling → (number, id) → address → company: find the halves that customers lack, neither without the other.

    ``freed`` are customers and records whose links were ended just now, so that the id there says nothing any more.
    """
    found = Halves()
    found.contacts, found.unsure_contacts = find_written(client, organisation, "contact", no_contact, freed)
    found.companies, found.unsure_companies = find_written(client, organisation, "company", no_company, freed)
    sharing = sharing_of(organisation, {**no_contact, **no_company})
    left = {key: one for key, one in no_contact.items() if key not in found.contacts}
    left = {key: one for key, one in left.items() if key not in found.unsure_contacts and one.email_key}
    shared = {key: names for key, one in left.items() if (names := sharing.with_email(one))}
    found.unsure_contacts |= {
        key: Hold((hold_reasons.shared_email(left[key], names),), (left[key].email_key,))
        for key, names in shared.items()
    }
    asked = {key: one for key, one in left.items() if key not in shared}
    around = read_around(client, organisation, found, asked, no_company)
    choose_companies(organisation, no_company, around, sharing, found, freed)
    choose_contacts(organisation, no_contact, asked, around, sharing, found)
    return found


def own_companies(
    client: HubSpotClient, organisation: Organisation, strangers: Customers, contact_of: Mapping[str, str]
) -> tuple[Found, Doubts]:
    """Find the companies that the contacts have which were just made.

    HubSpot may have made that company by itself from the contact's email domain; it is taken, not doubled.
    """
    mine = {key: contact for key, contact in contact_of.items() if key in strangers}
    company_of = companies_of(client, list(mine.values()))
    ids = sorted(set(company_of.values()))
    companies = client.read("companies", ids, properties_read("company")) if ids else {}
    sharing = sharing_of(organisation, strangers)
    with parts().database.reading() as tx:
        ended = rulings.ended(tx, organisation.id, list(mine))
    fits: dict[str, Record] = {}
    for key, contact in mine.items():
        company = companies.get(company_of.get(contact, ""))
        if company is not None and ("company", company.id) in ended.get(key, ()):
            continue
        if company is not None and _was_made_for(strangers[key], company, sharing.shared):
            fits[key] = company
    found, unsure = claim(organisation, "company", strangers, fits, "contact")
    found, shared = apart("company", strangers, found)
    return found, unsure | shared


def found_by_email(
    client: HubSpotClient, organisation: Organisation, customers: Customers, contacts: Mapping[str, Record]
) -> Halves:
    """Weigh the contacts that HubSpot names as having customers' addresses, as those that were looked for by them."""
    found = Halves()
    asked = {key: customers[key] for key in contacts}
    company_of = companies_of(client, [one.id for one in contacts.values()])
    with parts().database.reading() as tx:
        own = links.find(tx, organisation.id, "company", list(asked))
    ids = sorted({*company_of.values(), *(link.hubspot_id for link in own.values())})
    companies = client.read("companies", ids, properties_read("company")) if ids else {}
    around = Around(contacts, company_of, {one.id: one for one in companies.values()})
    choose_contacts(organisation, asked, asked, around, sharing_of(organisation, asked), found)
    return found


def _was_made_for(customer: Customer, company: Record, shared: Shared) -> bool:
    """Tell whether a contact's company is its customer: it fits, or is what HubSpot makes of an email's domain."""
    one = profile_of_customer(customer)
    other = profile_of_company(company)
    if isinstance(weigh(one, other, shared), Same):
        return True
    unnamed = not other.name or other.name.strip().lower() in {*other.domains, *_labels(other)}
    return unnamed and bool(one.domains & other.domains - shared.domains)


def _labels(one: Profile) -> set[str]:
    return {domain.partition(".")[0] for domain in one.domains}
