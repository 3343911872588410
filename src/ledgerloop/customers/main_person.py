"""Let another person's contact be the customer's where Xero says that another took over. Called inside a step.

A name and an email are one person's. So a contact is never made into another person: the customer's link moves to that
one's own contact, or to a new one, and the contact that was linked stays as it is, without the customer's standing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers.claims import Customers, Doubts, carried_by, holders_of, look_at_rivals, shown_elsewhere
from ledgerloop.customers.company_index import candidates
from ledgerloop.customers.field_diff import own_app, remembered, said_before
from ledgerloop.customers.hubspot_records import companies_of, properties_read
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal import batch_write
from ledgerloop.portal.batch_write import CONTACTS, id_name
from ledgerloop.records import Customer, Hold, Line, Link, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.identity.persons import firm_behind
from ledgerloop.rules.identity.questions import contact_named, record_named
from ledgerloop.rules.ownership import (
    Comparison,
    another_person,
    compare,
    made_by_app,
    said_by_hubspot,
    said_by_xero,
)
from ledgerloop.rules.properties import properties_on
from ledgerloop.store import (
    connections,
    contact_persons,
    former_links,
    journal,
    lanes,
    last_compared,
    last_written,
    links,
    mirror,
    pending_customers,
)
from ledgerloop.store.former_links import Lost

How = Literal["person", "id", "before"]
_WHY: Mapping[How, str] = {
    "person": "a further person of the customer",
    "id": "the one that carries the customer's id",
    "before": "its contact before",
}


@dataclass(frozen=True, slots=True)
class _Asking:
    """A customer whose email in Xero is another than the last time, with its contact and what was said before."""

    customer: Customer
    link: Link
    before: Comparison


def follow(organisation: Organisation, customers: Customers) -> Doubts:
    """Move the links of customers whose email is another's in Xero now, and word what is unclear."""
    asking = _asking(organisation, customers)
    if not asking:
        return {}
    client = parts().hubspot()
    there = client.read(CONTACTS, [one.link.hubspot_id for one in asking], properties_read("contact"))
    emails = [one.customer.email_key for one in asking]
    holders = client.read(CONTACTS, emails, properties_read("contact"), "email")
    ours = _ours(organisation, asking, holders)
    # Of a stranger's address, or another customer's, a person is asked anyway; an id, or an earlier time, has said it.
    moving = [one for one in asking if one.customer.email_key not in holders or ours.get(one.customer.id) == "person"]
    firms = _firms(organisation, client, moving, holders)
    unsure: Doubts = {}
    given: set[str] = set()
    for one in asking:
        key, old = one.customer.id, one.link.hubspot_id
        record, holder = there.get(old), holders.get(one.customer.email_key)
        if record is None or record.id != old or (holder is not None and holder.id == old) or _stands(one, record):
            continue
        took_over = another_person(said_by_xero("contact", one.customer), one.before)
        if key in firms:
            said = hold_reasons.email_of_firm(one.customer, old, record_named("company", firms[key]))
            unsure[key] = Hold((said,), (old, holder.id) if holder is not None else (old, firms[key].id))
        elif holder is not None and key in ours and holder.id not in given:
            given.add(holder.id)
            _hand_over(organisation, one.link, holder, ours[key])
        elif holder is not None and took_over:
            unsure[key] = Hold((taken(organisation, one.customer, old, holder.id),), (old, holder.id))
        elif holder is None and took_over:
            _hand_over(organisation, one.link, None, None)
    return unsure


def clear(contact: str) -> dict[str, str]:
    """Clear on a contact what we show of a customer, its id included, and return what was written."""
    at = parts()
    emptied = dict.fromkeys((at.names.get(one.name, one.name) for one in properties_on("contact")), "")
    client, rows = at.hubspot(), {contact: emptied}
    batch_write.update(client, CONTACTS, rows, batch_write.ask(client, CONTACTS, rows))
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        if portal is not None:
            last_written.forget(tx, portal.id, "contact", [contact])
    return emptied


def let_go(organisation: Organisation, link: Link, reason: str) -> None:
    """Let a contact be a person who is no customer's contact any more, and show nothing of a customer."""
    _hand_over(organisation, link, None, None, reason)


def taken(organisation: Organisation, customer: Customer, record: str, holder: str) -> str:
    """Word that another contact has a customer's new email, by whose contact that is."""
    at = parts()
    client = at.hubspot()
    there = client.read(CONTACTS, [holder], (id_name(), "firstname", "lastname", "email"))
    carried = carried_by(there[holder], customer.id) if holder in there else ""
    holders = holders_of(organisation, "contact", [holder])
    with at.database.reading() as tx:
        of_people = [
            one.customer for one in contact_persons.of_records(tx, [holder]) if one.organisation == organisation.id
        ]
        keys = [
            key for key in (holders.ours.get(holder, ""), carried.lower(), *of_people) if key not in ("", customer.id)
        ]
        named = mirror.customers(tx, organisation.id, keys)
    other = next((named[key].name for key in keys if key in named), "") or holders.elsewhere.get(holder, "") or carried
    if other:
        return hold_reasons.email_of_customer(customer, record, holder, other)
    person = contact_named(there[holder]) if holder in there else holder
    return hold_reasons.email_of_stranger(customer, record, holder, person, _firm_of(client, holder))


def _firm_of(client: HubSpotClient, contact: str) -> str:
    """Return what the company of a contact is called; empty where it has none."""
    firms = list(companies_of(client, [contact]).values())
    read = client.read("companies", firms, ("name", "domain")) if firms else {}
    return next((one.properties.get("name") or one.properties.get("domain") or one.id for one in read.values()), "")


