"""Find the HubSpot contacts and companies that customers are, without making any. Called inside a step.

A contact is found by its number, by the Xero id it carries, then by email; a company by number and id, then as the
contact's own, then by name and domain. All but the last are read directly: HubSpot's search lags behind its writes,
so it is asked only for what people made before, never for what we did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from ledgerloop.flows.deals import primary
from ledgerloop.flows.parts import parts
from ledgerloop.flows.writing import id_name
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Hold, LinkKind, Organisation
from ledgerloop.rules import doubts
from ledgerloop.rules.companies import choose, domain_of, searches
from ledgerloop.rules.customers import COMPANY_PROPERTIES, CONTACT_PROPERTIES, hubspot_of
from ledgerloop.rules.matching import Found as Chosen
from ledgerloop.rules.matching import email_domain, name_key
from ledgerloop.rules.ownership import SOURCE
from ledgerloop.store import links

Customers = Mapping[str, Customer]
Found = dict[str, tuple[Record, str]]
"""By customer: the record that it is, and how we know."""
Doubts = dict[str, Hold]
"""By customer: why it is not known which record it is."""

PLURAL: Mapping[LinkKind, str] = {"contact": "contacts", "company": "companies"}
_PROPERTIES: Mapping[LinkKind, Sequence[str]] = {"contact": CONTACT_PROPERTIES, "company": COMPANY_PROPERTIES}
_PAGE = 200
_MOST_RESULTS = 10_000


def properties_read(kind: LinkKind) -> tuple[str, ...]:
    """Return the properties that are read of a record: what is compared, whose customer it says it is, who made it."""
    return (*_PROPERTIES[kind], id_name(), *SOURCE)


def find_contacts(client: HubSpotClient, home: Organisation, strangers: Customers) -> tuple[Found, Doubts]:
    """Find contacts by number, id and email. An email that two customers share is a doubt."""
    found = _by_number(client, home, "contact", strangers)
    found |= _by_id(client, "contact", [key for key in strangers if key not in found])
    emails = {key: one.email_key for key, one in strangers.items() if key not in found and one.email_key}
    shared = {email for email, times in Counter(emails.values()).items() if times > 1}
    alone = sorted(set(emails.values()) - shared)
    by_email = client.read("contacts", alone, properties_read("contact"), id_property="email") if alone else {}
    taken = taken_of(home, "contact", [record.id for record in by_email.values()])
    unsure: Doubts = {}
    for key, email in emails.items():
        record, customer = by_email.get(email), strangers[key]
        if email in shared or (record is not None and record.id in taken):
            unsure[key] = Hold((doubts.shared_email(customer),))
        elif record is not None and (carried := _carried(record, key)):
            unsure[key] = Hold((doubts.another_customer(customer, "contact", record.id, carried),), (record.id,))
        elif record is not None:
            found[key] = (record, "email")
    return found, unsure


def find_companies(
    client: HubSpotClient, home: Organisation, strangers: Customers, contact_of: Mapping[str, str]
) -> tuple[Found, Doubts]:
    """Find companies by number and id, as the contact's own, then by name and domain."""
    found = _by_number(client, home, "company", strangers)
    found |= _by_id(client, "company", [key for key in strangers if key not in found])
    mine = {key: contact for key, contact in contact_of.items() if key in strangers and key not in found}
    found |= own_companies(client, home, strangers, mine)
    by_search, unsure = _by_search(client, home, {key: one for key, one in strangers.items() if key not in found})
    return found | by_search, unsure


def own_companies(
    client: HubSpotClient, home: Organisation, strangers: Customers, contact_of: Mapping[str, str]
) -> Found:
    """Find the companies of customers' contacts, where nobody else has them and name or domain agree.

    HubSpot may have made that company by itself from the contact's email domain; it is taken, not doubled.
    """
    customer_of = {contact: key for key, contact in contact_of.items()}
    associated = client.associated("contacts", "companies", list(customer_of)) if customer_of else {}
    company_of = {customer_of[contact]: primary(to) for contact, to in associated.items() if to}
    ids = [company for company in company_of.values() if company]
    records = client.read("companies", ids, properties_read("company")) if ids else {}
    taken = taken_of(home, "company", ids)
    return {
        key: (records[company], "contact")
        for key, company in company_of.items()
        if company in records and company not in taken and _agrees(strangers[key], records[company], key)
    }


def taken_of(home: Organisation, kind: LinkKind, ids: Sequence[str]) -> Collection[str]:
    """Return the records among these that are customers already."""
    with parts().database.reading() as tx:
        return links.find_by_hubspot(tx, home.id, kind, ids).keys()


def _agrees(customer: Customer, company: Record, key: str) -> bool:
    """Tell whether a contact's company is the customer: it is called alike, or has the domain of the email."""
    domain = email_domain(customer.email_key)
    same_domain = bool(domain) and domain_of(company) == domain
    alike = same_domain or name_key(company.properties.get("name")) == customer.name_key
    return alike and not _carried(company, key)


def _carried(record: Record, key: str) -> str:
    """Return the id of another customer that a record carries; empty where it carries none."""
    carried = record.properties.get(id_name()) or ""
    return "" if carried == key else carried


def _by_number(client: HubSpotClient, home: Organisation, kind: LinkKind, strangers: Customers) -> Found:
    """Find the records whose id stands in the customer's ContactNumber, as far as they still exist and are free."""
    named = {
        key: parsed[1] for key, one in strangers.items() if (parsed := hubspot_of(one.number)) and parsed[0] == kind
    }
    records = client.read(PLURAL[kind], list(named.values()), properties_read(kind)) if named else {}
    taken = taken_of(home, kind, [record.id for record in records.values()])
    here = {key: records[given] for key, given in named.items() if given in records}
    return {key: (record, "number") for key, record in here.items() if record.id not in taken}


def _by_id(client: HubSpotClient, kind: LinkKind, wanted: Sequence[str]) -> Found:
    """Find the records that carry a customer's id: what a crash or a lost database made us forget."""
    if not wanted:
        return {}
    records = client.read(PLURAL[kind], wanted, properties_read(kind), id_property=id_name())
    return {key: (records[key], "id") for key in wanted if key in records}


def _by_search(client: HubSpotClient, home: Organisation, strangers: Customers) -> tuple[Found, Doubts]:
    companies: dict[str, Record] = {}
    for groups in searches(list(strangers.values())):
        companies |= {record.id: record for record in _all_pages(client, groups)}
    taken = taken_of(home, "company", list(companies))
    free = [one for one in companies.values() if one.id not in taken and not one.properties.get(id_name())]
    chosen: dict[str, str] = {}
    unsure: Doubts = {}
    for key, customer in strangers.items():
        match choose(customer, free):
            case Chosen(id=company):
                chosen[key] = company
            case Hold() as hold:
                unsure[key] = hold
            case None:
                pass
    times = Counter(chosen.values())
    for key, company in chosen.items():
        if times[company] > 1:
            unsure[key] = Hold((doubts.shared_company(strangers[key], company),), (company,))
    found = {key: (companies[company], "name and domain") for key, company in chosen.items() if times[company] == 1}
    return found, unsure


def _all_pages(client: HubSpotClient, groups: Sequence[Mapping[str, object]]) -> list[Record]:
    found: list[Record] = []
    after: str | None = None
    while len(found) + _PAGE <= _MOST_RESULTS:
        page = client.search("companies", groups, properties_read("company"), limit=_PAGE, after=after)
        found += page.results
        after = page.after
        if not after:
            break
    return found
