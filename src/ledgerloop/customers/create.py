"""Make the HubSpot contacts and companies that nobody has. Called inside a step.

A record is made with its standing at once. One that exists after all (409, or its Xero id is taken) is taken instead;
a value that HubSpot refuses costs itself, with a line in the journal, and the record is made without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ledgerloop import subjects
from ledgerloop.concurrency import abreast
from ledgerloop.customers import older_companies
from ledgerloop.customers.claims import Customers, Doubts, apart, claim, take
from ledgerloop.customers.field_diff import remembered
from ledgerloop.customers.find import found_by_email
from ledgerloop.customers.halves import Halves
from ledgerloop.customers.hubspot_records import PLURAL, properties_read
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import BatchError
from ledgerloop.parts import parts
from ledgerloop.portal import batch_write
from ledgerloop.portal.batch_write import TAKEN, Dropped, Sent
from ledgerloop.records import Customer, Hold, Line, Link, LinkKind, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.ownership import after_refusal, made_from, properties_of, said_by_xero
from ledgerloop.rules.vendor_messages import whole
from ledgerloop.store import connections, journal, last_compared, last_written, links, rulings

Values = Mapping[str, Mapping[str, str]]
"""The standing's properties of each customer, by its id."""

_RULE = "rules.identity"
BATCH = 100
_WHY = "No HubSpot record is this customer by link, id, contact number, email or evidence."


@dataclass(slots=True)
class Made:
    """The ids of the records that were made, by customer, and why others were not."""

    ids: dict[str, str] = field(default_factory=dict)
    doubts: Doubts = field(default_factory=dict)


def make(
    client: HubSpotClient, organisation: Organisation, kind: LinkKind, customers: Customers, values: Values
) -> Made:
    """Make a record for each of these customers, a hundred in a call."""
    made = Made()
    with parts().database.reading() as tx:  # a deal that was won meanwhile links its customer in its own lane
        linked = links.find(tx, organisation.id, kind, list(customers))
    keys = [key for key in customers if key not in linked]
    batches = [{key: customers[key] for key in keys[start : start + BATCH]} for start in range(0, len(keys), BATCH)]
    passed_over = older_companies.known({key: customers[key] for key in keys}) if kind == "company" else {}
    rows = {key: {**properties_of(kind, customers[key]), **values[key]} for key in keys}
    failures: list[BaseException] = []
    asked = batch_write.ask(client, PLURAL[kind], rows)

    def send(some: Customers) -> Sent:
        return batch_write.create(client, PLURAL[kind], {key: rows[key] for key in some}, asked)

    for some, answer in zip(batches, abreast(parts().clock, send, batches), strict=True):
        if problem := answer.exception():
            failures.append(problem)  # the others were made all the same, and that is kept
            continue
        sent = answer.result()
        made.ids |= {key: record.id for key, record in sent.records.items()}
        _keep(organisation, kind, some, values, rows, sent, passed_over)
        made.doubts |= _take_existing(client, organisation, kind, some, sent)
    if failures:
        raise failures[0]
    return made


