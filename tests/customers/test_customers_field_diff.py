"""Whose value of a customer's field stands, in both directions, and that our own writes come back as nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from crm import Customers, begun
from scene import DAY, Scene

from ledgerloop.records import Link, LinkKind
from ledgerloop.store import cursors, last_compared, links
from ledgerloop.store.cursors import Cursor

PHONE = [{"PhoneType": "DEFAULT", "PhoneNumber": "555 0100"}, {"PhoneType": "MOBILE", "PhoneNumber": "021 1"}]
ADDRESS = [{"AddressType": "POBOX", "AddressLine1": "1 Quay St", "City": "Nelson", "PostalCode": "7010"}]


def object_writes(scene: Scene) -> list[str]:
    """Return the paths of the calls that changed HubSpot's records."""
    return [call["path"] for call in scene.writes() if "/objects/" in call["path"]]


def xero_writes(scene: Scene) -> list[str]:
    """Return the calls that changed anything in Xero."""
    return [call["path"] for call in scene.calls("xero") if call["method"] != "GET"]


class TestFirst:
    @pytest.fixture(scope="class")
    @staticmethod
    def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
        """Give a stage with the usual owners: whoever had a value first."""
        with begun(tmp_path_factory.mktemp("first")) as scene:
            yield scene

    @pytest.fixture(scope="class")
    @staticmethod
    def crm(scene: Scene) -> Customers:
        """Give the words about customers."""
        return Customers(scene)

    def test_what_came_from_xero_follows_xero(self, scene: Scene, crm: Customers) -> None:
        """A change of name, email, telephone or address in Xero reaches the records that came from there."""
        customer = crm.add("Before Ltd", EmailAddress="old@before.example.com", FirstName="Bo", Phones=PHONE)
        contact, company = crm.until_linked(customer, "contact"), crm.until_linked(customer)

        crm.change(customer, Name="After Ltd", EmailAddress="new@before.example.com", Addresses=ADDRESS, LastName="Ek")

        scene.until_shown("contacts", contact, "email", "new@before.example.com")
        scene.settle()
        assert "After Ltd" == scene.show("companies", company)["name"]
        assert "Ek" == scene.show("contacts", contact)["lastname"]
        assert ["1 Quay St"] == [
            scene.on.at_hubspot("GET", f"/crm/objects/2026-09/companies/{company}", query={"properties": "address"})[
                "properties"
            ]["address"]
        ]

    def test_what_we_made_and_forgot_follows_xero(self, scene: Scene, crm: Customers) -> None:
        """A record whose making we forgot, as after a lost answer, is still no value that HubSpot had first."""
        customer = crm.add("Forgot Ltd", EmailAddress="old@forgot.example.com")
        contact, company = crm.until_linked(customer, "contact"), crm.until_linked(customer)
        with scene.built.database.transaction() as tx:
            mine: dict[LinkKind, str] = {"contact": contact, "company": company}
            for kind, record in mine.items():
                links.remove(tx, Link(scene.on.organisation, customer, kind, record, "created"))
                last_compared.forget(tx, scene.on.organisation, kind, [customer])

        crm.change(customer, Name="Remembered Ltd", EmailAddress="new@forgot.example.com")

        scene.until_shown("companies", company, "name", "Remembered Ltd")
        scene.until_shown("contacts", contact, "email", "new@forgot.example.com")

    def test_what_people_wrote_in_hubspot_stays(self, scene: Scene, crm: Customers) -> None:
        """A contact that was there keeps its name and telephone; its empty places are filled."""
        contact = scene.make("contacts", email="kim@stays.example.com", firstname="Kimberley", phone="111")

        customer = crm.add("Stays Ltd", EmailAddress="kim@stays.example.com", FirstName="Kim", Phones=PHONE)
        crm.until_linked(customer, "contact")
        crm.change(customer, FirstName="K.", Addresses=ADDRESS)
        scene.settle()
        crm.touch(customer)

        shown = scene.show("contacts", contact)
        assert ("Kimberley", "111") == (shown["firstname"], shown["phone"])
        assert [contact] == crm.records("contacts", address="1 Quay St", email="kim@stays.example.com")

    def test_money_reads_no_record(self, scene: Scene, crm: Customers) -> None:
        """When money moves no field is compared in HubSpot, and nothing is written twice."""
        customer = crm.add("Money Ltd", EmailAddress="m@money.example.com")
        crm.until_linked(customer, "contact")
        invoice = scene.invoice_for(customer, "10.00")
        scene.settle()
        scene.forget_calls()

        scene.pay(invoice["InvoiceID"], "10.00")
        scene.settle()

        assert [] == scene.calls("hubspot", "batch/read")
        assert 2 == len(object_writes(scene))

    def test_our_own_writes_come_back_as_nothing(self, scene: Scene, crm: Customers) -> None:
        """HubSpot tells of what we wrote; that causes no call at all."""
        customer = crm.add("Echo Ltd", EmailAddress="e@echo.example.com")
        crm.until_linked(customer, "contact")
        scene.forget_calls()

        crm.change(customer, FirstName="Ekko")
        scene.settle()
        scene.settle()

        assert 1 == len(object_writes(scene))
        assert [] == xero_writes(scene)

    def test_what_hubspot_changes_stays_in_hubspot(self, scene: Scene, crm: Customers) -> None:
        """The other direction is off unless it is switched on."""
        customer = crm.add("Oneway Ltd", EmailAddress="o@oneway.example.com")
        company = crm.until_linked(customer)

        scene.edit("companies", company, name="Renamed in HubSpot")
        scene.settle()

        assert "Oneway Ltd" == crm.in_xero(customer)["Name"]

    def test_an_email_that_is_anothers_is_held(self, scene: Scene, crm: Customers) -> None:
        """A new email that another contact has costs itself and the name, both contacts are named, and it waits."""
        other = scene.make("contacts", email="mine@held.example.com")
        customer = crm.add("Held Ltd", EmailAddress="old@held.example.com")
        contact = crm.until_linked(customer, "contact")

        crm.change(customer, EmailAddress="mine@held.example.com", FirstName="Hel", Phones=PHONE)

        reasons = scene.on.until("hold", lambda: scene.holds().get(f"hubspot contact {contact}"))
        assert other in reasons[0]
        shown = scene.show("contacts", contact)
        assert (None, "old@held.example.com") == (shown["firstname"], shown["email"])
        assert "555 0100" == shown["phone"]
        crm.touch(customer)
        assert f"hubspot contact {contact}" in scene.holds()

        scene.edit("contacts", other, email="yours@held.example.com")

        scene.until_shown("contacts", contact, "email", "mine@held.example.com")
        assert "Hel" == scene.show("contacts", contact)["firstname"]
        scene.settle()
        assert f"hubspot contact {contact}" not in scene.holds()

    def test_a_contact_that_a_person_makes_after_a_refusal_keeps_its_values(self, scene: Scene, crm: Customers) -> None:
        """What was compared with the contact that HubSpot would not make is not of the one that a person made."""
        customer = crm.add("Refused Ltd", EmailAddress="kim@nosuch.notanending", Phones=PHONE)
        crm.until_linked(customer)
        scene.settle()
        assert crm.record(customer, "contact") is None

        contact = scene.make("contacts", email="kim@mended.example.com", phone="111")
        crm.change(customer, EmailAddress="kim@mended.example.com")

        assert contact == crm.until_linked(customer, "contact")
        crm.change(customer, Phones=[{"PhoneType": "DEFAULT", "PhoneNumber": "777"}])
        scene.settle()
        crm.touch(customer)
        assert "111" == scene.show("contacts", contact)["phone"]

    def test_a_company_linked_while_another_is_made_keeps_its_values(self, scene: Scene, crm: Customers) -> None:
        """What was compared with the new one is not of the one that a deal has linked; the new one is a question."""
        company = scene.make("companies", name="Their Name", phone="111")
        made = scene.fault("hubspot", kind="late", path="companies/batch/create$", times=1, delay_ms=DAY)
        customer = crm.add("Meanwhile Ltd", Phones=PHONE)
        scene.until_met("hubspot", made)
        with scene.built.database.transaction() as tx:
            links.put(tx, [Link(scene.on.organisation, customer, "company", company, "number")], scene.built.now())
        scene.mend("hubspot", made)

        scene.on.until("made", lambda: crm.records("companies", name="Meanwhile Ltd") or None)
        scene.settle()
        crm.change(customer, Phones=[{"PhoneType": "DEFAULT", "PhoneNumber": "777"}])
        scene.settle()
        crm.touch(customer)

        assert company == crm.record(customer, "company")
        shown = scene.show("companies", company)
        assert ("Their Name", "111") == (shown["name"], shown["phone"])
        (made,) = crm.records("companies", name="Meanwhile Ltd")
        assert any(made in reason for reason in scene.holds()[f"hubspot company {company}"])

    def test_an_email_that_goes_back_asks_nothing_more(self, scene: Scene, crm: Customers) -> None:
        """Who changes the email in Xero, as the question says, is not asked any longer."""
        scene.make("contacts", email="mine@back.example.com")
        customer = crm.add("Back Ltd", EmailAddress="old@back.example.com")
        contact = crm.until_linked(customer, "contact")
        crm.change(customer, EmailAddress="mine@back.example.com")
        scene.on.until("hold", lambda: scene.holds().get(f"hubspot contact {contact}"))
        scene.settle()

        crm.change(customer, EmailAddress="old@back.example.com")

        scene.on.until("nobody is asked", lambda: f"hubspot contact {contact}" not in scene.holds() or None)
        assert "old@back.example.com" == scene.show("contacts", contact)["email"]


