"""`ledgerloop plan --deal`: the invoice as it would be made, or its holds, and nothing is written anywhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from scene import LINE, Scene

from ledgerloop.flows.parts import instead
from ledgerloop.flows.quoting import quote
from ledgerloop.store import connections
from ledgerloop.store.tables import metadata

READING = ("/search", "/batch/read", "access-token-info")


def test_a_plan_shows_the_invoice_and_writes_nothing(scene: Scene) -> None:
    """A plan is what the work then does; making it changes neither vendor nor database."""
    scene.silence("hubspot")
    deal = scene.sell([{**LINE[0], "hs_tax_rate_group_id": "1", "hs_discount_percentage": "7.5"}])
    held = scene.sell(lines=[], contact=None)
    scene.settle()
    scene.forget_calls()
    before = _everything(scene)

    with scene.built.database.reading() as tx:
        house = connections.only_portal(tx)
    assert house is not None
    with instead(scene.built.parts()):
        found, refused = quote(house, [deal, held])

    assert before == _everything(scene)
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


def _everything(scene: Scene) -> Any:
    """Return what both vendors and the database hold."""
    with scene.built.database.reading() as tx:
        rows = {name: sorted(map(repr, tx.execute(table.select()))) for name, table in metadata.tables.items()}
    people = scene.on.in_xero("GET", "/Contacts", query={"page": "1", "pageSize": "1000"})["Contacts"]
    return rows, scene.invoices(), people
