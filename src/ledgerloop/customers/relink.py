"""Follow what moves: customers merged in Xero; records merged, deleted or restored in HubSpot. Called inside a step.

A link goes where its record went. A record that is gone is found or made once more, never in a loop: one that was
deleted twice, for privacy, or merged into another customer's record is a question for a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers import main_person
from ledgerloop.customers.claims import Customers, Doubts
from ledgerloop.customers.hubspot_records import PLURAL, properties_read
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal import erasures
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Customer, Hold, Line, Link, LinkKind, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.ownership import said_by_hubspot, same_person
from ledgerloop.store import (
    associations,
    connections,
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
from ledgerloop.subjects import Subject

KINDS: tuple[LinkKind, ...] = ("contact", "company")
_RULE = "customers.relink"
_TWICE = 2


def follow_merged(organisation: Organisation, customers: Customers) -> Doubts:
    """Give the records of customers that were merged in Xero to the survivors; where both have one, ask a person."""
    at = parts()
    with at.database.reading() as tx:
        losers = [one for one in customers.values() if one.merged_into]
        wave = list(customers)
        for _ in range(mirror.MOST_MERGES):
            if not (found := mirror.losers(tx, organisation.id, wave)):
                break
            losers += found
            wave = [one.id for one in found]
        if not losers:
            return {}
        winner_of = {one.id: survivor for one in losers if (survivor := mirror.survivor(tx, organisation.id, one))}
        asked = journal.waiting(tx, [about for one in losers for about in _of_the_living(one.id)])
    if asked:
        with at.database.transaction() as tx:
            journal.clear(tx, asked, at.now())
    for kind in KINDS:
        # What a loser still shows never changes, nor what an archived winner does, so no write would find out that a
        # person merged the two as asked.
        ours_of, theirs_of = _both(organisation, kind, winner_of)
        both = [(link, theirs_of[key]) for one, link in ours_of.items() if (key := winner_of[one].id) in theirs_of]
        look_again(organisation, kind, [link.hubspot_id for pair in both for link in pair])
    found_links = {kind: _both(organisation, kind, winner_of) for kind in KINDS}
    ours = {kind: pair[0] for kind, pair in found_links.items()}
    theirs = {kind: pair[1] for kind, pair in found_links.items()}
    unsure: Doubts = {}
    for loser in {one.id: one for one in losers}.values():
        for kind in KINDS:
            link, winner = ours[kind].get(loser.id), winner_of.get(loser.id)
            if link is None or winner is None:
                continue
            other = theirs[kind].get(winner.id)
            if other is None:
                theirs[kind][winner.id] = _give(organisation, link, winner)
            elif kind == "contact" and _other_person(link.hubspot_id, other.hubspot_id):
                reason = (
                    f"Xero merged {loser.id} into {winner.id}, whose contact is {other.hubspot_id}, another person."
                )
                main_person.let_go(organisation, link, reason)
            elif loser.id in customers:
                reason = hold_reasons.merged_in_xero(loser, winner, kind, link.hubspot_id, other.hubspot_id)
                before = unsure.get(loser.id, Hold(()))
                unsure[loser.id] = Hold((*before.reasons, reason), (*before.candidates, link.hubspot_id))
    return unsure


def _other_person(one: str, other: str) -> bool:
    """Tell whether two contacts are different people, whom nobody may be asked to merge."""
    there = parts().hubspot().read(PLURAL["contact"], [one, other], properties_read("contact"))
    said = [said_by_hubspot("contact", there[key]) for key in (one, other) if key in there]
    return len(said) > 1 and not same_person(*said)


def remember_made(organisation: Organisation, customers: Customers) -> None:
    """Link what carries the id of customers that were archived or merged before anybody knew that it was made.

    The answer to its making was lost. It is nobody's otherwise, and would show old figures for good.
    """
    at = parts()
    gone = [key for key, one in customers.items() if not one.active or one.merged_into]
    for kind in KINDS:
        with at.database.reading() as tx:
            linked = links.find(tx, organisation.id, kind, gone)
        lacking = [key for key in gone if key not in linked]
        found = at.hubspot().read(PLURAL[kind], lacking, (id_name(),), id_property=id_name()) if lacking else {}
        for key in (key for key in lacking if key in found):
            link = Link(organisation.id, key, kind, found[key].id, "id")
            with at.database.transaction() as tx:
                if links.put(tx, [link], at.now()) == [link]:
                    reason = f"The {kind} {link.hubspot_id} carries the customer's id, so it shows it still."
                    target = subjects.hubspot(kind, link.hubspot_id)
                    journal.write(tx, [Line(subjects.customer(key), "adopt", _RULE, reason, target)], at.now())


def barred(organisation: Organisation, kind: LinkKind, strangers: Customers) -> Doubts:
    """Tell which customers get no new record, and why: what they lost says that none is wanted."""
    at = parts()
    with at.database.reading() as tx:
        lost_ever = former_links.of_customers(tx, organisation.id, kind, list(strangers))
    losses = {key: some for key, all_ in lost_ever.items() if (some := [one for one in all_ if one.how != "succeeded"])}
    # Who has lost another record since then had one: what was merged away before that asks no more.
    merged = {key: some[-1].hubspot_id for key, some in lost_ever.items() if some[-1].how == "merged"}
    survivors = at.hubspot().read(PLURAL[kind], list(merged.values()), properties_read(kind)) if merged else {}
    found = _forgotten(strangers, losses) if kind == "contact" else {}
    for key, some in losses.items():
        customer = strangers[key]
        if key in found:
            continue
        if key in merged and merged[key] in survivors:
            survivor = survivors[merged[key]].id
            found[key] = Hold((hold_reasons.merged_in_hubspot(customer, kind, survivor),), (survivor,))
        elif len([one for one in some if one.how == "deleted"]) >= _TWICE:
            found[key] = Hold((hold_reasons.deleted_twice(customer, kind),), tuple(one.hubspot_id for one in some))
    return found


def _forgotten(strangers: Customers, losses: Mapping[str, Sequence[Lost]]) -> Doubts:
    """Tell whose contact was erased, by the address that the customer has now; another person's is no matter."""
    erased_ids = {one.hubspot_id: key for key, some in losses.items() for one in some if one.how == "forgotten"}
    for contact in sorted(erasures.unremembered(erased_ids)) if erased_ids else ():
        if email := strangers[erased_ids[contact]].email_key:
            erasures.remember(contact, email)
    gone = erasures.among({one.email_key for one in strangers.values()})
    return {key: Hold((hold_reasons.forgotten(one),)) for key, one in strangers.items() if one.email_key in gone}


