"""A customer becomes a HubSpot contact and company, which show its standing; only what differs is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, HOME, TODAY, credit, customer, day, invoice, record

from ledgerloop.records import Customer, Payment
from ledgerloop.rules.customers import (
    changed,
    company_from_customer,
    contact_for_customer,
    contact_from_customer,
    contact_url,
    customer_from_contact,
    properties_from_standing,
)
from ledgerloop.rules.properties import properties_on
from ledgerloop.rules.standing import standing_of
from ledgerloop.xero.models import Contact


class TestToHubSpot:
    def test_contact(self) -> None:
        """A new contact gets the person, the email as it may be sent, and the address."""
        assert contact_from_customer(customer()) == {
            "email": "kat@acme.nz",
            "firstname": "Kat",
            "lastname": "Warren",
            "company": "Acme Ltd",
            "phone": "64 9 5551234",
            "address": "1 Quay St, Level 2",
            "city": "Auckland",
            "state": "AKL",
            "zip": "1010",
            "country": "New Zealand",
        }

    def test_company(self) -> None:
        """A new company gets the name and address, and no domain: an email's is none of the company's."""
        assert company_from_customer(customer()) == {
            "name": "Acme Ltd",
            "phone": "64 9 5551234",
            "address": "1 Quay St, Level 2",
            "city": "Auckland",
            "state": "AKL",
            "zip": "1010",
            "country": "New Zealand",
        }

    def test_nothing_is_sent_that_is_empty(self) -> None:
        """A new record is not given empty values."""
        bare = Customer(organisation=HOME.id, id="c1", name="Acme Ltd")

        assert contact_from_customer(bare) == {"company": "Acme Ltd"}
        assert company_from_customer(bare) == {"name": "Acme Ltd"}

    def test_a_bad_email_is_not_sent(self) -> None:
        """INVALID_EMAIL costs that one field, never the record."""
        assert "email" not in contact_from_customer(customer(email="kat@acme", email_key=""))

    def test_there_and_back(self) -> None:
        """A customer that HubSpot learned of in Xero is made in Xero with the same name, email, phone and address."""
        there = customer(street="1 Quay St")

        back = contact_for_customer(
            record("512", **company_from_customer(there)), record("77", **contact_from_customer(there))
        )

        assert isinstance(back, dict)
        again = customer_from_contact(HOME.id, Contact.model_validate({"ContactID": "c1", **back}))
        assert again == replace(there, email="kat@acme.nz", number="HubSpot company 512")


class TestShown:
    def test_whole(self) -> None:
        """A customer shows its standing: amounts as text with two decimals, days as YYYY-MM-DD."""
        documents = [
            invoice("115.00", due=-12, paid=[(-3, "15.00")]),
            invoice("50.50", due=5),
            credit("credit_note", "7.25"),
        ]

        assert properties_from_standing(standing_of(documents, TODAY, "NZD"), customer(), HOME) == {
            "xero_contact_id": "c1",
            "xero_outstanding_balance": "150.50",
            "xero_overdue_balance": "100.00",
            "xero_available_credit": "7.25",
            "xero_invoice_status": "OVERDUE",
            "xero_last_payment_date": day(-3).isoformat(),
            "xero_last_payment_amount": "15.00",
            "xero_oldest_due_date": "2026-11-10",
            "xero_days_overdue": "12",
            "xero_open_invoices": "2",
            "xero_lifetime_paid": "15.00",
            "xero_balances_by_currency": "",
            "xero_currency": "NZD",
            "xero_contact_url": contact_url(HOME, "c1"),
        }

    @pytest.mark.parametrize(
        ("owed", "shown"),
        [
            ({}, ""),
            ({"USD": "300"}, ""),
            ({"USD": "300", "NZD": "1200"}, "1,200.00 NZD; 300.00 USD"),
            ({"USD": "300", "AUD": "1.5", "NZD": "1200"}, "1,200.00 NZD; 1.50 AUD; 300.00 USD"),
        ],
    )
    def test_by_currency(self, owed: dict[str, str], shown: str) -> None:
        """What is owed stands in each currency where there are several, the base currency first."""
        documents = [replace(invoice(amount), currency=currency, rate=Decimal(1)) for currency, amount in owed.items()]

        properties = properties_from_standing(standing_of(documents, TODAY, "NZD"), customer(), HOME)

        assert shown == properties["xero_balances_by_currency"]

    def test_merged_away(self) -> None:
        """A customer that was merged into another shows no figures: 0.00 would read as if nothing were owed."""
        merged = replace(customer(), merged_into="c2")

        shown = properties_from_standing(standing_of([], TODAY, "NZD"), merged, HOME)

        assert shown.keys() == properties_from_standing(standing_of([], TODAY, "NZD"), customer(), HOME).keys()
        assert {name: value for name, value in shown.items() if value} == {
            "xero_contact_id": "c1",
            "xero_contact_url": contact_url(HOME, "c1"),
        }

    def test_paid_up(self) -> None:
        """The guide's own example: all is paid, so the balance is 0.00 and the word PAID."""
        documents = [
            replace(invoice("46.00", paid=[(0, "46.00")]), payments=(Payment("p", date(2025, 10, 14), Decimal(46)),))
        ]

        shown = properties_from_standing(standing_of(documents, TODAY, "NZD"), customer(), HOME)

        assert shown["xero_last_payment_date"] == "2025-10-14"
        assert shown["xero_outstanding_balance"] == "0.00"
        assert shown["xero_invoice_status"] == "PAID"

    def test_nothing(self) -> None:
        """Amounts of a customer without documents are zero; a day that is not known is cleared."""
        shown = properties_from_standing(standing_of([], TODAY, "NZD"), customer(), HOME)

        assert {name for name, value in shown.items() if not value} == {
            "xero_last_payment_date",
            "xero_last_payment_amount",
            "xero_oldest_due_date",
            "xero_balances_by_currency",
        }
        assert shown["xero_outstanding_balance"] == shown["xero_available_credit"] == "0.00"
        assert shown["xero_invoice_status"] == "NONE"

    @pytest.mark.parametrize("kind", ["contact", "company"])
    def test_every_property_is_a_property(self, kind: Any) -> None:
        """A customer is shown its standing under exactly the names on the one list."""
        shown = properties_from_standing(standing_of([], TODAY, "NZD"), customer(), HOME)

        assert set(shown) == {each.name for each in properties_on(kind)}

    def test_link(self) -> None:
        """The link leads into the right organisation; without a short code into whichever is open."""
        assert contact_url(HOME, "c1") == (
            "https://go.xero.com/organisationlogin/default.aspx?shortcode=!mBdtL&redirecturl=/Contacts/View/c1"
        )
        assert contact_url(replace(HOME, short_code=""), "c1") == "https://go.xero.com/Contacts/View/c1"


