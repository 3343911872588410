"""An invoice that finance typed by hand after the deal's own was deleted, voided or credited takes that one's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scene import Scene
from test_invoices_adoption import PORTAL, _after, _by_hand, _house, _link, _old, _survey
from test_invoices_adoption_apart import AUSSIE, KIWI, Two
from test_invoices_edits import _credit, _edit_line, _until_told
from test_invoices_reissue import end, made

from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import adoption, adoption_survey, existing, reissue
from ledgerloop.parts import instead
from ledgerloop.store import intents, links


def _retyped(scene: Scene, status: str = "DELETED") -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Sell, do away with the invoice, and type it anew for the same customer; return the deal and both invoices."""
    deal = scene.sell()
    own = made(scene, deal)
    if status == "VOIDED":
        scene.approve(own["InvoiceID"])
    end(scene, own, status)
    hand = scene.invoice_for(own["Contact"]["ContactID"], own["SubTotal"], LineAmountTypes="Exclusive")
    scene.settle()
    return deal, own, hand


@pytest.mark.parametrize("status", ["DELETED", "VOIDED"])
def test_one_typed_anew_takes_the_place_of_one_that_is_gone(scene: Scene, status: str) -> None:
    """The deal says how, it is listed, a person names the two, and from then on it follows the new one and no other."""
    deal, own, hand = _retyped(scene, status)
    told = str(scene.show("deals", deal)["xero_sync_message"])
    assert f"`ledgerloop adopt --deal {deal} --invoice` with its number" in told
    plan = _survey(scene).plan
    assert deal not in {one.deal.id for one in plan.certain}
    assert deal in {one.deal.id for one in plan.uncertain} | {one.id for one in plan.without}

    survey = _survey(scene, deal, invoice=hand["InvoiceNumber"])

    assert survey.named is not None
    place = f"The deal has {own['InvoiceNumber']}, which is {status} in Xero: this one would take its place."
    assert place in survey.named.doubts
    linked = _link(scene, survey)
    assert [] == linked.refused
    shown = scene.until_shown("deals", deal, "xero_invoice_id", hand["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.settle()
    assert not scene.show("deals", deal)["xero_sync_message"], shown
    with scene.built.database.reading() as tx:
        assert hand["InvoiceID"] == intents.get(tx, PORTAL, [deal])[deal].invoice
        linked_to = links.find(tx, scene.on.organisation, "deal", [own["InvoiceID"], hand["InvoiceID"]])
    assert {hand["InvoiceID"]: deal} == {key: one.hubspot_id for key, one in linked_to.items()}
    scene.pay(hand["InvoiceID"], hand["Total"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    scene.edit("deals", deal, dealname="Edited afterwards")
    scene.settle()
    assert [own["InvoiceID"]] == [one["InvoiceID"] for one in scene.invoices_of(deal)]
    assert {} == scene.holds()


def test_one_that_stands_keeps_its_place(scene: Scene) -> None:
    """A draft or an unpaid invoice is deleted or voided first, and the sentence says so; nothing is linked."""
    deal = scene.sell()
    own = made(scene, deal)
    hand = _by_hand(scene, "Beside Ltd")
    with pytest.raises(LedgerloopError, match=r"already\. Delete it in Xero first"):
        _survey(scene, deal, invoice=hand["InvoiceNumber"])
    scene.approve(own["InvoiceID"])
    with pytest.raises(LedgerloopError, match=r"already\. Void it in Xero first"):
        _survey(scene, deal, invoice=hand["InvoiceNumber"])
    scene.pay(own["InvoiceID"], own["Total"])

    survey = _survey(scene, deal, invoice=hand["InvoiceNumber"])

    assert survey.named is not None
    with pytest.raises(LedgerloopError, match=f"has invoice {own['InvoiceNumber']} already, which is PAID"):
        adoption.check(survey.named)


def test_a_new_one_made_meanwhile_stays_the_only_one(scene: Scene) -> None:
    """Between what was shown and the yes another was made anew: that one is the deal's, and the deal names it."""
    deal, _, hand = _retyped(scene)
    survey = _survey(scene, deal, invoice=hand["InvoiceNumber"])
    with instead(scene.built.parts()):
        reissue.renew(reissue.renewals([deal]))
    scene.until_shown("deals", deal, "xero_invoice_status", "DRAFT")
    scene.settle()

    linked = _link(scene, survey)

    assert [] == linked.done
    assert ["by now."] == [why[-7:] for _, why in linked.refused]
    scene.settle()
    with scene.built.database.reading() as tx:
        kept = intents.get(tx, PORTAL, [deal])[deal].invoice
    assert kept != hand["InvoiceID"]
    assert kept == scene.show("deals", deal)["xero_invoice_id"]


def test_one_that_is_anothers_by_now_leaves_the_deal_as_it_was(scene: Scene) -> None:
    """Another deal got the same invoice first: the deal keeps its own, and says that it is gone."""
    deal, own, hand = _retyped(scene)
    rival = _old(scene)
    survey = _survey(scene, deal, invoice=hand["InvoiceNumber"])
    assert [rival] == [one.deal.id for one in _link(scene, _survey(scene, rival, invoice=hand["InvoiceNumber"])).done]

    linked = _link(scene, survey)

    assert [f"Invoice {hand['InvoiceNumber']} is followed for deal {rival} already."] == [
        why for _, why in linked.refused
    ]
    with scene.built.database.reading() as tx:
        assert own["InvoiceID"] == intents.get(tx, PORTAL, [deal])[deal].invoice
    assert own["InvoiceID"] == scene.show("deals", deal)["xero_invoice_id"]


def test_a_paid_deal_that_moved_to_another_organisation(staged: Callable[..., Scene]) -> None:
    """The sentence on the deal is followed word for word: one is made there by hand, and the deal follows that."""
    scene = staged({"routes": [{"currency": "AUD", "organisation": AUSSIE}, {"organisation": KIWI}]})
    two = Two(scene)
    _after(scene)
    deal = scene.sell(deal_currency_code="NZD")
    scene.on.organisation = two.ids[KIWI]
    own = made(scene, deal)
    scene.approve(own["InvoiceID"])
    scene.pay(own["InvoiceID"], own["Total"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    scene.edit("deals", deal, deal_currency_code="AUD")
    scene.settle()
    told = str(scene.show("deals", deal)["xero_sync_message"])
    assert f"run `ledgerloop adopt --deal {deal} --invoice` with the number of that one" in told
    hand = two.invoiced(AUSSIE, own["Contact"]["Name"], InvoiceNumber="HA-1")
    scene.settle()

    with instead(scene.built.parts()):
        survey = adoption_survey.survey(_house(scene), adoption_survey.homes_of(""), [deal], "HA-1")
        assert survey.named is not None
        adoption.check(survey.named)
    assert f"The deal has {own['InvoiceNumber']} in {KIWI}, which is PAID in Xero" in " ".join(survey.named.doubts)
    assert [] == _link(scene, survey).refused

    scene.until_shown("deals", deal, "xero_invoice_id", hand)
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.settle()
    assert not scene.show("deals", deal)["xero_sync_message"]
    scene.on.organisation = two.ids[KIWI]
    assert "PAID" == next(one["Status"] for one in scene.invoices_of(deal))
    assert f"deal {deal}" not in scene.holds()


def test_a_paid_one_whose_place_was_taken_is_not_followed_again(staged: Callable[..., Scene]) -> None:
    """The one in its place is voided: the deal says so, and a new one may be made; named again, it is followed."""
    scene = staged({"routes": [{"currency": "AUD", "organisation": AUSSIE}, {"organisation": KIWI}]})
    two = Two(scene)
    _after(scene)
    deal = scene.sell(deal_currency_code="NZD")
    scene.on.organisation = two.ids[KIWI]
    own = made(scene, deal)
    scene.approve(own["InvoiceID"])
    scene.pay(own["InvoiceID"], own["Total"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    scene.edit("deals", deal, deal_currency_code="AUD")
    scene.settle()
    hand = two.invoiced(AUSSIE, "Another Name Ltd", InvoiceNumber="HA-2", Reference=own["Reference"])
    scene.settle()
    assert [] == _link(scene, _survey(scene, deal, invoice="HA-2")).refused
    scene.until_shown("deals", deal, "xero_invoice_id", hand)
    scene.settle()

    scene.on.organisation = two.ids[AUSSIE]
    end(scene, {"InvoiceID": hand}, "VOIDED")

    told = _until_told(scene, deal, "was voided in Xero")
    assert f"`ledgerloop retry --deal {deal} --new`" in told
    scene.settle()
    assert hand == scene.show("deals", deal)["xero_invoice_id"]
    with instead(scene.built.parts()):
        reissue.renew(reissue.renewals([deal]))
    scene.until_shown("deals", deal, "xero_invoice_status", "DRAFT")
    scene.settle()
    (new,) = (one for one in scene.invoices_of(deal) if one["Status"] == "DRAFT")
    assert new["InvoiceID"] == scene.show("deals", deal)["xero_invoice_id"]
    end(scene, new, "DELETED")
    scene.until_shown("deals", deal, "xero_invoice_status", "DELETED")
    scene.settle()

    assert [] == _link(scene, _survey(scene, deal, invoice=own["InvoiceID"])).refused

    scene.until_shown("deals", deal, "xero_invoice_id", own["InvoiceID"])
    scene.settle()
    assert own["InvoiceID"] == scene.show("deals", deal)["xero_invoice_id"]
    with instead(scene.built.parts()):
        found = existing.standing(_house(scene), [deal])
    assert own["InvoiceID"] == found[deal].id


@pytest.mark.parametrize("order", ["credited first", "typed first", "without the mark"])
def test_an_edited_deal_whose_invoice_is_credited_and_typed_anew(scene: Scene, order: str) -> None:
    """Finance credits the approved invoice in full and types another: what was told of the edit ends with that."""
    deal = scene.sell(amount="478.80")
    own = made(scene, deal)
    scene.approve(own["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    _edit_line(scene, deal, "Seats", quantity="20")
    scene.edit("deals", deal, amount="798.00")
    _until_told(scene, deal, "it is no longer a draft. Change it in Xero.")
    scene.settle()

    typed = {"Reference": own["Reference"]} if order != "without the mark" else {}
    hands = [_typed(scene, own, **typed)] if order == "typed first" else []
    _credit(scene, own, own["SubTotal"])
    if not hands:
        told = _until_told(scene, deal, "it is credited in full.")
        assert f"run `ledgerloop adopt --deal {deal} --invoice` with the number of that one" in told
        assert "Compare the two" not in told
        hands = [_typed(scene, own, **typed)]
    hand = hands[0]
    if order == "without the mark":
        scene.settle()
        survey = _survey(scene, deal, invoice=hand["InvoiceNumber"])
        assert survey.named is not None
        assert f"{own['InvoiceNumber']}, which is credited in full in Xero: this one" in " ".join(survey.named.doubts)
        with instead(scene.built.parts()):
            adoption.check(survey.named)
        assert [] == _link(scene, survey).refused

    scene.until_shown("deals", deal, "xero_invoice_id", hand["InvoiceID"])
    scene.on.until("nothing is told", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)
    scene.settle()
    assert not scene.show("deals", deal)["xero_sync_message"]
    assert {} == scene.holds()


@pytest.mark.parametrize("marked", [True, False])
def test_a_new_one_though_a_credited_one_has_the_mark(scene: Scene, marked: bool) -> None:
    """What was typed in the place of a credited invoice is voided as well; asked for, one is made, as the deal says."""
    deal = scene.sell()
    own = made(scene, deal)
    scene.approve(own["InvoiceID"])
    _credit(scene, own, own["SubTotal"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    hand = _typed(scene, own, **({"Reference": own["Reference"]} if marked else {}))
    if not marked:
        scene.settle()
        assert [] == _link(scene, _survey(scene, deal, invoice=hand["InvoiceNumber"])).refused
    scene.until_shown("deals", deal, "xero_invoice_id", hand["InvoiceID"])
    end(scene, hand, "VOIDED")
    scene.until_shown("deals", deal, "xero_invoice_status", "VOIDED")
    assert f"`ledgerloop retry --deal {deal} --new`" in str(scene.show("deals", deal)["xero_sync_message"])
    scene.settle()

    with instead(scene.built.parts()):
        reissue.renew(reissue.renewals([deal]))

    scene.until_shown("deals", deal, "xero_invoice_status", "DRAFT")
    new = scene.show("deals", deal)["xero_invoice_id"]
    assert new not in (own["InvoiceID"], hand["InvoiceID"])
    scene.settle()
    assert {} == scene.holds()
    scene.edit("deals", deal, dealname="Edited afterwards")
    scene.settle()
    assert new == scene.show("deals", deal)["xero_invoice_id"]
    assert 1 == len([one for one in scene.invoices_of(deal) if one["Status"] == "DRAFT"])


def test_a_deal_whose_invoice_is_credited_in_full_is_not_paid(staged: Callable[..., Scene]) -> None:
    """Nobody paid it, so the deal stays where it is; once the one that was typed in its place is paid, it moves."""
    scene = staged({"route": {"status": "AUTHORISED", "paid_stage": "qualifiedtobuy"}})
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id")
    own = made(scene, deal)
    _credit(scene, own, own["SubTotal"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    scene.settle()
    assert "closedwon" == scene.show("deals", deal)["dealstage"]

    hand = _typed(scene, own, Reference=own["Reference"])
    scene.until_shown("deals", deal, "xero_invoice_id", hand["InvoiceID"])
    scene.pay(hand["InvoiceID"], hand["Total"])

    scene.until_shown("deals", deal, "dealstage", "qualifiedtobuy")


def _typed(scene: Scene, own: dict[str, Any], **values: str) -> dict[str, Any]:
    return scene.invoice_for(own["Contact"]["ContactID"], "798", LineAmountTypes="Exclusive", **values)
