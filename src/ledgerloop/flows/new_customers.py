"""Make the Xero customers of won deals that nobody knows: one for each buyer, under a free name. Called inside a step.

A new customer carries its HubSpot id as its ContactNumber, which is unique in Xero, so that a request which was lost
after all makes no second one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ledgerloop.errors import Invalid
from ledgerloop.flows.deals import Sale, buyer_of, new_customer, sides
from ledgerloop.flows.parts import parts
from ledgerloop.records import Customer, Entry, Hold, Organisation
from ledgerloop.rules.customers import customer_from_contact
from ledgerloop.rules.identity import payer_questions
from ledgerloop.rules.identity.evidence import CONTACT_NUMBER
from ledgerloop.rules.identity.free_names import free_name, same_to_xero
from ledgerloop.rules.identity.names import Likeness, compare, name_key
from ledgerloop.rules.identity.payers import Found
from ledgerloop.rules.identity.profiles import (
    domains_of,
    emails_of_contact,
)
from ledgerloop.rules.saying import whole
from ledgerloop.store import journal, mirror, rulings
from ledgerloop.store.survivors import survivors
from ledgerloop.xero.client import Outcome, XeroClient
from ledgerloop.xero.models import Contact

SKEW = timedelta(minutes=10)
"""How far our clock may be from Xero's."""
BATCH = 50
"""Xero advises about 50 elements a request."""

Payers = dict[str, Found | Hold]


def create(
    client: XeroClient, home: Organisation, sales: Sequence[Sale], portal: str, turn: int
) -> tuple[Payers, list[Sale]]:
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
    known = _owners(home, {number: some[0] for number, some in wanted.items()}, bodies)
    found |= {sale.deal.id: payer for number, payer in known.items() for sale in wanted[number]}
    numbers = sorted(bodies.keys() - known.keys())
    _name_freely(home, {number: wanted[number][0] for number in numbers}, bodies)
    taken: list[Sale] = []
    for start in range(0, len(numbers), BATCH):
        some = numbers[start : start + BATCH]
        outcomes = _send(client, [bodies[number] for number in some])
        made: list[Customer] = []
        entries: list[Entry] = []
        for number, outcome in zip(some, outcomes, strict=True):
            if outcome.ok and outcome.record is not None:
                customer = customer_from_contact(home.id, outcome.record)
                made.append(customer)
                found |= {sale.deal.id: Found(customer.id, "created") for sale in wanted[number]}
                entries.append(_entry(portal, turn, customer, bodies[number]))
            else:
                refused = _refused(bodies[number], outcome.problems)
                found |= {sale.deal.id: refused for sale in wanted[number]}
                taken += wanted[number] if _is_taken(outcome.problems) else []
        with parts().database.transaction() as tx:
            mirror.store_customers(tx, made, touch=False)
            journal.add(tx, entries)
    return found, taken


def _is_taken(problems: Sequence[str]) -> bool:
    """Tell whether Xero refused a customer because another has its contact number or name."""
    said = " ".join(problems).lower()
    return "contact number" in said or "already assigned" in said or "must be unique" in said


def _name_freely(home: Organisation, of: Mapping[str, Sale], bodies: Mapping[str, dict[str, object]]) -> None:
    """Give each new customer a name that no other has, since Xero wants active names unique.

    It goes without its number where a person said that the number's holder is another. A holder of whom nobody spoke
    came while the buyer was weighed: Xero refuses the number, and the buyer is weighed again.
    """
    keys = {number: f"name {name_key(str(bodies[number]['Name']))}" for number in of}
    with parts().database.reading() as tx:
        alike = mirror.customers_by_keys(tx, home.id, set(keys.values()))
        holders = mirror.customers_by_number(tx, home.id, list(of))
        others = {number: _denied(tx, home, of[number], some) for number, some in holders.items()}
    given: set[str] = set()
    for number, sale in of.items():
        taken = {same_to_xero(one.name) for one in alike.get(keys[number], ()) if one.active} | given
        name = free_name(str(bodies[number]["Name"]), _told_apart_by(sale), taken)
        given.add(same_to_xero(name))
        bodies[number]["Name"] = name
        if others.get(number):
            del bodies[number]["ContactNumber"]


