"""What a deal says is what Xero gets: a deal's figures on one side, the invoice's on the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from scene import OBJECTS, Scene
from test_invoices_edits import _edit_line, _until_told

from ledgerloop.store import journal

NO_SCOPE = {
    "status": "error",
    "category": "MISSING_SCOPES",
    "message": "This app hasn't been granted all required scopes to make this call.",
    "errors": [
        {"message": "One or more of the following scopes are required.", "context": {"requiredGranularScopes": []}}
    ],
}


def made(scene: Scene, deal: str) -> dict[str, Any]:
    """Return the one invoice of a deal, once the deal shows it."""
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    [invoice] = scene.invoices_of(deal)
    return invoice


def _day(invoice: dict[str, Any], name: str) -> date:
    return date.fromisoformat(invoice[f"{name}String"][:10])


def _terms(scene: Scene, customer: str, terms: dict[str, Any]) -> None:
    body = {"ContactID": customer, "PaymentTerms": terms}
    scene.on.in_xero("POST", f"/Contacts/{customer}", {"Contacts": [body]})


def _company_of(scene: Scene, deal: str) -> str:
    query = {"properties": "dealname", "associations": "companies"}
    tied: dict[str, Any] = scene.on.at_hubspot("GET", f"{OBJECTS}/deals/{deal}", query=query)["associations"]
    return str(tied["companies"]["results"][0]["id"])


def test_decimals_that_xero_does_not_keep(scene: Scene) -> None:
    """A percentage, a quantity and a price with more decimals than Xero keeps come to what HubSpot says of them."""
    deal = scene.sell(
        [
            {"name": "Licence", "quantity": "1", "price": "100000", "hs_discount_percentage": "12.3456"},
            {"name": "Hours", "quantity": "2.33333", "price": "90"},
            {"name": "Bolts", "quantity": "1000", "price": "0.00125"},
        ]
    )

    invoice = made(scene, deal)

    assert [(one["Description"], one["LineAmount"]) for one in invoice["LineItems"]] == [
        ("Licence", 87654.4),
        ("Hours – 2.33333 × 90", 210.0),
        ("Bolts – 1000 × 0.00125", 1.25),
    ]


def test_what_recurs_is_held_until_the_route_bills_its_first_period(staged: Callable[..., Scene]) -> None:
    """By default a person is asked."""
    scene = staged()
    deal = scene.sell([{"name": "Seats", "quantity": "12", "price": "39.90", "recurringbillingfrequency": "monthly"}])

    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)

    assert "Line 1 (“Seats”) is billed monthly, and an invoice is made only once." in shown["xero_sync_message"]
    assert [] == scene.invoices_of(deal)


def test_the_deal_says_what_of_a_recurring_line_is_not_billed(staged: Callable[..., Scene]) -> None:
    """The first period is invoiced, the deal's amount may be the whole contract, and an edit changes what is said."""
    scene = staged({"route": {"recurring": "first"}})
    terms = {"recurringbillingfrequency": "monthly", "hs_recurring_billing_period": "P12M"}
    deal = scene.sell([{"name": "Seats", "quantity": "12", "price": "39.90", **terms}], amount="5745.60")

    invoice = made(scene, deal)

    assert invoice["SubTotal"] == 478.8
    message = str(scene.show("deals", deal)["xero_sync_message"])
    assert "has 1 of 12, 478.80 NZD for" in message
    assert message.endswith("The next 11, 478.80 each, are not billed by this service.")
    assert "Compare the two" not in message

    _edit_line(scene, deal, "Seats", quantity="10")

    def followed() -> bool | None:
        [now] = scene.invoices_of(deal)
        said = str(scene.show("deals", deal)["xero_sync_message"])
        return (now["SubTotal"] == 399.0 and "The next 11, 399.00 each" in said) or None

    scene.on.until("the draft and what is said follow", followed, 20)


