"""Who pays for a deal: never a doubled customer, never somebody else's, and a person's word counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from crm import Customers, begun, home_of
from scene import OBJECTS, Scene

from ledgerloop.customers import answers, link_by_hand
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.models import Record
from ledgerloop.invoices import new_customer, payer_answers
from ledgerloop.invoices.deals import Sale
from ledgerloop.parts import instead
from ledgerloop.records import Hold, Link, Organisation
from ledgerloop.rules.identity.addresses import email_domain
from ledgerloop.rules.identity.payers import Found
from ledgerloop.store import connections, links, rulings


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("payers")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def test_a_name_that_is_another_companys_is_held_not_doubled(scene: Scene, crm: Customers) -> None:
    """The customer has a company in HubSpot; a second company called alike is a question, and a merge answers it."""
    customer = crm.add("Acme Bikes Ltd")
    linked = crm.until_linked(customer)
    another = scene.make("companies", name="ACME Bikes Limited")

    deal = scene.sell(company=another)

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert f"as the customer “Acme Bikes Ltd” ({customer}) in Xero, which is the HubSpot company {linked}." in said
    assert 1 == named(scene, "Acme Bikes")
    crm.merge("companies", another, linked)
    retry(scene, deal)
    scene.until_shown("deals", deal, "xero_invoice_id")
    assert customer == payer(scene, deal)


def test_two_names_that_are_other_companies_are_held(scene: Scene, crm: Customers) -> None:
    """A company that is called like two customers of others is a question; no third is made without asking."""
    for name in ("Twin Ltd", "Twin Limited"):
        crm.until_linked(crm.add(name, EmailAddress=f"ap@{name.split()[1]}.twin.example.com".lower()))

    deal = scene.sell(company=scene.make("companies", name="TWIN"))

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert "which is the HubSpot company" in said
    assert 2 == named(scene, "Twin")


def test_two_new_companies_called_alike_do_not_become_two_customers(scene: Scene) -> None:
    """Also where their deals are decided together, the second meets the customer of the first."""
    scene.silence("hubspot")
    companies = [scene.make("companies", name=name) for name in ("Same Day Ltd", "Same Day Limited")]
    deals = [scene.sell(company=company) for company in companies]
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})

    with instead(scene.built.parts()):
        retries.retry(deals)
    scene.until_shown("deals", deals[0], "xero_invoice_id")
    scene.until_shown("deals", deals[1], "xero_sync_message")

    assert 1 == named(scene, "Same Day")


def test_one_customer_is_taken_by_one_company_of_a_turn(scene: Scene) -> None:
    """Decided together, one company by what a person wrote, or by email and domain, another by name: that is held."""
    for vendor in ("hubspot", "xero"):
        scene.silence(vendor)
    zeta = scene.customer("Zeta Works Ltd", "z@zeta.example.com")
    omega = scene.customer("Omega Group Ltd", "ap@omega.example.com")
    contact = scene.make("contacts", email="ap@omega.example.com", lastname="Om")
    rightly = {
        scene.sell(company=scene.make("companies", name="Alpha Holding", xero_contact_id=zeta.upper())): zeta,
        scene.sell(
            company=scene.make("companies", name="Omega Group", domain="omega.example.com"), contact=contact
        ): omega,
    }
    held = [scene.sell(company=scene.make("companies", name=name)) for name in ("Zeta Works", "OMEGA Group")]
    for vendor in ("hubspot", "xero"):
        scene.on.control.post(f"{scene.url(vendor)}/_sandbox/webhooks", json={"enabled": True})

    with instead(scene.built.parts()):
        retries.retry([*rightly, *held])
    for deal in held:
        said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
        assert "which is the HubSpot company" in str(said)
    for deal, customer in rightly.items():
        scene.until_shown("deals", deal, "xero_invoice_id")
        assert customer == payer(scene, deal)

    scene.settle()
    assert [[], []] == [scene.invoices_of(deal) for deal in held]


def test_an_email_alone_takes_nobody_elses_customer(scene: Scene, crm: Customers) -> None:
    """The contact's email is another customer's: a question, until a person writes down who pays."""
    customer, name, email = unshown(scene, crm)
    company = scene.make("companies", name="Globex Corp")

    deal = scene.sell(company=company, contact=scene.make("contacts", email=email, lastname="Kat"))

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert "It is not certain who pays: the company “Globex Corp”" in said
    assert f"“{name}” ({email}" in said
    assert customer in said
    assert crm.record(customer, "company") is None
    scene.edit("companies", company, xero_contact_id=customer)
    retry(scene, deal)
    scene.until_shown("deals", deal, "xero_invoice_id")
    assert customer == payer(scene, deal)
    assert (company, "id") == (crm.record(customer, "company"), crm.how(customer, "company"))


@pytest.mark.parametrize("works", [False, True], ids=["whom HubSpot has nowhere", "who works at the agency"])
def test_an_agents_address_tells_nobody_from_another(scene: Scene, crm: Customers, works: bool) -> None:
    """The agent on the deal answers for a company, and in Xero for its trust too: which of the two pays is asked."""
    stem = "Konini" if works else "Kowhai"
    email = f"pm@{stem.lower()}-estate.co.nz"
    if works:  # then one customer is enough: the agency's domain is no agreement
        customers = [crm.add(f"{stem} Ltd", EmailAddress=f"office@{stem.lower()}-estate.co.nz")]
    else:
        customers = [crm.add(f"{stem} {form}", EmailAddress=email) for form in ("Ltd", "Trust")]
    agent = scene.make("contacts", email=email, lastname="Agent")
    if works:
        agency = scene.make("companies", name=f"{stem} Agency")
        scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{agent}/associations/default/companies/{agency}")

    deal = scene.sell(company=scene.make("companies", name=stem), contact=agent)

    said = str(scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"])
    assert "It is not certain who pays" in said
    assert customers[0] in said
    assert [] == scene.invoices_of(deal)


def test_an_archived_customer_that_fits_better_is_named(scene: Scene, crm: Customers) -> None:
    """The active one is only alike; whoever answers knows that the very customer is archived, and what it owes."""
    gone = crm.add("Toheroa Roofing Ltd", EmailAddress="info@toheroa.co.nz")
    scene.invoice_for(gone, "500.00")
    crm.until_linked(gone)
    crm.change(gone, ContactStatus="ARCHIVED")
    active = crm.add("Toheroa Holdings Ltd", EmailAddress="ap@toheroa.co.nz")

    company = scene.make("companies", name="Toheroa Roofing Ltd", domain="toheroa.co.nz")
    deal = scene.sell(company=company)

    said = str(scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"])
    assert (
        f"“Toheroa Roofing Ltd” ({gone}), which may be the customer of this deal, is archived in Xero, and 500.00"
        in said
    )
    assert active in said
    assert [] == scene.invoices_of(deal)
    crm.change(gone, ContactStatus="ACTIVE")
    retry(scene, deal)
    holder = crm.record(gone, "company")
    taken = f"as the customer “Toheroa Roofing Ltd” ({gone}) in Xero, which is the HubSpot company {holder}."
    scene.on.until("the next question", lambda: taken in str(scene.show("deals", deal)["xero_sync_message"]) or None)


def test_a_company_that_we_made_answers_no_question(scene: Scene, crm: Customers) -> None:
    """Once the customer is shown at a company of its own the question stays, and merging the companies answers it."""
    customer = crm.add("Weka Roofing Ltd", EmailAddress="kat@weka.example.com")
    linked = crm.until_linked(customer)
    company = scene.make("companies", name="Initech Corp")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("kat@weka.example.com"))["id"])

    deal = scene.sell(company=company, contact=contact)

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert "It is not certain who pays: the company “Initech Corp”" in said
    assert customer in said
    crm.merge("companies", company, linked)
    retry(scene, deal)
    scene.until_shown("deals", deal, "xero_invoice_id")
    assert customer == payer(scene, deal)


def test_an_id_that_is_wrong_is_said(scene: Scene, crm: Customers) -> None:
    """An id of nobody is told; corrected to a customer's, it counts, though the deal has no contact."""
    customer, _, _ = unshown(scene, crm, by_email=False)
    company = scene.make("companies", name="Subsidiary Ltd", xero_contact_id="nobody")

    deal = scene.sell(company=company, contact=None)

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert "carries the Xero contact id “nobody”, and Kiwi Demo Ltd's Xero has no such customer." in said
    scene.edit("companies", company, xero_contact_id=customer)
    retry(scene, deal)
    scene.until_shown("deals", deal, "xero_invoice_id")
    assert customer == payer(scene, deal)


