"""Let each HubSpot record be one customer and show one organisation; what else fits it is a doubt. Called in a step.

Two organisations may know the same firm, and an invoice in either needs to find it: so a record may be linked in both.
It shows the organisation that was linked first, for ever, and never the two in turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine import retries
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Customer, Hold, Link, LinkKind, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.store import connections, journal, lanes, last_compared, links, mirror, pending_customers

Customers = Mapping[str, Customer]
Found = dict[str, tuple[Record, str]]
"""By customer: the record that it is, and how we know."""
Doubts = dict[str, Hold]
"""By customer: why it is not known which record it is."""


@dataclass(frozen=True, slots=True)
class Holders:
    """Which records are customers already."""

    ours: Mapping[str, str]
    """Those that are customers of the same organisation, and which."""
    elsewhere: Mapping[str, str]
    """Those that are customers of another organisation only, and its name."""

    def of_other(self, record: str, customer: str) -> bool:
        """Tell whether a record is another customer's; this one's own may have been linked by another lane just now."""
        return self.ours.get(record, customer) != customer


def holders_of(organisation: Organisation, kind: LinkKind, ids: Sequence[str]) -> Holders:
    """Tell which of these records are customers already, and of whom."""
    with parts().database.reading() as tx:
        names = {one.id: one.name for one in connections.organisations(tx) if one.shown}
        found = links.of_records(tx, kind, ids)
    ours = {link.hubspot_id: link.xero_id for link in found if link.organisation == organisation.id}
    elsewhere: dict[str, str] = {}
    for link in found:
        if link.hubspot_id not in ours and link.organisation in names:
            elsewhere.setdefault(link.hubspot_id, names[link.organisation])
    return Holders(ours, elsewhere)


def with_rivals(organisation: Organisation, ids: Sequence[str]) -> list[str]:
    """Add the customers that are held over the same record or the same email as these.

    They are looked at together again: one that was looked at alone would get what is in question between them.
    """
    with parts().database.reading() as tx:
        held = {
            customer: frozenset(one.candidates)
            for one in journal.holds(tx)
            if one.lane == organisation.id and (customer := subjects.customer_of(one.subject))
        }
        asking = held.keys() & set(ids)
        if not asking:
            return list(ids)
        emails = [
            one.email_key for one in mirror.customers(tx, organisation.id, sorted(asking)).values() if one.email_key
        ]
        alike = {one.id for some in mirror.customers_by_email(tx, organisation.id, emails).values() for one in some}
    records = frozenset().union(*(held[key] for key in asking))
    rivals = {key for key, candidates in held.items() if key in alike or candidates & records}
    return [*ids, *sorted(rivals - set(ids))]


def look_at_rivals(tx: Connection, organisation: str, records: Collection[str], customers: Collection[str]) -> None:
    """Have the other customers looked at again that are held over records which became these customers' just now."""
    concerned = set(records)
    held: dict[str, list[str]] = {}
    for one in journal.holds(tx) if concerned else ():
        customer = subjects.customer_of(one.subject)
        others = customer and not (one.lane == organisation and customer in customers)
        if others and not concerned.isdisjoint(one.candidates):
            held.setdefault(one.lane, []).append(customer)
    for lane, some in held.items():
        pending_customers.mark(tx, lane, some)
        lanes.wake(tx, "standing", lane, parts().now())


def shown_elsewhere(organisation: Organisation, some: Sequence[Link]) -> dict[tuple[LinkKind, str], str]:
    """Tell which of these links' records show another organisation, by kind and record, and its name."""
    with parts().database.reading() as tx:
        names = {one.id: one.name for one in connections.organisations(tx) if one.shown}
        if names.keys() <= {organisation.id}:
            return {}  # the usual case: nobody else is there
        found = [
            link
            for kind in {link.kind for link in some}
            for link in links.of_records(tx, kind, [link.hubspot_id for link in some if link.kind == kind])
            if link.organisation in names
        ]
    first: dict[tuple[LinkKind, str], str] = {}
    for link in found:
        first.setdefault((link.kind, link.hubspot_id), link.organisation)
    return {key: names[owner] for key, owner in first.items() if owner != organisation.id}


def in_question(some: Sequence[Link]) -> dict[tuple[LinkKind, str], str]:
    """Return what a person is asked about these links, by kind and record: nothing is written there until then."""
    with parts().database.reading() as tx:
        return links.asked(tx, some)


