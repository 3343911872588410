"""Find the HubSpot contacts and companies that customers are, without making any. Called inside a step.

An id that a person wrote decides; everything else is evidence, and ``rules.identity`` weighs it. Whatever leads to a
record, it is read directly before anything is decided: HubSpot's search lags behind its writes, so it only tells of
what people made before, never of what we did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ledgerloop.customers.claims import (
    Customers,
    Doubts,
    Found,
    Holders,
    apart,
    carried_by,
    claim,
    claimed,
    holders_of,
)
from ledgerloop.customers.company_index import candidates
from ledgerloop.hubspot.associations import primary
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Choice, Customer, Hold, LinkKind, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.customers import COMPANY_PROPERTIES, CONTACT_PROPERTIES, hubspot_of
from ledgerloop.rules.identity import questions
from ledgerloop.rules.identity.addresses import email_domain, mailbox
from ledgerloop.rules.identity.choice import Chosen, Doubt, settle
from ledgerloop.rules.identity.evidence import CONTACT_NUMBER, Same, Shared, Verdict, weigh
from ledgerloop.rules.identity.names import Likeness, compare
from ledgerloop.rules.identity.payers import with_number
from ledgerloop.rules.identity.persons import firm_behind, fits_number, is_another_person
from ledgerloop.rules.identity.profiles import (
    ADDITIONAL_DOMAINS,
    ADDITIONAL_EMAILS,
    Profile,
    domains_of,
    emails_of,
    keys_of_company,
    profile_of_company,
    profile_of_customer,
)
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.rules.identity.wording import found as found_by
from ledgerloop.rules.ownership import SOURCE
from ledgerloop.store import former_links, links, mirror, rulings

Pair = tuple[str, str]
"""A customer and a HubSpot record."""

PLURAL: Mapping[LinkKind, str] = {"contact": "contacts", "company": "companies"}
_PROPERTIES: Mapping[LinkKind, Sequence[str]] = {"contact": CONTACT_PROPERTIES, "company": COMPANY_PROPERTIES}


@dataclass(slots=True)
class Halves:
    """The contacts and companies that customers are, and why others are in doubt."""

    contacts: Found = field(default_factory=dict)
    companies: Found = field(default_factory=dict)
    unsure_contacts: Doubts = field(default_factory=dict)
    unsure_companies: Doubts = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """By customer: on what evidence its company was found, and beside which others."""
    without_contact: dict[str, str] = field(default_factory=dict)
    """By customer: the contact that has its email and is not the customer, so that it gets none."""


@dataclass(frozen=True, slots=True)
class _Around:
    """What was read around customers: contacts that have their addresses, and the companies these are at."""

    contacts: Mapping[str, Record]
    """By customer."""
    company_of: Mapping[str, str]
    """By contact: its primary company."""
    companies: Mapping[str, Record]


def properties_read(kind: LinkKind) -> tuple[str, ...]:
    """Return the properties that are read of a record: what is compared, whose customer it says it is, who made it."""
    compared = (ADDITIONAL_DOMAINS, *parts().numbered.names) if kind == "company" else (ADDITIONAL_EMAILS,)
    return tuple(dict.fromkeys((*_PROPERTIES[kind], *compared, id_name(), *SOURCE)))


def find(
    client: HubSpotClient,
    home: Organisation,
    no_contact: Customers,
    no_company: Customers,
    freed: Collection[Pair] = frozenset(),
) -> Halves:
    """ruling → (number, id) → address → company: find the halves that customers lack, neither without the other.

    ``freed`` are customers and records whose links were ended just now, so that the id there says nothing any more.
    """
    found = Halves()
    found.contacts, found.unsure_contacts = _said_or_written(client, home, "contact", no_contact, freed)
    found.companies, found.unsure_companies = _said_or_written(client, home, "company", no_company, freed)
    sharing = sharing_of(home, {**no_contact, **no_company})
    left = {key: one for key, one in no_contact.items() if key not in found.contacts}
    left = {key: one for key, one in left.items() if key not in found.unsure_contacts and one.email_key}
    shared = {key: names for key, one in left.items() if (names := sharing.with_email(one))}
    found.unsure_contacts |= {
        key: Hold((hold_reasons.shared_email(left[key], names),), (left[key].email_key,))
        for key, names in shared.items()
    }
    asked = {key: one for key, one in left.items() if key not in shared}
    around = _around(client, home, found, asked, no_company)
    _choose_companies(home, no_company, around, sharing, found, freed)
    _choose_contacts(home, no_contact, asked, around, sharing, found)
    return found


def own_companies(
    client: HubSpotClient, home: Organisation, strangers: Customers, contact_of: Mapping[str, str]
) -> tuple[Found, Doubts]:
    """Find the companies that the contacts have which were just made.

    HubSpot may have made that company by itself from the contact's email domain; it is taken, not doubled.
    """
    mine = {key: contact for key, contact in contact_of.items() if key in strangers}
    company_of = companies_of(client, list(mine.values()))
    ids = sorted(set(company_of.values()))
    companies = client.read("companies", ids, properties_read("company")) if ids else {}
    sharing = sharing_of(home, strangers)
    with parts().database.reading() as tx:
        ended = rulings.ended(tx, home.id, list(mine))
    fits: dict[str, Record] = {}
    for key, contact in mine.items():
        company = companies.get(company_of.get(contact, ""))
        if company is not None and ("company", company.id) in ended.get(key, ()):
            continue
        if company is not None and _was_made_for(strangers[key], company, sharing.shared):
            fits[key] = company
    found, unsure = claim(home, "company", strangers, fits, "contact")
    found, shared = apart("company", strangers, found)
    return found, unsure | shared


def found_by_email(
    client: HubSpotClient, home: Organisation, customers: Customers, contacts: Mapping[str, Record]
) -> Halves:
    """Weigh the contacts that HubSpot names as having customers' addresses, as those that were looked for by them."""
    found = Halves()
    asked = {key: customers[key] for key in contacts}
    company_of = companies_of(client, [one.id for one in contacts.values()])
    with parts().database.reading() as tx:
        own = links.find(tx, home.id, "company", list(asked))
    ids = sorted({*company_of.values(), *(link.hubspot_id for link in own.values())})
    companies = client.read("companies", ids, properties_read("company")) if ids else {}
    around = _Around(contacts, company_of, {one.id: one for one in companies.values()})
    _choose_contacts(home, asked, asked, around, sharing_of(home, asked), found)
    return found