def test_a_customer_that_spoils_its_request_holds_back_no_other(scene: Scene) -> None:
    """Xero refuses the whole request for one customer: that deal is held with Xero's words, the other goes on."""
    scene.silence("hubspot")
    deals = [scene.sell() for _ in range(2)]
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})
    refusal = {"Type": "ValidationException", "Message": "A validation exception occurred", "Elements": [
        {"ValidationErrors": [{"Message": "The address is too odd"}]}
    ]}  # fmt: skip
    scene.fault("xero", kind="status", status=400, body=refusal, method="PUT", path="/Contacts$", times=2)

    with instead(scene.built.parts()):
        retries.retry(deals)
    shown = scene.until_shown("deals", deals[0], "xero_sync_message")
    scene.until_shown("deals", deals[1], "xero_invoice_id")

    assert "Xero would not create the customer “" in shown["xero_sync_message"]
    assert "The address is too odd. Correct it" in shown["xero_sync_message"]
    assert [] == scene.invoices_of(deals[0])


def test_a_draft_does_not_follow_a_deal_to_another_customer(scene: Scene, crm: Customers) -> None:
    """The deal's company is replaced: the draft keeps customer and lines and says so, until finance moves it."""
    old, new = crm.add("Old Payer Ltd"), crm.add("New Payer Ltd")
    companies = [crm.until_linked(one) for one in (old, new)]
    deal = scene.sell(company=companies[0])
    scene.until_shown("deals", deal, "xero_invoice_id")
    (invoice,) = scene.invoices_of(deal)

    scene.on.at_hubspot("DELETE", f"{OBJECTS}/deals/{deal}/associations/companies/{companies[0]}")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/deals/{deal}/associations/default/companies/{companies[1]}")
    scene.add_line(deal, {"name": "Travel", "quantity": "1", "price": "55.50"})

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert "it is made out to “Old Payer Ltd”, and the deal is “New Payer Ltd”'s now." in said
    assert (old, 1) == (payer(scene, deal), len(scene.invoices_of(deal)[0]["LineItems"]))
    body = {"InvoiceID": invoice["InvoiceID"], "Contact": {"ContactID": new}}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})
    scene.edit("deals", deal, amount="534.31")
    scene.on.until("the draft follows", lambda: len(scene.invoices_of(deal)[0]["LineItems"]) == 2 or None)
    assert new == payer(scene, deal)


