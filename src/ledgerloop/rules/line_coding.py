"""Code a line in the organisation's books: account, tax type, item and tracking, or say what does not fit. Does no I/O.

What the organisation's books do not know is never sent: Xero would refuse it, or, on a draft, quietly leave it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.routing import Terms


@dataclass(slots=True)
class Coding:
    """How a line is coded, in Xero's words, and what the organisation's books do not know."""

    body: dict[str, Any] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def coding_from_item(values: Mapping[str, str | None], label: str, terms: Terms, books: Books) -> Coding:
    """Choose account, tax type, item and tracking for a line item, with every doubt at once."""
    coded = Coding()
    code = _account_code(values, label, terms, books, coded)
    coded.body["AccountCode"] = code
    if tax_type := _tax_type(values, label, terms, books, code, coded):
        coded.body["TaxType"] = tax_type
    sku = _text(values, "hs_sku")
    if sku and books.item(sku):
        coded.body["ItemCode"] = sku
    if tracking := _tracking(values, label, terms, books, coded):
        coded.body["Tracking"] = tracking
    return coded


def percentage_of(text: str) -> Decimal | None:
    """Read a tax rate as HubSpot writes it; None where it is empty or no number."""
    try:
        rate = Decimal(text.strip().removesuffix("%").strip())
    except InvalidOperation:
        return None
    return rate if rate.is_finite() else None


def _account_code(values: Mapping[str, str | None], label: str, terms: Terms, books: Books, coded: Coding) -> str:
    chosen = _text(values, terms.account_property) if terms.account_property else ""
    code = dict(terms.accounts).get(chosen, chosen) or terms.account_code
    if books.accounts is not None and books.account(code) is None:
        if chosen:
            cure = f"Correct `{terms.account_property}` of the line item, or map it at `accounts` of its route."
        else:
            cure = "Correct `account_code` of its route, or activate the account in Xero."
        coded.doubts.append(f"{label} belongs to account {code}, which {books.name}'s Xero does not have. {cure}")
    return code


def _tax_type(
    values: Mapping[str, str | None], label: str, terms: Terms, books: Books, code: str, coded: Coding
) -> str:
    """Choose the TaxType: the one mapped for the line item's rate, else the one whose rate it is.

    Where several have the rate, the route's is meant if it is one of them, else the account's; else nobody can say.
    """
    text = _text(values, "hs_tax_rate")
    rate = percentage_of(text)
    if not text and _text(values, "hs_tax_rate_group_id") and terms.line_amount_types != "NoTax":
        coded.doubts.append(
            f"{label} has a tax rate of which HubSpot does not tell the percentage. Allow the token to read tax rates"
            " (scope tax_rates.read), or choose the rate again."
        )
        return ""
    if terms.line_amount_types == "NoTax" or books.tax_rates is None or not text:
        if terms.tax_type and books.tax_rates is not None and books.tax_type(terms.tax_type) is None:
            coded.doubts.append(
                f"{label} has the tax type {terms.tax_type}, which {books.name}'s Xero does not have for sales. Correct"
                " `tax_type` of its route."
            )
        return terms.tax_type
    shown = f"{rate.normalize():f} %" if rate is not None else f"“{text}”"
    mapped = _mapped(terms, rate, _text(values, "hs_tax_label"))
    if mapped:
        if books.tax_type(mapped) is None:
            coded.doubts.append(
                f"{label} has tax rate {shown}, which [tax] maps to {mapped}, and {books.name}'s Xero does not have"
                " that for sales. Correct [tax]."
            )
        return mapped
    fitting = books.tax_types_at(rate) if rate is not None else []
    account = books.account(code)
    for preferred in (terms.tax_type, account.TaxType if account else ""):
        if preferred in fitting:
            return preferred
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        coded.doubts.append(
            f"{label} has tax rate {shown}, for which {books.name}'s Xero has several tax types"
            f" ({', '.join(fitting)}). Choose one under [tax]."
        )
    else:
        coded.doubts.append(
            f"{label} has tax rate {shown}, which {books.name}'s Xero does not know. Add it in Xero, or map it under"
            " [tax]."
        )
    return ""


def _mapped(terms: Terms, rate: Decimal | None, label: str) -> str:
    for written, tax_type in terms.tax:
        if (label and written.strip() == label) or (rate is not None and percentage_of(written) == rate):
            return tax_type
    return ""


def _tracking(
    values: Mapping[str, str | None], label: str, terms: Terms, books: Books, coded: Coding
) -> list[dict[str, str]]:
    chosen = dict(terms.tracking)
    chosen |= {category: said for category, name in terms.tracking_properties if (said := _text(values, name))}
    for category, option in chosen.items():
        if books.tracking is not None and not books.has_option(category, option):
            coded.doubts.append(
                f"{label} is tracked as {category} = {option}, which {books.name}'s Xero does not have. Add it in"
                " Xero, or correct the tracking of its route."
            )
    return [{"Name": category, "Option": option} for category, option in chosen.items()]


def _text(values: Mapping[str, str | None], name: str) -> str:
    return (values.get(name) or "").strip()
