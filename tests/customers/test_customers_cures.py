"""What the sentence of a hold says is done, exactly: the hold is cured, and nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from crm import Customers, begun, home_of
from scene import DAY, Scene

from ledgerloop.customers import answers, link_by_hand, moved_ids
from ledgerloop.engine import retries
from ledgerloop.invoices import payer_answers
from ledgerloop.parts import instead
from ledgerloop.store import connections, lanes, last_written, pending_customers


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
        pending_customers.mark(tx, scene.on.organisation, [customer])
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.settle()


def link_new(scene: Scene, customer: str) -> None:
    """Run `ledgerloop link --customer ID --new`."""
    with instead(scene.built.parts()):
        answers.it_is_new(home_of(scene), customer, "Kim")


def said_again(scene: Scene, crm: Customers, customer: str, half: link_by_hand.Half, **holder: str) -> tuple[str, str]:
    """Have the customer's id on another record, and a person say afterwards that it is the one it was; return both."""
    plural = "contacts" if half == "contact" else "companies"
    record = crm.until_linked(customer, half)
    scene.silence("hubspot")
    scene.edit(plural, record, xero_contact_id="")
    other = scene.make(plural, xero_contact_id=customer, **holder)
    with instead(scene.built.parts()):
        answers.it_is(home_of(scene), customer, half, record, "Kim")
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})
    with scene.built.database.transaction() as tx:
        last_written.forget(tx, connections.portals(tx)[0].id, half, [record])
    scene.settle()
    return record, other


def until_asked_no_more(scene: Scene, subject: str) -> None:
    """Wait until a hold is gone, and stays gone."""
    scene.on.until(f"{subject} is asked about no more", lambda: subject not in scene.holds() or None)
    scene.settle()
    assert subject not in scene.holds()


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


def test_a_409_that_names_another_person(scene: Scene, crm: Customers) -> None:
    """Who got the address in HubSpot while the contact was made is weighed as anybody who has it: a question here."""
    scene.fault("hubspot", kind="late", path="contacts/batch/create", delay_ms=2500, times=1)
    customer = crm.add("Swift Conflict Ltd", EmailAddress="between.77@gmail.com", FirstName="Di", LastName="Snow")
    scene.on.until("the search", lambda: scene.calls("hubspot", "companies/search") or None)
    scene.on.until("the making", lambda: scene.calls("hubspot", "contacts/batch/read") or None)
    contact = scene.make("contacts", email="between.77@gmail.com", firstname="Tom", lastname="Reed")

    said = crm.until_held(customer)

    assert f"is that of Di Snow in Xero, and in HubSpot that of the contact Tom Reed ({contact})" in said
    scene.settle()
    assert not scene.show("contacts", contact)["xero_contact_id"]
    scene.edit("contacts", contact, xero_contact_id=customer)
    assert contact == crm.until_linked(customer, "contact")
    assert f"customer {customer}" not in scene.holds()


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
    assert "is also that of" not in said
    assert f"is that of the HubSpot contact one@unshared.example.com ({contact})" in said
    assert f"write {second} into the Xero contact id of the contact {contact}." in said


def test_an_id_on_another_contact(scene: Scene, crm: Customers) -> None:
    """Nobody is told to merge two people: clearing the id on the other contact cures it, and both stay."""
    customer = crm.add("Thief Ltd", EmailAddress="u@thief.example.com")
    contact, thief = said_again(scene, crm, customer, "contact", email="thief@thief.example.com")
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


def test_two_customers_of_one_contact(scene: Scene, crm: Customers) -> None:
    """The contact goes to whom the id names; the other gets a contact with an email of its own."""
    contact = scene.make("contacts", email="one@two-of-one.example.com")
    scene.edit("contacts", contact, hs_additional_emails="two@two-of-one.example.com")
    people = [{"Name": f"Of One {each}", "EmailAddress": f"{each}@two-of-one.example.com"} for each in ("one", "two")]
    made = scene.on.in_xero("PUT", "/Contacts", {"Contacts": people})["Contacts"]
    first, second = (str(one["ContactID"]) for one in made)
    for customer in (first, second):
        assert "--new" not in crm.until_held(customer)

    scene.edit("contacts", contact, xero_contact_id=first)
    assert contact == crm.until_linked(first, "contact")
    crm.change(second, EmailAddress="second@two-of-one.example.com")

    own = crm.until_linked(second, "contact")
    assert [contact, own] == [crm.record(first, "contact"), crm.record(second, "contact")]
    for customer in (first, second):
        until_asked_no_more(scene, f"customer {customer}")
    assert "one@two-of-one.example.com" == scene.show("contacts", contact)["email"]


