"""Routes and lines: which organisation, which terms, and how lines stand in the organisation's books."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from scene import LINE, Scene
from sqlalchemy import update

from ledgerloop.engine import retries
from ledgerloop.ledger.reference_data import books_of
from ledgerloop.parts import equip, instead
from ledgerloop.store import connections, journal, lanes, reference_data
from ledgerloop.store.tables import book

ROUTES = [
    {
        "currency": "USD",
        "account_code": "260",
        "due_days": 0,
        "reference": "{marker} {dealname}",
        "branding_theme": "Special Projects",
        "tracking": {"Region": "Overseas"},
    },
    {"country": "new zealand", "status": "SUBMITTED", "number": "NZ{deal}", "no_lines": "amount"},
]


def test_the_first_route_whose_conditions_a_deal_meets_counts(staged: Callable[..., Scene]) -> None:
    """Currency, country and terms: each deal is invoiced as its route says, and one without a route is held."""
    scene = staged({"routes": ROUTES})
    far = scene.sell(deal_currency_code="USD", dealname="Far HS-1 away")
    here = scene.make("companies", name="Here Ltd", country="New Zealand")
    near = scene.sell(lines=[], company=here, deal_currency_code="NZD", amount="99.90", dealname="Lump sum")
    nowhere = scene.sell(deal_currency_code="NZD")

    shown = scene.until_shown("deals", nowhere, "xero_sync_message")
    assert "No route fits this deal" in str(shown["xero_sync_message"])
    scene.until_shown("deals", far, "xero_invoice_id")
    made = scene.invoices_of(far)[0]
    assert ("USD", f"HS-{far} Far HS 1 away") == (made["CurrencyCode"], made["Reference"])
    assert made["DateString"] == made["DueDateString"]
    assert {"260"} == {line["AccountCode"] for line in made["LineItems"]}
    assert [["Overseas"]] == [[one["Option"] for one in line["Tracking"]] for line in made["LineItems"]]
    assert made["BrandingThemeID"]
    scene.until_shown("deals", near, "xero_invoice_id")
    lump = scene.invoices_of(near)[0]
    assert ("SUBMITTED", f"NZ{near}", 99.9) == (lump["Status"], lump["InvoiceNumber"], lump["SubTotal"])
    assert ["Lump sum"] == [line["Description"] for line in lump["LineItems"]]


def test_lines_stand_in_the_books_as_the_deal_says(staged: Callable[..., Scene]) -> None:
    """Tax rate, item, discounts and recurring terms of each line reach Xero; what it does not know holds the deal."""
    scene = staged({"route": {"recurring": "first"}})
    deal = scene.sell(
        [
            {"name": "Beans", "quantity": "3", "price": "31.5049", "hs_tax_rate_group_id": "1", "hs_sku": "SUPPORT"},
            {
                "name": "Seats",
                "quantity": "2",
                "price": "10",
                "discount": "0.335",
                "recurringbillingfrequency": "monthly",
                "hs_recurring_billing_period": "P12M",
                "hs_sku": "NOT-IN-XERO",
            },
        ]
    )
    wrong = scene.sell([{"name": "Bolt", "quantity": "1", "price": "1", "hs_tax_rate_group_id": "3"}])

    scene.until_shown("deals", deal, "xero_invoice_id")
    first, second = scene.invoices_of(deal)[0]["LineItems"]
    assert ("OUTPUT2", "SUPPORT", 94.51) == (first["TaxType"], first["ItemCode"], first["LineAmount"])
    assert second["Description"].startswith("Seats – billed monthly for 12 months – 1 of 12, ")
    assert second["LineAmount"] == 19.33
    assert "The next 11, 19.33 each, are not billed by this service." in str(_message(scene, deal))
    assert "ItemCode" not in second
    shown = scene.until_shown("deals", wrong, "xero_sync_message")
    assert (
        "Line 1 (“Bolt”) has tax rate 12.5 %, which Kiwi Demo Ltd's Xero does not know."
        " Add it in Xero, or map it under [tax]." == shown["xero_sync_message"]
    )


def test_an_account_that_xero_left_out_is_told(staged: Callable[..., Scene]) -> None:
    """An account that was archived since the books were read is told on the deal, until somebody puts it right.

    It is learnt from one draft: the next deal is not sent without its account too.
    """
    scene = staged({"route": {"account_code": "201"}})
    _once_had(scene, "201")

    deal = scene.sell()

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    invoice = scene.invoices_of(deal)[0]
    assert "AccountCode" not in invoice["LineItems"][0]
    told = f"Invoice {invoice['InvoiceNumber']} was sent with account 201 in line 1, and Xero has none there."
    right = f"Or run `ledgerloop retry --deal {deal}` if it is right as it stands."
    assert f"{told} Put it right in Xero. {right}" == shown["xero_sync_message"]
    with scene.built.database.reading() as tx:
        created = [one for one in journal.recent(tx, 10, f"deal {deal}") if one.decision == "create"]
    assert told in created[0].reason
    _held_for_account(scene)
    scene.edit("deals", deal, amount="478.81")
    scene.on.until("both are told", lambda: "belongs to account 201" in _message(scene, deal) or None)
    assert told in _message(scene, deal)

    line = {**invoice["LineItems"][0], "AccountCode": "200"}
    body = {"InvoiceID": invoice["InvoiceID"], "LineItems": [line]}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})
    scene.edit("deals", deal, amount="")
    scene.on.until("the message goes", lambda: not _message(scene, deal) or None)


def test_a_sale_of_more_than_there_is_waits_for_the_stock(staged: Callable[..., Scene]) -> None:
    """Xero approves no sale of more than a tracked item's stock: the deal says so in our words, and doing it cures."""
    scene = staged({"route": {"status": "AUTHORISED"}})
    _in_stock(scene, 2)

    deal = scene.sell([{"name": "Beans", "quantity": "3", "price": "31.50", "hs_sku": "SUPPORT"}])

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert "Xero has too little stock of an item in its lines. Take stock in there" in shown["xero_sync_message"]
    assert [] == scene.invoices_of(deal)
    _in_stock(scene, 3)
    with instead(scene.built.parts()):
        retries.retry([deal])
    made = scene.on.until("the invoice", lambda: scene.invoices_of(deal) or None)
    assert [94.5] == [one["SubTotal"] for one in made]


