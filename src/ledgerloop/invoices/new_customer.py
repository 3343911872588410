"""Make the Xero customers of won deals that nobody knows: one for each buyer, under a free name. Called inside a step.

A new customer carries its HubSpot id as its ContactNumber, which is unique in Xero, so that a request which was lost
after all makes no second one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.bisect import bisect
from ledgerloop.engine import epoch
from ledgerloop.errors import Refused
from ledgerloop.invoices.deals import Sale, buyer_of, new_customer, sides
from ledgerloop.parts import parts
from ledgerloop.records import Customer, Hold, Line, Organisation
from ledgerloop.rules.customers import contact_told, customer_from_contact
from ledgerloop.rules.identity import payer_questions
from ledgerloop.rules.identity.addresses import email_key
from ledgerloop.rules.identity.evidence import CONTACT_NUMBER
from ledgerloop.rules.identity.free_names import free_name, names_for, same_to_xero
from ledgerloop.rules.identity.names import Likeness, compare, name_key
from ledgerloop.rules.identity.payers import Found
from ledgerloop.rules.identity.profiles import (
    domains_of,
    emails_of_contact,
)
from ledgerloop.rules.vendor_messages import whole
from ledgerloop.store import journal, links, mirror, rulings
from ledgerloop.store.survivors import survivors
from ledgerloop.xero.client import Outcome, XeroClient
from ledgerloop.xero.models import Contact

SKEW = timedelta(minutes=10)
"""How far our clock may be from Xero's."""
BATCH = 50
"""Xero advises about 50 elements a request."""
_LOST = "It was made for this buyer by a request whose answer was lost."

Payers = dict[str, Found | Hold]


def create(client: XeroClient, organisation: Organisation, sales: Sequence[Sale]) -> tuple[Payers, list[Sale]]:
    """Create the customers nobody knows: one for each company (or contact), however many of its deals are here.

    Returns who pays, or why nobody does; and the deals whose customer was refused because our copy lacks somebody who
    has its name or number already.
    """
    found: Payers = {}
    wanted: dict[str, list[Sale]] = {}
    bodies: dict[str, dict[str, object]] = {}
    for sale in sales:
        body = new_customer(sale)
        if isinstance(body, Hold):
            found[sale.deal.id] = body
            continue
        number = str(body["ContactNumber"])
        bodies.setdefault(number, body)
        wanted.setdefault(number, []).append(sale)
    known = _owners(organisation, {number: some[0] for number, some in wanted.items()}, bodies)
    found |= {sale.deal.id: payer for number, payer in known.items() for sale in wanted[number]}
    arrived = _name_freely(
        organisation, {number: wanted[number][0] for number in sorted(bodies.keys() - known.keys())}, bodies
    )
    found |= {sale.deal.id: payer for number, payer in arrived.items() for sale in wanted[number]}
    numbers = sorted(bodies.keys() - known.keys() - arrived.keys())
    taken: list[Sale] = []
    if numbers:
        epoch.insist(organisation.id)  # it may just have been noticed that the database was put back
    for start in range(0, len(numbers), BATCH):
        some = numbers[start : start + BATCH]
        outcomes = _send(client, [bodies[number] for number in some])
        made: list[Customer] = []
        lines: list[Line] = []
        for number, outcome in zip(some, outcomes, strict=True):
            if outcome.ok and outcome.record is not None:
                customer = customer_from_contact(organisation.id, outcome.record)
                made.append(customer)
                found |= {sale.deal.id: Found(customer.id, "created") for sale in wanted[number]}
                deals = [sale.deal.id for sale in wanted[number]]
                lines.append(_made(customer, bodies[number], contact_told(outcome.record), deals))
            else:
                refused = _refused(bodies[number], outcome.problems)
                found |= {sale.deal.id: refused for sale in wanted[number]}
                taken += wanted[number] if _is_taken(outcome.problems) else []
        with parts().database.transaction() as tx:
            mirror.store_customers(tx, made, touch=False)
            journal.write(tx, lines, parts().now())
    return found, taken


def _is_taken(problems: Sequence[str]) -> bool:
    """Tell whether Xero refused a customer because another has its contact number or name."""
    said = " ".join(problems).lower()
    return "contact number" in said or "already assigned" in said or "must be unique" in said


