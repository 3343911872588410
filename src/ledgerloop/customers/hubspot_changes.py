"""Hear what HubSpot tells of customers' records: note it with the event, look at it in the organisation's own turn.

So one turn at a time works on an organisation's customers, whichever side moved, and nothing races.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers import moved_ids, push_to_xero, relink
from ledgerloop.customers.held import held
from ledgerloop.customers.relink import KINDS
from ledgerloop.hubspot.webhooks import property_named, records_named
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Link, LinkKind, Organisation, Taken
from ledgerloop.store import (
    connections,
    contact_persons,
    former_links,
    hubspot_changes,
    lanes,
    links,
    mirror,
    pending_customers,
    provenance,
)
from ledgerloop.store.former_links import Lost
from ledgerloop.store.hubspot_changes import Heard, What

MOST = 500
"""Records looked at together."""

_GONE = frozenset({"deletion", "privacyDeletion"})
_WHAT: Mapping[str, What] = {
    "propertyChange": "changed",
    "deletion": "deleted",
    "privacyDeletion": "forgotten",
    "merge": "merged",
    "restore": "restored",
}
_MOVES: tuple[What, ...] = ("deleted", "forgotten", "merged", "restored")
_IDS: tuple[What, ...] = ("id",)
_CHANGES: tuple[What, ...] = ("changed",)


def note(tx: Connection, events: Sequence[Taken]) -> None:
    """Note what events tell of records that are or were customers, and wake their organisations.

    Customers that are held because of a record are looked at again when something happens to it, and so is whoever has
    no such record yet and whose id a person writes on any: that links a supplier or a payee, too. Where the id of a
    customer that has a record is written on another, or cleared, the records are compared in the organisation's turn;
    and a record with an id that is nobody's is looked at, so that whoever it fits is known to be held over it.
    """
    at = parts()
    some: list[Heard] = []
    touched: dict[str, list[str]] = {}
    for kind in KINDS:
        mine = [event for event in events if event.category == kind]
        named = {event: records_named(event.body) or (event.resource,) for event in mine}
        ids = [record for records in named.values() for record in records]
        organisations_of: dict[str, set[str]] = {}
        known: list[Link | Lost] = [*links.of_records(tx, kind, ids), *former_links.of_records(tx, kind, ids)]
        for one in known:
            organisations_of.setdefault(one.hubspot_id, set()).add(one.organisation)
        homes_of = _homes_of_people(tx, [key for event in mine if event.kind in _GONE for key in named[event]], kind)
        some += [
            Heard(organisation, kind, record, what, event.occurred_at, event=event.id)
            for event, records in named.items()
            if (what := _WHAT.get(event.kind)) and (what != "changed" or at.to_xero)
            for record in records
            for organisation in organisations_of.get(record, set()) | homes_of.get(record, set())
        ]
        written = {_customer_written(event) for event in mine}
        about_ids = {event for event in mine if property_named(event.body)[0] == id_name()}
        some += [
            Heard(link.organisation, kind, link.hubspot_id, "id", event.occurred_at, event=event.id)
            for event in about_ids
            for link in links.of_records(tx, kind, named[event])
            if _customer_written(event) != link.xero_id.lower()
        ]
        for organisation, customer, candidates in held(tx) if ids else ():
            if customer in written or not set(ids).isdisjoint(candidates):
                touched.setdefault(organisation, []).append(customer)
        organisations = connections.known_organisations(tx) if (named_now := written - {""}) else []
        nobodys = set(named_now)
        for home in organisations:
            there = mirror.customers(tx, home.id, named_now)
            nobodys -= there.keys()
            linked = links.find(tx, home.id, kind, list(there))
            touched.setdefault(home.id, []).extend(sorted(there.keys() - linked.keys()))
            some += [
                Heard(home.id, kind, record, "id", event.occurred_at, event=event.id)
                for event in about_ids
                if (link := linked.get(_customer_written(event)))
                for record in named[event]
                if record != link.hubspot_id
            ]
        some += [
            Heard(home.id, kind, record, "id", event.occurred_at, event=event.id)
            for home in organisations[:1]
            for event in about_ids
            if _customer_written(event) in nobodys
            for record in named[event]
        ]
    hubspot_changes.put(tx, some)
    for organisation, customers in touched.items():
        pending_customers.mark(tx, organisation, customers)
    for organisation in {one.organisation for one in some} | {key for key, mine in touched.items() if mine}:
        lanes.wake(tx, "standing", organisation, at.now())


def unheard(events: Sequence[Taken]) -> list[int]:
    """Return the events of customers' records that nobody here acts on, such as that one was made."""
    return [event.id for event in events if event.category in KINDS and event.kind not in _WHAT]


def hear(organisation: Organisation) -> None:
    """Follow the records that were merged, deleted or restored, and the ids that people moved from one to another."""
    for some in _heard(organisation, _MOVES):
        for kind in KINDS:
            for what in ("deleted", "forgotten", "merged"):
                relink.look_again(organisation, kind, _of(some, kind, what), forgotten=what == "forgotten")
            relink.come_back(organisation, kind, _of(some, kind, "restored"))
    for some in _heard(organisation, _IDS):
        for kind in KINDS:
            moved_ids.hear(organisation, kind, _of(some, kind, "id"))


def pass_on(organisation: Organisation) -> None:
    """Tell Xero what records that changed say now, if that is switched on."""
    for some in _heard(organisation, _CHANGES):
        for kind in KINDS:
            push_to_xero.tell(organisation, kind, _of(some, kind, "changed"))


def _heard(organisation: Organisation, whats: Collection[What]) -> Iterator[list[Heard]]:
    """Give what was noted, some at a time; what was worked on without an error is done."""
    at = parts()
    while True:
        with at.database.reading() as tx:
            some = hubspot_changes.take(tx, organisation.id, whats, MOST)
        if not some:
            return
        if (writer := provenance.current()) is not None:
            writer.hear(
                (subjects.hubspot(one.kind, one.hubspot_id), one.event) for one in some if one.event is not None
            )
        yield some
        with at.database.transaction() as tx:
            hubspot_changes.done(tx, some)


def _homes_of_people(tx: Connection, ids: Sequence[str], kind: LinkKind) -> dict[str, set[str]]:
    """Return the organisations whose customers' further people these contacts are: whether one was erased matters."""
    found: dict[str, set[str]] = {}
    for one in contact_persons.of_records(tx, ids) if kind == "contact" and ids else ():
        found.setdefault(one.hubspot_id, set()).add(one.organisation)
    return found


def _of(some: Sequence[Heard], kind: LinkKind, what: What) -> list[str]:
    return [one.hubspot_id for one in some if one.kind == kind and one.what == what]


def _customer_written(event: Taken) -> str:
    """Return the customer whose id was written on the record that an event names; empty where none was."""
    name, value = property_named(event.body)
    return value.lower() if name == id_name() else ""
