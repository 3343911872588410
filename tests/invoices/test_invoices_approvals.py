"""A person is asked before a flood of invoices, and where a route wants approval; then what is approved goes."""

from __future__ import annotations

from collections.abc import Callable

from polls import poll_from_the_start
from scene import LINE, Scene
from test_invoices_edits import _edit_line

from ledgerloop.invoices import release


def test_a_route_may_want_approval(staged: Callable[..., Scene]) -> None:
    """Nothing is made as AUTHORISED before a person said so; then it is, and emailed once, answer lost or not."""
    scene = staged({"route": {"status": "AUTHORISED", "approval": True, "email": True, "online_invoice": True}})
    scene.fault("xero", kind="reset_after", method="POST", path="/Email$", times=1)
    deal = scene.sell()

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert f"`ledgerloop approve --deal {deal}`" in shown["xero_sync_message"]
    assert "478.80 NZD waits for approval" in shown["xero_sync_message"]
    assert [] == scene.calls("xero", "/Invoices", "PUT")
    assert f"deal {deal}" in scene.holds()
    assert [deal] == release.approve_everywhere(scene.built.database, scene.built.now(), [deal])

    shown = scene.until_shown("deals", deal, "xero_online_invoice_url", seconds=20)
    assert ("AUTHORISED", None) == (shown["xero_invoice_status"], shown["xero_sync_message"] or None)
    scene.settle()
    assert 1 == len(scene.calls("xero", "/Email", "POST"))
    assert scene.invoices_of(deal)[0]["SentToContact"]
    assert {} == scene.holds()


def test_a_deal_that_is_lost_while_it_waits_is_not_invoiced(staged: Callable[..., Scene]) -> None:
    """An approval that comes after the deal was lost makes nothing: the deal is no longer to be invoiced."""
    scene = staged({"route": {"status": "AUTHORISED", "approval": True}})
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_sync_message")

    scene.edit("deals", deal, dealstage="closedlost")
    scene.settle()

    assert [] == release.approve_everywhere(scene.built.database, scene.built.now())
    assert [] == scene.invoices_of(deal)
    assert {} == scene.holds()


def test_a_flood_stops_before_the_first_invoice(staged: Callable[..., Scene]) -> None:
    """More invoices than an hour may have are not made, none of them, until a person approves; then each is, once."""
    scene = staged({"brake": {"invoices": 2}})
    scene.silence("hubspot")
    company = scene.make("companies", name="Flood Ltd")
    contact = scene.make("contacts", email="flood@flood.example.com", lastname="Flood")
    deals = [scene.sell(LINE, company=company, contact=contact) for _ in range(3)]
    poll_from_the_start(scene)

    scene.on.until("the brake asks", lambda: scene.holds().get("brake 62515"), seconds=20)
    assert "3 invoices wait" in scene.holds()["brake 62515"][0]
    assert [] == scene.calls("xero", "/Invoices", "PUT")
    assert sorted(deals) == sorted(release.approve_everywhere(scene.built.database, scene.built.now()))

    for deal in deals:
        scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    assert [1, 1, 1] == [len(scene.invoices_of(deal)) for deal in deals]
    assert "brake 62515" not in scene.holds()


def test_the_brake_stops_invoices_and_nothing_else(staged: Callable[..., Scene]) -> None:
    """While a flood waits each of its deals says so, drafts follow their deals, and other deals get their answers."""
    scene = staged({"brake": {"invoices": 2}})
    early = scene.sell()
    scene.until_shown("deals", early, "xero_invoice_id")
    scene.settle()
    deals = [scene.sell() for _ in range(3)]
    scene.on.until("the brake asks", lambda: scene.holds().get("brake 62515"), seconds=20)
    stopped = [deal for deal in deals if not scene.invoices_of(deal)]
    for deal in stopped:
        shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
        assert "The invoice of 478.80 NZD waits with others" in shown["xero_sync_message"]
    assert {f"deal {deal}" for deal in stopped} <= scene.holds().keys()

    _edit_line(scene, early, "Seats", quantity="20")
    empty = scene.sell(lines=[])

    assert "no line items" in scene.until_shown("deals", empty, "xero_sync_message", seconds=20)["xero_sync_message"]
    scene.on.until("the draft follows", lambda: scene.invoices_of(early)[0]["SubTotal"] == 798 or None, 20)
    assert sorted(stopped) == sorted(release.approve(scene.built.database, "62515", scene.built.now()))
    scene.built.parts().nudge()
    for deal in stopped:
        shown = scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
        assert not shown["xero_sync_message"]


def test_an_amount_stops_too_and_what_is_paid_moves_the_deal(staged: Callable[..., Scene]) -> None:
    """More money than an hour may have asks as well; what fits goes on, and a paid deal moves to the route's stage."""
    scene = staged({"brake": {"amount": 500}, "route": {"status": "AUTHORISED", "paid_stage": "qualifiedtobuy"}})
    small = scene.sell()
    invoice = scene.until_shown("deals", small, "xero_invoice_id")["xero_invoice_id"]

    large = scene.sell([{"name": "Too much", "quantity": "1", "price": "22"}])

    scene.on.until("the brake asks", lambda: scene.holds().get("brake 62515"), seconds=20)
    assert "500.80 NZD were invoiced within the last hour or are about to be" in scene.holds()["brake 62515"][0]
    assert [] == scene.invoices_of(large)
    meek = scene.sell([{"name": "Much more", "quantity": "1", "price": "50000"}])
    scene.edit("deals", meek, amount="10")  # whatever a deal says it comes to
    scene.on.until("its lines count", lambda: "50500.80 NZD" in scene.holds()["brake 62515"][0] or None, seconds=20)
    assert [] == scene.invoices_of(meek)
    total = next(one["Total"] for one in scene.invoices() if one["InvoiceID"] == invoice)
    scene.pay(str(invoice), total)
    scene.until_shown("deals", small, "xero_invoice_status", "PAID")
    stage = scene.on.at_hubspot("GET", f"/crm/objects/2026-09/deals/{small}", query={"properties": "dealstage"})
    assert "qualifiedtobuy" == stage["properties"]["dealstage"]
    assert 1 == len(scene.invoices_of(small))