def lost(organisation: Organisation, sales: Sequence[Sale]) -> Payers:
    """Return the customers that were made for buyers without their numbers, by requests whose answers were lost.

    A person has said that whoever has the number is another, so the name tells: such a customer has one that we give,
    the address that we send and no number, came after the person's word, and is nobody else's: the buyer's it may be by
    now, since customers are shown beside.
    """
    bodies = {sale.deal.id: new_customer(sale) for sale in sales if sides(sale)}
    number_of = {deal: str(one["ContactNumber"]) for deal, one in bodies.items() if not isinstance(one, Hold)}
    found: Payers = {}
    with parts().database.reading() as tx:
        holders = mirror.customers_by_number(tx, organisation.id, list(number_of.values()))
        for sale in (one for one in sales if number_of.get(one.deal.id) in holders):
            moment = _denied_at(tx, organisation, sale, holders[number_of[sale.deal.id]])
            if moment is not None and (
                one := _made_without_number(tx, organisation, sale, bodies[sale.deal.id], moment)
            ):
                found[sale.deal.id] = Found(one, "created", _LOST)
    return found


def _made_without_number(
    tx: Connection, organisation: Organisation, sale: Sale, body: Mapping[str, Any] | Hold, moment: datetime
) -> str:
    """Return the customer that was made for a buyer after a moment; empty where none was."""
    if isinstance(body, Hold):
        return ""
    address = email_key(str(body.get("EmailAddress", "")))
    some = [
        one
        for one in _named(tx, organisation, names_for(str(body["Name"]), _told_apart_by(sale)))
        if not one.number and one.email_key == address and _is_fresh(one, moment)
        if _denied_at(tx, organisation, sale, [one], by_all=False) is None
    ]
    kind, record = sides(sale)[0]
    linked = links.find(tx, organisation.id, kind, [one.id for one in some])
    return next((one.id for one in some if one.id not in linked or linked[one.id].hubspot_id == record.id), "")


def _name_freely(
    organisation: Organisation, of: Mapping[str, Sale], bodies: Mapping[str, dict[str, object]]
) -> dict[str, Found]:
    """Give each new customer a name that no other has, since Xero wants active names unique.

    It goes without its number where a person said that the number's holder is another. A holder of whom nobody spoke
    came while the buyer was weighed: Xero refuses the number, and the buyer is weighed again.

    Returns those that go without a number and are there after all: their lost request came through while the buyer was
    weighed. Looked for together with the names, or their own name would be one that another has.
    """
    wanted = {number: names_for(str(bodies[number]["Name"]), _told_apart_by(sale)) for number, sale in of.items()}
    with parts().database.reading() as tx:
        alike = _named(tx, organisation, [name for some in wanted.values() for name in some])
        holders = mirror.customers_by_number(tx, organisation.id, list(of))
        others = {number: _denied_at(tx, organisation, of[number], some) for number, some in holders.items()}
        arrived = {
            number: Found(one, "created", _LOST)
            for number, moment in others.items()
            if moment is not None
            if (one := _made_without_number(tx, organisation, of[number], bodies[number], moment))
        }
    taken = {same_to_xero(one.name) for one in alike}
    for number, sale in of.items():
        if number in arrived:
            continue
        name = free_name(str(bodies[number]["Name"]), _told_apart_by(sale), taken)
        taken.add(same_to_xero(name))
        bodies[number]["Name"] = name
        if others.get(number) is not None:
            del bodies[number]["ContactNumber"]
    return arrived


def _named(tx: Connection, organisation: Organisation, names: Sequence[str]) -> list[Customer]:
    """Return the active customers that have one of these names."""
    found = mirror.customers_by_keys(tx, organisation.id, {f"name {name_key(one)}" for one in names})
    wanted = {same_to_xero(one) for one in names}
    some = {one.id: one for those in found.values() for one in those if one.active and not one.merged_into}
    return [one for one in some.values() if same_to_xero(one.name) in wanted]


def _denied_at(
    tx: Connection, organisation: Organisation, sale: Sale, some: Sequence[Customer], *, by_all: bool = True
) -> datetime | None:
    """Return when a person first said that these customers are not a buyer; None where nobody has.

    ``by_all`` where it counts too that the buyer is none of those that there were then.
    """
    buyer = buyer_of(sale)
    subjects = [buyer] if by_all else []
    for one in some:
        subjects += [rulings.none_of(buyer, one.id), rulings.not_a_record(one.id, *buyer.split())]
    return min(rulings.said_at(tx, organisation.id, subjects).values(), default=None)


