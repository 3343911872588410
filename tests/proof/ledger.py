"""What HubSpot must show, worked out from the sandbox's own books with a pencil: an oracle that shares no code.

The definitions are those of docs/standing.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import Credit, Document, Invoice

_CENT = Decimal("0.01")
_WORST_FIRST = ("OVERDUE", "PARTIALLY_PAID", "AUTHORISED", "PAID", "VOIDED")


class Ledger:
    """Read one organisation's books."""

    def __init__(self, books: Organisation, today: date) -> None:
        self._books, self.today = books, today

    def standing(self, customer: str) -> dict[str, str]:
        """Return what the customer's contact and company show: of one that was merged away, whose they were."""
        figures = self._figures(customer)
        if self._books.contacts.rows[customer].merged_to:
            figures = dict.fromkeys(figures, "")
        return {"xero_contact_id": customer, **figures}

    def _figures(self, customer: str) -> dict[str, str]:
        documents = self._books.documents.get(customer, [])
        invoices = [one for one in documents if isinstance(one, Invoice) and one.type == "ACCREC"]
        credit = [
            one
            for one in documents
            if isinstance(one, Credit) and (one.type == "ACCRECCREDIT" or one.type.startswith("RECEIVE"))
        ]
        owed = [one for one in invoices if one.status == "AUTHORISED" and one.amount_due > 0]
        late = [one for one in owed if one.due_date and one.due_date < self.today]
        days = [one.due_date for one in owed if one.due_date]
        money = [*self._paid_on(invoices), *((one.date, _base(one.total, one)) for one in credit if _is_money(one))]
        last = max((day for day, _ in money), default=None)
        words = {self.word(one) for one in invoices}
        return {
            "xero_outstanding_balance": _text(sum(_base(one.amount_due, one) for one in owed)),
            "xero_overdue_balance": _text(sum(_base(one.amount_due, one) for one in late)),
            "xero_available_credit": _text(
                sum(_base(one.remaining, one) for one in credit if one.status == "AUTHORISED")
            ),
            "xero_invoice_status": next((word for word in _WORST_FIRST if word in words), "NONE"),
            "xero_last_payment_date": last.isoformat() if last else "",
            "xero_last_payment_amount": _text(sum(amount for day, amount in money if day == last)) if last else "",
            "xero_oldest_due_date": min(days).isoformat() if days else "",
            "xero_days_overdue": str(
                max(((self.today - one.due_date).days for one in late if one.due_date), default=0)
            ),
            "xero_open_invoices": str(len(owed)),
            "xero_lifetime_paid": _text(sum(amount for _, amount in money)),
            "xero_balances_by_currency": self._by_currency(owed),
            "xero_currency": self._books.base_currency,
        }

    def _by_currency(self, owed: Sequence[Invoice]) -> str:
        """Return what is owed in each currency where there are several, the base currency first."""
        sums: dict[str, Decimal] = {}
        for one in owed:
            sums[one.currency] = sums.get(one.currency, Decimal(0)) + one.amount_due
        order = sorted(sums, key=lambda currency: (currency != self._books.base_currency, currency))
        return "; ".join(f"{sums[one]:,.2f} {one}" for one in order) if len(order) > 1 else ""

    def invoice(self, id_: str, deal: str) -> dict[str, str]:
        """Return what a deal shows of its invoice."""
        one = self._books.invoices.rows[id_]
        gone = one.status in ("VOIDED", "DELETED")
        paid_on = one.fully_paid_on
        return {
            "xero_invoice_id": one.id,
            "xero_invoice_number": one.number,
            "xero_invoice_status": self.word(one),
            "xero_amount_due": _text(Decimal(0) if gone else one.amount_due),
            "xero_amount_paid": _text(one.amount_paid),
            "xero_due_date": one.due_date.isoformat() if one.due_date else "",
            "xero_paid_date": paid_on.isoformat() if paid_on else "",
            "xero_sync_message": _gone(one, deal) if gone else "",
        }

    def word(self, one: Invoice) -> str:
        """Return the word for one invoice."""
        if one.status != "AUTHORISED":
            return one.status
        if one.amount_due == 0:
            return "PAID"
        if one.due_date and one.due_date < self.today:
            return "OVERDUE"
        return "PARTIALLY_PAID" if one.amount_paid or one.amount_credited else "AUTHORISED"

    def _paid_on(self, invoices: list[Invoice]) -> Iterator[tuple[date, Decimal]]:
        for one in invoices:
            if one.status not in ("VOIDED", "DELETED"):
                payments = [self._books.payments.rows[each] for each in one.payments]
                yield from ((paid.date, _base(paid.amount, one)) for paid in payments if paid.status == "AUTHORISED")


def _is_money(credit: Credit) -> bool:
    return credit.kind != "CreditNote" and credit.status in ("AUTHORISED", "PAID")


def _base(amount: Decimal, document: Document) -> Decimal:
    return (amount / document.rate).quantize(_CENT, ROUND_HALF_UP)


def _gone(one: Invoice, deal: str) -> str:
    return (
        f"Invoice {one.number} was {one.status.lower()} in Xero, and no other is made by itself."
        f" If the deal shall have a new one, run `ledgerloop retry --deal {deal} --new`; if somebody has typed one"
        f" there by hand, `ledgerloop adopt --deal {deal} --invoice` with its number."
    )


def _text(amount: Decimal | int) -> str:
    return f"{amount:.2f}"
