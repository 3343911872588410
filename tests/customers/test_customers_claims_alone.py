"""Two organisations and one HubSpot record: it shows the one that came first.

Two stages never share a process, so these tests stand apart from those that share one.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from crm import Customers
from scene import OBJECTS, Scene

from ledgerloop.cli.stage import Sections, connect_xero

KIWI, AUSSIE = "Kiwi Demo Ltd", "Aussie Demo Pty"


class TestOneOrganisation:
    def test_one_company_buys_from_two_organisations(self, staged: Callable[..., Scene]) -> None:
        """Both are invoiced; the records show the organisation that came first, for ever, and the other is held."""
        scene, kiwi, aussie = _two(staged)
        crm = Customers(scene)
        company = scene.make("companies", name="Twin Ltd", domain="twin.example.com")
        contact = scene.make("contacts", email="t@twin.example.com", lastname="T")
        scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{contact}/associations/default/companies/{company}")

        scene.on.organisation = kiwi
        near = scene.sell(company=company, contact=contact, deal_currency_code="NZD")
        scene.until_shown("deals", near, "xero_invoice_id")
        scene.settle()
        first = scene.invoices_of(near)[0]
        owed = Decimal(str(first["AmountDue"]))
        scene.until_shown("companies", company, "xero_outstanding_balance", f"{owed:.2f}")
        far = scene.sell(company=company, contact=contact, deal_currency_code="AUD")
        scene.until_shown("deals", far, "xero_invoice_id")
        scene.on.organisation = aussie
        second = scene.invoices_of(far)[0]["Contact"]["ContactID"]

        said = crm.until_held(second)
        scene.settle()
        assert f"The HubSpot company {company} fits “Twin Ltd” of {AUSSIE}, but shows a customer of {KIWI}" in said
        assert f"The HubSpot contact {contact} fits" in said
        assert "Clear that id" not in said
        again = scene.sell(company=company, contact=contact, deal_currency_code="AUD")
        scene.until_shown("deals", again, "xero_invoice_id")
        assert second == scene.invoices_of(again)[0]["Contact"]["ContactID"]
        scene.settle()
        for kind, record in (("companies", company), ("contacts", contact)):
            shown = scene.show(kind, record)
            assert (first["Contact"]["ContactID"], f"{owed:.2f}", "NZD") == _seen(shown)
        scene.on.organisation = kiwi
        scene.pay(first["InvoiceID"], 1)
        scene.until_shown("companies", company, "xero_outstanding_balance", f"{owed - 1:.2f}")
        scene.settle()
        assert f"customer {first['Contact']['ContactID']}" not in scene.holds()

    def test_the_other_organisation_is_shown_where_a_person_says(self, staged: Callable[..., Scene]) -> None:
        """A record that gets the other customer's id shows it; its invoices go on being found."""
        scene, kiwi, aussie = _two(staged)
        crm = Customers(scene)
        company = scene.make("companies", name="Own Record Ltd", domain="own-record.example.com")
        contact = scene.make("contacts", email="o@own-record.example.com", lastname="O")
        scene.on.organisation = kiwi
        near = scene.sell(company=company, contact=contact, deal_currency_code="NZD")
        scene.until_shown("deals", near, "xero_invoice_id")
        scene.settle()
        far = scene.sell(company=company, contact=contact, deal_currency_code="AUD")
        scene.until_shown("deals", far, "xero_invoice_id")
        scene.on.organisation = aussie
        second = scene.invoices_of(far)[0]["Contact"]["ContactID"]
        assert f"company {company} fits" in crm.until_held(second)

        own = scene.make("companies", name="Own Record in Australia", xero_contact_id=second)
        crm.touch(second)

        assert own == crm.record(second, "company")
        scene.until_shown("companies", own, "xero_currency", "AUD")
        assert "NZD" == scene.show("companies", company)["xero_currency"]
        assert f"contact {contact} fits" in crm.until_held(second)
        assert "company" not in crm.until_held(second)

    def test_fields_and_notes_are_one_organisations(self, staged: Callable[..., Scene]) -> None:
        """Fields are put right by the organisation that is shown alone, and its notes alone stand on the record."""
        scene, kiwi, aussie = _two(staged, {"standing": {"notes": True}, "fields": {"to_xero": True, "name": "xero"}})
        crm = Customers(scene)
        company = scene.make("companies", name="Calm Ltd", domain="calm.example.com")
        contact = scene.make("contacts", email="c@calm.example.com", lastname="C")
        for currency, organisation in (("NZD", kiwi), ("AUD", aussie)):
            scene.on.organisation = organisation
            deal = scene.sell(company=company, contact=contact, deal_currency_code=currency)
            scene.until_shown("deals", deal, "xero_invoice_id")
            scene.settle()
        second = scene.invoices_of(deal)[0]["Contact"]["ContactID"]
        crm.until_held(second)
        crm.change(second, Name="Calm in Australia")
        scene.settle()

        scene.edit("companies", company, name="Something else")

        scene.until_shown("companies", company, "name", "Calm Ltd")
        scene.settle()
        assert "Calm Ltd" == scene.show("companies", company)["name"]
        notes = scene.on.at_hubspot("GET", f"{OBJECTS}/companies/{company}", query={"associations": "notes"})
        assert 1 == len(notes["associations"]["notes"]["results"])

    def test_the_same_customer_in_two_organisations(self, staged: Callable[..., Scene]) -> None:
        """One email and one name in both: held for contact and company, and no second company is made."""
        scene, kiwi, aussie = _two(staged)
        crm = Customers(scene)
        scene.on.organisation = kiwi
        first = crm.add("Same Ltd", EmailAddress="same@same.example.com")
        contact, company = crm.until_linked(first, "contact"), crm.until_linked(first)

        scene.on.organisation = aussie
        second = crm.add("Same Ltd", EmailAddress="same@same.example.com")

        said = crm.until_held(second)
        assert f"contact {contact} fits “Same Ltd” of {AUSSIE}, but shows a customer of {KIWI}" in said
        assert f"company {company} fits “Same Ltd” of {AUSSIE}, but shows a customer of {KIWI}" in said
        scene.edit("contacts", contact, xero_contact_id="")
        crm.touch(second)
        assert "shows a customer of Kiwi" in crm.until_held(second)
        assert [company] == crm.records("companies", name="Same Ltd")
        assert "NZD" == scene.show("contacts", contact)["xero_currency"]


def _two(staged: Callable[..., Scene], more: Sections | None = None) -> tuple[Scene, str, str]:
    """Connect two organisations, and route deals to them by currency."""
    routes = [
        {"currency": "AUD", "organisation": AUSSIE, "status": "AUTHORISED"},
        {"currency": "NZD", "organisation": KIWI, "status": "AUTHORISED"},
    ]
    scene = staged({"routes": routes, **(more or {})})
    kiwi = scene.on.organisation
    connect_xero(scene.on, AUSSIE)
    scene.settle()
    return scene, kiwi, scene.on.organisation


def _seen(shown: dict[str, str | None]) -> tuple[str | None, str | None, str | None]:
    return shown["xero_contact_id"], shown["xero_outstanding_balance"], shown["xero_currency"]
