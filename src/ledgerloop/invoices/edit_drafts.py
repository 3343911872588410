"""Change the drafts of edited deals in Xero, or say why they stay. Called inside a step."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ledgerloop import subjects
from ledgerloop.bisect import bisect
from ledgerloop.errors import Refused
from ledgerloop.invoices import buyers, payers
from ledgerloop.invoices.deals import with_payers
from ledgerloop.invoices.decide import books_for
from ledgerloop.invoices.edit_remarks import (
    RULE,
    SAYINGS,
    Edited,
    billed_now,
    day_made,
    keep_news,
    say_on_deal,
    with_billed,
)
from ledgerloop.ledger.reference_data import blame, last_read, pass_over
from ledgerloop.parts import parts
from ledgerloop.records import Hold, Intent, Line, Organisation, Portal
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.edits import (
    UNSEEN,
    another_pays,
    changed_by_hand,
    changed_payload,
    difference,
    edit_told,
    found_told,
    lines_as_text,
    made_out_to_another,
    not_changed,
    not_compared,
    stands_already,
    update_of,
    whose_lines,
)
from ledgerloop.rules.invoices import Draft, body_of, hash_of, invoice_from_deal
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.remarks import Remarks, note_of, or_right, remarks_of, still_told
from ledgerloop.rules.standing import GONE
from ledgerloop.rules.totals import agrees_by_credit, differences_told, said_of
from ledgerloop.rules.vendor_messages import why_refused
from ledgerloop.store import intents, journal, mirror
from ledgerloop.xero.client import XeroClient
from ledgerloop.xero.models import Invoice

_FOUND = "Its invoice says what the deal says, so it is followed as before."
OPEN = ("DRAFT", "SUBMITTED")
"""What finance has not approved yet."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be changed of an invoice in Xero."""

    intent: Intent
    """As it will be once the change went through."""
    invoice: Invoice
    body: Mapping[str, Any]
    changes: Mapping[str, Any]


def change_drafts(
    portal: Portal, organisation: Organisation, edited: Sequence[Edited], settled: Collection[str]
) -> None:
    """Ask Xero how the invoices stand now, and change those that may be changed, in one request."""
    client = parts().xero(organisation.id)
    standing = {one.InvoiceID: one for one in client.invoices_by_id([one.intent.invoice for one in edited])}
    books = books_for(portal, organisation, [(one.sale, one.terms) for one in edited])
    sales = with_payers(parts().hubspot(), [one.sale for one in edited])
    edited = [replace(one, sale=sale) for one, sale in zip(edited, sales, strict=True)]
    with parts().database.reading() as tx:
        before = intents.get(tx, portal.id, [one.intent.deal for one in edited])
    changes: list[Change] = []
    for one in edited:
        invoice = standing.get(one.intent.invoice)
        if invoice is not None:
            changes += _change(portal, organisation, one, before[one.intent.deal], invoice, books, settled)
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
    portal: Portal,
    organisation: Organisation,
    edited: Edited,
    before: Intent,
    invoice: Invoice,
    books: Books,
    settled: Collection[str],
) -> list[Change]:
    """Return what is to be changed of one invoice; nothing where it stays, and then the deal says why.

    What the deal says by now is kept and compared in any case.
    """
    deal, day = before.deal, day_made(organisation, before)
    draft, books = _draft(portal, organisation, edited, invoice, day, books, at_once=deal in settled)
    if isinstance(draft, Draft) and edited.terms.due_terms == "xero" and not draft.due_told:
        # As counted when the invoice was made.
        draft = replace(draft, body={**draft.body, "DueDate": json.loads(before.payload)["DueDate"]})
    found = not_compared(before)
    by_hand = changed_by_hand(before.payload, invoice, before.stood)
    sent = None if by_hand else body_of(before.payload)
    changes = difference(before.payload, draft, before.customer) if isinstance(draft, Draft) else {}
    if isinstance(draft, Draft) and not by_hand and "LineItems" not in changes:
        said = with_billed(before, draft.billed)
    else:
        said = billed_now(replace(edited, intent=before), portal, organisation)
    if isinstance(draft, Draft):
        said = replace(said, **_said_by(draft))
    elif edited.intent.basis != before.basis:  # nobody knows what it comes to, and what it came to before says nothing
        said = replace(said, said=None)
    differs = differences_told(said_of(said), invoice, sent, books)
    answered = remarks_of(before.note).edit if deal in settled else ""  # a person has read it, and had it tried again

    def stays(why: str, *, held: bool = False) -> list[Change]:
        told = (found_told if found else edit_told)(invoice.InvoiceNumber, invoice.Status, why)
        if note_of(Remarks(edit=told)) == note_of(Remarks(edit=answered)) and why.endswith(or_right(deal)):
            say_on_deal(before, replace(said, basis=edited.intent.basis), "", differs, right=True)
        else:
            cause = organisation.id if isinstance(draft, Hold) and draft.books else ""
            say_on_deal(before, said, told, differs, held=held, cause=cause)
        return []

    if invoice.Status in GONE:
        keep_news(before, invoice)
        say_on_deal(before, before, "")
        return []
    if edited.intent.basis == before.basis:
        say_on_deal(before, said, "", differs)
        return []
    approved = receivable_from_invoice(organisation.id, invoice) if found and invoice.Status not in OPEN else None
    if approved and not payers.pays(organisation, edited.sale, invoice.Contact.ContactID):
        payer = buyers.name_of(edited.sale)
        return stays(made_out_to_another(deal, invoice.Contact.Name, payer, approved), held=True)
    if not isinstance(draft, Draft):
        if found and invoice.Status not in OPEN:
            say_on_deal(before, edited.intent, "")
            return []
        return stays(draft.sentence, held=True)
    strange = invoice.Status in OPEN and not payers.pays(organisation, edited.sale, invoice.Contact.ContactID)
    if not changes and not strange and not found:
        say_on_deal(before, replace(said, basis=edited.intent.basis), "", differs)
        return []
    if strange:
        payer, moved = buyers.name_of(edited.sale), invoice.Contact.ContactID != before.customer
        return stays(another_pays(deal, invoice.Contact.Name, payer, moved=moved), held=True)
    payload = changed_payload(before.payload, changes)
    after = replace(with_billed(said, draft.billed), basis=edited.intent.basis)
    after = replace(after, payload=payload, payload_hash=hash_of(payload))
    if stands_already(before.payload, changes, invoice):
        why = _FOUND if found else "The deal was changed, and its invoice says so."
        _changed(Change(after, invoice, {}, changes), invoice, why)
        return []
    if found and invoice.Status not in OPEN:  # what finance approved may say it in its own way: only the sum counts
        say_on_deal(before, replace(said, basis=edited.intent.basis), "", differs)
        return []
    if "LineItems" in changes and agrees_by_credit(said_of(said), invoice):  # finance has carried the edit over so
        say_on_deal(before, replace(said, basis=edited.intent.basis), "", differs)
        return []
    if invoice.Status not in OPEN:
        stands = receivable_from_invoice(organisation.id, invoice)
        return stays(not_changed(deal, "it is no longer a draft.", stands))
    if edited.terms.edits == "hold":
        return stays(f"its route holds such edits for a person. Change it in Xero. {or_right(deal)}", held=True)
    if before.stood == UNSEEN and not answered.endswith(whose_lines(deal)):
        return stays(whose_lines(deal))
    if before.stood != UNSEEN and by_hand:
        return stays(f"somebody has changed {by_hand} in Xero. Change it there. {or_right(deal)}")
    return [Change(after, invoice, update_of(before.payload, invoice, changes), changes)]