def look_again(organisation: Organisation, kind: LinkKind, ids: Sequence[str], *, forgotten: bool = False) -> None:
    """Read the records that a call or an event says are gone, and let their links follow them or be dropped.

    An event may say that they are ``forgotten``; otherwise it is found out which contacts were deleted for privacy.
    """
    at = parts()
    client = at.hubspot()
    found = client.read(PLURAL[kind], ids, properties_read(kind)) if ids else {}
    away = [key for key in ids if key not in found]
    erased = erasures.note(client, away, told=forgotten) if kind == "contact" and away else set()
    with at.database.reading() as tx:
        mine = links.find_by_hubspot(tx, organisation.id, kind, ids)
        before = [
            one for one in former_links.of_records(tx, kind, sorted(erased)) if one.organisation == organisation.id
        ]
    with at.database.transaction() as tx:
        for one in before:
            former_links.put(tx, replace(one, how="forgotten"))
            _look_at(tx, organisation, one.xero_id)
    for key, link in mine.items():
        record = found.get(key)
        if record is None:
            how: former_links.How = "forgotten" if (forgotten and kind == "contact") or key in erased else "deleted"
            _drop(organisation, link, how, f"The {kind} {key} is no longer in HubSpot, so its link is dropped.")
        elif record.id != key:
            _follow(organisation, link, record)
    gone = [key for key in ids if key not in found or found[key].id != key]
    with at.database.transaction() as tx:
        journal.clear(tx, [subjects.hubspot(kind, key) for key in gone], at.now())


def come_back(organisation: Organisation, kind: LinkKind, ids: Sequence[str]) -> None:
    """Link restored records again to the customers that lost them, unless another has taken their place."""
    at = parts()
    with at.database.reading() as tx:
        away = [one for one in former_links.of_records(tx, kind, ids) if one.how != "succeeded"]
        losses = [one for one in away if one.organisation == organisation.id]
        customers = mirror.customers(tx, organisation.id, [one.xero_id for one in losses])
        now = links.find(tx, organisation.id, kind, [one.xero_id for one in losses])
        portal = connections.only_portal(tx)
    for one in losses:
        customer, link = customers.get(one.xero_id), now.get(one.xero_id)
        about, record = subjects.customer(one.xero_id), subjects.hubspot(kind, one.hubspot_id)
        other = link is not None and link.hubspot_id != one.hubspot_id
        if kind == "contact" and link is not None and other and _other_person(one.hubspot_id, link.hubspot_id):
            emptied = main_person.clear(one.hubspot_id)
            reason = (
                f"The contact {one.hubspot_id} was restored, and {link.hubspot_id}, another person, is the customer's."
            )
            with at.database.transaction() as tx:
                former_links.put(tx, replace(one, how="succeeded"))
                line = Line(about, "skip", _RULE, reason, record, emptied, led_by=(record,))
                journal.write(tx, [line], at.now())
            continue
        with at.database.transaction() as tx:
            if link is not None and other and customer is not None:
                reason = hold_reasons.restored(customer, kind, one.hubspot_id, link.hubspot_id)
                if journal.hold(tx, organisation.id, record, (reason,), (link.hubspot_id,), at.now()):
                    line = Line(about, "hold", _RULE, reason, record, led_by=(record,))
                    journal.write(tx, [line], at.now())
                continue
            former_links.remove(tx, one)
            if link is None:
                links.put(tx, [Link(organisation.id, one.xero_id, kind, one.hubspot_id, "restored")], at.now())
            if portal is not None:
                last_written.forget(tx, portal.id, kind, [one.hubspot_id])
            _look_at(tx, organisation, one.xero_id)
            reason = f"The {kind} {one.hubspot_id} was restored in HubSpot, so it is linked again."
            line = Line(about, "adopt", _RULE, reason, record, led_by=(record,))
            journal.write(tx, [line], at.now())


