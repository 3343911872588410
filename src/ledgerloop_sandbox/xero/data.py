"""Make the data that the Xero half starts with: demo, empty, or large."""

import gc
import json
from datetime import datetime, timedelta
from typing import Any

from ledgerloop_sandbox.xero import banktransactions, contacts, credit, invoices, payments
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.charts import aussie, kiwi
from ledgerloop_sandbox.xero.large import fill
from ledgerloop_sandbox.xero.organisation import Organisation


def organisations(data: str, seed: int, now: datetime) -> list[Organisation]:
    """Return the organisations for `demo`, `empty` or `large:N`."""
    created = now - timedelta(days=400)
    first, second = kiwi(seed, created), aussie(seed, created)
    if data == "demo":
        _demo(first, now)
        _second(second, now)
    elif data.startswith("large:") and data[6:].isdecimal():
        fill(first, int(data[6:]), now)
        gc.collect()
        gc.freeze()  # what is loaded stays: looking through it again and again would cost seconds
    elif data != "empty":
        raise ValueError(f"data must be demo, empty or large:N, not {data}")
    return [first, second]


class _Bookkeeper:
    """Write documents as a person would, at moments of the past."""

    def __init__(self, org: Organisation, now: datetime) -> None:
        self.org, self.now = org, now
        self.moment = now - timedelta(days=90)
        self.options: dict[str, Any] = {"url_in_lists": True}

    def day(self, days: int) -> str:
        """Return the day so many days from today, as it is sent."""
        return (self.org.today(self.now) + timedelta(days=days)).isoformat()

    def write(self, handler: Any, body: Any, *ids: str) -> Any:
        """Make one call at the next moment and return the first element of its answer."""
        self.moment += timedelta(hours=7, minutes=13, seconds=11)
        call = ApiCall("PUT", "", ids, {}, {}, json.dumps(body).encode(), self.org, self.moment, "person", self.options)
        answer = json.loads(handler(call).body)
        assert "Elements" not in answer, answer
        return next(value[0] for value in answer.values() if isinstance(value, list))

    def contact(self, name: str, email: str, **more: Any) -> Any:
        """Add a contact."""
        return self.write(contacts.put, {"Name": name, "EmailAddress": email, **more})

    def invoice(self, contact: Any, status: str, dated: int, due: int | None, price: float, **more: Any) -> Any:
        """Add an invoice of one line."""
        body = {
            "Type": "ACCREC",
            "Contact": {"ContactID": contact["ContactID"]},
            "Status": status,
            "Date": self.day(dated),
            "LineItems": [{"Description": "Consulting", "Quantity": 1, "UnitAmount": price, "AccountCode": "200"}],
            **({"DueDate": self.day(due)} if due is not None else {}),
            **more,
        }
        return self.write(invoices.put, body)

    def pay(self, invoice: Any, amount: Any, dated: int) -> Any:
        """Pay an invoice."""
        body = {
            "Invoice": {"InvoiceID": invoice["InvoiceID"]},
            "Account": {"Code": "090"},
            "Date": self.day(dated),
            "Amount": amount,
        }
        return self.write(payments.put, body)


def _demo(org: Organisation, now: datetime) -> None:
    books = _Bookkeeper(org, now)
    tui = books.contact("Tui Roofing Ltd", "accounts@tui-roofing.example.com", FirstName="Aroha", LastName="Ngata")
    kauri = books.contact(
        "Kauri Cafe",
        "mia@kauri-cafe.example.com",
        FirstName="Mia",
        LastName="Brown",
        Addresses=[{"AddressType": "POBOX", "AddressLine1": "PO Box 12", "City": "Nelson", "Country": "New Zealand"}],
        ContactPersons=[{"FirstName": "Sam", "LastName": "Lee", "EmailAddress": "sam@kauri-cafe.example.com"}],
        PaymentTerms={"Sales": {"Day": 20, "Type": "OFFOLLOWINGMONTH"}},
    )
    harbour = books.contact("Harbour Boats", "office@harbour-boats.example.com")
    pixel = books.contact("Pixel Print Supplies", "sales@pixel-print.example.com")
    books.contact("Old Mill Bakery", "hello@old-mill.example.com", ContactStatus="ARCHIVED")
    books.pay(books.invoice(tui, "AUTHORISED", -80, -60, 400), 460, -55)
    books.invoice(tui, "AUTHORISED", -50, -20, 1200, Reference="Roof inspection")
    books.pay(books.invoice(kauri, "AUTHORISED", -40, -10, 300), 100, -15)
    credited = books.invoice(kauri, "AUTHORISED", -30, 10, 250)
    books.invoice(harbour, "DRAFT", -5, None, 980)
    books.invoice(harbour, "SUBMITTED", -4, 16, 75)
    books.invoice(harbour, "AUTHORISED", -3, 27, 2200, CurrencyCode="USD")
    voided = books.invoice(tui, "AUTHORISED", -25, 5, 60)
    books.write(invoices.post_one, {"Status": "VOIDED"}, voided["InvoiceID"])
    deleted = books.invoice(tui, "DRAFT", -24, None, 15)
    books.write(invoices.post_one, {"Status": "DELETED"}, deleted["InvoiceID"])
    books.write(
        invoices.put,
        {
            "Type": "ACCPAY",
            "InvoiceNumber": "PP-1189",
            "Contact": {"ContactID": pixel["ContactID"]},
            "Status": "AUTHORISED",
            "Date": books.day(-12),
            "DueDate": books.day(8),
            "LineItems": [{"Description": "Business cards", "Quantity": 500, "UnitAmount": 0.2, "AccountCode": "429"}],
        },
    )
    note = books.write(
        credit.put_credit_notes,
        {
            "Type": "ACCRECCREDIT",
            "Contact": {"ContactID": kauri["ContactID"]},
            "Status": "AUTHORISED",
            "Date": books.day(-20),
            "LineItems": [{"Description": "Goodwill", "Quantity": 1, "UnitAmount": 50, "AccountCode": "200"}],
        },
    )
    books.write(
        credit.put_allocations("CreditNote"),
        {"Invoice": {"InvoiceID": credited["InvoiceID"]}, "Amount": 30, "Date": books.day(-19)},
        note["CreditNoteID"],
    )
    for kind, amount in (("RECEIVE-PREPAYMENT", 115), ("RECEIVE-OVERPAYMENT", 40)):
        books.write(
            banktransactions.put,
            {
                "Type": kind,
                "Contact": {"ContactID": harbour["ContactID"]},
                "BankAccount": {"Code": "090"},
                "Date": books.day(-2),
                "LineItems": [{"Description": "Received", "Quantity": 1, "UnitAmount": amount, "AccountCode": "610"}],
            },
        )


def _second(org: Organisation, now: datetime) -> None:
    books = _Bookkeeper(org, now)
    reef = books.contact("Reef Tours", "bookings@reef-tours.example.com", FirstName="Jack", LastName="Murray")
    books.invoice(reef, "AUTHORISED", -20, -6, 500)
