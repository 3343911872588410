"""HubSpot's properties: made when missing, by the names a portal uses; what is wrong is said, never worked around."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from crm import Customers
from scene import OBJECTS, Scene

from ledgerloop.cli.stage import connect_hubspot, connect_xero
from ledgerloop.errors import SettingsError
from ledgerloop.portal.properties import compare, provision, survey
from ledgerloop.rules.properties import properties_on
from ledgerloop.rules.standing import WORDS
from ledgerloop.setup.connect import connect_portal
from ledgerloop.store import connections, lanes, single_values

PORTAL = "62515"
PROPERTIES = "/crm/properties/2026-09"
NAMES = {"xero_contact_id": "ledger_id", "xero_outstanding_balance": "owed", "xero_invoice_status": "ledger_state"}


def define(scene: Scene, kind: str, name: str, type_: str, field_type: str, *, unique: bool = False) -> None:
    """Define a property as a person does in HubSpot's settings."""
    body = {"name": name, "label": name, "groupName": f"{kind[:-1]}information", "type": type_, "fieldType": field_type}
    if kind == "companies":
        body["groupName"] = "companyinformation"
    scene.on.at_hubspot("POST", f"{PROPERTIES}/{kind}", body | {"hasUniqueValue": unique})


def test_mapped_names_from_end_to_end(staged: Callable[..., Scene]) -> None:
    """A portal's own names are made, written, and read to find a customer again."""
    scene = staged({"properties": NAMES})
    crm = Customers(scene)
    customer = crm.add("Mapped Ltd", EmailAddress="m@mapped.example.com")
    contact, company = crm.until_linked(customer, "contact"), crm.until_linked(customer)

    crm.touch(customer)

    for kind, record in (("contacts", contact), ("companies", company)):
        shown = scene.on.at_hubspot("GET", f"{OBJECTS}/{kind}/{record}", query={"properties": ",".join(NAMES.values())})
        assert (customer, "1.00", "AUTHORISED") == tuple(shown["properties"][name] for name in NAMES.values())
        made = {one["name"] for one in scene.on.at_hubspot("GET", f"{PROPERTIES}/{kind}")["results"]}
        assert set(NAMES.values()) <= made
        assert made.isdisjoint(NAMES)


def test_a_property_that_was_deleted_is_made_again(staged: Callable[..., Scene]) -> None:
    """PROPERTY_DOESNT_EXIST costs one round of provisioning: the property is back, and what it should show stands."""
    scene = staged()
    crm = Customers(scene)
    customer = crm.add("Again Ltd")
    company = crm.until_linked(customer)
    scene.on.at_hubspot("DELETE", f"{PROPERTIES}/companies/xero_outstanding_balance")

    crm.touch(customer)

    scene.until_shown("companies", company, "xero_outstanding_balance", "1.00")


def test_a_property_that_cannot_be_made_parks_the_lane(staged: Callable[..., Scene]) -> None:
    """Where provisioning does not help, the lane waits for a person, who is told where to look; nothing is lost."""
    scene = staged()
    crm = Customers(scene)
    customer = crm.add("Waiting Ltd")
    company = crm.until_linked(customer)
    scene.on.at_hubspot("DELETE", f"{PROPERTIES}/companies/xero_outstanding_balance")
    scene.fault("hubspot", kind="status", status=409, path="properties/2026-09/companies/batch/create$", method="POST")

    scene.invoice_for(customer, "1.00")

    said = scene.on.until("parked", lambda: _parked(scene), 20.0)
    assert "xero_outstanding_balance" in said
    assert "ledgerloop doctor" in said
    scene.mend("hubspot")
    with scene.built.database.transaction() as tx:
        lanes.unpark(tx, "standing", scene.on.organisation)
    scene.until_shown("companies", company, "xero_outstanding_balance", "1.00")


