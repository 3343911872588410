"""Checklist of the HubSpot sandbox: what lines are billed by. Tiers, recurring fields, and HubSpot's own invoices."""

from __future__ import annotations

from typing import Any

import pytest

LINES = "/crm/objects/2026-09/line_items"


@pytest.mark.parametrize(
    ("model", "quantity", "net"),
    [
        ("graduated", "25", "220"),  # 10 at 10, 10 at 8, 5 at 8
        ("volume", "25", "200"),  # all 25 at the price of the third tier
        ("volume", "10", "100"),
        ("stairstep", "12", "8"),  # the price of the tier, whatever the quantity
        ("flat", "25", "250"),
        (None, "25", "250"),
    ],
)
def test_tiered_prices_have_a_net_of_their_own(portal: Any, model: str | None, quantity: str, net: str) -> None:
    """With tiers `amount` is HubSpot's own and not price × quantity; the price stays what it is."""
    tiers = {"hs_tier_ranges": "10;20", "hs_tier_prices": "10;8;8"} if model else {}
    more = {"hs_pricing_model": model} | tiers if model else {}
    id_ = portal.create("line_items", name="Seats", quantity=quantity, price="10", **more)
    shown = portal.values("line_items", id_, "amount", "price")

    assert (shown["amount"], shown["price"]) == (net, "10")


def test_tiers_with_a_discount(portal: Any) -> None:
    """A percentage comes off the tiered amount, and what was before it is shown."""
    tiers = {"hs_pricing_model": "graduated", "hs_tier_ranges": "10", "hs_tier_prices": "10;5"}
    id_ = portal.create("line_items", name="S", quantity="20", price="10", hs_discount_percentage="10", **tiers)
    shown = portal.values("line_items", id_, "amount", "hs_pre_discount_amount")

    assert (shown["amount"], shown["hs_pre_discount_amount"]) == ("135", "150")


def test_recurring_fields(portal: Any) -> None:
    """`amount` is one cycle; number of payments and end follow from term, frequency and start."""
    id_ = portal.create(
        "line_items",
        name="Plan",
        quantity="1",
        price="478.80",
        recurringbillingfrequency="monthly",
        hs_recurring_billing_period="P1Y",
        hs_recurring_billing_terms="FIXED",
        hs_billing_start_delay_type="hs_recurring_billing_start_date",
        hs_recurring_billing_start_date="2027-03-01",
    )
    names = ("amount", "hs_recurring_billing_number_of_payments", "hs_recurring_billing_end_date", "hs_term_in_months")

    assert tuple(portal.values("line_items", id_, *names)[name] for name in names) == (
        "478.8",
        "12",
        "2028-03-01",
        "12",
    )


@pytest.mark.parametrize(
    ("frequency", "term", "payments"),
    [
        ("weekly", "P21D", "3"),
        ("weekly", "P7D", "1"),
        ("quarterly", "P1Y6M", "6"),
        ("per_two_years", "P4Y", "2"),
        ("monthly", "", None),
    ],
)
def test_number_of_payments(portal: Any, frequency: str, term: str, payments: str | None) -> None:
    """Term by frequency; an empty term goes on until it is cancelled."""
    id_ = portal.create(
        "line_items",
        name="Plan",
        quantity="1",
        price="1",
        recurringbillingfrequency=frequency,
        hs_recurring_billing_period=term,
    )
    name = "hs_recurring_billing_number_of_payments"

    assert portal.values("line_items", id_, name)[name] == payments


@pytest.mark.parametrize(("frequency", "term"), [("weekly", "P12M"), ("biweekly", "P1Y"), ("monthly", "P21D")])
def test_a_term_that_contradicts_its_frequency_is_refused(portal: Any, frequency: str, term: str) -> None:
    """Weeks in months, or months in days, are 400; it is checked on updates too."""
    values = {"name": "x", "price": "1", "recurringbillingfrequency": frequency}
    refused = portal.call("POST", LINES, {"properties": values | {"hs_recurring_billing_period": term}})
    id_ = portal.create("line_items", **values)
    changed = portal.call("PATCH", f"{LINES}/{id_}", {"properties": {"hs_recurring_billing_period": term}})

    assert [one.status_code for one in (refused, changed)] == [400, 400]
    assert all("BILLING_PERIOD_TO_FREQUENCY_FORM_MISMATCH" in one.text for one in (refused, changed))


def test_hubspots_own_invoices_stand_by_the_deal(portal: Any) -> None:
    """An invoice that a data sync made says so, and is found from its deal."""
    deal = portal.deal()
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 175}]
    body = {
        "properties": {"hs_currency": "NZD", "hs_invoice_source": "data_sync"},
        "associations": [{"to": {"id": deal}, "types": types}],
    }
    invoice = portal.ok("POST", "/crm/objects/2026-09/invoices", body)["id"]
    read = {"inputs": [{"id": deal}]}
    found = portal.ok("POST", "/crm/associations/2026-09/deals/invoices/batch/read", read)["results"][0]["to"]

    assert [str(one["toObjectId"]) for one in found] == [invoice]
    assert [one["typeId"] for one in found[0]["associationTypes"]] == [176]
    assert portal.values("invoices", invoice, "hs_invoice_source")["hs_invoice_source"] == "data_sync"
