"""Look at deals that changed after their invoice was made: change the draft, or say why it stays. Called inside a step.

There is never a second invoice. One that finance has approved is never touched, and neither is one whose lines somebody
changed in Xero, or that was not made by this service: the deal says so instead. Nothing is sent where the invoice would
be the same.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args

from sqlalchemy import Connection

from ledgerloop.bisect import bisect
from ledgerloop.errors import Refused
from ledgerloop.invoices import merged_deals, payers
from ledgerloop.invoices.deals import Sale, read_deals, read_sales, with_payers
from ledgerloop.invoices.decide import Decided, basis, books_for, by_home, invoice_id, route
from ledgerloop.invoices.deferrals import Troubles
from ledgerloop.invoices.release import deal_subject as subject_of
from ledgerloop.ledger.reference_data import last_read
from ledgerloop.parts import parts
from ledgerloop.portal.facts import route_stages, won_stages
from ledgerloop.records import Intent, Line, Organisation, Portal, Receivable
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.edits import (
    FOREIGN,
    UNSEEN,
    another_pays,
    changed_by_hand,
    changed_payload,
    comes_to_the_same,
    difference,
    edit_told,
    elsewhere,
    found_told,
    lines_as_text,
    lost_told,
    merged_told,
    not_compared,
    not_won,
    or_right,
    stands_already,
    update_of,
    whose_lines,
)
from ledgerloop.rules.invoices import Draft, body_of, currency_of, hash_of, invoice_from_deal, is_won
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.remarks import Remarks, note_of, remarks_of
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import GONE
from ledgerloop.rules.totals import difference_told, said_of
from ledgerloop.rules.vendor_messages import why_refused
from ledgerloop.store import connections, intents, journal, mirror
from ledgerloop.xero.client import MOST_IDS, XeroClient
from ledgerloop.xero.models import Invoice

_RULE = "rules.edits"
_FOUND = "Its invoice says what the deal says, so it is followed as before."
OPEN = ("DRAFT", "SUBMITTED")
"""What finance has not approved yet."""
_SAYINGS: tuple[intents.Saying, ...] = get_args(intents.Saying)


@dataclass(frozen=True, slots=True)
class Edited:
    """A deal that says something else than when its invoice was made."""

    sale: Sale
    terms: Terms
    intent: Intent


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be changed of an invoice in Xero."""

    intent: Intent
    """As it will be once the change went through."""
    invoice: Invoice
    body: Mapping[str, Any]
    changes: Mapping[str, Any]


