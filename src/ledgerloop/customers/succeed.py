"""Let an active customer succeed the archived one of its name: the HubSpot records go to it. Called inside a step.

It is looked at whichever of the two changed, so the order in which Xero tells of them does not matter. Who has records
of its own succeeds nobody. Where a person has written the active one's id on a record, that has been decided.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers import relink
from ledgerloop.customers.claims import Customers, Doubts, look_at_rivals
from ledgerloop.customers.hubspot_records import PLURAL
from ledgerloop.customers.relink import KINDS
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Customer, Hold, Line, Link, LinkKind, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.standing import Standing, standing_of
from ledgerloop.rules.succession import Succeeds, same_name, still_open, succession
from ledgerloop.store import (
    associations,
    former_links,
    journal,
    lanes,
    last_compared,
    links,
    mirror,
    pending_customers,
    rulings,
)

Half = tuple[LinkKind, str]
"""A HubSpot record, and its kind."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Pair:
    """An archived customer that has records, and the active one of its name that has none."""

    old: Customer
    new: Customer
    links: tuple[Link, ...]
    """The records of the old one."""


def succeed(organisation: Organisation, contacts: Customers) -> Doubts:
    """pair → decide → move, for these contacts and their namesakes; return why which of them succeed nobody yet."""
    pairs_ = _pairs(organisation, contacts)
    if not pairs_:
        return {}
    at = parts()
    today = organisation.day(at.now())
    with at.database.reading() as tx:
        receivables = mirror.receivables_of(tx, organisation.id, [one.old.id for one in pairs_])
    unsure: dict[str, tuple[Pair, Hold]] = {}
    owing: set[str] = set()
    for pair in pairs_:
        owed = standing_of(receivables.get(pair.old.id, ()), today, organisation.base_currency)
        match succession(pair.old, pair.new, owed, [f"{link.kind} {link.hubspot_id}" for link in pair.links]):
            case Succeeds(reason=reason):
                _move(organisation, pair, contacts, reason)
            case Hold() as hold:
                unsure[pair.new.id] = (pair, hold)
                owing |= {pair.new.id} if still_open(owed) else set()
    _look_at(organisation, sorted(unsure.keys() - contacts.keys()))
    return _undecided(organisation, contacts, unsure, owing)


def _look_at(organisation: Organisation, asking: Sequence[str]) -> None:
    """Have those looked at whose question is about a customer that changed just now: it may be answered by that."""
    if not asking:
        return
    at = parts()
    with at.database.transaction() as tx:
        pending_customers.mark(tx, organisation.id, asking)
        lanes.wake(tx, "standing", organisation.id, at.now())


def unseen(organisation: Organisation, customers: Customers, standings: Mapping[str, Standing]) -> Doubts:
    """Say what is open on archived customers that had records and have none: nothing else shows it any more."""
    owed = {
        key: said
        for key, one in customers.items()
        if not one.active and not one.merged_into and (said := still_open(standings[key]))
    }
    if not owed:
        return {}
    with parts().database.reading() as tx:
        shown = {link.xero_id for link in _links(tx, organisation, list(owed))}
        had = set(rulings.ended(tx, organisation.id, list(owed)))
        for kind in KINDS:
            had |= former_links.of_customers(tx, organisation.id, kind, list(owed)).keys()
    return {
        key: Hold((hold_reasons.archived_unseen(customers[key], said),))
        for key, said in owed.items()
        if key in had and key not in shown
    }


def _pairs(organisation: Organisation, contacts: Customers) -> list[Pair]:
    """Find who of these and of their namesakes may succeed whom. Most turns ask no more than who is linked."""
    with parts().database.reading() as tx:
        linked = {link.xero_id for link in _links(tx, organisation, list(contacts))}
        asking = [one for one in contacts.values() if not one.merged_into and (not one.active or one.id not in linked)]
        namesakes = {one.id: one for one in mirror.namesakes(tx, organisation.id, asking) if not one.merged_into}
        linked |= {link.xero_id for link in _links(tx, organisation, [key for key in namesakes if key not in contacts])}
    fresh = [one for one in namesakes.values() if one.active and one.id not in linked]
    gone = [one for one in namesakes.values() if not one.active]
    of_name = {new.id: [old for old in gone if same_name(old.name, new.name)] for new in fresh}
    of_name = {key: olds for key, olds in of_name.items() if olds}
    unlinked = {old.id: old for olds in of_name.values() for old in olds if old.id not in linked}
    relink.remember_made(organisation, unlinked)  # whose records carry its id, though the link was lost
    with parts().database.reading() as tx:
        records: dict[str, list[Link]] = {}
        for link in _links(tx, organisation, [old.id for olds in of_name.values() for old in olds]):
            records.setdefault(link.xero_id, []).append(link)
    found: list[Pair] = []
    for new, olds in ((namesakes[key], olds) for key, olds in of_name.items()):
        having = [old for old in olds if old.id in records]
        if having:
            last = max(having, key=lambda old: (old.updated_at or _LONG_AGO, old.id))
            found.append(Pair(last, new, tuple(records[last.id])))
    return found