def _asking(organisation: Organisation, customers: Customers) -> list[_Asking]:
    at = parts()
    live = {key: one for key, one in customers.items() if one.active and not one.merged_into and one.email_key}
    with at.database.reading() as tx:
        mine = links.find(tx, organisation.id, "contact", list(live))
        kept = last_compared.get(tx, organisation.id, "contact", list(mine))
    some = [
        _Asking(live[key], mine[key], said_before(said))
        for key, said in kept.items()
        if said.xero.get("email", "") != live[key].email_key
    ]
    elsewhere = shown_elsewhere(organisation, [one.link for one in some])
    return [one for one in some if ("contact", one.link.hubspot_id) not in elsewhere]


def _ours(organisation: Organisation, asking: Sequence[_Asking], holders: Mapping[str, Record]) -> dict[str, How]:
    """Tell whose new email belongs to a contact of the customer itself, and how that is known."""
    found: dict[str, How] = {}
    ids = [one.id for one in holders.values()]
    taken_by = holders_of(organisation, "contact", ids)
    with parts().database.reading() as tx:
        persons = {
            (one.customer, one.hubspot_id)
            for one in contact_persons.of_records(tx, ids)
            if one.organisation == organisation.id
        }
        past = {
            (one.xero_id, one.hubspot_id)
            for one in former_links.of_records(tx, "contact", ids)
            if one.how == "succeeded"
        }
    for one in asking:
        key, holder = one.customer.id, holders.get(one.customer.email_key)
        if holder is None or taken_by.of_other(holder.id, key) or holder.id in taken_by.elsewhere:
            continue
        if carried_by(holder, key):
            continue
        if holder.properties.get(id_name()):
            found[key] = "id"
        elif (key, holder.id) in persons:
            found[key] = "person"
        elif (key, holder.id) in past:
            found[key] = "before"
    return found


def _firms(
    organisation: Organisation, client: HubSpotClient, asking: Sequence[_Asking], holders: Mapping[str, Record]
) -> dict[str, Record]:
    """Tell whose new email is another firm's, such as its bookkeepers', and which firm that is."""
    some = {one.customer.id: one.customer for one in asking}
    if not some:
        return {}
    with parts().database.reading() as tx:
        owns = links.find(tx, organisation.id, "company", list(some))
    having = {key: holders[one.email_key] for key, one in some.items() if one.email_key in holders}
    works_at = companies_of(client, [one.id for one in having.values()])
    more = {*works_at.values(), *(link.hubspot_id for link in owns.values())}
    there = candidates(client, some, sorted(more), properties_read("company"))
    found: dict[str, Record] = {}
    for key, customer in some.items():
        contact, own = having.get(key), there.get(owns[key].hubspot_id) if key in owns else None
        at = there.get(works_at.get(contact.id, "")) if contact else None
        if firm := firm_behind(customer, own, contact, at, there.values()):
            found[key] = firm
    return found


def _stands(one: _Asking, record: Record) -> bool:
    """Tell whether what HubSpot says stands and is carried to Xero, so that nobody took over."""
    at = parts()
    if not at.to_xero:
        return False
    xero, hubspot = said_by_xero("contact", one.customer), said_by_hubspot("contact", record)
    return "email" in compare(at.owners, "contact", xero, hubspot, one.before, {}, to_xero=True).to_xero


def _hand_over(
    organisation: Organisation, link: Link, holder: Record | None, how: How | None, reason: str = ""
) -> None:
    """Empty a contact of the standing, and let the customer's link go to the holder, or to one that is still made.

    The customer's id is unique, so it is cleared first. A crash in between is no harm: the customer still asks.
    """
    at = parts()
    old = link.hubspot_id
    emptied = clear(old)
    who = f"the contact {holder.id}, {_WHY[how]}, has it" if holder is not None and how else "no contact has it"
    said = f"Xero has another person's email for the customer, and {who}; {old} stays as a person of its company."
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        if holder is None:
            links.remove(tx, link)
        elif not links.move(tx, link, Link(organisation.id, link.xero_id, "contact", holder.id, how or ""), at.now()):
            return
        last_compared.forget(tx, organisation.id, "contact", [link.xero_id])
        former_links.put(tx, Lost(organisation.id, "contact", old, link.xero_id, "succeeded", at.now()))
        if holder is not None:
            _remember(tx, organisation, link.xero_id, holder)
            look_at_rivals(tx, organisation.id, [holder.id], [link.xero_id])
            if portal is not None:
                last_written.forget(tx, portal.id, "contact", [holder.id])
        journal.clear(tx, [subjects.hubspot("contact", old)], at.now())
        about, target, rule = (
            subjects.customer(link.xero_id),
            subjects.hubspot("contact", old),
            "rules.ownership.another_person",
        )
        journal.write(tx, [Line(about, "update", rule, reason or said, target, emptied)], at.now())
        for other in links.of_records(tx, "contact", [old]):  # another organisation's customer is shown there now
            pending_customers.mark(tx, other.organisation, [other.xero_id])
            lanes.wake(tx, "standing", other.organisation, at.now())


def _remember(tx: Connection, organisation: Organisation, customer: str, holder: Record) -> None:
    """Remember what was said of a contact that we made of a further person, and that it did not succeed any more."""
    former_links.remove(tx, Lost(organisation.id, "contact", holder.id, customer, "succeeded", parts().now()))
    said = made_by_app("contact", holder, own_app(tx))
    if said is not None:
        last_compared.put(tx, organisation.id, "contact", {customer: remembered(said)})