@pytest.mark.parametrize("way", ["another company", "a new one", "that one"])
def test_a_company_that_is_another_customers(scene: Scene, crm: Customers, way: str) -> None:
    """A second customer fits: its id on another company, or one of its own, or the first was wrong there."""
    domain = f"{way.replace(' ', '-')}.example.com"
    company = scene.make("companies", name=f"Totara {way}", domain=domain)
    first = crm.add(f"Totara {way}", EmailAddress=f"a@{domain}")
    assert company == crm.until_linked(first)
    second = crm.add(f"Totara {way} Ltd", EmailAddress=f"b@{domain}")
    said = crm.until_held(second)
    assert f"The HubSpot company {company} fits “Totara {way} Ltd”, but is “Totara {way}” in Xero" in said
    assert f"`ledgerloop link --customer {second} --new`" in said

    if way == "another company":
        scene.make("companies", name="The other Totara", xero_contact_id=second)
    elif way == "a new one":
        link_new(scene, second)
    else:
        assert f"`ledgerloop unlink --customer {first} --company`" in said
        assert f"`ledgerloop link --customer {second} --company {company}`" in said
        with instead(scene.built.parts()):
            answers.part(home_of(scene), first, ("company",), "Kim")
            answers.it_is(home_of(scene), second, "company", company, "Kim")

    assert (company == crm.until_linked(second)) is (way == "that one")
    assert (None if way == "that one" else company) == crm.record(first, "company")
    until_asked_no_more(scene, f"customer {second}")


def test_two_new_customers_of_one_company(scene: Scene, crm: Customers) -> None:
    """The id says who has the company; the other gets one of its own by the command that the sentence names."""
    company = scene.make("companies", name="Rata Glass", domain="rata-glass.co.nz")
    people = [
        {"Name": f"Rata Glass {form}", "EmailAddress": f"{form.lower()}@rata-glass.co.nz"}
        for form in ("Ltd", "Limited")
    ]
    made = scene.on.in_xero("PUT", "/Contacts", {"Contacts": people})["Contacts"]
    first, second = (str(one["ContactID"]) for one in made)
    for customer in (first, second):
        said = crm.until_held(customer)
        assert f"The HubSpot company {company} fits" in said
        assert "and as well “Rata Glass" in said

    scene.edit("companies", company, xero_contact_id=first)
    assert company == crm.until_linked(first)
    link_new(scene, second)

    assert company != crm.until_linked(second)
    assert company == crm.record(first, "company")
    for customer in (first, second):
        until_asked_no_more(scene, f"customer {customer}")


def test_a_record_with_another_customers_id(scene: Scene, crm: Customers) -> None:
    """An id that is out of date is cleared, and the contact is the customer's."""
    contact = scene.make("contacts", email="me@outdated.example.com", xero_contact_id="long-gone")
    customer = crm.add("Outdated Ltd", EmailAddress="me@outdated.example.com")
    assert "carries the Xero contact id long-gone. Clear that id" in crm.until_held(customer)

    scene.edit("contacts", contact, xero_contact_id="")

    assert contact == crm.until_linked(customer, "contact")
    until_asked_no_more(scene, f"customer {customer}")
    assert customer == scene.show("contacts", contact)["xero_contact_id"]


def test_a_record_that_was_deleted_twice(scene: Scene, crm: Customers) -> None:
    """The other way out: the customer's id on another company makes that one show it."""
    customer = crm.add("Twice Gone Ltd")
    company = crm.until_linked(customer)
    crm.delete("companies", company)
    crm.delete("companies", crm.until_other(customer, company))
    assert "a third time" in crm.until_held(customer)

    another = scene.make("companies", name="Here Instead", xero_contact_id=customer)

    assert another == crm.until_linked(customer)
    until_asked_no_more(scene, f"customer {customer}")
    crm.touch(customer)
    assert "1.00" == scene.show("companies", another)["xero_outstanding_balance"]


