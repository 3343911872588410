"""Compare an invoice with what its deal says it comes to and with what was sent, and close or tell it. Does no I/O.

Xero rounds every line to the cent and then adds; a deal may add first. The documented cure is a line to the account
that Xero keeps for rounding (Xero docs: rounding in Xero).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from ledgerloop.records import Intent
from ledgerloop.rules.invoice_lines import LIMIT, Line, cents
from ledgerloop.rules.recurring import is_contract_value
from ledgerloop.rules.reference_data import Books, Kind
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import CENT, ZERO
from ledgerloop.xero.models import Invoice


def said_by_deal(values: Mapping[str, str | None], lines: Sequence[Line]) -> Decimal:
    """Return what the deal says: its amount, else its lines added up and then rounded.

    Where lines recur the amount may be what they come to over time; the invoice has one period of them.
    """
    try:
        amount = Decimal((values.get("amount") or "").strip())
    except InvalidOperation:
        amount = Decimal("NaN")
    known = amount.is_finite() and 0 <= amount < LIMIT
    if not known or is_contract_value(amount, [(line.exact, line.recurring) for line in lines]):
        amount = sum((line.exact for line in lines), ZERO)
    return amount.quantize(CENT, ROUND_HALF_UP)


def amount_of(values: Mapping[str, str | None]) -> Decimal | None:
    """Return the amount that a deal says, to the cent; None where it says none, or none that can be true."""
    try:
        amount = Decimal((values.get("amount") or "").strip())
    except InvalidOperation:
        return None
    return cents(amount) if amount.is_finite() and abs(amount) < LIMIT else None


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


@dataclass(frozen=True, slots=True)
class Said:
    """What a deal says that its invoice comes to. What people make of the invoice in Xero changes nothing of it."""

    amount: Decimal
    currency: str
    line_amount_types: str
    """How tax is meant, in Xero's word: what is Exclusive stands for the sum before tax."""


def said_of(intent: Intent) -> Said | None:
    """Return what an intent's deal says; None where that is not known.

    Earlier releases did not keep in which currency and with which tax: then it is as the invoice was sent.
    """
    if intent.said is None:
        return None
    sent = json.loads(intent.payload)
    currency = intent.said_currency or sent.get("CurrencyCode", "")
    return Said(intent.said, currency, intent.said_tax or sent.get("LineAmountTypes", ""))


def differences_told(
    said: Said | None, invoice: Invoice, sent: Mapping[str, Any] | None, books: Books
) -> tuple[str, ...]:
    """Say in what an invoice is not what its deal says, to the cent, or not what was sent; nothing where it is.

    ``sent`` is None where somebody has changed the invoice since: what was sent counts no more. One that is credited in
    full bills nothing any more, so there is nothing to compare.
    """
    if 0 < invoice.Total <= credited(invoice):
        return ()
    told = [_sum_told(said, invoice), *(_left_out(sent, invoice, books) if sent else ())]
    return tuple(filter(None, told))


def agrees_by_credit(said: Said | None, invoice: Invoice) -> bool:
    """Tell whether an invoice comes to what its deal says once its credit notes are taken off, and not without them.

    Xero tells their sum with tax alone. What of it is tax is as for the invoice's lines: where these have several
    rates, it may lie anywhere between.
    """
    credit = credited(invoice)
    if said is None or not credit or invoice.CurrencyCode not in ("", said.currency):
        return False
    before = _before_tax(said, invoice)
    off = (invoice.SubTotal if before else invoice.Total) - said.amount
    if not before or credit == invoice.Total:
        return 0 < off == (invoice.SubTotal if before else credit)
    nets = [credit * share for share in _shares_before_tax(invoice)]
    return off > 0 and min(nets) - CENT <= off <= max(nets) + CENT


def credited(invoice: Invoice) -> Decimal:
    """Return what credit notes took off an invoice, with tax. Prepayments and overpayments are payments."""
    return sum((one.AppliedAmount for one in invoice.CreditNotes), ZERO)


def _shares_before_tax(invoice: Invoice) -> list[Decimal]:
    """Return which share of each line's total is no tax."""
    inclusive = invoice.LineAmountTypes == "Inclusive"
    sums = [(one.LineAmount, one.TaxAmount) for one in invoice.LineItems] or [(invoice.SubTotal, invoice.TotalTax)]
    shares = [
        (amount - tax) / amount if inclusive else amount / (amount + tax)
        for amount, tax in sums
        if amount and amount + tax
    ]
    return shares or [Decimal(1)]


