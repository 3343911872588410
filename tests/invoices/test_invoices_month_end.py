"""Scenes of a month's end: tiers that are edited, what HubSpot's data sync brought, the plan's limit of approvals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scene import OBJECTS, Scene
from test_invoices_edits import _edit_line
from test_invoices_reissue import made

from ledgerloop.engine import retries
from ledgerloop.parts import instead

TIERS = {"hs_tier_ranges": "10", "hs_tier_prices": "20;10"}


@pytest.mark.parametrize(
    ("model", "before", "after"),
    [("graduated", 220.0, 250.0), ("volume", 120.0, 150.0), ("stairstep", 10.0, 10.0)],
)
def test_tiered_prices_follow_an_edit(scene: Scene, model: str, before: float, after: float) -> None:
    """The draft takes HubSpot's new net and the tiers in words, and nothing is told of a difference."""
    deal = scene.sell([{"name": "Seats", "quantity": "12", "price": "20", "hs_pricing_model": model, **TIERS}])
    assert before == made(scene, deal)["SubTotal"]

    _edit_line(scene, deal, "Seats", quantity="15")

    said = (
        f"Seats – 15 at {'prices by volume' if model == 'volume' else model + ' prices'}: 1 to 10 at 20, from 11 at 10"
    )
    scene.on.until(said, lambda: said == scene.invoices_of(deal)[0]["LineItems"][0]["Description"] or None)
    scene.settle()
    assert after == scene.invoices_of(deal)[0]["SubTotal"]
    assert not scene.show("deals", deal)["xero_sync_message"]
    assert {} == scene.holds()


def test_a_deal_with_an_invoice_of_the_data_sync(scene: Scene) -> None:
    """Xero has it already, so the deal is held; with the association taken away it is invoiced."""
    deal = scene.sell(won=False)
    own = scene.make("invoices", hs_currency="NZD", hs_invoice_source="data_sync")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/deals/{deal}/associations/default/invoices/{own}")
    scene.win(deal)

    shown = scene.until_shown("deals", deal, "xero_sync_message")

    assert f"HubSpot's data sync brought invoice {own} to this deal" in shown["xero_sync_message"]
    scene.settle()
    assert [] == scene.invoices_of(deal)
    scene.on.at_hubspot("DELETE", f"{OBJECTS}/deals/{deal}/associations/invoices/{own}")
    scene.edit("deals", deal, amount="478.80")
    made(scene, deal)
    scene.settle()
    assert {} == scene.holds()


def test_the_plans_limit_at_the_twenty_first(staged: Callable[..., Scene]) -> None:
    """The twentieth approved invoice of the month is made, and the next deal held until the plan allows it."""
    scene = staged({"route": {"status": "AUTHORISED"}})
    address = f"{scene.url('xero')}/_sandbox/organisations/{scene.on.organisation}"
    today = scene.built.now().date().isoformat()
    customer = scene.customer("Many Ltd")
    for _ in range(18):
        scene.invoice_for(customer, Date=today)
    assert 200 == scene.on.control.post(address, json={"Class": "IGNITE"}).status_code
    scene.settle()
    nineteenth, twentieth = scene.sell(), scene.sell()
    for deal in (nineteenth, twentieth):
        assert "AUTHORISED" == made(scene, deal)["Status"]
    scene.settle()

    late = scene.sell()

    said = str(scene.until_shown("deals", late, "xero_sync_message")["xero_sync_message"])
    assert "plan in Xero allows no more approved invoices this month" in said
    scene.settle()
    another = scene.sell()
    scene.until_shown("deals", another, "xero_sync_message")
    scene.settle()
    assert [] == scene.invoices_of(late) + scene.invoices_of(another)
    assert 200 == scene.on.control.post(address, json={"Class": "PREMIUM"}).status_code
    with instead(scene.built.parts()):
        retries.retry([late, another])
    for deal in (late, another):
        assert "AUTHORISED" == made(scene, deal)["Status"]
    scene.settle()
    assert {} == scene.holds()