@pytest.mark.parametrize("way", ["merged in Xero", "another company"])
def test_two_customers_whose_companies_became_one(scene: Scene, crm: Customers, way: str) -> None:
    """Two customers of one company: they become one in Xero too, or the second gets another company."""
    first, second = crm.add(f"Keeps {way}"), crm.add(f"Goes {way}")
    keeps, goes = crm.until_linked(first), crm.until_linked(second)
    scene.invoice_for(second, "3.00")
    scene.settle()
    crm.merge("companies", goes, keeps)
    assert f"merged in HubSpot into {keeps}" in crm.until_held(second)

    if way == "merged in Xero":
        crm.merge_in_xero(second, first)
        crm.touch(first)
        shown = scene.until_shown("companies", keeps, "xero_outstanding_balance", "4.00")
        assert first == shown["xero_contact_id"]
    else:
        another = scene.make("companies", name="Goes here", xero_contact_id=second)
        assert another == crm.until_linked(second)
        scene.until_shown("companies", another, "xero_outstanding_balance", "3.00")
    until_asked_no_more(scene, f"customer {second}")
    assert keeps == crm.record(first, "company")


@pytest.mark.parametrize("kind", ["contact", "company"])
def test_a_record_that_hubspot_will_not_make(scene: Scene, crm: Customers, kind: str) -> None:
    """Once what HubSpot complained of is put right, the record is made."""
    path = {"contact": "contacts", "company": "companies"}[kind]
    scene.fault("hubspot", kind="status", status=400, path=f"{path}/batch/create", method="POST")
    customer = crm.add(f"Unmade {kind} Ltd", EmailAddress=f"me@unmade-{kind}.example.com")
    assert f"HubSpot would not create a {kind}" in crm.until_held(customer)

    scene.mend("hubspot")
    look_again(scene, customer)

    assert crm.until_linked(customer, "contact")
    assert crm.until_linked(customer)
    until_asked_no_more(scene, f"customer {customer}")


def test_an_id_on_a_company_that_cannot_be_found(scene: Scene, crm: Customers) -> None:
    """Where the id is taken by a record that is not shown, clearing the id there lets the customer's own be made."""
    scene.silence("xero")
    customer = crm.add("Hidden Thief Ltd")
    thief = scene.make("companies", name="Thief", xero_contact_id=customer)
    scene.fault("hubspot", kind="rewrite", path="companies/batch/read", find=customer, put="hidden")
    scene.on.control.post(f"{scene.url('xero')}/_sandbox/webhooks", json={"enabled": True})
    crm.change(customer, FirstName="Hid")
    said = crm.until_held(customer)
    assert f"Look in HubSpot for the company whose Xero contact id is {customer}" in said

    scene.edit("companies", thief, xero_contact_id="")
    scene.mend("hubspot")
    look_again(scene, customer)

    assert thief != crm.until_linked(customer)
    until_asked_no_more(scene, f"customer {customer}")


def test_a_record_that_hubspot_will_not_change(scene: Scene, crm: Customers) -> None:
    """Once what HubSpot complained of is put right, the figures are written."""
    customer = crm.add("Unchanged Ltd")
    company = crm.until_linked(customer)
    scene.fault("hubspot", kind="status", status=400, path="companies/batch/update", method="POST")
    scene.invoice_for(customer, "8.00")
    said = scene.on.until("hold", lambda: scene.holds().get(f"hubspot company {company}"))
    assert f"HubSpot would not update the company {company}" in said[0]

    scene.mend("hubspot")
    look_again(scene, customer)

    scene.until_shown("companies", company, "xero_outstanding_balance", "8.00")
    until_asked_no_more(scene, f"hubspot company {company}")


def test_a_value_that_hubspot_will_not_take(scene: Scene, crm: Customers) -> None:
    """An option that the property lacks: added in HubSpot, the value is written."""
    path = "/crm/properties/2026-09/companies/xero_invoice_status"
    options = scene.on.at_hubspot("GET", path)["options"]
    customer = crm.add("Optionless Ltd")
    company = crm.until_linked(customer)
    scene.on.at_hubspot("PATCH", path, {"options": [one for one in options if one["value"] != "AUTHORISED"]})
    scene.invoice_for(customer, "9.00")
    said = scene.on.until("hold", lambda: scene.holds().get(f"hubspot company {company}"))
    assert "would not take `xero_invoice_status`" in said[0]
    assert "9.00" == scene.show("companies", company)["xero_outstanding_balance"]

    scene.on.at_hubspot("PATCH", path, {"options": options})
    look_again(scene, customer)

    scene.until_shown("companies", company, "xero_invoice_status", "AUTHORISED")
    until_asked_no_more(scene, f"hubspot company {company}")