def edit(portal: str, deals: Sequence[str], settled: Collection[str]) -> Troubles:
    """read → compare → (change the draft | tell); return what went wrong with some organisation.

    Where the deal says that its invoice was left as it is, and how a person says that this is right, who has it tried
    again has ``settled`` the edit; everywhere else the edit itself is tried again.
    """
    at = parts()
    with at.database.reading() as tx:
        waiting = journal.waiting(tx, [subject_of(deal) for deal in settled])
        held = {deal for deal in settled if subject_of(deal) in waiting}
        house = connections.portal(tx, portal)
        made = {deal: one for deal, one in intents.get(tx, portal, deals).items() if one.state == "made"}
    troubles = Troubles()
    if house is None or not made:
        return troubles
    found = read_deals(at.hubspot(), list(made), [invoice_id()])
    merged = merged_deals.follow(portal, list(found.values()))
    with at.database.reading() as tx:
        made |= intents.get(tx, portal, list(merged.moved))
        stands = _standing(tx, [*made.values(), *merged.twice.values()])
        waiting = journal.waiting(tx, [name(deal) for deal in made for name in (subject_of, _record_of)])

    def tell(before: Intent, after: Intent, edit: str, *, held: bool = False) -> None:
        # Nearly every deal says so already, and writing that would be a commit for each.
        waits = subject_of(before.deal) in waiting
        if (_sayings(after), _note(before, after, edit), held) != (_sayings(before), before.note, waits):
            _tell(before, after, edit, held=held)

    stages = frozenset(won_stages(portal))
    sales = read_sales(at.hubspot(), portal, [found[deal] for deal in made if deal in found], customers=False)
    # An invoice was made of each, so whether it is still won decides nothing any more.
    for home, mine in by_home(Decided({}, {}), route(house, sales, made), sales):
        edited: list[Edited] = []
        strange: list[Edited] = []
        for sale, terms in mine:
            before = made[sale.deal.id]
            foreign = before.stood == FOREIGN
            told_before = remarks_of(before.note).edit
            if _record_of(before.deal) in waiting:
                _restage(before, terms)
            now = replace(before, basis=basis(sale, terms))
            new = not_compared(before)
            stands_now = stands.get(before.invoice)
            other = merged.twice.get(sale.deal.id)
            if other is not None:
                both = replace(now, basis=hash_of(f"{now.basis} {other.invoice}"))
                right = sale.deal.id in held or both.basis == before.basis
                both_stand = [(one.number, stands.get(one.invoice)) for one in (before, other)]
                told = "" if right else merged_told(before.deal, *both_stand)
                tell(before, both if right else before, told, held=not right)
            elif stands_now is not None and stands_now.status in GONE:
                tell(before, before, "")
            elif sale.deal.properties.get("hs_is_closed_lost") == "true":
                tell(before, before, lost_told(before.number, stands_now))
            elif not (before.basis or new) or (foreign and sale.deal.id in settled):
                tell(before, now, "")
            elif now.basis == before.basis and (foreign or not told_before or home.id != before.organisation):
                tell(before, before, "")
            elif foreign:
                strange.append(Edited(sale, terms, now))
            elif now.basis == before.basis:  # what was edited is undone: the deal says again what it said
                edited.append(Edited(sale, terms, now))
            elif not is_won(sale.deal, stages) and sale.deal.properties.get("dealstage") not in route_stages():
                told = edit_told(before.number, stands_now.status if stands_now else "", not_won(stands_now))
                tell(before, before, "" if new else told)
            elif home.id == before.organisation:
                edited.append(Edited(sale, terms, now))
            else:
                why = elsewhere(before.deal, home.name, stands_now)
                told = edit_told(before.number, stands_now.status if stands_now else "", why)
                if sale.deal.id in settled and note_of(Remarks(edit=told)) == note_of(Remarks(edit=told_before)):
                    _tell(before, replace(now, said=None), "", "")
                else:
                    tell(before, before, told)
        for start in range(0, len(edited), MOST_IDS):
            some = edited[start : start + MOST_IDS]
            with troubles.apart(home.id, [one.intent.deal for one in some]):
                _edit(house, home, some, settled)
        for organisation in {one.intent.organisation for one in strange}:
            some = [one for one in strange if one.intent.organisation == organisation]
            with troubles.apart(organisation, [one.intent.deal for one in some]):
                _foreign(house, organisation, some)
    return troubles


def _foreign(house: Portal, organisation: str, edited: Sequence[Edited]) -> None:
    """Say of invoices that people or other tools made that their deals were changed, unless both come to the same."""
    client = parts().xero(organisation)
    ids = [one.intent.invoice for one in edited]
    parts_ = [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)]
    standing = {one.InvoiceID: one for part in parts_ for one in client.invoices_by_id(part)}
    for one in edited:
        invoice, deal = standing.get(one.intent.invoice), one.sale.deal
        with parts().database.reading() as tx:
            before = intents.get(tx, house.id, [deal.id])[deal.id]
        if invoice is None:
            continue
        if invoice.Status in GONE:
            _news(before, invoice)
            _tell(before, before, "")
        elif comes_to_the_same(deal, currency_of(deal, house), invoice):
            _tell(before, one.intent, "")
        else:
            why = f"it was not made by this service. Change it in Xero. {or_right(deal.id)}"
            told = edit_told(invoice.InvoiceNumber, invoice.Status, why)
            _tell(before, before, told, held=one.terms.edits == "hold")


def _edit(house: Portal, home: Organisation, edited: Sequence[Edited], settled: Collection[str]) -> None:
    """Ask Xero how the invoices stand now, and change those that may be changed, in one request."""
    client = parts().xero(home.id)
    standing = {one.InvoiceID: one for one in client.invoices_by_id([one.intent.invoice for one in edited])}
    books = books_for(house, home, [(one.sale, one.terms) for one in edited])
    sales = with_payers(parts().hubspot(), [one.sale for one in edited])
    edited = [replace(one, sale=sale) for one, sale in zip(edited, sales, strict=True)]
    with parts().database.reading() as tx:
        before = intents.get(tx, house.id, [one.intent.deal for one in edited])
    changes: list[Change] = []
    for one in edited:
        invoice = standing.get(one.intent.invoice)
        if invoice is not None:
            changes += _change(house, home, one, before[one.intent.deal], invoice, books, settled)
    _send(client, changes)


