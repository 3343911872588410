"""Compare what a deal says it comes to with what its invoice comes to, and close or tell the difference. Does no I/O.

Xero rounds every line to the cent and then adds; a deal may add first. The documented cure is a line to the account
that Xero keeps for rounding (Xero docs: rounding in Xero).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from ledgerloop.rules.books import Books
from ledgerloop.rules.lines import LIMIT, Line, cents
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import CENT, ZERO
from ledgerloop.xero.models import Invoice


def said_by_deal(values: Mapping[str, str | None], lines: Sequence[Line]) -> Decimal:
    """Return what the deal says: its amount, else its lines added up and then rounded."""
    try:
        amount = Decimal((values.get("amount") or "").strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount < LIMIT:
        amount = sum((line.exact for line in lines), ZERO)
    return amount.quantize(CENT, ROUND_HALF_UP)


def rounding_line(difference: Decimal, lines: int, terms: Terms, books: Books) -> dict[str, Any] | None:
    """Return the line that closes a difference, where the route wants one and rounding can have made it.

    More than a cent a line is no matter of rounding: somebody must look at it, so it is only told.
    """
    account = terms.rounding_account or books.rounding_account()
    if terms.rounding != "line" or not account or not 0 < abs(difference) <= CENT * lines:
        return None
    body: dict[str, Any] = {
        "Description": "Rounding",
        "Quantity": Decimal(1),
        "UnitAmount": difference,
        "AccountCode": account,
    }
    if terms.line_amount_types != "NoTax":
        body["TaxType"] = "NONE"
    return body


@dataclass(frozen=True, slots=True)
class Totals:
    """What Xero will make of an invoice: without tax, the tax, and with it."""

    net: Decimal
    tax: Decimal
    total: Decimal


def lines_come_to(body: Mapping[str, Any]) -> Decimal:
    """Return what an invoice's lines add up to, as Xero rounds them: with tax only where prices include it."""
    return sum((_amount(line) for line in body["LineItems"]), ZERO)


def totals_of(body: Mapping[str, Any], books: Books) -> Totals:
    """Work out an invoice's totals as Xero does: each line and its tax rounded to the cent, then added."""
    kind = body["LineAmountTypes"]
    amount = tax = ZERO
    for line in body["LineItems"]:
        of_line = _amount(line)
        rate = _rate(line, books)
        amount += of_line
        if kind == "Exclusive":
            tax += cents(of_line * rate / 100)
        elif kind == "Inclusive":
            tax += cents(of_line * rate / (100 + rate))
    return Totals(amount - tax, tax, amount) if kind == "Inclusive" else Totals(amount, tax, amount + tax)


def _amount(line: Mapping[str, Any]) -> Decimal:
    gross = line["Quantity"] * line["UnitAmount"]
    return cents(gross * (100 - line.get("DiscountRate", ZERO)) / 100 - line.get("DiscountAmount", ZERO))


def _rate(line: Mapping[str, Any], books: Books) -> Decimal:
    """Return the rate of a line's TaxType; without one its account's default counts."""
    account = books.account(line["AccountCode"])
    tax_type = line.get("TaxType") or (account.TaxType if account else "")
    return next((one.EffectiveRate for one in books.tax_rates or () if one.TaxType == tax_type), ZERO)


def comparable(invoice: Invoice) -> Decimal:
    """Return the sum of an invoice that a deal's amount stands for: with tax only where its prices include it."""
    return invoice.Total if invoice.LineAmountTypes == "Inclusive" else invoice.SubTotal


def difference_told(said: Decimal | None, invoice: Invoice) -> str:
    """Say that an invoice does not come to what its deal says; nothing where it does, to the cent."""
    if said is None or said == comparable(invoice):
        return ""
    tax = "with tax" if invoice.LineAmountTypes == "Inclusive" else "before tax"
    return (
        f"The deal says {said:.2f} {invoice.CurrencyCode}, and invoice {invoice.InvoiceNumber} comes to"
        f" {comparable(invoice):.2f} {tax}. Compare the two."
    )