VALUES = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["", "0.00", "1.00", "PAID"]))


class TestChanged:
    @pytest.mark.parametrize(
        ("wanted", "written", "difference"),
        [
            pytest.param({"a": "1", "b": "2"}, {"a": "1", "b": "2"}, {}, id="the same needs no write"),
            pytest.param({"a": "1", "b": "3"}, {"a": "1", "b": "2"}, {"b": "3"}, id="only what differs is written"),
            pytest.param({"a": ""}, {"a": "1"}, {"a": ""}, id="a value that is gone is cleared"),
            pytest.param({"a": ""}, {"a": ""}, {}, id="what is cleared is not cleared again"),
            pytest.param({"a": "1", "b": ""}, {"a": "1"}, {}, id="what we never wrote needs no clearing"),
            pytest.param({"a": "1"}, {"a": "1", "b": "2"}, {}, id="what is not wanted now is left alone"),
            pytest.param(
                {"a": "1", "b": ""}, {}, {"a": "1", "b": ""}, id="a record we know nothing of is given everything"
            ),
            pytest.param({}, {}, {}, id="nothing"),
        ],
    )
    def test_changed(self, wanted: dict[str, str], written: dict[str, str], difference: dict[str, str]) -> None:
        """A write is the difference between what should be there and what we last wrote there."""
        assert changed(wanted, written) == difference

    @CALM
    @given(VALUES, VALUES)
    def test_once_written_nothing_is_left_to_write(self, wanted: dict[str, str], written: dict[str, str]) -> None:
        """After the difference was written, the record shows what is wanted, and there is no second write."""
        after = written | changed(wanted, written)

        assert all(after.get(name, "") == value for name, value in wanted.items())
        assert not after or changed(wanted, after) == {}
