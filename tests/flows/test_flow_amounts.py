"""What a deal says is what Xero gets: a deal's figures on one side, the invoice's on the other."""

from __future__ import annotations

from typing import Any

from scene import Scene


def made(scene: Scene, deal: str) -> dict[str, Any]:
    """Return the one invoice of a deal, once the deal shows it."""
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    [invoice] = scene.invoices_of(deal)
    return invoice


def test_decimals_that_xero_does_not_keep(scene: Scene) -> None:
    """A percentage, a quantity and a price with more decimals than Xero keeps come to what HubSpot says of them."""
    deal = scene.sell(
        [
            {"name": "Licence", "quantity": "1", "price": "100000", "hs_discount_percentage": "12.3456"},
            {"name": "Hours", "quantity": "2.33333", "price": "90"},
            {"name": "Bolts", "quantity": "1000", "price": "0.00125"},
        ]
    )

    invoice = made(scene, deal)

    assert [(one["Description"], one["LineAmount"]) for one in invoice["LineItems"]] == [
        ("Licence", 87654.4),
        ("Hours – 2.33333 × 90", 210.0),
        ("Bolts – 1000 × 0.00125", 1.25),
    ]
