"""Which HubSpot contact and company a customer is: found where there is one, held where there are several, or made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crm import Customers, begun
from scene import DAY, Scene

from ledgerloop.customers.find import find
from ledgerloop.parts import instead
from ledgerloop.records import Entry
from ledgerloop.store import connections, cursors, journal, lanes, last_written, mirror
from ledgerloop.store.cursors import CAUGHT_UP, Cursor
from ledgerloop.store.tables import person


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("matching")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


class TestCompanies:
    def test_by_name_and_domain(self, scene: Scene, crm: Customers) -> None:
        """A company called alike with the domain of the customer's email is taken, whatever its legal form."""
        company = scene.make("companies", name="Kōwhai Kitchens Limited", domain="www.kowhai.example.com")

        customer = crm.add("KOWHAI KITCHENS LTD", EmailAddress="ap@kowhai.example.com")

        assert company == crm.until_linked(customer)
        assert "name and domain" == crm.how(customer, "company")
        assert customer == scene.show("companies", company)["xero_contact_id"]

    def test_free_mail_matches_no_company(self, scene: Scene, crm: Customers) -> None:
        """The domain of a free mail provider says nothing about a company."""
        company = scene.make("companies", name="Gmail", domain="gmail.com")

        customer = crm.add("Bob the Builder", EmailAddress="bob.builder@gmail.com")

        assert company != crm.until_linked(customer)
        assert not scene.show("companies", company)["xero_contact_id"]

    def test_several_are_held(self, scene: Scene, crm: Customers) -> None:
        """Two companies that fit are a question, which lists both; the contact is made all the same."""
        two = [scene.make("companies", name="Twice Ltd", domain="twice.example.com") for _ in range(2)]

        customer = crm.add("Twice", EmailAddress="hi@twice.example.com")

        said = crm.until_held(customer)
        assert all(company in said for company in two)
        crm.until_linked(customer, "contact")
        assert crm.record(customer, "company") is None

    def test_a_hold_ends_when_a_person_says_which(self, scene: Scene, crm: Customers) -> None:
        """Writing the customer's id on one of them answers the question; what HubSpot tells of it is enough."""
        two = [scene.make("companies", name="Which Ltd", domain="which.example.com") for _ in range(2)]
        customer = crm.add("Which", EmailAddress="hi@which.example.com")
        crm.until_held(customer)

        scene.edit("companies", two[1], xero_contact_id=customer)

        assert two[1] == crm.until_linked(customer)
        assert f"customer {customer}" not in scene.holds()

    def test_an_answer_on_another_record_is_heard(self, scene: Scene, crm: Customers) -> None:
        """Writing the customer's id on a record that the question does not name is heard as well."""
        scene.make("contacts", email="mine@not-mine.example.com", xero_contact_id="somebody-quite-else")
        customer = crm.add("Not Mine Ltd", EmailAddress="mine@not-mine.example.com")
        crm.until_held(customer)
        scene.settle()

        other = scene.make("contacts", email="other@not-mine.example.com")
        scene.edit("contacts", other, xero_contact_id=customer)

        assert other == crm.until_linked(customer, "contact")
        assert f"customer {customer}" not in scene.holds()

    def test_an_answer_that_no_webhook_tells_is_found_by_the_catch_up(self, scene: Scene, crm: Customers) -> None:
        """Held customers are looked at with every catch-up."""
        company = scene.make("companies", name="Unheard Ltd")
        customer = crm.add("Unheard Ltd")
        crm.until_held(customer)
        scene.settle()
        scene.silence("hubspot")
        scene.edit("companies", company, xero_contact_id=customer)
        scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})

        with scene.built.database.transaction() as tx:
            cursors.put(tx, Cursor(scene.on.organisation, CAUGHT_UP))
            lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())

        assert company == crm.until_linked(customer)

    @pytest.mark.parametrize("spelt", ["{}", " {} "], ids=["capitals", "capitals and spaces"])
    def test_an_id_in_capitals_is_the_same(self, scene: Scene, crm: Customers, spelt: str) -> None:
        """An id is compared without case and spaces, wherever a person wrote it."""
        name = f"Loud {len(spelt)} Ltd"
        company = scene.make("companies", name=name)
        customer = crm.add(name)
        crm.until_held(customer)
        scene.settle()

        scene.edit("companies", company, xero_contact_id=spelt.format(customer.upper()))

        assert company == crm.until_linked(customer)
        assert customer == scene.show("companies", company)["xero_contact_id"]
        assert [company] == crm.records("companies", name=name)

    def test_a_name_alone_is_held(self, scene: Scene, crm: Customers) -> None:
        """Where nothing but the name says so, nobody guesses."""
        company = scene.make("companies", name="Lonely Name Ltd")

        customer = crm.add("Lonely Name Ltd")

        assert company in crm.until_held(customer)
        assert [company] == crm.records("companies", name="Lonely Name Ltd")

    def test_the_same_name_with_another_domain_is_a_question(self, scene: Scene, crm: Customers) -> None:
        """Two firms may be called alike, and one firm may have two domains: a person looks."""
        company = scene.make("companies", name="Summit", domain="summit-one.example.com")

        customer = crm.add("Summit", EmailAddress="x@summit-two.example.com")

        assert f"{company}) with the same name; another domain." in crm.until_held(customer)
        assert crm.record(customer, "company") is None

    def test_no_email_makes_a_company_only(self, scene: Scene, crm: Customers) -> None:
        """Without an email there is nobody to make a contact of."""
        customer = crm.add("Quiet Ltd", FirstName="Nobody")

        crm.until_linked(customer)

        assert crm.record(customer, "contact") is None

    def test_the_automatic_company_is_taken(self, scene: Scene, crm: Customers) -> None:
        """A company that HubSpot makes by itself from the contact's domain is taken, not doubled."""
        scene.configure("hubspot", automatic_company=True)
        customer = crm.add("Own Domain Ltd", EmailAddress="me@own-domain.example.com")

        company = crm.until_linked(customer)
        scene.configure("hubspot", automatic_company=False)

        assert [company] == crm.records("companies", domain="own-domain.example.com")
        assert [] == crm.records("companies", name="Own Domain Ltd")
        contact = crm.until_linked(customer, "contact")
        assert {company} == crm.companies_of(contact)

    def test_the_number_leads_to_the_company(self, scene: Scene, crm: Customers) -> None:
        """A customer that carries its HubSpot id is that company, where anything else agrees."""
        company = scene.make("companies", name="Old Name")

        customer = crm.add("Old Name Ltd", ContactNumber=f"HubSpot company {company}")

        assert company == crm.until_linked(customer)
        assert "contact number" == crm.how(customer, "company")

    def test_a_stale_number_is_a_question(self, scene: Scene, crm: Customers) -> None:
        """A number that names a record with which nothing agrees does not link; an id that a person writes does."""
        company = scene.make("companies", name="Cobalt Dance", domain="cobalt.example.com")

        customer = crm.add("Umber Roofing Ltd", ContactNumber=f"HubSpot company {company}")

        assert f"in Xero is “HubSpot company {company}”, but “Cobalt Dance” has" in crm.until_held(customer)
        assert not scene.show("companies", company)["xero_contact_id"]
        scene.edit("companies", company, xero_contact_id=customer)
        crm.touch(customer)
        assert company == crm.record(customer, "company")

    def test_a_company_that_a_won_deal_linked_just_now_is_its_own(self, scene: Scene, crm: Customers) -> None:
        """Two lanes may meet a new customer: what the deal's has linked, the organisation's finds, and makes none."""
        company = scene.make("companies", name="Just Now Ltd")
        customer = crm.add("Just Now Limited", ContactNumber=f"HubSpot company {company}")
        assert company == crm.until_linked(customer)
        at = scene.built.parts()
        with scene.built.database.reading() as tx:
            home = connections.organisations(tx)[0]
            known = mirror.customers(tx, home.id, [customer])

        with instead(at):
            found = find(at.hubspot(), home, {}, known)

        assert ({}, company) == (found.unsure_companies, found.companies[customer][0].id)


