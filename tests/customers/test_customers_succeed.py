"""Archived and begun anew: the active customer takes the archived one's records, or a person is asked which it is."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from crm import Customers, begun
from polls import poll_from_the_start
from scene import Scene

from ledgerloop.customers import answers
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import payer_answers
from ledgerloop.parts import instead
from ledgerloop.store import connections, cursors, lanes, links, rulings
from ledgerloop.store.cursors import CAUGHT_UP, Cursor

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Set one stage for all tests of this file, with the settings as they are by default."""
    with begun(tmp_path_factory.mktemp("succeeding"), {"standing": {"show": "customers"}}) as scene:
        yield scene


@pytest.fixture
def crm(scene: Scene) -> Customers:
    """Give the words for customers."""
    return Customers(scene)


@pytest.fixture
def name() -> str:
    """Give a name that no other test of this file has."""
    return f"Fresh Fields {'abcdefghijklmnopqrstuvwxyz'[next(_NUMBERS)] * 4} Ltd"


def _mail(name: str, who: str = "pay") -> str:
    return f"{who}@{name.split()[2]}.example.com"


def _linked(scene: Scene, crm: Customers, name: str, email: str, *, paid: bool = True) -> tuple[str, str, str]:
    """Let there be a customer with a contact and a company; return its id and theirs."""
    old = crm.add(name, EmailAddress=email)
    invoice = scene.invoice_for(old, "80.00")
    if paid:
        scene.pay(invoice["InvoiceID"], "80.00")
    return old, crm.until_linked(old, "contact"), crm.until_linked(old)


def _archive(crm: Customers, customer: str) -> None:
    crm.change(customer, ContactStatus="ARCHIVED")


def _speak(scene: Scene, vendor: str = "xero") -> None:
    """Switch a vendor's webhooks on again."""
    scene.on.control.post(f"{scene.url(vendor)}/_sandbox/webhooks", json={"enabled": True})


def _turn(scene: Scene) -> None:
    """Have a turn that pulls everything."""
    with scene.built.database.transaction() as tx:
        cursors.put(tx, Cursor(scene.on.organisation, CAUGHT_UP, None, 1, datetime(2026, 1, 1, tzinfo=UTC)))
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.built.engine.nudge()
    scene.settle()


def _retry(scene: Scene, deal: str) -> None:
    """Try a held deal again, as the command does."""
    with instead(scene.built.parts()):
        retries.retry([deal])


def _called(scene: Scene, name: str) -> list[str]:
    """Return the contacts in Xero that have a name, archived ones too."""
    query = {"includeArchived": "true", "searchTerm": name}
    return [str(one["ContactID"]) for one in scene.on.in_xero("GET", "/Contacts", query=query)["Contacts"]]


class TestSucceeds:
    @pytest.mark.parametrize("at_once", [False, True], ids=["one after the other", "between two turns"])
    def test_made_anew_live(self, scene: Scene, crm: Customers, name: str, at_once: bool) -> None:
        """Its records go to the active one, before anything is sold to it, and show what that one owes."""
        old, contact, company = _linked(scene, crm, name, _mail(name))
        _archive(crm, old)
        if not at_once:
            scene.settle()
        new = crm.add(name, EmailAddress=_mail(name))
        crm.until_linked(new)
        scene.invoice_for(new, "25.00")

        shown = scene.until_shown("companies", company, "xero_outstanding_balance", "25.00")
        scene.settle()
        assert (contact, company) == (crm.record(new, "contact"), crm.record(new, "company"))
        assert crm.record(old, "company") is None
        assert new == shown["xero_contact_id"]
        assert [company] == crm.records("companies", name=name)
        assert any("made anew" in reason for reason in crm.said(new))

    def test_the_new_one_is_heard_of_first(self, scene: Scene, crm: Customers, name: str) -> None:
        """Whichever webhook comes first, and though one never comes: what Xero says now is what counts."""
        old, _, company = _linked(scene, crm, name, _mail(name))
        scene.silence("xero")
        _archive(crm, old)
        new = crm.add(name, EmailAddress=_mail(name))
        _speak(scene)
        scene.invoice_for(new, "30.00")
        scene.until_shown("companies", company, "xero_contact_id", new)
        crm.change(old, FirstName="Kim")
        scene.settle()

        assert company == crm.record(new, "company")
        assert [company] == crm.records("companies", name=name)

    def test_though_the_link_was_lost(self, scene: Scene, crm: Customers, name: str) -> None:
        """The record carries the archived one's id, so it is that one's, and goes the same way."""
        old, contact, company = _linked(scene, crm, name, _mail(name))
        _archive(crm, old)
        scene.settle()
        with scene.built.database.transaction() as tx:
            for kind in ("contact", "company"):
                links.remove(tx, links.find(tx, scene.on.organisation, kind, [old])[old])  # type: ignore[arg-type]
        new = crm.add(name, EmailAddress=_mail(name))
        scene.invoice_for(new, "30.00")

        scene.until_shown("companies", company, "xero_contact_id", new)
        scene.settle()
        assert (contact, company) == (crm.record(new, "contact"), crm.record(new, "company"))

    def test_a_won_deal_of_its_company_is_the_new_ones(self, scene: Scene, crm: Customers, name: str) -> None:
        """Xero takes no invoice for an archived customer; its successor pays."""
        old, contact, company = _linked(scene, crm, name, _mail(name))
        scene.silence("xero")
        _archive(crm, old)
        _turn(scene)
        new = crm.add(name, EmailAddress=_mail(name))
        deal = scene.sell(company=company, contact=contact)

        made = scene.on.until("the invoice", lambda: scene.invoices_of(deal) or None, 10.0)
        _speak(scene)
        scene.settle()
        assert [new] == [one["Contact"]["ContactID"] for one in made]