def _denied(tx: Connection, home: Organisation, sale: Sale, holders: Sequence[Customer]) -> bool:
    """Tell whether a person has said that the holders of a buyer's number are others."""
    buyer, ids = buyer_of(sale), [one.id for one in holders]
    kind, record = sides(sale)[0]
    said = rulings.get(tx, home.id, [buyer, *(rulings.none_of(buyer, one) for one in ids)])
    ended = rulings.ended(tx, home.id, ids)
    return bool(said) or any((kind, record.id) in ended.get(one, ()) for one in ids)


def _told_apart_by(sale: Sale) -> list[str]:
    """Return what tells a buyer from its namesakes, the most readable first."""
    kind, record = sides(sale)[0]
    if kind == "contact":
        return [*emails_of_contact(record)[:1], f"HubSpot {record.id}"]
    return [*sorted(domains_of(record))[:1], (record.properties.get("city") or "").strip(), f"HubSpot {record.id}"]


def _send(client: XeroClient, bodies: Sequence[Mapping[str, Any]]) -> list[Outcome[Contact]]:
    """Send one request. One refused as a whole is sent again in halves, so that one customer holds back no other."""
    try:
        return client.create_contacts(bodies, parts().new_key())
    except Invalid as refusal:
        if len(bodies) == 1:
            said = tuple(sentence for _, _, sentence in refusal.problems) or (refusal.message,)
            return [Outcome(False, None, said)]
        half = len(bodies) // 2
        return [*_send(client, bodies[:half]), *_send(client, bodies[half:])]


def _owners(home: Organisation, of: Mapping[str, Sale], bodies: Mapping[str, Mapping[str, object]]) -> Payers:
    """Return whose numbers these are already: Xero gives a number to one contact only.

    That is the survivor, where the holder was merged away; and where a person said that the buyer is none of those that
    there were, the customer that was made since then, by a request whose answer was lost. Whoever else bears a number
    has been weighed before. Nobody whose link to the buyer a person has ended is meant by any number.
    """
    with parts().database.reading() as tx:
        said_at = rulings.said_at(tx, home.id, [buyer_of(sale) for sale in of.values()])
        holders = mirror.customers_by_number(tx, home.id, list(of))
        subjects = {
            (number, one.id): rulings.none_of(buyer_of(of[number]), one.id)
            for number, some in holders.items()
            for one in some
        }
        refused = rulings.get(tx, home.id, list(subjects.values()))
        into = survivors(tx, home.id, [one.id for some in holders.values() for one in some])
        heirs = mirror.customers(tx, home.id, list(into.values()))
        ended = rulings.ended(tx, home.id, [*into, *into.values(), *(one for _, one in subjects)])
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
    fresh = customer.updated_at is not None and customer.updated_at >= moment - SKEW
    return customer.active and fresh and compare(customer.name, name) >= Likeness.ALIKE


def _refused(body: Mapping[str, object], problems: Sequence[str]) -> Hold:
    said = whole(*problems)
    return Hold(
        (
            f"Xero would not create the customer “{body['Name']}”: {said} Correct it, or write the right customer's id"
            " into the Xero contact id of the deal's company, or of its contact where it has no company.",
        )
    )


def _entry(portal: str, turn: int, customer: Customer, body: Mapping[str, object]) -> Entry:
    return Entry(
        at=parts().now(),
        lane=portal,
        turn=turn,
        subject=f"customer {customer.id}",
        decision="create",
        rule="rules.customers.contact_for_customer",
        reason="A deal was won, and its buyer is none of the customers in Xero, as the evidence or a person says.",
        target=f"xero contact {customer.id}",
        values={name: str(value) for name, value in body.items()},
    )
