"""Link a customer to a record, or end its link, because a person says so: check it, keep it, have both looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers import unlink
from ledgerloop.customers.claims import carried_by, look_at_rivals, shown_elsewhere
from ledgerloop.customers.hubspot_records import PLURAL, properties_read
from ledgerloop.customers.named import customers_named
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.records import Customer, Line, Link, LinkKind, Organisation
from ledgerloop.rules.identity.profiles import person_name
from ledgerloop.store import connections, journal, lanes, last_compared, links, mirror, pending_customers, rulings

_RULE = "customers.link_by_hand"

Half = Literal["contact", "company"]
HALVES: tuple[Half, ...] = ("company", "contact")


def made_meanwhile(organisation: Organisation, customer: Customer, half: Half, record: Record) -> str:
    """Return the company that was made for a customer since its link to the one that is named now was ended."""
    with parts().database.reading() as tx:
        ended = rulings.ended(tx, organisation.id, [customer.id]).get(customer.id, ())
        held = links.find(tx, organisation.id, half, [customer.id]).get(customer.id)
    taken_back = half == "company" and (half, record.id) in ended
    return held.hubspot_id if taken_back and held is not None and held.how == "created" else ""


def emptied_instead(made: str) -> str:
    """Say what becomes of a company that was made meanwhile, if one was."""
    if not made:
        return ""
    return f" The company {made}, which was made for it meanwhile, is emptied: delete it in HubSpot if nobody uses it."


def link(
    organisation: Organisation,
    customer: Customer,
    half: Half,
    record: Record,
    by: str,
    *,
    shared: bool,
    replace: bool,
    earlier: Link | None = None,
) -> bool:
    """Check that a customer may be a record, and link the two; tell whether they were not linked before.

    ``shared`` where the record may be another organisation's as well: its invoices go to this customer all the same.
    ``earlier`` is the link that an earlier answer made, and that this one replaces.
    """
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        old = links.find(tx, organisation.id, half, [customer.id]).get(customer.id)
    elsewhere = shown_elsewhere(organisation, [one for one in (old, earlier) if one])
    with at.database.transaction() as tx:
        if earlier and links.find_by_hubspot(tx, organisation.id, half, [record.id]).get(record.id) == earlier:
            end(tx, organisation, earlier, by, to_empty=(half, record.id) not in elsewhere)
            look_at(tx, organisation.id, [earlier.xero_id])
        before = links.find(tx, organisation.id, half, [customer.id]).get(customer.id)
        if replace and before is not None and before == old and before.hubspot_id != record.id:
            end(tx, organisation, before, by, to_empty=(half, before.hubspot_id) not in elsewhere)
            before = None
        _check(tx, organisation, customer, half, record, shared=shared)
        link = Link(organisation.id, customer.id, half, record.id, "ruling")
        links.put(tx, [link], now)
        links.accept(tx, [link], "ruling")
        look_at_rivals(tx, organisation.id, [record.id], [customer.id])
        rulings.put(tx, organisation.id, f"customer {customer.id} {half}", record.id, now, by)
        rulings.forget(tx, organisation.id, f"customer {customer.id} not {half} {record.id}")
        if before is None:
            last_compared.forget(tx, organisation.id, half, [customer.id])
        reason = f"{said_by(by)} said that it is the {half} {record.id}."
        line = Line(subjects.customer(customer.id), "adopt", _RULE, reason, subjects.hubspot(half, record.id))
        journal.write(tx, [line], now, lane=organisation.id)
        look_at(tx, organisation.id, [customer.id])
    return before is None


def _check(
    tx: Connection, organisation: Organisation, customer: Customer, half: Half, record: Record, *, shared: bool
) -> None:
    """Raise an error where a record cannot be a customer."""
    called = in_words(half, record)
    linked = links.find(tx, organisation.id, half, [customer.id]).get(customer.id)
    if linked is not None and linked.hubspot_id != record.id:
        raise LedgerloopError(
            f"“{customer.name}” is the HubSpot {half} {linked.hubspot_id} already. If the two are one, merge them in"
            " HubSpot; if the link is wrong, add --replace, and what is shown there is emptied."
        )
    holder = links.find_by_hubspot(tx, organisation.id, half, [record.id]).get(record.id)
    if holder is not None and holder.xero_id != customer.id:
        raise LedgerloopError(
            f"The HubSpot {half} {called} is “{name_of(tx, organisation, holder.xero_id)}” in Xero, and a record is one"
            f" customer. If that is wrong, run `ledgerloop unlink --customer {holder.xero_id} --{half}` first."
        )
    others = {one.id: one.name for one in connections.organisations(tx) if one.id != organisation.id}
    theirs = [one for one in links.of_records(tx, half, [record.id]) if one.organisation in others]
    carried = carried_by(record, customer.id)
    if carried and ("not " + f"{half} {record.id}") in _ended_of(tx, organisation, carried):
        carried = ""  # its link was ended, and it is about to be emptied
    belongs = [others[one.organisation] for one in theirs]
    belongs += [name for key, name in others.items() if carried and mirror.customers(tx, key, [carried.lower()])]
    if belongs and not shared:
        raise LedgerloopError(
            f"The HubSpot {half} {called} shows a customer of {belongs[0]}, and a record shows one organisation. Name"
            f" another {half}, or make one for {organisation.name}."
        )
    if carried and not belongs:
        raise LedgerloopError(
            f"The HubSpot {half} {called} carries the Xero contact id {carried}, which is not that of"
            f" “{customer.name}”. Clear the id in HubSpot first if it is out of date."
        )


def _ended_of(tx: Connection, organisation: Organisation, customer: str) -> set[str]:
    some = rulings.to_empty(tx, organisation.id, [customer, customer.lower()])
    return {f"not {kind} {record}" for _, kind, record in some}


def end(tx: Connection, organisation: Organisation, link: Link, by: str, *, to_empty: bool) -> None:
    """End a link for good, and say who said so."""
    unlink.end(tx, organisation, link, to_empty=to_empty)
    target = subjects.hubspot(link.kind, link.hubspot_id)
    reason = f"{said_by(by)} said that it is not the {link.kind} {link.hubspot_id}, so the link is ended."
    journal.write(
        tx, [Line(subjects.customer(link.xero_id), "skip", _RULE, reason, target)], parts().now(), lane=organisation.id
    )


def customer_meant(organisation: Organisation, named: str, *, living: bool = True) -> Customer:
    """Find the one customer that a person means; an error where that is not one, or one that nothing is shown of."""
    with parts().database.reading() as tx:
        ids = customers_named(tx, [organisation], named)
        found = mirror.customers(tx, organisation.id, ids)
    if len(ids) > 1:
        some = "; ".join(f"“{found[key].name}” ({key})" for key in ids)
        raise LedgerloopError(f"Several customers are meant by “{named}”: {some}. Name one by its Xero id.")
    customer = found[ids[0]]
    if living and customer.merged_into:
        raise LedgerloopError(f"“{customer.name}” was merged in Xero: name {customer.merged_into} instead.")
    if living and not customer.active:
        raise LedgerloopError(f"“{customer.name}” is archived in Xero. Restore it there first.")
    return customer


def record_meant(half: LinkKind, given: str) -> Record:
    """Read the record that a person names; an error where it is not there, or under another id."""
    if not given.isdecimal():
        raise LedgerloopError(
            f"“{given}” is no id of a HubSpot {half}: that is the number at the end of its address in HubSpot."
        )
    record = parts().hubspot().read(PLURAL[half], [given], properties_read(half)).get(given)
    if record is None:
        raise LedgerloopError(f"HubSpot has no {half} {given}: it was deleted, or never was.")
    if record.id != given:
        raise LedgerloopError(f"The {half} {given} was merged in HubSpot: name {record.id} instead.")
    return record


def in_words(half: LinkKind, record: Record) -> str:
    """Call a record by its name and id, as a person does."""
    name = person_name(record) or record.properties.get("email") if half == "contact" else record.properties.get("name")
    return f"“{name}” ({record.id})" if name else record.id


def name_of(tx: Connection, organisation: Organisation, customer: str) -> str:
    """Return a customer's name; its id where nobody knows one."""
    known = mirror.customers(tx, organisation.id, [customer]).get(customer)
    return known.name if known else customer


def look_at(tx: Connection, organisation: str, customers: Sequence[str]) -> None:
    """Have customers looked at with the next turn."""
    pending_customers.mark(tx, organisation, customers)
    lanes.wake(tx, "standing", organisation, parts().now())


def try_again(
    organisation: Organisation, customers: Sequence[str], records: Sequence[str], deal: str = ""
) -> list[str]:
    """Try the deals again that are held over these customers or records, and the one that is meant; wake the engine."""
    at = parts()
    concerned = {*customers, *records}
    with at.database.transaction() as tx:
        holds = journal.holds(tx)
        concerning = [one for one in holds if not concerned.isdisjoint(one.candidates)]
        held = subjects.deals_of(one.subject for one in concerning)
        # Those that were held over the same record are looked at again too: what is one is none of the others.
        others = subjects.customers_of(one.subject for one in concerning if one.lane == organisation.id)
        if others:
            look_at(tx, organisation.id, others)
    deals = list(dict.fromkeys([*([deal] if deal else []), *held]))
    if deals:
        retries.retry(deals)
    at.nudge()
    return deals


def said_by(by: str) -> str:
    """Say who said so, for the journal."""
    return f"A person ({by})" if by else "A person"
