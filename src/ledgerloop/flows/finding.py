"""Find the HubSpot contacts and companies that customers are, without making any. Called inside a step.

A contact is found by its number, by the Xero id it carries, then by email; a company by number and id, then as the
contact's own, then by name and domain. Whatever leads to a record, it is read directly before anything is decided:
HubSpot's search lags behind its writes, so it only tells of what people made before, never of what we did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from ledgerloop.flows.claiming import Customers, Doubts, Found, apart, carried_by, claim, holders_of, of_another
from ledgerloop.flows.deals import primary
from ledgerloop.flows.indexing import candidates
from ledgerloop.flows.writing import id_name
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Hold, LinkKind, Organisation
from ledgerloop.rules import doubts
from ledgerloop.rules.companies import choose, domain_of
from ledgerloop.rules.customers import COMPANY_PROPERTIES, CONTACT_PROPERTIES, hubspot_of
from ledgerloop.rules.matching import Found as Chosen
from ledgerloop.rules.matching import email_domain, name_key
from ledgerloop.rules.ownership import SOURCE

PLURAL: Mapping[LinkKind, str] = {"contact": "contacts", "company": "companies"}
_PROPERTIES: Mapping[LinkKind, Sequence[str]] = {"contact": CONTACT_PROPERTIES, "company": COMPANY_PROPERTIES}


def properties_read(kind: LinkKind) -> tuple[str, ...]:
    """Return the properties that are read of a record: what is compared, whose customer it says it is, who made it."""
    return (*_PROPERTIES[kind], id_name(), *SOURCE)


def find_contacts(client: HubSpotClient, home: Organisation, strangers: Customers) -> tuple[Found, Doubts]:
    """Find contacts by number, id and email. One that fits two customers is a doubt, and so is an email of two."""
    found, unsure = _by_number_and_id(client, home, "contact", strangers)
    emails = {
        key: one.email_key for key, one in strangers.items() if one.email_key and key not in found and key not in unsure
    }
    times = Counter(emails.values())
    unsure |= {key: Hold((doubts.shared_email(strangers[key]),)) for key, email in emails.items() if times[email] > 1}
    alone = {key: email for key, email in emails.items() if times[email] == 1}
    records = client.read("contacts", sorted(alone.values()), properties_read("contact"), "email") if alone else {}
    fits = {key: records[email] for key, email in alone.items() if email in records}
    by_email, unsure_of_email = claim(home, "contact", strangers, fits, "email")
    found, shared = apart("contact", strangers, found | by_email)
    return found, unsure | unsure_of_email | shared


def find_companies(
    client: HubSpotClient, home: Organisation, strangers: Customers, contact_of: Mapping[str, str]
) -> tuple[Found, Doubts]:
    """Find companies by number and id, as the contact's own, then by name and domain."""
    found, unsure = _by_number_and_id(client, home, "company", strangers)
    mine = {
        key: contact
        for key, contact in contact_of.items()
        if key in strangers and key not in found and key not in unsure
    }
    own, unsure_of_own = _of_contacts(client, home, strangers, mine)
    found, unsure = found | own, unsure | unsure_of_own
    rest = {key: one for key, one in strangers.items() if key not in found and key not in unsure}
    alike, unsure_of_alike = _by_likeness(home, rest, candidates(client, rest))
    found, shared = apart("company", strangers, found | alike)
    return found, unsure | unsure_of_alike | shared


def own_companies(
    client: HubSpotClient, home: Organisation, strangers: Customers, contact_of: Mapping[str, str]
) -> tuple[Found, Doubts]:
    """Find the companies of customers' contacts, where nobody else has them and name or domain agree.

    HubSpot may have made that company by itself from the contact's email domain; it is taken, not doubled.
    """
    own, unsure = _of_contacts(client, home, strangers, contact_of)
    found, shared = apart("company", strangers, own)
    return found, unsure | shared


def find_by_id(client: HubSpotClient, home: Organisation, kind: LinkKind, customers: Customers) -> Found:
    """Find the records that carry customers' ids: what a person wrote, or what a crash or a lost database forgot."""
    if not customers:
        return {}
    records = client.read(PLURAL[kind], list(customers), properties_read(kind), id_property=id_name())
    found, _ = claim(home, kind, customers, {key: records[key] for key in customers if key in records}, "id")
    return found


def _of_contacts(
    client: HubSpotClient, home: Organisation, strangers: Customers, contact_of: Mapping[str, str]
) -> tuple[Found, Doubts]:
    customer_of = {contact: key for key, contact in contact_of.items()}
    associated = client.associated("contacts", "companies", list(customer_of)) if customer_of else {}
    company_of = {customer_of[contact]: primary(to) for contact, to in associated.items() if to}
    ids = [company for company in company_of.values() if company]
    records = client.read("companies", ids, properties_read("company")) if ids else {}
    holders = holders_of(home, "company", ids)
    found: Found = {}
    unsure: Doubts = {}
    for key, company in company_of.items():
        if company not in records or holders.of_other(company, key) or not _agrees(strangers[key], records[company]):
            continue
        if company in holders.elsewhere:
            unsure[key] = of_another(home, "company", strangers[key], company, holders.elsewhere[company])
        elif not carried_by(records[company], key):
            found[key] = (records[company], "contact")
    return found, unsure


