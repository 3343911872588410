"""Work out a document's money: line amounts, tax per line, totals. Pure.

Tax is worked out per line, rounded to 2 decimals and then summed; a unit amount has 2 decimals unless unitdp is 4.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ledgerloop_sandbox.xero.records import ZERO, LineItem

CENT = Decimal("0.01")
_PLACES = {2: CENT, 4: Decimal("0.0001")}
HUNDRED = Decimal(100)


def cents(amount: Decimal) -> Decimal:
    """Round to 2 decimals, halves away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def quantity_kept(quantity: Decimal) -> Decimal:
    """Round a quantity to the four decimals that Xero keeps; one with fewer stays as it was written."""
    kept = quantity.quantize(_PLACES[4], ROUND_HALF_UP)
    return quantity if kept == quantity else kept


def rate_kept(rate: Decimal) -> Decimal:
    """Round a discount rate to the two decimals that Xero keeps; one with fewer stays as it was written."""
    return rate if cents(rate) == rate else cents(rate)


def unit(amount: Decimal, unitdp: int) -> Decimal:
    """Round a unit amount to the decimals that the call works with."""
    return amount.quantize(_PLACES[unitdp], ROUND_HALF_UP)


def line_amount(
    quantity: Decimal, unit_amount: Decimal, discount_rate: Decimal | None, discount_amount: Decimal | None
) -> Decimal:
    """Return Quantity × UnitAmount less its discount."""
    gross = quantity * unit_amount
    if discount_rate is not None:
        return cents(gross * (HUNDRED - discount_rate) / HUNDRED)
    return cents(gross - (discount_amount or ZERO))


def tax_amount(amount: Decimal, rate: Decimal, line_amount_types: str) -> Decimal:
    """Return the tax of one line."""
    if line_amount_types == "Inclusive":
        return cents(amount * rate / (HUNDRED + rate))
    if line_amount_types == "Exclusive":
        return cents(amount * rate / HUNDRED)
    return ZERO


@dataclass(frozen=True, slots=True)
class Totals:
    """Be the sums of a document."""

    sub_total: Decimal
    total_tax: Decimal
    total: Decimal
    discount: Decimal | None


def totals(lines: Iterable[LineItem], line_amount_types: str) -> Totals:
    """Sum the lines."""
    lines = list(lines)
    amount = sum((line.line_amount for line in lines), ZERO)
    tax = sum((line.tax_amount for line in lines), ZERO)
    discounts = [
        _discount(line) for line in lines if line.discount_rate is not None or line.discount_amount is not None
    ]
    discount = sum(discounts, ZERO) if discounts else None
    if line_amount_types == "Inclusive":
        return Totals(amount - tax, tax, amount, discount)
    return Totals(amount, tax, amount + tax, discount)


def _discount(line: LineItem) -> Decimal:
    return cents((line.quantity or ZERO) * (line.unit_amount or ZERO)) - line.line_amount
