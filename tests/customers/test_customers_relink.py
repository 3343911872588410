"""What moves is followed: customers merged and archived in Xero; records merged, deleted and restored in HubSpot."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crm import Customers, begun
from polls import poll_from_the_start
from scene import OBJECTS, Scene

from ledgerloop.customers.relink import KINDS
from ledgerloop.store import lanes, links, pending_customers


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("moving")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


class TestInXero:
    def test_archived(self, scene: Scene, crm: Customers) -> None:
        """An archived customer keeps its records and shows what it owes; one without records gets none."""
        customer = crm.add("Archie Ltd", EmailAddress="a@archie.example.com")
        company = crm.until_linked(customer)
        invoice = scene.invoice_for(customer, "9.00")
        scene.until_shown("companies", company, "xero_outstanding_balance", "9.00")

        crm.change(customer, ContactStatus="ARCHIVED")
        scene.pay(invoice["InvoiceID"], "4.00")

        scene.until_shown("companies", company, "xero_outstanding_balance", "5.00")
        assert company == crm.record(customer, "company")

    def test_archived_before_anybody_knew_of_its_records(self, scene: Scene, crm: Customers) -> None:
        """A record that was made, and whose making was forgotten, is found by the id though nobody is active."""
        customer = crm.add("Lost Answer Ltd", EmailAddress="a@lost-answer.example.com")
        contact, company = crm.until_linked(customer, "contact"), crm.until_linked(customer)
        invoice = scene.invoice_for(customer, "9.00")
        scene.until_shown("companies", company, "xero_outstanding_balance", "9.00")
        scene.settle()
        with scene.built.database.transaction() as tx:
            for kind in KINDS:
                links.remove(tx, links.find(tx, scene.on.organisation, kind, [customer])[customer])

        crm.change(customer, ContactStatus="ARCHIVED")
        scene.pay(invoice["InvoiceID"], "4.00")

        scene.until_shown("companies", company, "xero_outstanding_balance", "5.00")
        scene.until_shown("contacts", contact, "xero_outstanding_balance", "5.00")

    def test_merged_into_one_without_records(self, scene: Scene, crm: Customers) -> None:
        """The link moves: the record shows the survivor's standing and carries its id."""
        known = scene.on.in_xero("GET", "/Contacts", query={"page": "1"})["Contacts"]
        buyers = [
            one["ContactID"] for one in known if one["IsCustomer"] and not crm.record(one["ContactID"], "company")
        ]
        winner = buyers[0]  # the first fill made no records, so it has none
        loser = crm.add("Loser Ltd")
        company = crm.until_linked(loser)

        crm.merge_in_xero(loser, winner)

        assert company == crm.until_linked(winner)
        scene.until_shown("companies", company, "xero_contact_id", winner)
        assert crm.record(loser, "company") is None
        assert [] == crm.records("companies", xero_contact_id=loser)

    def test_merged_where_both_have_records(self, scene: Scene, crm: Customers) -> None:
        """The standing is the survivor's; that HubSpot still has two is a question, and merging them ends it."""
        loser, winner = crm.add("Double A"), crm.add("Double B")
        ours, theirs = crm.until_linked(loser), crm.until_linked(winner)

        crm.merge_in_xero(loser, winner)

        said = crm.until_held(loser)
        assert ours in said
        assert theirs in said
        scene.settle()
        left = scene.show("companies", ours)
        assert (loser, "", "") == (
            left["xero_contact_id"],
            left["xero_outstanding_balance"] or "",
            left["xero_invoice_status"] or "",
        )
        crm.merge("companies", ours, theirs)
        scene.settle()
        crm.touch(winner)
        assert f"customer {loser}" not in scene.holds()
        assert "1.00" == scene.show("companies", theirs)["xero_outstanding_balance"]
        assert (None, theirs) == (crm.record(loser, "company"), crm.record(winner, "company"))

    def test_merged_and_the_survivors_record_deleted(self, scene: Scene, crm: Customers) -> None:
        """The other record takes its place, and nobody is asked any more to merge the two, without a webhook too."""
        loser, winner = crm.add("Deleted A"), crm.add("Deleted B")
        ours, theirs = crm.until_linked(loser), crm.until_linked(winner)
        crm.merge_in_xero(loser, winner)
        crm.until_held(loser)
        scene.settle()
        scene.silence("hubspot")
        crm.delete("companies", theirs)

        crm.touch(winner)

        scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})
        assert ours == crm.record(winner, "company")
        assert f"customer {loser}" not in scene.holds()

    def test_merged_as_asked_without_a_webhook(self, scene: Scene, crm: Customers) -> None:
        """That a person merged the two as asked is found when the survivor is looked at, without a webhook."""
        loser, winner = crm.add("Untold A"), crm.add("Untold B")
        ours, theirs = crm.until_linked(loser), crm.until_linked(winner)
        crm.merge_in_xero(loser, winner)
        crm.until_held(loser)
        scene.silence("hubspot")
        crm.merge("companies", ours, theirs)
        scene.settle()
        scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})

        crm.touch(winner)

        assert f"customer {loser}" not in scene.holds()
        assert (None, theirs) == (crm.record(loser, "company"), crm.record(winner, "company"))

    def test_merged_the_other_way_where_the_survivor_is_archived(self, scene: Scene, crm: Customers) -> None:
        """Nothing is written of an archived customer, so the look at who is held finds out."""
        loser, winner = crm.add("Archived A"), crm.add("Archived B")
        ours, theirs = crm.until_linked(loser), crm.until_linked(winner)
        crm.merge_in_xero(loser, winner)
        crm.until_held(loser)
        crm.change(winner, ContactStatus="ARCHIVED")
        scene.settle()
        scene.silence("hubspot")
        crm.merge("companies", theirs, ours)

        with scene.built.database.transaction() as tx:
            pending_customers.mark(tx, scene.on.organisation, [loser])
            lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())

        scene.on.until("the link follows", lambda: crm.record(winner, "company") == ours or None)
        scene.settle()
        scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})
        assert f"customer {loser}" not in scene.holds()
        assert winner == scene.show("companies", ours)["xero_contact_id"]


