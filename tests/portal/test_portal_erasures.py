"""Who was deleted for privacy in HubSpot is never made again, whoever told of it and whatever way they come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from crm import Customers, begun
from scene import OBJECTS, Scene
from sqlalchemy import select

from ledgerloop.parts import parts
from ledgerloop.store import former_links, last_compared, links
from ledgerloop.store.former_links import Lost
from ledgerloop.store.tables import erased, metadata
from ledgerloop.store.tables import person as person_table


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("erasing")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def erase(scene: Scene, contact: str) -> None:
    """Delete a contact for privacy, as a person does."""
    scene.on.at_hubspot("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": contact})


@contextmanager
def silence(scene: Scene) -> Iterator[None]:
    """Let no webhook of HubSpot's arrive while the block lasts."""
    scene.settle()
    scene.silence("hubspot")
    yield
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})


def made(scene: Scene, email: str) -> bool:
    """Tell whether HubSpot has a contact with this email."""
    return scene.find_contact(email) is not None


class TestTheCustomersOwn:
    @pytest.mark.parametrize("left", ["gone", "empty"])
    def test_found_out_without_a_webhook(self, scene: Scene, crm: Customers, left: str) -> None:
        """An erased contact cannot be read as archived, or says nothing there: it is held and not made again."""
        scene.configure("hubspot", erased=left)
        email = f"me@{left}.example.com"
        customer = crm.add(f"Silent {left} Ltd", EmailAddress=email, FirstName="Mia")
        contact = crm.until_linked(customer, "contact")

        with silence(scene):
            erase(scene, contact)
            crm.touch(customer)
        scene.configure("hubspot", erased="gone")

        assert "for privacy" in crm.until_held(customer)
        crm.touch(customer)
        assert not made(scene, email)
        assert "2.00" == scene.show("companies", crm.until_linked(customer))["xero_outstanding_balance"]

    def test_an_ordinary_deletion_is_none(self, scene: Scene, crm: Customers) -> None:
        """What was only deleted can be read as archived: it is made once more, without a webhook too."""
        customer = crm.add("Only Deleted Ltd", EmailAddress="me@only-deleted.example.com")
        contact = crm.until_linked(customer, "contact")

        with silence(scene):
            crm.delete("contacts", contact)
            crm.touch(customer)
        crm.touch(customer)

        assert contact != crm.until_linked(customer, "contact")
        assert made(scene, "me@only-deleted.example.com")
        assert f"customer {customer}" not in scene.holds()

    def test_deleted_first_and_erased_later(self, scene: Scene, crm: Customers) -> None:
        """A contact that is erased out of HubSpot's bin is erased all the same, where a webhook tells of it."""
        customer = crm.add("Bin Ltd", EmailAddress="me@bin.example.com")
        first = crm.until_linked(customer, "contact")
        crm.delete("contacts", first)
        second = crm.until_other(customer, first, "contact")
        crm.delete("contacts", second)
        assert "a third time" in crm.until_held(customer)

        erase(scene, second)

        scene.on.until("privacy", lambda: "for privacy" in crm.until_held(customer) or None)
        assert not made(scene, "me@bin.example.com")

    def test_cured_by_deleting_the_email_in_xero(self, scene: Scene, crm: Customers) -> None:
        """The first way out that the sentence names: the customer goes on without a contact."""
        customer = crm.add("Cured Ltd", EmailAddress="me@cured.example.com", FirstName="Mia")
        erase(scene, crm.until_linked(customer, "contact"))
        assert "Delete the person's name and email in Xero" in crm.until_held(customer)

        crm.change(customer, EmailAddress="", FirstName="")

        scene.on.until("nobody is asked", lambda: f"customer {customer}" not in scene.holds() or None)
        crm.touch(customer)
        assert "1.00" == scene.show("companies", crm.until_linked(customer))["xero_outstanding_balance"]
        assert crm.record(customer, "contact") is None

    def test_cured_by_another_person(self, scene: Scene, crm: Customers) -> None:
        """The second: another person's name and email make that person's contact."""
        customer = crm.add("Another Ltd", EmailAddress="me@another.example.com", FirstName="Mia")
        erase(scene, crm.until_linked(customer, "contact"))
        crm.until_held(customer)

        crm.change(customer, EmailAddress="bob@another.example.com", FirstName="Bob")

        contact = crm.until_linked(customer, "contact")
        assert "bob@another.example.com" == scene.show("contacts", contact)["email"]
        assert f"customer {customer}" not in scene.holds()

    def test_cured_by_a_contact_that_a_person_makes(self, scene: Scene, crm: Customers) -> None:
        """The third: who was deleted by mistake is made in HubSpot by a person, and taken."""
        customer = crm.add("Mistake Ltd", EmailAddress="me@mistake.example.com")
        erase(scene, crm.until_linked(customer, "contact"))
        crm.until_held(customer)

        contact = scene.make("contacts", email="me@mistake.example.com")
        crm.touch(customer)

        assert contact == crm.until_linked(customer, "contact")
        assert f"customer {customer}" not in scene.holds()

    def test_of_an_older_release(self, scene: Scene, crm: Customers) -> None:
        """A loss that was remembered without an address counts for the address that the customer has now."""
        customer = crm.add("Older Ltd", EmailAddress="me@older.example.com")
        contact = crm.until_linked(customer, "contact")
        with silence(scene):
            erase(scene, contact)
            with scene.built.database.transaction() as tx:
                links.remove(tx, links.find(tx, scene.on.organisation, "contact", [customer])[customer])
                last_compared.forget(tx, scene.on.organisation, "contact", [customer])
                moment = scene.built.now()
                former_links.put(tx, Lost(scene.on.organisation, "contact", contact, customer, "forgotten", moment))
            crm.touch(customer)

        assert "for privacy" in crm.until_held(customer)
        crm.change(customer, EmailAddress="new@older.example.com")
        assert "new@older.example.com" == scene.show("contacts", crm.until_linked(customer, "contact"))["email"]