def test_what_a_draft_says_that_finance_gave_another_customer_cures_it(scene: Scene, crm: Customers) -> None:
    """Finance gives it back, the deal goes to that customer's company, or a person says that it is right so."""
    old, new = crm.add("Tarakihi Boats Ltd"), crm.add("Toroa Roofing Ltd")
    companies = [crm.until_linked(one) for one in (old, new)]
    deals = [scene.sell(company=companies[0]) for _ in range(3)]
    for deal in deals:
        scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    for deal in deals:
        give(scene, deal, new)
        scene.add_line(deal, {"name": "Travel", "quantity": "1", "price": "55.50"})
        scene.edit("deals", deal, amount="534.30")
    for deal in deals:
        said = str(scene.until_shown("deals", deal, "xero_sync_message", seconds=30)["xero_sync_message"])
        assert "it is made out to “Toroa Roofing Ltd”, and the deal is “Tarakihi Boats Ltd”'s. Change" in said
        assert f"Or run `ledgerloop retry --deal {deal}` if it is right as it stands." in said
    scene.settle()
    back, moved, right = deals

    give(scene, back, old)
    scene.on.at_hubspot("DELETE", f"{OBJECTS}/deals/{moved}/associations/companies/{companies[0]}")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/deals/{moved}/associations/default/companies/{companies[1]}")
    with instead(scene.built.parts()):
        retries.retry([right])

    for deal, customer, lines in ((back, old, 2), (moved, new, 2), (right, new, 1)):
        scene.on.until(
            f"{deal} is cured", lambda deal=deal: not scene.show("deals", deal)["xero_sync_message"] or None, 30
        )
        assert (customer, lines) == (payer(scene, deal), len(scene.invoices_of(deal)[0]["LineItems"]))
        assert f"deal {deal}" not in scene.holds()


def give(scene: Scene, deal: str, customer: str) -> None:
    """Make a deal's draft out to another customer as finance does."""
    (invoice,) = scene.invoices_of(deal)
    body = {"InvoiceID": invoice["InvoiceID"], "Contact": {"ContactID": customer}}
    scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})


