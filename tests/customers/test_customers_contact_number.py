"""A customer that was found is told its HubSpot record's id in Xero, where that is switched on and it has no number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from crm import Customers, begun
from scene import Scene

from ledgerloop.cli.stage import NotAsTold
from ledgerloop.customers.hubspot_records import properties_read
from ledgerloop.invoices.deals import read_deals, read_sales
from ledgerloop.parts import instead


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Set one stage for all tests of this file, with the number switched on, and properties for the others named."""
    numbers = {"number": True, "tax_number_property": "tax_no", "company_number_property": "nzbn"}
    with begun(tmp_path_factory.mktemp("numbering"), {"fields": numbers}) as scene:
        yield scene


@pytest.fixture
def crm(scene: Scene) -> Customers:
    """Give the words for customers."""
    return Customers(scene)


def _found(scene: Scene, crm: Customers, name: str, **values: str) -> tuple[str, str]:
    """Let there be a customer whose company was in HubSpot before; return the ids of both."""
    domain = f"{name.split()[0].lower()}.example.com"
    company = scene.make("companies", name=name, domain=domain)
    customer = crm.add(name, EmailAddress=f"pay@{domain}", **values)
    assert company == crm.until_linked(customer)
    return customer, company


def test_who_was_found_gets_it_once(scene: Scene, crm: Customers) -> None:
    """The number says which company it is; a second look writes nothing, and the number is no news of its own."""
    customer, company = _found(scene, crm, "Takahe Tours")
    scene.settle()
    scene.forget_calls()
    crm.touch(customer)

    assert f"HubSpot company {company}" == crm.in_xero(customer)["ContactNumber"]
    assert [] == scene.calls("xero", "/Contacts", "POST")
    assert ("update", f"xero contact {customer}") in scene.journal(f"customer {customer}")


def test_a_number_that_is_there_stays(scene: Scene, crm: Customers) -> None:
    """Another app keeps its key there, and nobody may take it away."""
    customer, _ = _found(scene, crm, "Whio Waters", ContactNumber="MYOB-17")
    scene.settle()

    assert "MYOB-17" == crm.in_xero(customer)["ContactNumber"]


def test_whose_record_we_made_gets_none(scene: Scene, crm: Customers) -> None:
    """That record carries the customer's id from its first moment on."""
    customer = crm.add("Kaka Kayaks")
    crm.until_linked(customer)

    assert "" == crm.in_xero(customer).get("ContactNumber", "")


def test_a_number_that_is_anothers_is_refused_once(scene: Scene, crm: Customers) -> None:
    """Xero gives a number to one contact only; what it refused is journaled and not sent again."""
    company = scene.make("companies", name="Kereru Kits", domain="kereru.example.com")
    holder = crm.add("Somebody Else", ContactNumber=f"HubSpot company {company}")
    crm.change(holder, ContactStatus="ARCHIVED")
    scene.settle()
    customer = crm.add("Kereru Kits", EmailAddress="pay@kereru.example.com")
    assert company == crm.until_linked(customer)
    scene.settle()
    scene.forget_calls()
    crm.touch(customer)

    assert "" == crm.in_xero(customer).get("ContactNumber", "")
    assert 1 == len([one for one in crm.said(customer) if one.startswith("Xero would not take the ContactNumber")])
    assert [] == scene.calls("xero", "/Contacts", "POST")


def test_the_named_properties_are_read_with_companies(scene: Scene) -> None:
    """Tax number and company number come with a company, for customers and for deals, where settings name them."""
    for name in ("tax_no", "nzbn"):
        body = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "companyinformation"}
        scene.on.at_hubspot("POST", "/crm/properties/2026-09/companies", body)

    def make() -> str | None:
        with suppress(NotAsTold):  # a new property is there a moment later
            return scene.make("companies", name="Weka Wines", tax_no="12-345-678", nzbn="9429")
        return None

    company = scene.on.until("the properties are there", make, 10.0)
    deal = scene.sell(company=company, contact=None, won=False)
    with instead(scene.built.parts()):
        client = scene.built.parts().hubspot()
        record = client.read("companies", [company], properties_read("company"))[company]
        sale = read_sales(client, "62515", list(read_deals(client, [deal], ()).values()))[0]

    assert ("12-345-678", "9429") == (record.properties["tax_no"], record.properties["nzbn"])
    assert sale.company is not None
    assert ("12-345-678", "9429") == (sale.company.properties["tax_no"], sale.company.properties["nzbn"])
