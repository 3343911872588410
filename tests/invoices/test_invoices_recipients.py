"""Who receives the invoice of a deal, and what its customer needs: nothing where it stands in Xero already."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from buyers import BILLING, PRIMARY, customer_of, firm, sold, tie
from crm import Customers, begun
from scene import OBJECTS, Scene
from test_invoices_payers import unshown

from ledgerloop.hubspot.models import Record
from ledgerloop.hubspot.reading import associations_from
from ledgerloop.invoices.deals import Sale, for_route
from ledgerloop.rules.recipients import Tie
from ledgerloop.settings.routes import Route, routes_from

LABELLED = [
    {
        "toObjectId": 2,
        "associationTypes": [
            {"category": "HUBSPOT_DEFINED", "typeId": 3, "label": None},
            {"category": "USER_DEFINED", "typeId": 17, "label": "Accounts payable"},
        ],
    }
]
"""A contact of a deal with a label that people made, as HubSpot answers."""
NOTHING_SAYS = "The deal has several contacts, and nothing says who receives the invoice"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to the tests of drafts: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("recipients"), {"fields": {"to_xero": True}}) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def test_the_billing_contact_receives(scene: Scene, crm: Customers) -> None:
    """Of an engineer and the accounts person, the one whom HubSpot has as the company's billing contact."""
    company, (_, accounts) = firm(scene, "Alder Bay", "engineer", "accounts")
    tie(scene, accounts, company, BILLING)

    deal = sold(scene, company, "Alder Bay")

    shown = scene.until_shown("deals", deal, "xero_invoice_id")
    assert "accounts@alder-bay.example.com" == customer_of(scene, crm, deal)["EmailAddress"]
    assert not shown["xero_sync_message"]


def test_the_label_of_the_route_counts() -> None:
    """The route of a deal names the label, and whoever has it receives, and pays where there is no company."""
    people = [Record(id=one, properties={"email": f"{one}@ivy.example.com"}) for one in ("1", "2")]
    ties = (Tie("1"), *(Tie(one.to_id, one.labels) for one in associations_from(LABELLED)))
    sale = Sale(Record(id="9"), contacts=tuple(people), ties=ties)
    terms = routes_from(Route(billing_label="accounts payable"), (), {})[0].terms

    chosen, unnamed = for_route(sale, terms), for_route(sale, routes_from(Route(), (), {})[0].terms)

    assert (people[1], "contact 2", ()) == (chosen.contact, chosen.payer, chosen.left)
    assert (people[0], "contact 1", tuple(people)) == (unnamed.contact, unnamed.payer, unnamed.left)


def test_the_companys_own_person_receives(scene: Scene, crm: Customers) -> None:
    """The older contact is an agency's, at home in another company."""
    agency = scene.make("companies", name="Agency of Birch Bay Ltd")
    company, (outsider, _) = firm(scene, "Birch Bay", "agency", "owner")
    tie(scene, outsider, agency, PRIMARY)

    deal = sold(scene, company, "Birch Bay")

    scene.until_shown("deals", deal, "xero_invoice_id")
    assert "owner@birch-bay.example.com" == customer_of(scene, crm, deal)["EmailAddress"]


def test_a_draft_says_that_nothing_tells(scene: Scene, crm: Customers) -> None:
    """Somebody looks at a draft before it leaves: it is made with the oldest contact, and the deal says so."""
    company, _ = firm(scene, "Cedar Bay", "first", "second")

    deal = sold(scene, company, "Cedar Bay")

    said = scene.until_shown("deals", deal, "xero_invoice_id")["xero_sync_message"] or ""
    assert "first@cedar-bay.example.com" == customer_of(scene, crm, deal)["EmailAddress"]
    assert said.startswith(f"{NOTHING_SAYS}: the new customer was made with First (first@cedar-bay.example.com)")
    again = scene.sell(company=company, contact=None)
    assert not scene.until_shown("deals", again, "xero_invoice_id")["xero_sync_message"]


def test_it_is_said_no_longer_once_finance_has_named_another(scene: Scene, crm: Customers) -> None:
    """What the sentence asks for cures it: the customer is corrected in Xero, and the deal is silent."""
    company, _ = firm(scene, "Cove Bay", "first", "second")
    deal = sold(scene, company, "Cove Bay")
    scene.until_shown("deals", deal, "xero_sync_message")
    customer = customer_of(scene, crm, deal)["ContactID"]

    body = {"ContactID": customer, "EmailAddress": "second@cove-bay.example.com"}
    scene.on.in_xero("POST", f"/Contacts/{customer}", {"Contacts": [body]})

    scene.on.until("it is said no longer", lambda: not scene.show("deals", deal)["xero_sync_message"] or None)


def test_several_contacts_cost_one_call_more(scene: Scene) -> None:
    """One call says how they stand to the company; a deal with one contact does not ask."""
    company, (first, _) = firm(scene, "Dune Bay", "first", "second")
    scene.settle()
    scene.forget_calls()
    for contacts, calls in (([first], 0), (None, 1)):
        deal = sold(scene, company, "Dune Bay", contacts=contacts)
        scene.until_shown("deals", deal, "xero_invoice_id")
        assert calls == len(scene.calls("hubspot", "/contacts/companies/batch/read")), contacts


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


def test_a_customer_in_xero_needs_no_contact(scene: Scene, crm: Customers) -> None:
    """Nobody is named on the deal, and nobody needs to be: the customer stands in Xero, never linked before."""
    customer = crm.add("Fern Bay Ltd", EmailAddress="office@fern-bay.example.com")
    company = scene.make("companies", name="Fern Bay Ltd", domain="fern-bay.example.com")

    deal = scene.sell(company=company, contact=None)

    scene.until_shown("deals", deal, "xero_invoice_id")
    assert customer == customer_of(scene, crm, deal)["ContactID"]


def test_a_customer_in_xero_is_not_asked_about(scene: Scene, crm: Customers) -> None:
    """Of a deal that is held for its lines, nothing is said of a contact that its customer does not need."""
    _, name, _ = unshown(scene, crm, by_email=False)
    known = scene.make("companies", name=name)

    held, new = scene.sell(lines=[], company=known, contact=None), scene.sell(lines=[], contact=None)

    said = scene.until_shown("deals", held, "xero_sync_message")["xero_sync_message"]
    assert "no line items" in said
    assert "no contact" not in said
    assert "no contact" in scene.until_shown("deals", new, "xero_sync_message")["xero_sync_message"]
