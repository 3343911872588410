"""Keep what a deal says of its edit: what became of it, and whether its invoice comes to something else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine.retries import RETRY
from ledgerloop.invoices.deals import Sale
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Line, Organisation, Portal
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.invoice_lines import billed_by, position_of
from ledgerloop.rules.invoices import currency_of
from ledgerloop.rules.remarks import note_of, remarks_of, still_told
from ledgerloop.rules.routing import Terms
from ledgerloop.store import inbox, intents, journal, mirror
from ledgerloop.xero.models import Invoice

RULE = "rules.edits"
SAYINGS: tuple[intents.Saying, ...] = get_args(intents.Saying)


@dataclass(frozen=True, slots=True)
class Edited:
    """A deal that says something else than when its invoice was made."""

    sale: Sale
    terms: Terms
    intent: Intent


def sayings(intent: Intent) -> tuple[object, ...]:
    """Return what is kept of what a deal says, and compared with what was kept before."""
    return tuple(getattr(intent, name) for name in SAYINGS)


def note_after(before: Intent, after: Intent, edit: str, differs: str | None = None) -> str:
    """Return what the deal says, with what became of the edit, and whether its total differs where that is known."""
    said = replace(remarks_of(before.note), edit=edit, billed=remarks_of(after.note).billed)
    return note_of(said if differs is None else replace(said, differs=differs))


def billed_now(edited: Edited, portal: Portal, organisation: Organisation) -> Intent:
    """Return the intent with what the deal says now of its recurring lines, though its invoice was left as it is."""
    sale, intent = edited.sale, edited.intent
    items, day = sorted(sale.lines, key=position_of), day_made(organisation, intent)
    billed = billed_by(items, currency_of(sale.deal, portal), day, edited.terms)
    return with_billed(intent, billed)


def with_billed(intent: Intent, billed: str) -> Intent:
    """Return the intent with another text on what of its recurring lines is billed."""
    return replace(intent, note=note_of(replace(remarks_of(intent.note), billed=billed)))


def day_made(organisation: Organisation, intent: Intent) -> date:
    """Return the day on which an invoice was made; its own date is a later one where billing starts later."""
    dated = date.fromisoformat(json.loads(intent.payload)["Date"])
    return min(dated, organisation.day(intent.created_at)) if intent.created_at else dated


def keep_news(intent: Intent, invoice: Invoice) -> None:
    """Keep what Xero has just said of an invoice, for the deal shows what we know of it."""
    receivable = receivable_from_invoice(intent.organisation, invoice)
    with parts().database.transaction() as tx:
        mirror.store_receivables(tx, [receivable] if receivable else [])


def call_right(before: Intent) -> Intent:
    """Keep that a person calls an invoice right though it differs from its deal as was told; return what is kept."""
    told = remarks_of(before.note).differs
    with parts().database.transaction() as tx:
        now = intents.locked(tx, before.portal, before.deal) or before
        if remarks_of(now.note).differs != told or not finish_retry(tx, before):
            return now  # it differs in something else by now, and nobody has read that
        note = note_of(replace(remarks_of(now.note), differs=""))
        after = replace(now, note=note, accepted=_accepted(now, before))
        intents.change(tx, after, "note", "accepted")
        _journal_right(tx, before)
    return after


def finish_retry(tx: Connection, intent: Intent) -> bool:
    """End a person's retry, which says that what was read is right; tell whether it had not been ended before.

    A turn that fails later on is repeated with its events: what is told by then, that person has not read.
    """
    return inbox.finish_kind(tx, "hubspot", intent.portal, RETRY, intent.deal, parts().now())


def _accepted(now: Intent, read: Intent) -> str:
    """Return what is accepted with what a person has ``read`` of differences."""
    return " ".join(filter(None, (now.accepted, remarks_of(read.note).differs)))


def _journal_right(tx: Connection, read: Intent) -> None:
    remarks = remarks_of(read.note)
    until = " ".join(filter(None, (remarks.differs, remarks.edit)))
    why = f"A person said that invoice {read.number} is right as it stands. Told until then: {until}"
    line = Line(subjects.deal(read.deal), "skip", RULE, why, subjects.xero("invoice", read.invoice))
    journal.write(tx, [line], parts().now())


def say_on_deal(
    before: Intent,
    after: Intent,
    edit: str,
    differences: Sequence[str] | None = None,
    *,
    held: bool = False,
    right: bool = False,
    cause: str = "",
) -> None:
    """Keep what the deal shall say: in what its invoice differs, where that is known, and what became of the edit.

    One that is ``held`` waits for a person, and is tried again by itself now and then, and when the books of the
    organisation that is its ``cause`` change. Where a person has called the
    invoice ``right``, what was told ``before`` of differences is told no longer.
    """
    at = parts()
    with at.database.transaction() as tx:
        now = intents.locked(tx, before.portal, before.deal) or before
        differs, accepted = None, _accepted(now, before) if right else now.accepted
        if differences is not None:
            differs, accepted = still_told(differences, accepted)
        after = replace(after, note=note_after(now, after, edit, differs), accepted=accepted)
        waits = journal.held(tx, subjects.deal(after.deal)) is not None
        if (sayings(after), after.note, accepted, held) == (sayings(now), now.note, now.accepted, waits):
            return
        intents.change(tx, after, *SAYINGS, "note", "accepted")
        if right:
            finish_retry(tx, before)
            _journal_right(tx, before)
        if held:
            journal.hold(tx, after.portal, subjects.deal(after.deal), (edit,), (), at.now(), cause)
        else:
            journal.clear(tx, [subjects.deal(after.deal)], at.now())
        if edit and after.note != now.note:
            about, target = subjects.deal(after.deal), subjects.xero("invoice", after.invoice)
            journal.write(tx, [Line(about, "hold" if held else "skip", RULE, edit, target)], at.now())