def _keep(
    organisation: Organisation,
    kind: LinkKind,
    some: Customers,
    values: Values,
    rows: Values,
    sent: Sent,
    passed_over: Mapping[str, Collection[str]],
) -> None:
    """Keep the links of what was made, what it shows, and what both sides now say; tell what was left out."""
    at = parts()
    lines: list[Line] = []
    for key, record in sent.records.items():
        left_out = {one.name for one in sent.dropped.get(key, ())}
        written = {name: value for name, value in rows[key].items() if name not in left_out}
        target, answer = subjects.hubspot(kind, record.id), batch_write.made_told(record)
        lines.append(Line(subjects.customer(key), "create", _RULE, _WHY, target, written, answer))
    lines += [
        Line(
            subjects.customer(key), "skip", _RULE, f"HubSpot refused `{one.name}`, which is left out: {whole(one.said)}"
        )
        for key, dropped in sent.dropped.items()
        for one in dropped
    ]
    refused_email = {key: some[key] for key, error in sent.failed.items() if kind == "contact" and _of_email(error)}
    no_contact = "HubSpot refused the email, so no contact is made: "
    lines += [
        Line(subjects.customer(key), "skip", _RULE, no_contact + sent.failed[key].message) for key in refused_email
    ]
    left = {key: [one.name for one in sent.dropped.get(key, ())] for key in sent.records}
    left |= {key: ["email"] for key in refused_email}
    said = {
        key: after_refusal(kind, made_from("xero", kind, said_by_xero(kind, some[key])), names, ())
        for key, names in left.items()
    }
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        new = [Link(organisation.id, key, kind, one.id, "created") for key, one in sent.records.items()]
        kept = set(links.put(tx, new, at.now()))
        elsewhere = {link.xero_id for link in set(new) - kept}
        if kind == "company":
            mine = {link: sent.records[link.xero_id] for link in new if link in kept}
            older_companies.note(tx, organisation, mine, passed_over)
        settled = {key: remembered(one) for key, one in said.items() if key not in elsewhere}
        last_compared.put(tx, organisation.id, kind, settled)
        if portal is not None:
            shown = {one.id: _shown(values[key], sent.dropped.get(key, ())) for key, one in sent.records.items()}
            last_written.put(tx, portal.id, kind, shown)
        journal.write(tx, lines, at.now())


def _take_existing(
    client: HubSpotClient, organisation: Organisation, kind: LinkKind, some: Customers, sent: Sent
) -> Doubts:
    """Take the records that HubSpot names as there already, unless they are other customers; word what was refused."""
    carried = [key for key, error in sent.failed.items() if TAKEN in error.codes]
    by_id = client.read(PLURAL[kind], carried, properties_read(kind), batch_write.id_name()) if carried else {}
    with parts().database.reading() as tx:  # what carries the id of a link that was ended is about to be emptied
        parted = set(rulings.to_empty(tx, organisation.id, list(by_id)))
    by_id = {key: one for key, one in by_id.items() if (key, kind, one.id) not in parted}
    named = {key: error.existing_id for key, error in sent.failed.items() if error.existing_id and key not in by_id}
    there = client.read(PLURAL[kind], list(named.values()), properties_read(kind)) if named else {}
    by_email = {key: there[record] for key, record in named.items() if record in there}
    found, unsure = claim(organisation, kind, some, {key: one for key, one in by_id.items() if key in some}, "id")
    more = found_by_email(client, organisation, some, by_email) if kind == "contact" and by_email else Halves()
    found, shared = apart(kind, some, found | more.contacts)
    unsure = unsure | more.unsure_contacts | shared
    for key, error in sent.failed.items():
        if key in more.without_contact:
            continue  # a person has ended its link to who has the email
        if key not in found and key not in unsure and not (kind == "contact" and _of_email(error)):
            unsure[key] = Hold((_why_not(some[key], kind, error),))
    return unsure | take(organisation, kind, some, found)


def _why_not(customer: Customer, kind: LinkKind, error: BatchError) -> str:
    """Word why no record was made, and what would cure it."""
    if error.category == batch_write.ERASED:
        return hold_reasons.forgotten(customer)
    if names := batch_write.lacking(error):
        return hold_reasons.required(customer, kind, names)
    if TAKEN in error.codes:
        return hold_reasons.id_carried(customer, kind, batch_write.said(error))
    return hold_reasons.refused_create(kind, batch_write.said(error))


def _of_email(error: BatchError) -> bool:
    return bool(error.problems) and all(name == "email" for name, _, _ in error.problems)


def _shown(values: Mapping[str, str], dropped: Sequence[Dropped]) -> dict[str, str]:
    left_out = {one.name for one in dropped}
    return {name: value for name, value in values.items() if name not in left_out}