class TestContacts:
    def test_by_a_further_email(self, scene: Scene, crm: Customers) -> None:
        """A contact is found by its further addresses too."""
        contact = scene.make("contacts", email="first@further.example.com")
        scene.edit("contacts", contact, hs_additional_emails="second@further.example.com")

        customer = crm.add("Further Ltd", EmailAddress="Second@Further.example.com")

        assert contact == crm.until_linked(customer, "contact")
        assert "first@further.example.com" == scene.show("contacts", contact)["email"]

    def test_who_carries_another_id_is_held(self, scene: Scene, crm: Customers) -> None:
        """A contact that says it is another customer is not taken."""
        contact = scene.make("contacts", email="taken@elsewhere.example.com", xero_contact_id="somebody-else")

        customer = crm.add("Elsewhere Ltd", EmailAddress="taken@elsewhere.example.com")

        said = crm.until_held(customer)
        assert contact in said
        assert "somebody-else" in said

    def test_the_own_id_in_capitals_is_no_other(self, scene: Scene, crm: Customers) -> None:
        """A contact that carries the customer's id in capitals is the customer's, whatever its email."""
        customer = crm.add("Shout Ltd")
        crm.until_linked(customer)
        contact = scene.make("contacts", email="old@shout.example.com", xero_contact_id=customer.upper())

        crm.change(customer, EmailAddress="new@shout.example.com")

        assert contact == crm.until_linked(customer, "contact")
        assert f"customer {customer}" not in scene.holds()

    def test_a_bad_email_costs_that_field(self, scene: Scene, crm: Customers) -> None:
        """What is no single address is not sent, with its reason in the journal, once; the company is made."""
        customer = crm.add("Two Mails Ltd", EmailAddress="a@two.example.com;b@two.example.com")

        crm.until_linked(customer)
        _fill_the_journal(scene, customer)
        crm.touch(customer)

        assert crm.record(customer, "contact") is None
        with scene.built.database.reading() as tx:
            said = [entry.reason for entry in journal.recent(tx, 1000, f"customer {customer}")]
        assert 1 == len([one for one in said if "is not sent" in one])
        assert f"customer {customer}" not in scene.holds()

    def test_an_email_that_hubspot_refuses_costs_that_field(self, scene: Scene, crm: Customers) -> None:
        """An ending that HubSpot does not know costs the email alone: the contact and its whole batch go on."""
        refused, fine = scene.on.in_xero(
            "PUT",
            "/Contacts",
            {
                "Contacts": [
                    {"Name": "No Such End", "FirstName": "Ed", "EmailAddress": "ed@end.nosuchend"},
                    {"Name": "Good End", "EmailAddress": "eva@good-end.example.com"},
                ]
            },
        )["Contacts"]

        contact = crm.until_linked(refused["ContactID"], "contact")
        crm.until_linked(fine["ContactID"], "contact")

        shown = scene.show("contacts", contact)
        assert (None, "Ed") == (shown["email"], shown["firstname"])
        assert any("INVALID" not in one and "`email`" in one for one in crm.said(refused["ContactID"]))

    def test_a_refused_email_without_a_name_is_asked_once(self, scene: Scene, crm: Customers) -> None:
        """Where nothing else would identify a contact there is none, and HubSpot is not asked again."""
        customer = crm.add("No End No Name", EmailAddress="ed@end.stillnosuchend")
        crm.until_linked(customer)
        scene.forget_calls()

        crm.touch(customer)

        assert [] == scene.calls("hubspot", "contacts/batch/create")
        assert crm.record(customer, "contact") is None


