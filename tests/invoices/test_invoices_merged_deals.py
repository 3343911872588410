"""Deals that are merged in HubSpot: the invoice goes with the survivor, and two invoices are a question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from crm import Customers, begun
from scene import LINE, Scene

from ledgerloop.engine import retries
from ledgerloop.parts import instead

MORE = ({"name": "Support", "quantity": "1", "price": "100"},)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has deals of its own."""
    with begun(tmp_path_factory.mktemp("merging")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


@pytest.fixture(autouse=True)
def _as_usual(scene: Scene) -> Iterator[None]:
    yield
    scene.configure("hubspot", merge_creates=False)


@pytest.mark.parametrize("anew", [False, True], ids=["survivor", "made anew"])
def test_two_invoices_are_told_and_neither_grows(scene: Scene, crm: Customers, anew: bool) -> None:
    """Both deals were invoiced: the survivor names both numbers, no draft takes the other's lines, one void ends it."""
    ours, theirs = scene.sell(LINE), scene.sell(MORE)
    first, second = made(scene, ours), made(scene, theirs)
    scene.settle()
    scene.configure("hubspot", merge_creates=anew)

    crm.merge("deals", theirs, ours)
    survivor = living(scene, ours)
    said = scene.until_shown("deals", survivor, "xero_sync_message")["xero_sync_message"]

    assert f"{first['InvoiceNumber']} and {second['InvoiceNumber']}" in said
    assert f"deal {survivor}" in scene.holds()
    scene.edit("deals", survivor, amount="578.80")
    scene.settle()
    assert (478.8, 100.0) == (total(scene, ours), total(scene, theirs))
    void(scene, second["InvoiceID"])
    scene.settle()
    retry(scene, survivor)
    scene.on.until("the message goes", lambda: not scene.show("deals", survivor)["xero_sync_message"] or None)
    assert f"deal {survivor}" not in scene.holds()


def test_two_invoices_may_both_stand(scene: Scene, crm: Customers) -> None:
    """A person who put both right says so; the hold goes, and neither invoice is changed for it."""
    ours, theirs = scene.sell(LINE), scene.sell(MORE)
    for deal in (ours, theirs):
        made(scene, deal)
    scene.settle()
    crm.merge("deals", theirs, ours)
    scene.until_shown("deals", ours, "xero_sync_message")
    scene.settle()

    retry(scene, ours)

    scene.on.until("the message goes", lambda: not scene.show("deals", ours)["xero_sync_message"] or None)
    assert f"deal {ours}" not in scene.holds()
    assert (478.8, 100.0) == (total(scene, ours), total(scene, theirs))


@pytest.mark.parametrize("anew", [False, True], ids=["survivor", "made anew"])
def test_an_invoice_goes_with_the_survivor(scene: Scene, crm: Customers, anew: bool) -> None:
    """The survivor is open: the draft waits, follows once it is won, and the survivor shows what becomes of it."""
    company = scene.make("companies", name=f"Merging {'Anew' if anew else 'Here'} Ltd")
    open_, invoiced = scene.sell(LINE, company=company, won=False), scene.sell(MORE, company=company)
    invoice = made(scene, invoiced)
    scene.settle()
    scene.configure("hubspot", merge_creates=anew)

    crm.merge("deals", invoiced, open_)
    survivor = living(scene, open_)
    said = scene.until_shown("deals", survivor, "xero_sync_message")["xero_sync_message"]
    assert "the deal is not won" in said
    assert 100.0 == total(scene, invoiced)
    scene.win(survivor)

    scene.on.until("the draft follows", lambda: total(scene, invoiced) == 578.8 or None)
    assert [] == scene.invoices_of(open_)
    scene.approve(invoice["InvoiceID"])
    shown = scene.until_shown("deals", survivor, "xero_invoice_status", "AUTHORISED")
    assert (invoice["InvoiceNumber"], "") == (shown["xero_invoice_number"], shown["xero_sync_message"] or "")


def made(scene: Scene, deal: str) -> dict[str, Any]:
    """Return a deal's one invoice once it stands."""
    scene.until_shown("deals", deal, "xero_invoice_id")
    (invoice,) = scene.invoices_of(deal)
    return invoice


def living(scene: Scene, deal: str) -> str:
    """Return the id under which a merged deal is found."""
    return str(scene.on.at_hubspot("GET", f"/crm/objects/2026-09/deals/{deal}")["id"])


def total(scene: Scene, deal: str) -> float:
    """Return what the invoice with a deal's mark comes to."""
    (invoice,) = scene.invoices_of(deal)
    return float(invoice["SubTotal"])


def void(scene: Scene, invoice: str) -> None:
    """Delete a draft as finance does."""
    scene.on.in_xero("POST", f"/Invoices/{invoice}", {"Invoices": [{"InvoiceID": invoice, "Status": "DELETED"}]})


def retry(scene: Scene, deal: str) -> None:
    """Try a deal again as a person does."""
    with instead(scene.built.parts()):
        retries.retry([deal])
