"""One organisation that cannot be asked holds back no other's deals, and its own go on by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from scene import Scene

from ledgerloop.cli.stage import connect_xero
from ledgerloop.engine import retries
from ledgerloop.invoices import reissue
from ledgerloop.parts import instead
from ledgerloop.store import connections, deferrals, inbox

KIWI, AUSSIE = "Kiwi Demo Ltd", "Aussie Demo Pty"
ROUTES = {"routes": [{"currency": "AUD", "organisation": AUSSIE}, {"currency": "NZD", "organisation": KIWI}]}


@pytest.fixture
def two(staged: Callable[..., Scene]) -> tuple[Scene, str]:
    """Connect two organisations to which deals go by currency; give the scene, and the id of the first."""
    scene = staged(ROUTES)
    kiwi = scene.on.organisation
    connect_xero(scene.on, AUSSIE)
    scene.settle()
    return scene, kiwi


def _spend(scene: Scene, organisation: str, left: int) -> None:
    answer = scene.on.control.post(
        f"{scene.url('xero')}/_sandbox/day", json={"organisation": organisation, "left": left}
    )
    assert answer.status_code < 300, answer.text


def test_a_spent_day_of_one_organisation(two: tuple[Scene, str]) -> None:
    """The other's deals are invoiced, its own say why they wait, and are invoiced once when calls are left again."""
    scene, kiwi = two
    _spend(scene, kiwi, 0)
    ours = scene.sell(deal_currency_code="NZD")
    scene.until_shown("deals", ours, "xero_sync_message", seconds=20)

    theirs = [scene.sell(deal_currency_code="AUD") for _ in range(2)]

    for deal in theirs:
        scene.until_shown("deals", deal, "xero_invoice_id", seconds=70)
    said = scene.show("deals", ours)["xero_sync_message"]
    assert f"{KIWI} cannot be asked at present" in str(said)
    scene.on.until("no event waits", lambda: not _waiting(scene) or None, 70)
    _spend(scene, kiwi, 1000)
    with instead(scene.built.parts()):
        retries.go_on(kiwi)
    scene.until_shown("deals", ours, "xero_invoice_id", seconds=70)
    assert not scene.show("deals", ours)["xero_sync_message"]
    assert f"deal {ours}" not in scene.holds()


def test_a_deal_that_goes_to_another_organisation_says_what_cures_it(two: tuple[Scene, str]) -> None:
    """Its invoice stays, told as it stands; deleted, a new one is made where the deal goes now. Or it is right so."""
    scene, scene.on.organisation = two
    moved, right = (scene.sell(deal_currency_code="NZD") for _ in range(2))
    for deal in (moved, right):
        scene.until_shown("deals", deal, "xero_invoice_id")
    (first,) = scene.invoices_of(moved)
    scene.settle()

    for deal in (moved, right):
        scene.edit("deals", deal, deal_currency_code="AUD")
    for deal in (moved, right):
        said = str(scene.until_shown("deals", deal, "xero_sync_message", seconds=30)["xero_sync_message"])
        assert f"(DRAFT) was left as it is: the deal's route leads to {AUSSIE} now. Delete this one in Xero and" in said
    scene.settle()
    body = {"InvoiceID": first["InvoiceID"], "Status": "DELETED"}
    scene.on.in_xero("POST", f"/Invoices/{first['InvoiceID']}", {"Invoices": [body]})
    scene.until_shown("deals", moved, "xero_invoice_status", "DELETED")
    with instead(scene.built.parts()):
        retries.retry([right])
        reissue.renew(reissue.renewals([moved]))

    def anew() -> bool | None:
        shown = scene.show("deals", moved)["xero_invoice_id"]
        return bool(shown and shown != first["InvoiceID"]) or None

    scene.on.until("a new one is made", anew, 60)
    scene.on.until("nothing more is told", lambda: not scene.show("deals", right)["xero_sync_message"] or None, 30)


def test_an_invoice_that_was_found_in_another_organisation_tells_of_no_edit(two: tuple[Scene, str]) -> None:
    """Somebody typed it there with the deal's mark before the deal was won; nobody has changed the deal since."""
    scene, kiwi = two
    deal = scene.sell(deal_currency_code="NZD", won=False)
    with scene.built.database.reading() as tx:
        aussie = next(one.id for one in connections.organisations(tx) if one.id != kiwi)
    scene.on.organisation = aussie
    line = {"Description": "Work", "Quantity": 1, "UnitAmount": 800, "AccountCode": "200"}
    body = {"Type": "ACCREC", "Contact": {"Name": "Typed Ltd"}, "LineItems": [line], "Reference": f"HS-{deal}"}
    body |= {"Date": "2026-12-01", "DueDate": "2026-12-30", "Status": "DRAFT"}
    scene.on.in_xero("PUT", "/Invoices", {"Invoices": [body]})
    scene.settle()

    scene.win(deal)

    said = str(scene.until_shown("deals", deal, "xero_sync_message", seconds=30)["xero_sync_message"])
    assert "(DRAFT) was found in Xero, and is not what the deal says." in said
    assert f"It was left as it is: the deal's route leads to {KIWI}. Delete this one in Xero and" in said
    assert "The deal was changed" not in said
    scene.settle()
    with instead(scene.built.parts()):
        retries.retry([deal])
    scene.on.until("nothing more is told", lambda: not scene.show("deals", deal)["xero_sync_message"] or None, 30)


def test_an_edit_waits_for_its_organisation(two: tuple[Scene, str]) -> None:
    """Drafts of the other are changed meanwhile, and its own when it can be asked again."""
    scene, kiwi = two
    ours, theirs = scene.sell(deal_currency_code="NZD"), scene.sell(deal_currency_code="AUD")
    for deal in (ours, theirs):
        scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    scene.settle()
    _spend(scene, kiwi, 0)

    for deal in (ours, theirs):
        scene.add_line(deal, {"name": "One more", "quantity": "1", "price": "5"})

    aussie = scene.on.organisation
    scene.on.until("the other's is changed", lambda: "One more" in _lines(scene, aussie, theirs) or None, 70)
    scene.on.until("its own is put aside", lambda: ours in _aside(scene) or None, 20)
    assert "One more" not in _lines(scene, kiwi, ours)
    _spend(scene, kiwi, 1000)
    with instead(scene.built.parts()):
        retries.go_on(kiwi)
    scene.on.until("its own is changed", lambda: "One more" in _lines(scene, kiwi, ours) or None, 70)


def _lines(scene: Scene, organisation: str, deal: str) -> list[str]:
    """Return what the lines of a deal's invoice say, as a person sees them in Xero."""
    found = replace(scene.on, organisation=organisation).in_xero("GET", "/Invoices", query={"page": "1"})["Invoices"]
    (invoice,) = (one for one in found if f"HS-{deal}" in one.get("Reference", "").split())
    return [line["Description"] for line in invoice["LineItems"]]


def _aside(scene: Scene) -> set[str]:
    """Return the deals that are put aside."""
    with scene.built.database.reading() as tx:
        portal = connections.only_portal(tx)
        kept = deferrals.get(tx, portal.id) if portal else None
    return set(kept.deals) if kept else set()


def _waiting(scene: Scene) -> set[str]:
    """Return the deals that waiting events name."""
    with scene.built.database.reading() as tx:
        some = inbox.recent(tx, 500, "waiting")
    return {one.event.resource for one in some if one.event.category == "deal"}