def _held_for_account(scene: Scene) -> None:
    deal = scene.sell()
    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert "belongs to account 201, which Kiwi Demo Ltd's Xero does not have." in shown["xero_sync_message"]
    assert [] == scene.invoices_of(deal)


def _in_stock(scene: Scene, quantity: int) -> None:
    path = f"{scene.url('xero')}/_sandbox/organisations/{scene.on.organisation}"
    assert scene.on.control.post(path, json={"Stock": {"SUPPORT": quantity}}).status_code == 200


def _once_had(scene: Scene, code: str) -> None:
    """Have the books been read while Xero still had an account."""
    with scene.built.database.reading() as tx:
        home = connections.organisations(tx)[0]
    with instead(scene.built.parts()):
        books_of(home, ("accounts",))
    with scene.built.database.transaction() as tx:
        accounts = json.loads(reference_data.get(tx, home.id)["accounts"].content)
        accounts.append({"Code": code, "Status": "ACTIVE", "TaxType": "OUTPUT2"})
        reference_data.put(tx, home.id, "accounts", json.dumps(accounts), scene.built.now())


def _message(scene: Scene, deal: str) -> str:
    return scene.show("deals", deal)["xero_sync_message"] or ""


def test_a_deal_held_for_the_books_goes_on_when_they_change(scene: Scene) -> None:
    """A currency that is added in Xero is noticed with the next deal in it, and the deal that was held goes on too."""
    equip(replace(scene.built.parts(), books_floor=timedelta(0)))
    held = scene.sell(deal_currency_code="AUD")
    scene.until_shown("deals", held, "xero_sync_message")
    scene.settle()
    path = f"{scene.on.xero_url}/_sandbox/organisations/{scene.on.organisation}"
    scene.on.control.post(path, json={"Currencies": ["NZD", "USD", "AUD"]})

    other = scene.sell(deal_currency_code="AUD")

    for deal in (other, held):
        scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    assert {"AUD"} == {one["CurrencyCode"] for deal in (held, other) for one in scene.invoices_of(deal)}
    assert not scene.show("deals", held)["xero_sync_message"]


def test_books_that_deals_wait_for_are_read_every_hour(scene: Scene) -> None:
    """Nobody sells anything more, and the deal goes on all the same within an hour of the books' change."""
    held = scene.sell(deal_currency_code="AUD")
    scene.until_shown("deals", held, "xero_sync_message")
    scene.settle()
    path = f"{scene.on.xero_url}/_sandbox/organisations/{scene.on.organisation}"
    scene.on.control.post(path, json={"Currencies": ["NZD", "AUD"]})

    with scene.built.database.transaction() as tx:
        tx.execute(update(book).values(read_at=scene.built.now() - timedelta(minutes=61)))
        lanes.wake(tx, "invoicing", "62515", scene.built.now())

    scene.until_shown("deals", held, "xero_invoice_id", seconds=20)