def _told_apart_by(sale: Sale) -> list[str]:
    """Return what tells a buyer from its namesakes, the most readable first."""
    kind, record = sides(sale)[0]
    if kind == "contact":
        return [*emails_of_contact(record)[:1], f"HubSpot {record.id}"]
    return [*sorted(domains_of(record))[:1], (record.properties.get("city") or "").strip(), f"HubSpot {record.id}"]


def _send(client: XeroClient, bodies: Sequence[Mapping[str, Any]]) -> list[Outcome[Contact]]:
    """Send one request. One refused as a whole is sent again in halves, so that one customer holds back no other."""
    outcomes: list[Outcome[Contact]] = []
    for _, answer in bisect(lambda some: client.create_contacts(some, parts().new_key()), bodies):
        outcomes += [Outcome(False, None, answer.sentences)] if isinstance(answer, Refused) else answer
    return outcomes


def _owners(organisation: Organisation, of: Mapping[str, Sale], bodies: Mapping[str, Mapping[str, object]]) -> Payers:
    """Return whose numbers these are already: Xero gives a number to one contact only.

    That is the survivor, where the holder was merged away; and where a person said that the buyer is none of those that
    there were, the customer that was made since then, by a request whose answer was lost. Whoever else bears a number
    has been weighed before. Nobody whose link to the buyer a person has ended is meant by any number.
    """
    with parts().database.reading() as tx:
        said_at = rulings.said_at(tx, organisation.id, [buyer_of(sale) for sale in of.values()])
        holders = mirror.customers_by_number(tx, organisation.id, list(of))
        subjects = {
            (number, one.id): rulings.none_of(buyer_of(of[number]), one.id)
            for number, some in holders.items()
            for one in some
        }
        refused = rulings.get(tx, organisation.id, list(subjects.values()))
        into = survivors(tx, organisation.id, [one.id for some in holders.values() for one in some])
        heirs = mirror.customers(tx, organisation.id, list(into.values()))
        ended = rulings.ended(tx, organisation.id, [*into, *into.values(), *(one for _, one in subjects)])
    owners: Payers = {}
    for number, some in holders.items():
        asked = said_at.get(buyer_of(of[number]))
        kind, buyer = sides(of[number])[0]
        for one in some:
            if any((kind, buyer.id) in ended.get(key, ()) for key in (one.id, into.get(one.id, ""))):
                continue
            heir = heirs.get(into.get(one.id, ""))
            denied = subjects[number, one.id] in refused
            if asked is None and heir is not None:
                archived = payer_questions.archived(of[number].deal.id, heir)
                owners[number] = Found(heir.id, CONTACT_NUMBER) if heir.active else Hold((archived,), (heir.id,))
            elif asked is not None and not denied and _made_since(one, asked, str(bodies[number]["Name"])):
                owners[number] = Found(one.id, CONTACT_NUMBER)
    return owners


def _made_since(customer: Customer, moment: datetime, name: str) -> bool:
    """Tell whether a customer that bears a buyer's number and name was made after a moment, by whichever clock."""
    return customer.active and _is_fresh(customer, moment) and compare(customer.name, name) >= Likeness.ALIKE


def _is_fresh(customer: Customer, moment: datetime) -> bool:
    return customer.updated_at is not None and customer.updated_at >= moment - SKEW


def _refused(body: Mapping[str, object], problems: Sequence[str]) -> Hold:
    said = whole(*problems)
    return Hold(
        (
            f"Xero would not create the customer “{body['Name']}”: {said} Correct it, or write the right customer's id"
            " into the Xero contact id of the deal's company, or of its contact where it has no company.",
        )
    )


def _made(customer: Customer, body: Mapping[str, object], answer: str, deals: Sequence[str]) -> Line:
    return Line(
        subject=subjects.customer(customer.id),
        decision="create",
        rule="rules.customers.contact_for_customer",
        reason="A deal was won, and its buyer is none of the customers in Xero, as the evidence or a person says.",
        target=subjects.xero("contact", customer.id),
        values={name: str(value) for name, value in body.items()},
        answer=answer,
        led_by=tuple(subjects.deal(one) for one in deals),
    )
