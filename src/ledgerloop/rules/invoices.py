"""Make an invoice from a won deal, or say everything that stands in its way. Does no I/O.

Money is Decimal from HubSpot's text to Xero's number. Xero rounds each line's amount and tax to the cent and then adds
up (Xero docs: rounding in Xero), so the same is done here before anything is sent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Hold, Organisation, Portal, Receivable
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import CENT, word_of

DEAL_PROPERTIES = (
    "dealname",
    "amount",
    "dealstage",
    "pipeline",
    "deal_currency_code",
    "closedate",
    "hs_is_closed_won",
    "hs_lastmodifieddate",
)
LINE_PROPERTIES = (
    "name",
    "description",
    "quantity",
    "price",
    "amount",
    "discount",
    "hs_discount_percentage",
    "hs_line_item_currency_code",
    "hs_sku",
    "hs_position_on_quote",
)

MARKER = "HS-"


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice as it would be made, without its customer: Xero's own words, ready to be sent."""

    body: Mapping[str, Any]
    expected: Decimal
    """What the lines add up to by the deal, in the deal's currency; without tax where amounts are exclusive."""


def marker_of(deal: str) -> str:
    """Return the short mark that an invoice's Reference carries, by which it is found again."""
    return f"{MARKER}{deal}"


def marker_in(reference: str) -> str:
    """Return the mark in a Reference, which people may have added words to; empty where there is none."""
    return next((word for word in reference.split() if word.startswith(MARKER)), "")


def deal_url(portal: Portal, deal: str) -> str:
    """Return the deal's address in HubSpot; Xero shows it on the invoice as a link back."""
    return f"https://{portal.ui_domain}/contacts/{portal.id}/record/0-3/{deal}"


def is_won(deal: Record, won_stages: frozenset[str]) -> bool:
    """Tell whether a deal is won: HubSpot's own flag, else a stage with probability 1.0. Labels are not trusted."""
    flag = deal.properties.get("hs_is_closed_won")
    if flag is not None:
        return flag == "true"
    return (deal.properties.get("dealstage") or "") in won_stages


def invoice_from_deal(
    deal: Record,
    lines: Sequence[Record],
    terms: Terms,
    organisation: Organisation,
    portal: Portal,
    today: date,
) -> Draft | Hold:
    """Make the invoice of a won deal, or a hold with every reason at once.

    ``today`` is the day in the organisation's zone; it becomes the invoice's date.
    """
    reasons: list[str] = []
    currency = (deal.properties.get("deal_currency_code") or portal.currency).upper()
    if currency != organisation.base_currency:
        reasons.append(
            f"The deal is in {currency}, and {organisation.name} invoices in {organisation.base_currency}. Change the"
            " deal's currency."
        )
    if not lines:
        reasons.append("The deal has no line items, so there is nothing to invoice. Add at least one line item.")
    items: list[dict[str, Any]] = []
    expected = Decimal(0)
    for place, line in enumerate(sorted(lines, key=_position), start=1):
        item, amount, problems = _line_item(line, place, currency, terms)
        items.append(item)
        expected += amount
        reasons.extend(problems)
    if reasons:
        return Hold(tuple(reasons))
    return Draft(
        body={
            "Type": "ACCREC",
            "Date": today.isoformat(),
            "DueDate": (today + timedelta(days=terms.due_days)).isoformat(),
            "LineAmountTypes": terms.line_amount_types,
            "Reference": marker_of(deal.id),
            "Url": deal_url(portal, deal.id),
            "CurrencyCode": currency,
            "Status": terms.status,
            "LineItems": items,
        },
        expected=expected,
    )


def payload_of(draft: Draft, customer: str) -> str:
    """Return the invoice as the JSON text that is sent. Only the ContactID is named, so nobody's contact changes.

    Numbers are kept as text in the stored payload and written as JSON numbers when it is sent.
    """
    body = {**draft.body, "Contact": {"ContactID": customer}}
    return json.dumps(body, default=str, sort_keys=True, ensure_ascii=False)


def hash_of(payload: str) -> str:
    """Return the payload's hash: it tells a repeated decision from a changed one."""
    return hashlib.sha256(payload.encode()).hexdigest()