def find_by_id(
    client: HubSpotClient,
    home: Organisation,
    kind: LinkKind,
    customers: Customers,
    freed: Collection[Pair] = frozenset(),
) -> Found:
    """Find the records that carry customers' ids: what a person wrote, or what a crash or a lost database forgot."""
    if not customers:
        return {}
    records = client.read(PLURAL[kind], list(customers), properties_read(kind), id_property=id_name())
    fits = {key: records[key] for key in customers if key in records and (key, records[key].id) not in freed}
    found, _ = claim(home, kind, customers, fits, "id")
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


def sharing_of(home: Organisation, customers: Customers) -> Sharing:
    """Ask our copy of the ledger who else has these customers' addresses and domains."""
    keys = {key for one in customers.values() for key in one.keys if key.startswith(("email ", "domain "))}
    with parts().database.reading() as tx:
        return Sharing.among(mirror.customers_by_keys(tx, home.id, keys))


def _around(
    client: HubSpotClient, home: Organisation, found: Halves, asked: Customers, no_company: Customers
) -> _Around:
    """Read the contacts that have customers' addresses, the companies that these are at, and those that keys find."""
    emails = sorted({one.email_key for one in asked.values()})
    by_email = client.read("contacts", emails, properties_read("contact"), "email") if emails else {}
    contacts = {key: by_email[one.email_key] for key, one in asked.items() if one.email_key in by_email}
    with parts().database.reading() as tx:
        linked = links.find(tx, home.id, "contact", [key for key in no_company if key not in contacts])
        own = links.find(tx, home.id, "company", list(asked))
    known = {key: record for key, (record, _) in found.contacts.items()}
    ids = [one.id for one in (*contacts.values(), *known.values())] + [link.hubspot_id for link in linked.values()]
    company_of = companies_of(client, ids)
    left = {key: one for key, one in {**no_company, **asked}.items() if key in asked or key not in found.companies}
    more = {*company_of.values(), *(link.hubspot_id for link in own.values())}
    companies = candidates(client, left, sorted(more), properties_read("company"))
    stubs = {key: Record(id=link.hubspot_id) for key, link in linked.items()}
    return _Around({**stubs, **contacts, **known}, company_of, companies)


