"""Keep what a deal says of its edit: what became of it, and whether its invoice comes to something else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

from ledgerloop import subjects
from ledgerloop.invoices.deals import Sale
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Line
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.remarks import note_of, remarks_of
from ledgerloop.rules.routing import Terms
from ledgerloop.store import intents, journal, mirror
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


def keep_news(intent: Intent, invoice: Invoice) -> None:
    """Keep what Xero has just said of an invoice, for the deal shows what we know of it."""
    receivable = receivable_from_invoice(intent.organisation, invoice)
    with parts().database.transaction() as tx:
        mirror.store_receivables(tx, [receivable] if receivable else [])


def say_on_deal(before: Intent, after: Intent, edit: str, differs: str | None = None, *, held: bool = False) -> None:
    """Keep what the deal shall say: whether its total differs, and what became of the edit.

    One that is ``held`` waits for a person, and is tried again by itself now and then.
    """
    at = parts()
    with at.database.transaction() as tx:
        now = intents.locked(tx, before.portal, before.deal) or before
        after = replace(after, note=note_after(now, after, edit, differs))
        waits = journal.held(tx, subjects.deal(after.deal)) is not None
        if (sayings(after), after.note, held) == (sayings(now), now.note, waits):
            return
        intents.change(tx, after, *SAYINGS, "note")
        if held:
            journal.hold(tx, after.portal, subjects.deal(after.deal), (edit,), (), at.now())
        else:
            journal.clear(tx, [subjects.deal(after.deal)], at.now())
        if edit and after.note != now.note:
            about, target = subjects.deal(after.deal), subjects.xero("invoice", after.invoice)
            journal.write(tx, [Line(about, "hold" if held else "skip", RULE, edit, target)], at.now())
