"""Work out what a customer owes: a pure function of the mirrored receivables and a date. Does no I/O.

Amounts are in the organisation's base currency, each document at its own rate; ``by_currency`` keeps the originals.
Only what the ledger has approved counts: drafts and submitted invoices are owed by nobody yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ledgerloop.records import Receivable

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

WORDS = ("OVERDUE", "PARTIALLY_PAID", "AUTHORISED", "PAID", "VOIDED", "NONE")
"""The status words of a customer, worst first."""
GONE = ("VOIDED", "DELETED")
"""The statuses of a document that counts for nothing any more, whatever amounts it still names."""


def bills_nothing(invoice: Receivable) -> bool:
    """Tell whether nobody is to pay by an invoice any more: it is deleted, voided, or credited in full."""
    return invoice.status in GONE or 0 < invoice.total <= invoice.credit_notes


@dataclass(frozen=True, slots=True)
class Standing:
    """What a customer owes on a day. Amounts have two decimals and are in ``currency``, the base currency."""

    currency: str
    outstanding: Decimal = ZERO
    overdue: Decimal = ZERO
    credit: Decimal = ZERO
    """Credit that is not allocated to an invoice yet; it does not lower ``outstanding`` until it is."""
    open_invoices: int = 0
    oldest_due_on: date | None = None
    """The earliest due date among open invoices."""
    days_overdue: int = 0
    last_payment_on: date | None = None
    last_payment_amount: Decimal = ZERO
    """What came in on ``last_payment_on``, all payments of that day together."""
    lifetime_paid: Decimal = ZERO
    """What ever came in. Credit notes are no money, and refunds are not taken off."""
    status: str = "NONE"
    by_currency: Mapping[str, Decimal] = field(default_factory=dict)
    """Outstanding in each invoice's own currency."""


def standing_of(receivables: Iterable[Receivable], today: date, base_currency: str) -> Standing:
    """Add up a customer's receivables as they stand on ``today``, a day in the organisation's own time zone."""
    documents = list(receivables)
    invoices = [document for document in documents if document.kind == "invoice"]
    open_ones = [invoice for invoice in invoices if is_open(invoice)]
    late = [invoice for invoice in open_ones if is_late(invoice, today)]
    due_days = [invoice.due_on for invoice in open_ones if invoice.due_on]
    late_days = [(today - invoice.due_on).days for invoice in late if invoice.due_on]
    received = list(_received(documents))
    last = max((on for on, _ in received), default=None)
    by_currency: dict[str, Decimal] = {}
    for invoice in open_ones:
        by_currency[invoice.currency] = by_currency.get(invoice.currency, ZERO) + invoice.due
    return Standing(
        currency=base_currency,
        outstanding=_sum(in_base(invoice.due, invoice.rate) for invoice in open_ones),
        overdue=_sum(in_base(invoice.due, invoice.rate) for invoice in late),
        credit=_sum(
            in_base(document.remaining, document.rate)
            for document in documents
            if document.kind != "invoice" and document.status == "AUTHORISED"
        ),
        open_invoices=len(open_ones),
        oldest_due_on=min(due_days, default=None),
        days_overdue=max(late_days, default=0),
        last_payment_on=last,
        last_payment_amount=_sum(amount for on, amount in received if on == last),
        lifetime_paid=_sum(amount for _, amount in received),
        status=_worst(word_of(invoice, today) for invoice in invoices),
        by_currency=by_currency,
    )


def agrees(receivables: Iterable[Receivable], told: Decimal, today: date, base_currency: str) -> bool:
    """Tell whether a customer's receivables come to the balance that the ledger itself states.

    Xero does not say whether its figure is net of credit that nobody has allocated yet, so either is taken; and where
    documents are in other currencies each may be a cent off by rounding.
    """
    documents = list(receivables)
    standing = standing_of(documents, today, base_currency)
    foreign = sum(1 for document in documents if document.currency != base_currency)
    ours = (standing.outstanding, standing.outstanding - standing.credit)
    return any(abs(one - told) <= CENT * foreign for one in ours)


def word_of(invoice: Receivable, today: date) -> str:
    """Return the status word of one invoice. Drafts and deleted ones keep Xero's word, which no customer shows."""
    if is_late(invoice, today):
        return "OVERDUE"
    if is_open(invoice) and (invoice.paid or invoice.credited):
        return "PARTIALLY_PAID"
    if invoice.status == "AUTHORISED" and not invoice.due:
        return "PAID"
    return invoice.status


def is_open(invoice: Receivable) -> bool:
    """Tell whether money is still owed on the invoice."""
    return invoice.status == "AUTHORISED" and invoice.due > 0


def is_late(invoice: Receivable, today: date) -> bool:
    """Tell whether the invoice is open and its due date has gone by; on the due date itself it is not late."""
    return is_open(invoice) and invoice.due_on is not None and invoice.due_on < today


def in_base(amount: Decimal, rate: Decimal) -> Decimal:
    """Convert to the base currency and round to the cent. Xero's rate is foreign units for one base unit."""
    return (amount / rate if rate else amount).quantize(CENT, ROUND_HALF_UP)


def _received(documents: Iterable[Receivable]) -> Iterator[tuple[date, Decimal]]:
    """Give the day and amount of all money that came in: payments on invoices, and money in advance or too much.

    A prepayment or overpayment is a bank transaction of its own. What it pays off later counts in the invoice as
    credited and not as paid, so nothing is counted twice.
    """
    for document in documents:
        if document.status in GONE:
            continue
        if document.kind == "invoice":
            for payment in document.payments:
                yield payment.on, in_base(payment.amount, document.rate)
        elif document.kind != "credit_note" and document.issued_on:
            yield document.issued_on, in_base(document.total, document.rate)


def _worst(words: Iterable[str]) -> str:
    return min((word for word in words if word in WORDS), key=WORDS.index, default="NONE")


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
