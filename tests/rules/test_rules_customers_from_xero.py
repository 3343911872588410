"""What Xero says of a contact and of its documents is kept as a customer and its receivables; bills are left out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from rules_samples import HOME, UPDATED, customer

from ledgerloop.records import Customer, Payment, Person, Receivable
from ledgerloop.rules.customers import (
    customer_from_contact,
    receivable_from_credit,
    receivable_from_invoice,
)
from ledgerloop.xero.models import Contact, CreditNote, Invoice, Overpayment, Prepayment

EMPTY = {"City": "", "Region": "", "PostalCode": "", "Country": ""}


def contact(**values: Any) -> Contact:
    """Read a Xero contact, with an entry for every kind of address and phone as Xero sends them."""
    given = {
        "ContactID": "c1",
        "Name": "Acme Ltd",
        "ContactStatus": "ACTIVE",
        "Addresses": [{"AddressType": "STREET", **EMPTY}, {"AddressType": "POBOX", **EMPTY}],
        "Phones": [{"PhoneType": "DDI", "PhoneNumber": ""}, {"PhoneType": "DEFAULT", "PhoneNumber": ""}],
        "UpdatedDateUTC": "/Date(1793637392000+0000)/",
    }
    return Contact.model_validate(given | values)


class TestFromXero:
    def test_whole(self) -> None:
        """A customer is what Xero says of a contact, without the space around it, and what matching compares."""
        given = contact(
            Name=" Acme Ltd ",
            EmailAddress=" Kat@Acme.nz",
            ContactNumber=" HubSpot company 512",
            FirstName="Kat ",
            LastName=" Warren",
            Addresses=[
                {"AddressType": "STREET", "AddressLine1": "9 Elsewhere", **EMPTY},
                {
                    "AddressType": "POBOX",
                    "AddressLine1": "1 Quay St",
                    "AddressLine2": " Level 2",
                    "AddressLine3": " ",
                    "City": "Auckland ",
                    "Region": "AKL ",
                    "PostalCode": " 1010",
                    "Country": "New Zealand ",
                },
            ],
            Phones=[
                {"PhoneType": "MOBILE", "PhoneNumber": "21 000"},
                {"PhoneType": "DEFAULT", "PhoneNumber": "5551234", "PhoneAreaCode": "9", "PhoneCountryCode": "64"},
            ],
        )

        assert customer_from_contact(HOME.id, given) == customer(number="HubSpot company 512", updated_at=UPDATED)

    def test_further_people(self) -> None:
        """Its further people are kept as they were typed, with what matching compares; who has no address is not."""
        people = [{"FirstName": "Max", "LastName": "Roe", "EmailAddress": "Max@Acme.nz"}, {"FirstName": "Nobody"}]

        kept = customer_from_contact(HOME.id, contact(ContactPersons=people))

        assert kept.persons == (Person("Max", "Roe", "Max@Acme.nz", "max@acme.nz"),)

    @pytest.mark.parametrize(("supplier", "buyer"), [(False, False), (True, False), (False, True), (True, True)])
    def test_what_the_ledger_says_it_is(self, supplier: bool, buyer: bool) -> None:
        """Everybody is kept, whatever Xero's flags say, with the flags and the numbers as they were typed."""
        given = contact(IsSupplier=supplier, IsCustomer=buyer, TaxNumber=" 12-345-678 ", CompanyNumber="NZBN 94290 ")

        kept = customer_from_contact(HOME.id, given)

        assert (supplier, buyer) == (kept.is_supplier, kept.is_customer)
        assert ("12-345-678", "NZBN 94290") == (kept.tax_number, kept.company_number)

    def test_bare(self) -> None:
        """A contact may have a name and nothing else."""
        assert customer_from_contact(HOME.id, contact()) == Customer(
            organisation=HOME.id, id="c1", name="Acme Ltd", keys=("name acme",), updated_at=UPDATED
        )

    @pytest.mark.parametrize(
        ("addresses", "city"),
        [
            pytest.param([("STREET", "Otago"), ("POBOX", "Napier")], "Napier", id="invoices go to the postal one"),
            pytest.param([("STREET", "Otago"), ("POBOX", "")], "Otago", id="an empty postal one is none"),
            pytest.param([("STREET", "Otago"), ("POBOX", " ")], "Otago", id="nor is a blank one"),
            pytest.param([("STREET", "Otago")], "Otago", id="no postal one"),
            pytest.param([("DELIVERY", "Otago")], "", id="a place for parcels is no address to write to"),
            pytest.param([], "", id="no address at all"),
        ],
    )
    def test_address(self, addresses: list[tuple[str, str]], city: str) -> None:
        """Xero lists an address of every kind, filled or not; the postal one counts, else the street's."""
        given = contact(Addresses=[{**EMPTY, "AddressType": kind, "City": place} for kind, place in addresses])

        assert customer_from_contact(HOME.id, given).city == city

    @pytest.mark.parametrize(
        ("phone", "text"),
        [
            pytest.param({"PhoneNumber": "5551234"}, "5551234", id="a number alone"),
            pytest.param({"PhoneNumber": "5551234", "PhoneAreaCode": "9"}, "9 5551234", id="with its area"),
            pytest.param({"PhoneNumber": " ", "PhoneCountryCode": "64"}, "", id="a country without a number"),
        ],
    )
    def test_phone(self, phone: dict[str, str], text: str) -> None:
        """The default phone is put together as it is dialled; a code without a number is no phone."""
        given = contact(Phones=[{"PhoneType": "DEFAULT", **phone}])

        assert customer_from_contact(HOME.id, given).phone == text

    @pytest.mark.parametrize(
        ("status", "active"),
        [("ACTIVE", True), ("ARCHIVED", False), ("GDPRREQUEST", False), ("SOMETHING_NEW", False)],
    )
    def test_active(self, status: str, active: bool) -> None:
        """Only an active contact is invoiced, or gets records in HubSpot."""
        assert customer_from_contact(HOME.id, contact(ContactStatus=status)).active is active

    def test_merged(self) -> None:
        """A merged contact names the one it has become."""
        assert customer_from_contact(HOME.id, contact(MergedToContactID="c2")).merged_into == "c2"

    def test_a_bad_email_costs_its_key_alone(self) -> None:
        """The text stays as people wrote it, for the console; without a key it is neither compared nor sent."""
        given = customer_from_contact(HOME.id, contact(EmailAddress="kat@acme.nz; bob@acme.nz"))

        assert (given.email, given.email_key) == ("kat@acme.nz; bob@acme.nz", "")


