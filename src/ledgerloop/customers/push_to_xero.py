"""Tell Xero what people changed on customers' HubSpot records, where that is switched on. Called inside a step.

A change is a difference to what both sides said when they were last compared, so neither our own writes nor an event
that comes twice tells Xero anything. What Xero answers goes into the mirror at once: its own webhook is no news then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers.claims import in_question, shown_elsewhere
from ledgerloop.customers.field_diff import first_said, newer_sides, own_app, remembered, said_before, still_open
from ledgerloop.customers.hubspot_records import PLURAL, properties_read
from ledgerloop.customers.update import Wanted, show
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.portal.search_since import Filter, keep_up
from ledgerloop.records import Customer, Decision, Line, Link, LinkKind, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.clocks import passed
from ledgerloop.rules.contact_updates import changes_from_record, speaks_for
from ledgerloop.rules.customers import contact_told, customer_from_contact
from ledgerloop.rules.ownership import Comparison, compare, said_by_hubspot, said_by_xero, values_of, without_email
from ledgerloop.store import cursors, hubspot_changes, journal, last_compared, links, mirror
from ledgerloop.store.hubspot_changes import Heard
from ledgerloop.subjects import Subject
from ledgerloop.xero.client import MOST_IDS, XeroClient
from ledgerloop.xero.models import Contact

_RULE = "rules.ownership"


@dataclass(frozen=True, slots=True)
class Told:
    """What a record says that Xero does not know yet."""

    link: Link
    record: Record
    customer: Customer
    settled: Comparison
    before: Comparison | None
    units: tuple[str, ...]


def listen(organisation: Organisation) -> None:
    """Look for customers' records that changed without a webhook, as often as is caught up with Xero."""
    at = parts()
    now = at.now()
    if not at.to_xero:
        return
    for kind, plural in PLURAL.items():
        with at.database.reading() as tx:
            cursor = cursors.get(tx, organisation.id, f"hubspot {plural}")
        if not passed(cursor.highest, at.catch_up_every, now):
            continue
        if cursor.since is None:  # what changed before this was switched on is not told
            with at.database.transaction() as tx:
                cursors.put(tx, replace(cursor, since=now, highest=now))
            continue
        linked: list[list[Filter]] = [[{"propertyName": id_name(), "operator": "HAS_PROPERTY"}]]
        keep_up(at.hubspot(), cursor, plural, linked, [], partial(_hear_of, organisation, kind, now))


def _hear_of(organisation: Organisation, kind: LinkKind, now: datetime, tx: Connection, some: Sequence[Record]) -> None:
    mine = links.find_by_hubspot(tx, organisation.id, kind, [record.id for record in some])
    hubspot_changes.put(tx, [Heard(organisation.id, kind, record, "changed", now) for record in mine])


def tell(organisation: Organisation, kind: LinkKind, ids: Sequence[str]) -> None:
    """read → compare → put back in HubSpot what Xero owns → change in Xero what HubSpot owns → record."""
    at = parts()
    some = _compared(organisation, kind, ids)
    back = [one for one in some if one.settled.to_hubspot]
    show([_put_back(one) for one in back], organisation.id)
    changing = [one for one in some if one.units]
    silent = [one for one in some if not one.settled.to_hubspot and not one.units]
    with at.database.transaction() as tx:
        last_compared.put(tx, organisation.id, kind, {one.customer.id: remembered(one.settled) for one in silent})
    client = at.xero(organisation.id)
    for start in range(0, len(changing), MOST_IDS):
        _change(client, organisation, changing[start : start + MOST_IDS])


def _compared(organisation: Organisation, kind: LinkKind, ids: Sequence[str]) -> list[Told]:
    at = parts()
    with at.database.reading() as tx:
        linked = links.find_by_hubspot(tx, organisation.id, kind, ids)
    elsewhere = shown_elsewhere(organisation, list(linked.values())) | in_question(list(linked.values()))
    mine = {record: link for record, link in linked.items() if (kind, record) not in elsewhere}
    with at.database.reading() as tx:
        keys = [link.xero_id for link in mine.values()]
        customers = {key: one for key, one in mirror.customers(tx, organisation.id, keys).items() if one.active}
        kept = last_compared.get(tx, organisation.id, kind, keys)
        firms = links.find(tx, organisation.id, "company", keys)
        app = own_app(tx)
        held = journal.waiting(tx, [subjects.customer(key) for key in keys]) if kind == "contact" else set()
    records = at.hubspot().read(PLURAL[kind], list(mine), properties_read(kind)) if mine else {}
    newer = newer_sides(kind, {key: customers[one.xero_id] for key, one in mine.items() if one.xero_id in customers})
    found: list[Told] = []
    for key, link in mine.items():
        customer, record = customers.get(link.xero_id), records.get(key)
        if customer is None or record is None or record.id != key or customer.merged_into:
            continue
        before = said_before(kept[customer.id]) if customer.id in kept else first_said(kind, record, app)
        xero, hubspot = without_email(kind, said_by_xero(kind, customer), before), said_by_hubspot(kind, record)
        # It may be asked whose the new email is, and until that is answered nobody gets it.
        news = before is not None and xero.get("email", "") != before.xero.get("email", "")
        settled = compare(
            at.owners,
            kind,
            xero,
            hubspot,
            before,
            newer.get(key, {}),
            to_xero=at.to_xero,
            in_question=news and f"customer {customer.id}" in held,
        )
        speaks = speaks_for(kind, has_company=customer.id in firms)
        units = tuple(unit for unit in settled.to_xero if unit in speaks)
        found.append(Told(link, record, customer, settled, before, units))
    return found