def companies_of(client: HubSpotClient, contacts: Sequence[str]) -> dict[str, str]:
    """Return the primary companies of contacts."""
    if not contacts:
        return {}
    associated = client.associated("contacts", "companies", sorted(set(contacts)))
    return {contact: company for contact, some in associated.items() if (company := primary(some))}


def _choose_companies(
    home: Organisation,
    no_company: Customers,
    around: _Around,
    sharing: Sharing,
    found: Halves,
    freed: Collection[Pair],
) -> None:
    """Choose each customer's company among those that its keys find, and its contact's."""
    left = {key: one for key, one in no_company.items() if key not in found.companies}
    holders = holders_of(home, "company", list(around.companies))
    with parts().database.reading() as tx:
        said = rulings.get(tx, home.id, [f"customer {key} company" for key in left])
        ended = rulings.ended(tx, home.id, list(left))
    named, near = _by_id(around.companies, holders), _by_key(around.companies)
    profiles = _profiles(home, around)
    shared = sharing.shared.plus(our_own(home, around.companies, left))
    chosen: dict[str, Chosen] = {}
    for key, customer in left.items():
        if key.lower() in named and (key, named[key.lower()].id) not in freed:
            found.companies[key] = (named[key.lower()], "id")  # written with spaces, so that it was not found by it
            found.unsure_companies.pop(key, None)
            continue
        if said.get(f"customer {key} company") == "":  # a person said that it is none of those that there are
            found.unsure_companies.pop(key, None)
            continue
        if key in found.unsure_companies:
            continue
        some = {one for each in customer.keys for one in near.get(each, ())}
        some |= {company for company in (_at(around, key),) if company in around.companies}
        number = _numbered(customer, "company")
        own = _at(around, key)  # where its own contact is, linked before or found by its email just now
        known = {**profiles, own: _with_email(profiles[own], customer)} if own in profiles else profiles
        weighed = {
            company: _weigh(home, customer, known[company], shared, numbered=company == number)
            for company in sorted(some | ({number} & around.companies.keys()))
            if ("company", company) not in ended.get(key, ())
        }
        match _among_free(key, weighed, holders, around.companies):
            case Chosen() as one:
                chosen[key] = one
                others = [profiles[each].name or each for each in weighed if each != one.id]
                found.said[key] = found_by(one.evidence, others)
            case Doubt() as doubt:
                some_hold = _hold_over(home, customer, doubt, holders, around.companies)
                found.unsure_companies[key] = some_hold
            case None:
                pass
    _give(home, left, chosen, around, profiles, shared, found)


def _with_email(company: Profile, customer: Customer) -> Profile:
    return replace(company, emails=company.emails | {mailbox(customer.email_key)}) if customer.email_key else company


def _among_free(
    key: str, weighed: Mapping[str, Verdict], holders: Holders, companies: Mapping[str, Record]
) -> Chosen | Doubt | None:
    """Choose among companies that are nobody's yet; one that is somebody's is a question only where it fits."""
    free = {
        company: verdict
        for company, verdict in weighed.items()
        if not holders.of_other(company, key)
        and company not in holders.elsewhere
        and not carried_by(companies[company], key)
    }
    answer = settle(free)
    if isinstance(answer, Chosen):
        return answer
    taken = settle({company: one for company, one in weighed.items() if company not in free and isinstance(one, Same)})
    if isinstance(taken, Chosen):
        return Doubt({taken.id: taken.evidence}, "taken")
    return taken or answer


