"""Who the contact of a customer is when Xero's main person changes: names and emails of people are never mixed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from crm import Customers, begun
from scene import OBJECTS, Scene

JANE = {"FirstName": "Jane", "LastName": "Doe"}
BOB = {"FirstName": "Bob", "LastName": "New"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("main_person")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def who(scene: Scene, contact: str) -> tuple[str | None, str | None, str | None]:
    """Return whose contact it says it is, and what it owes."""
    shown = scene.show("contacts", contact)
    names = [one for one in (shown["firstname"], shown["lastname"]) if one]
    return " ".join(names), shown["email"], shown["xero_outstanding_balance"] or None


def jane(crm: Customers, domain: str, **more: Any) -> tuple[str, str]:
    """Make a customer whose person is Jane, who owes 1.00; return it and her contact."""
    customer = crm.add(f"The {domain.title()} Company", EmailAddress=f"jane@{domain}.example.com", **JANE, **more)
    contact = crm.until_linked(customer, "contact")
    crm.touch(customer)
    return customer, contact


class TestAFurtherPerson:
    def test_takes_over(self, scene: Scene, crm: Customers) -> None:
        """The main person becomes the further one: the standing goes to that contact, and nobody is asked."""
        bob = {**BOB, "EmailAddress": "bob@further.example.com"}
        customer, old = jane(crm, "further", ContactPersons=[bob])
        company = crm.record(customer, "company")
        (new,) = crm.records("contacts", email="bob@further.example.com")
        assert ("Bob New", "bob@further.example.com", None) == who(scene, new)

        crm.change(customer, EmailAddress="bob@further.example.com", **BOB, ContactPersons=[])

        assert new == crm.until_other(customer, old, "contact")
        assert ("Bob New", "bob@further.example.com", "1.00") == who(scene, new)
        assert ("Jane Doe", "jane@further.example.com", None) == who(scene, old)
        assert (None, customer) == tuple(scene.show("contacts", one)["xero_contact_id"] or None for one in (old, new))
        assert {company} == crm.companies_of(old) == crm.companies_of(new)
        assert {} == {about: said for about, said in scene.holds().items() if customer in about or old in about}

    def test_follows_xero_from_then_on(self, scene: Scene, crm: Customers) -> None:
        """The contact that was made of the further person came from Xero, so it follows Xero."""
        bob = {**BOB, "EmailAddress": "bob@follows.example.com"}
        customer, old = jane(crm, "follows", ContactPersons=[bob])
        crm.change(customer, EmailAddress="bob@follows.example.com", **BOB)
        new = crm.until_other(customer, old, "contact")

        crm.change(customer, EmailAddress="robert@follows.example.com")

        scene.until_shown("contacts", new, "email", "robert@follows.example.com")

    def test_and_back_again(self, scene: Scene, crm: Customers) -> None:
        """Who was the customer's contact before is so again, without a question."""
        bob = {**BOB, "EmailAddress": "bob@again.example.com"}
        customer, old = jane(crm, "again", ContactPersons=[bob])
        crm.change(customer, EmailAddress="bob@again.example.com", **BOB)
        new = crm.until_other(customer, old, "contact")

        crm.change(customer, EmailAddress="jane@again.example.com", **JANE)

        assert old == crm.until_other(customer, new, "contact")
        assert ("Jane Doe", "jane@again.example.com", "1.00") == who(scene, old)
        assert ("Bob New", "bob@again.example.com", None) == who(scene, new)

    def test_takes_over_by_the_email_alone(self, scene: Scene, crm: Customers) -> None:
        """Where only the email became that of the further person, the link moves too, and her name stays off his."""
        bob = {**BOB, "EmailAddress": "bob@alone.example.com"}
        customer, old = jane(crm, "alone", ContactPersons=[bob])

        crm.change(customer, EmailAddress="bob@alone.example.com")

        new = crm.until_other(customer, old, "contact")
        assert ("Jane Doe", "jane@alone.example.com", None) == who(scene, old)
        assert "bob@alone.example.com" == scene.show("contacts", new)["email"]


