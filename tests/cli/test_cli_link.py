"""`link`, `unlink` and `links` beside a service that runs: what they answer, refuse and end, and what comes of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_process import Ended, run
from crm import Customers, begun
from scene import Scene
from sqlalchemy import select

from ledgerloop.records import Link
from ledgerloop.store import links
from ledgerloop.store.tables import ruling


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the place of the service's settings."""
    return tmp_path_factory.mktemp("linking")


@pytest.fixture(scope="module")
def scene(directory: Path) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(directory) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def _rulings(scene: Scene) -> list[tuple[str, str]]:
    with scene.built.database.reading() as tx:
        return [(row.subject, row.answer) for row in tx.execute(select(ruling.c.subject, ruling.c.answer))]


def _done(ended: Ended) -> str:
    assert 0 == ended.returncode, ended.stderr
    return ended.stdout


class TestCustomers:
    def test_it_is_this_one(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """A customer held over a name is the company that a person names; it is linked, shown, and held no more."""
        company = scene.make("companies", name="Rata Roofing")
        customer = crm.add("Rata Roofing")
        assert company in crm.until_held(customer)

        said = _done(run(directory, "link", "--customer", customer, "--company", company))

        assert said == (
            f"“Rata Roofing” is the HubSpot company “Rata Roofing” ({company}), which shows what it owes from now on."
            " The service does that now.\n"
        )
        scene.until_shown("companies", company, "xero_contact_id", customer)
        scene.settle()
        assert (company, "ruling") == (crm.record(customer, "company"), crm.how(customer, "company"))
        assert f"customer {customer}" not in scene.holds()
        assert [company] == crm.records("companies", name="Rata Roofing")
        assert f"A person (command) said that it is the company {company}." in crm.said(customer)

    def test_it_is_none_of_these(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """A customer that is none of those in question gets a company of its own; the others stay as they are."""
        company = scene.make("companies", name="Nikau Nursery")
        customer = crm.add("Nikau Nursery")
        crm.until_held(customer)

        said = json.loads(_done(run(directory, "link", "--customer", customer, "--new", "--json")))

        assert customer == said["customer"]
        assert company != crm.until_linked(customer)
        assert f"customer {customer}" not in scene.holds()
        assert not scene.show("companies", company)["xero_contact_id"]

    def test_a_ruling_outlives_its_link(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """Where a link is forgotten, what a person said finds the record again, and nothing else is asked."""
        company = scene.make("companies", name="Mamaku Motors")
        customer = crm.add("Mamaku Motors")
        crm.until_held(customer)
        _done(run(directory, "link", "--customer", customer, "--company", company))
        scene.until_shown("companies", company, "xero_contact_id", customer)
        scene.settle()
        scene.edit("companies", company, xero_contact_id="")
        with scene.built.database.transaction() as tx:
            links.remove(tx, Link(scene.on.organisation, customer, "company", company, "ruling"))

        crm.touch(customer)

        assert (company, "ruling") == (crm.until_linked(customer), crm.how(customer, "company"))

    def test_it_is_that_contact(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """An address that belongs to people of another firm is the customer's contact where a person says so."""
        firm = scene.make("companies", name="Ledger Bookkeepers", domain="ledger-bookkeepers.example.com")
        contact = scene.make("contacts", email="clients@ledger-bookkeepers.example.com", lastname="Clients")
        scene.on.at_hubspot("PUT", f"/crm/objects/2026-09/contacts/{contact}/associations/default/companies/{firm}")
        customer = crm.add("Plumb Right Ltd", EmailAddress="clients@ledger-bookkeepers.example.com")
        assert firm in crm.until_held(customer)
        assert crm.record(customer, "contact") is None

        _done(run(directory, "link", "--customer", customer, "--contact", contact))

        scene.until_shown("contacts", contact, "xero_contact_id", customer)
        scene.settle()
        assert "ruling" == crm.how(customer, "contact")

    @pytest.mark.parametrize("half", ["company", "contact"])
    def test_what_cannot_be_is_refused(self, scene: Scene, crm: Customers, directory: Path, half: str) -> None:
        """A record that is another's, is gone, merged, or none at all is refused with a sentence; nothing is kept."""
        plural = {"company": "companies", "contact": "contacts"}[half]
        named = {"company": {"name": f"Refused {half}"}, "contact": {"lastname": "Refused"}}[half]
        holder = crm.add(f"Holder of a {half}", EmailAddress=f"holder@{half}-holder.example.com")
        taken = crm.until_linked(holder, half)  # type: ignore[arg-type]
        gone, carrying = scene.make(plural, **named), scene.make(plural, xero_contact_id=f"of-another-{half}", **named)
        kept, merged = scene.make(plural, **named), scene.make(plural, **named)
        crm.delete(plural, gone)
        crm.merge(plural, merged, kept)
        customer = crm.add(f"Refused {half} Ltd")
        crm.until_linked(customer) if half == "contact" else scene.settle()
        before = _rulings(scene)

        for record, why in (
            (taken, f"is “Holder of a {half}” in Xero, and a record is one customer"),
            (gone, f"HubSpot has no {half} {gone}: it was deleted, or never was."),
            (carrying, f"carries the Xero contact id of-another-{half}"),
            (merged, "was merged in HubSpot"),
            ("nope", f"“nope” is no id of a HubSpot {half}"),
        ):
            ended = run(directory, "link", "--customer", customer, f"--{half}", record)
            assert 1 == ended.returncode
            assert why in ended.stderr

        assert before == _rulings(scene)

    def test_a_link_is_not_replaced_silently(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """A customer that has a company gets no other before a person ends the link; the sentence says how."""
        other = scene.make("companies", name="Some other firm")
        customer = crm.add("Settled Ltd")
        company = crm.until_linked(customer)

        for words, way_out in (
            (("--company", other), "add --replace"),
            (("--new",), f"`ledgerloop unlink --customer {customer} --company` first"),
        ):
            ended = run(directory, "link", "--customer", customer, *words)
            assert 1 == ended.returncode
            assert f"“Settled Ltd” is the HubSpot company {company} already" in ended.stderr
            assert way_out in ended.stderr

    @pytest.mark.parametrize(
        "words",
        [
            (),
            ("--customer", "x"),
            ("--company", "1"),
            ("--customer", "x", "--company", "1", "--new"),
            ("--deal", "1"),
            ("--deal", "1", "--customer", "x", "--new"),
            ("--deal", "1", "--company", "2"),
        ],
    )
    def test_half_an_answer_is_none(self, scene: Scene, directory: Path, words: tuple[str, ...]) -> None:
        """What is missing or contradicts itself is said."""
        ended = run(directory, "link", *words)

        assert 1 == ended.returncode
        assert "Say which: --customer ID with one of" in ended.stderr


class TestUnlink:
    def test_a_wrong_link_is_ended(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """What was shown is emptied, the company is not found again by the same evidence, and a person may link it."""
        company = scene.make("companies", name="Pohutukawa Paints Ltd", domain="pohutukawa.example.com")
        customer = crm.add("Pohutukawa Paints Ltd", EmailAddress="ap@pohutukawa.example.com")
        assert company == crm.until_linked(customer)
        scene.invoice_for(customer, "25.00")
        scene.until_shown("companies", company, "xero_outstanding_balance", "25.00")

        said = _done(run(directory, "unlink", "--customer", customer, "--company"))

        assert "is no longer the HubSpot company" in said
        own = crm.until_other(customer, company)
        shown = scene.show("companies", company)
        assert not any(value for name, value in shown.items() if name.startswith("xero_"))
        assert "25.00" == scene.show("companies", own)["xero_outstanding_balance"]
        assert crm.record(customer, "contact")

        _done(run(directory, "link", "--customer", customer, "--company", company, "--replace"))

        scene.until_shown("companies", company, "xero_outstanding_balance", "25.00")
        scene.settle()
        assert company == crm.record(customer, "company")
        assert not scene.show("companies", own)["xero_contact_id"]

    @pytest.mark.parametrize("by_deal", [False, True], ids=["customer", "deal"])
    def test_an_ended_link_is_taken_back(self, scene: Scene, crm: Customers, directory: Path, by_deal: bool) -> None:
        """What the help says cures it: `link` brings the company back, and names the one that is left empty."""
        stem = f"kahikatea{int(by_deal)}"
        company = scene.make("companies", name=f"{stem} Ltd", domain=f"{stem}.example.com")
        customer = crm.add(f"{stem} Ltd", EmailAddress=f"ap@{stem}.example.com")
        assert company == crm.until_linked(customer)
        _done(run(directory, "unlink", "--customer", customer, "--company"))
        own = crm.until_other(customer, company)
        deal = scene.sell(company=company, won=False)
        named = ("--deal", deal, "--customer", customer) if by_deal else ("--customer", customer, "--company", company)

        said = _done(run(directory, "link", *named))

        assert f"The company {own}, which was made for it meanwhile, is emptied: delete it in HubSpot" in said
        scene.until_shown("companies", company, "xero_contact_id", customer)
        scene.settle()
        assert (company, "ruling") == (crm.record(customer, "company"), crm.how(customer, "company"))
        assert not scene.show("companies", own)["xero_contact_id"]
        ended = run(directory, "link", "--customer", customer, "--company", own)
        assert "add --replace" in ended.stderr

    def test_a_contact_is_not_made_beside_the_one_with_its_email(
        self, scene: Scene, crm: Customers, directory: Path
    ) -> None:
        """HubSpot keeps one contact for an email: a customer that is not that one has none, and nobody is asked."""
        contact = scene.make("contacts", email="shared@totara.example.com", lastname="Totara")
        customer = crm.add("Totara Ltd", EmailAddress="shared@totara.example.com")
        assert contact == crm.until_linked(customer, "contact")

        _done(run(directory, "unlink", "--customer", customer, "--contact"))

        scene.on.until("emptied", lambda: scene.show("contacts", contact)["xero_contact_id"] in ("", None) or None)
        crm.touch(customer)
        assert crm.record(customer, "contact") is None
        assert f"customer {customer}" not in scene.holds()
        assert not scene.show("contacts", contact)["xero_contact_id"]

    def test_there_must_be_a_link(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """Nothing is ended where there is nothing."""
        customer = crm.add("No Contact Ltd")
        crm.until_linked(customer)

        ended = run(directory, "unlink", "--customer", customer, "--contact")

        assert (1, "“No Contact Ltd” has no HubSpot contact, so there is no link to end.\n") == (
            ended.returncode,
            ended.stderr,
        )


class TestDeals:
    def test_that_one_pays(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """A deal that is held over who pays is invoiced to the customer that a person names; both questions end."""
        company = scene.make("companies", name="Ruru Rentals")
        customer = crm.add("Ruru Rentals")
        crm.until_held(customer)
        deal = scene.sell(company=company)
        reasons = scene.on.until("hold", lambda: scene.holds().get(f"deal {deal}"))
        assert customer in " ".join(reasons)

        said = _done(run(directory, "link", "--deal", deal, "--customer", customer))

        assert f"“Ruru Rentals” pays for deal {deal}: it is the HubSpot company “Ruru Rentals” ({company})." in said
        made = scene.on.until("invoice", lambda: scene.invoices_of(deal) or None)
        assert [customer] == [one["Contact"]["ContactID"] for one in made]
        scene.settle()
        assert company == crm.record(customer, "company")
        assert scene.holds().keys().isdisjoint({f"deal {deal}", f"customer {customer}"})

    def test_a_new_one_pays(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """A deal whose buyer is none of those in question gets a customer of its own."""
        company = scene.make("companies", name="Kaka Kitchens")
        customer = crm.add("Kaka Kitchens")
        crm.until_held(customer)
        deal = scene.sell(company=company)
        scene.on.until("hold", lambda: scene.holds().get(f"deal {deal}"))

        said = _done(run(directory, "link", "--deal", deal, "--new"))

        assert f"Deal {deal} is tried again." in said
        made = scene.on.until("invoice", lambda: scene.invoices_of(deal) or None)
        assert customer not in [one["Contact"]["ContactID"] for one in made]
        scene.settle()
        ended = run(directory, "link", "--deal", deal, "--new")
        assert 1 == ended.returncode
        assert f"Deal {deal} has an invoice already" in ended.stderr

    def test_who_pays_already_is_not_replaced(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """A deal whose company is a customer, or that is none at all, is refused; nothing is kept."""
        customer = crm.add("Known Payer Ltd")
        company = crm.until_linked(customer)
        deal = scene.sell(company=company, won=False)
        other = crm.add("Other Payer Ltd")
        crm.until_linked(other)
        before = _rulings(scene)

        for words, why in (
            (("--deal", deal, "--new"), "is “Known Payer Ltd” in Xero already"),
            (("--deal", deal, "--customer", other), "is the HubSpot company"),
            (("--deal", "nope", "--new"), "“nope” is no deal's id"),
            (("--deal", deal, "--customer", "Nobody At All"), "has no customer with the id, email or name"),
        ):
            ended = run(directory, "link", *words)
            assert 1 == ended.returncode
            assert why in ended.stderr

        assert before == _rulings(scene)


class TestLinks:
    def test_links_say_how(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """Each link is listed with what it was found by and since when, for people and for programs."""
        company = scene.make("companies", name="Weka Wines Ltd", domain="weka.example.com")
        customer = crm.add("Weka Wines Ltd", EmailAddress="ap@weka.example.com")
        assert company == crm.until_linked(customer)

        told = json.loads(_done(run(directory, "links", "--customer", customer, "--json")))
        table = _done(run(directory, "links", "--customer", "Weka Wines Ltd"))

        assert ["company", "contact"] == [one["kind"] for one in told]
        assert ("Weka Wines Ltd", company, "name and domain", 1, "") == tuple(
            told[0][name] for name in ("name", "hubspot_id", "how", "rule", "asks")
        )
        assert told[0]["since"]
        assert "name and domain" in table
        assert "Links to look at: None." in _done(run(directory, "links", "--review"))


class TestConsole:
    def test_a_button_says_that_it_is_this_one(self, scene: Scene, crm: Customers) -> None:
        """A question about who is who has a button for each candidate and one for a new record."""
        company = scene.make("companies", name="Pukeko Pumps", city="Napier")
        customer = crm.add("Pukeko Pumps")
        crm.until_held(customer)
        page = scene.on.browser.get("/").text
        assert "None of these: make a new one" in page

        answer = _press(scene, page, f"customer {customer}", f"company {company}")

        assert "“Pukeko Pumps” is the HubSpot company" in answer
        scene.until_shown("companies", company, "xero_contact_id", customer)
        scene.settle()
        assert "A person (console) said that it is the company" in " ".join(crm.said(customer))

    def test_a_button_makes_a_new_one(self, scene: Scene, crm: Customers) -> None:
        """“None of these” makes a record of its own; an answer that nobody asks for any more is none."""
        company = scene.make("companies", name="Takahe Tiles")
        customer = crm.add("Takahe Tiles")
        crm.until_held(customer)
        page = scene.on.browser.get("/").text

        answer = _press(scene, page, f"customer {customer}", "new")

        assert "a company of its own is made for it." in answer
        assert company != crm.until_linked(customer)
        assert "That is not asked any more" in _press(scene, page, f"customer {customer}", f"company {company}")


def _press(scene: Scene, page: str, subject: str, choice: str) -> str:
    """Send the form of a button as the page has it, and return the page that follows."""
    fields = {
        name: value
        for form in re.findall(r'<form method="post" action="/link">(.*?)</form>', page, re.DOTALL)
        for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', form)
        if f'value="{subject}"' in form and f'value="{choice}"' in form
    }
    assert {"token", "lane", "subject", "choice"} == fields.keys()
    return str(scene.on.browser.post("/link", data=fields).text)
