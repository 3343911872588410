"""A deal has two invoices that stand, in one organisation or in two: it says so until one of them bills nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from crm import Customers
from scene import Scene
from sqlalchemy import Connection
from test_invoices_adoption import PORTAL, _after
from test_invoices_adoption_apart import AUSSIE, KIWI, Two
from test_invoices_edits import _credit
from test_invoices_reissue import end, made

from ledgerloop import subjects
from ledgerloop.ledger import duplicate_invoices
from ledgerloop.parts import instead
from ledgerloop.report.naming import names_of
from ledgerloop.report.told import told_on_deals
from ledgerloop.rules.remarks import remarks_of
from ledgerloop.store import intents, journal, single_values


@pytest.fixture
def two(staged: Callable[..., Scene]) -> Two:
    """Connect two organisations; deals in AUD are one's, and all others the other's."""
    two = Two(staged({"routes": [{"currency": "AUD", "organisation": AUSSIE}, {"organisation": KIWI}]}))
    _after(two.scene)
    return two


@pytest.mark.parametrize("which", ["own", "other"])
def test_two_in_two_organisations(two: Two, which: str) -> None:
    """Finance copied a deal's invoice in the other organisation: both are named, and doing away with either ends it."""
    scene = two.scene
    scene.on.organisation = two.ids[KIWI]
    deal = scene.sell(deal_currency_code="NZD")
    own = made(scene, deal)
    other = two.invoiced(AUSSIE, own["Contact"]["Name"], Reference=own["Reference"], InvoiceNumber="COPY-1")

    told = _told(scene, deal)

    assert told == (
        f"Deal {deal} has two invoices in Xero: {own['InvoiceNumber']} in {KIWI}, which it shows, and COPY-1 in"
        f" {AUSSIE} (AUTHORISED, 1000.00 NZD). Delete {own['InvoiceNumber']} in {KIWI} or void COPY-1 in {AUSSIE},"
        f" whichever is wrong; if both are right, take HS-{deal} out of the reference of COPY-1 in {AUSSIE}."
    )
    assert (told,) == scene.holds()[f"invoice {other}"]
    with scene.built.database.reading() as tx:
        held = (two.ids[AUSSIE], f"invoice {other}")
        assert {held: f"COPY-1 in {AUSSIE}"} == names_of(tx, [held])
        assert [] == told_on_deals(tx, [])  # it stands among the holds already
    if which == "own":
        scene.on.organisation = two.ids[KIWI]
        end(scene, own, "DELETED")
    else:
        scene.on.organisation = two.ids[AUSSIE]
        end(scene, {"InvoiceID": other}, "VOIDED")
    scene.until_shown("deals", deal, "xero_invoice_id", other if which == "own" else own["InvoiceID"])
    _says_nothing(scene, deal)


def test_those_that_stood_before_an_upgrade(scene: Scene) -> None:
    """An earlier release stored both and said nothing: the first start of this one looks at them, and no later one."""
    deal = scene.sell()
    own = made(scene, deal)
    other = scene.invoice_for(own["Contact"]["ContactID"], Reference=own["Reference"])
    told = _told(scene, deal)
    with scene.built.database.transaction() as tx:
        forget_told(tx, deal, other["InvoiceID"])
        assert single_values.get(tx, single_values.DOUBLES_LOOKED_AT)  # since the service began
        single_values.forget(tx, single_values.DOUBLES_LOOKED_AT)

    with instead(scene.built.parts()):
        duplicate_invoices.begin()

    assert (told,) == scene.holds()[f"invoice {other['InvoiceID']}"]
    with scene.built.database.reading() as tx:
        assert told == remarks_of(intents.get(tx, PORTAL, [deal])[deal].note).twice
    with scene.built.database.transaction() as tx:
        forget_told(tx, deal, other["InvoiceID"])
    with instead(scene.built.parts()):
        duplicate_invoices.begin()
    assert {} == scene.holds()


