"""A deal whose invoice was deleted or voided in Xero: it says so, and a person may have another made."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from scene import Scene
from test_invoices_adoption import _by_hand, _link, _old, _survey

from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import reissue
from ledgerloop.parts import instead


def test_a_deleted_draft_is_told_and_replaced_when_a_person_asks(scene: Scene) -> None:
    """Nothing is made by itself, however the deal is edited or won; asked for, one is made as the deal stands."""
    deal = scene.sell()
    first = made(scene, deal)
    end(scene, first, "DELETED")

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert f"Invoice {first['InvoiceNumber']} was deleted in Xero" in shown["xero_sync_message"]
    assert f"`ledgerloop retry --deal {deal} --new`" in shown["xero_sync_message"]
    scene.add_line(deal, {"name": "Travel", "quantity": "1", "price": "55.50"})
    scene.edit("deals", deal, dealstage="contractsent")
    scene.win(deal)
    scene.settle()
    assert "was deleted" in str(scene.show("deals", deal)["xero_sync_message"])
    assert 1 == len(scene.invoices_of(deal))

    with instead(scene.built.parts()):
        assert [deal] == reissue.renew(reissue.renewals([deal]))

    second = scene.on.until("another is made", lambda: living(scene, deal))
    shown = scene.until_shown("deals", deal, "xero_invoice_number", second["InvoiceNumber"])
    assert (second["InvoiceID"], "DRAFT", None) == (
        shown["xero_invoice_id"],
        shown["xero_invoice_status"],
        shown["xero_sync_message"] or None,
    )
    assert 534.3 == second["SubTotal"]


def test_asked_for_in_two_places_one_is_made(scene: Scene) -> None:
    """Who says yes to what was shown long ago is told that the deal has changed; the new invoice stays the only one."""
    deal = scene.sell()
    end(scene, made(scene, deal), "DELETED")
    scene.settle()
    with instead(scene.built.parts()):
        first, second = reissue.renewals([deal]), reissue.renewals([deal])
        reissue.renew(first)
        scene.on.until("another is made", lambda: living(scene, deal))
        scene.settle()

        with pytest.raises(LedgerloopError, match="has changed since it was shown"):
            reissue.renew(second)

    scene.settle()
    assert living(scene, deal)
    assert scene.show("deals", deal)["xero_invoice_id"]


def test_an_invoice_that_stands_is_not_replaced(scene: Scene) -> None:
    """While the invoice stands, or a copy that the deal follows by now, none is made; nor where there was none."""
    unsold = scene.sell(won=False)
    with instead(scene.built.parts()), pytest.raises(LedgerloopError, match=f"Deal {unsold} has no invoice to replace"):
        reissue.renewals([unsold])
    deal = scene.sell()
    invoice = made(scene, deal)
    scene.approve(invoice["InvoiceID"])
    scene.settle()
    with instead(scene.built.parts()), pytest.raises(LedgerloopError, match=r"is AUTHORISED in Xero\. Void it in Xero"):
        reissue.renewals([deal])
    payment = scene.pay(invoice["InvoiceID"], invoice["Total"])
    scene.settle()
    paid = "is PAID in Xero. Take its payments and credits off in Xero and void it there first, or make a further one"
    with instead(scene.built.parts()), pytest.raises(LedgerloopError, match=re.escape(paid)):
        reissue.renewals([deal])

    scene.on.in_xero("POST", f"/Payments/{payment}", {"Status": "DELETED"})
    end(scene, invoice, "VOIDED")
    copy = scene.invoice_for(invoice["Contact"]["ContactID"], Reference=invoice["Reference"])
    scene.settle()

    with (
        instead(scene.built.parts()),
        pytest.raises(LedgerloopError, match=f"{copy['InvoiceNumber']} of deal .* is AUTH"),
    ):
        reissue.renewals([deal])


def test_a_number_made_of_the_deal_gets_an_ending(staged: Callable[..., Scene]) -> None:
    """Xero takes no number twice, so the second invoice of a deal has -2 behind it, and the third -3."""
    scene = staged({"route": {"number": "HS{deal}"}})
    deal = scene.sell()
    invoice = made(scene, deal)
    for number in (f"HS{deal}-2", f"HS{deal}-3"):
        end(scene, invoice, "DELETED")
        scene.settle()
        with instead(scene.built.parts()):
            reissue.renew(reissue.renewals([deal]))
        invoice = scene.on.until("another is made", lambda: living(scene, deal))
        scene.settle()

        assert number == invoice["InvoiceNumber"]
        assert {} == scene.holds()


def test_a_deal_won_before_the_portal_was_connected(scene: Scene) -> None:
    """A person's word has it invoiced, also where the command dies right after, and where it is held at first."""
    hand = _by_hand(scene, "Won Before Ltd")
    deal = _old(scene)
    assert [] == _link(scene, _survey(scene, deal, invoice=hand["InvoiceNumber"])).refused
    scene.until_shown("deals", deal, "xero_invoice_id", hand["InvoiceID"])
    end(scene, hand, "VOIDED")
    scene.until_shown("deals", deal, "xero_invoice_status", "VOIDED")
    scene.settle()

    with instead(scene.built.parts()):
        (renewal,) = reissue.renewals([deal])
        reissue.forget(renewal)
    scene.built.parts().nudge()

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert "has no line items" in shown["xero_sync_message"]
    scene.add_line(deal, {"name": "Travel", "quantity": "1", "price": "55.50"})
    second = scene.on.until("another is made", lambda: living(scene, deal))
    scene.until_shown("deals", deal, "xero_invoice_id", second["InvoiceID"])
    scene.settle()
    assert [second["InvoiceID"]] == [one["InvoiceID"] for one in scene.invoices_of(deal)]
    assert {} == scene.holds()


def made(scene: Scene, deal: str) -> dict[str, Any]:
    """Return a deal's one invoice once it stands."""
    scene.until_shown("deals", deal, "xero_invoice_id")
    (invoice,) = scene.invoices_of(deal)
    return invoice


def living(scene: Scene, deal: str) -> dict[str, Any] | None:
    """Return the deal's one invoice that is neither deleted nor voided; None where there is none."""
    found = [one for one in scene.invoices_of(deal) if one["Status"] not in ("DELETED", "VOIDED")]
    assert len(found) < 2
    return found[0] if found else None


def end(scene: Scene, invoice: dict[str, Any], status: str) -> None:
    """Delete or void an invoice as finance does."""
    body = {"Invoices": [{"InvoiceID": invoice["InvoiceID"], "Status": status}]}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", body)
