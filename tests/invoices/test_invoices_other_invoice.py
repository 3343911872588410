"""A deal has two invoices, and the one that it shows is deleted or voided: it follows the other by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from scene import Scene
from test_invoices_adoption import PORTAL, _after
from test_invoices_adoption_apart import AUSSIE, KIWI, Two
from test_invoices_reissue import end, made

from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import reissue
from ledgerloop.parts import instead
from ledgerloop.store import intents


@pytest.mark.parametrize("status", ["DELETED", "VOIDED"])
def test_the_one_that_is_left_is_followed(scene: Scene, status: str) -> None:
    """Doing away with the one shown cures the hold about the two; payments of the other show, and none is made."""
    deal = scene.sell()
    own = made(scene, deal)
    copy = scene.invoice_for(own["Contact"]["ContactID"], Reference=own["Reference"])
    scene.settle()
    assert f"invoice {copy['InvoiceID']}" in scene.holds()
    if status == "VOIDED":
        scene.approve(own["InvoiceID"])

    end(scene, own, status)

    scene.until_shown("deals", deal, "xero_invoice_id", copy["InvoiceID"])
    scene.settle()
    assert f"invoice {copy['InvoiceID']}" not in scene.holds()
    assert "was deleted" not in str(scene.show("deals", deal)["xero_sync_message"])
    assert any(f"{copy['InvoiceNumber']} stands there with the deal's mark" in why for why in _why(scene, deal))
    scene.pay(copy["InvoiceID"], copy["Total"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    scene.settle()
    assert {own["InvoiceID"], copy["InvoiceID"]} == {one["InvoiceID"] for one in scene.invoices_of(deal)}
    with instead(scene.built.parts()), pytest.raises(LedgerloopError, match="is PAID in Xero"):
        reissue.renewals([deal])


def test_one_that_comes_after_the_other_is_gone(scene: Scene) -> None:
    """Finance deletes the deal's invoice, and then writes the deal's mark into another: the deal follows that."""
    deal = scene.sell()
    own = made(scene, deal)
    end(scene, own, "DELETED")
    scene.until_shown("deals", deal, "xero_sync_message")
    scene.settle()

    copy = scene.invoice_for(own["Contact"]["ContactID"], Reference=own["Reference"])

    scene.until_shown("deals", deal, "xero_invoice_id", copy["InvoiceID"])
    end(scene, copy, "VOIDED")
    shown = scene.until_shown("deals", deal, "xero_invoice_status", "VOIDED")
    assert f"Invoice {copy['InvoiceNumber']} was voided" in shown["xero_sync_message"]


def test_one_in_another_organisation(staged: Callable[..., Scene]) -> None:
    """The deal's route had changed, and finance typed the invoice there with the deal's mark: it is found there."""
    scene = staged({"routes": [{"currency": "AUD", "organisation": AUSSIE}, {"organisation": KIWI}]})
    two = Two(scene)
    _after(scene)
    deal = scene.sell(deal_currency_code="NZD")
    scene.on.organisation = two.ids[KIWI]
    own = made(scene, deal)
    scene.edit("deals", deal, deal_currency_code="AUD")
    other = two.invoiced(AUSSIE, own["Contact"]["Name"], Reference=own["Reference"])
    scene.settle()
    scene.on.organisation = two.ids[KIWI]

    end(scene, own, "DELETED")

    scene.until_shown("deals", deal, "xero_invoice_id", other)
    scene.settle()
    with scene.built.database.reading() as tx:
        assert two.ids[AUSSIE] == intents.get(tx, PORTAL, [deal])[deal].organisation


def test_one_that_another_deal_has_is_left_to_it(scene: Scene) -> None:
    """An invoice that is followed for another deal is nobody else's, whatever stands in its reference."""
    deal, other = scene.sell(), scene.sell()
    own, theirs = made(scene, deal), made(scene, other)
    body = {"InvoiceID": theirs["InvoiceID"], "Reference": own["Reference"]}
    scene.on.in_xero("POST", f"/Invoices/{theirs['InvoiceID']}", {"Invoices": [body]})
    scene.settle()

    end(scene, own, "DELETED")

    scene.settle()
    assert f"Invoice {own['InvoiceNumber']} was deleted" in str(scene.show("deals", deal)["xero_sync_message"])
    assert theirs["InvoiceID"] == scene.show("deals", other)["xero_invoice_id"]
    assert own["InvoiceID"] == scene.show("deals", deal)["xero_invoice_id"]
    with (
        instead(scene.built.parts()),
        pytest.raises(LedgerloopError, match=f"{theirs['InvoiceNumber']} in Xero has the"),
    ):
        reissue.renewals([deal])


@pytest.mark.parametrize("paid", [False, True])
def test_one_with_the_mark_that_is_made_out_to_another(scene: Scene, paid: bool) -> None:
    """It is the deal's by its mark, and a person is asked: both are named, and doing what is said ends the question."""
    deal = scene.sell(won=False)
    wrong = scene.invoice_for(scene.customer("Wrong Customer Ltd"), "478.80", Reference=f"HS-{deal}")
    if paid:
        scene.pay(wrong["InvoiceID"], wrong["Total"])
    scene.settle()

    scene.win(deal)

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    scene.settle()
    told = str(scene.show("deals", deal)["xero_sync_message"])
    assert "it is made out to “Wrong Customer Ltd”, and the deal is “" in told, shown
    assert wrong["InvoiceID"] == scene.show("deals", deal)["xero_invoice_id"]
    assert f"deal {deal}" in scene.holds()
    if paid:
        assert "Credit it in Xero if it shall not stand. Or run" in told
        with instead(scene.built.parts()):
            retries.retry([deal])
        scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    else:
        assert f"Void it in Xero and run `ledgerloop retry --deal {deal} --new`" in told
        end(scene, wrong, "VOIDED")
        scene.until_shown("deals", deal, "xero_invoice_status", "VOIDED")
        scene.settle()
        with instead(scene.built.parts()):
            reissue.renew(reissue.renewals([deal]))
        scene.until_shown("deals", deal, "xero_invoice_status", "DRAFT")
        assert wrong["InvoiceID"] != scene.show("deals", deal)["xero_invoice_id"]
    scene.settle()
    assert {} == scene.holds()


def _why(scene: Scene, deal: str) -> list[str]:
    return scene.reasons(f"deal {deal}", "adopt")