class TestPeople:
    def test_people_become_contacts_of_the_company(self, scene: Scene, crm: Customers) -> None:
        """Each further person with a good email is a contact at the company, without the id that is unique."""
        people = [
            {"FirstName": "Mere", "LastName": "Tua", "EmailAddress": "Mere@many.example.com"},
            {"FirstName": "Bad", "EmailAddress": "no address"},
            {"FirstName": "Sam", "EmailAddress": "sam@many.example.com"},
        ]
        known = scene.make("contacts", email="sam@many.example.com")

        customer = crm.add("Many Ltd", EmailAddress="ap@many.example.com", ContactPersons=people)

        company = crm.until_linked(customer)
        mere = scene.find_contact("mere@many.example.com")
        assert mere is not None
        assert ("Mere", None) == (mere["firstname"], mere["xero_contact_id"])
        assert {company} == crm.companies_of(str(mere["id"])) == crm.companies_of(known)
        assert any("no address" in one for one in crm.said(customer))

    def test_people_are_made_once(self, scene: Scene, crm: Customers) -> None:
        """Who is known is not looked for again, whatever else happens to the customer."""
        people = [{"FirstName": "Ona", "EmailAddress": "ona@once.example.com"}]
        customer = crm.add("Once Ltd", ContactPersons=people)
        crm.until_linked(customer)
        scene.forget_calls()

        crm.touch(customer)

        assert [] == scene.calls("hubspot", "contacts/batch")
        assert 1 == len(crm.records("contacts", email="ona@once.example.com"))

    def test_people_forgotten_by_a_crash_are_found_again(self, scene: Scene, crm: Customers) -> None:
        """A person who was made and not remembered is found by the email, and is not made twice."""
        people = [{"FirstName": "Cy", "EmailAddress": "cy@crash.example.com"}]
        customer = crm.add("Crash Ltd", ContactPersons=people)
        company = crm.until_linked(customer)
        with scene.built.database.transaction() as tx:
            tx.execute(person.delete().where(person.c.customer == customer))

        crm.touch(customer)

        (found,) = crm.records("contacts", email="cy@crash.example.com")
        assert {company} == crm.companies_of(found)

    def test_a_new_person_joins(self, scene: Scene, crm: Customers) -> None:
        """A person added later is a contact of the same company."""
        customer = crm.add("Later Ltd")
        company = crm.until_linked(customer)

        crm.change(customer, ContactPersons=[{"FirstName": "Lee", "EmailAddress": "lee@later.example.com"}])

        lee = scene.on.until("lee", lambda: scene.find_contact("lee@later.example.com"))
        scene.settle()
        assert {company} == crm.companies_of(str(lee["id"]))