def _before_tax(said: Said, invoice: Invoice) -> bool:
    """Tell which of an invoice's sums a deal's stands for.

    A deal without tax says what is to be paid, so tax that somebody added is a difference.
    """
    return said.line_amount_types == "Exclusive" or not (invoice.TotalTax or said.line_amount_types == "Inclusive")


def _sum_told(said: Said | None, invoice: Invoice) -> str:
    if said is None:
        return ""
    before = _before_tax(said, invoice)
    total = invoice.SubTotal if before else invoice.Total
    same = invoice.CurrencyCode in ("", said.currency)
    if (total == said.amount and same) or agrees_by_credit(said, invoice):
        return ""
    comes_to = f"{total:.2f}" if same else f"{total:.2f} {invoice.CurrencyCode}"
    tax = "before tax" if before else "with tax"
    if credit := credited(invoice):
        tax += f", less {credit:.2f}{' with tax' if invoice.TotalTax else ''} by credit notes"
    return (
        f"The deal says {said.amount:.2f} {said.currency}, and invoice {invoice.InvoiceNumber} comes to"
        f" {comes_to} {tax}. Compare the two."
    )


_CODED: Mapping[str, tuple[str, Kind]] = {"AccountCode": ("account", "accounts"), "TaxType": ("tax type", "tax_rates")}
"""What a line is coded by: what people call it, and in which of the books it stands."""


def books_passed_over(sent: Mapping[str, Any], invoice: Invoice) -> set[Kind]:
    """Return the kinds of books that are old: what Xero left out of an invoice was taken from them."""
    return {_CODED[name][1] for name, _, stands in _not_taken_over(sent, invoice) if not stands}


def _not_taken_over(sent: Mapping[str, Any], invoice: Invoice) -> dict[tuple[str, str, str], list[str]]:
    """Return the places of the lines by what was sent and does not stand there: its name, what was sent, what stands.

    Only what was sent is asked for; without tax every line has Xero's own word for that.
    """
    names = ("AccountCode", "TaxType") if sent["LineAmountTypes"] != "NoTax" else ("AccountCode",)
    other: dict[tuple[str, str, str], list[str]] = {}
    if len(sent["LineItems"]) == len(invoice.LineItems):
        for place, (line, made) in enumerate(zip(sent["LineItems"], invoice.LineItems, strict=True), 1):
            for name in names:
                wanted, stands = line.get(name, ""), str(getattr(made, name))
                # Xero keeps neither of a line that comes to nothing.
                if wanted and wanted != stands and (stands or made.LineAmount or _amount(line)):
                    other.setdefault((name, wanted, stands), []).append(str(place))
    return other


def _left_out(sent: Mapping[str, Any], invoice: Invoice, books: Books) -> Iterator[str]:
    """Say which accounts, tax types and tax Xero did not take over: a draft lacks what it has not, without a word."""
    for (name, wanted, stands), places in _not_taken_over(sent, invoice).items():
        lines = f"line{'s' if len(places) > 1 else ''} {', '.join(places)}"
        yield (
            f"Invoice {invoice.InvoiceNumber} was sent with {_CODED[name][0]} {wanted} in {lines}, and Xero has"
            f" {stands or 'none'} there. Put it right in Xero."
        )
    tax = _tax_sent(sent, books)
    # Xero may round the tax of the whole where we round that of each line.
    if tax is not None and abs(tax - invoice.TotalTax) > CENT * len(sent["LineItems"]):
        yield (
            f"The tax of invoice {invoice.InvoiceNumber} should be {tax:.2f} {invoice.CurrencyCode}, and Xero has"
            f" {invoice.TotalTax:.2f}. Compare its tax rates."
        )


def _tax_sent(sent: Mapping[str, Any], books: Books) -> Decimal | None:
    """Return the tax of an invoice whose every line was sent with a tax type that we know; else nobody can say."""
    known = {one.TaxType for one in books.tax_rates or ()}
    if sent["LineAmountTypes"] == "NoTax" or not all(line.get("TaxType") in known for line in sent["LineItems"]):
        return None
    return totals_of(sent, books).tax
