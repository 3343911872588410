"""Properties that HubSpot calculates: won and closed deals, line item amounts, counts. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ledgerloop_sandbox.hubspot.billing import START_DATE, end_of, gross, number_of_payments, term_of
from ledgerloop_sandbox.hubspot.kinds import COMPANY, CONTACT, DEAL, INVOICE, LINE_ITEM, SUBSCRIPTION, Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.hubspot.values import number
from ledgerloop_sandbox.hubspot.wire import iso

CENT = Decimal("0.01")
_TERM = "hs_recurring_billing_period"


def refresh(portal: Portal, record: Record) -> None:
    """Calculate a record's properties anew after a write; calculated values fire no webhook."""
    calculate = _BY_KIND.get(record.kind)
    if calculate is not None:
        for name, value in calculate(portal, record).items():
            if value:
                record.properties[name] = value
            else:
                record.properties.pop(name, None)


def _deal(portal: Portal, deal: Record) -> dict[str, str]:
    values = deal.properties
    pipeline = portal.pipelines[DEAL].get(values.get("pipeline", ""))
    stage = pipeline.stages.get(values.get("dealstage", "")) if pipeline else None
    found: dict[str, str] = {}
    if stage is not None:
        won, lost = stage.probability == 1, stage.probability == 0
        found |= {
            "hs_is_closed_won": "true" if won else "false",
            "hs_is_closed_lost": "true" if lost else "false",
            "hs_is_closed": "true" if won or lost else "false",
            "hs_deal_stage_probability": stage.metadata.get("probability", ""),
        }
        entered = f"hs_v2_date_entered_{stage.id}"
        past = deal.past("dealstage")
        found[entered] = iso(past[0].at if past else deal.updated)
        if (won or lost) and not values.get("closedate"):
            found["closedate"] = iso(deal.updated)
    amount = number(values.get("amount", ""))
    rate = Decimal(portal.exchange_rates.get(values.get("deal_currency_code", portal.currencies[0]), "1"))
    found["hs_deal_amount_in_home_currency"] = "" if amount is None else _money(amount * rate)
    found["hs_exchange_rate"] = str(rate) if values.get("deal_currency_code") else ""
    return found


def _line_item(portal: Portal, line: Record) -> dict[str, str]:
    values = line.properties
    quantity = number(values.get("quantity", "")) or Decimal(0)
    price = number(values.get("price", "")) or Decimal(0)
    before = gross(values, quantity, price)
    frequency, term = values.get("recurringbillingfrequency", ""), term_of(values.get(_TERM, ""))
    payments = number_of_payments(frequency, term)
    starts = values.get(START_DATE, "") if values.get("hs_billing_start_delay_type") == START_DATE else ""
    discount = (number(values.get("discount", "")) or Decimal(0)) * quantity
    percentage = number(values.get("hs_discount_percentage", ""))
    if percentage and not discount:
        discount = before * percentage / 100
    amount = before - discount
    rates = {rate.id: rate for rate in portal.tax_rates}
    rate = rates.get(values.get("hs_tax_rate_group_id", ""))
    tax = number(values.get("tax", "")) or Decimal(0)
    if rate is not None:
        tax = (amount * rate.percentage / 100).quantize(CENT)
    known = "price" in values
    return {
        "amount": _money(amount) if known else "",
        "hs_pre_discount_amount": _money(before) if known else "",
        "hs_total_discount": _money(discount) if known else "",
        "hs_tax_rate": f"{rate.percentage:f}" if rate else "",
        "hs_tax_label": rate.label if rate else "",
        "hs_tax_amount": _money(tax) if known else "",
        "hs_post_tax_amount": _money(amount + tax) if known else "",
        "hs_term_in_months": str(term.months) if term else "",
        "hs_recurring_billing_number_of_payments": str(payments or ""),
        "hs_recurring_billing_end_date": end_of(starts, term),
    }


def _invoice(portal: Portal, invoice: Record) -> dict[str, str]:
    lines = portal.edges.of((INVOICE, invoice.id), LINE_ITEM)
    shelf = portal.shelves[LINE_ITEM].live
    amounts = [number(shelf[id_].properties.get("hs_post_tax_amount", "0")) for id_ in lines if id_ in shelf]
    billed = sum((amount for amount in amounts if amount is not None), Decimal(0))
    paid = number(invoice.properties.get("hs_amount_paid", "")) or Decimal(0)
    return {"hs_amount_billed": _money(billed), "hs_balance_due": _money(billed - paid)}


def _subscription(portal: Portal, subscription: Record) -> dict[str, str]:
    values = subscription.properties
    waits = values.get("hs_recurring_billing_start_date", "") > iso(portal.now())[:10]
    now = values.get("hs_status", "")
    return {"hs_status": now if now not in ("", "active", "scheduled") else "scheduled" if waits else "active"}


def _contact(portal: Portal, contact: Record) -> dict[str, str]:
    companies = portal.edges.of((CONTACT, contact.id), COMPANY)
    primary = next((id_ for id_, types in companies.items() if 1 in types), "")
    email = contact.properties.get("email", "")
    return {"associatedcompanyid": primary, "hs_email_domain": email.rpartition("@")[2]}


def _company(portal: Portal, company: Record) -> dict[str, str]:
    return {"num_associated_contacts": str(len(portal.edges.of((COMPANY, company.id), CONTACT)))}


def _money(amount: Decimal) -> str:
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_BY_KIND: dict[Kind, Callable[[Portal, Record], dict[str, str]]] = {
    DEAL: _deal,
    LINE_ITEM: _line_item,
    INVOICE: _invoice,
    SUBSCRIPTION: _subscription,
    CONTACT: _contact,
    COMPANY: _company,
}