def test_an_id_on_a_double_of_the_same_company(scene: Scene, crm: Customers) -> None:
    """The other way out: where the two are one, the holder is merged into the customer's company, which stays."""
    customer = crm.add("Doubled Ltd")
    company, double = said_again(scene, crm, customer, "company", name="Doubled Ltd", phone="555 0199")
    crm.touch(customer)
    said = scene.on.until("hold", lambda: scene.holds().get(f"hubspot company {company}"))
    assert f"you may merge {double} into {company}" in said[0]

    crm.merge("companies", double, company)
    look_again(scene, customer)

    until_asked_no_more(scene, f"hubspot company {company}")
    shown = scene.show("companies", company)
    assert (customer, "1.00", "555 0199") == (
        shown["xero_contact_id"],
        shown["xero_outstanding_balance"],
        shown["phone"],
    )
    assert company == crm.record(customer, "company")


def test_a_number_that_is_out_of_date_is_cleared(scene: Scene, crm: Customers) -> None:
    """Without the stale number the customer gets a company of its own, and the other stays as it is."""
    company = scene.make("companies", name="Quite Another", domain="quite-another.co.nz")
    customer = crm.add("Stale Ltd", EmailAddress="ap@stale-firm.co.nz", ContactNumber=f"HubSpot company {company}")
    said = crm.until_held(customer)
    assert f"The contact number of “Stale Ltd” (ap@stale-firm.co.nz) in Xero is “HubSpot company {company}”" in said
    assert f"`ledgerloop link --customer {customer} --new`" in said

    crm.change(customer, ContactNumber="")

    assert company != crm.until_linked(customer)
    until_asked_no_more(scene, f"customer {customer}")
    assert not scene.show("companies", company)["xero_contact_id"]


class TestSomebodyElses:
    """A record in question becomes another customer's: whoever else is asked about it is looked at again."""

    def test_by_a_deal(self, scene: Scene, crm: Customers) -> None:
        """The deal's company is none of the customers in Xero, so the one that may have been it gets one of its own."""
        company = scene.make("companies", name="Titoki Ltd", domain="titoki.co.nz")
        contact = scene.make("contacts", email="ap@titoki.co.nz")
        customer = crm.add("Titoki Ltd", EmailAddress="x@othertitoki.co.nz")
        assert company in crm.until_held(customer)
        deal = scene.sell(company=company, contact=contact)
        scene.on.until("the deal is held", lambda: scene.holds().get(f"deal {deal}"))

        with instead(scene.built.parts()):
            payer_answers.new_one_pays(home_of(scene), deal, "Kim")

        scene.until_shown("deals", deal, "xero_invoice_id")
        assert company != crm.until_linked(customer)
        until_asked_no_more(scene, f"customer {customer}")
        (invoice,) = scene.invoices_of(deal)
        assert company == crm.record(str(invoice["Contact"]["ContactID"]), "company")

    def test_its_id_on_the_record_of_another(self, scene: Scene, crm: Customers) -> None:
        """Who writes the id there all the same is told whose record it is, and the record keeps showing whose it is."""
        company = scene.make("companies", name="Ngaio Ltd", domain="ngaio.co.nz")
        first = crm.add("Ngaio Ltd", EmailAddress="ap@ngaio.co.nz")
        assert company == crm.until_linked(first)
        crm.touch(first)
        second = crm.add("Maire Ltd", EmailAddress="ap@maire.co.nz")
        own = crm.until_linked(second)
        scene.edit("companies", own, xero_contact_id="")
        scene.edit("companies", company, xero_contact_id=second)

        said = crm.until_held(second)
        assert "fits “Maire Ltd”, but is “Ngaio Ltd” in Xero" in said
        crm.touch(first)

        shown = scene.show("companies", company)
        assert (first, "2.00") == (shown["xero_contact_id"], shown["xero_outstanding_balance"])

    def test_by_what_a_person_says(self, scene: Scene, crm: Customers) -> None:
        """One of two that are asked about the same company is it; the other is asked no more."""
        company = scene.make("companies", name="Kowhai Ltd", domain="kowhai.co.nz")
        first, second = (crm.add(f"Kowhai {form}", EmailAddress=f"a@kowhai{form}.co.nz") for form in ("Ltd", "Limited"))
        for customer in (first, second):
            assert company in crm.until_held(customer)

        with instead(scene.built.parts()):
            answers.it_is(home_of(scene), first, "company", company, "Kim")

        assert company != crm.until_linked(second)
        until_asked_no_more(scene, f"customer {second}")