def _agrees(customer: Customer, company: Record) -> bool:
    """Tell whether a contact's company is the customer: it is called alike, or has the domain of the email."""
    domain = email_domain(customer.email_key)
    same_domain = bool(domain) and domain_of(company) == domain
    return same_domain or name_key(company.properties.get("name")) == customer.name_key


def _by_number_and_id(
    client: HubSpotClient, home: Organisation, kind: LinkKind, strangers: Customers
) -> tuple[Found, Doubts]:
    """Find records by the id that stands in the customer's ContactNumber, and by the customer's id that they carry.

    A record that carries the customer's id answers every doubt about the one that the number names.
    """
    found, unsure = _by_number(client, home, kind, strangers)
    found |= find_by_id(client, home, kind, {key: one for key, one in strangers.items() if key not in found})
    return found, {key: hold for key, hold in unsure.items() if key not in found}


def _by_number(client: HubSpotClient, home: Organisation, kind: LinkKind, strangers: Customers) -> tuple[Found, Doubts]:
    """Find the records whose id stands in the customer's ContactNumber, as far as they still exist."""
    named = {
        key: parsed[1] for key, one in strangers.items() if (parsed := hubspot_of(one.number)) and parsed[0] == kind
    }
    records = client.read(PLURAL[kind], list(named.values()), properties_read(kind)) if named else {}
    holders = holders_of(home, kind, [record.id for record in records.values()])
    fits = {key: records[given] for key, given in named.items() if given in records}
    # What is another's already is none of this customer's, unless there is nothing else to know it by.
    others = {key: one for key, one in fits.items() if holders.of_other(one.id, key)}
    lost = [key for key, one in others.items() if not _is_only_hint(kind, strangers[key], one)]
    return claim(home, kind, strangers, {key: one for key, one in fits.items() if key not in lost}, "number")


def _is_only_hint(kind: LinkKind, customer: Customer, record: Record) -> bool:
    named = hubspot_of(customer.number)
    merged_away = named is not None and named[1] != record.id  # which is told of the link that was lost by it
    return kind == "contact" and not customer.email_key and not merged_away


def _by_likeness(home: Organisation, strangers: Customers, companies: Mapping[str, Record]) -> tuple[Found, Doubts]:
    """Choose each customer's company by name and domain; one that shows another organisation is a doubt."""
    holders = holders_of(home, "company", list(companies))
    others = [one for one in companies.values() if one.id in holders.elsewhere]
    free = [
        one
        for one in companies.values()
        if one.id not in holders.ours and one.id not in holders.elsewhere and not _id_on(one)
    ]
    found: Found = {}
    unsure: Doubts = {}
    named = {_id_on(one): one for one in companies.values() if one.id not in holders.ours}
    near, near_others = _by_key(free), _by_key(others)
    for key, customer in strangers.items():
        if key.lower() in named and named[key.lower()].id not in holders.elsewhere:
            found[key] = (named[key.lower()], "id")  # written with spaces, so that it was not found by it
            continue
        match choose(customer, _near(near, customer)) or choose(customer, _near(near_others, customer)):
            case Chosen(id=company) if company in holders.elsewhere:
                unsure[key] = of_another(home, "company", customer, company, holders.elsewhere[company])
            case Chosen(id=company):
                found[key] = (companies[company], "name and domain")
            case Hold(candidates=(company, *_)) if company in holders.elsewhere:
                unsure[key] = of_another(home, "company", customer, company, holders.elsewhere[company])
            case Hold() as hold:
                unsure[key] = hold
            case None:
                pass
    return found, unsure


def _by_key(companies: Sequence[Record]) -> Mapping[str, list[Record]]:
    """Sort companies by what makes them alike, so that not everybody is compared with every one."""
    sorted_: defaultdict[str, list[Record]] = defaultdict(list)
    for one in companies:
        sorted_[f"name {name_key(one.properties.get('name'))}"].append(one)
        sorted_[f"domain {domain_of(one)}"].append(one)
    return sorted_


def _near(companies: Mapping[str, list[Record]], customer: Customer) -> list[Record]:
    """Return the companies that have a customer's name or domain, each once."""
    keys = (f"name {customer.name_key}", f"domain {email_domain(customer.email_key)}")
    return list({one.id: one for key in keys if not key.endswith(" ") for one in companies.get(key, ())}.values())


def _id_on(company: Record) -> str:
    """Return the customer's id that a company carries, as it is compared."""
    return (company.properties.get(id_name()) or "").strip().lower()