def _undecided(
    organisation: Organisation,
    contacts: Customers,
    unsure: Mapping[str, tuple[Pair, Hold]],
    owing: Collection[str],
) -> Doubts:
    """Leave out those of whom a person has said which record is theirs, and do what was said.

    What the archived one is still ``owing`` its records alone show, so they go later, and what was said is kept.
    """
    asking = {key: one for key, one in unsure.items() if key in contacts}
    written = _written(list(asking))
    said = _said(organisation, [pair for pair, _ in asking.values()], written)
    still: Doubts = {}
    for key, (pair, hold) in asking.items():
        if key in said and key not in owing:
            _move(organisation, pair, contacts, f"A person wrote {key} on a record of the archived {pair.old.id}.")
        elif key in said or key not in written:
            still[key] = Hold(hold.reasons, tuple(link.hubspot_id for link in pair.links))
    return still


def _said(organisation: Organisation, some: Sequence[Pair], written: Mapping[str, set[Half]]) -> set[str]:
    """Tell who is the archived one, as a person wrote on one of its records, now or before.

    It is kept, since what we write on such a record next puts the archived one's id there again. Another record that
    carries the active one's id says otherwise.
    """
    at = parts()
    now = {
        pair.new.id
        for pair in some
        if {(link.kind, link.hubspot_id) for link in pair.links} & written.get(pair.new.id, set())
    }
    subjects = {pair.new.id: rulings.succeeds(pair.new.id, pair.old.id) for pair in some}
    with at.database.reading() as tx:
        before = rulings.get(tx, organisation.id, list(subjects.values()))
    news = [subjects[key] for key in now if subjects[key] not in before]
    if news:
        with at.database.transaction() as tx:
            for subject in news:
                rulings.put(tx, organisation.id, subject, "", at.now())
    return now | {key for key, subject in subjects.items() if subject in before and key not in written}


def _written(ids: Sequence[str]) -> dict[str, set[Half]]:
    """Return the records that carry these customers' ids."""
    found: dict[str, set[Half]] = {}
    for kind in KINDS if ids else ():
        records = parts().hubspot().read(PLURAL[kind], ids, (id_name(),), id_property=id_name())
        for key in ids:
            if key in records:
                found.setdefault(key, set()).add((kind, records[key].id))
    return found


def _move(organisation: Organisation, pair: Pair, contacts: Customers, reason: str) -> None:
    """Give the records of the archived customer to the active one, all of them at once."""
    at = parts()
    old, new = pair.old.id, pair.new.id
    with at.database.transaction() as tx:
        for link in pair.links:
            if links.move(tx, link, Link(organisation.id, new, link.kind, link.hubspot_id, "succeeded"), at.now()):
                last_compared.forget(tx, organisation.id, link.kind, [old, new])
                about, record = subjects.customer(new), subjects.hubspot(link.kind, link.hubspot_id)
                line = Line(about, "adopt", "rules.succession", reason, record, led_by=(subjects.customer(old),))
                journal.write(tx, [line], at.now())
        look_at_rivals(tx, organisation.id, [link.hubspot_id for link in pair.links], [new])
        associations.forget(tx, organisation.id, old)
        journal.clear(tx, [subjects.customer(old)], at.now())
        if new not in contacts:  # else it is shown in this very turn
            pending_customers.mark(tx, organisation.id, [new])
            lanes.wake(tx, "standing", organisation.id, at.now())


def _links(tx: Connection, organisation: Organisation, ids: Sequence[str]) -> list[Link]:
    return [link for kind in KINDS for link in links.find(tx, organisation.id, kind, ids).values()]