def forget_told(tx: Connection, deal: str, other: str) -> None:
    """Have nothing told of an invoice that doubles a deal's, as where an earlier release stored it."""
    intents.change(tx, replace(intents.get(tx, PORTAL, [deal])[deal], note=""), "note")
    journal.clear(tx, [subjects.invoice(other)], datetime.now(UTC))


def test_merged_deals_of_two_organisations(two: Two) -> None:
    """Numbers count anew in each organisation, so the survivor names both organisations, too."""
    scene = two.scene
    deals = {KIWI: scene.sell(deal_currency_code="NZD"), AUSSIE: scene.sell(deal_currency_code="AUD")}
    called = {}
    for organisation, deal in deals.items():
        scene.on.organisation = two.ids[organisation]
        called[organisation] = f"{made(scene, deal)['InvoiceNumber']} in {organisation}"
    scene.settle()

    Customers(scene).merge("deals", deals[AUSSIE], deals[KIWI])

    told = str(scene.until_shown("deals", deals[KIWI], "xero_sync_message")["xero_sync_message"])
    assert f"each has an invoice: {called[KIWI]} and {called[AUSSIE]}. Neither follows" in told
    assert f"Delete {called[KIWI]} or delete {called[AUSSIE]} in Xero" in told


def test_one_that_is_another_sales_after_all(two: Two) -> None:
    """Both are right: with the mark taken out of its reference the other is nobody's, and the deal says nothing."""
    scene = two.scene
    scene.on.organisation = two.ids[KIWI]
    deal = scene.sell(deal_currency_code="NZD")
    own = made(scene, deal)
    other = two.invoiced(AUSSIE, own["Contact"]["Name"], Reference=own["Reference"])
    _told(scene, deal)

    body = {"InvoiceID": other, "Reference": "another sale"}
    scene.on.in_xero("POST", f"/Invoices/{other}", {"Invoices": [body]})

    _says_nothing(scene, deal)
    assert own["InvoiceID"] == scene.show("deals", deal)["xero_invoice_id"]


@pytest.mark.parametrize("which", ["own", "other"])
def test_one_that_is_credited_in_full(scene: Scene, which: str) -> None:
    """What Xero neither deletes nor voids any more is credited and bills nothing then: so the question ends too."""
    deal = scene.sell()
    own = made(scene, deal)
    scene.approve(own["InvoiceID"])
    other = scene.invoice_for(own["Contact"]["ContactID"], Reference=own["Reference"])
    own_now = scene.invoices_of(deal)[0]
    for one in (own_now, other):
        scene.pay(one["InvoiceID"], 1)
    _told(scene, deal, f"Credit {own['InvoiceNumber']} or credit {other['InvoiceNumber']}, whichever is wrong")

    wrong = own_now if which == "own" else other
    for payment in scene.on.in_xero("GET", f"/Invoices/{wrong['InvoiceID']}")["Invoices"][0]["Payments"]:
        path = f"/Payments/{payment['PaymentID']}"
        scene.on.in_xero("POST", path, {"Payments": [{"PaymentID": payment["PaymentID"], "Status": "DELETED"}]})
    _credit(scene, wrong, wrong["SubTotal"], wrong["LineItems"][0]["TaxType"])

    scene.until_shown("deals", deal, "xero_invoice_id", (other if which == "own" else own)["InvoiceID"])
    _says_nothing(scene, deal)


def _told(scene: Scene, deal: str, text: str = "has two invoices") -> str:
    def look() -> str | None:
        shown = str(scene.show("deals", deal)["xero_sync_message"] or "")
        return shown if text in shown else None

    found = scene.on.until(f"the deal tells: {text}", look, 20)
    scene.settle()
    return str(found)


def _says_nothing(scene: Scene, deal: str) -> None:
    scene.on.until("the hold goes", lambda: not scene.holds() or None, 20)
    scene.on.until(
        "the deal says no more of it",
        lambda: "has two invoices" not in str(scene.show("deals", deal)["xero_sync_message"]) or None,
        20,
    )
    scene.settle()
    assert {} == scene.holds()