def _hold_over(
    home: Organisation, customer: Customer, doubt: Doubt, holders: Holders, companies: Mapping[str, Record]
) -> Hold:
    """Word a doubt: about a company that is another customer's, or about those that it may be."""
    first = next(iter(doubt.candidates))
    if doubt.why == "taken":
        _, unsure = claimed(home, "company", {customer.id: customer}, {customer.id: companies[first]}, "", holders)
        return unsure[customer.id]
    choices = tuple(
        Choice("company", key, questions.company_named(companies[key], evidence))
        for key, evidence in doubt.candidates.items()
    )
    return Hold((questions.which_company(customer, doubt, companies),), tuple(doubt.candidates), choices=choices)


def _give(
    home: Organisation,
    strangers: Customers,
    chosen: Mapping[str, Chosen],
    around: _Around,
    profiles: Mapping[str, Profile],
    shared: Shared,
    found: Halves,
) -> None:
    """Give companies to the customers that they are, unless another customer fits one as well or better."""
    keys_of = {one.id: keys_of_company(around.companies[one.id], parts().numbered) for one in chosen.values()}
    with parts().database.reading() as tx:
        by_key = mirror.customers_by_keys(tx, home.id, {key for keys in keys_of.values() for key in keys})
        everyone = sorted({one.id for some in by_key.values() for one in some})
        housed = links.find(tx, home.id, "company", everyone)
    for key, one in chosen.items():
        rivals = {
            other.id: other
            for each in keys_of[one.id]
            for other in by_key.get(each, ())
            if other.active and not other.merged_into and other.id != key and other.id not in housed
        }
        weighed: dict[str, Verdict] = {
            each: _weigh(home, other, profiles[one.id], shared, numbered=False) for each, other in rivals.items()
        }
        weighed = {each: verdict for each, verdict in weighed.items() if isinstance(verdict, Same)}
        answer = settle({key: Same(one.evidence), **weighed})
        if isinstance(answer, Chosen) and answer.id == key:
            found.companies[key] = (around.companies[one.id], one.evidence.how or CONTACT_NUMBER)
        else:
            said = questions.rivals_for_company(strangers[key], one.id, [rivals[each] for each in weighed])
            choice = Choice("company", one.id, questions.company_named(around.companies[one.id], one.evidence))
            found.unsure_companies[key] = Hold((said,), (one.id,), choices=(choice,))


def _weigh(home: Organisation, customer: Customer, company: Profile, shared: Shared, *, numbered: bool) -> Verdict:
    verdict = weigh(profile_of_customer(customer, home.country), company, shared)
    return with_number(verdict) if numbered else verdict