def _put_back(one: Told) -> Wanted:
    """Want Xero's values in HubSpot again; what is still to be told to Xero is not settled by that."""
    settled = still_open(one.settled, one.units, one.before)
    return Wanted(
        kind=one.link.kind,
        id=one.record.id,
        values={},
        subject=subjects.customer(one.customer.id),
        rule=_RULE,
        reason="Xero owns what was changed in HubSpot, so its value is put back.",
        fields=values_of(one.link.kind, one.settled.to_hubspot, one.customer),
        settled=settled,
        customer=one.customer.id,
        led_by=(_record_of(one),),
    )


def _change(client: XeroClient, organisation: Organisation, some: Sequence[Told]) -> None:
    """Change contacts in Xero by their ids, and keep what it answers; what it refuses is held and not sent again."""
    at = parts()
    current = {one.ContactID: one for one in client.contacts_by_id([one.customer.id for one in some])}
    bodies: dict[str, dict[str, Any]] = {}
    refused: dict[str, str] = {}
    for one in some:
        contact = current.get(one.customer.id, Contact(ContactID=one.customer.id))
        body, problems = changes_from_record(one.units, one.record, contact)
        if body:
            bodies[one.customer.id] = {"ContactID": one.customer.id, **body}
        if problems:
            refused[one.customer.id] = " ".join(problems)
    outcomes = client.update_contacts(list(bodies.values())) if bodies else []
    answered: dict[str, Customer] = {}
    told: dict[str, str] = {}
    for key, outcome in zip(bodies, outcomes, strict=True):
        if outcome.ok and outcome.record is not None:
            answered[key], told[key] = (
                customer_from_contact(organisation.id, outcome.record),
                contact_told(outcome.record),
            )
        else:
            refused[key] = " ".join((refused.get(key, ""), *outcome.problems)).strip() or "no reason given."
    with at.database.transaction() as tx:
        mirror.store_customers(tx, answered.values())
        for one in some:
            key, kind = one.customer.id, one.link.kind
            after = replace(one.settled, xero=said_by_xero(kind, answered[key])) if key in answered else one.settled
            kept = last_compared.get(tx, organisation.id, kind, [key]).get(key) if one.settled.to_hubspot else None
            if kept is not None:  # what became of those was remembered when they were written, refusals too
                after = still_open(after, one.settled.to_hubspot, said_before(kept))
            last_compared.put(tx, organisation.id, kind, {key: remembered(after)})
            if key in answered:
                said = _line(one, "update", _said(one.units), _flat(bodies[key]), told[key])
                journal.write(tx, [said], at.now())
            if key in refused:
                reason = hold_reasons.refused_by_xero(one.customer, refused[key])
                if journal.hold(
                    tx, organisation.id, subjects.xero("contact", key), (reason,), (one.record.id,), at.now()
                ):
                    journal.write(tx, [_line(one, "hold", reason)], at.now())
            else:
                journal.clear(tx, [subjects.xero("contact", key)], at.now())


def _said(units: Iterable[str]) -> str:
    return f"Changed in HubSpot, which owns it or was changed last: {', '.join(units)}."


def _flat(body: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in body.items() if name != "ContactID"}


def _record_of(one: Told) -> Subject:
    return subjects.hubspot(one.link.kind, one.record.id)


def _line(
    one: Told, decision: Decision, reason: str, values: Mapping[str, str] | None = None, answer: str = ""
) -> Line:
    about, target = subjects.customer(one.customer.id), subjects.xero("contact", one.customer.id)
    return Line(about, decision, _RULE, reason, target, values or {}, answer, led_by=(_record_of(one),))