class TestToXero:
    @pytest.fixture(scope="class")
    @staticmethod
    def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
        """Give a stage where both directions are on: names are HubSpot's, telephones the newest, addresses Xero's."""
        owners = {"name": "hubspot", "phone": "newest", "address": "xero", "email": "newest", "to_xero": True}
        with begun(tmp_path_factory.mktemp("to_xero"), {"fields": owners}) as scene:
            yield scene

    @pytest.fixture(scope="class")
    @staticmethod
    def crm(scene: Scene) -> Customers:
        """Give the words about customers."""
        return Customers(scene)

    def test_a_change_reaches_xero_once(self, scene: Scene, crm: Customers) -> None:
        """A company's name and a contact's email go to the Xero contact, and come back as nothing."""
        people = [{"FirstName": "Pat", "EmailAddress": "pat@both.example.com"}]
        customer = crm.add("Both Ltd", EmailAddress="b@both.example.com", ContactPersons=people)
        contact, company = crm.until_linked(customer, "contact"), crm.until_linked(customer)
        scene.forget_calls()

        scene.edit("companies", company, name="Both Ways Ltd")
        scene.edit("contacts", contact, email="new@both.example.com", lastname="Way")
        scene.on.until("name", lambda: crm.in_xero(customer)["Name"] == "Both Ways Ltd" or None)
        scene.on.until("email", lambda: crm.in_xero(customer)["EmailAddress"] == "new@both.example.com" or None)
        scene.settle()

        shown = crm.in_xero(customer)
        assert ("Way", "Pat") == (shown["LastName"], shown["ContactPersons"][0]["FirstName"])
        assert len(xero_writes(scene)) <= 2
        assert "Both Ways Ltd" == scene.show("companies", company)["name"]
        before = len(object_writes(scene)), len(xero_writes(scene))
        scene.settle()
        assert before == (len(object_writes(scene)), len(xero_writes(scene)))

    def test_other_phones_and_addresses_stay(self, scene: Scene, crm: Customers) -> None:
        """Xero takes the lists as a whole, so what stands beside is sent along."""
        customer = crm.add("Phones Ltd", Phones=PHONE)
        company = crm.until_linked(customer)

        scene.edit("companies", company, phone="+64 9 555 0199")

        def phones() -> dict[str, str]:
            return {one["PhoneType"]: one["PhoneNumber"] for one in crm.in_xero(customer)["Phones"]}

        scene.on.until("phone", lambda: phones()["DEFAULT"] == "+64 9 555 0199" or None)
        assert "021 1" == phones()["MOBILE"]

    def test_the_newest_goes_either_way(self, scene: Scene, crm: Customers) -> None:
        """Where only one side changed, that one is the newest."""
        customer = crm.add("Newest Ltd", Phones=PHONE)
        company = crm.until_linked(customer)

        crm.change(customer, Phones=[{"PhoneType": "DEFAULT", "PhoneNumber": "777"}])

        scene.until_shown("companies", company, "phone", "777")
        scene.settle()
        assert "777" == crm.in_xero(customer)["Phones"][1]["PhoneNumber"]

    def test_an_email_that_hubspot_refused_stays_in_xero(self, scene: Scene, crm: Customers) -> None:
        """The contact keeps its old one, which nobody wrote there now: it does not go back to Xero."""
        customer = crm.add("No Such Ending Ltd", FirstName="Kim", EmailAddress="kim@ending.example.com")
        contact = crm.until_linked(customer, "contact")
        crm.change(customer, EmailAddress="kim@nosuch.notanending")
        crm.touch(customer)
        assert "kim@ending.example.com" == scene.show("contacts", contact)["email"]
        scene.forget_calls()

        scene.edit("contacts", contact, lastname="Ro")

        scene.on.until("told", lambda: crm.in_xero(customer).get("LastName") == "Ro" or None)
        scene.settle()
        assert "kim@nosuch.notanending" == crm.in_xero(customer)["EmailAddress"]

    def test_an_email_that_is_anothers_stays_in_xero(self, scene: Scene, crm: Customers) -> None:
        """While it waits to be freed, other edits go to Xero, and the contact's old email does not come along."""
        scene.make("contacts", email="mine@waits.example.com")
        customer = crm.add("Waits Ltd", FirstName="Wai", EmailAddress="old@waits.example.com")
        contact = crm.until_linked(customer, "contact")
        crm.change(customer, EmailAddress="mine@waits.example.com")
        scene.on.until("hold", lambda: scene.holds().get(f"hubspot contact {contact}"))
        scene.settle()

        for name in ("Toru", "Whā"):
            scene.edit("contacts", contact, lastname=name)
            scene.on.until("told", lambda name=name: crm.in_xero(customer).get("LastName") == name or None)
            scene.settle()

        assert "mine@waits.example.com" == crm.in_xero(customer)["EmailAddress"]
        assert f"hubspot contact {contact}" in scene.holds()

    def test_what_xero_owns_is_put_back(self, scene: Scene, crm: Customers) -> None:
        """A change in HubSpot of what Xero owns does not stand, and Xero does not hear of it."""
        customer = crm.add("Owned Ltd", Addresses=ADDRESS)
        company = crm.until_linked(customer)
        scene.forget_calls()

        scene.edit("companies", company, city="Elsewhere")

        scene.on.until("put back", lambda: crm.records("companies", city="Nelson", name="Owned Ltd") or None)
        scene.settle()
        assert [] == xero_writes(scene)

    def test_what_hubspot_owns_is_put_back_in_xero(self, scene: Scene, crm: Customers) -> None:
        """A new name in Xero does not stand where HubSpot owns the name."""
        customer = crm.add("Hubs Own Ltd")
        company = crm.until_linked(customer)

        crm.change(customer, Name="Xero Says Ltd")

        scene.on.until("put back", lambda: crm.in_xero(customer)["Name"] == "Hubs Own Ltd" or None)
        scene.settle()
        assert "Hubs Own Ltd" == scene.show("companies", company)["name"]

    def test_what_xero_refuses_is_held_once(self, scene: Scene, crm: Customers) -> None:
        """A name that another customer has is refused by Xero; a person is asked, until the two are merged there."""
        taken = crm.add("Taken Name Ltd")
        crm.until_linked(taken)
        customer = crm.add("Wants A Name Ltd")
        company = crm.until_linked(customer)

        scene.edit("companies", company, name="Taken Name Ltd")

        reasons = scene.on.until("hold", lambda: scene.holds().get(f"xero contact {customer}"))
        assert "already assigned" in reasons[0]
        scene.settle()
        scene.forget_calls()
        crm.touch(customer)
        assert [] == xero_writes(scene)

        crm.merge_in_xero(customer, taken)

        scene.on.until("nobody is asked", lambda: f"xero contact {customer}" not in scene.holds() or None)

    def test_what_xero_refuses_is_corrected_in_hubspot(self, scene: Scene, crm: Customers) -> None:
        """What the sentence says: another name in HubSpot goes to Xero, and nobody is asked any more."""
        crm.until_linked(crm.add("Occupied Name Ltd"))
        customer = crm.add("Looks For A Name Ltd")
        company = crm.until_linked(customer)
        scene.edit("companies", company, name="Occupied Name Ltd")
        said = scene.on.until("hold", lambda: scene.holds().get(f"xero contact {customer}"))
        assert "Correct it in HubSpot." in said[0]

        scene.edit("companies", company, name="Found A Name Ltd")

        scene.on.until("nobody is asked", lambda: f"xero contact {customer}" not in scene.holds() or None)
        scene.on.until("it is told", lambda: crm.in_xero(customer)["Name"] == "Found A Name Ltd" or None)
        assert "Found A Name Ltd" == scene.show("companies", company)["name"]

    def test_without_webhooks_it_is_found_by_looking(self, scene: Scene, crm: Customers) -> None:
        """What no webhook told is found when it is time to look, and our own writes found so are nothing."""
        customer = crm.add("Looked For Ltd")
        company = crm.until_linked(customer)
        scene.silence("hubspot")
        scene.edit("companies", company, name="Found By Looking Ltd")
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        with scene.built.database.transaction() as tx:
            cursors.put(tx, Cursor(scene.on.organisation, "hubspot companies", long_ago, 1, long_ago))

        crm.touch(customer)

        scene.on.until("name", lambda: crm.in_xero(customer)["Name"] == "Found By Looking Ltd" or None)
        scene.settle()
        scene.forget_calls()
        with scene.built.database.transaction() as tx:
            cursors.put(tx, Cursor(scene.on.organisation, "hubspot companies", long_ago, 1, long_ago))
        crm.touch(customer)
        assert [] == xero_writes(scene)
