"""Invoices that stand and that the database forgot, as after a restore: what stands is what later edits start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scene import OBJECTS, Scene
from test_invoices_adoption import _link, _survey
from test_invoices_edits import _credit

from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import adoption, adoption_survey, reissue
from ledgerloop.parts import instead
from ledgerloop.records import Link, Portal
from ledgerloop.store import connections, cursors, intents, journal, lanes, last_written, links
from ledgerloop.store.cursors import CAUGHT_UP, Cursor

PORTAL = "62515"


def test_a_draft_that_says_what_its_deal_says_follows_on(scene: Scene) -> None:
    """Found again and compared with its deal at once, it is ours as before, and the next edit changes it."""
    deal = scene.sell()
    made = _made(scene, deal)
    forget(scene, deal)

    find(scene, deal)
    _edit_line(scene, deal, quantity="20")

    scene.on.until("the draft follows", lambda: _come_to(scene, deal, 798.0))
    assert [made["InvoiceID"]] == [one["InvoiceID"] for one in scene.invoices_of(deal)]


def test_a_draft_whose_deal_was_edited_meanwhile_tells_so_and_follows_when_asked(scene: Scene) -> None:
    """Nobody is said to have changed it; the journal tells what stands; asked by a person, the draft follows again."""
    deal = scene.sell()
    made = _made(scene, deal)
    forget(scene, deal)

    _edit_line(scene, deal, quantity="20")
    find(scene, deal)
    shown = scene.until_shown("deals", deal, "xero_sync_message")
    scene.settle()

    assert "The deal says 798.00 NZD, and invoice" in shown["xero_sync_message"]
    assert "comes to 478.80" in shown["xero_sync_message"]
    assert f"`ledgerloop retry --deal {deal}`" in shown["xero_sync_message"]
    assert "somebody has changed" not in shown["xero_sync_message"]
    with scene.built.database.reading() as tx:
        (found,) = [one for one in journal.recent(tx, 50, f"deal {deal}") if one.decision == "adopt"]
    assert '"Quantity": "12' in found.values["payload"]
    _edit_line(scene, deal, quantity="21")
    scene.settle()
    assert "somebody has changed" not in str(scene.show("deals", deal)["xero_sync_message"])
    assert 478.8 == scene.invoices_of(deal)[0]["SubTotal"]

    with instead(scene.built.parts()):
        retries.retry([deal])

    scene.on.until("the draft follows", lambda: _come_to(scene, deal, 837.9))
    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    _edit_line(scene, deal, quantity="10")
    scene.on.until("the draft follows on", lambda: _come_to(scene, deal, 399.0))
    assert [made["InvoiceID"]] == [one["InvoiceID"] for one in scene.invoices_of(deal)]


@pytest.mark.parametrize("linked", [{}, {"Url": "https://shop.example.net/orders/77"}])
def test_a_persons_word_is_asked_for_again(scene: Scene, linked: dict[str, str]) -> None:
    """An invoice that was typed in the place of a credited one bears no mark: the deal names it, and is held for it."""
    deal = scene.sell()
    own = _made(scene, deal)
    scene.approve(own["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    _credit(scene, own, own["SubTotal"])
    hand = scene.invoice_for(own["Contact"]["ContactID"], own["SubTotal"], LineAmountTypes="Exclusive", **linked)
    scene.settle()
    assert [] == _link(scene, _survey(scene, deal, invoice=hand["InvoiceNumber"])).refused
    scene.until_shown("deals", deal, "xero_invoice_id", hand["InvoiceID"])
    scene.settle()
    forget(scene, deal)

    scene.edit("deals", deal, dealname="Looked at again")

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    scene.settle()
    command = f"Run `ledgerloop adopt --deal {deal} --invoice {hand['InvoiceNumber']}` to have it followed"
    assert command in shown["xero_sync_message"]
    assert hand["InvoiceID"] == scene.show("deals", deal)["xero_invoice_id"]
    assert [] == _link(scene, _survey(scene, deal, invoice=hand["InvoiceNumber"])).refused
    scene.on.until("it is followed", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    scene.settle()
    assert {} == scene.holds()
    assert [own["InvoiceID"]] == [one["InvoiceID"] for one in scene.invoices_of(deal)]


def test_what_a_recurring_deal_bills_is_not_said_of_an_invoice_that_bills_something_else(
    staged: Callable[..., Scene],
) -> None:
    """What the first invoice has of the whole is said of the lines that stand, never of the deal's lines of today."""
    scene = staged({"route": {"recurring": "first"}})
    monthly = {"recurringbillingfrequency": "monthly", "hs_recurring_billing_period": "P12M"}
    deal = scene.sell([{"name": "Care", "quantity": "3", "price": "10.00", **monthly}])
    _made(scene, deal)
    assert "30.00" in str(scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"])
    forget(scene, deal)

    _edit_line(scene, deal, quantity="9")
    find(scene, deal)

    shown = str(scene.show("deals", deal)["xero_sync_message"])
    assert "comes to 30.00" in shown
    assert "its invoice has" not in shown


def test_a_deal_that_was_not_won_when_it_was_found_is_compared_once_it_is(scene: Scene) -> None:
    """Lost from sight while its deal is open: what differs is told as soon as the deal is won again."""
    deal = scene.sell()
    made = _made(scene, deal)
    scene.approve(made["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.edit("deals", deal, dealstage="contractsent")
    scene.settle()
    forget(scene, deal)
    _edit_line(scene, deal, quantity="20")
    find(scene, deal)
    assert not scene.show("deals", deal)["xero_sync_message"]

    scene.win(deal)

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert "The deal says 798.00 NZD, and invoice" in shown["xero_sync_message"]


def test_a_new_invoice_is_made_where_the_deal_names_one_that_is_gone(scene: Scene) -> None:
    """Deleted and forgotten: the deal is held with the words that work, and asked so, one new invoice is made."""
    deal = scene.sell()
    made = _made(scene, deal)
    forget(scene, deal)
    _in_xero(scene, made, Status="DELETED")
    scene.settle()

    scene.edit("deals", deal, dealname="Looked at")

    scene.on.until("it is held", lambda: scene.holds().get(f"deal {deal}"))
    assert "is DELETED in Xero" in scene.holds()[f"deal {deal}"][0]
    assert f"`ledgerloop retry --deal {deal} --new`" in scene.holds()[f"deal {deal}"][0]
    with instead(scene.built.parts()):
        assert [deal] == reissue.renew(reissue.renewals([deal]))
    scene.until_shown("deals", deal, "xero_invoice_status", "DRAFT")
    scene.settle()
    assert ["DELETED", "DRAFT"] == sorted(one["Status"] for one in scene.invoices_of(deal))
    assert {} == scene.holds()


def test_an_invoice_without_its_marks_is_held_with_the_way_back(scene: Scene) -> None:
    """Reference and address were taken away: it is told once, not once a turn, and the command named there links it."""
    deal = scene.sell()
    made = _made(scene, deal)
    _in_xero(scene, made, Reference="PO 7", Url="https://example.com/other")
    forget(scene, deal)

    for name in ("One", "Two", "Three"):
        scene.edit("deals", deal, dealname=name)
        scene.settle()

    said = scene.on.until("it is held", lambda: scene.holds().get(f"deal {deal}"))[0]
    assert f"`ledgerloop adopt --deal {deal} --invoice {made['InvoiceNumber']}`" in said
    assert said == scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    with scene.built.database.reading() as tx:
        assert 1 == len([one for one in journal.recent(tx, 50, f"deal {deal}") if one.reason == said])
    with instead(scene.built.parts()), pytest.raises(LedgerloopError, match="adopt --deal"):
        reissue.renewals([deal])
    house = _house(scene)
    with instead(scene.built.parts()):
        survey = adoption_survey.survey(house, adoption_survey.homes_of(""), [deal], made["InvoiceNumber"])
        assert survey.named is not None
        assert [survey.named] == adoption.link(house, survey, [survey.named], "test").done
    scene.on.until("the message goes", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    assert {} == scene.holds()


def _house(scene: Scene) -> Portal:
    with scene.built.database.reading() as tx:
        house = connections.only_portal(tx)
    assert house is not None
    return house


def test_what_is_said_of_a_named_invoice_follows_it(scene: Scene) -> None:
    """Not known here, then pulled, then voided: each time the deal says what is so now, and what to do about that."""
    scene.silence("xero")
    hand = scene.invoice_for(scene.customer("Named Ltd"), "478.80")
    deal = scene.sell(won=False)
    scene.edit("deals", deal, xero_invoice_id=hand["InvoiceID"])
    scene.win(deal)
    _until_held(scene, deal, "which is not known here")
    scene.settle()

    _pull(scene)
    _until_held(scene, deal, "which stands in Xero without the deal's mark")
    scene.settle()

    _in_xero(scene, hand, Status="VOIDED")
    _pull(scene)
    _until_held(scene, deal, "which is VOIDED in Xero")
    scene.settle()
    assert [] == scene.invoices_of(deal)


def _pull(scene: Scene) -> None:
    with scene.built.database.transaction() as tx:
        cursors.put(tx, Cursor(scene.on.organisation, CAUGHT_UP))
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.built.parts().nudge()


def _until_held(scene: Scene, deal: str, said: str) -> None:
    scene.on.until(said, lambda: said in " ".join(scene.holds().get(f"deal {deal}", ())) or None)


def _in_xero(scene: Scene, invoice: dict[str, Any], **values: Any) -> None:
    """Change an invoice as finance does."""
    body = {"Invoices": [{"InvoiceID": invoice["InvoiceID"], **values}]}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", body)


def forget(scene: Scene, deal: str) -> None:
    """Let the database know of a deal no more than before it was won."""
    scene.settle()
    with scene.built.database.transaction() as tx:
        known = intents.get(tx, PORTAL, [deal])[deal]
        intents.remove(tx, PORTAL, deal)
        links.remove(tx, Link(known.organisation, known.invoice, "deal", deal, ""))
        last_written.forget(tx, PORTAL, "deal", [deal])


def find(scene: Scene, deal: str) -> None:
    """Have the deal looked at, and wait until its invoice is followed again."""
    scene.edit("deals", deal, dealname="Found again")

    def found() -> bool | None:
        with scene.built.database.reading() as tx:
            known = intents.get(tx, PORTAL, [deal])
        return (deal in known and known[deal].state == "made") or None

    scene.on.until("the invoice is found", found)
    scene.settle()


def _made(scene: Scene, deal: str) -> dict[str, Any]:
    scene.until_shown("deals", deal, "xero_invoice_id")
    (invoice,) = scene.invoices_of(deal)
    return invoice


def _come_to(scene: Scene, deal: str, total: float) -> bool | None:
    return scene.invoices_of(deal)[0]["SubTotal"] == total or None


def _edit_line(scene: Scene, deal: str, **values: str) -> None:
    """Change the deal's one line item."""
    query = {"properties": "name", "associations": "line_items"}
    tied = scene.on.at_hubspot("GET", f"{OBJECTS}/deals/{deal}", query=query)["associations"]
    (item,) = next(iter(tied.values()))["results"]
    scene.edit("line_items", item["id"], **values)