def _choose_contacts(
    home: Organisation, everyone: Customers, asked: Customers, around: _Around, sharing: Sharing, found: Halves
) -> None:
    """Take the contacts that have customers' addresses, unless the address is another firm's or person's."""
    with parts().database.reading() as tx:
        housed = links.find(tx, home.id, "company", list(asked))
        ended = rulings.ended(tx, home.id, list(asked))
    fits: dict[str, Record] = {}
    for key, customer in asked.items():
        contact = around.contacts.get(key)
        if contact is not None and ("contact", contact.id) in ended.get(key, ()):
            found.without_contact[key] = contact.id
            continue
        theirs = housed[key].hubspot_id if key in housed else ""
        own = found.companies[key][0] if key in found.companies else around.companies.get(theirs)
        works_at = around.companies.get(around.company_of.get(contact.id, "")) if contact else None
        firm = firm_behind(customer, own, contact, works_at, around.companies.values())
        carries = contact is not None and (contact.properties.get(id_name()) or "").strip().lower() == key.lower()
        stranger = contact is not None and is_another_person(customer, contact, works_at, own, sharing.shared)
        if firm is None and contact is not None and stranger and not carries:
            said = questions.address_of_person(customer, contact)
            choice = Choice("contact", contact.id, questions.contact_named(contact))
            found.unsure_contacts[key] = Hold((said,), (contact.id,), choices=(choice,))
        elif firm is None:
            fits |= {key: contact} if contact else {}
        elif firm.id in found.unsure_companies.get(key, Hold(())).candidates:
            # Whose contact it is, the answer about the company will tell; until then it is not made or taken either.
            found.unsure_contacts[key] = found.unsure_companies[key]
        elif contact is None:
            found.unsure_contacts[key] = Hold((questions.address_of_firm(customer, firm),), (firm.id,))
        elif carries:
            fits[key] = contact  # a person has said so
        else:
            said = questions.address_of_others(customer, contact, firm)
            choice = Choice("contact", contact.id, questions.contact_named(contact))
            found.unsure_contacts[key] = Hold((said,), (contact.id,), choices=(choice,))
    by_email, unsure = claim(home, "contact", asked, fits, "email")
    found.contacts, shared = apart("contact", everyone, found.contacts | by_email)
    found.unsure_contacts |= unsure | shared


def _at(around: _Around, customer: str) -> str:
    """Return the company that a customer's contact is at."""
    contact = around.contacts.get(customer)
    return around.company_of.get(contact.id, "") if contact else ""


def _profiles(home: Organisation, around: _Around) -> dict[str, Profile]:
    """Return what is known of each company, the contacts included that are known to be at it."""
    people: defaultdict[str, list[Record]] = defaultdict(list)
    for contact in around.contacts.values():
        people[around.company_of.get(contact.id, "")].append(contact)
    return {
        key: profile_of_company(company, people[key], numbered=parts().numbered, country=home.country)
        for key, company in around.companies.items()
    }


def our_own(home: Organisation, companies: Mapping[str, Record], customers: Customers) -> Shared:
    """Return the domains and addresses of our own firm, if HubSpot has it: they say nothing about customers."""
    ours = [one for one in companies.values() if compare(one.properties.get("name") or "", home.name) >= Likeness.SAME]
    domains = frozenset(domain for one in ours for domain in domains_of(one))
    emails = {email for one in customers.values() for email in emails_of(one) if email_domain(email) in domains}
    return Shared(frozenset(map(mailbox, emails)), domains)


def _said_or_written(
    client: HubSpotClient, home: Organisation, kind: LinkKind, strangers: Customers, freed: Collection[Pair]
) -> tuple[Found, Doubts]:
    """Find the records that a person has named for customers, else those that contact numbers and ids name."""
    with parts().database.reading() as tx:
        said = rulings.get(tx, home.id, [f"customer {key} {kind}" for key in strangers])
    named = {key: record for key in strangers if (record := said.get(f"customer {key} {kind}"))}
    records = client.read(PLURAL[kind], list(named.values()), properties_read(kind)) if named else {}
    fits = {key: records[record] for key, record in named.items() if record in records}
    found, unsure = claim(home, kind, strangers, fits, "ruling")
    left = {key: one for key, one in strangers.items() if key not in fits}
    more, in_doubt = _by_number_and_id(client, home, kind, left, freed)
    return found | more, unsure | in_doubt


def _by_number_and_id(
    client: HubSpotClient, home: Organisation, kind: LinkKind, strangers: Customers, freed: Collection[Pair]
) -> tuple[Found, Doubts]:
    """Find records by the id that stands in the customer's ContactNumber, and by the customer's id that they carry.

    A record that carries the customer's id answers every doubt about the one that the number names.
    """
    found, unsure = _by_number(client, home, kind, strangers)
    left = {key: one for key, one in strangers.items() if key not in found}
    found |= find_by_id(client, home, kind, left, freed)
    return found, {key: hold for key, hold in unsure.items() if key not in found}