class TestAsks:
    def test_it_still_owes_and_pays_later(self, scene: Scene, crm: Customers, name: str) -> None:
        """The archived one is named with what is open; when that is settled the records go, and the question ends."""
        old, contact, company = _linked(scene, crm, name, _mail(name), paid=False)
        _archive(crm, old)
        new = crm.add(name, EmailAddress=_mail(name))
        scene.invoice_for(new, "25.00")
        said = crm.until_held(new)
        scene.settle()
        before = crm.records("companies", name=name)
        shown = scene.show("companies", company)["xero_outstanding_balance"]
        scene.pay(next(one["InvoiceID"] for one in scene.invoices() if one["Contact"]["ContactID"] == old), "80.00")

        scene.until_shown("companies", company, "xero_contact_id", new)
        scene.settle()
        assert old in said
        assert "80.00 NZD outstanding is still open" in said
        assert ([company], "80.00") == (before, shown)
        assert f"customer {new}" not in scene.holds()
        assert contact == crm.record(new, "contact")

    def test_it_still_owes_and_a_person_says_that_it_is_another(self, scene: Scene, crm: Customers, name: str) -> None:
        """The new one's id on another record answers though the archived one still owes; that one is shown as ever."""
        old, contact, company = _linked(scene, crm, name, _mail(name), paid=False)
        _archive(crm, old)
        new = crm.add(name, EmailAddress=_mail(name))
        scene.invoice_for(new, "25.00")
        assert "is still open" in crm.until_held(new)
        record = scene.make("companies", name=f"{name} of Nelson", xero_contact_id=new)

        assert record == crm.until_linked(new)
        scene.until_shown("companies", record, "xero_outstanding_balance", "25.00")
        scene.settle()
        # Two customers then, and one email: that is the next question, with its own way out.
        assert f"is also that of “{name}”" in crm.until_held(new)
        crm.change(new, EmailAddress=_mail(name, "nelson"))
        assert contact != crm.until_linked(new, "contact")
        assert (company, contact) == (crm.record(old, "company"), crm.record(old, "contact"))
        assert "80.00" == scene.show("companies", company)["xero_outstanding_balance"]
        assert f"customer {new}" not in scene.holds()

    @pytest.mark.parametrize("email", ["pay", "other"], ids=["the same email", "another email"])
    def test_what_it_owes_is_seen_until_it_is_settled(
        self, scene: Scene, crm: Customers, name: str, email: str
    ) -> None:
        """The new one's id on one of the records takes nothing out of sight: what is open moves last."""
        old, _, company = _linked(scene, crm, name, _mail(name), paid=False)
        _archive(crm, old)
        new = crm.add(name, EmailAddress=_mail(name, email))
        scene.invoice_for(new, "25.00")
        assert "they stay until then" in crm.until_held(new)

        scene.edit("companies", company, xero_contact_id=new)
        scene.settle()
        crm.touch(new)

        assert f"({old}) has the HubSpot records" in crm.until_held(new)
        assert company == crm.record(old, "company")
        assert "80.00" == scene.show("companies", company)["xero_outstanding_balance"]
        scene.edit("companies", company, xero_contact_id=new)
        scene.pay(next(one["InvoiceID"] for one in scene.invoices() if one["Contact"]["ContactID"] == old), "80.00")
        scene.until_shown("companies", company, "xero_outstanding_balance", "26.00")
        scene.settle()
        assert company == crm.record(new, "company")
        assert f"customer {new}" not in scene.holds()

    @pytest.mark.parametrize("cure", ["settled", "restored", "on another record"])
    def test_what_no_record_shows_any_more_is_said(self, scene: Scene, crm: Customers, name: str, cure: str) -> None:
        """Who takes an archived customer's records away is told what is open on it, until that is seen or settled."""
        old, _, company = _linked(scene, crm, name, _mail(name), paid=False)
        _archive(crm, old)
        scene.settle()
        with scene.built.database.reading() as tx:
            home = connections.organisations(tx)[0]
        with instead(scene.built.parts()):
            done = answers.part(home, old, ("company", "contact"), "a test")

        assert "so it gets no other" in done.sentence
        said = crm.until_held(old)
        scene.settle()
        assert "80.00 NZD outstanding is still open on it, which no HubSpot record shows any more" in said
        assert not scene.show("companies", company)["xero_outstanding_balance"]
        if cure == "settled":
            scene.pay(next(one["InvoiceID"] for one in scene.invoices() if one["Contact"]["ContactID"] == old), "80.00")
        elif cure == "restored":
            crm.change(old, ContactStatus="ACTIVE", EmailAddress=_mail(name, "back"))
            scene.until_shown("companies", crm.until_linked(old), "xero_outstanding_balance", "80.00")
        else:
            another = scene.make("companies", name=f"{name} of Nelson", xero_contact_id=old)
            scene.until_shown("companies", another, "xero_outstanding_balance", "80.00")
        scene.on.until("it is cured", lambda: None if f"customer {old}" in scene.holds() else True)

    def test_another_email_and_a_person_says_that_it_is_the_same(self, scene: Scene, crm: Customers, name: str) -> None:
        """The new one's id on one of the records answers, and all of them go."""
        old, contact, company = _linked(scene, crm, name, _mail(name))
        _archive(crm, old)
        new = crm.add(name, EmailAddress=_mail(name, "other"))
        scene.invoice_for(new, "25.00")
        said = crm.until_held(new)
        scene.edit("companies", company, xero_contact_id=new)

        crm.until_linked(new)
        scene.until_shown("companies", company, "xero_outstanding_balance", "25.00")
        scene.settle()
        assert "another email" in said
        assert (contact, company) == (crm.record(new, "contact"), crm.record(new, "company"))
        assert f"customer {new}" not in scene.holds()
        assert crm.record(old, "contact") is None

    def test_another_tax_number_and_a_person_says_that_it_is_another(
        self, scene: Scene, crm: Customers, name: str
    ) -> None:
        """The new one's id on another record answers too; the archived one keeps what it has."""
        old, _, company = _linked(scene, crm, name, _mail(name))
        crm.change(old, TaxNumber="11-222-333")
        _archive(crm, old)
        new = crm.add(name, TaxNumber="44-555-666")
        scene.invoice_for(new, "25.00")
        said = crm.until_held(new)
        another = scene.make("companies", name=f"{name} of Nelson", xero_contact_id=new)

        assert another == crm.until_linked(new)
        scene.until_shown("companies", another, "xero_outstanding_balance", "25.00")
        scene.settle()
        assert "another tax number (11-222-333 and 44-555-666)" in said
        assert f"customer {new}" not in scene.holds()
        assert company == crm.record(old, "company")