class TestReceivables:
    def test_invoice(self) -> None:
        """A sales invoice is a receivable with its payments; a payment that was removed again is none of them."""
        given = Invoice.model_validate(
            {
                "Type": "ACCREC",
                "InvoiceID": "i1",
                "InvoiceNumber": "INV-0002",
                "Reference": "HS-512",
                "Url": "https://app.hubspot.com/1",
                "Contact": {"ContactID": "c1", "Name": "Acme"},
                "Status": "AUTHORISED",
                "Date": "/Date(1793577600000+0000)/",
                "DueDate": "/Date(1796169600000+0000)/",
                "Total": Decimal("46.00"),
                "AmountDue": Decimal("16.00"),
                "AmountPaid": Decimal("20.00"),
                "AmountCredited": Decimal("10.00"),
                "CurrencyCode": "USD",
                "CurrencyRate": Decimal("0.575000"),
                "Payments": [
                    {"PaymentID": "p1", "Date": "/Date(1793664000000+0000)/", "Amount": Decimal("20.00")},
                    {"PaymentID": "p2", "Date": "/Date(1793750400000+0000)/", "Amount": 5, "Status": "DELETED"},
                    {"PaymentID": "p3", "Amount": 5},
                ],
                "FullyPaidOnDate": "/Date(1793664000000+0000)/",
                "UpdatedDateUTC": "/Date(1793637392000+0000)/",
            }
        )

        assert receivable_from_invoice(HOME.id, given) == Receivable(
            organisation=HOME.id,
            id="i1",
            kind="invoice",
            customer="c1",
            status="AUTHORISED",
            currency="USD",
            total=Decimal("46.00"),
            rate=Decimal("0.575000"),
            due=Decimal("16.00"),
            paid=Decimal("20.00"),
            credited=Decimal("10.00"),
            number="INV-0002",
            reference="HS-512",
            mark="HS-512",
            url="https://app.hubspot.com/1",
            issued_on=date(2026, 11, 2),
            due_on=date(2026, 12, 2),
            paid_on=date(2026, 11, 3),
            payments=(Payment("p1", date(2026, 11, 3), Decimal("20.00")),),
            updated_at=UPDATED,
        )

    @pytest.mark.parametrize("kind", ["ACCPAY", "ACCRECCREDIT", "", "SOMETHING_NEW"])
    def test_bills_are_not_our_business(self, kind: str) -> None:
        """Only a sales invoice is owed to the organisation."""
        assert receivable_from_invoice(HOME.id, Invoice.model_validate({"Type": kind, "InvoiceID": "i1"})) is None

    @pytest.mark.parametrize(
        ("given", "kind"),
        [
            (CreditNote(Type="ACCRECCREDIT", CreditNoteID="k1", CreditNoteNumber="CN-1"), "credit_note"),
            (Prepayment(Type="RECEIVE-PREPAYMENT", PrepaymentID="k1"), "prepayment"),
            (Prepayment(Type="ARPREPAYMENT", ID="k1"), "prepayment"),
            (Overpayment(Type="RECEIVE-OVERPAYMENT", OverpaymentID="k1"), "overpayment"),
            (Overpayment(Type="AROVERPAYMENT", ID="k1"), "overpayment"),
            (CreditNote(Type="ACCPAYCREDIT", CreditNoteID="k1"), None),
            (Prepayment(Type="SPEND-PREPAYMENT", PrepaymentID="k1"), None),
            (Prepayment(Type="APPREPAYMENT", PrepaymentID="k1"), None),
            (Overpayment(Type="SPEND-OVERPAYMENT", OverpaymentID="k1"), None),
            (Overpayment(Type="", OverpaymentID="k1"), None),
        ],
    )
    def test_credit_of_customers(self, given: CreditNote | Prepayment | Overpayment, kind: str | None) -> None:
        """Credit that a customer has is a receivable under its own id; a supplier's is not our business."""
        receivable = receivable_from_credit(HOME.id, given)

        assert (receivable.kind, receivable.id) == (kind, "k1") if kind else receivable is None  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        ("model", "own", "kind", "number"),
        [
            (CreditNote, {"Type": "ACCRECCREDIT", "CreditNoteNumber": "CN-0001"}, "credit_note", "CN-0001"),
            (Prepayment, {"Type": "RECEIVE-PREPAYMENT"}, "prepayment", ""),
            (Overpayment, {"Type": "RECEIVE-OVERPAYMENT"}, "overpayment", ""),
        ],
    )
    def test_credit(
        self, model: type[CreditNote | Prepayment | Overpayment], own: dict[str, str], kind: Any, number: str
    ) -> None:
        """Credit has what remains of it, which is not what it was, in its own currency at its own rate."""
        given = model.model_validate(
            {
                **own,
                f"{model.__name__}ID": "k1",
                "Contact": {"ContactID": "c1"},
                "Status": "AUTHORISED",
                "Date": "/Date(1793577600000+0000)/",
                "Total": Decimal("50.00"),
                "RemainingCredit": Decimal("20.00"),
                "CurrencyCode": "USD",
                "CurrencyRate": Decimal("0.575000"),
                "Reference": "returned goods",
                "UpdatedDateUTC": "/Date(1793637392000+0000)/",
            }
        )

        assert receivable_from_credit(HOME.id, given) == Receivable(
            organisation=HOME.id,
            id="k1",
            kind=kind,
            customer="c1",
            status="AUTHORISED",
            currency="USD",
            total=Decimal("50.00"),
            rate=Decimal("0.575000"),
            remaining=Decimal("20.00"),
            number=number,
            reference="returned goods",
            issued_on=date(2026, 11, 2),
            updated_at=UPDATED,
        )
