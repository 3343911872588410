"""`ledgerloop plan --deal`: the invoice as it would be made, or its holds, and nothing is written anywhere."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from only_reads import only_reading
from scene import LINE, Scene

from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices.preview import EARLY, quote
from ledgerloop.parts import instead
from ledgerloop.store import connections
from ledgerloop.store.tables import link

READING = ("/search", "/batch/read", "access-token-info")


def test_a_plan_shows_the_invoice_and_writes_nothing(staged: Callable[..., Scene]) -> None:
    """A plan is what the work then does; making it changes neither vendor nor database."""
    scene = staged({"standing": {"poll_seconds": 86_400}})  # what nobody tells of is not found meanwhile
    scene.silence("hubspot")
    deal = scene.sell([{**LINE[0], "hs_tax_rate_group_id": "1", "hs_discount_percentage": "7.5"}])
    held = scene.sell(lines=[], contact=None)
    scene.settle()
    scene.forget_calls()
    before = _in_xero(scene)

    with scene.built.database.reading() as tx:
        house = connections.only_portal(tx)
    assert house is not None
    with instead(only_reading(scene.built.parts())):
        found, refused = quote(house, [deal, held])

    assert before == _in_xero(scene)
    written = [
        call
        for vendor in ("xero", "hubspot")
        for call in scene.calls(vendor)
        if call["method"] != "GET" and not call["path"].endswith(READING)
    ]
    assert [] == written
    assert ("Kiwi Demo Ltd", f"HS-{deal}") == (found.organisation, found.invoice["Reference"])
    assert found.totals is not None
    assert (Decimal("442.89"), Decimal("66.43"), Decimal("509.32")) == (
        found.totals.net,
        found.totals.tax,
        found.totals.total,
    )
    assert 2 == len(refused.reasons)


def test_a_plan_says_how_the_customer_was_found(scene: Scene) -> None:
    """A customer found by evidence says on which; one that is linked says since when, and by what."""
    scene.silence("hubspot")
    company = scene.make("companies", name="Quoted Ltd", domain="quoted.example.com")
    scene.customer("Quoted Ltd", "ap@quoted.example.com")
    linked = scene.make("companies", name="Linked Ltd", domain="linked.example.com")
    customer = scene.customer("Linked Ltd", "ap@linked.example.com")
    scene.until_shown("companies", linked, "xero_contact_id", customer)
    scene.settle()
    with scene.built.database.transaction() as tx:
        tx.execute(link.delete().where(link.c.hubspot_id == company))
    scene.edit("companies", company, xero_contact_id="")
    deals = [scene.sell(company=company, contact=None), scene.sell(company=linked, contact=None)]
    with scene.built.database.reading() as tx:
        house = connections.only_portal(tx)
    assert house is not None

    with instead(scene.built.parts()):
        found, known = quote(house, deals)

    assert found.found.startswith("It has the same name")
    assert known.found.startswith(f"Its company {linked} is linked to it since ")
    assert known.found.endswith(" It was found by name and domain.")


def test_a_deal_is_planned_before_it_is_won(scene: Scene) -> None:
    """The invoice can be seen beforehand, and is not made; an id that is no deal's is said to be none."""
    deal = scene.sell(won=False)
    with scene.built.database.reading() as tx:
        house = connections.only_portal(tx)
    assert house is not None

    with instead(scene.built.parts()):
        found, mistyped = quote(house, [deal, "99999"])

    assert (EARLY, f"HS-{deal}") == (found.note, found.invoice["Reference"])
    assert ("HubSpot has no such deal: it was deleted, merged into another, or never was.",) == mistyped.reasons
    with instead(scene.built.parts()), pytest.raises(LedgerloopError, match="HubSpot has no deal 99999"):
        retries.check([deal, "99999"])
    scene.settle()
    assert [] == scene.invoices_of(deal)


def _in_xero(scene: Scene) -> Any:
    people = scene.on.in_xero("GET", "/Contacts", query={"page": "1", "pageSize": "1000"})["Contacts"]
    return scene.invoices(), people
