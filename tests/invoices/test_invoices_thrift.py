"""What changes nothing writes nothing, and what is asked of the store does not grow with each deal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from scene import Scene
from sqlalchemy import Engine, event

from ledgerloop.hubspot.models import Record
from ledgerloop.invoices import edits, existing, write_back
from ledgerloop.parts import instead
from ledgerloop.store import connections

PORTAL = "62515"


@contextmanager
def _asked() -> Iterator[list[str]]:
    """Collect what this thread asks of the database while the block lasts."""
    mine, statements = threading.get_ident(), list[str]()

    def keep(_tx: Any, _cursor: Any, query: str, *_more: Any) -> None:
        if threading.get_ident() == mine:
            statements.append(query)

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


def _sold(scene: Scene, number: int) -> list[str]:
    deals = [scene.sell() for _ in range(number)]
    for deal in deals:
        scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    return deals


def _cost(scene: Scene, do: Callable[[], object]) -> list[str]:
    with instead(scene.built.parts()), _asked() as statements:
        do()
    return statements


def test_an_edit_that_changes_nothing_writes_nothing(staged: Callable[..., Scene]) -> None:
    """HubSpot tells of every touch of a deal: one that says what its invoice says takes no write lock."""
    scene = staged({"standing": {"poll_seconds": 3600}})
    deals = _sold(scene, 3)

    asked = _cost(scene, lambda: edits.edit(PORTAL, deals, []))

    assert [] == [one for one in asked if one.startswith(("BEGIN IMMEDIATE", "UPDATE", "INSERT", "DELETE"))]


def test_what_is_asked_does_not_grow_with_each_deal(staged: Callable[..., Scene]) -> None:
    """Deals are looked up together, whether they are edited, shown or held."""
    scene = staged({"standing": {"poll_seconds": 3600}})
    deals = _sold(scene, 4)
    held = [scene.sell(company=None, contact=None) for _ in range(4)]
    scene.on.until("they are held", lambda: all(f"deal {deal}" in scene.holds() for deal in held) or None)
    scene.settle()

    edited = [len(_cost(scene, lambda some=some: edits.edit(PORTAL, some, some))) for some in (deals[:1], deals)]
    shown = [
        len(_cost(scene, lambda some=some: write_back.show_deals(PORTAL, some)))
        for some in ([deals[0], held[0]], [*deals, *held])
    ]

    assert edited[0] == edited[1]
    assert shown[0] == shown[1]


def test_deals_that_name_others_are_asked_about_together(scene: Scene) -> None:
    """Each has an invoice and names another, without a mark: three are as many statements as one, and none has one."""
    deals = _sold(scene, 3)
    customer = scene.customer("Linked Ltd")
    hands = [scene.invoice_for(customer)["InvoiceID"] for _ in deals]
    scene.settle()
    named = {
        deal: Record(id=deal, properties={"xero_invoice_id": hand}) for deal, hand in zip(deals, hands, strict=True)
    }
    counts = []
    with instead(scene.built.parts()):
        with scene.built.database.reading() as tx:
            portal = connections.portals(tx)[0]
        for some in (deals[:1], deals):
            with _asked() as statements:
                assert {} == existing.standing_for(portal, {deal: named[deal] for deal in some}, "xero_invoice_id")
            counts.append(len(statements))

    assert counts[0] == counts[1]
