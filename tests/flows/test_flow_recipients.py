"""Who receives the invoice of a deal, and what its customer needs: nothing where it stands in Xero already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from crm import Customers, begun
from scene import OBJECTS, Scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to the tests of drafts: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("recipients"), {"fields": {"to_xero": True}}) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def test_the_contacts_address_stays_the_customers(scene: Scene, crm: Customers) -> None:
    """It goes whole to Xero, with the mobile, and is not replaced by the company's once that is renamed."""
    company = scene.make("companies", name="Elm Bay Ltd", city="Auckland")
    home = {"address": "5 Home Rd", "city": "Napier", "zip": "4110", "mobilephone": "021 555"}
    contact = scene.make("contacts", email="elm@elm-bay.example.com", lastname="Elm", **home)
    deal = scene.sell(company=company, contact=contact)
    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()

    scene.edit("companies", company, name="Elm Bay Holdings Ltd")
    scene.on.until("renamed", lambda: customer_of(scene, crm, deal)["Name"] == "Elm Bay Holdings Ltd" or None)
    scene.settle()

    shown = customer_of(scene, crm, deal)
    address = next(one for one in shown["Addresses"] if one["AddressType"] == "POBOX")
    assert ("5 Home Rd", "Napier", "4110") == (address["AddressLine1"], address["City"], address["PostalCode"])
    assert "021 555" == next(one["PhoneNumber"] for one in shown["Phones"] if one["PhoneType"] == "DEFAULT")
    of_company = scene.on.at_hubspot("GET", f"{OBJECTS}/companies/{company}", query={"properties": "address,city"})
    assert ("Auckland", None) == (of_company["properties"]["city"], of_company["properties"].get("address"))


def customer_of(scene: Scene, crm: Customers, deal: str) -> dict[str, Any]:
    """Return what Xero shows of the customer who got a deal's invoice."""
    (invoice,) = scene.invoices_of(deal)
    return crm.in_xero(invoice["Contact"]["ContactID"])
