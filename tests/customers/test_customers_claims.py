"""One HubSpot record is one customer and shows one organisation; who else fits it is held, and overwrites nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from crm import Customers, begun
from scene import OBJECTS, Scene

from ledgerloop.store.tables import link

KIWI, AUSSIE = "Kiwi Demo Ltd", "Aussie Demo Pty"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of one organisation: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("claiming")) as scene:
        yield scene


class TestOneCustomer:
    @pytest.fixture
    def scene(self, shared: Scene) -> Scene:
        """Give the stage that is there."""
        return shared

    @pytest.fixture
    def crm(self, shared: Scene) -> Customers:
        """Give the words about customers."""
        return Customers(shared)

    def test_a_number_does_not_take_another_customers_contact(self, scene: Scene, crm: Customers) -> None:
        """Though the links are lost, a contact that carries another customer's id keeps it; the number is a doubt."""
        first = crm.add("Number One Ltd", EmailAddress="one@number-one.example.com")
        contact = crm.until_linked(first, "contact")
        with scene.built.database.transaction() as tx:
            tx.execute(link.delete().where(link.c.xero_id == first))

        second = crm.add("Number Two Ltd", ContactNumber=f"HubSpot contact {contact}")

        said = crm.until_held(second)
        assert f"contact {contact} fits “Number Two Ltd” but carries the Xero contact id {first}" in said
        scene.settle()
        assert first == scene.show("contacts", contact)["xero_contact_id"]
        assert crm.record(second, "contact") is None

    def test_the_own_id_answers_a_doubtful_number(self, scene: Scene, crm: Customers) -> None:
        """What the sentence advises is heard: the contact that carries the customer's id is the one."""
        first = crm.add("Advice One Ltd", EmailAddress="one@advice-one.example.com")
        contact = crm.until_linked(first, "contact")
        with scene.built.database.transaction() as tx:
            tx.execute(link.delete().where(link.c.xero_id == first))
        second = crm.add("Advice Two Ltd", ContactNumber=f"HubSpot contact {contact}")
        crm.until_held(second)

        other = scene.make("contacts", email="two@advice-two.example.com", xero_contact_id=second)
        crm.touch(second)

        assert other == crm.record(second, "contact")
        assert f"customer {second}" not in scene.holds()

    def test_a_number_of_another_customer_is_not_dropped_silently(self, scene: Scene, crm: Customers) -> None:
        """Where the number is all there is to find the contact by, that it is another customer's is said."""
        first = crm.add("Only One Ltd", EmailAddress="one@only-one.example.com")
        contact = crm.until_linked(first, "contact")

        second = crm.add("Only Two Ltd", ContactNumber=f"HubSpot contact {contact}")

        assert f"The HubSpot contact {contact} fits “Only Two Ltd”, but is “Only One Ltd” in Xero" in crm.until_held(
            second
        )

    def test_two_emails_of_one_contact(self, scene: Scene, crm: Customers) -> None:
        """Customers whose emails are the first and the further one of a contact are both held, and none is lost."""
        contact = scene.make("contacts", email="first@both.example.com")
        scene.edit("contacts", contact, hs_additional_emails="second@both.example.com")

        two = _add(
            scene,
            {"Name": "Both One", "EmailAddress": "first@both.example.com"},
            {"Name": "Both Two", "EmailAddress": "second@both.example.com"},
        )

        for customer in two:
            assert f"both fit the HubSpot contact {contact}" in crm.until_held(customer)
        scene.settle()
        assert not scene.show("contacts", contact)["xero_contact_id"]
        scene.edit("contacts", contact, xero_contact_id=two[0])
        crm.touch(two[0])
        assert contact == crm.record(two[0], "contact")

    def test_a_number_and_an_email_of_one_contact(self, scene: Scene, crm: Customers) -> None:
        """A contact that one customer names by number and another by email is neither's."""
        contact = scene.make("contacts", email="mail@mixed.example.com")

        two = _add(
            scene,
            {"Name": "Mixed One", "ContactNumber": f"HubSpot contact {contact}"},
            {"Name": "Mixed Two", "EmailAddress": "mail@mixed.example.com"},
        )

        for customer in two:
            assert f"both fit the HubSpot contact {contact}" in crm.until_held(customer)
        scene.settle()
        assert not scene.show("contacts", contact)["xero_contact_id"]

    def test_contacts_that_share_a_company(self, scene: Scene, crm: Customers) -> None:
        """Two customers whose contacts are at one company are both held, and nothing is made or shown meanwhile."""
        company = scene.make("companies", name="Shared", domain="shared.example.com")
        for person in "ab":
            contact = scene.make("contacts", email=f"{person}@shared.example.com")
            scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{contact}/associations/default/companies/{company}")

        two = _add(
            scene,
            {"Name": "Shared North", "EmailAddress": "a@shared.example.com"},
            {"Name": "Shared South", "EmailAddress": "b@shared.example.com"},
        )

        for customer in two:
            said = crm.until_held(customer)
            assert "It is not certain which HubSpot company" in said
            assert company in said
        crm.touch(two[1])
        assert [None, None] == [crm.record(customer, "contact") for customer in two]
        assert [None, None] == [crm.record(customer, "company") for customer in two]
        assert [] == crm.records("companies", name="Shared South")

        scene.edit("companies", company, xero_contact_id=two[0])
        crm.touch(two[0])
        crm.touch(two[1])
        assert company == crm.record(two[0], "company")
        assert [crm.record(two[1], "company")] == crm.records("companies", name="Shared South")

    def test_the_automatic_company_of_two(self, scene: Scene, crm: Customers) -> None:
        """A company that HubSpot makes by itself for the contacts of two customers is neither's."""
        scene.configure("hubspot", automatic_company=True)
        two = _add(
            scene,
            {"Name": "Auto North", "EmailAddress": "a@auto-two.example.com"},
            {"Name": "Auto South", "EmailAddress": "b@auto-two.example.com"},
        )

        made = [crm.until_linked(customer) for customer in two]
        scene.settle()
        scene.configure("hubspot", automatic_company=False)

        (automatic,) = crm.records("companies", domain="auto-two.example.com")
        assert [crm.records("companies", name=name) for name in ("Auto North", "Auto South")] == [[one] for one in made]
        assert not scene.show("companies", automatic)["xero_contact_id"]


def _add(scene: Scene, *customers: dict[str, Any]) -> list[str]:
    """Make customers at the same moment, so that they are looked at together."""
    made = scene.on.in_xero("PUT", "/Contacts", {"Contacts": list(customers)})["Contacts"]
    return [one["ContactID"] for one in made]
