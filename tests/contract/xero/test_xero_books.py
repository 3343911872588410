"""Throw random calls at the books: whatever is accepted keeps them in order, whatever is refused leaves no trace."""

import asyncio
import dataclasses
import random
from typing import Any

import pytest

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.control import act
from ledgerloop_sandbox.xero.app import XeroSandbox
from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import ZERO, Invoice

CALLS = 300


class Chance:
    """Make random calls, some of them wrong."""

    def __init__(self, seed: int, org: Organisation) -> None:
        self.pick, self.org = random.Random(seed), org

    def one(self, *choices: Any) -> Any:
        """Pick one."""
        return self.pick.choice(choices)

    def id_of(self, table: Any) -> str:
        """Pick an existing id."""
        return self.pick.choice(list(table.rows))

    def name(self) -> str:
        """Pick a name that may be taken."""
        return f"Name {self.pick.randrange(30)}"

    def contact(self) -> Any:
        """Pick a way to say whose a document is."""
        known = {"ContactID": self.id_of(self.org.contacts)}
        return self.one(known, known, known, {"Name": self.name()}, {**known, "Name": self.name()}, None, "x", {})

    def line(self) -> Any:
        """Pick a line."""
        good = {"Description": "d", "Quantity": 1, "UnitAmount": self.pick.randrange(9_999) / 100, "AccountCode": "200"}
        strange = [{**good, "TaxType": "X"}, {**good, "UnitAmount": "abc"}, {**good, "UnitAmount": 1e40}, 5]
        return self.one(good, good, good, good, {"Description": "words"}, {"ItemCode": "SUPPORT"}, *strange)

    def invoice(self) -> dict[str, Any]:
        """Pick an invoice."""
        return {
            "Type": self.one("ACCREC", "ACCREC", "ACCREC", "ACCPAY", None),
            "Contact": self.contact(),
            "Status": self.one("DRAFT", "AUTHORISED", "AUTHORISED", "SUBMITTED", "PAID"),
            "DueDate": self.one("2030-01-01", "2030-01-01", "2030-01-01", None, "bad"),
            "LineItems": [self.line() for _ in range(self.pick.randrange(1, 3))],
            **self.one({}, {}, {"InvoiceNumber": f"X{self.pick.randrange(10)}"}, {"CurrencyCode": "USD"}),
        }

    def payment(self) -> dict[str, Any]:
        """Pick a payment, often of exactly what is due."""
        invoice = self.org.invoices.rows[self.id_of(self.org.invoices)]
        amount = self.one(1, 200, "x", None, *[float(invoice.amount_due)] * 4)
        account = {"Code": self.one("090", "090", "090", "200")}
        return {"Invoice": {"InvoiceID": invoice.id}, "Account": account, "Amount": amount}

    def call(self) -> tuple[str, str, Any]:
        """Pick a call of up to three elements."""
        org, many = self.org, range(self.pick.randrange(1, 4))
        change = self.one(
            {"Status": self.one("VOIDED", "DELETED", "AUTHORISED")},
            {"LineItems": [self.line()]},
            {"LineAmountTypes": "Inclusive"},
            {"Contact": self.contact()},
        )
        rename = self.one({"Name": self.name()}, {"ContactStatus": self.one("ARCHIVED", "ACTIVE")}, {"Addresses": 5})
        note = {"Type": "ACCRECCREDIT", "Contact": self.contact(), "Status": "AUTHORISED", "LineItems": [self.line()]}
        credit = self.pick.choice(list(org.credits["CreditNote"]))
        mine = [document.id for document in org.documents[credit.contact_id]]
        part = {"Invoice": {"InvoiceID": self.pick.choice(mine)}, "Amount": self.one(1, 5)}
        return self.one(
            ("PUT", "Invoices", {"Invoices": [self.invoice() for _ in many]}),
            ("POST", "Invoices", {"Invoices": [self.invoice() for _ in many]}),
            ("POST", f"Invoices/{self.id_of(org.invoices)}", {"Invoices": [change]}),
            ("PUT", "Payments", {"Payments": [self.payment() for _ in many]}),
            ("POST", f"Payments/{self.id_of(org.payments)}", {"Status": "DELETED"}),
            ("PUT", "Contacts", {"Contacts": [{"Name": self.name()} for _ in many]}),
            ("POST", f"Contacts/{self.id_of(org.contacts)}", {"Contacts": [rename]}),
            ("PUT", "CreditNotes", {"CreditNotes": [note]}),
            ("PUT", f"CreditNotes/{credit.id}/Allocations", {"Allocations": [part]}),
        )


def photograph(org: Organisation) -> Any:
    """Return everything in the books."""
    tables = [org.contacts, org.invoices, org.payments, *org.credits.values()]
    kept = [
        {record.id: {f.name: getattr(record, f.name) for f in dataclasses.fields(record) if f.name != "text"}}
        for table in tables
        for record in table
    ]
    documents = {contact: {one.id for one in some} for contact, some in org.documents.items() if some}
    return kept, dict(org.contact_names), dict(org.contact_numbers), dict(org.sales_numbers), documents


def check(org: Organisation) -> None:
    """Assert that the books are in order."""
    documents = [*org.invoices, *(credit for table in org.credits.values() for credit in table)]
    for document in documents:
        paid = sum(p.amount for one in document.payments if (p := org.payments.rows[one]).status != "DELETED")
        rest = document.total - paid - sum(one.amount for one in document.allocations)
        if isinstance(document, Invoice) and document.status in ("VOIDED", "DELETED"):
            rest = ZERO
        assert rest == getattr(document, "amount_due", None) or rest == getattr(document, "remaining", None)
        assert rest >= 0
        assert document.status != "PAID" or rest == 0
        assert document in org.documents[document.contact_id]
    numbers = [one.number.lower() for one in org.invoices if one.type == "ACCREC"]
    assert sorted(numbers) == sorted(org.sales_numbers)
    names = [one.name.lower() for one in org.contacts if one.status == "ACTIVE"]
    assert sorted(names) == sorted(org.contact_names)
    for table in (org.contacts, org.invoices, org.payments, *org.credits.values()):
        updated = [record.updated for record in table]
        assert updated == sorted(updated)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_books_stay_in_order_and_refused_calls_leave_no_trace(seed: int) -> None:
    """Amounts add up, numbers and names stay unique, lists stay in the order of change, a 400 changes nothing."""
    sandbox = XeroSandbox("http://127.0.0.1:1", Clock())
    org = next(iter(sandbox.books.organisations.values()))
    chance = Chance(seed, org)

    async def main() -> set[int]:
        statuses = set()
        for number in range(CALLS):
            method, path, body = chance.call()
            query = {"summarizeErrors": "false"} if number % 2 else {}
            before = photograph(org)
            status, answer = await act(sandbox, method, f"/api.xro/2.0/{path}", query=query, body=body)
            statuses.add(status)
            assert status in (200, 400), answer
            assert status == 200 or photograph(org) == before
            check(org)
        return statuses

    assert asyncio.run(main()) == {200, 400}