class TestDeals:
    @pytest.mark.parametrize("by", ["name", "email", "link", "id", "ruling", "number"])
    def test_the_customer_is_archived(self, scene: Scene, crm: Customers, name: str, by: str) -> None:
        """A deal whose customer is archived is held, and nobody makes a second one; restored, it gets its invoice."""
        if by == "link":
            old, contact, company = _linked(scene, crm, name, _mail(name))
        else:
            old = crm.add(name, EmailAddress=_mail(name))
            company = scene.make("companies", name=name if by == "name" else f"Jetty {name.split()[2]}")
            emails = {"email": _mail(name), "number": f"max@jetty-{name.split()[2]}.example.com"}
            contact = scene.make("contacts", email=emails.get(by, _mail(name, "max")), lastname="Roe")
        if by == "ruling":
            with scene.built.database.transaction() as tx:
                rulings.put(tx, scene.on.organisation, f"company {company}", old, scene.built.now(), "a test")
        elif by == "number":
            numbered = crm.add(f"Berth {name.split()[2]}", ContactNumber=f"HubSpot company {company}")
            crm.merge_in_xero(numbered, old)
        _archive(crm, old)
        scene.settle()
        if by == "id":  # nobody hears of it before the deal is won, or the company would be linked by then
            scene.silence("hubspot")
            scene.edit("companies", company, xero_contact_id=old)
        deal = scene.sell(company=company, contact=contact)
        if by == "id":
            poll_from_the_start(scene)
            _speak(scene, "hubspot")

        said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
        scene.settle()
        assert "archived in Xero" in said
        assert name in said
        assert [] == scene.invoices_of(deal)
        assert [old] == _called(scene, name)

        if by != "email":
            crm.change(old, ContactStatus="ACTIVE")
            scene.settle()
            _retry(scene, deal)
            made = scene.on.until("the invoice", lambda: scene.invoices_of(deal) or None, 10.0)
            assert [old] == [one["Contact"]["ContactID"] for one in made]

    def test_another_customer_than_the_archived_one_is_made_as_the_sentence_says(
        self, scene: Scene, crm: Customers, name: str
    ) -> None:
        """Who bought has the archived one's email, but is another: a person says so, and one of its own is made."""
        crm.change(crm.add(name, EmailAddress=_mail(name)), ContactStatus="ARCHIVED")
        company = scene.make("companies", name=f"Jetty {name}")
        deal = scene.sell(company=company, contact=scene.make("contacts", email=_mail(name), lastname="Roe"))
        said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
        assert f"run `ledgerloop link --deal {deal} --new`" in said
        with scene.built.database.reading() as tx:
            home = connections.organisations(tx)[0]

        with instead(scene.built.parts()):
            payer_answers.new_one_pays(home, deal, "a test")

        made = scene.on.until("the invoice", lambda: scene.invoices_of(deal) or None, 10.0)
        scene.settle()
        assert [f"Jetty {name}"] == [one["Contact"]["Name"] for one in made]

    def test_nobody_is_made_beside_an_archived_one_that_owes_for_want_of_a_look(
        self, scene: Scene, crm: Customers, name: str
    ) -> None:
        """A new customer is asked for, and no question named the archived one: refused, with both ways out."""
        old = crm.add(name, EmailAddress=_mail(name))
        scene.invoice_for(old, "80.00")
        crm.change(old, ContactStatus="ARCHIVED")
        scene.settle()
        with scene.built.database.reading() as tx:
            home = connections.organisations(tx)[0]
        buyer = scene.make("contacts", email=f"ann.roe.{name.split()[2]}@gmail.com", lastname="Roe")
        deal = scene.sell(company=scene.make("companies", name=name), contact=buyer, won=False)

        with instead(scene.built.parts()), pytest.raises(LedgerloopError) as refused:
            payer_answers.new_one_pays(home, deal, "a test")
        said = refused.value.sentence
        assert f"may be a customer that is archived in Xero: “{name}” ({old}) with 80.00 NZD still open." in said
        assert f"`ledgerloop link --deal {deal} --customer {old}`" in said
        assert f"`ledgerloop link --deal {deal} --new --not {old}`" in said

        with instead(scene.built.parts()):
            payer_answers.new_one_pays(home, deal, "a test", [old])
            payer_answers.new_one_pays(home, deal, "a test")  # said once, it is not asked again
        scene.win(deal)
        made = scene.on.until("the invoice", lambda: scene.invoices_of(deal) or None, 10.0)
        assert old != made[0]["Contact"]["ContactID"]

    def test_what_the_archived_one_owes_is_said(self, scene: Scene, crm: Customers, name: str) -> None:
        """The sentence names it, and whoever gives the company to another does not lose it from sight."""
        old, contact, company = _linked(scene, crm, name, _mail(name), paid=False)
        _archive(crm, old)
        scene.settle()
        deal = scene.sell(company=company, contact=contact)
        said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
        assert f"“{name}” of this deal is archived in Xero, and 80.00 NZD is still open on it." in said
        with scene.built.database.reading() as tx:
            home = connections.organisations(tx)[0]

        with instead(scene.built.parts()):
            payer_answers.new_one_pays(home, deal, "a test")
            answers.part(home, old, ("contact",), "a test")

        scene.on.until("the invoice", lambda: scene.invoices_of(deal) or None, 10.0)
        assert "80.00 NZD outstanding is still open on it" in crm.until_held(old)
