"""Find the records that a person, a contact number or an id names for customers. Called inside a step.

An id that a person wrote decides; a number that all else speaks against is stale, and a question.
"""

from __future__ import annotations

from collections.abc import Collection

from ledgerloop.customers.claims import Customers, Doubts, Found, claim, holders_of
from ledgerloop.customers.hubspot_records import PLURAL, Pair, properties_read
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Choice, Customer, Hold, LinkKind, Organisation
from ledgerloop.rules.customers import hubspot_of
from ledgerloop.rules.identity import questions
from ledgerloop.rules.identity.evidence import CONTACT_NUMBER, Same, Verdict, weigh
from ledgerloop.rules.identity.payers import with_number
from ledgerloop.rules.identity.persons import fits_number
from ledgerloop.rules.identity.profiles import profile_of_company, profile_of_customer
from ledgerloop.store import former_links, rulings


def find_by_id(
    client: HubSpotClient,
    organisation: Organisation,
    kind: LinkKind,
    customers: Customers,
    freed: Collection[Pair] = frozenset(),
) -> Found:
    """Find the records that carry customers' ids: what a person wrote, or what a crash or a lost database forgot."""
    if not customers:
        return {}
    records = client.read(PLURAL[kind], list(customers), properties_read(kind), id_property=id_name())
    fits = {key: records[key] for key in customers if key in records and (key, records[key].id) not in freed}
    found, _ = claim(organisation, kind, customers, fits, "id")
    return found


def find_written(
    client: HubSpotClient, organisation: Organisation, kind: LinkKind, strangers: Customers, freed: Collection[Pair]
) -> tuple[Found, Doubts]:
    """Find the records that a person has named for customers, else those that contact numbers and ids name."""
    with parts().database.reading() as tx:
        said = rulings.get(tx, organisation.id, [f"customer {key} {kind}" for key in strangers])
    named = {key: record for key in strangers if (record := said.get(f"customer {key} {kind}"))}
    records = client.read(PLURAL[kind], list(named.values()), properties_read(kind)) if named else {}
    fits = {key: records[record] for key, record in named.items() if record in records}
    found, unsure = claim(organisation, kind, strangers, fits, "ruling")
    left = {key: one for key, one in strangers.items() if key not in fits}
    more, in_doubt = _by_number_and_id(client, organisation, kind, left, freed)
    return found | more, unsure | in_doubt


def _by_number_and_id(
    client: HubSpotClient, organisation: Organisation, kind: LinkKind, strangers: Customers, freed: Collection[Pair]
) -> tuple[Found, Doubts]:
    """Find records by the id that stands in the customer's ContactNumber, and by the customer's id that they carry.

    A record that carries the customer's id answers every doubt about the one that the number names.
    """
    found, unsure = _by_number(client, organisation, kind, strangers)
    left = {key: one for key, one in strangers.items() if key not in found}
    found |= find_by_id(client, organisation, kind, left, freed)
    return found, {key: hold for key, hold in unsure.items() if key not in found}


def _by_number(
    client: HubSpotClient, organisation: Organisation, kind: LinkKind, strangers: Customers
) -> tuple[Found, Doubts]:
    """Find the records whose id stands in the customer's ContactNumber, as far as they exist and fit."""
    named = {key: number for key, one in strangers.items() if (number := record_numbered(one, kind))}
    with parts().database.reading() as tx:  # whom another person succeeded is the customer's contact no more
        before = {
            (key, one.hubspot_id)
            for key, some in former_links.of_customers(tx, organisation.id, kind, list(named)).items()
            for one in some
            if one.how == "succeeded"
        }
    named = {key: record for key, record in named.items() if (key, record) not in before}
    records = client.read(PLURAL[kind], list(named.values()), properties_read(kind)) if named else {}
    with parts().database.reading() as tx:
        ended = rulings.ended(tx, organisation.id, list(named))
        apart = {key: rulings.none_of(f"{kind} {record}", key) for key, record in named.items()}
        denied = rulings.get(
            tx, organisation.id, list(apart.values())
        )  # said for a deal: the record is not this customer
    fits = {key: records[given] for key, given in named.items() if given in records and apart[key] not in denied}
    fits = {key: record for key, record in fits.items() if (kind, record.id) not in ended.get(key, ())}
    unsure: Doubts = {}
    for key, record in list(fits.items()):
        verdict = _fits_number(organisation, kind, strangers[key], record)
        if not isinstance(verdict, Same):
            del fits[key]
            said = questions.stale_number(strangers[key], kind, record, verdict.evidence)
            unsure[key] = Hold((said,), (record.id,), choices=(_choice(kind, record, verdict),))
    holders = holders_of(organisation, kind, [record.id for record in records.values()])
    # What is another's already is none of this customer's, unless there is nothing else to know it by.
    others = {key: one for key, one in fits.items() if holders.of_other(one.id, key)}
    theirs = [key for key, one in others.items() if not _is_only_hint(kind, strangers[key], one)]
    left = {key: one for key, one in fits.items() if key not in theirs}
    found, more = claim(organisation, kind, strangers, left, CONTACT_NUMBER)
    return found, unsure | more


def _choice(kind: LinkKind, record: Record, verdict: Verdict) -> Choice:
    if kind == "contact":
        return Choice("contact", record.id, questions.contact_named(record))
    return Choice("company", record.id, questions.company_named(record, verdict.evidence))


def _fits_number(organisation: Organisation, kind: LinkKind, customer: Customer, record: Record) -> Verdict:
    """Weigh a record that a customer's contact number names: against all that is known it is stale, and a question."""
    if kind == "contact":
        return fits_number(customer, record)
    numbered = parts().numbered
    company = profile_of_company(record, numbered=numbered, country=organisation.country)
    return with_number(weigh(profile_of_customer(customer, organisation.country), company))


def record_numbered(customer: Customer, kind: LinkKind) -> str:
    """Return the id of the record that a customer's ContactNumber names; empty where it names none of this kind."""
    named = hubspot_of(customer.number)
    return named[1] if named is not None and named[0] == kind else ""


def _is_only_hint(kind: LinkKind, customer: Customer, record: Record) -> bool:
    named = hubspot_of(customer.number)
    merged_away = named is not None and named[1] != record.id  # which is told of the link that was lost by it
    return kind == "contact" and not customer.email_key and not merged_away
