"""Make an invoice from a won deal, or say everything that stands in its way. Does no I/O.

Also what follows from it: the text that is kept and sent, and what the deal shows of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Hold, Organisation, Portal, Receivable
from ledgerloop.rules.days import day_from_property
from ledgerloop.rules.invoice_lines import LIMIT, cents, line_from_item, position_of
from ledgerloop.rules.invoice_markers import deal_url
from ledgerloop.rules.properties import DEAL_WORDS
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.remarks import told
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import GONE, ZERO, word_of
from ledgerloop.rules.templates import filled
from ledgerloop.rules.totals import rounding_line, said_by_deal

DEAL_PROPERTIES = (
    "dealname",
    "amount",
    "dealstage",
    "pipeline",
    "deal_currency_code",
    "closedate",
    "hs_is_closed_won",
    "hs_is_closed_lost",
    "hs_lastmodifieddate",
    "hubspot_owner_id",
    "hs_merged_object_ids",
)
LINE_PROPERTIES = (
    "name",
    "description",
    "quantity",
    "price",
    "amount",
    "discount",
    "hs_discount_percentage",
    "hs_total_discount",
    "hs_pricing_model",
    "hs_tier_ranges",
    "hs_tier_prices",
    "hs_tax_rate",
    "hs_tax_label",
    "hs_tax_rate_group_id",
    "recurringbillingfrequency",
    "hs_recurring_billing_period",
    "hs_recurring_billing_terms",
    "hs_recurring_billing_number_of_payments",
    "hs_billing_start_delay_type",
    "hs_recurring_billing_start_date",
    "hs_billing_start_delay_days",
    "hs_billing_start_delay_months",
    "hs_term_in_months",
    "hs_line_item_currency_code",
    "hs_sku",
    "hs_position_on_quote",
)

CLOSED = "closedate"
"""The day on which a deal was won, or is expected to be: no term of payment that somebody agreed on."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice as it would be made, without its customer: Xero's own words, ready to be sent."""

    body: Mapping[str, Any]
    expected: Decimal
    """What the lines add up to, in the deal's currency; without tax where amounts are exclusive."""
    said: Decimal = ZERO
    """What the deal says that they should add up to."""
    due_told: bool = False
    """Whether the deal itself says when it is due."""
    billed: str = ""
    """What of lines that recur is billed, and what is not; the deal says so."""


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
    books: Books | None = None,
) -> Draft | Hold:
    """Make the invoice of a won deal, or a hold with every reason at once.

    ``today`` is the day in the organisation's zone; it becomes the invoice's date, unless all its lines recur and their
    billing starts later. ``books`` hold what was read of the organisation's; what was not read is not checked.
    """
    books = books or Books(organisation.name)
    reasons: list[str] = []
    doubts: list[str] = []
    currency = currency_of(deal, portal)
    if currency != organisation.base_currency and not books.has_currency(currency):
        doubts.append(
            f"The deal is in {currency}, and {organisation.name}'s Xero has no such currency. Add it in Xero, or change"
            " the deal's currency."
        )
    if terms.status == "AUTHORISED" and not books.may_approve():
        doubts.append(_no_approving(books))
    items = sorted(lines, key=position_of) or _amount_alone(deal, terms, reasons)
    made = [line_from_item(item, place, currency, today, terms, books) for place, item in enumerate(items, 1)]
    day = max(today, min((line.recurring.start if line.recurring else today for line in made), default=today))
    locked = books.locked_until()
    if locked is not None and day <= locked:
        doubts.append(_locked(day, locked, books))
    due = _due(deal, terms, organisation.timezone, reasons)
    if due is not None and terms.due_date_property == CLOSED:
        due = max(due, day)  # due when the deal closes is due at once, also where the invoice is made late
    if due is not None and due < day:
        reasons.append(_past(due, terms.due_date_property, day, today))
    body = {
        "Type": "ACCREC",
        "Date": day.isoformat(),
        "DueDate": (due or day + timedelta(days=terms.due_days)).isoformat(),
        "LineAmountTypes": terms.line_amount_types,
        "Reference": filled(terms.reference, deal.id, deal.properties),
        "Url": deal_url(portal, deal.id),
        "CurrencyCode": currency,
        "Status": terms.status,
        **_look(deal, terms, books, doubts),
    }
    problems = [problem for line in made for problem in line.problems]
    if reasons or doubts or problems:
        return Hold((*doubts, *reasons, *problems), books=bool(doubts) or any(line.doubts for line in made))
    expected, said = sum((line.amount for line in made), ZERO), said_by_deal(deal.properties, made)
    closing = rounding_line(said - expected, len(made), terms, books)
    if closing and books.accounts is not None and books.account(closing["AccountCode"]) is None:
        return Hold((_no_rounding_account(closing["AccountCode"], books),), books=True)
    bodies = [line.body for line in made] + ([closing] if closing else [])
    billed = " ".join(filter(None, (line.billed for line in made)))
    return Draft({**body, "LineItems": bodies}, said if closing else expected, said, due is not None, billed)


