"""An email is held until somebody says who receives it.

Two stages never share a process, so these tests stand apart from those that share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from crm import ASSOCIATIONS, Customers, begun
from scene import OBJECTS, Scene

from ledgerloop.flows import retrying
from ledgerloop.flows.parts import instead

NOTHING_SAYS = "The deal has several contacts, and nothing says who receives the invoice"
BILLING, PRIMARY = 931, 1


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
        retrying.retry([deal])
    scene.until_shown("deals", deal, "xero_invoice_id")
    assert "second@hazel-bay.example.com" == customer_of(scene, Customers(scene), deal)["EmailAddress"]
    third = scene.make("contacts", email="third@hazel-bay.example.com", lastname="Third")
    fourth = scene.make("contacts", email="fourth@hazel-bay.example.com", lastname="Fourth")
    again = sold(scene, company, "Hazel Bay", contacts=[third, fourth])
    assert not scene.until_shown("deals", again, "xero_invoice_id")["xero_sync_message"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to the tests of drafts: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("recipients"), {"fields": {"to_xero": True}}) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def firm(scene: Scene, name: str, *people: str) -> tuple[str, list[str]]:
    """Make a company with its people, and return their ids; the first is the oldest."""
    domain = f"{name.lower().replace(' ', '-')}.example.com"
    company = scene.make("companies", name=f"{name} Ltd")
    made = [scene.make("contacts", email=f"{one}@{domain}", lastname=one.capitalize()) for one in people]
    for one in made:
        tie(scene, one, company, PRIMARY)
    return company, made


def tie(scene: Scene, contact: str, company: str, kind: int) -> None:
    """Associate a contact with a company in one of HubSpot's ways."""
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}]
    scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{contact}/associations/companies/{company}", types)


def sold(scene: Scene, company: str, name: str, contacts: list[str] | None = None) -> str:
    """Win a deal of a company with these contacts, or with all the company's people."""
    if contacts is None:
        path, body = f"{ASSOCIATIONS}/companies/contacts/batch/read", {"inputs": [{"id": company}]}
        contacts = [str(one["toObjectId"]) for one in scene.on.at_hubspot("POST", path, body)["results"][0]["to"]]
    deal = scene.sell(company=company, contact=None, won=False)
    for one in contacts:
        scene.on.at_hubspot("PUT", f"{OBJECTS}/deals/{deal}/associations/default/contacts/{one}")
    scene.edit("deals", deal, dealname=f"Deal of {name}")
    scene.win(deal)
    return deal


def customer_of(scene: Scene, crm: Customers, deal: str) -> dict[str, Any]:
    """Return what Xero shows of the customer who got a deal's invoice."""
    (invoice,) = scene.invoices_of(deal)
    return crm.in_xero(invoice["Contact"]["ContactID"])