class TestOthers:
    @pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
    def test_another_customer_with_the_address(self, scene: Scene, crm: Customers, told: bool) -> None:
        """A new customer with the address of somebody who was erased gets no contact, though no webhook told of it."""
        email = f"me@other-{told}.example.com".lower()
        first = crm.add(f"First {told} Ltd", EmailAddress=email)
        contact = crm.until_linked(first, "contact")
        if told:
            erase(scene, contact)
            crm.until_held(first)
            crm.change(first, EmailAddress="")
            scene.settle()
        else:
            with silence(scene):
                erase(scene, contact)

        second = crm.add(f"Second {told} Ltd", EmailAddress=email.upper())

        # Where nothing told of it, what stands first is that two customers have the address.
        assert ("for privacy" if told else "is also that of") in crm.until_held(second)
        crm.until_linked(second)
        assert not made(scene, email)

    @pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
    def test_a_further_person_of_another_customer(self, scene: Scene, crm: Customers, told: bool) -> None:
        """Nor is that person made as somebody's further person."""
        email = f"me@person-{told}.example.com".lower()
        first = crm.add(f"Main {told} Ltd", EmailAddress=email)
        contact = crm.until_linked(first, "contact")
        if told:
            erase(scene, contact)
            crm.until_held(first)
        else:
            with silence(scene):
                erase(scene, contact)

        second = crm.add(f"Has Person {told} Ltd", ContactPersons=[{"FirstName": "Mia", "EmailAddress": email}])
        crm.until_linked(second)
        crm.touch(second)

        assert not made(scene, email)
        assert 1 == len([one for one in crm.said(second) if "for privacy" in one])
        assert f"customer {second}" not in scene.holds()

    @pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
    def test_a_further_person_is_not_made_again(self, scene: Scene, crm: Customers, told: bool) -> None:
        """A further person who was erased does not come back with the customer's next company, nor as a customer."""
        email = f"mia@again-{told}.example.com".lower()
        customer = crm.add(f"People {told} Ltd", ContactPersons=[{"FirstName": "Mia", "EmailAddress": email}])
        company = crm.until_linked(customer)
        (contact,) = crm.records("contacts", email=email)
        if told:
            erase(scene, contact)
            scene.settle()
        else:
            with silence(scene):
                erase(scene, contact)

        crm.delete("companies", company)
        crm.until_other(customer, company)
        other = crm.add(f"Mia herself {told}", EmailAddress=email)

        assert "for privacy" in crm.until_held(other)
        assert not made(scene, email)
        with scene.built.database.reading() as tx:
            assert email not in tx.execute(select(person_table.c.email)).scalars().all()


