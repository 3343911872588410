"""Follow the Xero contact ids that people move to another HubSpot record, or clear. Called inside a step.

Who writes a linked customer's id on another record, and takes it from the one it stood on, has said which record the
customer is: the link goes there, and the record before is emptied. While both carry it nobody has decided. Where the id
was only cleared, the link stands, and the id is written again: a link is ended by ``ledgerloop unlink``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ledgerloop import subjects
from ledgerloop.customers import company_index, relink, unlink
from ledgerloop.customers.claims import (
    Customers,
    Doubts,
    Holders,
    holders_of,
    look_at_rivals,
    of_another,
    shown_elsewhere,
)
from ledgerloop.customers.hubspot_records import PLURAL, properties_read
from ledgerloop.customers.relink import KINDS
from ledgerloop.engine import retries
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Hold, Line, Link, LinkKind, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.store import connections, journal, lanes, last_written, links, mirror, pending_customers, rulings


@dataclass(frozen=True, slots=True)
class _Move:
    """A customer's link, and the record that carries the customer's id instead."""

    link: Link
    to: Record


def hear(organisation: Organisation, kind: LinkKind, ids: Sequence[str]) -> None:
    """Follow the ids that were written or cleared on these records, and say of which it is that the link stands."""
    at = parts()
    kept = follow(organisation, kind, ids)
    if not kept or not organisation.shown:  # of one that is hidden no record carries an id
        return
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        if portal is not None:  # what stands there now: the id goes back with whatever is written next
            last_written.put(tx, portal.id, kind, {record: {id_name(): now} for record, (_, now) in kept.items()})
        for record, (customer, now) in kept.items():
            what = f"now reads {now}" if now else "was cleared"
            reason = (
                f"The Xero contact id of the {kind} {record} {what}. The link stands, and the id is written again; to"
                f" end it, run `ledgerloop unlink --customer {customer} --{kind}`."
            )
            journal.write(tx, [_line(kind, customer, record, reason)], at.now())


def follow(organisation: Organisation, kind: LinkKind, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Let links go where people have moved their customers' ids, as far as these records tell.

    Returns the records that keep their link though their customer's id is not on them: the customer, and what is there.
    """
    client = parts().hubspot()
    there = client.read(PLURAL[kind], ids, properties_read(kind)) if ids else {}
    here = {key: there[key] for key in ids if key in there and there[key].id == key}
    if kind == "company":  # searches for what has changed pass over who carries an id, though it may be nobody's
        company_index.keep(list(here.values()))
    with parts().database.reading() as tx:
        mine = links.find_by_hubspot(tx, organisation.id, kind, list(here))
    elsewhere = shown_elsewhere(organisation, list(mine.values()))  # whose id is another organisation's, and rightly so
    shown = {key: one for key, one in mine.items() if (kind, key) not in elsewhere}
    bare = {one.xero_id: one for key, one in shown.items() if _id_on(here[key]) != one.xero_id.lower()}
    found = client.read(PLURAL[kind], list(bare), properties_read(kind), id_property=id_name()) if bare else {}
    carrying = {key: one for one in here.values() if (key := _id_on(one))} | {
        key: found[key] for key in bare.keys() & found.keys()
    }
    _ask(organisation, _settle(organisation, kind, carrying))
    with parts().database.reading() as tx:
        now = links.find(tx, organisation.id, kind, list(bare))
    return {one.hubspot_id: (key, _id_on(here[one.hubspot_id])) for key, one in bare.items() if now.get(key) == one}


def review(organisation: Organisation, customers: Customers) -> Doubts:
    """Look again at the records that customers are held over, where these carry the customer's id."""
    with parts().database.reading() as tx:
        waiting = {
            subjects.customer_of(subject): {one for one in hold.candidates if one.isdecimal()}
            for subject, hold in journal.held_among(tx, [subjects.customer(key) for key in customers]).items()
        }
        linked = {kind: links.find(tx, organisation.id, kind, list(waiting)) for kind in KINDS}
    unsure: Doubts = {}
    for kind in KINDS:
        asking = {key: waiting[key] - {link.hubspot_id} for key, link in linked[kind].items()}
        ids = sorted({each for some in asking.values() for each in some})
        there = parts().hubspot().read(PLURAL[kind], ids, properties_read(kind)) if ids else {}
        carrying = {key: one for one in there.values() if (key := _id_on(one)) in asking and one.id in asking[key]}
        for key, hold in _settle(organisation, kind, carrying).items():
            unsure[key] = _both(unsure.get(key), hold)
    return {key: hold for key, hold in unsure.items() if key in customers}