class TestWhoPays:
    def test_a_namesake_of_another_companys_customer(self, scene: Scene, crm: Customers) -> None:
        """The other way out of “is the HubSpot company …”: a customer of its own, by the command of the sentence."""
        customer = crm.add("Puriri Bikes Ltd")
        crm.until_linked(customer)
        deal = scene.sell(company=scene.make("companies", name="PURIRI Bikes Limited"))
        said = self._said(scene, deal)
        assert f"`ledgerloop link --deal {deal} --new`" in said

        with instead(scene.built.parts()):
            payer_answers.new_one_pays(home_of(scene), deal, "Kim")

        assert self._payer(scene, deal) != customer
        until_asked_no_more(scene, f"deal {deal}")

    def test_an_id_of_nobody_is_cleared(self, scene: Scene, crm: Customers) -> None:
        """Without the id the deal's company is looked for like any other, and a customer is made for it."""
        company = scene.make("companies", name="Nobodys Ltd", xero_contact_id="nobody-at-all")
        deal = scene.sell(company=company)
        assert "Correct the id, or clear it." in self._said(scene, deal)

        scene.edit("companies", company, xero_contact_id="")
        self._retry(scene, deal)

        assert "Nobodys Ltd" == crm.in_xero(self._payer(scene, deal))["Name"]
        until_asked_no_more(scene, f"deal {deal}")

    @pytest.mark.parametrize("way", ["merged", "cleared", "replaced"])
    def test_an_id_of_another_companys_customer(self, scene: Scene, crm: Customers, way: str) -> None:
        """Merged, or linked by the command, who pays is the customer; where the id is cleared it is a new one."""
        customer = crm.add(f"Carried {way} Ltd")
        holder, company = said_again(scene, crm, customer, "company", name=f"Bearer {way}")
        deal = scene.sell(company=company)
        assert f"belongs to the HubSpot company {holder}" in self._said(scene, deal)

        if way == "merged":
            crm.merge("companies", company, holder)
        elif way == "replaced":
            with instead(scene.built.parts()):
                answers.it_is(home_of(scene), customer, "company", company, "Kim", replace=True)
        else:
            scene.edit("companies", company, xero_contact_id="")
        self._retry(scene, deal)

        assert (self._payer(scene, deal) == customer) is (way != "cleared")
        until_asked_no_more(scene, f"deal {deal}")
        assert (company if way == "replaced" else holder) == crm.record(customer, "company")

    def _said(self, scene: Scene, deal: str) -> str:
        return str(scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"])

    def _retry(self, scene: Scene, deal: str) -> None:
        with instead(scene.built.parts()):
            retries.retry([deal])

    def _payer(self, scene: Scene, deal: str) -> str:
        scene.until_shown("deals", deal, "xero_invoice_id")
        (invoice,) = scene.invoices_of(deal)
        return str(invoice["Contact"]["ContactID"])


def test_an_id_that_is_cleared_while_it_is_looked_at_has_not_been_moved(scene: Scene, crm: Customers) -> None:
    """The last change of the id on the other company is the clearing, which comes after the person's word."""
    customer = crm.add("Weighed Ltd")
    holder, other = said_again(scene, crm, customer, "company", name="Weighing")
    read = scene.fault("hubspot", kind="delay", method="POST", path="companies/batch/read", delay_ms=DAY, times=1)

    def clear() -> None:
        scene.until_met("hubspot", read)
        scene.edit("companies", other, xero_contact_id="")
        scene.mend("hubspot", read)

    clearing = threading.Thread(target=clear)
    clearing.start()
    with instead(scene.built.parts()):
        moved_ids.hear(home_of(scene), "company", [other])
    clearing.join()

    assert holder == crm.record(customer, "company")
    until_asked_no_more(scene, f"hubspot company {holder}")
    assert [customer, ""] == [scene.show("companies", one)["xero_contact_id"] or "" for one in (holder, other)]


def test_a_company_of_its_own_without_a_contact_says_what_it_lacks(scene: Scene, crm: Customers) -> None:
    """Who answers that a new customer pays learns at once that the deal has nobody to receive the invoice."""
    company = scene.make("companies", name="Lonely Lights")
    customer = crm.add("Lonely Lights")
    crm.until_held(customer)
    deal = scene.sell(company=company, contact=None)
    scene.on.until("hold", lambda: scene.holds().get(f"deal {deal}"))

    with instead(scene.built.parts()):
        said = payer_answers.new_one_pays(home_of(scene), deal, "Kim").sentence

    assert "First, for that: The deal has no contact, so nobody could receive the invoice. Add the contact" in said
    contact = scene.make("contacts", email="bea@lonely-lights.example.com", lastname="Bea")
    scene.on.at_hubspot("PUT", f"/crm/objects/2026-09/deals/{deal}/associations/default/contacts/{contact}")
    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    assert customer not in [one["Contact"]["ContactID"] for one in scene.invoices_of(deal)]