def claim(
    organisation: Organisation, kind: LinkKind, strangers: Customers, fits: Mapping[str, Record], how: str
) -> tuple[Found, Doubts]:
    """Let customers have the records that fit them, where these are free; word for the others why not."""
    return claimed(
        organisation,
        kind,
        strangers,
        fits,
        how,
        holders_of(organisation, kind, [record.id for record in fits.values()]),
    )


def claimed(
    organisation: Organisation,
    kind: LinkKind,
    strangers: Customers,
    fits: Mapping[str, Record],
    how: str,
    holders: Holders,
) -> tuple[Found, Doubts]:
    """Do as :func:`claim` does, where it is known who holds the records."""
    with parts().database.reading() as tx:
        others = {
            **strangers,
            **mirror.customers(tx, organisation.id, sorted(set(holders.ours.values()) - strangers.keys())),
        }
    found: Found = {}
    unsure: Doubts = {}
    for key, record in fits.items():
        customer = strangers[key]
        if holders.of_other(record.id, key):
            other = others.get(holders.ours[record.id])
            alike = other is not None and how == "email" and other.email_key == customer.email_key
            if alike and other is not None:
                unsure[key] = Hold((hold_reasons.shared_email(customer, [other.name]),), (record.id,))
            else:
                unsure[key] = is_anothers(customer, kind, record.id, other)
        elif record.id in holders.elsewhere:
            unsure[key] = of_another(organisation, kind, customer, record.id, holders.elsewhere[record.id])
        elif carried := carried_by(record, key):
            unsure[key] = Hold((hold_reasons.another_customer(customer, kind, record.id, carried),), (record.id,))
        else:
            found[key] = (record, how)
    return found, unsure


def apart(kind: LinkKind, strangers: Customers, found: Found) -> tuple[Found, Doubts]:
    """Give no record to two customers, in whatever ways they were found to be it: that is a question about both."""
    times = Counter(record.id for record, _ in found.values())
    unsure = {
        key: Hold((hold_reasons.shared_record(strangers[key], kind, record.id),), (record.id,))
        for key, (record, _) in found.items()
        if times[record.id] > 1
    }
    return {key: one for key, one in found.items() if key not in unsure}, unsure


def take(organisation: Organisation, kind: LinkKind, customers: Customers, found: Found) -> Doubts:
    """Link customers to their records; a record that somebody else got in the meantime is a doubt.

    Who is held over one of these records is looked at again: it is somebody's now.
    """
    at = parts()
    wanted = [Link(organisation.id, key, kind, record.id, how) for key, (record, how) in found.items()]
    with at.database.transaction() as tx:
        kept = links.put(tx, wanted, at.now())
        # Nothing was compared with these records yet; what was kept of one that HubSpot would not make is not of them.
        last_compared.forget(tx, organisation.id, kind, [link.xero_id for link in set(wanted) & set(kept)])
        if wanted:
            retries.look_over(tx, [part for link in wanted for part in (link.xero_id, link.hubspot_id)])
            taken = set(wanted) & set(kept)
            look_at_rivals(tx, organisation.id, [one.hubspot_id for one in taken], [one.xero_id for one in taken])
        lost = {link: one.xero_id for link, one in zip(wanted, kept, strict=True) if one.xero_id != link.xero_id}
        whose = mirror.customers(tx, organisation.id, list(lost.values()))
    return {
        link.xero_id: is_anothers(customers[link.xero_id], kind, link.hubspot_id, whose.get(holder))
        for link, holder in lost.items()
    }


def is_anothers(customer: Customer, kind: LinkKind, record: str, whose: Customer | None) -> Hold:
    """Hold a customer whose record is another customer already."""
    if whose is None:
        return Hold((hold_reasons.shared_record(customer, kind, record),), (record,))
    return Hold((hold_reasons.record_of_customer(customer, kind, record, whose),), (record,))


def of_another(organisation: Organisation, kind: LinkKind, customer: Customer, record: str, shows: str) -> Hold:
    """Hold a customer whose record shows another organisation."""
    return Hold((hold_reasons.another_organisation(customer, kind, record, organisation.name, shows),), (record,))


def carried_by(record: Record, key: str) -> str:
    """Return the id of another customer that a record carries; empty where it carries none."""
    carried = (record.properties.get(id_name()) or "").strip()
    return "" if carried.lower() == key.lower() else carried
