"""Say what happened to an invoice, and word it as a note for the people who look after the customer. Does no I/O."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from typing import Literal
from zoneinfo import ZoneInfo

from ledgerloop.records import Organisation, Receivable
from ledgerloop.rules.invoices import invoice_url
from ledgerloop.rules.standing import is_late, is_open

What = Literal["sent", "part", "paid", "removed", "overdue", "voided"]
"""``sent``: approved, whether or not Xero sent it to anybody. ``removed``: more remains than was told."""

_WORDS: dict[What, str] = {
    "sent": "was approved",
    "part": "was paid in part",
    "paid": "was paid",
    "removed": "had a payment or credit taken back, or its total raised",
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
    removals: int = 0
    """How often money had been taken back from the invoice by then, as far as was told."""

    @property
    def event(self) -> str:
        """Name the event: the same name is the same event. Each part payment leaves another rest.

        After money was taken back, the same may happen again, and is another event.
        """
        rest = f" {self.remains:.2f}" if self.what in ("part", "removed") else ""
        again = f" after {self.removals}" if self.removals and self.what in ("part", "paid") else ""
        nth = f" {self.removals}" if self.what == "removed" else ""
        return f"{self.what}{nth}{rest}{again}"

    @property
    def words(self) -> str:
        """Say what happened, as it goes on after the invoice's number."""
        return _WORDS[self.what]


@dataclass(frozen=True, slots=True)
class _Told:
    """What has been told of an invoice's money: how often some was taken back, and what remained when last told."""

    removals: int = 0
    remained: Decimal | None = None


def happenings_of(
    invoice: Receivable, organisation: Organisation, today: date, since: date, events: Collection[str] = ()
) -> Sequence[Happening]:
    """List what is true of an invoice now and became so on ``since`` or later: what came before is no news.

    ``events`` are those that are known of the invoice, told or about to be. More remaining than the last of them said
    means that money was taken back.

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
    if not _changed_since(invoice, organisation, since):
        found = []
    told = _told_of(events)
    if is_open(invoice) and told.remained is not None:
        found = []
        if invoice.due > told.remained:
            told, found = _Told(told.removals + 1, invoice.due), ["removed"]
        elif f"removed {told.removals} {invoice.due:.2f}" in events:
            found = ["removed"]
        elif invoice.paid or invoice.credited:
            found = ["part"]
    if is_late(invoice, today) and invoice.due_on and invoice.due_on >= since:
        found.append("overdue")
    remains = invoice.due if is_open(invoice) else Decimal(0)
    return [Happening(invoice, what, remains, told.removals) for what in found]


def _told_of(events: Collection[str]) -> _Told:
    """Read what was told out of the events' names. Between two removals what remains only gets less."""
    removed = [re.fullmatch(r"removed (\d+) (\S+)", event) for event in events]
    starts = {int(one[1]): Decimal(one[2]) for one in removed if one}
    removals = max(starts, default=0)
    again = f" after {removals}" if removals else ""
    rests = [starts[removals]] if starts else []
    rests += [Decimal(0)] if f"paid{again}" in events else []
    parts = [re.fullmatch(rf"part ([0-9.]+){again}", event) for event in events]
    return _Told(removals, min([*rests, *(Decimal(one[1]) for one in parts if one)], default=None))


def _changed_since(invoice: Receivable, organisation: Organisation, since: date) -> bool:
    """Tell whether the record, and where only money tells of it a payment, is of ``since`` or later."""
    if invoice.updated_at and invoice.updated_at.astimezone(ZoneInfo(organisation.timezone)).date() < since:
        return False
    paid = [payment.on for payment in invoice.payments]
    return not paid or bool(invoice.credited) or invoice.status == "VOIDED" or max(paid) >= since


def mark_of(organisation: str, invoice: str, event: str) -> str:
    """Return the mark that stands in a note's body: by it a note that was made and forgotten is found again."""
    return MARK + hashlib.sha256(f"{organisation} {invoice} {event}".encode()).hexdigest()[:20]


def marks_in(body: str) -> Sequence[str]:
    """Find our marks in the body of a note."""
    return re.findall(rf"{MARK}[0-9a-f]{{20}}", body)


def body_of(happening: Happening, organisation: Organisation) -> str:
    """Word the note: number, amount, what remains and when it is due, a link, and the mark."""
    invoice = happening.invoice
    total = f"{invoice.total:,.2f} {invoice.currency}"
    due = f", due {invoice.due_on.isoformat()}" if invoice.due_on else ""
    remains = f"{happening.remains:,.2f} {invoice.currency} remain{due}." if happening.remains else "Nothing remains."
    link = f'<a href="{escape(invoice_url(organisation, invoice.id))}">{escape(invoice.number or "Invoice")}</a>'
    mark = mark_of(organisation.id, invoice.id, happening.event)
    return f'<p>Xero: invoice {link} over {total} {happening.words}. {remains}</p><p style="color:#99acc2">{mark}</p>'
