"""Report a second invoice for a deal: one that carries the deal's mark and is not the one we know. Does no call.

Nothing of ours should ever make one. Where one stands all the same, a person must know before its customer does.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Receivable
from ledgerloop.rules.invoice_markers import marker_in
from ledgerloop.rules.standing import GONE
from ledgerloop.store import intents, journal, mirror


def look(tx: Connection, organisation: str, invoices: Sequence[Receivable]) -> None:
    """Hold each invoice that doubles the one made for its deal; let go what was put right."""
    _let_go(tx, organisation, {one.id: one for one in invoices})
    marks = {one.id: mark for one in invoices if one.status not in GONE and (mark := marker_in(one.reference))}
    made = {one.marker: one for one in intents.by_marker(tx, organisation, set(marks.values()))}
    own = mirror.receivables(tx, organisation, [one.invoice for one in made.values()])
    for invoice in invoices:
        intent = made.get(marks.get(invoice.id, ""))
        if intent is None or intent.invoice == invoice.id:
            continue
        ours = own.get(intent.invoice)
        if ours is None or ours.status not in GONE:
            subject, now = subjects.invoice(invoice.id), parts().now()
            journal.hold(tx, organisation, subject, (_told(intent, invoice),), (intent.invoice, invoice.id), now)


def _let_go(tx: Connection, organisation: str, seen: dict[str, Receivable]) -> None:
    """Clear what is told of two invoices once either is gone, or the second no longer says that it is the deal's."""
    for held in journal.holds(tx):
        second = subjects.invoice_of(held.subject)
        if held.lane != organisation or not second:
            continue
        gone = any(one.id in held.candidates and one.status in GONE for one in seen.values())
        if gone or (second in seen and not marker_in(seen[second].reference)):
            journal.clear(tx, [held.subject], parts().now())


def _told(intent: Intent, invoice: Receivable) -> str:
    return (
        f"Deal {intent.deal} has two invoices in Xero: {intent.number}, which it shows, and {invoice.number}"
        f" ({invoice.status}, {invoice.total} {invoice.currency}). Void or delete the wrong one; if both are right,"
        f" take {intent.marker} out of the reference of {invoice.number}."
    )
