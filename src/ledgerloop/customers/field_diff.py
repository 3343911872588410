"""Find which fields of linked customers are to be written to HubSpot, by whose value stands. Called inside a step.

HubSpot is read only where that cannot be told without: at the first meeting, and where Xero's change may not simply
win. A burst of payments reads nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ledgerloop.customers.claims import Customers
from ledgerloop.customers.hubspot_records import PLURAL, properties_read
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Customer, Link, LinkKind, Organisation, Vendor
from ledgerloop.rules.ownership import (
    UNITS,
    Comparison,
    compare,
    made_by_app,
    made_from,
    must_read,
    said_by_hubspot,
    said_by_xero,
    without_email,
)
from ledgerloop.store import connections, hubspot_changes, lanes, last_compared
from ledgerloop.store.hubspot_changes import Heard
from ledgerloop.store.last_compared import Compared

Records = Mapping[tuple[LinkKind, str], Record]


def compare_fields(
    organisation: Organisation,
    customers: Customers,
    linked: Sequence[Link],
    records: Records,
    in_question: Collection[str] = (),
) -> dict[tuple[LinkKind, str], Comparison]:
    """Compare the fields of customers with those of their records, by kind and record; what says nothing new is absent.

    ``records`` are those that were read anyway; ``in_question`` are the customers of which it is not known whose their
    email in Xero is.
    """
    return {
        (kind, key): comparison
        for kind in PLURAL
        for key, comparison in _of_kind(
            organisation, kind, customers, [link for link in linked if link.kind == kind], records, in_question
        ).items()
    }


def said_before(said: Compared) -> Comparison:
    """Return what the store remembers as the rule has it."""
    return Comparison((), (), said.xero, said.hubspot, said.first)


def own_app(tx: Connection) -> str:
    """Return the id of our app in HubSpot, by which records say who made them; empty where it is not known."""
    portal = connections.only_portal(tx)
    return portal.app_id if portal else ""


def first_said(kind: LinkKind, record: Record, app: str) -> Comparison | None:
    """Return what both sides said of a record that we made and forgot; none where it was not we who made it.

    What we make carries a Xero id. A company that HubSpot makes of a new contact's domain has our app's name too.
    """
    return made_by_app(kind, record, app) if record.properties.get(id_name()) else None


def remembered(comparison: Comparison) -> Compared:
    """Return what the rule settled as the store has it."""
    return Compared(comparison.xero, comparison.hubspot, comparison.first)


def still_open(comparison: Comparison, units: Sequence[str], before: Comparison | None) -> Comparison:
    """Return a comparison that has not settled these units: what both sides said of them before still counts."""
    last = before or Comparison()
    return replace(
        comparison,
        xero={unit: last.xero.get(unit, "") if unit in units else text for unit, text in comparison.xero.items()},
        hubspot={
            unit: last.hubspot.get(unit, "") if unit in units else text for unit, text in comparison.hubspot.items()
        },
    )


def newer_sides(kind: LinkKind, customers: Mapping[str, Customer]) -> dict[str, dict[str, Vendor]]:
    """Tell, by record and unit, which side changed last; asked only where an owner is ``newest``.

    ``customers`` are by record. HubSpot keeps the moments of each property; Xero only that of the contact.
    """
    newest = [unit for unit, (named, _) in UNITS[kind].items() if parts().owners[named] == "newest"]
    if not newest or not customers:
        return {}
    names = [name for unit in newest for name in UNITS[kind][unit][1]]
    changes = parts().hubspot().last_changes(PLURAL[kind], list(customers), names)
    found: dict[str, dict[str, Vendor]] = {}
    for record, customer in customers.items():
        for unit in newest:
            there = max(
                (one.at for name in UNITS[kind][unit][1] if (one := changes.get(record, {}).get(name))), default=None
            )
            if there is None or customer.updated_at is None:
                continue
            found.setdefault(record, {})[unit] = "hubspot" if there > customer.updated_at else "xero"
    return found


def _of_kind(
    organisation: Organisation,
    kind: LinkKind,
    customers: Customers,
    linked: Sequence[Link],
    records: Records,
    in_question: Collection[str],
) -> dict[str, Comparison]:
    at = parts()
    mine = [link for link in linked if (one := customers.get(link.xero_id)) and one.active and not one.merged_into]
    with at.database.reading() as tx:
        kept = last_compared.get(tx, organisation.id, kind, [link.xero_id for link in mine])
        app = own_app(tx)
    before = {key: said_before(said) for key, said in kept.items()}
    born = {}
    xero: dict[str, dict[str, str]] = {}
    for link in mine:
        xero[link.xero_id] = said = said_by_xero(kind, customers[link.xero_id])
        if link.xero_id not in before and link.how == "created":
            born[link.xero_id] = made_from("hubspot", kind, said)  # made in Xero of this very record
        else:
            xero[link.xero_id] = without_email(kind, said, before.get(link.xero_id))
    with at.database.transaction() as tx:
        last_compared.put(tx, organisation.id, kind, {key: remembered(one) for key, one in born.items()})
    open_ = [link for link in mine if link.xero_id not in born and _is_news(xero, before, link)]
    ask = [link for link in open_ if must_read(at.owners, kind, xero[link.xero_id], before.get(link.xero_id))]
    there = {link.hubspot_id: records[kind, link.hubspot_id] for link in ask if (kind, link.hubspot_id) in records}
    unread = [link.hubspot_id for link in ask if link.hubspot_id not in there]
    there |= at.hubspot().read(PLURAL[kind], unread, properties_read(kind)) if unread else {}
    newer = newer_sides(kind, {link.hubspot_id: customers[link.xero_id] for link in ask if link.hubspot_id in there})
    asked = {link.hubspot_id for link in ask}
    found: dict[str, Comparison] = {}
    for link in open_:
        if link.hubspot_id in asked and link.hubspot_id not in there:
            continue  # gone: the write of its standing finds that out, and follows
        record = there.get(link.hubspot_id)
        last = before.get(link.xero_id) or (first_said(kind, record, app) if record else None)
        hubspot = said_by_hubspot(kind, record) if record else (last.hubspot if last else {})
        said, newest = xero[link.xero_id], newer.get(link.hubspot_id, {})
        held = link.xero_id in in_question
        comparison = compare(at.owners, kind, said, hubspot, last, newest, to_xero=at.to_xero, in_question=held)
        found[link.hubspot_id] = still_open(comparison, comparison.to_xero, last) if at.to_xero else comparison
    if at.to_xero:
        _leave_to_telling(organisation, kind, [key for key, one in found.items() if one.to_xero])
    return found


def _leave_to_telling(organisation: Organisation, kind: LinkKind, records: Sequence[str]) -> None:
    """Have Xero told, in a turn's own step for that, where HubSpot's value is the one that stands."""
    at = parts()
    with at.database.transaction() as tx:
        hubspot_changes.put(tx, [Heard(organisation.id, kind, record, "changed", at.now()) for record in records])
        if records:
            lanes.wake(tx, "standing", organisation.id, at.now())


def _is_news(xero: Mapping[str, Mapping[str, str]], before: Mapping[str, Comparison], link: Link) -> bool:
    last = before.get(link.xero_id)
    said = xero[link.xero_id]
    return last is None or any(text != last.xero.get(unit, "") for unit, text in said.items())
