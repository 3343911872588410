"""Who is shown in HubSpot: who owes or owed us, or is linked; not a payee of the bank, nor a supplier."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crm import Customers, begun
from scene import Scene

from ledgerloop.customers import admit
from ledgerloop.customers.named import organisation_of
from ledgerloop.parts import instead
from ledgerloop.safety import backfill_plan
from ledgerloop.safety.backfill_plan import Totals
from ledgerloop.store import journal, mirror


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Set one stage for all tests of this file, with the settings as they are by default."""
    with begun(tmp_path_factory.mktemp("admitting"), {"standing": {"show": "customers"}}) as scene:
        yield scene


@pytest.fixture
def crm(scene: Scene) -> Customers:
    """Give the words for customers."""
    return Customers(scene)


def _bill(scene: Scene, supplier: str) -> None:
    scene.invoice_for(supplier, Type="ACCPAY", InvoiceNumber=f"B-{supplier[:8]}")
    scene.settle()


def _in_mirror(scene: Scene, contact: str) -> bool:
    with scene.built.database.reading() as tx:
        return contact in mirror.customers(tx, scene.on.organisation, [contact])


def _planned(scene: Scene) -> str:
    """Plan a backfill as the commands do, and return all that it would write, as text."""
    with instead(scene.built.parts()):
        with scene.built.database.reading() as tx:
            home = organisation_of(tx, "")
            everybody = admit.everybody(tx, home)
        return repr(list(backfill_plan.plan(home, everybody, Totals())))


def _everybody(scene: Scene) -> list[str]:
    with instead(scene.built.parts()), scene.built.database.reading() as tx:
        return admit.everybody(tx, organisation_of(tx, ""))


def _backfill(scene: Scene) -> None:
    """Accept a backfill as the command does, and wait until it is done."""
    with instead(scene.built.parts()):
        with scene.built.database.reading() as tx:
            home = organisation_of(tx, "")
            everybody = admit.everybody(tx, home)
        totals = Totals()
        for _ in backfill_plan.plan(home, everybody, totals):
            pass
        backfill_plan.accept(home, everybody, totals.written)
    scene.settle()


class TestNobodys:
    def test_a_payee_of_the_bank_makes_nothing(self, scene: Scene, crm: Customers) -> None:
        """Xero makes a contact of every payee: live, by plan and by backfill it is nobody's record."""
        payee = crm.add("Shell Petrol Station", EmailAddress="shell@petrol.example.com")
        scene.settle()
        planned = _planned(scene)
        _backfill(scene)

        assert _in_mirror(scene, payee)
        assert "Shell" not in planned
        assert [] == crm.records("companies", name="Shell Petrol Station")
        assert scene.find_contact("shell@petrol.example.com") is None
        assert f"customer {payee}" not in scene.holds()

    def test_a_supplier_makes_nothing_before_its_first_bill_nor_after(self, scene: Scene, crm: Customers) -> None:
        """A new contact has neither flag; that it becomes a supplier leaves no frozen company behind."""
        supplier = crm.add("Weta Paper Mill")
        scene.settle()
        before = crm.records("companies", name="Weta Paper Mill")
        _bill(scene, supplier)

        assert [] == before == crm.records("companies", name="Weta Paper Mill")

    def test_a_supplier_that_buys_is_a_customer(self, scene: Scene, crm: Customers) -> None:
        """The first sales document makes a customer of a contact, whatever else it is."""
        supplier = crm.add("Pohutukawa Print Ltd")
        _bill(scene, supplier)
        assert crm.record(supplier, "company") is None

        scene.invoice_for(supplier, "40.00")

        company = crm.until_linked(supplier)
        assert scene.show("companies", company)["xero_outstanding_balance"] == "40.00"

    def test_a_question_about_somebody_who_is_none_of_them_ends(self, scene: Scene, crm: Customers) -> None:
        """What was asked before only customers were shown is asked no more."""
        payee = crm.add("Asked Once")
        scene.settle()
        with scene.built.database.transaction() as tx:
            journal.hold(tx, scene.on.organisation, f"customer {payee}", ("Which?",), (), scene.built.now())
        crm.change(payee, FirstName="Kim")
        scene.settle()

        assert f"customer {payee}" not in scene.holds()


class TestLinked:
    def test_who_is_linked_is_shown_though_nothing_was_sold(self, scene: Scene, crm: Customers) -> None:
        """A person who writes the id of a contact on a company has said whose it is."""
        supplier = crm.add("Rimu Timber", EmailAddress="rimu@timber.example.com")
        scene.settle()
        company = scene.make("companies", name="Rimu")
        scene.edit("companies", company, xero_contact_id=supplier)

        assert company == crm.until_linked(supplier)
        scene.until_shown("companies", company, "xero_invoice_status", "NONE")
        assert supplier in _everybody(scene)

    def test_a_won_deal_of_a_supplier_goes_to_the_contact_that_is_there(self, scene: Scene, crm: Customers) -> None:
        """A firm that stands in Xero as a supplier is found, and is a customer from then on."""
        supplier = crm.add("Harakeke Fibres Ltd", EmailAddress="pay@harakeke.example.com")
        _bill(scene, supplier)
        company = scene.make("companies", name="Harakeke Fibres Ltd", domain="harakeke.example.com")
        contact = scene.make("contacts", email="pay@harakeke.example.com", lastname="Hara")
        deal = scene.sell(company=company, contact=contact)

        made = scene.on.until("the invoice", lambda: scene.invoices_of(deal) or None, 10.0)
        scene.settle()

        assert [supplier] == [one["Contact"]["ContactID"] for one in made]
        assert company == crm.record(supplier, "company")


def test_an_archived_customer_that_is_restored_lets_its_deal_go_on(scene: Scene, crm: Customers) -> None:
    """It is nobody's record yet, so only its change in Xero tells; what the sentence asks for is enough."""
    gone = crm.add("Tawa Roofing Ltd", EmailAddress="info@tawa.co.nz")
    crm.change(gone, ContactStatus="ARCHIVED")
    scene.settle()
    deal = scene.sell(company=scene.make("companies", name="Tawa Roofing Ltd", domain="tawa.co.nz"))
    said = str(scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"])
    assert "Restore “Tawa Roofing Ltd” in Xero" in said

    crm.change(gone, ContactStatus="ACTIVE")

    scene.until_shown("deals", deal, "xero_invoice_id")