def body_of(payload: str) -> dict[str, Any]:
    """Return the request body of a stored payload, its numbers as Decimal."""
    body: dict[str, Any] = json.loads(payload)
    for item in body["LineItems"]:
        for name in ("Quantity", "UnitAmount", "DiscountRate", "DiscountAmount"):
            if name in item:
                item[name] = Decimal(item[name])
    return body


def properties_from_invoice(invoice: Receivable, organisation: Organisation, today: date) -> dict[str, str]:
    """Return what a deal shows of its invoice. Empty text clears a value: a made invoice clears the hold's message."""
    return {
        "xero_invoice_id": invoice.id,
        "xero_invoice_number": invoice.number,
        "xero_invoice_status": word_of(invoice, today),
        "xero_invoice_url": invoice_url(organisation, invoice.id),
        "xero_amount_due": f"{invoice.due:.2f}",
        "xero_amount_paid": f"{invoice.paid:.2f}",
        "xero_due_date": invoice.due_on.isoformat() if invoice.due_on else "",
        "xero_paid_date": invoice.paid_on.isoformat() if invoice.paid_on else "",
        "xero_sync_message": "",
    }


def invoice_url(organisation: Organisation, invoice: str) -> str:
    """Return the invoice's address in Xero; the short code takes the reader to the right organisation."""
    view = f"/AccountsReceivable/View.aspx?InvoiceID={invoice}"
    if not organisation.short_code:
        return f"https://go.xero.com{view}"
    return f"https://go.xero.com/organisationlogin/default.aspx?shortcode={organisation.short_code}&redirecturl={view}"


def _line_item(line: Record, place: int, currency: str, terms: Terms) -> tuple[dict[str, Any], Decimal, list[str]]:
    values = line.properties
    problems: list[str] = []
    name = (values.get("name") or "").strip()
    about = (values.get("description") or "").strip()
    label = f"Line {place}" + (f" (“{name}”)" if name else "")
    if not name and not about:
        problems.append(f"{label} has neither a name nor a description, and Xero wants one. Give it a name.")
    own_currency = (values.get("hs_line_item_currency_code") or currency).upper()
    if own_currency != currency:
        problems.append(f"{label} is in {own_currency}, and the deal is in {currency}. Make them the same.")
    quantity, price, rate, discount = (
        _number(values, field, label, what, default, problems)
        for field, what, default in (
            ("quantity", "quantity", Decimal(1)),
            ("price", "unit price", None),
            ("hs_discount_percentage", "discount percentage", Decimal(0)),
            ("discount", "discount", Decimal(0)),
        )
    )
    if price != price.quantize(Decimal("0.0001")):
        problems.append(f"{label} has a unit price with more than four decimals ({price}). Round it.")
    if not 0 <= rate <= 100:
        problems.append(f"{label} has a discount of {rate} %. It must lie between 0 and 100.")
    item: dict[str, Any] = {
        "Description": " – ".join(part for part in (name, about) if part),
        "Quantity": quantity,
        "UnitAmount": price,
        "AccountCode": terms.account_code,
    }
    if terms.tax_type:
        item["TaxType"] = terms.tax_type
    amount = quantity * price
    if rate:
        item["DiscountRate"] = rate
        amount = amount * (100 - rate) / 100
    elif discount:
        # HubSpot's discount is per unit, Xero's DiscountAmount is for the whole line.
        item["DiscountAmount"] = (discount * quantity).quantize(CENT, ROUND_HALF_UP)
        amount -= discount * quantity
    return item, amount.quantize(CENT, ROUND_HALF_UP), problems


def _number(
    values: Mapping[str, str | None], field: str, label: str, what: str, default: Decimal | None, problems: list[str]
) -> Decimal:
    text = (values.get(field) or "").strip()
    if not text:
        if default is None:
            problems.append(f"{label} has no {what}. Fill it in; 0 is allowed.")
        return default or Decimal(0)
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        problems.append(f"{label} has “{text}” as its {what}, which is not a number of zero or more. Correct it.")
        return Decimal(0)
    return number


def _position(line: Record) -> tuple[int, int]:
    place = line.properties.get("hs_position_on_quote") or ""
    return (int(place) if place.isdigit() else 1_000_000, int(line.id) if line.id.isdigit() else 0)