def test_a_draft_does_not_follow_a_deal_to_whom_an_address_of_several_belongs(scene: Scene, crm: Customers) -> None:
    """Whether a draft's customer still pays is weighed as for a won deal: what several customers share says nothing."""
    email = "office@hapuku-lamps.co.nz"
    customer = crm.add("Hapuku Lamps Ltd", EmailAddress=email)
    crm.add("Moki Lantern Hire Ltd", EmailAddress=email)
    company = crm.until_linked(customer)
    deal = scene.sell(company=company, contact=None)
    scene.until_shown("deals", deal, "xero_invoice_id")
    contact = scene.make("contacts", email=email, firstname="Tom", lastname="Reed")

    scene.on.at_hubspot("DELETE", f"{OBJECTS}/deals/{deal}/associations/companies/{company}")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/deals/{deal}/associations/default/contacts/{contact}")
    scene.add_line(deal, {"name": "Travel", "quantity": "1", "price": "55.50"})

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert "it is made out to “Hapuku Lamps Ltd”, and the deal is “Tom Reed”'s now." in said
    assert 1 == len(scene.invoices_of(deal)[0]["LineItems"])


def test_a_draft_does_not_follow_a_deal_whose_company_was_unlinked(scene: Scene, crm: Customers) -> None:
    """A person has said that the company is not the draft's customer, whatever agrees, until one says otherwise."""
    customer = crm.add("Kahawai Nets Ltd", EmailAddress="ap@kahawai-nets.co.nz")
    company = crm.until_linked(customer)
    scene.edit("companies", company, domain="kahawai-nets.co.nz")
    deal = scene.sell(company=company, contact=None)
    scene.until_shown("deals", deal, "xero_invoice_id")
    unlink(scene, customer)

    scene.add_line(deal, {"name": "Travel", "quantity": "1", "price": "55.50"})

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert "it is made out to “Kahawai Nets Ltd”, and the deal is “Kahawai Nets Ltd”'s now." in said
    assert 1 == len(scene.invoices_of(deal)[0]["LineItems"])
    scene.settle()
    with instead(scene.built.parts()):
        answers.it_is(connected(scene), customer, "company", company, "Kim", replace=True)
    scene.edit("deals", deal, amount="534.31")
    scene.on.until("the draft follows", lambda: len(scene.invoices_of(deal)[0]["LineItems"]) == 2 or None)


@pytest.mark.parametrize("address", ["the same address", "an address of the deal's contact alone"])
def test_a_contact_whose_link_was_ended_does_not_come_back_by_a_deal(
    scene: Scene, crm: Customers, address: str
) -> None:
    """What a person has ended is not linked again because a deal of the company names the contact."""
    same = address == "the same address"
    stem = f"terakihi-{'same' if same else 'other'}"
    customer = crm.add(f"{stem.title()} Ltd", EmailAddress=f"ap@{stem}.co.nz")
    company, contact = crm.until_linked(customer), crm.until_linked(customer, "contact")
    unlink(scene, customer, "contact")
    if not same:
        crm.change(customer, EmailAddress=f"office@{stem}.co.nz")
        scene.settle()

    deal = scene.sell(company=company, contact=contact)

    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    assert customer == payer(scene, deal)
    assert contact != crm.record(customer, "contact")
    assert not scene.show("contacts", contact)["xero_contact_id"]


def unlink(scene: Scene, customer: str, *halves: link_by_hand.Half) -> None:
    """End a customer's links as a person does, and wait until what was shown there is gone."""
    with instead(scene.built.parts()):
        answers.part(connected(scene), customer, halves or ("company",), "Kim")
    scene.settle()


def connected(scene: Scene) -> Organisation:
    """Return the organisation of this stage."""
    with scene.built.database.reading() as tx:
        return connections.organisations(tx)[0]


def unshown(scene: Scene, crm: Customers, *, by_email: bool = True) -> tuple[str, str, str]:
    """Return id, name and email of a customer that Xero had before connecting: HubSpot has nothing of it yet."""
    known = scene.on.in_xero("GET", "/Contacts", query={"page": "1"})["Contacts"]
    emails = [one.get("EmailAddress", "") for one in known]
    for one in known:
        email = one.get("EmailAddress", "")
        usable = email_domain(email) and emails.count(email) == 1 and scene.find_contact(email) is None
        shown = crm.record(one["ContactID"], "company") is not None
        if one["IsCustomer"] and one["ContactStatus"] == "ACTIVE" and not shown and (usable or not by_email):
            return one["ContactID"], one["Name"], email
    raise AssertionError("every customer is shown already")


def payer(scene: Scene, deal: str) -> str:
    """Return the customer of a deal's one invoice."""
    (invoice,) = scene.invoices_of(deal)
    return str(invoice["Contact"]["ContactID"])