@pytest.mark.parametrize("lost", [False, True], ids=["approved", "lost"])
def test_what_is_not_billed_is_told_as_the_deal_says_now(staged: Callable[..., Scene], lost: bool) -> None:
    """Where the invoice stays, a shorter term is told with its own figures, and a line that no longer recurs is not."""
    scene = staged({"route": {"recurring": "first", "status": "AUTHORISED"}})
    terms = {"recurringbillingfrequency": "monthly", "hs_recurring_billing_period": "P12M"}
    deal = scene.sell([{"name": "Seats", "quantity": "12", "price": "39.90", **terms}])
    made(scene, deal)
    if lost:
        scene.on.at_hubspot("PATCH", f"{OBJECTS}/deals/{deal}", {"properties": {"dealstage": "closedlost"}})

    _edit_line(scene, deal, "Seats", hs_recurring_billing_period="P6M", price="50")

    message = _until_told(scene, deal, "The next 5, 600.00 each, are not billed by this service.")
    assert "by the deal as it is now: 1 of 6 is 600.00 NZD for" in message
    assert "11" not in message.partition("Line 1")[2]

    _edit_line(scene, deal, "Seats", recurringbillingfrequency="", hs_recurring_billing_period="")

    def told_no_longer() -> bool | None:
        return "not billed by this service" not in str(scene.show("deals", deal)["xero_sync_message"]) or None

    scene.on.until("nothing recurs any more", told_no_longer, 20)
    assert scene.invoices_of(deal)[0]["SubTotal"] == 478.8


def test_due_dates_by_the_customers_own_terms(staged: Callable[..., Scene]) -> None:
    """The customer's payment terms in Xero count, without any the route's days, and terms that are past ask a person.

    An edit of the deal does not move the due date.
    """
    scene = staged({"route": {"due_terms": "xero", "due_days": 3}})
    plain = scene.sell()
    first = made(scene, plain)
    assert (_day(first, "DueDate") - _day(first, "Date")).days == 3
    customer = first["Contact"]["ContactID"]
    _terms(scene, customer, {"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}})
    company = _company_of(scene, plain)

    deal = scene.sell(company=company)

    invoice = made(scene, deal)
    assert (_day(invoice, "DueDate").day, _day(invoice, "DueDate").month) == (20, _day(invoice, "Date").month % 12 + 1)
    _edit_line(scene, deal, "Seats", quantity="10")
    scene.on.until("the draft follows", lambda: scene.invoices_of(deal)[0]["SubTotal"] == 399.0 or None, 20)
    assert _day(scene.invoices_of(deal)[0], "DueDate") == _day(invoice, "DueDate")


def test_a_deal_that_hubspot_bills_itself_is_held(scene: Scene) -> None:
    """An invoice that HubSpot made for the deal holds it until it is void; one call asks for all deals of a turn."""
    deal = scene.sell(won=False)
    own = scene.make("invoices", hs_currency="NZD")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/deals/{deal}/associations/default/invoices/{own}")
    scene.settle()
    scene.forget_calls()

    scene.win(deal)

    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert f"HubSpot has invoice {own} (draft) of its own for this deal" in shown["xero_sync_message"]
    assert [] == scene.invoices_of(deal)
    scene.edit("invoices", own, hs_invoice_status="voided")
    scene.edit("deals", deal, amount="478.80")
    made(scene, deal)


def test_a_deal_that_hubspot_bills_by_a_subscription_is_held(scene: Scene) -> None:
    """A subscription that bills the deal holds it until a person cancels it; one that makes no invoices does not."""
    scene.configure("hubspot", takes_payments=True)
    deal = scene.sell(won=False)
    own = scene.make("subscriptions", hs_name="Seats", hs_recurring_billing_frequency="monthly")
    line = scene.make("line_items", name="Seats", quantity="1", price="39.90")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/subscriptions/{own}/associations/default/deals/{deal}")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/subscriptions/{own}/associations/default/line_items/{line}")
    scene.edit("subscriptions", own, hs_invoice_creation="on")
    idle = scene.sell(won=False)
    off = scene.make("subscriptions", hs_name="Billed elsewhere")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/subscriptions/{off}/associations/default/deals/{idle}")
    scene.settle()

    scene.win(deal)
    scene.win(idle)

    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert f"HubSpot bills this deal by its subscription {own}" in shown["xero_sync_message"]
    made(scene, idle)
    assert [] == scene.invoices_of(deal)
    scene.on.at_hubspot("POST", f"/payments-subscriptions/2026-09-beta/subscriptions/crm/{own}/cancel")
    scene.edit("deals", deal, amount="478.80")
    made(scene, deal)


def test_without_the_scope_deals_are_invoiced_and_it_is_said_once(scene: Scene) -> None:
    """What HubSpot does not let us see holds nothing up; the journal says it once."""
    scene.fault("hubspot", kind="status", status=403, body=NO_SCOPE, method="POST", path="/deals/invoices/batch/read$")

    for _ in range(2):
        made(scene, scene.sell())
        scene.settle()

    with scene.built.database.reading() as tx:
        said = [one.reason for one in journal.recent(tx, 20, "portal 62515") if "own invoices" in one.reason]
    assert said == [
        "HubSpot's own invoices of deals cannot be seen, so a deal that HubSpot bills too is invoiced."
        " Allow the token crm.objects.invoices.read to have it looked at."
    ]
    assert 1 == len(scene.calls("hubspot", "deals/invoices/batch/read"))


def test_a_number_that_is_taken_is_said_with_its_route(staged: Callable[..., Scene]) -> None:
    """The deal says which number is taken, and where the settings make it."""
    scene = staged({"routes": [{"currency": "USD"}, {"number": "PO-{dealtype}"}]})
    made(scene, scene.sell(dealtype="newbusiness"))

    deal = scene.sell(dealtype="newbusiness")

    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert (
        "Xero would not make the invoice: another invoice in Xero has the number PO-newbusiness already, a deleted or"
        " voided one included. Correct `number` under [[routes]] 2," in shown["xero_sync_message"]
    )


def test_a_locked_date_is_known_before_an_approved_invoice_is_sent(staged: Callable[..., Scene]) -> None:
    """Nothing is sent that Xero would refuse for its date, and the deal goes on once the date is unlocked."""
    scene = staged({"route": {"status": "AUTHORISED"}})
    lock = f"{scene.on.xero_url}/_sandbox/organisations/{scene.on.organisation}"
    assert scene.on.control.post(lock, json={"PeriodLockDate": "2099-12-31"}).status_code == 200

    deal = scene.sell()

    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert "Kiwi Demo Ltd's Xero is locked until 2099-12-31." in shown["xero_sync_message"]
    assert [] == scene.calls("xero", "/Invoices", "PUT")
    scene.on.control.post(lock, json={"PeriodLockDate": None})
    scene.edit("deals", deal, amount="478.80")
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=150)  # books are read anew once a minute at most
    made(scene, deal)