def test_an_email_that_a_contact_would_get(scene: Scene, crm: Customers) -> None:
    """The address does not come back on a contact that is there either, and the name stays off it; the cure works."""
    gone = crm.add("Gone Again Ltd", EmailAddress="mia@gone-again.example.com")
    erase(scene, crm.until_linked(gone, "contact"))
    crm.until_held(gone)
    customer = crm.add("Keeps Ltd", EmailAddress="old@gone-again.example.com")
    contact = crm.until_linked(customer, "contact")

    crm.change(customer, EmailAddress="mia@gone-again.example.com", FirstName="Mia")

    said = scene.on.until("hold", lambda: scene.holds().get(f"hubspot contact {contact}"))
    assert "for privacy" in said[0]
    shown = scene.show("contacts", contact)
    assert ("old@gone-again.example.com", None) == (shown["email"], shown["firstname"])
    crm.touch(customer)
    assert f"hubspot contact {contact}" in scene.holds()
    crm.change(customer, EmailAddress="ann@gone-again.example.com", FirstName="Ann")
    scene.until_shown("contacts", contact, "email", "ann@gone-again.example.com")
    scene.settle()
    assert "Ann" == scene.show("contacts", contact)["firstname"]
    assert f"hubspot contact {contact}" not in scene.holds()


def test_an_email_that_goes_from_xero_as_well(scene: Scene, crm: Customers) -> None:
    """The other way out that the sentence names: without the email in Xero nobody is asked, and the contact stays."""
    gone = crm.add("Gone Twice Ltd", EmailAddress="mia@gone-twice.example.com")
    erase(scene, crm.until_linked(gone, "contact"))
    crm.until_held(gone)
    customer = crm.add("Stays Here Ltd", EmailAddress="old@gone-twice.example.com", FirstName="Old")
    contact = crm.until_linked(customer, "contact")
    crm.change(customer, EmailAddress="mia@gone-twice.example.com")
    scene.on.until("hold", lambda: scene.holds().get(f"hubspot contact {contact}"))

    crm.change(customer, EmailAddress="", FirstName="")

    scene.on.until("nobody is asked", lambda: f"hubspot contact {contact}" not in scene.holds() or None)
    crm.touch(customer)
    shown = scene.show("contacts", contact)
    assert ("old@gone-twice.example.com", "1.00") == (shown["email"], shown["xero_outstanding_balance"])


def test_what_hubspot_blocks_is_not_made_without_its_email(scene: Scene, crm: Customers) -> None:
    """Where HubSpot refuses an address for more than its form, no contact is made of the name alone."""
    stranger = scene.make("contacts", email="ned@blocked.example.com")
    erase(scene, stranger)
    scene.configure("hubspot", erased_blocked=True)

    customer = crm.add("Blocked Ltd", EmailAddress="ned@blocked.example.com", FirstName="Ned", LastName="Blocked")
    crm.until_linked(customer)
    scene.settle()
    scene.configure("hubspot", erased_blocked=False)

    assert crm.record(customer, "contact") is None
    assert [] == crm.records("contacts", lastname="Blocked")
    assert any("no contact is made" in one for one in crm.said(customer))


def test_only_keyed_hashes_are_kept(scene: Scene, crm: Customers) -> None:
    """The address itself stands nowhere beside the customer that has it in Xero, and a plain hash would not find it."""
    customer = crm.add("Hashed Ltd", EmailAddress="secret@hashed.example.com")
    erase(scene, crm.until_linked(customer, "contact"))
    crm.until_held(customer)

    with scene.built.database.reading() as tx:
        kept = tx.execute(select(erased.c.digest)).scalars().all()

    assert parts().digest("secret@hashed.example.com") in kept
    assert all(len(one) == 64 and "@" not in one for one in kept)
    assert {"digest", "contact", "at"} == set(metadata.tables["erased"].columns.keys())
