"""A deal's company and contact become the Xero contact to create, or a hold; and its number leads back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, record, watched

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Hold
from ledgerloop.rules.customers import (
    COMPANY_PROPERTIES,
    CONTACT_PROPERTIES,
    contact_for_customer,
    hubspot_of,
    number_of,
)


class TestNumber:
    @CALM
    @given(st.sampled_from(["contact", "company"]), st.integers(0, 10**15))
    def test_round_trip(self, kind: Any, hubspot_id: int) -> None:
        """Either database can be lost: the HubSpot id is read back from the number that a customer carries."""
        number = number_of(kind, str(hubspot_id))

        assert hubspot_of(number) == (kind, str(hubspot_id))
        assert len(number) <= 50

    @pytest.mark.parametrize(
        "number",
        [
            pytest.param("", id="none"),
            pytest.param("C-0042", id="a number of the bookkeeper's own"),
            pytest.param("512", id="a bare number"),
            pytest.param("HubSpot", id="our word alone"),
            pytest.param("HubSpot 512", id="without the kind"),
            pytest.param("HubSpot deal 512", id="of a kind that is no customer"),
            pytest.param("HubSpot company 512a", id="with an id that HubSpot has not"),
            pytest.param("HubSpot company ٣", id="with digits that are not HubSpot's"),
            pytest.param("HubSpot company ²", id="with digits that are not even a number"),
            pytest.param("hubspot company 512", id="in other letters"),
            pytest.param("HubSpot company 512 old", id="with words behind it"),
            pytest.param("HubSpot company  512", id="with other spaces, so it would not be found by its text"),
            pytest.param("HubSpot company 512\n", id="with a line behind it"),
        ],
    )
    def test_foreign_numbers_are_left_alone(self, number: str) -> None:
        """A number that we did not write says nothing about HubSpot."""
        assert hubspot_of(number) is None


FIRM = {"name": "Acme Ltd", "address": "1 Quay St", "address2": "Level 2", "city": "Auckland", "state": "AKL"}
PERSON = {"email": "Kat@Acme.nz", "firstname": "Kat", "lastname": "Warren", "address": "5 Home Rd", "city": "Napier"}


class TestToXero:
    def test_company_and_contact(self) -> None:
        """The company gives name and number, the contact the person, the email, the address and the phones."""
        made = contact_for_customer(
            record("512", **FIRM, zip="1010", phone="09 111"),
            record("77", **PERSON, zip="4110", state="HKB", country="New Zealand", phone="06 222", mobilephone="021 3"),
        )

        assert made == {
            "Name": "Acme Ltd",
            "ContactNumber": "HubSpot company 512",
            "EmailAddress": "kat@acme.nz",
            "FirstName": "Kat",
            "LastName": "Warren",
            "Addresses": [
                {
                    "AddressType": "POBOX",
                    "AddressLine1": "5 Home Rd",
                    "City": "Napier",
                    "Region": "HKB",
                    "PostalCode": "4110",
                    "Country": "New Zealand",
                }
            ],
            "Phones": [
                {"PhoneType": "DEFAULT", "PhoneNumber": "06 222"},
                {"PhoneType": "MOBILE", "PhoneNumber": "021 3"},
            ],
        }

    def test_contact_alone(self) -> None:
        """Without a company the person is the customer."""
        made = contact_for_customer(None, record("77", **PERSON))

        assert made == {
            "Name": "Kat Warren",
            "ContactNumber": "HubSpot contact 77",
            "EmailAddress": "kat@acme.nz",
            "FirstName": "Kat",
            "LastName": "Warren",
            "Addresses": [{"AddressType": "POBOX", "AddressLine1": "5 Home Rd", "City": "Napier"}],
        }

    @pytest.mark.parametrize(
        ("firm", "person", "name"),
        [
            pytest.param({"name": " Acme "}, PERSON, "Acme", id="the company's name"),
            pytest.param({"name": " "}, PERSON, "Kat Warren", id="the person's, where the company has none"),
            pytest.param(None, {"email": "a@acme.nz", "lastname": "Ng"}, "Ng", id="a last name alone"),
            pytest.param(None, {"email": " A@acme.nz "}, "A@acme.nz", id="the email, where there is nothing else"),
            pytest.param({"name": "x" * 300}, PERSON, "x" * 255, id="cut to what Xero takes"),
            pytest.param({"name": "x" * 254 + " yz"}, PERSON, "x" * 254, id="not cut to a space at the end"),
        ],
    )
    def test_name(self, firm: dict[str, str | None] | None, person: dict[str, str | None], name: str) -> None:
        """Xero wants a name, of at most 255 characters."""
        made = contact_for_customer(None if firm is None else record("512", **firm), record("77", **person))

        assert isinstance(made, dict)
        assert made["Name"] == name

    @pytest.mark.parametrize(
        ("person", "firm", "line"),
        [
            pytest.param(
                {"address": "5 Home Rd", "city": "Napier"},
                {"address": "1 Quay St", "city": "Auckland"},
                {"AddressLine1": "5 Home Rd", "City": "Napier"},
                id="the contact's before the company's",
            ),
            pytest.param(
                {"address": "5 Home Rd", "zip": "4110"},
                {"city": "Auckland"},
                {"AddressLine1": "5 Home Rd", "PostalCode": "4110"},
                id="a company with a city alone takes nothing away",
            ),
            pytest.param(
                {"city": "Napier", "country": "New Zealand"},
                {"address": "PO Box 12", "zip": "1010"},
                {"AddressLine1": "PO Box 12", "PostalCode": "1010"},
                id="the company's where the contact's lacks the street",
            ),
            pytest.param(
                {"address": "5 Home Rd"},
                {"address2": "Level 2", "city": "Auckland"},
                {"AddressLine2": "Level 2", "City": "Auckland"},
                id="the company's where the contact's lacks the place",
            ),
            pytest.param(
                {"address": "5 Home Rd"},
                {"city": "Auckland"},
                {"AddressLine1": "5 Home Rd"},
                id="what the contact has where neither is whole",
            ),
            pytest.param({"country": "64"}, {"zip": "1"}, {"PostalCode": "1"}, id="what the company has, else"),
            pytest.param(
                {},
                {"address": "x" * 501, "address2": "y" * 501, "city": "z" * 256, "state": "s" * 256, "zip": "9" * 51},
                {
                    "AddressLine1": "x" * 500,
                    "AddressLine2": "y" * 500,
                    "City": "z" * 255,
                    "Region": "s" * 255,
                    "PostalCode": "9" * 50,
                },
                id="cut to what Xero takes",
            ),
        ],
    )
    def test_address(self, person: dict[str, str], firm: dict[str, str], line: dict[str, str]) -> None:
        """An address is taken from one record and never mixed; it is the POBOX one, to which Xero sends invoices."""
        made = contact_for_customer(record("512", name="Acme", **firm), record("77", email="kat@acme.nz", **person))

        assert isinstance(made, dict)
        assert made["Addresses"] == [{"AddressType": "POBOX", **line}]

    @pytest.mark.parametrize(
        ("person", "firm", "phones"),
        [
            pytest.param({"phone": "06 1"}, {"phone": "09 2"}, {"DEFAULT": "06 1"}, id="the contact's"),
            pytest.param({"phone": " "}, {"phone": "09 2"}, {"DEFAULT": "09 2"}, id="else the company's"),
            pytest.param({"mobilephone": "021 3"}, {}, {"DEFAULT": "021 3"}, id="the mobile where there is no other"),
            pytest.param(
                {"mobilephone": "021 3"}, {"phone": "09 2"}, {"DEFAULT": "09 2", "MOBILE": "021 3"}, id="else beside it"
            ),
            pytest.param({"phone": "1" * 51}, {}, {"DEFAULT": "1" * 50}, id="cut to what Xero takes"),
            pytest.param({}, {}, {}, id="none"),
        ],
    )
    def test_phones(self, person: dict[str, str], firm: dict[str, str], phones: dict[str, str]) -> None:
        """A customer that is made can be called."""
        made = contact_for_customer(record("512", name="Acme", **firm), record("77", email="kat@acme.nz", **person))

        assert isinstance(made, dict)
        assert phones == {one["PhoneType"]: one["PhoneNumber"] for one in made.get("Phones", [])}
        assert "Phones" in made or not phones

    @pytest.mark.parametrize(
        ("country", "sent"),
        [
            pytest.param("New Zealand", "New Zealand", id="letters and spaces as they are"),
            pytest.param("U.S.A.", "USA", id="without dots"),
            pytest.param("Guinea-Bissau", "Guinea Bissau", id="a hyphen parts two words"),
            pytest.param("  Côte d’Ivoire ", "Cote dIvoire", id="without accents and apostrophes"),
            pytest.param("NZ 1010", "NZ", id="without digits"),
            pytest.param("64", "", id="of digits alone nothing is left"),
            pytest.param("Россия", "", id="of other scripts nothing is left"),
            pytest.param("x" * 60, "x" * 50, id="cut to what Xero takes"),
        ],
    )
    def test_country_has_letters_only(self, country: str, sent: str) -> None:
        """Xero refuses a country with anything but the letters A to Z."""
        made = contact_for_customer(None, record("77", **(PERSON | {"country": country})))

        assert isinstance(made, dict)
        assert made["Addresses"][0].get("Country", "") == sent

    def test_spaces(self) -> None:
        """What people left around a value is not part of it, and what is blank is empty."""
        made = contact_for_customer(
            record("512", name=" Acme ", address="\n1 Quay St ", address2=" ", city=" Auckland"),
            record("77", email=" kat@acme.nz ", firstname=" Kat ", lastname="  "),
        )

        assert made == {
            "Name": "Acme",
            "ContactNumber": "HubSpot company 512",
            "EmailAddress": "kat@acme.nz",
            "FirstName": "Kat",
            "Addresses": [{"AddressType": "POBOX", "AddressLine1": "1 Quay St", "City": "Auckland"}],
        }

    def test_no_address(self) -> None:
        """Nothing is sent that is empty, for an empty value would clear one."""
        made = contact_for_customer(None, record("77", email="a@acme.nz", firstname="", country="64"))

        assert made == {"Name": "a@acme.nz", "ContactNumber": "HubSpot contact 77", "EmailAddress": "a@acme.nz"}

    @pytest.mark.parametrize(
        ("company", "person", "sentences"),
        [
            pytest.param(
                record("512", name="Acme"),
                None,
                ["The deal has no contact, so nobody could receive the invoice. Add the contact to the deal."],
                id="a deal without a contact",
            ),
            pytest.param(
                None,
                record("77", firstname="Kat", email=""),
                ["The contact has no email address. Fill it in."],
                id="a contact without an email",
            ),
            pytest.param(
                None,
                record("77", firstname="Kat", email="kat@acme"),
                ["The contact's email cannot be used: “kat@acme” is not a valid email address. Correct it."],
                id="a contact with a broken email",
            ),
            pytest.param(
                record("512", name=""),
                record("77", email=None),
                [
                    "The contact has no email address. Fill it in.",
                    "Neither the company nor the contact has a name for the invoice. Fill one in.",
                ],
                id="both reasons at once",
            ),
        ],
    )
    def test_holds(self, company: Record | None, person: Record | None, sentences: list[str]) -> None:
        """A customer that cannot be made says everything that is missing, and what to do about each."""
        hold = contact_for_customer(company, person)

        assert isinstance(hold, Hold)
        assert list(hold.reasons) == sentences

    def test_no_property_is_read_that_is_not_asked_for(self) -> None:
        """HubSpot answers with the properties that were named, so what the rule looks at must be on that list."""
        (company, of_company), (person, of_person) = watched(), watched()

        contact_for_customer(company, person)
        contact_for_customer(company, record("77", email="a@acme.nz"))
        contact_for_customer(record("512", name="Acme"), record("77", **PERSON))

        assert of_company <= set(COMPANY_PROPERTIES)
        assert of_person <= set(CONTACT_PROPERTIES)