def test_what_xero_tidies_does_not_stop_a_draft_from_following(scene: Scene) -> None:
    """A line of 0.00, a letter that Xero does not keep and a text that it cuts are nobody's edit."""
    deal = scene.sell(
        [
            {"name": "Seats 🚀", "quantity": "12", "price": "39.90"},
            {"name": "Welcome", "quantity": "1", "price": "0"},
            {"name": "Terms", "description": "x" * 5000, "quantity": "1", "price": "10"},
        ]
    )
    invoice = made(scene, deal)
    scene.settle()
    assert not scene.show("deals", deal)["xero_sync_message"]
    assert [len(one["Description"]) < 4001 and "🚀" not in one["Description"] for one in invoice["LineItems"]] == [
        True
    ] * 3
    assert "AccountCode" not in invoice["LineItems"][1]

    _edit_line(scene, deal, "Seats 🚀", quantity="10")

    scene.on.until("the draft follows", lambda: scene.invoices_of(deal)[0]["SubTotal"] == 409.0 or None, 30)
    assert not scene.show("deals", deal)["xero_sync_message"]


@pytest.mark.parametrize(
    ("ranges", "prices"),
    [
        ("10", "20;10"),
        ('[{"start":1,"end":10},{"start":11}]', '[{"index":0,"price":20},{"index":1,"price":10}]'),
    ],
)
def test_tiered_prices_come_to_hubspots_net(scene: Scene, ranges: str, prices: str) -> None:
    """What HubSpot works out of a line's tiers is what Xero gets, with the tiers in words, however they are written."""
    tiers = {"hs_pricing_model": "graduated", "hs_tier_ranges": ranges, "hs_tier_prices": prices}
    deal = scene.sell([{"name": "Seats", "quantity": "12", "price": "20", **tiers}])

    [line] = made(scene, deal)["LineItems"]

    assert line["Description"] == "Seats – 12 at graduated prices: 1 to 10 at 20, from 11 at 10"
    assert (line["Quantity"], line["LineAmount"]) == (1, 220.0)