def _by_number(client: HubSpotClient, home: Organisation, kind: LinkKind, strangers: Customers) -> tuple[Found, Doubts]:
    """Find the records whose id stands in the customer's ContactNumber, as far as they exist and fit."""
    named = {key: number for key, one in strangers.items() if (number := _numbered(one, kind))}
    with parts().database.reading() as tx:  # whom another person succeeded is the customer's contact no more
        before = {
            (key, one.hubspot_id)
            for key, some in former_links.of_customers(tx, home.id, kind, list(named)).items()
            for one in some
            if one.how == "succeeded"
        }
    named = {key: record for key, record in named.items() if (key, record) not in before}
    records = client.read(PLURAL[kind], list(named.values()), properties_read(kind)) if named else {}
    with parts().database.reading() as tx:
        ended = rulings.ended(tx, home.id, list(named))
        apart = {key: rulings.none_of(f"{kind} {record}", key) for key, record in named.items()}
        denied = rulings.get(tx, home.id, list(apart.values()))  # said for a deal: the record is not this customer
    fits = {key: records[given] for key, given in named.items() if given in records and apart[key] not in denied}
    fits = {key: record for key, record in fits.items() if (kind, record.id) not in ended.get(key, ())}
    unsure: Doubts = {}
    for key, record in list(fits.items()):
        verdict = _fits_number(home, kind, strangers[key], record)
        if not isinstance(verdict, Same):
            del fits[key]
            said = questions.stale_number(strangers[key], kind, record, verdict.evidence)
            unsure[key] = Hold((said,), (record.id,), choices=(_choice(kind, record, verdict),))
    holders = holders_of(home, kind, [record.id for record in records.values()])
    # What is another's already is none of this customer's, unless there is nothing else to know it by.
    others = {key: one for key, one in fits.items() if holders.of_other(one.id, key)}
    theirs = [key for key, one in others.items() if not _is_only_hint(kind, strangers[key], one)]
    left = {key: one for key, one in fits.items() if key not in theirs}
    found, more = claim(home, kind, strangers, left, CONTACT_NUMBER)
    return found, unsure | more


def _choice(kind: LinkKind, record: Record, verdict: Verdict) -> Choice:
    if kind == "contact":
        return Choice("contact", record.id, questions.contact_named(record))
    return Choice("company", record.id, questions.company_named(record, verdict.evidence))


def _fits_number(home: Organisation, kind: LinkKind, customer: Customer, record: Record) -> Verdict:
    """Weigh a record that a customer's contact number names: against all that is known it is stale, and a question."""
    if kind == "contact":
        return fits_number(customer, record)
    numbered = parts().numbered
    company = profile_of_company(record, numbered=numbered, country=home.country)
    return with_number(weigh(profile_of_customer(customer, home.country), company))


def _numbered(customer: Customer, kind: LinkKind) -> str:
    """Return the id of the record that a customer's ContactNumber names; empty where it names none of this kind."""
    named = hubspot_of(customer.number)
    return named[1] if named is not None and named[0] == kind else ""


def _is_only_hint(kind: LinkKind, customer: Customer, record: Record) -> bool:
    named = hubspot_of(customer.number)
    merged_away = named is not None and named[1] != record.id  # which is told of the link that was lost by it
    return kind == "contact" and not customer.email_key and not merged_away


def _by_id(companies: Mapping[str, Record], holders: Holders) -> dict[str, Record]:
    """Return the companies that carry a customer's id and are nobody's yet, by that id."""
    free = [one for one in companies.values() if one.id not in holders.ours and one.id not in holders.elsewhere]
    return {key: one for one in free if (key := (one.properties.get(id_name()) or "").strip().lower())}


def _by_key(companies: Mapping[str, Record]) -> Mapping[str, Collection[str]]:
    """Sort companies by what they are looked for by, so that not everybody is compared with every one."""
    sorted_: defaultdict[str, list[str]] = defaultdict(list)
    for one in companies.values():
        for key in keys_of_company(one, parts().numbered):
            sorted_[key].append(one.id)
    return sorted_