def _settle(organisation: Organisation, kind: LinkKind, carrying: Mapping[str, Record]) -> Doubts:
    """Move the links of the customers whose ids these records carry, and word why others stay where they are."""
    at = parts()
    with at.database.reading() as tx:
        known = {
            key: one
            for key, one in mirror.customers(tx, organisation.id, list(carrying)).items()
            if not one.merged_into
        }
        mine = links.find(tx, organisation.id, kind, list(known))
        parted = set(
            rulings.to_empty(tx, organisation.id, list(known))
        )  # what stands there we wrote, and it is about to go
    asking = {
        key: _Move(link, carrying[key])
        for key, link in mine.items()
        if link.hubspot_id != carrying[key].id and (key, kind, carrying[key].id) not in parted
    }
    elsewhere = shown_elsewhere(
        organisation, [one.link for one in asking.values()]
    )  # who is shown by its id once it is looked at
    asking = {key: one for key, one in asking.items() if (kind, one.link.hubspot_id) not in elsewhere}
    if not asking:
        return {}
    old = at.hubspot().read(PLURAL[kind], [one.link.hubspot_id for one in asking.values()], (id_name(),))
    gone = {key for key, one in asking.items() if old.get(one.link.hubspot_id, one.to).id != one.link.hubspot_id}
    if gone:  # deleted, or merged into another: the link follows that
        relink.look_again(organisation, kind, sorted(asking[key].link.hubspot_id for key in gone))
    said_later = _said_later(organisation, kind, asking)
    unsure: Doubts = {}
    moves: dict[str, _Move] = {}
    for key, one in asking.items():
        if key in gone or key in said_later:
            continue
        if _id_on(old[one.link.hubspot_id]) == key.lower():
            reason = hold_reasons.id_on_two(known[key], kind, one.link.hubspot_id, one.to.id)
            unsure[key] = Hold((reason,), (one.link.hubspot_id, one.to.id))
        else:
            moves[key] = one
    holders = holders_of(organisation, kind, [one.to.id for one in moves.values()])
    while barred := {key for key, one in moves.items() if _is_anothers(one.to.id, holders, moves)}:
        for key in barred:
            unsure[key] = _not_free(organisation, kind, known, moves.pop(key).to.id, key, holders)
    _move(organisation, kind, moves)
    return unsure


def _is_anothers(record: str, holders: Holders, moves: Collection[str]) -> bool:
    """Tell whether a record is another customer's, who does not leave it now, or shows another organisation."""
    holder = holders.ours.get(record)
    return record in holders.elsewhere or (holder is not None and holder not in moves)


def _not_free(
    organisation: Organisation, kind: LinkKind, known: Customers, record: str, customer: str, holders: Holders
) -> Hold:
    if record in holders.elsewhere:
        return of_another(organisation, kind, known[customer], record, holders.elsewhere[record])
    with parts().database.reading() as tx:
        holder = mirror.customers(tx, organisation.id, [holders.ours[record]])[holders.ours[record]]
    return Hold((hold_reasons.record_of_customer(known[customer], kind, record, holder),), (record,))


def _said_later(organisation: Organisation, kind: LinkKind, asking: Mapping[str, _Move]) -> set[str]:
    """Tell of whom a person has said, after the id was written elsewhere, that it is the linked record.

    Where the id has gone from there since the record was read, what the person has said stands, too.
    """
    subjects = {key: f"customer {key} {kind}" for key in asking}
    with parts().database.reading() as tx:
        said = rulings.get(tx, organisation.id, list(subjects.values()))
        when = rulings.said_at(tx, organisation.id, list(subjects.values()))
    named = [key for key, one in asking.items() if said.get(subjects[key]) == one.link.hubspot_id]
    ids = [asking[key].to.id for key in named]
    written = parts().hubspot().last_changes(PLURAL[kind], ids, [id_name()]) if ids else {}
    return {
        key
        for key in named
        if (change := written.get(asking[key].to.id, {}).get(id_name())) is None
        or change.value.strip().lower() != key.lower()
        or change.at <= when[subjects[key]]
    }


def _move(organisation: Organisation, kind: LinkKind, moves: Mapping[str, _Move]) -> None:
    """Let links go to the records that carry their customers' ids, all at once: two customers may change places."""
    if not moves:
        return
    at = parts()
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        for one in moves.values():
            unlink.end(tx, organisation, one.link, to_empty=True)
        for key, one in moves.items():
            rulings.forget(tx, organisation.id, rulings.not_a_record(key, kind, one.to.id))
            links.put(tx, [Link(organisation.id, key, kind, one.to.id, "id")], at.now())
            reason = (
                f"A person moved the customer's id from the {kind} {one.link.hubspot_id} to {one.to.id}, so the link"
                " goes there, and the other is emptied."
            )
            journal.write(tx, [_line(kind, key, one.to.id, reason)], at.now())
            records = (one.link.hubspot_id, one.to.id)
            journal.clear(tx, [subjects.hubspot(kind, record) for record in records], at.now())
            look_at_rivals(tx, organisation.id, records, [key])
            retries.look_over(tx, [key, *records])
        if portal is not None:
            last_written.forget(tx, portal.id, kind, [one.to.id for one in moves.values()])
        pending_customers.mark(tx, organisation.id, list(moves))
        lanes.wake(tx, "standing", organisation.id, at.now())


def _ask(organisation: Organisation, doubts: Doubts) -> None:
    """Hold customers beside whatever else they are held for; their next look weighs it again."""
    at = parts()
    with at.database.transaction() as tx:
        for key, doubt in doubts.items():
            before = journal.held(tx, subjects.customer(key))
            hold = _both(Hold(before.reasons, before.candidates, choices=before.choices) if before else None, doubt)
            if journal.hold(
                tx,
                organisation.id,
                subjects.customer(key),
                hold.reasons,
                hold.candidates,
                at.now(),
                choices=hold.choices,
            ):
                line = Line(subjects.customer(key), "hold", "customers.moved_ids", doubt.sentence)
                journal.write(tx, [line], at.now())


def _both(one: Hold | None, other: Hold) -> Hold:
    """Put two doubts about a customer together."""
    if one is None:
        return other
    reasons = tuple(dict.fromkeys((*one.reasons, *other.reasons)))
    candidates = tuple(dict.fromkeys((*one.candidates, *other.candidates)))
    return Hold(reasons, candidates, choices=tuple(dict.fromkeys((*one.choices, *other.choices))))


def _id_on(record: Record) -> str:
    return (record.properties.get(id_name()) or "").strip().lower()


def _line(kind: LinkKind, customer: str, record: str, reason: str) -> Line:
    return Line(
        subject=subjects.customer(customer),
        decision="adopt",
        rule="customers.moved_ids",
        reason=reason,
        target=subjects.hubspot(kind, record),
    )
