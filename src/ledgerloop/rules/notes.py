"""Say what happened to an invoice, and word it as a note for the people who look after the customer. Does no I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from typing import Literal
from zoneinfo import ZoneInfo

from ledgerloop.records import Organisation, Receivable
from ledgerloop.rules.invoices import invoice_url
from ledgerloop.rules.standing import is_late, is_open

What = Literal["sent", "part", "paid", "overdue", "voided"]

_WORDS: dict[What, str] = {
    "sent": "was sent",
    "part": "was paid in part",
    "paid": "was paid",
    "overdue": "is overdue",
    "voided": "was voided",
}
MARK = "ledgerloop-"
"""Stands before the mark by which a note is found again; small letters and digits only, so that it is one word."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One event of an invoice that people want to know of."""

    invoice: Receivable
    what: What
    remains: Decimal

    @property
    def event(self) -> str:
        """Name the event: the same name is the same event. Each part payment leaves another rest."""
        return f"part {self.remains:.2f}" if self.what == "part" else self.what


def happenings_of(invoice: Receivable, home: Organisation, today: date, since: date) -> Sequence[Happening]:
    """List what is true of an invoice now and became so on ``since`` or later: what came before is no news.

    Xero says when a record last changed, and not what changed; so an invoice is news of being sent only when it was
    issued since, and of being overdue only when its due date went by since.
    """
    if invoice.kind != "invoice":
        return ()
    found: list[What] = []
    if invoice.status == "VOIDED":
        found.append("voided")
    elif invoice.status in ("AUTHORISED", "PAID") and not invoice.due:
        found.append("paid")
    elif is_open(invoice) and (invoice.paid or invoice.credited):
        found.append("part")
    elif is_open(invoice) and invoice.issued_on and invoice.issued_on >= since:
        found.append("sent")
    if not _changed_since(invoice, home, since):
        found = []
    if is_late(invoice, today) and invoice.due_on and invoice.due_on >= since:
        found.append("overdue")
    return [Happening(invoice, what, invoice.due if is_open(invoice) else Decimal(0)) for what in found]


def _changed_since(invoice: Receivable, home: Organisation, since: date) -> bool:
    """Tell whether the record, and where only money tells of it a payment, is of ``since`` or later."""
    if invoice.updated_at and invoice.updated_at.astimezone(ZoneInfo(home.timezone)).date() < since:
        return False
    paid = [payment.on for payment in invoice.payments]
    return not paid or bool(invoice.credited) or invoice.status == "VOIDED" or max(paid) >= since


def mark_of(organisation: str, invoice: str, event: str) -> str:
    """Return the mark that stands in a note's body: by it a note that was made and forgotten is found again."""
    return MARK + hashlib.sha256(f"{organisation} {invoice} {event}".encode()).hexdigest()[:20]


def marks_in(body: str) -> Sequence[str]:
    """Find our marks in the body of a note."""
    return re.findall(rf"{MARK}[0-9a-f]{{20}}", body)


def body_of(happening: Happening, home: Organisation) -> str:
    """Word the note: number, amount, what remains and when it is due, a link, and the mark."""
    invoice = happening.invoice
    total = f"{invoice.total:,.2f} {invoice.currency}"
    due = f", due {invoice.due_on.isoformat()}" if invoice.due_on else ""
    remains = f"{happening.remains:,.2f} {invoice.currency} remain{due}." if happening.remains else "Nothing remains."
    link = f'<a href="{escape(invoice_url(home, invoice.id))}">{escape(invoice.number or "Invoice")}</a>'
    mark = mark_of(home.id, invoice.id, happening.event)
    return (
        f"<p>Xero: invoice {link} over {total} {_WORDS[happening.what]}. {remains}</p>"
        f'<p style="color:#99acc2">{mark}</p>'
    )