def test_a_wrong_type_is_reported_and_costs_that_value(staged: Callable[..., Scene]) -> None:
    """A property of the wrong type is said to be; what does not fit it is held, and all else is written."""
    scene = staged(connected=False)
    connect_xero(scene.on, "Kiwi Demo Ltd")
    define(scene, "companies", "xero_invoice_status", "number", "number")
    connect_hubspot(scene.on)
    scene.settle()
    crm = Customers(scene)

    _, wrong = compare(scene.built.vendors.hubspot(), "company", {})
    customer = crm.add("Wrong Type Ltd")
    company = crm.until_linked(customer)
    crm.touch(customer)

    assert any("`xero_invoice_status` is a number, and must be a enumeration" in one for one in wrong)
    shown = scene.show("companies", company)
    assert ("1.00", None) == (shown["xero_outstanding_balance"], shown["xero_invoice_status"])
    assert "xero_invoice_status" in scene.holds()[f"hubspot company {company}"][0]


def test_provisioning_again_makes_nothing(staged: Callable[..., Scene]) -> None:
    """Every property is there with its exact name, type and uniqueness; a second run finds nothing to do."""
    scene = staged()
    client = scene.built.vendors.hubspot()

    done = provision(client, survey(client), {}, lambda seconds: None)

    assert ([], []) == (done.made, done.wrong)
    for kind in ("contact", "company", "deal"):
        plural = "companies" if kind == "company" else f"{kind}s"
        there = {one["name"]: one for one in scene.on.at_hubspot("GET", f"{PROPERTIES}/{plural}")["results"]}
        for wanted in properties_on(kind):  # type: ignore[arg-type]
            made = there[wanted.name]
            assert (wanted.type, wanted.field_type, wanted.unique) == (
                made["type"],
                made["fieldType"],
                made["hasUniqueValue"],
            )


def test_an_id_that_is_not_unique_is_a_hold(staged: Callable[..., Scene]) -> None:
    """An id property that HubSpot does not keep unique stops all customers: a person is told which and what to do."""
    scene = staged(connected=False)
    connect_xero(scene.on, "Kiwi Demo Ltd")
    define(scene, "contacts", "xero_contact_id", "string", "text")
    connect_hubspot(scene.on)
    scene.settle()

    at_once = " ".join(scene.holds()[f"properties {PORTAL}"])
    assert "The contact property `xero_contact_id` does not require unique values" in at_once
    assert "ledgerloop doctor" in at_once
    scene.customer("Stuck Ltd", "st@stuck.example.com")
    why = scene.on.until("parked", lambda: _parked(scene), 20.0)
    assert "`xero_contact_id` does not require unique values" in why
    assert "does not require unique values" in scene.on.browser.get("/").text


def test_options_that_are_lacking_are_a_hold_until_they_are_there(staged: Callable[..., Scene]) -> None:
    """A status with too few options is a hold that names them; a later look finds them added and ends it."""
    scene = staged(connected=False)
    connect_xero(scene.on, "Kiwi Demo Ltd")
    path = f"{PROPERTIES}/contacts"
    body = {"name": "xero_invoice_status", "label": "s", "groupName": "contactinformation", "type": "enumeration"}
    scene.on.at_hubspot("POST", path, body | {"fieldType": "select", "options": [{"label": "Paid", "value": "PAID"}]})
    connect_hubspot(scene.on)
    scene.settle()
    assert "lacks `OVERDUE`" in scene.holds()[f"properties {PORTAL}"][0]

    options = [{"label": word, "value": word} for word in WORDS]
    scene.on.at_hubspot("PATCH", f"{path}/xero_invoice_status", {"options": options})
    with scene.built.database.transaction() as tx:
        single_values.forget(tx, single_values.LOOKED_AT.of(scene.on.organisation))
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())

    scene.on.until("the hold ends", lambda: {} == scene.holds() or None)


def test_a_property_of_hubspots_own_is_not_taken(staged: Callable[..., Scene]) -> None:
    """A name that turns out to be HubSpot's own at connecting is refused, with nothing made and nothing connected."""
    scene = staged(connected=False)
    desk = replace(scene.built.desk, names={"xero_overdue_balance": "annualrevenue"})

    with pytest.raises(SettingsError, match="`annualrevenue` is HubSpot's own"):
        connect_portal(desk)

    with scene.built.database.reading() as tx:
        assert connections.only_portal(tx) is None
    made = {one["name"] for one in scene.on.at_hubspot("GET", f"{PROPERTIES}/companies")["results"]}
    assert not [name for name in made if name.startswith("xero_")]


def _parked(scene: Scene) -> str | None:
    with scene.built.database.reading() as tx:
        return next((one.why for one in lanes.parked(tx)), None)
