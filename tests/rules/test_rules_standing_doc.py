"""The page on standing is true: it defines every property and every word, and its example comes out as it says."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from rules_samples import HOME, customer

from ledgerloop.records import LinkKind, Payment, Receivable, ReceivableKind
from ledgerloop.rules.customers import properties_from_standing
from ledgerloop.rules.invoices import properties_from_invoice
from ledgerloop.rules.properties import DEAL_WORDS, PROPERTIES, properties_on
from ledgerloop.rules.standing import standing_of

PAGE = (Path(__file__).parents[2] / "docs" / "standing.md").read_text(encoding="utf-8")
KINDS: dict[str, ReceivableKind] = {
    "invoice": "invoice",
    "credit note": "credit_note",
    "prepayment": "prepayment",
    "overpayment": "overpayment",
}
Row = dict[str, str]


def tables(heading: str) -> list[list[Row]]:
    """Return the tables under a heading, their rows by the names of the columns."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE):
        head, _, *rows = (
            [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")] for line in block.splitlines()
        )
        found.append([dict(zip(head, row, strict=True)) for row in rows])
    return found


def receivable(row: Row) -> Receivable:
    """Return the document that a row of the example tells of."""
    is_invoice = row["kind"] == "invoice"
    still_open = Decimal(row["open"])
    paid = re.findall(r"([\d.]+) on ([\d-]+)", row["payments"])
    return Receivable(
        organisation=HOME.id,
        id=row["document"],
        kind=KINDS[row["kind"]],
        customer="c1",
        status=row["status"],
        currency=row["currency"],
        total=Decimal(row["total"]),
        rate=Decimal(row["rate"]),
        due=still_open if is_invoice else Decimal(0),
        paid=Decimal(row["paid"] or 0),
        credited=Decimal(row["credited"] or 0),
        remaining=Decimal(0) if is_invoice else still_open,
        number=row["document"],
        issued_on=date.fromisoformat(row["dated"]),
        due_on=date.fromisoformat(row["due"]) if row["due"] else None,
        payments=tuple(Payment("p", date.fromisoformat(on), Decimal(amount)) for amount, on in paid),
    )


DOCUMENTS, CUSTOMER, DEAL = tables("A worked example")


def told(table: list[Row]) -> list[tuple[date, dict[str, str]]]:
    """Return what a table of the example says for each of its days."""
    days = [name for name in table[0] if name.startswith("on ")]
    return [(date.fromisoformat(day[3:]), {row["property"]: row[day] for row in table}) for day in days]


@pytest.mark.parametrize(
    ("heading", "kinds"), [("On contacts and companies", ("contact", "company")), ("On deals", ("deal",))]
)
def test_every_property_is_defined(heading: str, kinds: tuple[LinkKind, ...]) -> None:
    """The page has a row for each property, with its type, and for no other; contacts and companies have the same."""
    (table,) = tables(heading)

    for kind in kinds:
        wanted = {each.name: each.type + ", unique" * each.unique for each in properties_on(kind)}
        assert {row["property"]: row["type"] for row in table} == wanted
    assert all(row["definition"].endswith(".") for row in table)


def test_no_other_property_is_named() -> None:
    """A name that does not exist is not on the page."""
    assert set(re.findall(r"`(xero_\w+)`", PAGE)) == {each.name for each in PROPERTIES}


def test_every_word_is_defined() -> None:
    """The page has the words of customers and deals, in the order in which a customer's is chosen."""
    (table,) = tables("The words")

    assert tuple(row["word"] for row in table) == DEAL_WORDS


def test_the_example_is_possible() -> None:
    """An invoice's open amount is its total less what was paid and credited (Xero's own formula)."""
    for row in DOCUMENTS:
        document = receivable(row)
        if document.kind == "invoice":
            assert document.due == document.total - document.paid - document.credited
            assert document.paid == sum(payment.amount for payment in document.payments)


@pytest.mark.parametrize(("day", "shown"), told(CUSTOMER))
def test_the_example_of_a_customer(day: date, shown: dict[str, str]) -> None:
    """The customer of the example shows what the page says it shows on that day."""
    standing = standing_of([receivable(row) for row in DOCUMENTS], day, "NZD")

    properties = properties_from_standing(standing, customer(), HOME)

    assert shown == {name: properties[name] for name in shown}
    assert set(properties) - set(shown) == {"xero_contact_id", "xero_contact_url"}


@pytest.mark.parametrize(("day", "shown"), told(DEAL))
def test_the_example_of_a_deal(day: date, shown: dict[str, str]) -> None:
    """The deal of the example shows its own invoice on that day, and nothing of the customer's others."""
    (invoice,) = (document for row in DOCUMENTS if (document := receivable(row)).number == shown["xero_invoice_number"])

    properties = properties_from_invoice(invoice, HOME, day)

    assert shown == {name: properties[name] for name in shown}
