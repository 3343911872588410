"""What people changed on a HubSpot record, as Xero takes it; what stands beside it in Xero stays."""

from __future__ import annotations

import pytest
from rules_samples import HOME, record

from ledgerloop.rules.contact_updates import changes_from_record, speaks_for
from ledgerloop.rules.customers import customer_from_contact
from ledgerloop.rules.ownership import said_by_hubspot, said_by_xero
from ledgerloop.xero.models import Contact

EMPTY = Contact(ContactID="c1", Name="Acme Ltd")


class TestChanges:
    @pytest.mark.parametrize(
        ("units", "properties", "body"),
        [
            pytest.param(["name"], {"name": " Acme Ltd "}, {"Name": "Acme Ltd"}, id="a name, trimmed"),
            pytest.param(["name"], {"name": "x" * 300}, {"Name": "x" * 255}, id="a name as long as Xero takes it"),
            pytest.param(["name"], {"name": None}, {}, id="never an empty name"),
            pytest.param(["email"], {"email": "Kat@Acme.nz"}, {"EmailAddress": "kat@acme.nz"}, id="an email"),
            pytest.param(["email"], {"email": ""}, {}, id="never an empty email"),
            pytest.param(["person"], {"firstname": "Kat"}, {"FirstName": "Kat", "LastName": ""}, id="a person, whole"),
            pytest.param(["company"], {"company": "Acme"}, {}, id="not the text that says where a person works"),
            pytest.param([], {"name": "Acme"}, {}, id="nothing that was not asked for"),
        ],
    )
    def test_fields(self, units: list[str], properties: dict[str, str | None], body: dict[str, str]) -> None:
        """Each unit becomes its fields of the Xero contact."""
        assert (body, []) == changes_from_record(units, record("1", **properties), EMPTY)

    def test_an_email_that_xero_would_not_take(self) -> None:
        """What Xero cannot take is said, and the rest goes on."""
        body, problems = changes_from_record(["email", "name"], record("1", email="jürgen@acme.nz", name="A"), EMPTY)

        assert {"Name": "A"} == body
        assert "jürgen@acme.nz" in problems[0]

    def test_a_phone_leaves_the_others(self) -> None:
        """Xero takes the phones as a whole, so the others are sent along as they are."""
        contact = Contact.model_validate(
            {
                "Phones": [
                    {"PhoneType": "DEFAULT", "PhoneCountryCode": "64", "PhoneAreaCode": "9", "PhoneNumber": "1"},
                    {"PhoneType": "MOBILE", "PhoneNumber": "021"},
                ]
            }
        )

        body, _ = changes_from_record(["phone"], record("1", phone="+64 9 2"), contact)

        numbers = {one["PhoneType"]: one["PhoneCountryCode"] + one["PhoneNumber"] for one in body["Phones"]}
        assert {"DEFAULT": "+64 9 2", "MOBILE": "021"} == numbers

    @pytest.mark.parametrize(
        ("filled", "goes_to"),
        [
            pytest.param((), "POBOX", id="none: the postal one"),
            pytest.param(("STREET",), "STREET", id="the street's alone: that one"),
            pytest.param(("STREET", "POBOX"), "POBOX", id="both: the postal one, which is shown"),
        ],
    )
    def test_an_address_goes_where_it_came_from(self, filled: tuple[str, ...], goes_to: str) -> None:
        """The address that HubSpot shows is the one that changes; the other stays."""
        contact = Contact.model_validate({"Addresses": [{"AddressType": kind, "City": kind} for kind in filled]})

        body, _ = changes_from_record(["address"], record("1", city="Nelson"), contact)

        cities = {one["AddressType"]: one["City"] for one in body["Addresses"]}
        assert {**{kind: kind for kind in filled}, goes_to: "Nelson"} == cities

    def test_what_was_told_is_said_by_both(self) -> None:
        """After Xero was told, both sides say the same, so nothing is to be written again."""
        there = record(
            "1", name="Acme Ltd", phone="+64 9 2", address="1 Quay St", address2="Level 2", city="Nelson", zip="7010"
        )

        body, _ = changes_from_record(["name", "phone", "address"], there, EMPTY)
        customer = customer_from_contact(HOME.id, Contact.model_validate({"ContactID": "c1", **body}))

        assert said_by_hubspot("company", there) == said_by_xero("company", customer)


def test_who_speaks_for_what() -> None:
    """The company speaks of the firm, the contact of the person; and of the rest only where there is no company."""
    assert {"name", "phone", "address"} == speaks_for("company", has_company=True)
    assert {"email", "person"} == speaks_for("contact", has_company=True)
    assert {"email", "person", "phone", "address"} == speaks_for("contact", has_company=False)
