"""What the sentence of a hold says is done, exactly: the hold is cured, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crm import Customers, begun
from scene import Scene

from ledgerloop.store import connections, dirty, fingerprints, lanes


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("cures")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def look_again(scene: Scene, customer: str) -> None:
    """Have a customer looked at, as every day and every catch-up does with those that wait."""
    with scene.built.database.transaction() as tx:
        dirty.mark(tx, scene.on.organisation, [customer])
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.settle()


@pytest.mark.parametrize(
    ("type_", "name", "kind"), [("contacts", "jobtitle", "contact"), ("companies", "industry", "company")]
)
def test_a_property_that_a_rule_requires(scene: Scene, crm: Customers, type_: str, name: str, kind: str) -> None:
    """The sentence names the property and sends to HubSpot's rule; once the rule is gone the record is made."""
    scene.configure("hubspot", required_rules=[{"objectType": type_, "property": name}])
    customer = crm.add(f"Required {kind} Ltd", EmailAddress=f"me@required-{kind}.example.com")

    said = crm.until_held(customer)
    scene.settle()

    assert f"would not create a {kind}" in said
    assert f"`{name}`" in said
    assert "in Xero" not in said
    scene.configure("hubspot", required_rules=[])
    look_again(scene, customer)
    assert crm.until_linked(customer, "contact")
    assert crm.until_linked(customer, "company")
    assert f"customer {customer}" not in scene.holds()


def test_a_409_that_does_not_say_who(scene: Scene, crm: Customers) -> None:
    """“Contact already exists.” without an id: the contact is read by its email, and taken."""
    scene.fault("hubspot", kind="late", path="contacts/batch/create", delay_ms=2500, times=1)
    customer = crm.add("Quiet Conflict Ltd", EmailAddress="between@quiet.example.com")
    scene.on.until("the search", lambda: scene.calls("hubspot", "companies/search") or None)
    contact = scene.make("contacts", email="between@quiet.example.com")
    scene.fault("hubspot", kind="rewrite", path="contacts/batch/create", find=r" Existing ID: \d+", put="")

    assert contact == crm.until_linked(customer, "contact")
    scene.mend("hubspot")
    assert f"customer {customer}" not in scene.holds()
    assert customer == scene.show("contacts", contact)["xero_contact_id"]


def test_a_409_that_does_not_say_who_of_a_new_email(scene: Scene, crm: Customers) -> None:
    """The same where an email changes: the holder is found and named, and freeing the email cures it."""
    holder = scene.make("contacts", email="taken@quiet-update.example.com")
    customer = crm.add("Quiet Update Ltd", EmailAddress="old@quiet-update.example.com")
    contact = crm.until_linked(customer, "contact")
    scene.fault("hubspot", kind="rewrite", path="contacts/batch/update", find=r" Existing ID: \d+", put="")

    crm.change(customer, EmailAddress="taken@quiet-update.example.com")

    said = scene.on.until("hold", lambda: scene.holds().get(f"hubspot contact {contact}"))
    scene.mend("hubspot")
    assert holder in said[0]
    crm.change(customer, EmailAddress="mine@quiet-update.example.com")
    scene.until_shown("contacts", contact, "email", "mine@quiet-update.example.com")
    scene.settle()
    assert f"hubspot contact {contact}" not in scene.holds()
    assert "taken@quiet-update.example.com" == scene.show("contacts", holder)["email"]


def test_a_shared_email_names_the_others(scene: Scene, crm: Customers) -> None:
    """Who shares an email is told who the others are; an email of its own makes each a contact of its own."""
    first = crm.add("Sharing North", EmailAddress="ap@sharing.example.com")
    contact = crm.until_linked(first, "contact")

    second = crm.add("Sharing South", EmailAddress="ap@sharing.example.com")

    assert "is also that of “Sharing North” in Xero" in crm.until_held(second)
    crm.change(second, EmailAddress="south@sharing.example.com")
    own = crm.until_linked(second, "contact")
    assert (contact, "south@sharing.example.com") == (
        crm.record(first, "contact"),
        scene.show("contacts", own)["email"],
    )
    assert f"customer {second}" not in scene.holds()


def test_an_email_that_is_not_shared(scene: Scene, crm: Customers) -> None:
    """A contact that is another customer with another email in Xero is no email of two customers."""
    contact = scene.make("contacts", email="one@unshared.example.com")
    scene.edit("contacts", contact, hs_additional_emails="two@unshared.example.com")
    first = crm.add("Unshared North", EmailAddress="one@unshared.example.com")
    crm.until_linked(first, "contact")

    second = crm.add("Unshared South", EmailAddress="two@unshared.example.com")

    said = crm.until_held(second)
    assert "in Xero as well" not in said
    assert f"both fit the HubSpot contact {contact}" in said