class TestInHubSpot:
    def test_merged(self, scene: Scene, crm: Customers) -> None:
        """A record merged into another that is nobody's customer takes its link there, and all is shown there."""
        customer = crm.add("Follow Ltd", EmailAddress="f@follow.example.com")
        contact, company = crm.until_linked(customer, "contact"), crm.until_linked(customer)
        other = scene.make("companies", name="Other name")
        person = scene.make("contacts", email="other@follow.example.com")

        crm.merge("companies", company, other)
        crm.merge("contacts", contact, person)

        scene.on.until("company", lambda: crm.record(customer, "company") == other or None)
        scene.on.until("contact", lambda: crm.record(customer, "contact") == person or None)
        crm.touch(customer)
        assert "1.00" == scene.show("companies", other)["xero_outstanding_balance"]
        assert "1.00" == scene.show("contacts", person)["xero_outstanding_balance"]

    def test_merged_without_a_webhook(self, scene: Scene, crm: Customers) -> None:
        """What no webhook told is found by the next write, and nothing is doubled."""
        customer = crm.add("Silent Merge Ltd")
        company = crm.until_linked(customer)
        other = scene.make("companies", name="Silent other")
        scene.silence("hubspot")
        crm.merge("companies", company, other)
        scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})

        crm.touch(customer)

        assert other == crm.record(customer, "company")
        scene.until_shown("companies", other, "xero_outstanding_balance", "1.00")
        assert [] == crm.records("companies", name="Silent Merge Ltd")

    def test_merging_that_makes_a_third(self, scene: Scene, crm: Customers) -> None:
        """HubSpot may make a third record of two; the link goes there."""
        customer = crm.add("Third Ltd")
        company = crm.until_linked(customer)
        other = scene.make("companies", name="Third other")
        scene.configure("hubspot", merge_creates=True)
        crm.merge("companies", other, company)
        scene.configure("hubspot", merge_creates=False)

        third = crm.until_other(customer, company)

        assert third == str(scene.on.at_hubspot("GET", f"{OBJECTS}/companies/{company}")["id"])

    def test_two_customers_merged_in_hubspot(self, scene: Scene, crm: Customers) -> None:
        """Where one record is two customers now, one keeps it, and the other asks instead of making a new one."""
        first, second = crm.add("Pair One"), crm.add("Pair Two")
        keeps, goes = crm.until_linked(first), crm.until_linked(second)

        crm.merge("companies", goes, keeps)

        assert keeps in crm.until_held(second)
        crm.touch(second)
        assert (keeps, None) == (crm.record(first, "company"), crm.record(second, "company"))
        assert [] == crm.records("companies", name="Pair Two")

    def test_deleted_is_made_once_more_and_not_in_a_loop(self, scene: Scene, crm: Customers) -> None:
        """A deleted record is made once more; deleted again, it stays away and a person is asked."""
        customer = crm.add("Gone Ltd")
        company = crm.until_linked(customer)

        crm.delete("companies", company)
        again = crm.until_other(customer, company)
        crm.delete("companies", again)

        assert "a third time" in crm.until_held(customer)
        crm.touch(customer)
        assert [] == crm.records("companies", name="Gone Ltd")

    def test_deleted_for_privacy_is_not_made_again(self, scene: Scene, crm: Customers) -> None:
        """A contact that was deleted for privacy does not come back; its company goes on."""
        customer = crm.add("Forget Me Ltd", EmailAddress="me@forget.example.com")
        contact, company = crm.until_linked(customer, "contact"), crm.until_linked(customer)

        scene.on.at_hubspot("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": contact})

        assert "privacy" in crm.until_held(customer)
        crm.touch(customer)
        assert scene.find_contact("me@forget.example.com") is None
        assert "1.00" == scene.show("companies", company)["xero_outstanding_balance"]

    def test_restored(self, scene: Scene, crm: Customers) -> None:
        """A record that comes back where none took its place is the customer's again, with all its values."""
        customer = crm.add("Back Ltd")
        company = crm.until_linked(customer)
        crm.delete("companies", company)
        again = crm.until_other(customer, company)
        crm.delete("companies", again)
        crm.until_held(customer)

        crm.restore("companies", again)

        assert again == crm.until_linked(customer)
        crm.touch(customer)
        assert "1.00" == scene.show("companies", again)["xero_outstanding_balance"]
        assert f"customer {customer}" not in scene.holds()

    def test_restored_too_late_is_held(self, scene: Scene, crm: Customers) -> None:
        """Where another took its place, a person is asked to merge the two, and merging ends it."""
        customer = crm.add("Late Back Ltd")
        company = crm.until_linked(customer)
        crm.delete("companies", company)
        again = crm.until_other(customer, company)

        crm.restore("companies", company)

        reasons = scene.on.until("hold", lambda: scene.holds().get(f"hubspot company {company}"))
        assert again in reasons[0]
        crm.merge("companies", company, again)
        scene.settle()
        assert f"hubspot company {company}" not in scene.holds()
        assert again == crm.record(customer, "company")


def test_a_deleted_deal_is_written_to_once(scene: Scene, crm: Customers) -> None:
    """Nobody writes to a deal that is not there, until there is news; one that is back shows all, without a webhook."""
    customer = crm.add("Gone Deal Ltd")
    deal = scene.sell(company=crm.until_linked(customer))
    shown = scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    scene.settle()
    scene.on.at_hubspot("DELETE", f"{OBJECTS}/deals/{deal}")
    scene.approve(str(shown["xero_invoice_id"]))
    scene.settle()
    scene.forget_calls()

    for _ in range(3):
        crm.touch(customer)

    assert [] == scene.calls("hubspot", "deals/batch/update")
    scene.silence("hubspot")
    crm.restore("deals", deal)
    poll_from_the_start(scene)
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})