class TestNobodyHasTheAddress:
    def test_another_person_gets_a_contact_of_their_own(self, scene: Scene, crm: Customers) -> None:
        """Another email and another name are another person: a new contact for him, and hers stays as it was."""
        customer, old = jane(crm, "own")
        company = crm.record(customer, "company")

        crm.change(customer, EmailAddress="bob@own.example.com", **BOB)

        new = crm.until_other(customer, old, "contact")
        assert ("Bob New", "bob@own.example.com", "1.00") == who(scene, new)
        assert ("Jane Doe", "jane@own.example.com", None) == who(scene, old)
        assert not scene.show("contacts", old)["xero_contact_id"]
        assert {company} == crm.companies_of(old) == crm.companies_of(new)

    def test_also_where_the_number_names_the_old_contact(self, scene: Scene, crm: Customers) -> None:
        """The number that leads to her contact does not bring the link back to it."""
        old = scene.make("contacts", email="jane@number.example.com", firstname="Jane", lastname="Doe")
        customer = crm.add(
            "Jane Doe of Number", EmailAddress="jane@number.example.com", ContactNumber=f"HubSpot contact {old}", **JANE
        )
        assert old == crm.until_linked(customer, "contact")

        crm.change(customer, EmailAddress="bob@number.example.com", **BOB)

        new = crm.until_other(customer, old, "contact")
        crm.touch(customer)
        assert new == crm.record(customer, "contact")
        assert ("Bob New", "bob@number.example.com") == who(scene, new)[:2]
        assert ("Jane Doe", "jane@number.example.com", None) == who(scene, old)

    def test_the_same_person_changes_address(self, scene: Scene, crm: Customers) -> None:
        """Another email under the same name, or more of it, is the same person."""
        customer, contact = jane(crm, "moves")

        crm.change(customer, EmailAddress="jane.doe@moves.example.com", FirstName="Jane Mary")

        scene.until_shown("contacts", contact, "email", "jane.doe@moves.example.com")
        scene.settle()
        assert "Jane Mary Doe" == who(scene, contact)[0]
        assert contact == crm.record(customer, "contact")

    def test_a_name_without_an_email_is_written_over_nobody(self, scene: Scene, crm: Customers) -> None:
        """A main person without an email may be anybody: the contact stays who it is."""
        customer, contact = jane(crm, "nomail")

        crm.change(customer, EmailAddress="", **BOB)
        scene.settle()
        crm.touch(customer)

        assert ("Jane Doe", "jane@nomail.example.com") == who(scene, contact)[:2]

    def test_a_name_that_hubspot_refuses_keeps_the_email_back(self, scene: Scene, crm: Customers) -> None:
        """Where HubSpot refuses one part of who somebody is, the rest of it is not written either."""
        customer, contact = jane(crm, "rule")
        path = "/crm/property-validations/2026-09/0-1/firstname/rule-type/MAX_LENGTH"
        scene.on.at_hubspot("PUT", path, {"ruleArguments": ["6"], "shouldApplyNormalization": False})

        crm.change(customer, EmailAddress="janet@rule.example.com", FirstName="Jane Josephine")
        scene.settle()
        scene.on.at_hubspot("PUT", path, {"ruleArguments": ["60"], "shouldApplyNormalization": False})

        assert ("Jane Doe", "jane@rule.example.com") == who(scene, contact)[:2]