class TestConflicts:
    def test_a_409_is_answered_by_taking_the_record(self, scene: Scene, crm: Customers) -> None:
        """A contact that came between the look and the create is taken, as the answer names it."""
        scene.forget_calls()
        # The create arrives late, so that a person can be quicker.
        late = scene.fault("hubspot", kind="late", path="contacts/batch/create", delay_ms=DAY, times=1)
        customer = crm.add("Conflict Ltd", EmailAddress="between@conflict.example.com")
        scene.until_met("hubspot", late)

        contact = scene.make("contacts", email="between@conflict.example.com")
        scene.mend("hubspot", late)

        assert contact == crm.until_linked(customer, "contact")
        assert 207 in [call["status"] for call in scene.calls("hubspot", "contacts/batch/create")]

    def test_an_id_that_another_record_has_is_held(self, scene: Scene, crm: Customers) -> None:
        """The id is unique: who holds it is named, and the rest of the standing is written."""
        customer = crm.add("Unique Ltd", EmailAddress="u@unique.example.com")
        other = crm.add("Thief Ltd", EmailAddress="thief@thief.example.com")
        contact, thief = crm.until_linked(customer, "contact"), crm.until_linked(other, "contact")
        scene.edit("contacts", contact, xero_contact_id="")
        scene.edit("contacts", thief, xero_contact_id=customer)  # which moves nothing, for it is another customer's
        with scene.built.database.transaction() as tx:
            last_written.forget(tx, connections.portals(tx)[0].id, "contact", [contact])

        crm.touch(customer)

        reasons = scene.on.until("hold", lambda: scene.holds().get(f"hubspot contact {contact}"))
        assert thief in reasons[0]
        assert "1.00" == scene.show("contacts", contact)["xero_outstanding_balance"]


def _fill_the_journal(scene: Scene, customer: str) -> None:
    """Let so much be said of a customer that what was said first is far behind."""
    line = Entry(
        at=scene.built.now(),
        lane=scene.on.organisation,
        turn=1,
        subject=f"customer {customer}",
        decision="skip",
        rule="test",
        reason="Something else.",
    )
    with scene.built.database.transaction() as tx:
        journal.add(tx, [line] * 150)


def test_an_association_that_fails_is_made_later(scene: Scene, crm: Customers) -> None:
    """Contact and company are linked by then, and are associated all the same when HubSpot answers again."""
    scene.fault("hubspot", kind="status", status=503, path="batch/associate", times=4)
    customer = crm.add("Apart Ltd", EmailAddress="kim@apart.example.com")
    contact, company = crm.until_linked(customer, "contact"), crm.until_linked(customer)

    scene.on.until("associated", lambda: crm.companies_of(contact) == {company} or None, 30)
    scene.settle()
    scene.forget_calls()
    crm.touch(customer)
    assert [] == scene.calls("hubspot", "batch/associate")


def test_an_association_that_is_refused_costs_itself(scene: Scene, crm: Customers) -> None:
    """The figures are shown, the journal says why the two are apart, and HubSpot is not asked again."""
    scene.fault("hubspot", kind="status", status=400, path="batch/associate")
    customer = crm.add("Refused Pair Ltd", EmailAddress="kim@pair.example.com")
    company = crm.until_linked(customer)
    scene.invoice_for(customer, "12.00")

    scene.until_shown("companies", company, "xero_outstanding_balance", "12.00")
    scene.settle()
    assert any("would not associate" in said for said in crm.said(customer))
    assert 1 == len(scene.calls("hubspot", "batch/associate"))
    scene.mend("hubspot")