def _send(client: XeroClient, changes: Sequence[Change]) -> None:
    """Send one request. One refused as a whole is sent again in halves, so that one deal holds back no other."""
    for some, answer in bisect(lambda some: client.update_invoices([one.body for one in some]), changes):
        if isinstance(answer, Refused):
            _refused(some[0], answer.sentences)
            continue
        for change, outcome in zip(some, answer, strict=True):
            if outcome.ok and outcome.record is not None:
                _changed(change, outcome.record, "The deal was changed, and its invoice was not approved yet.")
            else:
                _refused(change, outcome.problems)


def _change(
    house: Portal,
    home: Organisation,
    edited: Edited,
    before: Intent,
    invoice: Invoice,
    books: Books,
    settled: Collection[str],
) -> list[Change]:
    """Return what is to be changed of one invoice; nothing where it stays, and then the deal says why.

    What the deal says by now is kept and compared in any case.
    """
    deal, day = before.deal, _day(home, before)
    draft = invoice_from_deal(edited.sale.deal, edited.sale.lines, edited.terms, home, house, day, books)
    found = not_compared(before)
    by_hand = changed_by_hand(before.payload, invoice, before.stood)
    sent = None if by_hand else body_of(before.payload)
    said = replace(before, **_said_by(draft)) if isinstance(draft, Draft) else before
    differs = difference_told(said_of(said), invoice, sent, books)
    answered = remarks_of(before.note).edit if deal in settled else ""  # a person has read it, and had it tried again

    def stays(why: str, *, held: bool = False) -> list[Change]:
        told = (found_told if found else edit_told)(invoice.InvoiceNumber, invoice.Status, why)
        if note_of(Remarks(edit=told)) == note_of(Remarks(edit=answered)) and why.endswith(or_right(deal)):
            # Whatever the deal says by now, there is nothing to compare until it is edited again.
            right = replace(before, basis=edited.intent.basis, said=None)
            _tell(before, right, "", difference_told(None, invoice, sent, books))
        else:
            _tell(before, said, told, differs, held=held)
        return []

    if invoice.Status in GONE:
        _news(before, invoice)
        _tell(before, before, "")
        return []
    if edited.intent.basis == before.basis:
        _tell(before, said, "", differs)
        return []
    if not isinstance(draft, Draft):
        if found and invoice.Status not in OPEN:
            _tell(before, edited.intent, "")
            return []
        return stays(draft.sentence, held=True)
    if edited.terms.due_terms == "xero" and not draft.due_told:  # as counted when the invoice was made
        draft = replace(draft, body={**draft.body, "DueDate": json.loads(before.payload)["DueDate"]})
    changes = difference(before.payload, draft, before.customer)
    remarks = replace(remarks_of(before.note), billed=draft.billed)
    after = replace(edited.intent, **_said_by(draft), note=note_of(remarks))
    strange = invoice.Status in OPEN and not payers.pays(home, edited.sale, invoice.Contact.ContactID)
    if not changes and not strange and not found:
        _tell(before, after, "", differs)
        return []
    if strange:
        payer, moved = payers.name_of(edited.sale), invoice.Contact.ContactID != before.customer
        return stays(another_pays(deal, invoice.Contact.Name, payer, moved=moved), held=True)
    payload = changed_payload(before.payload, changes)
    after = replace(after, payload=payload, payload_hash=hash_of(payload))
    if stands_already(before.payload, changes, invoice):
        why = _FOUND if found else "The deal was changed, and its invoice says so."
        _changed(Change(after, invoice, {}, changes), invoice, why)
        return []
    if found and invoice.Status not in OPEN:  # what finance approved may say it in its own way: only the sum counts
        _tell(before, replace(said, basis=edited.intent.basis), "", differs)
        return []
    if invoice.Status not in OPEN:
        return stays(f"it is no longer a draft. Credit it or change it in Xero. {or_right(deal)}")
    if edited.terms.edits == "hold":
        return stays(f"its route holds such edits for a person. Change it in Xero. {or_right(deal)}", held=True)
    if before.stood == UNSEEN and not answered.endswith(whose_lines(deal)):
        return stays(whose_lines(deal))
    if before.stood != UNSEEN and by_hand:
        return stays(f"somebody has changed {by_hand} in Xero. Change it there. {or_right(deal)}")
    return [Change(after, invoice, update_of(before.payload, invoice, changes), changes)]


def _day(home: Organisation, before: Intent) -> date:
    """Return the day on which an invoice was made; its own date is a later one where billing starts later."""
    dated = date.fromisoformat(json.loads(before.payload)["Date"])
    return min(dated, home.day(before.created_at)) if before.created_at else dated


