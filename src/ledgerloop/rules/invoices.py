"""Make an invoice from a won deal, or say everything that stands in its way. Does no I/O.

Also what follows from it: the marks by which the invoice is found again, the text that is kept and sent, and what the
deal shows of it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Hold, Organisation, Portal, Receivable
from ledgerloop.rules.lines import line_from_item, position_of
from ledgerloop.rules.properties import DEAL_WORDS
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import GONE, ZERO, word_of

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
    """What the lines add up to, in the deal's currency; without tax where amounts are exclusive."""


def marker_of(deal: str) -> str:
    """Return the short mark that an invoice's Reference carries, by which it is found again."""
    return f"{MARKER}{deal}"


def marker_in(reference: str) -> str:
    """Return the mark in a Reference, which people may have added words to; empty where there is none."""
    found = re.search(rf"\b{MARKER}[0-9]+\b", reference)
    return found[0] if found else ""


def deal_url(portal: Portal, deal: str) -> str:
    """Return the deal's address in HubSpot; Xero shows it on the invoice as a link back."""
    return f"https://{portal.ui_domain}/contacts/{portal.id}/record/0-3/{deal}"


def is_won(deal: Record, won_stages: frozenset[str]) -> bool:
    """Tell whether a deal is won: HubSpot's own flag, else a stage with probability 1.0. Labels are not trusted."""
    flag = deal.properties.get("hs_is_closed_won")
    if flag:
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
    made = [
        line_from_item(item, place, currency, terms) for place, item in enumerate(sorted(lines, key=position_of), 1)
    ]
    reasons += [problem for line in made for problem in line.problems]
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
            "LineItems": [line.body for line in made],
        },
        expected=sum((line.amount for line in made), ZERO),
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
    """Return what a deal shows of its invoice. Empty text clears a value: a made invoice clears the hold's message.

    HubSpot refuses a status it has no option for, so a word that Xero has added since is not shown.
    """
    word = word_of(invoice, today)
    return {
        "xero_invoice_id": invoice.id,
        "xero_invoice_number": invoice.number,
        "xero_invoice_status": word if word in DEAL_WORDS else "",
        "xero_invoice_url": invoice_url(organisation, invoice.id),
        "xero_amount_due": f"{ZERO if invoice.status in GONE else invoice.due:.2f}",
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