def test_an_id_on_another_contact(scene: Scene, crm: Customers) -> None:
    """Nobody is told to merge two people: clearing the id on the other contact cures it, and both stay."""
    customer = crm.add("Thief Ltd", EmailAddress="u@thief.example.com")
    contact = crm.until_linked(customer, "contact")
    scene.edit("contacts", contact, xero_contact_id="")
    thief = scene.make("contacts", email="thief@thief.example.com", xero_contact_id=customer)
    with scene.built.database.transaction() as tx:
        fingerprints.forget(tx, connections.portals(tx)[0].id, "contact", [contact])
    crm.touch(customer)
    said = scene.on.until("hold", lambda: scene.holds().get(f"hubspot contact {contact}"))
    assert f"Clear the id on {thief}" in said[0]

    scene.edit("contacts", thief, xero_contact_id="")
    look_again(scene, customer)

    assert customer == scene.show("contacts", contact)["xero_contact_id"]
    assert "thief@thief.example.com" == scene.show("contacts", thief)["email"]
    assert f"hubspot contact {contact}" not in scene.holds()


def test_two_people_of_customers_merged_in_xero(scene: Scene, crm: Customers) -> None:
    """The contacts of two customers that became one stay two people; nobody is told to merge them."""
    loser = crm.add("Old Branch", EmailAddress="ann@old-branch.example.com", FirstName="Ann", LastName="Alder")
    winner = crm.add("New Branch", EmailAddress="ben@new-branch.example.com", FirstName="Ben", LastName="Birch")
    ann, ben = crm.until_linked(loser, "contact"), crm.until_linked(winner, "contact")

    crm.merge_in_xero(loser, winner)

    said = crm.until_held(loser)
    scene.settle()
    assert "has a company for each" in said
    assert ann not in said
    crm.touch(winner)
    assert (None, ben) == (crm.record(loser, "contact"), crm.record(winner, "contact"))
    shown = scene.show("contacts", ann)
    assert ("ann@old-branch.example.com", "") == (shown["email"], shown["xero_contact_id"] or "")
    assert "1.00" == scene.show("contacts", ben)["xero_outstanding_balance"]


def test_a_person_restored_after_another_took_over(scene: Scene, crm: Customers) -> None:
    """Who comes back from HubSpot's bin is a person again, and nobody is told to merge the two."""
    customer = crm.add("Back Too Late", EmailAddress="ann@too-late.example.com", FirstName="Ann", LastName="Alder")
    ann = crm.until_linked(customer, "contact")
    scene.silence("hubspot")
    crm.delete("contacts", ann)
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})
    crm.change(customer, EmailAddress="ben@too-late.example.com", FirstName="Ben", LastName="Birch")
    scene.settle()
    crm.touch(customer)
    ben = crm.until_linked(customer, "contact")
    assert "ben@too-late.example.com" == scene.show("contacts", ben)["email"]

    crm.restore("contacts", ann)
    scene.settle()

    shown = scene.on.until(
        "cleared", lambda: None if (seen := scene.show("contacts", ann))["xero_contact_id"] else seen
    )
    assert ("ann@too-late.example.com", None) == (shown["email"], shown["xero_outstanding_balance"] or None)
    assert f"hubspot contact {ann}" not in scene.holds()
    assert ben == crm.record(customer, "contact")


def test_a_free_mail_address_has_no_domain_to_give(scene: Scene, crm: Customers) -> None:
    """Nobody is told to give a company the domain of a free-mail address; writing the id cures it."""
    company = scene.make("companies", name="Kowhai Florists")

    customer = crm.add("Kowhai Florists", EmailAddress="kowhai@gmail.com")

    said = crm.until_held(customer)
    assert company in said
    assert "domain" not in said
    scene.edit("companies", company, xero_contact_id=customer)
    assert company == crm.until_linked(customer)
    assert f"customer {customer}" not in scene.holds()


def test_a_company_called_alike_gets_another_name(scene: Scene, crm: Customers) -> None:
    """The other way out: the company that is not the customer gets another name, and the customer one of its own."""
    company = scene.make("companies", name="Rimu Florists")
    customer = crm.add("Rimu Florists", EmailAddress="rimu@gmail.com")
    crm.until_held(customer)

    scene.edit("companies", company, name="Rimu Florists of Gore")
    look_again(scene, customer)

    assert company != crm.until_linked(customer)
    assert f"customer {customer}" not in scene.holds()
    assert "Rimu Florists of Gore" == scene.show("companies", company)["name"]