def test_a_stage_that_a_route_names_makes_an_invoice(staged: Callable[..., Scene]) -> None:
    """A deal that comes to the stage is invoiced, though it is not won there; elsewhere only won deals are."""
    scene = staged({"routes": [{"stage": "contractsent", "status": "SUBMITTED"}, {}]})

    named, open_ = scene.sell(won=False), scene.sell(won=False, dealstage="qualifiedtobuy")

    scene.until_shown("deals", named, "xero_invoice_status", "SUBMITTED")
    scene.settle()
    assert [] == scene.invoices_of(open_)
    assert 1 == len(scene.invoices_of(named))


def test_a_general_route_is_for_won_deals(staged: Callable[..., Scene]) -> None:
    """A deal in the stage of a route that it does not meet is left alone until it is won, and the journal says why."""
    scene = staged({"routes": [{"stage": "contractsent", "currency": "AUD"}, {}]})

    deal = scene.sell(won=False)
    scene.edit("deals", deal, dealname="Told of")
    scene.settle()
    assert [] == scene.invoices_of(deal)
    assert {} == scene.holds()
    assert ("skip", "") == scene.journal(f"deal {deal}")[-1]

    scene.win(deal)
    scene.until_shown("deals", deal, "xero_invoice_id")


def test_a_route_by_owner(staged: Callable[..., Scene]) -> None:
    """The deals of one person are invoiced in their own way; who that is comes from HubSpot's owners."""
    routes = [{"owner": "Moana@sandbox.co.nz", "status": "SUBMITTED"}, {"status": "DRAFT"}]
    scene = staged({"routes": routes})

    deals = {owner: scene.sell(hubspot_owner_id=owner) for owner in ("70000001", "70000002")}

    found = {
        owner: scene.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_status"]
        for owner, deal in deals.items()
    }
    assert {"70000001": "SUBMITTED", "70000002": "DRAFT"} == found


def test_books_are_read_once_and_not_for_every_deal(scene: Scene) -> None:
    """Reference data is read once an hour, whatever is sold meanwhile."""
    deals = [scene.sell([{**LINE[0], "hs_tax_rate_group_id": "1"}]) for _ in range(2)]
    for deal in deals:
        scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    scene.forget_calls()

    last = scene.sell([{**LINE[0], "hs_tax_rate_group_id": "1"}])
    scene.until_shown("deals", last, "xero_invoice_id")

    assert [] == scene.calls("xero", "/Accounts")
    assert [] == scene.calls("xero", "/TaxRates")


def test_a_difference_of_cents_is_told_or_closed(staged: Callable[..., Scene]) -> None:
    """What the invoice comes to and the deal does not say is on the deal; a route may close it with a line instead."""
    scene = staged({"routes": [{"properties": {"dealname": "Closed"}, "rounding": "line"}, {}]})
    lines = [{"name": "Half a cent", "quantity": "1", "price": "0.005"} for _ in range(3)]

    told = scene.sell(lines, amount="0.02")
    closed = scene.sell(lines, amount="0.02", dealname="Closed")

    shown = scene.until_shown("deals", told, "xero_invoice_id")
    assert "The deal says 0.02 NZD" in str(shown["xero_sync_message"])
    assert "comes to 0.03 before tax" in str(shown["xero_sync_message"])
    shown = scene.until_shown("deals", closed, "xero_invoice_id")
    assert not shown["xero_sync_message"]
    made = scene.invoices_of(closed)[0]
    assert (0.02, "860", -0.01) == (
        made["SubTotal"],
        made["LineItems"][-1]["AccountCode"],
        made["LineItems"][-1]["LineAmount"],
    )


def test_a_refusal_is_tried_again_when_a_person_asks(scene: Scene) -> None:
    """What Xero refused is not sent again by itself; `ledgerloop retry` sends it, though nothing has changed."""
    refusal = {"Type": "ValidationException", "Message": "A validation exception occurred", "ErrorNumber": 10}
    scene.fault("xero", kind="status", status=400, body=refusal, method="PUT", path="/Invoices$")
    deal = scene.sell()
    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert "Xero would not make the invoice" in shown["xero_sync_message"]
    scene.settle()
    scene.mend("xero")
    scene.forget_calls()
    scene.edit("deals", deal, dealname="Still the same")
    scene.settle()
    assert [] == scene.calls("xero", "/Invoices", "PUT")

    with instead(scene.built.parts()):
        assert [deal] == retries.retry()

    shown = scene.until_shown("deals", deal, "xero_invoice_id")
    assert not shown["xero_sync_message"]
    assert Decimal("478.80") == Decimal(str(scene.invoices_of(deal)[0]["SubTotal"]))