class TestSomebodyElseHasIt:
    def test_a_stranger_is_asked_about_and_may_be_the_one(self, scene: Scene, crm: Customers) -> None:
        """A contact that is nobody's: moving the id to it, as the sentence says, moves the customer."""
        customer, old = jane(crm, "stranger")
        stranger = scene.make("contacts", email="bob@stranger.example.com", firstname="Bob", lastname="New")

        crm.change(customer, EmailAddress="bob@stranger.example.com", **BOB)

        said = crm.until_held(customer)
        assert f"the HubSpot contact “Bob New” (bob@stranger.example.com, {stranger})" in said
        assert "Merge" not in said
        assert ("Jane Doe", "jane@stranger.example.com", "1.00") == who(scene, old)
        scene.edit("contacts", old, xero_contact_id="")
        scene.edit("contacts", stranger, xero_contact_id=customer)
        assert stranger == crm.until_other(customer, old, "contact")
        assert ("Bob New", "bob@stranger.example.com", "1.00") == who(scene, stranger)
        assert ("Jane Doe", "jane@stranger.example.com", None) == who(scene, old)
        assert f"customer {customer}" not in scene.holds()

    def test_a_stranger_is_asked_about_and_is_not_the_one(self, scene: Scene, crm: Customers) -> None:
        """The other way out that the sentence names: correcting the email in Xero."""
        customer, old = jane(crm, "notone")
        stranger = scene.make("contacts", email="bob@notone.example.com", firstname="Bob", lastname="New")
        crm.change(customer, EmailAddress="bob@notone.example.com", **BOB)
        crm.until_held(customer)

        crm.change(customer, EmailAddress="bob.new@notone.example.com")

        new = crm.until_other(customer, old, "contact")
        assert ("Bob New", "bob.new@notone.example.com", "1.00") == who(scene, new)
        assert ("Bob New", "bob@notone.example.com", None) == who(scene, stranger)
        assert f"customer {customer}" not in scene.holds()

    @pytest.mark.parametrize("person", [BOB, {}], ids=["another person", "the same person"])
    def test_another_customers_contact(self, scene: Scene, crm: Customers, person: dict[str, str]) -> None:
        """Both stay who they are; the sentence names the other customer, and an email of its own cures it."""
        domain = "theirs" if person else "shared"
        customer, old = jane(crm, domain)
        other = crm.add(f"Neighbour of {domain}", EmailAddress=f"bob@{domain}.example.com", **BOB)
        theirs = crm.until_linked(other, "contact")

        crm.change(customer, EmailAddress=f"bob@{domain}.example.com", **person)

        subject = f"customer {customer}" if person else f"hubspot contact {old}"
        said = " ".join(scene.on.until("hold", lambda: scene.holds().get(subject)))
        assert f"“Neighbour of {domain}”" in said
        assert "Merge" not in said
        assert ("Jane Doe", f"jane@{domain}.example.com", "1.00") == who(scene, old)
        crm.change(customer, EmailAddress=f"mine@{domain}.example.com")
        mine = f"mine@{domain}.example.com"
        scene.on.until("a contact", lambda: crm.records("contacts", email=mine) or None)
        scene.settle()
        now = crm.record(customer, "contact")
        assert now is not None
        assert (mine, "1.00") == who(scene, now)[1:]
        assert (theirs, "bob") == (crm.record(other, "contact"), (who(scene, theirs)[1] or "").partition("@")[0])
        assert subject not in scene.holds()

    def test_the_same_persons_address_that_a_stranger_has(self, scene: Scene, crm: Customers) -> None:
        """The same name and another contact's email: the id moved to it, as the sentence says, and nothing is lost."""
        customer, old = jane(crm, "double")
        double = scene.make("contacts", email="jane.doe@double.example.com", firstname="Jane", lastname="Doe")
        firm = scene.make("companies", name="Double Or Quits")
        scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{double}/associations/default/companies/{firm}")

        crm.change(customer, EmailAddress="jane.doe@double.example.com")

        said = " ".join(scene.on.until("hold", lambda: scene.holds().get(f"hubspot contact {old}")))
        assert f"(jane.doe@double.example.com, {double}) of “Double Or Quits”" in said
        assert "Merge" not in said
        scene.edit("contacts", old, xero_contact_id="")
        scene.edit("contacts", double, xero_contact_id=customer)
        assert double == crm.until_other(customer, old, "contact")
        assert ("Jane Doe", "jane.doe@double.example.com", "1.00") == who(scene, double)
        assert f"hubspot contact {old}" not in scene.holds()

    def test_an_email_of_its_own_cures_it_though_its_first_contact_was_merged_away(
        self, scene: Scene, crm: Customers
    ) -> None:
        """A customer whose contact was merged into another's gets a contact by a merge in Xero. Given an email of its
        own, as the question says, it has a contact of that person: the first one's merge is over and asks no more.
        """
        customer, old = jane(crm, "gone")
        holder = crm.until_linked(
            crm.add("The Holder Company", EmailAddress="zoe@holder.example.com", FirstName="Zoe", LastName="Lund"),
            "contact",
        )
        other = crm.add("The Joined Company", EmailAddress="bob@joined.example.com", **BOB)
        bobs = crm.until_linked(other, "contact")
        crm.merge("contacts", old, holder)
        crm.touch(customer)
        crm.merge_in_xero(other, customer)
        crm.until_other(customer, old, "contact")
        crm.touch(customer)
        asked = crm.until_held(customer)
        assert f"so {bobs} stays its contact. Give “The Gone Company” an email of its own in Xero." in asked

        crm.change(customer, EmailAddress="jane@new.example.com")

        new = crm.until_other(customer, bobs, "contact")
        crm.touch(customer)
        assert ("Jane Doe", "jane@new.example.com", "4.00") == who(scene, new)
        assert ("Bob New", "bob@joined.example.com", None) == who(scene, bobs)
        assert [] == [said for about, said in scene.holds().items() if customer in about or new in about]