def _draft(
    portal: Portal,
    organisation: Organisation,
    edited: Edited,
    invoice: Invoice,
    day: date,
    books: Books,
    *,
    at_once: bool,
) -> tuple[Draft | Hold, Books]:
    """Make the invoice as the deal says it now, and return the books by which it was made.

    They are read anew before an edit waits because of them. What is no draft any more is not changed, so what would
    stop a change says nothing of it: a lock date, and the plan's limit.
    """
    sale, terms = edited.sale, edited.terms
    if invoice.Status not in OPEN:
        books = replace(books, organisation=None, actions=None)
    draft = invoice_from_deal(sale.deal, sale.lines, terms, organisation, portal, day, books)
    if isinstance(draft, Hold) and draft.books and invoice.Status in OPEN:
        books = books_for(portal, organisation, [(sale, terms)], anew=True, at_once=at_once)
        draft = invoice_from_deal(sale.deal, sale.lines, terms, organisation, portal, day, books)
    return draft, books


def _changed(change: Change, invoice: Invoice, why: str) -> None:
    """Record that an invoice says what its deal says now: the change went through, or it was there already."""
    at = parts()
    with at.database.reading() as tx:
        books = last_read(tx, change.intent.organisation)
    found = differences_told(said_of(change.intent), invoice, body_of(change.intent.payload), books)
    differs, accepted = still_told(found, change.intent.accepted)
    remarks = replace(remarks_of(change.intent.note), differs=differs, edit="")
    intent = replace(change.intent, note=note_of(remarks), accepted=accepted, stood=lines_as_text(invoice))
    receivable = receivable_from_invoice(intent.organisation, invoice)
    values = {name: json.dumps(value, default=str, ensure_ascii=False) for name, value in change.changes.items()}
    answer = f"{invoice.InvoiceNumber} {invoice.Status} {invoice.Total} {invoice.CurrencyCode}"
    with at.database.transaction() as tx:
        intents.change(tx, intent, "payload", "payload_hash", *SAYINGS, "note", "accepted", "stood")
        mirror.store_receivables(tx, [receivable] if receivable else [])
        journal.clear(tx, [subjects.deal(intent.deal)], at.now())
        pass_over(tx, intent.organisation, body_of(intent.payload), invoice)
        line = Line(
            subjects.deal(intent.deal), "update", RULE, why, subjects.xero("invoice", intent.invoice), values, answer
        )
        journal.write(tx, [line], at.now())


def _refused(change: Change, problems: Sequence[str]) -> None:
    said = why_refused(problems, "Correct the deal or the settings.")
    with parts().database.transaction() as tx:
        cause = blame(tx, change.intent.portal, change.intent.organisation, problems)
        before = intents.get(tx, change.intent.portal, [change.intent.deal])[change.intent.deal]
        books = last_read(tx, change.intent.organisation)
    told = edit_told(change.invoice.InvoiceNumber, change.invoice.Status, f"Xero would not change it: {said}")
    now = replace(before, **{name: getattr(change.intent, name) for name in SAYINGS if name != "basis"})
    differs = differences_told(said_of(now), change.invoice, body_of(before.payload), books)
    say_on_deal(before, now, told, differs, held=True, cause=cause)


def _said_by(draft: Draft) -> dict[str, Any]:
    """Return what a deal says that its invoice comes to, as an intent keeps it."""
    return {
        "said": draft.said,
        "said_currency": draft.body["CurrencyCode"],
        "said_tax": draft.body["LineAmountTypes"],
    }
