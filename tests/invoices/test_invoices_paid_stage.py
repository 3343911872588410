"""A deal goes to its route's stage of paid deals once: a restored or emptied database does not send it there again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scene import Scene
from test_invoices_adoption import PORTAL
from test_invoices_forgotten import find, forget
from test_invoices_reissue import end, made

from ledgerloop.cli.stage import connect_hubspot, connect_xero
from ledgerloop.invoices import reissue
from ledgerloop.parts import instead
from ledgerloop.store import last_written

PAID, DONE = "paidup", "delivered"


@pytest.fixture
def scene(staged: Callable[..., Scene]) -> Scene:
    """Give a stage where deals that are paid go to a won stage, behind which there is another."""
    scene = staged({"route": {"status": "AUTHORISED", "paid_stage": PAID}}, connected=False)
    for stage in (PAID, DONE):
        values = {"stageId": stage, "label": stage, "metadata": {"probability": "1.0"}}
        scene.on.at_hubspot("POST", "/crm/pipelines/2026-09/deals/default/stages", values)
    connect_xero(scene.on, "Kiwi Demo Ltd")
    connect_hubspot(scene.on)
    scene.settle()
    return scene


@pytest.mark.parametrize("after", [DONE, "closedwon"])
@pytest.mark.parametrize("lost", ["its writes", "everything"])
def test_one_that_was_moved_on_stays_where_it_is(scene: Scene, lost: str, after: str) -> None:
    """What the database forgot stands on the deal itself: it was in that stage since its invoice was made."""
    deal = _paid(scene)
    scene.until_shown("deals", deal, "dealstage", PAID)
    scene.edit("deals", deal, dealstage=after)
    scene.settle()
    if lost == "everything":
        forget(scene, deal)
        find(scene, deal)
    else:
        _forget_writes(scene, deal)
        scene.edit("deals", deal, dealname="Looked at once more")
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    scene.settle()

    assert after == scene.show("deals", deal)["dealstage"]

    scene.forget_calls()
    scene.edit("deals", deal, dealname="And once more")
    scene.settle()
    assert after == scene.show("deals", deal)["dealstage"]
    assert [] == [call for call in scene.writes() if "/batch/update" in call["path"]]


@pytest.mark.parametrize("lost", ["its writes", "everything"])
def test_one_that_was_never_moved_goes_there(scene: Scene, lost: str) -> None:
    """Its invoice is paid after the database was put back, or emptied."""
    deal = _paid(scene, paid=False)
    scene.settle()
    forget(scene, deal) if lost == "everything" else _forget_writes(scene, deal)
    find(scene, deal)
    scene.settle()
    (invoice,) = scene.invoices_of(deal)

    scene.pay(invoice["InvoiceID"], invoice["Total"])

    scene.until_shown("deals", deal, "dealstage", PAID)


def test_a_new_invoice_sends_it_there_again(scene: Scene) -> None:
    """The first was paid, then taken back and made anew: what is paid is another invoice."""
    deal = _paid(scene)
    scene.until_shown("deals", deal, "dealstage", PAID)
    (first,) = scene.invoices_of(deal)
    for payment in first["Payments"]:
        scene.on.in_xero("POST", f"/Payments/{payment['PaymentID']}", {"Status": "DELETED"})
    end(scene, first, "VOIDED")
    scene.until_shown("deals", deal, "xero_invoice_status", "VOIDED")
    scene.win(deal)
    scene.settle()
    with instead(scene.built.parts()):
        reissue.renew(reissue.renewals([deal]))
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    (second,) = (one for one in scene.invoices_of(deal) if one["Status"] == "AUTHORISED")

    scene.pay(second["InvoiceID"], second["Total"])

    scene.until_shown("deals", deal, "dealstage", PAID)


def _paid(scene: Scene, *, paid: bool = True) -> str:
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    invoice = made(scene, deal)
    if paid:
        scene.pay(invoice["InvoiceID"], invoice["Total"])
    return deal


def _forget_writes(scene: Scene, deal: str) -> None:
    with scene.built.database.transaction() as tx:
        last_written.forget(tx, PORTAL, "deal", [deal])