class TestAnotherFirmHasIt:
    @pytest.mark.parametrize("contact", ["nobody's", "a further person's"])
    @pytest.mark.parametrize("person", [BOB, {}], ids=["another person", "the same person"])
    def test_bookkeepers_are_asked_about(
        self, scene: Scene, crm: Customers, person: dict[str, str], contact: str
    ) -> None:
        """The address of a firm that HubSpot knows moves nothing, whoever has it there: a person says whose it is."""
        stem = f"{'two' if person else 'one'}{'further' if 'further' in contact else 'nobody'}"
        firm = scene.make("companies", name=f"Ledger {stem}", domain=f"{stem}-books.co.nz")
        email = f"clients@{stem}-books.co.nz"
        theirs = ""
        if contact != "nobody's":
            theirs = scene.make("contacts", email=email, lastname="Clients")
            scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{theirs}/associations/default/companies/{firm}")
        further = {"EmailAddress": email, "LastName": "Clients"}
        customer, old = jane(crm, stem, ContactPersons=[further] if "further" in contact else [])
        if "further" in contact:
            assert crm.record(customer, "company") in crm.companies_of(theirs)

        crm.change(customer, EmailAddress=email, **person)

        said = crm.until_held(customer)
        scene.settle()
        assert f"“Ledger {stem}” ({stem}-books.co.nz, {firm}), which is another firm, so {old} stays" in said
        assert old == crm.record(customer, "contact")
        assert ("Jane Doe", f"jane@{stem}.example.com", "1.00") == who(scene, old)
        assert not theirs or (email, None) == who(scene, theirs)[1:]
        assert theirs or not crm.records("contacts", email=email)

        crm.change(customer, EmailAddress=f"pay@{stem}.example.com", **JANE)
        scene.until_shown("contacts", old, "email", f"pay@{stem}.example.com")
        scene.settle()
        assert f"customer {customer}" not in scene.holds()

    @pytest.mark.parametrize("there", [True, False], ids=["with a contact", "without"])
    def test_that_may_see_its_debts(self, scene: Scene, crm: Customers, there: bool) -> None:
        """The other way out of the sentence: the id on the contact with that email, made where there is none."""
        stem = f"seen{'there' if there else 'new'}"
        firm = scene.make("companies", name=f"Ledger {stem}", domain=f"{stem}-books.co.nz")
        email = f"clients@{stem}-books.co.nz"
        theirs = scene.make("contacts", email=email) if there else ""
        customer, old = jane(crm, stem)
        crm.change(customer, EmailAddress=email, FirstName="Clients", LastName="Desk")
        assert (theirs or firm) in crm.until_held(customer)

        scene.edit("contacts", old, xero_contact_id="")
        if there:
            scene.edit("contacts", theirs, xero_contact_id=customer)
        else:
            theirs = scene.make("contacts", email=email, xero_contact_id=customer)

        assert theirs == crm.until_other(customer, old, "contact")
        assert (email, "1.00") == who(scene, theirs)[1:]
        assert ("Jane Doe", f"jane@{stem}.example.com", None) == who(scene, old)
        assert f"customer {customer}" not in scene.holds()


def test_an_address_moves_as_a_whole(scene: Scene, crm: Customers) -> None:
    """A new address leaves nothing of the one before: a town without a postcode keeps no old postcode."""
    old = {"AddressType": "POBOX", "AddressLine1": "1 Quay St", "City": "Nelson", "PostalCode": "7010", "Region": "NSN"}
    customer, contact = jane(crm, "whole", Addresses=[old])
    company = crm.record(customer, "company")
    empty = {"AddressLine1": "", "PostalCode": "", "Region": ""}

    crm.change(customer, Addresses=[{"AddressType": "POBOX", **empty, "City": "Taupo"}])

    for kind, record in (("contacts", contact), ("companies", company)):
        query = {"properties": "address,city,state,zip,country"}

        def look(kind: str = kind, record: Any = record, query: Any = query) -> dict[str, Any] | None:
            shown = scene.on.at_hubspot("GET", f"{OBJECTS}/{kind}/{record}", query=query)["properties"]
            return shown if shown["city"] == "Taupo" else None

        shown = scene.on.until("the new address", look)
        assert (None, None, None) == tuple(shown[name] or None for name in ("address", "zip", "state"))