def _both(
    organisation: Organisation, kind: LinkKind, winner_of: Mapping[str, Customer]
) -> tuple[dict[str, Link], dict[str, Link]]:
    """Return the links of losers, and those of their winners."""
    with parts().database.reading() as tx:
        theirs = links.find(tx, organisation.id, kind, [one.id for one in winner_of.values()])
        return links.find(tx, organisation.id, kind, list(winner_of)), theirs


def _give(organisation: Organisation, link: Link, winner: Customer) -> Link:
    """Move a link from a merged customer to its survivor, whose standing the record shows from now on.

    Both are looked at again: the merged one may be held for having a record too many, and now has none.
    """
    at = parts()
    to = Link(organisation.id, winner.id, link.kind, link.hubspot_id, "merged")
    reason = f"Xero merged {link.xero_id} into {winner.id}, so the {link.kind} {link.hubspot_id} follows."
    with at.database.transaction() as tx:
        links.move(tx, link, to, at.now())
        last_compared.forget(tx, organisation.id, link.kind, [link.xero_id, winner.id])
        _look_at(tx, organisation, winner.id)
        _look_at(tx, organisation, link.xero_id)
        about, loser = subjects.customer(winner.id), subjects.customer(link.xero_id)
        line = Line(about, "adopt", _RULE, reason, subjects.hubspot(link.kind, link.hubspot_id), led_by=(loser,))
        journal.write(tx, [line], at.now())
    return to


def _follow(organisation: Organisation, link: Link, survivor: Record) -> None:
    """Let a link follow a HubSpot merge; where the survivor is another customer already, the link ends."""
    at = parts()
    to = Link(organisation.id, link.xero_id, link.kind, survivor.id, "merged")
    said = f"HubSpot merged the {link.kind} {link.hubspot_id} into {survivor.id}"
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        moved = links.move(tx, link, to, at.now())
        if portal is not None:
            last_written.forget(tx, portal.id, link.kind, [link.hubspot_id, survivor.id])
        if moved:
            _look_at(tx, organisation, link.xero_id)
            reason = f"{said}, so the link follows."
            both = tuple(subjects.hubspot(link.kind, key) for key in (survivor.id, link.hubspot_id))
            line = Line(subjects.customer(link.xero_id), "adopt", _RULE, reason, both[0], led_by=both)
            journal.write(tx, [line], at.now())
            return
        holder = links.find_by_hubspot(tx, organisation.id, link.kind, [survivor.id]).get(survivor.id)
        if holder is not None:
            _look_at(tx, organisation, holder.xero_id)
    _drop(organisation, link, "merged", f"{said}, which is another customer's.")


def _drop(organisation: Organisation, link: Link, how: former_links.How, reason: str) -> None:
    at = parts()
    now = at.now()
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        links.remove(tx, link)
        former_links.put(tx, Lost(organisation.id, link.kind, link.hubspot_id, link.xero_id, how, now))
        last_compared.forget(tx, organisation.id, link.kind, [link.xero_id])
        associations.forget(tx, organisation.id, link.xero_id)
        if portal is not None:
            last_written.forget(tx, portal.id, link.kind, [link.hubspot_id])
        _look_at(tx, organisation, link.xero_id)
        record = subjects.hubspot(link.kind, link.hubspot_id)
        journal.write(tx, [Line(subjects.customer(link.xero_id), "skip", _RULE, reason, record, led_by=(record,))], now)


def _look_at(tx: Connection, organisation: Organisation, customer: str) -> None:
    """Have a customer looked at again, in another turn: the one that runs may be past it."""
    pending_customers.mark(tx, organisation.id, [customer])
    lanes.wake(tx, "standing", organisation.id, parts().now())


def _of_the_living(customer: str) -> tuple[Subject, ...]:
    """Name what nobody can answer any more for a customer that was merged: a change that Xero refused, its balance."""
    return (subjects.xero("contact", customer), subjects.balance(customer))
