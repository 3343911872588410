"""Make the intended invoices in Xero, and settle what is not known. Called inside a step.

An intent that may have left is looked for before it is sent again. Where nothing of its request is found and its deals
still say the same, the same request goes out once more with the same Idempotency-Key, so that even a first one that
arrives late makes nothing twice. In every other case all of it waits until nothing of it can arrive any more; what is
not found by then is decided anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import groupby
from typing import Literal, TypeVar

from ledgerloop import subjects
from ledgerloop.engine import epoch
from ledgerloop.engine.retries import LOOK, again
from ledgerloop.errors import Invalid, UnknownOutcome
from ledgerloop.invoices import approvals, existing, restored, stranded, unanswered
from ledgerloop.invoices.deferrals import Troubles
from ledgerloop.invoices.recheck import changed, put_back
from ledgerloop.ledger import duplicate_invoices
from ledgerloop.ledger.reference_data import blame, last_read, pass_over
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Hold, Intent, Line, Link, Receivable
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.edits import UNSEEN, as_sent, lines_as_text, payload_from
from ledgerloop.rules.invoice_markers import marker_in
from ledgerloop.rules.invoices import body_of, hash_of
from ledgerloop.rules.remarks import note_of, remarks_of, told
from ledgerloop.rules.standing import GONE
from ledgerloop.rules.templates import could_make
from ledgerloop.rules.totals import differences_told, said_of
from ledgerloop.rules.vendor_messages import whole, why_refused
from ledgerloop.store import (
    connections,
    epochs,
    inbox,
    intents,
    journal,
    lanes,
    links,
    mirror,
    pending_customers,
    provenance,
)
from ledgerloop.xero.client import MOST_IDS, XeroClient
from ledgerloop.xero.models import Invoice

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Made:
    """An intent whose invoice stands, made just now or found."""

    intent: Intent
    invoice: Invoice
    decision: Literal["create", "adopt"]
    why: str = "It stands in Xero, though the answer to its request was lost, so it is followed and no other is made."


@dataclass(frozen=True, slots=True)
class Refusal:
    """An intent that Xero refused, and its sentences."""

    intent: Intent
    problems: Sequence[str]

    @property
    def hold(self) -> Hold:
        """Say what Xero said, and what to do."""
        number = str(body_of(self.intent.payload).get("InvoiceNumber", ""))
        routes = [one.name for one in parts().routes if one.terms.number and could_make(one.terms.number, number)]
        why = why_refused(self.problems, "Correct the deal or the settings.", number, routes[0] if routes else "")
        return Hold((f"Xero would not make the invoice: {why}",))


_WON = "The deal is won."
_AGAIN = "The answer to its request was lost, and Xero had no invoice of it, so the request was sent again."
_ADOPTED = "It stands in Xero with this deal's mark, so it is followed, and no other is made."
LOOK_BACK = timedelta(days=1)
"""How long before an intent was sent its invoice is looked for: our clock may be wrong by as much as a time zone."""


def create(portal: str, aside: Collection[str]) -> tuple[list[str], Troubles]:
    """Send every intent that may leave and is not settled, one request for each key; none of the deals put ``aside``.

    What may have left before is looked for first, and an unknown outcome is looked into at once. Returns the deals that
    are now held, or no longer so, and what went wrong with some organisation: nothing leaves for one whose outcomes
    could not be looked into, nor before its books were read where the database was put back.
    """
    troubles = Troubles()
    with parts().database.reading() as tx:
        unsettled = {intent.organisation for intent in intents.unsettled(tx, portal)}
    for organisation in stranded.going(unsettled):
        with troubles.apart(organisation):
            settle(portal, organisation)
    brake = approvals.look(portal)
    early, held = restored.hold_intents(portal, only_approved=brake.on)
    stopped = [*brake.held, *held]
    with parts().database.reading() as tx:
        waiting = {intent.organisation for intent in intents.pending(tx, portal)}
        aside = {*aside, *restored.waiting(tx, portal)}
    for organisation in stranded.going(waiting - early - troubles.of.keys()):
        with troubles.apart(organisation):
            stopped += _make(portal, organisation, aside, only_approved=brake.on)
    return stopped, troubles


def settle(portal: str, organisation: str) -> None:
    """Look for the invoices of intents that were sent without an answer, and adopt those that stand."""
    at = parts()
    with at.database.reading() as tx:
        some = [intent for intent in intents.unsettled(tx, portal) if intent.organisation == organisation]
    if some:
        found = dict(_found(portal, at.xero(organisation), some))
        _record(portal, [Made(one, found[one.deal], "adopt") for one in some if one.deal in found], look_again=True)


def adopt(portal: str, some: Sequence[Intent], standing: Mapping[str, str], *, look_again: bool = False) -> set[str]:
    """Take up invoices that stand for these deals, named by their ids, instead of making others; return these deals.

    Our copy may be behind: one that Xero says is gone is not taken up. What stands is kept in the place of what was
    sent, whatever the deal says by now: the two are compared when the deal is looked at next, which ``look_again`` has
    done in another turn.
    """
    at = parts()
    adopted: set[str] = set()
    for organisation, of_home in _by(some, lambda intent: intent.organisation):
        for part in _parts_of(of_home, MOST_IDS):
            answer = at.xero(organisation).invoices_by_id([standing[one.deal] for one in part])
            invoices = {one.InvoiceID: one for one in answer if one.Status not in GONE}
            news = [receivable_from_invoice(organisation, one) for one in answer if one.Status in GONE]
            here = [one for one in part if standing[one.deal] in invoices]
            known = [_as_it_is(one, invoices[standing[one.deal]]) for one in here]
            with at.database.transaction() as tx:
                # Refused, until it is made: as one that may leave, it would make another if we died just here.
                new = [replace(one, state="refused") for one in known if not one.key]
                intents.put(tx, new)
                mirror.store_receivables(tx, [one for one in news if one is not None])
                kept = intents.get(tx, portal, [one.deal for one in known])
            made = [
                Made(one, invoices[standing[one.deal]], "adopt", _ADOPTED)
                for one in known
                if kept[one.deal].state in ("intended", "refused")
            ]
            _record(portal, made, look_again=look_again)
            adopted |= {one.deal for one in known}
    return adopted


def _as_it_is(intent: Intent, invoice: Invoice) -> Intent:
    """Keep the invoice itself as what was sent, and nothing of what the deal says of it."""
    payload = payload_from(invoice)
    note = note_of(replace(remarks_of(intent.note), billed=""))
    return replace(intent, payload=payload, payload_hash=hash_of(payload), basis="", said=None, note=note, stood=UNSEEN)


def _adopt_waiting(portal: str, organisation: str) -> None:
    """Look once more before invoices leave for the first time: in our copy, and where that may be old, in Xero."""
    with parts().database.reading() as tx:
        some = [one for one in intents.pending(tx, portal) if one.organisation == organisation]
        connected = connections.portal(tx, portal)
    first = [one for one in some if one.state == "intended"]
    if not first or connected is None:
        return
    existing.freshen(organisation)
    found = existing.standing(connected, [one.deal for one in first])
    away = stranded.withdraw(portal, found)
    found = {deal: one for deal, one in found.items() if deal not in away}
    here = [replace(one, organisation=found[one.deal].organisation) for one in first if one.deal in found]
    if here:
        with parts().database.transaction() as tx:
            intents.put(tx, [one for one in here if one.organisation != organisation])
        adopt(portal, here, {deal: one.id for deal, one in found.items()}, look_again=True)


def _make(portal: str, organisation: str, aside: Collection[str], *, only_approved: bool) -> list[str]:
    """Send what may leave for one organisation; where an outcome is unknown, look into it and go on."""
    _adopt_waiting(portal, organisation)
    try:
        return _send_all(portal, organisation, aside, only_approved=only_approved)
    except UnknownOutcome as lost:
        logger.warning("outcome unknown", lane=portal, turn=provenance.turn(), why=lost.sentence)
        settle(portal, organisation)
        return _send_all(portal, organisation, aside, only_approved=only_approved)


def _send_all(portal: str, organisation: str, aside: Collection[str], *, only_approved: bool) -> list[str]:
    """Send what may leave; return the deals that now say something else: they are held, or no longer to be invoiced."""
    shown: list[str] = []
    waits: list[Intent] = []
    with parts().database.reading() as tx:
        waiting = [intent for intent in intents.pending(tx, portal) if intent.organisation == organisation]
        begun = intents.made_under(tx, portal, {intent.key for intent in waiting if intent.state == "sent"})
    if only_approved:
        waiting = [intent for intent in waiting if intent.approved_at or intent.state == "sent"]
    other, unsure = changed(portal, waiting)
    waiting = _unmoved(portal, waiting)
    for key, some in _by(waiting, lambda intent: intent.key):
        if any(intent.deal in unsure or intent.deal in aside for intent in some):
            waits += some  # what such a deal says by now is decided once its organisation can be asked
        elif all(intent.state == "intended" for intent in some):
            shown += put_back(portal, [intent for intent in some if intent.deal in other], other)
            rest = [intent for intent in some if intent.deal not in other]
            if rest:
                shown += _send(portal, rest, _rekey(portal, rest)[0])
        elif not any(unanswered.may_arrive(intent, parts().now()) for intent in some):
            shown += put_back(portal, some, other)
        elif key not in begun and not any(intent.deal in other for intent in some):
            shown += _send(portal, some, key)
        else:  # Xero may be working through it still, or it would be another request, or make what nobody wants
            waits += some
    return shown + unanswered.hold(portal, waits, other)


def _unmoved(portal: str, waiting: Sequence[Intent]) -> list[Intent]:
    """Leave out the intents that a merge of deals, seen while they were read, gave to other deals: they wait."""
    with parts().database.reading() as tx:
        now = intents.get(tx, portal, [intent.deal for intent in waiting])
    return [one for one in waiting if (still := now.get(one.deal)) and (still.state, still.key) == (one.state, one.key)]


def _send(portal: str, some: Sequence[Intent], key: str) -> list[str]:
    """Send one request, and return the deals whose invoices Xero refused.

    One refused as a whole is sent again in halves, so that one deal holds back no other.
    """
    at = parts()
    with at.database.transaction() as tx:
        count = epoch.advance(tx)  # first: whoever notices that the database was put back waits for it, or it for them
        if epochs.held_back(tx, some[0].organisation, at.now()) is not None:
            return []  # it was noticed a moment ago
        leaving = intents.mark_sent(tx, portal, [intent.deal for intent in some], at.now())
        journal.clear(tx, [subjects.deal(deal) for deal in leaving], at.now())
    some = [intent for intent in some if intent.deal in leaving]  # a person may have linked another's invoice meanwhile
    if not some:
        return []
    epoch.bear_witness(count, at.now())
    try:
        bodies = [body_of(intent.payload) for intent in some]
        outcomes = at.xero(some[0].organisation).create_invoices(bodies, key)
    except Invalid as refusal:
        if len(some) == 1:
            _record(portal, [Refusal(some[0], refusal.sentences)])
            return [some[0].deal]
        halves = (some[: len(some) // 2], some[len(some) // 2 :])
        return [
            deal
            for half, new_key in zip(halves, _rekey(portal, *halves), strict=True)
            for deal in _send(portal, half, new_key)
        ]
    ended: list[Made | Refusal] = []
    for intent, outcome in zip(some, outcomes, strict=True):
        if outcome.ok and outcome.record is not None:
            ended.append(Made(intent, outcome.record, "create"))
        else:
            ended.append(Refusal(intent, outcome.problems))
    _record(portal, ended)
    return [one.intent.deal for one in ended if isinstance(one, Refusal)]


def _rekey(portal: str, *requests: Sequence[Intent]) -> list[str]:
    """Give each request a key of its own, all at once: a key that was refused must not be met again after a crash."""
    at = parts()
    keys = [at.new_key() for _ in requests]
    with at.database.transaction() as tx:
        for key, some in zip(keys, requests, strict=True):
            intents.rekey(tx, portal, [intent.deal for intent in some], key)
    return keys


def _found(portal: str, client: XeroClient, wanted: Sequence[Intent]) -> Iterable[tuple[str, Invoice]]:
    """Look through what this app made since, by either mark: nobody has proved that Url comes back in lists.

    What a person has put aside is not what was sent.
    """
    found = [(deal, one, receivable_from_invoice("", one)) for deal, one in _marked(client, wanted)]
    stands: dict[str, tuple[list[str], list[Receivable]]] = {}
    for deal, _, one in found:
        stands.setdefault(deal, ([deal], []))[1].extend([one] if one is not None else [])
    with parts().database.reading() as tx:
        past = existing.put_aside(tx, portal, stands)
    return [(deal, one) for deal, one, _ in found if (deal, one.InvoiceID) not in past]


def _marked(client: XeroClient, wanted: Sequence[Intent]) -> Iterable[tuple[str, Invoice]]:
    """Give the invoices of this app that have the marks of these intents, and are not gone."""
    since = min(intent.sent_at for intent in wanted if intent.sent_at) - LOOK_BACK
    by_mark = {intent.url: intent.deal for intent in wanted} | {intent.marker: intent.deal for intent in wanted}
    page = 1
    while True:
        answer = client.invoices(changed_since=since, page=page, created_by_my_app=True)
        for invoice in answer.items:
            deal = by_mark.get(invoice.Url) or by_mark.get(marker_in(invoice.Reference))
            if deal is not None and invoice.Status not in GONE:
                yield deal, invoice
        if page >= answer.page_count:
            return
        page += 1


def _record(portal: str, ended: Sequence[Made | Refusal], *, look_again: bool = False) -> None:
    """Record what became of one request's invoices, all at once: a request is settled as a whole or not at all.

    With ``look_again`` the deals are compared with their invoices in another turn, for this one has done so with those
    it knew of: who edited such a deal, or moved it out of its stage, did so while no invoice of it was known.
    """
    at = parts()
    now = at.now()
    lines: list[Line] = []
    with at.database.transaction() as tx:
        books = {
            organisation: last_read(tx, organisation) for organisation in {one.intent.organisation for one in ended}
        }
        for one in ended:
            subject = subjects.deal(one.intent.deal)
            note = ""
            if isinstance(one, Refusal):
                intents.mark_refused(tx, portal, one.intent.deal)
                cause = blame(tx, portal, one.intent.organisation, one.problems)
                journal.hold(tx, portal, subject, one.hold.reasons, (), now, cause)
            else:
                invoice = one.invoice
                # What was found may have been changed by somebody in the meantime: Xero's answer was not seen.
                unseen = one.intent.stood == UNSEEN
                known = one.decision == "create" or (not unseen and as_sent(one.intent.payload, invoice))
                sent = body_of(one.intent.payload) if known else None
                differs = differences_told(said_of(one.intent), invoice, sent, books[one.intent.organisation])
                if sent is not None and one.decision == "create":
                    pass_over(tx, one.intent.organisation, sent, invoice)
                note = note_of(replace(remarks_of(one.intent.note), differs=" ".join(differs)))
                named = (invoice.InvoiceID, invoice.InvoiceNumber)
                stood = lines_as_text(invoice) if known else UNSEEN if unseen else ""
                if not intents.mark_made(tx, portal, one.intent.deal, *named, now, note, stood):
                    continue  # a person has linked another invoice meanwhile; this one is told when it is pulled
            lines.append(_line(one, note))
        made = [one for one in ended if isinstance(one, Made)]
        journal.clear(tx, [subjects.deal(one.intent.deal) for one in made], now)
        receivables = [receivable_from_invoice(one.intent.organisation, one.invoice) for one in made]
        stored = [receivable for receivable in receivables if receivable is not None]
        mirror.store_receivables(tx, stored)
        duplicate_invoices.look(tx, stored)
        for organisation in {one.intent.organisation for one in made}:
            # What is found late may have been pulled before anybody knew whose it is: its deal is shown all the same.
            pending_customers.mark(
                tx,
                organisation,
                {one.invoice.Contact.ContactID for one in made if one.intent.organisation == organisation},
            )
        links.put(
            tx,
            [
                Link(one.intent.organisation, one.invoice.InvoiceID, "deal", one.intent.deal, one.decision)
                for one in made
            ],
            now,
        )
        journal.write(tx, lines, now)
        if look_again and made:
            looks = [again(portal, one.intent.deal, f"adopted {one.invoice.InvoiceID}", LOOK) for one in made]
            inbox.keep(tx, looks, now)
            lanes.wake(tx, "invoicing", portal, now)


def _line(one: Made | Refusal, note: str) -> Line:
    subject, values = subjects.deal(one.intent.deal), {"payload": one.intent.payload}
    if isinstance(one, Refusal):
        return Line(subject, "hold", "xero", one.hold.sentence, values=values, answer=whole(*one.problems))
    invoice = one.invoice
    why = one.why
    if one.decision == "create":
        why = _WON if one.intent.state == "intended" else f"{_WON} {_AGAIN}"
    return Line(
        subject=subject,
        decision=one.decision,
        rule="rules.invoices.invoice_from_deal",
        reason=" ".join(part for part in (why, told(note, one.intent.deal)) if part),
        target=subjects.xero("invoice", invoice.InvoiceID),
        values=values,
        answer=f"{invoice.InvoiceNumber} {invoice.Status} {invoice.Total} {invoice.CurrencyCode}",
    )


def _parts_of(some: Sequence[Intent], size: int) -> Iterable[Sequence[Intent]]:
    return (some[start : start + size] for start in range(0, len(some), size))


def _by(some: Iterable[Intent], key: Callable[[Intent], Key]) -> Iterable[tuple[Key, list[Intent]]]:
    """Group intents; each group in the order of its deals, so that a repeated request is the same to the letter."""
    ordered = sorted(some, key=lambda intent: (str(key(intent)), len(intent.deal), intent.deal))
    return ((found, list(group)) for found, group in groupby(ordered, key=key))