def named(scene: Scene, word: str) -> int:
    """Count the customers that Xero finds by a word."""
    return len(scene.on.in_xero("GET", "/Contacts", query={"searchTerm": word, "page": "1"})["Contacts"])


def retry(scene: Scene, deal: str) -> None:
    """Try a deal again as a person does."""
    scene.settle()
    with instead(scene.built.parts()):
        retries.retry([deal])


@pytest.mark.parametrize("email", ["", "ap@solway.example.com"])
def test_a_contact_with_another_address_is_not_the_customers(scene: Scene, crm: Customers, email: str) -> None:
    """A deal of a firm that stands in Xero names an agent: the firm's debts are shown at the firm alone."""
    name = f"Solway {'Mail' if email else 'Post'} Hotels Ltd"
    scene.settle()
    scene.silence("xero")  # so that the deal comes first
    customer = crm.add(name, **({"EmailAddress": email} if email else {}))
    agent = scene.make("contacts", email=f"kit@agent{len(email)}.example.com", lastname="Kit")
    agency = scene.make("companies", name=f"Agency {len(email)}", domain=f"agent{len(email)}.example.com")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{agent}/associations/default/companies/{agency}")
    company = scene.make("companies", name=name, **({"domain": "solway.example.com"} if email else {}))

    deal = scene.sell(company=company, contact=agent)

    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.on.control.post(f"{scene.url('xero')}/_sandbox/webhooks", json={"enabled": True})
    crm.touch(customer)
    assert customer == payer(scene, deal)
    assert company == crm.record(customer, "company")
    assert agent != crm.record(customer, "contact")
    shown = scene.show("contacts", agent)
    assert (None, None) == (shown["xero_contact_id"], shown["xero_outstanding_balance"])


@pytest.mark.parametrize("answer", ["company", "new", "that customer"])
def test_a_deal_without_a_company_of_a_customers_person(scene: Scene, crm: Customers, answer: str) -> None:
    """Whether the person pays or the firm is asked; adding the firm to the deal says so, and so does `--new`.

    Naming the customer is refused with what to do instead: it would make its contact of another person.
    """
    stem = answer.replace(" ", "-")
    name, domain = f"Dunlin {answer.title()} Freight Ltd", f"dunlin-{stem}-freight.co.nz"
    company = scene.make("companies", name=name, domain=domain)
    firm = crm.add(name, EmailAddress=f"ap@{domain}")
    assert company == crm.until_linked(firm)
    buyer = scene.make("contacts", email=f"ali.dunn@{domain}", firstname="Ali", lastname="Dunn")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{buyer}/associations/default/companies/{company}")

    deal = scene.sell(company=None, contact=buyer)

    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert f"which is the customer “{name}” ({firm}) in Xero. If that company pays" in said
    with instead(scene.built.parts()):
        if answer == "new":
            payer_answers.new_one_pays(home_of(scene), deal, "Kim")
        elif answer == "that customer":
            own = crm.until_linked(firm, "contact")
            with pytest.raises(
                LedgerloopError, match=f"its contact is {own}.*add the company {company} to deal {deal}"
            ):
                payer_answers.it_pays(home_of(scene), deal, firm, "Kim")
            assert own == crm.record(firm, "contact")
    if answer != "new":
        scene.on.at_hubspot("PUT", f"{OBJECTS}/deals/{deal}/associations/default/companies/{company}")
    scene.until_shown("deals", deal, "xero_invoice_id")
    pays = payer(scene, deal)
    assert (answer != "new") is (firm == pays)
    if answer == "new":  # a person, so a contact alone: no company is called Ali Dunn
        assert buyer == crm.until_linked(pays, "contact")
        scene.settle()
        assert crm.record(pays, "company") is None


def test_a_new_customer_is_not_shown_at_an_agents(scene: Scene, crm: Customers) -> None:
    """Its invoice goes to the agent on the deal, who works for another firm: no place for what the customer owes."""
    agency = scene.make("companies", name="Kestrel Agents Ltd", domain="kestrel-agents.example.com")
    agent = scene.make("contacts", email="kit@kestrel-agents.example.com", lastname="Kit")
    scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{agent}/associations/default/companies/{agency}")
    company = scene.make("companies", name="Plover Events Ltd", domain="plover-events.example.com")

    deal = scene.sell(company=company, contact=agent)

    scene.until_shown("deals", deal, "xero_invoice_id")
    customer = payer(scene, deal)
    assert "which is another firm, so what this customer owes is not shown there" in crm.until_held(customer)
    assert company == crm.record(customer, "company")
    shown = scene.show("contacts", agent)
    assert (None, None) == (shown["xero_contact_id"], shown["xero_outstanding_balance"])
    scene.edit("contacts", agent, xero_contact_id=customer)  # its debts may be seen there
    assert agent == crm.until_linked(customer, "contact")