def currency_of(deal: Record, portal: Portal) -> str:
    """Return the deal's currency; the portal's where the deal has none, which HubSpot allows where there is one."""
    return (deal.properties.get("deal_currency_code") or portal.currency).upper()


def _amount_alone(deal: Record, terms: Terms, reasons: list[str]) -> list[Record]:
    """Return one line with the deal's amount where its route says so; otherwise there is nothing to invoice."""
    amount = (deal.properties.get("amount") or "").strip()
    if terms.no_lines == "amount" and amount:
        price = _rounded(amount)
        return [Record(id="0", properties={"name": deal.properties.get("dealname"), "quantity": "1", "price": price})]
    if terms.no_lines == "amount":
        reasons.append("The deal has neither line items nor an amount. Add line items, or fill in the amount.")
    else:
        reasons.append("The deal has no line items, so there is nothing to invoice. Add at least one line item.")
    return []


def _rounded(amount: str) -> str:
    """Round a deal's amount to the cent; what is no amount stays as it is, for a sentence to name it."""
    try:
        number = Decimal(amount)
    except InvalidOperation:
        return amount
    fits = not number.is_finite() or abs(number) >= LIMIT or number == cents(number)
    return amount if fits else f"{cents(number):f}"


def _due(deal: Record, terms: Terms, zone: str, reasons: list[str]) -> date | None:
    """Read the day from the deal's property, as it is where the organisation is; None where the deal says none."""
    text = (deal.properties.get(terms.due_date_property) or "").strip() if terms.due_date_property else ""
    due = day_from_property(text, zone)
    if text and due is None:
        reasons.append(f"The deal has “{text}” as its `{terms.due_date_property}`, which is no date. Correct it.")
    return due


def _past(due: date, named: str, day: date, today: date) -> str:
    """Word that an invoice would be overdue from the start: Xero does not refuse it."""
    why = "when the billing of its lines begins" if day > today else "the day on which it is made"
    return (
        f"The invoice would be dated {day}, {why}, and due on {due} by the deal's `{named}`, before its own date."
        f" Correct the deal's `{named}`."
    )


def _no_approving(books: Books) -> str:
    """Word that Xero would refuse an approved invoice, before one is sent."""
    return (
        f"{books.name}'s Xero allows no approved invoice at present: its plan's invoices of this month are used up, or"
        " the person who connected it may not approve. Have the deal's route make drafts, or change that in Xero."
    )


def _locked(day: date, locked: date, books: Books) -> str:
    return (
        f"The invoice would be dated {day}, and {books.name}'s Xero is locked until {locked}. Move the lock date in"
        " Xero."
    )


def _no_rounding_account(code: str, books: Books) -> str:
    """Word that the rounding line would stand without an account: Xero quietly leaves out one that it does not have."""
    return (
        f"The rounding line belongs to account {code}, which {books.name}'s Xero does not have. Correct"
        " `rounding_account` of the deal's route, or activate the account in Xero."
    )


def _look(deal: Record, terms: Terms, books: Books, doubts: list[str]) -> dict[str, str]:
    """Choose number and branding theme, where the route does."""
    look: dict[str, str] = {}
    if terms.number:
        look["InvoiceNumber"] = filled(terms.number, deal.id, deal.properties)
    if terms.branding_theme and books.branding_themes is not None:
        theme = books.theme(terms.branding_theme)
        if theme is not None:
            look["BrandingThemeID"] = theme.BrandingThemeID
        else:
            doubts.append(
                f"The branding theme “{terms.branding_theme}” is not in {books.name}'s Xero. Correct `branding_theme`"
                " of the deal's route, or make the theme in Xero."
            )
    return look


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


def properties_from_invoice(
    invoice: Receivable,
    organisation: Organisation,
    today: date,
    *,
    note: str = "",
    online_url: str = "",
    deal: str = "ID",
) -> dict[str, str]:
    """Return what a deal shows of its invoice. Empty text clears a value: a made invoice clears the hold's message.

    Once the invoice is gone, that and the way to a new one is all there is to say of it.
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
        "xero_online_invoice_url": online_url,
        "xero_sync_message": gone_told(invoice, deal) if invoice.status in GONE else told(note, deal),
    }


def gone_told(invoice: Receivable, deal: str) -> str:
    """Say on the deal that its invoice is no more, and how to have a new one, or one that was typed by hand."""
    return (
        f"Invoice {invoice.number} was {invoice.status.lower()} in Xero, and no other is made by itself. If the deal"
        f" shall have a new one, run `ledgerloop retry --deal {deal} --new`; if somebody has typed one there by hand,"
        f" `ledgerloop adopt --deal {deal} --invoice` with its number."
    )


def invoice_url(organisation: Organisation, invoice: str) -> str:
    """Return the invoice's address in Xero; the short code takes the reader to the right organisation."""
    view = f"/AccountsReceivable/View.aspx?InvoiceID={invoice}"
    if not organisation.short_code:
        return f"https://go.xero.com{view}"
    return f"https://go.xero.com/organisationlogin/default.aspx?shortcode={organisation.short_code}&redirecturl={view}"