def _changed(change: Change, invoice: Invoice, why: str) -> None:
    """Record that an invoice says what its deal says now: the change went through, or it was there already."""
    at = parts()
    with at.database.reading() as tx:
        books = last_read(tx, change.intent.organisation)
    differs = difference_told(said_of(change.intent), invoice, body_of(change.intent.payload), books)
    remarks = replace(remarks_of(change.intent.note), differs=differs, edit="")
    intent = replace(change.intent, note=note_of(remarks), stood=lines_as_text(invoice))
    receivable = receivable_from_invoice(intent.organisation, invoice)
    values = {name: json.dumps(value, default=str, ensure_ascii=False) for name, value in change.changes.items()}
    answer = f"{invoice.InvoiceNumber} {invoice.Status} {invoice.Total} {invoice.CurrencyCode}"
    with at.database.transaction() as tx:
        intents.change(tx, intent, "payload", "payload_hash", *_SAYINGS, "note", "stood")
        mirror.store_receivables(tx, [receivable] if receivable else [])
        journal.clear(tx, [subject_of(intent.deal)], at.now())
        line = Line(subject_of(intent.deal), "update", _RULE, why, f"xero invoice {intent.invoice}", values, answer)
        journal.write(tx, [line], at.now())


def _refused(change: Change, problems: Sequence[str]) -> None:
    said = why_refused(problems, "Correct the deal or the settings.")
    with parts().database.reading() as tx:
        before = intents.get(tx, change.intent.portal, [change.intent.deal])[change.intent.deal]
    told = edit_told(change.invoice.InvoiceNumber, change.invoice.Status, f"Xero would not change it: {said}")
    _tell(before, before, told, held=True)


def _restage(intent: Intent, terms: Terms) -> None:
    """Let a deal that HubSpot would not move go where its route says now."""
    at = parts()
    subject = _record_of(intent.deal)
    with at.database.transaction() as tx:
        if journal.held(tx, subject) is not None:
            intents.restage(tx, intent.portal, intent.deal, terms.paid_stage)
            journal.clear(tx, [subject], at.now())


def _record_of(deal: str) -> str:
    """Name the deal's record as holds do that are about what HubSpot would not take."""
    return f"hubspot deal {deal}"


def _said_by(draft: Draft) -> dict[str, Any]:
    """Return what a deal says that its invoice comes to, as an intent keeps it."""
    return {
        "said": draft.said,
        "said_currency": draft.body["CurrencyCode"],
        "said_tax": draft.body["LineAmountTypes"],
    }


def _sayings(intent: Intent) -> tuple[object, ...]:
    return tuple(getattr(intent, name) for name in _SAYINGS)


def _note(before: Intent, after: Intent, edit: str, differs: str | None = None) -> str:
    """Return what the deal says, with what became of the edit, and whether its total differs where that is known."""
    said = replace(remarks_of(before.note), edit=edit, billed=remarks_of(after.note).billed)
    return note_of(said if differs is None else replace(said, differs=differs))


def _standing(tx: Connection, made: Sequence[Intent]) -> dict[str, Receivable]:
    """Return, by their ids, the invoices as our copy has them."""
    known = [
        mirror.receivables(tx, home, [one.invoice for one in made if one.organisation == home])
        for home in {one.organisation for one in made}
    ]
    return {invoice.id: invoice for some in known for invoice in some.values()}


def _news(intent: Intent, invoice: Invoice) -> None:
    """Keep what Xero has just said of an invoice, for the deal shows what we know of it."""
    receivable = receivable_from_invoice(intent.organisation, invoice)
    with parts().database.transaction() as tx:
        mirror.store_receivables(tx, [receivable] if receivable else [])


def _tell(before: Intent, after: Intent, edit: str, differs: str | None = None, *, held: bool = False) -> None:
    """Keep what the deal shall say: whether its total differs, and what became of the edit.

    One that is ``held`` waits for a person, and is tried again by itself now and then.
    """
    at = parts()
    with at.database.transaction() as tx:
        now = intents.locked(tx, before.portal, before.deal) or before
        after = replace(after, note=_note(now, after, edit, differs))
        waits = journal.held(tx, subject_of(after.deal)) is not None
        if (_sayings(after), after.note, held) == (_sayings(now), now.note, waits):
            return
        intents.change(tx, after, *_SAYINGS, "note")
        if held:
            journal.hold(tx, after.portal, subject_of(after.deal), (edit,), (), at.now())
        else:
            journal.clear(tx, [subject_of(after.deal)], at.now())
        if edit and after.note != now.note:
            about, target = subject_of(after.deal), f"xero invoice {after.invoice}"
            journal.write(tx, [Line(about, "hold" if held else "skip", _RULE, edit, target)], at.now())