def test_a_customer_that_arrives_while_its_buyer_is_weighed_is_not_doubled(scene: Scene, crm: Customers) -> None:
    """Our own lost request comes through after the weighing: its number is refused, and the buyer weighed again."""
    company = scene.make("companies", name="Kowhai Latecomer Ltd")
    contact = scene.make("contacts", email="ap@kowhai-latecomer.example.com", lastname="Late")
    records = {
        kind: Record(id=key, properties=scene.show(plural, key))
        for kind, plural, key in (("company", "companies", company), ("contact", "contacts", contact))
    }
    crm.until_linked(crm.add("Kowhai Latecomer Ltd", ContactNumber=f"HubSpot company {company}"))
    weighed = Sale(Record(id="9"), company=records["company"], contact=records["contact"])
    at = scene.built.parts()
    with scene.built.database.reading() as tx:
        home = connections.organisations(tx)[0]

    with instead(at):
        found, taken = new_customer.create(at.xero(home.id), home, [weighed])

    assert [weighed] == taken
    assert isinstance(found["9"], Hold)
    assert 1 == named(scene, "Kowhai Latecomer")


@pytest.mark.parametrize("shown", [False, True], ids=["shown nowhere yet", "shown at the buyer meanwhile"])
def test_a_customer_without_its_number_that_arrives_while_its_buyer_is_weighed_is_not_doubled(
    scene: Scene, crm: Customers, shown: bool
) -> None:
    """Nothing refuses what has no number: our own lost request is found by the name, before another name is chosen."""
    stem = "Kowhai Daycomer" if shown else "Kowhai Nightcomer"
    email = f"ap@{stem.lower().replace(' ', '-')}.example.com"
    company = scene.make("companies", name=f"{stem} Ltd")
    contact = scene.make("contacts", email=email, lastname="Late")
    records = {
        kind: Record(id=key, properties=scene.show(plural, key))
        for kind, plural, key in (("company", "companies", company), ("contact", "contacts", contact))
    }
    other = crm.add(f"{stem} Bearer", ContactNumber=f"HubSpot company {company}")
    scene.settle()
    organisation = home_of(scene)
    with scene.built.database.transaction() as tx:
        said = rulings.none_of(f"company {company}", other)
        rulings.put(tx, organisation.id, said, "", scene.built.now(), "Kim")
    late = crm.add(f"{stem} Ltd", EmailAddress=email)
    scene.settle()
    if shown:
        with scene.built.database.transaction() as tx:
            links.put(tx, [Link(organisation.id, late, "company", company, "evidence")], scene.built.now())
    weighed = Sale(Record(id="9"), company=records["company"], contact=records["contact"])
    at = scene.built.parts()

    with instead(at):
        found, taken = new_customer.create(at.xero(organisation.id), organisation, [weighed])

    assert [] == taken
    assert isinstance(found["9"], Found)
    assert late == found["9"].id
    assert 1 == named(scene, f"{stem} Ltd")


def test_an_answer_that_no_webhook_tells_of(staged: Callable[..., Scene]) -> None:
    """The id was written and only the customer's next look found it: its deal is invoiced then, not hours later."""
    scene = staged({"standing": {"poll_seconds": 5}})
    crm = Customers(scene)
    company = scene.make("companies", name="Mako Wool", domain="mako-wool.co.nz")
    customer = crm.add("Mako Wool Holdings Ltd", EmailAddress="ap@mako-wool.co.nz")
    crm.until_held(customer)
    deal = scene.sell(company=company)
    scene.until_shown("deals", deal, "xero_sync_message")
    scene.settle()
    scene.forget_calls()
    # Our own message is a change of the deal, which is looked at for once more.
    scene.on.until("deals are looked for twice", lambda: scene.calls("hubspot", "deals/search")[1:] or None)
    scene.settle()

    scene.silence("hubspot")
    scene.edit("companies", company, xero_contact_id=customer)
    crm.touch(customer)

    scene.until_shown("deals", deal, "xero_invoice_id")
    assert customer == payer(scene, deal)
