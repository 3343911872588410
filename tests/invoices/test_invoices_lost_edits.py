"""What is easily taken for somebody's edit and is none: a lost answer, another route, a deal read anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from scene import OBJECTS, Scene
from sqlalchemy import update

from ledgerloop.invoices import release, submit
from ledgerloop.parts import instead
from ledgerloop.store import connections, intents
from ledgerloop.store.tables import intent


def test_a_draft_follows_on_after_the_answer_to_an_update_was_lost(scene: Scene) -> None:
    """Our own new lines are not taken for a person's: the next edit is carried to the draft as well."""
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    scene.fault("xero", kind="reset_after", method="POST", path="/Invoices$", times=4)
    edit_line(scene, deal, quantity="20")
    scene.on.until("the update arrives", lambda: subtotal(scene, deal) == 798.0 or None, 30)
    scene.mend("xero")

    edit_line(scene, deal, quantity="30")

    scene.on.until("the draft follows", lambda: subtotal(scene, deal) == 1197.0 or None, 40)
    scene.settle(40)
    assert not scene.show("deals", deal)["xero_sync_message"]


def test_winning_a_deal_that_a_stages_route_invoiced_is_no_edit(staged: Callable[..., Scene]) -> None:
    """The draft keeps the terms of the route by which it was made, though another would fit now."""
    routes = [
        {"stage": "contractsent", "properties": {"dealtype": "newbusiness"}, "account_code": "200"},
        {"account_code": "260"},
    ]
    scene = staged({"routes": routes})
    deal = scene.sell(won=False, dealstage="qualifiedtobuy", dealtype="newbusiness")
    scene.edit("deals", deal, dealstage="contractsent")
    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()

    scene.win(deal)
    scene.settle()

    (made,) = scene.invoices_of(deal)
    assert ["200"] == [line["AccountCode"] for line in made["LineItems"]]
    assert not scene.show("deals", deal)["xero_sync_message"]


def test_a_deal_spoilt_and_put_right_while_it_waits_is_invoiced(staged: Callable[..., Scene]) -> None:
    """What was put back to be decided anew was refused by nobody, so that its hold ends with its reason."""
    scene = staged({"route": {"status": "AUTHORISED", "approval": True}})
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_sync_message")
    scene.settle()
    scene.silence("hubspot")
    edit_line(scene, deal, quantity="")
    with scene.built.database.transaction() as tx:
        tx.execute(update(intent).values(created_at=scene.built.now() - timedelta(minutes=5)))

    release.approve_everywhere(scene.built.database, scene.built.now(), [deal])
    scene.built.parts().nudge()
    scene.on.until("it is held", lambda: "no quantity" in str(scene.show("deals", deal)["xero_sync_message"]) or None)
    assert [] == scene.invoices_of(deal)
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})
    edit_line(scene, deal, quantity="12")

    scene.until_shown("deals", deal, "xero_invoice_id")


def test_an_invoice_is_found_though_our_clock_is_hours_ahead(scene: Scene) -> None:
    """What was sent at a moment that Xero has not come to yet is looked for long before it."""
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    ahead = scene.built.now() + timedelta(hours=13)
    with scene.built.database.transaction() as tx:
        lost = {"state": "sent", "invoice": "", "sent_at": ahead, "last_sent_at": ahead}
        tx.execute(update(intent).where(intent.c.deal == deal).values(**lost))
        house = connections.only_portal(tx)
    assert house is not None

    with instead(scene.built.parts()):
        submit.settle(house.id, scene.on.organisation)

    with scene.built.database.reading() as tx:
        (made,) = scene.invoices_of(deal)
        assert ("made", made["InvoiceID"]) == (
            (found := intents.get(tx, house.id, [deal])[deal]).state,
            found.invoice,
        )


def edit_line(scene: Scene, deal: str, **values: str) -> None:
    """Change the deal's line items."""
    query = {"properties": "name", "associations": "line_items"}
    tied: dict[str, Any] = scene.on.at_hubspot("GET", f"{OBJECTS}/deals/{deal}", query=query)["associations"]
    for one in next(iter(tied.values()))["results"]:
        scene.edit("line_items", one["id"], **values)


def subtotal(scene: Scene, deal: str) -> float:
    """Return what the deal's one invoice comes to before tax."""
    (invoice,) = scene.invoices_of(deal)
    return float(invoice["SubTotal"])
