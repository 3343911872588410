"""Checklist of the HubSpot sandbox: what lines are billed by, and what HubSpot bills: invoices and subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

LINES = "/crm/objects/2026-09/line_items"


@pytest.mark.parametrize(
    ("ranges", "prices"),
    [
        ("10;20", "10;8;8"),
        (
            '[{"start":1,"end":10},{"start":11,"end":20},{"start":21}]',
            '[{"index":2,"price":8},{"index":0,"price":10},{"index":1,"price":8.0}]',
        ),
    ],
)
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
def test_tiered_prices_have_a_net_of_their_own(
    portal: Any, model: str | None, quantity: str, net: str, ranges: str, prices: str
) -> None:
    """With tiers `amount` is HubSpot's own and not price × quantity; the price stays what it is."""
    tiers = {"hs_tier_ranges": ranges, "hs_tier_prices": prices} if model else {}
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


BILLING = "/payments-subscriptions/2026-09-beta/subscriptions/crm"
SUBSCRIPTIONS = "/crm/objects/2026-09/subscriptions"


def test_subscriptions_stand_by_the_deal(portal: Any) -> None:
    """A subscription bills nothing until it is told to, which needs a line of its own; it is found from its deal."""
    portal.set(takes_payments=True)
    deal, line = portal.deal(), portal.create("line_items", name="Hosting", price="10", quantity="1")
    made = portal.create("subscriptions", hs_name="Hosting", hs_recurring_billing_frequency="monthly")
    portal.ok("PUT", f"/crm/objects/2026-09/subscriptions/{made}/associations/default/deals/{deal}")
    read = {"inputs": [{"id": deal}]}
    found = portal.ok("POST", "/crm/associations/2026-09/deals/subscriptions/batch/read", read)["results"][0]["to"]
    before = portal.values("subscriptions", made, "hs_status", "hs_invoice_creation")
    billable = {"properties": {"hs_invoice_creation": "on"}}
    too_early = portal.call("PATCH", f"{SUBSCRIPTIONS}/{made}", billable)
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 301}]
    portal.ok("PUT", f"{SUBSCRIPTIONS}/{made}/associations/line_items/{line}", types)
    portal.ok("PATCH", f"{SUBSCRIPTIONS}/{made}", billable)

    assert [(str(one["toObjectId"]), one["associationTypes"][0]["typeId"]) for one in found] == [(made, 300)]
    assert before["hs_status"] == "active"
    assert before["hs_invoice_creation"] == "off"
    assert too_early.status_code == 400
    assert portal.values("subscriptions", made, "hs_invoice_creation")["hs_invoice_creation"] == "on"
    taken = portal.call("PUT", f"/crm/objects/2026-09/line_items/{line}/associations/default/deals/{deal}")
    assert taken.status_code == 400


def test_subscriptions_need_an_account_that_takes_payments(portal: Any) -> None:
    """Without HubSpot payments or Stripe none is made."""
    assert portal.call("POST", SUBSCRIPTIONS, {"properties": {"hs_name": "x"}}).status_code == 400


def test_the_status_of_a_subscription_is_hubspots(portal: Any) -> None:
    """It follows the start date and what a person does; nobody writes it, and what has ended stays so."""
    portal.set(takes_payments=True)
    later = portal.create("subscriptions", hs_recurring_billing_start_date="2099-01-01")
    one = portal.create("subscriptions", hs_name="One")
    seen = [portal.values("subscriptions", made, "hs_status")["hs_status"] for made in (later, one)]
    for verb in ("pause", "unpause", "pause", "cancel"):
        assert portal.call("POST", f"{BILLING}/{one}/{verb}").status_code == 204
        seen.append(portal.values("subscriptions", one, "hs_status")["hs_status"])
    written = portal.call("PATCH", f"{SUBSCRIPTIONS}/{one}", {"properties": {"hs_status": "active"}})

    assert seen == ["scheduled", "active", "paused", "active", "paused", "canceled"]
    assert written.status_code == 400
    assert portal.call("POST", f"{BILLING}/{one}/unpause").status_code == 400
    assert portal.call("POST", f"{BILLING}/404/cancel").status_code == 404


def test_a_billable_subscription_is_deleted_once_it_has_ended(portal: Any) -> None:
    """One that bills stays, alone and in a batch, until it is canceled."""
    portal.set(takes_payments=True)
    line = portal.create("line_items", name="Hosting", price="10", quantity="1")
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 301}]
    body = {"properties": {"hs_invoice_creation": "on"}, "associations": [{"to": {"id": line}, "types": types}]}
    bills = portal.ok("POST", SUBSCRIPTIONS, body)["id"]
    free = portal.create("subscriptions", hs_name="Bills nothing")

    assert portal.call("DELETE", f"{SUBSCRIPTIONS}/{bills}").status_code == 400
    both = {"inputs": [{"id": free}, {"id": bills}]}
    assert portal.call("POST", f"{SUBSCRIPTIONS}/batch/archive", both).status_code == 400
    assert portal.call("DELETE", f"{SUBSCRIPTIONS}/{free}").status_code == 204
    assert portal.call("POST", f"{BILLING}/{bills}/cancel").status_code == 204
    assert portal.call("DELETE", f"{SUBSCRIPTIONS}/{bills}").status_code == 204
