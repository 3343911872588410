"""Say of an invoice's deal what stands: remarks are worked out anew from every invoice that is pulled. Does no call.

What finance corrected in Xero is said no longer, whoever corrected it and whatever became of the invoice since. An edit
that came too late is looked at once more when its invoice has changed: somebody may have carried it over. So is a deal
of which a difference is told that was not told before: what we know of what it says may be old, as after a restore.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ledgerloop.engine.retries import LOOK, again
from ledgerloop.ledger.reference_data import last_read
from ledgerloop.parts import parts
from ledgerloop.records import Intent
from ledgerloop.rules.edits import changed_by_hand, lines_as_text
from ledgerloop.rules.invoices import body_of
from ledgerloop.rules.remarks import note_of, remarks_of, still_told
from ledgerloop.rules.standing import GONE
from ledgerloop.rules.totals import credited, differences_told, said_of
from ledgerloop.store import inbox, intents, lanes, mirror, pending_customers
from ledgerloop.xero.models import Invoice


def look(tx: Connection, organisation: str, invoices: Sequence[Invoice]) -> None:
    """Work out the remarks on the deals of these invoices, which are in our copy; have what changed be shown."""
    sales = [one for one in invoices if one.Type == "ACCREC"]
    made = intents.by_invoice(tx, organisation, [one.InvoiceID for one in sales])
    if not made:
        return
    fresh = mirror.last_updated(tx, organisation, list(made))
    for invoice in sales:
        known = made.get(invoice.InvoiceID)
        newest = fresh.get(invoice.InvoiceID)
        late = invoice.UpdatedDateUTC is not None and newest is not None and invoice.UpdatedDateUTC < newest
        intent = intents.locked(tx, known.portal, known.deal) if known is not None and not late else None
        if intent is None or intent.invoice != invoice.InvoiceID:
            continue
        before = remarks_of(intent.note)
        after = _compared(tx, intent, invoice)
        if after != intent:
            intents.change(tx, after, "note", "accepted")
        if after.note != intent.note:
            pending_customers.mark(tx, organisation, [invoice.Contact.ContactID])
        if (differs := remarks_of(after.note).differs) and differs != before.differs:
            _look_at(tx, intent, f"invoice {invoice.InvoiceID} differs since {invoice.UpdatedDateUTC}")
        if before.edit and invoice.Status not in GONE:
            stands = (lines_as_text(invoice), invoice.DueDate, invoice.Status, invoice.Contact.ContactID)
            told = " ".join(map(str, (*stands, credited(invoice))))
            _look_at(tx, intent, f"invoice {invoice.InvoiceID} {told}")


def _compared(tx: Connection, intent: Intent, invoice: Invoice) -> Intent:
    before = remarks_of(intent.note)
    if invoice.Status in GONE:
        return intent  # the deal says that it is gone, and nothing else
    # What somebody has changed since is finance's: what was sent counts no more.
    sent = None if changed_by_hand(intent.payload, invoice, intent.stood) else body_of(intent.payload)
    found = differences_told(said_of(intent), invoice, sent, last_read(tx, intent.organisation))
    differs, accepted = still_told(found, intent.accepted)
    sees = before.email and not invoice.SentToContact and invoice.Status == "AUTHORISED"
    note = note_of(replace(before, differs=differs, email=before.email if sees else ""))
    return replace(intent, note=note, accepted=accepted)


def _look_at(tx: Connection, intent: Intent, reason: str) -> None:
    now = parts().now()
    if inbox.keep(tx, [again(intent.portal, intent.deal, reason, LOOK)], now):
        lanes.wake(tx, "invoicing", intent.portal, now)
