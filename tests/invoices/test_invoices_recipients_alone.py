"""An email is held until somebody says who receives it.

Two stages never share a process, so these tests stand apart from those that share one.
"""

from __future__ import annotations

from collections.abc import Callable

from buyers import BILLING, customer_of, firm, sold, tie
from crm import Customers
from scene import Scene

from ledgerloop.engine import retries
from ledgerloop.parts import instead

NOTHING_SAYS = "The deal has several contacts, and nothing says who receives the invoice"


def test_an_email_is_held_until_somebody_says_who(staged: Callable[..., Scene]) -> None:
    """Nobody looks at the invoice before it leaves, so a person says first who receives it; a label settles it."""
    scene = staged({"route": {"status": "AUTHORISED", "email": True}})
    company, (_, second) = firm(scene, "Hazel Bay", "first", "second")

    deal = sold(scene, company, "Hazel Bay")

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert said.startswith(f"{NOTHING_SAYS}: First (first@hazel-bay.example.com); Second")
    assert [] == scene.invoices_of(deal)
    tie(scene, second, company, BILLING)
    with instead(scene.built.parts()):
        retries.retry([deal])
    scene.until_shown("deals", deal, "xero_invoice_id")
    assert "second@hazel-bay.example.com" == customer_of(scene, Customers(scene), deal)["EmailAddress"]
    third = scene.make("contacts", email="third@hazel-bay.example.com", lastname="Third")
    fourth = scene.make("contacts", email="fourth@hazel-bay.example.com", lastname="Fourth")
    again = sold(scene, company, "Hazel Bay", contacts=[third, fourth])
    assert not scene.until_shown("deals", again, "xero_invoice_id")["xero_sync_message"]
