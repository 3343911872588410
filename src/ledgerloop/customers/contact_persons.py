"""Join the further people of customers to HubSpot contacts at the customer's company. Called inside a step.

They carry no Xero contact id, which is unique and belongs to the customer's own contact, and show no standing. A person
is known by the email, which HubSpot keeps unique, so one that was made and forgotten by a crash is found again. Who was
erased in HubSpot is left out: a person of the company can make the contact, and nobody is asked for that.
"""

from __future__ import annotations

from collections.abc import Mapping

from ledgerloop import subjects
from ledgerloop.customers.claims import Customers
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.parts import parts
from ledgerloop.portal import batch_write, erasures
from ledgerloop.records import Line, Organisation
from ledgerloop.rules.customers import contact_from_person, further_people
from ledgerloop.rules.vendor_messages import whole
from ledgerloop.store import contact_persons as store
from ledgerloop.store import journal, links
from ledgerloop.store.contact_persons import Known

BATCH = 100
_RULE = "rules.customers.further_people"

Key = tuple[str, str]
"""A customer and an email."""
Made = tuple[str, str]
"""The id of a contact that was made, and what HubSpot answered."""


def join_people(organisation: Organisation, customers: Customers) -> None:
    """Find or make the contacts of people who are new, or whose customer has another company now."""
    wanted = {(key, email): person for key, one in customers.items() for email, person in further_people(one).items()}
    if not wanted:
        return
    at = parts()
    with at.database.reading() as tx:
        here = store.of_customers(tx, organisation.id, {customer for customer, _ in wanted})
        firms = links.find(tx, organisation.id, "company", [customer for customer, _ in wanted])
        asked = {record for _, record in links.asked(tx, list(firms.values()))}
        company_of = {key: link.hubspot_id for key, link in firms.items() if link.hubspot_id not in asked}
    new = [
        pair
        for pair in wanted
        if (company := company_of.get(pair[0])) and not (pair in here and here[pair].company in (company, ""))
    ]
    erased = erasures.among({email for _, email in new})
    _say_erased({customer for customer, email in new if email in erased})
    new = [pair for pair in new if pair[1] not in erased]
    if not new:
        return
    client = at.hubspot()
    emails = list(dict.fromkeys(email for _, email in new))
    ids = {email: record.id for email, record in client.read("contacts", emails, (), id_property="email").items()}
    first_of = {email: (customer, email) for customer, email in reversed(new) if email not in ids}
    rows = {pair: contact_from_person(wanted[pair], customers[pair[0]]) for pair in first_of.values()}
    made, refused, barred = _make(client, rows)
    _say_erased({customer for customer, email in new if email in barred})
    new = [pair for pair in new if pair[1] not in barred]
    ids |= {email: record for email, (record, _) in made.items()}
    client.associate("contacts", "companies", [(ids[e], company_of[c]) for c, e in new if e in ids])
    _keep(organisation, new, ids, company_of, rows, made, refused)


def _make(
    client: HubSpotClient, rows: Mapping[Key, Mapping[str, str]]
) -> tuple[dict[str, Made], dict[str, str], set[str]]:
    """Make contacts; return them by email, by email why others were refused, and the emails that were erased.

    One without an email is none.
    """
    made: dict[str, Made] = {}
    refused: dict[str, str] = {}
    erased: set[str] = set()
    by_email = [(email, values) for (_, email), values in rows.items()]
    for start in range(0, len(by_email), BATCH):
        some = dict(by_email[start : start + BATCH])
        asked = batch_write.ask(client, "contacts", some)
        sent = batch_write.create(client, "contacts", some, asked, needed=frozenset({"email"}))
        made |= {email: (record.id, batch_write.made_told(record)) for email, record in sent.records.items()}
        there = {email: error for email, error in sent.failed.items() if error.existing_id}
        made |= {email: (error.existing_id, batch_write.said(error)) for email, error in there.items()}
        erased |= {email for email, error in sent.failed.items() if error.category == batch_write.ERASED}
        others = {email: error for email, error in sent.failed.items() if email not in erased}
        refused |= {email: batch_write.said(error) for email, error in others.items() if not error.existing_id}
    return made, refused, erased


def _say_erased(customers: set[str]) -> None:
    """Say once in the journal that a further person of these customers is not made again, without naming anybody."""
    reason = "A further person was deleted in HubSpot for privacy, and is not made again."
    for customer in sorted(customers):
        with parts().database.transaction() as tx:
            if not journal.reasons_said(tx, subjects.customer(customer), [reason]):
                journal.write(tx, [Line(subjects.customer(customer), "skip", _RULE, reason)], parts().now())


def _keep(
    organisation: Organisation,
    new: list[Key],
    ids: Mapping[str, str],
    company_of: Mapping[str, str],
    rows: Mapping[Key, Mapping[str, str]],
    made: Mapping[str, Made],
    refused: Mapping[str, str],
) -> None:
    at = parts()
    lines: list[Line] = []
    known: list[Known] = []
    for customer, email in new:
        record, company, subject = ids.get(email, ""), company_of[customer], subjects.customer(customer)
        known.append(Known(organisation.id, customer, email, record, company if record else ""))
        if email in refused:
            why = f"HubSpot refused a person: {whole(refused[email])}"
            lines.append(Line(subject, "skip", _RULE, why))
        elif email in made and (customer, email) in rows:
            why = "A further person of the customer; no HubSpot contact has the email."
            values, answer = rows[customer, email], made[email][1]
            lines.append(Line(subject, "create", _RULE, why, subjects.hubspot("contact", record), values, answer))
        elif record:
            why = f"A further person of the customer was found by email, and is at the company {company}."
            lines.append(Line(subject, "adopt", _RULE, why, subjects.hubspot("contact", record)))
    with at.database.transaction() as tx:
        store.put(tx, known)
        journal.write(tx, lines, at.now())
