"""What a customer owes, case by case."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from rules_samples import TODAY, credit, day, invoice

from ledgerloop.records import Receivable
from ledgerloop.rules.standing import WORDS, Standing, in_base, standing_of, word_of

NOTHING = Standing("NZD")

CASES = [
    pytest.param([], {}, id="a customer without documents owes nothing"),
    pytest.param(
        [invoice("100.00", due=10)],
        {"outstanding": "100.00", "open_invoices": 1, "oldest_due_on": day(10), "status": "AUTHORISED"},
        id="an approved invoice is owed in full",
    ),
    pytest.param(
        [invoice("100.00", paid=[(-3, "40.00")])],
        {
            "outstanding": "60.00",
            "open_invoices": 1,
            "oldest_due_on": day(10),
            "last_payment_on": day(-3),
            "last_payment_amount": "40.00",
            "lifetime_paid": "40.00",
            "status": "PARTIALLY_PAID",
        },
        id="a partial payment leaves the rest outstanding",
    ),
    pytest.param(
        [invoice("100.00", paid=[(-9, "40.00"), (-3, "60.00")])],
        {
            "last_payment_on": day(-3),
            "last_payment_amount": "60.00",
            "lifetime_paid": "100.00",
            "status": "PAID",
        },
        id="of several payments the latest is the last one, whatever their order",
    ),
    pytest.param(
        [invoice("100.00", paid=[(-3, "60.00"), (-9, "40.00")])],
        {"last_payment_on": day(-3), "last_payment_amount": "60.00", "lifetime_paid": "100.00", "status": "PAID"},
        id="payments need not come in the order of their days",
    ),
    pytest.param(
        [invoice("100.00", paid=[(-3, "25.00"), (-3, "30.00")]), invoice("70.00", paid=[(-3, "70.00"), (-8, "0.00")])],
        {
            "outstanding": "45.00",
            "open_invoices": 1,
            "oldest_due_on": day(10),
            "last_payment_on": day(-3),
            "last_payment_amount": "125.00",
            "lifetime_paid": "125.00",
            "status": "PARTIALLY_PAID",
        },
        id="payments of the same day are one amount, over all invoices",
    ),
    pytest.param(
        [invoice("100.00", paid=[(-9, "40.00")])],
        {
            "outstanding": "60.00",
            "open_invoices": 1,
            "oldest_due_on": day(10),
            "last_payment_on": day(-9),
            "last_payment_amount": "40.00",
            "lifetime_paid": "40.00",
            "status": "PARTIALLY_PAID",
        },
        id="when the later of two payments was removed the earlier is the last one again",
    ),
    pytest.param(
        [invoice("100.00"), credit("credit_note", "30.00")],
        {
            "outstanding": "100.00",
            "credit": "30.00",
            "open_invoices": 1,
            "oldest_due_on": day(10),
            "status": "AUTHORISED",
        },
        id="a credit note that is not allocated is credit and lowers nothing",
    ),
    pytest.param(
        [invoice("100.00", credited="30.00"), credit("credit_note", "50.00", remaining="20.00")],
        {
            "outstanding": "70.00",
            "credit": "20.00",
            "open_invoices": 1,
            "oldest_due_on": day(10),
            "status": "PARTIALLY_PAID",
        },
        id="an allocated part of a credit note lowers the invoice and is no payment",
    ),
    pytest.param(
        [invoice("50.00", credited="50.00"), credit("credit_note", "50.00", remaining="0.00", status="PAID")],
        {"status": "PAID"},
        id="an invoice that credit has settled is paid, though no money came",
    ),
    pytest.param(
        [credit("credit_note", "50.00", status="DRAFT"), credit("credit_note", "50.00", status="SUBMITTED")],
        {},
        id="a credit note that is not approved is no credit yet",
    ),
    pytest.param(
        [credit("credit_note", "50.00", status="VOIDED"), credit("prepayment", "50.00", status="VOIDED")],
        {},
        id="a voided credit counts for nothing",
    ),
    pytest.param(
        [credit("prepayment", "115.00", issued=-4)],
        {
            "credit": "115.00",
            "last_payment_on": day(-4),
            "last_payment_amount": "115.00",
            "lifetime_paid": "115.00",
        },
        id="a prepayment is credit, and money that came in",
    ),
    pytest.param(
        [
            invoice("100.00", credited="100.00"),
            credit("prepayment", "115.00", remaining="15.00", issued=-4),
        ],
        {
            "credit": "15.00",
            "last_payment_on": day(-4),
            "last_payment_amount": "115.00",
            "lifetime_paid": "115.00",
            "status": "PAID",
        },
        id="what a prepayment pays off later is not counted as paid a second time",
    ),
    pytest.param(
        [
            invoice("100.00", paid=[(-2, "100.00")]),
            credit("overpayment", "20.00", issued=-2),
        ],
        {
            "credit": "20.00",
            "last_payment_on": day(-2),
            "last_payment_amount": "120.00",
            "lifetime_paid": "120.00",
            "status": "PAID",
        },
        id="an overpayment is credit, and came in with the payment of its day",
    ),
    pytest.param(
        [credit("prepayment", "115.00", remaining="0.00", status="PAID", issued=None)],
        {},
        id="money whose day is not known is no last payment",
    ),
    pytest.param(
        [invoice("100.00", status="VOIDED"), invoice("70.00", status="DELETED")],
        {"status": "VOIDED"},
        id="voided and deleted invoices are owed by nobody, whatever amount they still name",
    ),
    pytest.param([invoice("70.00", status="DELETED")], {}, id="a deleted invoice has no word of its own"),
    pytest.param(
        [invoice("100.00", paid=[(-3, "40.00")], status="VOIDED")],
        {"status": "VOIDED"},
        id="a payment on a voided invoice is not counted",
    ),
    pytest.param(
        [invoice("100.00", status="DRAFT", due=-30), invoice("70.00", status="SUBMITTED", due=-30)],
        {},
        id="drafts and submitted invoices are owed by nobody and never late",
    ),
    pytest.param(
        [invoice("100.00", status="ON_HOLD", due=-30)],
        {},
        id="a status that Xero has added since counts for nothing",
    ),
    pytest.param(
        [invoice("100.00", due=0)],
        {"outstanding": "100.00", "open_invoices": 1, "oldest_due_on": TODAY, "status": "AUTHORISED"},
        id="on the due date itself an invoice is not late",
    ),
    pytest.param(
        [invoice("100.00", due=-1)],
        {
            "outstanding": "100.00",
            "overdue": "100.00",
            "open_invoices": 1,
            "oldest_due_on": day(-1),
            "days_overdue": 1,
            "status": "OVERDUE",
        },
        id="on the day after its due date an invoice is one day late",
    ),
    pytest.param(
        [invoice("0.00", status="AUTHORISED", due=-5)],
        {"status": "PAID"},
        id="an approved invoice on which nothing is due is not open, and never late",
    ),
    pytest.param(
        [invoice("100.00", due=None)],
        {"outstanding": "100.00", "open_invoices": 1, "status": "AUTHORISED"},
        id="an invoice without a due date is owed and never late",
    ),
    pytest.param(
        [
            invoice("100.00", due=-40, paid=[(-1, "100.00")]),
            invoice("80.00", due=-12, paid=[(-2, "30.00")]),
            invoice("60.00", due=-3),
            invoice("20.00", due=5),
        ],
        {
            "outstanding": "130.00",
            "overdue": "110.00",
            "open_invoices": 3,
            "oldest_due_on": day(-12),
            "days_overdue": 12,
            "last_payment_on": day(-1),
            "last_payment_amount": "100.00",
            "lifetime_paid": "130.00",
            "status": "OVERDUE",
        },
        id="only what is still open is late, and the oldest of it counts the days",
    ),
    pytest.param(
        [invoice("115.00", currency="USD", rate="0.575", due=-1), invoice("50.00")],
        {
            "outstanding": "250.00",
            "overdue": "200.00",
            "open_invoices": 2,
            "oldest_due_on": day(-1),
            "days_overdue": 1,
            "status": "OVERDUE",
            "by_currency": {"USD": Decimal("115.00"), "NZD": Decimal("50.00")},
        },
        id="a rate is foreign units for one base unit, so an amount is divided by it",
    ),
    pytest.param(
        [invoice("10.00", currency="EUR", rate="3"), invoice("10.00", currency="EUR", rate="3")],
        {
            "outstanding": "6.66",
            "open_invoices": 2,
            "oldest_due_on": day(10),
            "status": "AUTHORISED",
            "by_currency": {"EUR": Decimal("20.00")},
        },
        id="each document is rounded at its own rate, then added",
    ),
    pytest.param(
        [credit("overpayment", "57.50", currency="USD", rate="0.575")],
        {
            "credit": "100.00",
            "last_payment_on": day(-5),
            "last_payment_amount": "100.00",
            "lifetime_paid": "100.00",
        },
        id="foreign credit is in the base currency too",
    ),
]


@pytest.mark.parametrize(("documents", "told"), CASES)
def test_standing(documents: list[Receivable], told: dict[str, Any]) -> None:
    """A customer's standing follows from its documents and the day alone; what a case does not tell is nothing."""
    expected = {name: getattr(NOTHING, name) for name in NOTHING.__dataclass_fields__}
    expected |= {
        name: Decimal(value) if isinstance(value, str) and name != "status" else value for name, value in told.items()
    }
    if "by_currency" not in told and "outstanding" in told:
        expected["by_currency"] = {"NZD": Decimal(told["outstanding"])}

    standing = standing_of(documents, TODAY, "NZD")

    assert {name: getattr(standing, name) for name in expected} == expected


@pytest.mark.parametrize("word", WORDS)
def test_the_worst_word_wins(word: str) -> None:
    """The customer's word is the worst of its invoices', in the order OVERDUE to NONE."""
    of = {
        "OVERDUE": invoice(due=-1),
        "PARTIALLY_PAID": invoice(paid=[(-1, "1.00")]),
        "AUTHORISED": invoice(),
        "PAID": invoice(paid=[(-1, "100.00")]),
        "VOIDED": invoice(status="VOIDED"),
        "NONE": invoice(status="DRAFT"),
    }
    no_better = [of[each] for each in WORDS[WORDS.index(word) :]]

    assert standing_of(no_better, TODAY, "NZD").status == word
    assert standing_of(reversed(no_better), TODAY, "NZD").status == word


@pytest.mark.parametrize(
    ("document", "word"),
    [
        pytest.param(invoice(due=-1, paid=[(-5, "10.00")]), "OVERDUE", id="a late invoice is OVERDUE, also part paid"),
        pytest.param(invoice(paid=[(-5, "10.00")]), "PARTIALLY_PAID", id="money came in, but not all"),
        pytest.param(invoice(credited="10.00"), "PARTIALLY_PAID", id="credit counts as a part payment"),
        pytest.param(invoice(), "AUTHORISED", id="an approved invoice keeps Xero's word"),
        pytest.param(invoice("0.00", status="AUTHORISED"), "PAID", id="an approved invoice of nothing is paid"),
        pytest.param(invoice(paid=[(-5, "100.00")], due=-9), "PAID", id="a paid invoice is not late"),
        pytest.param(invoice(status="DRAFT", due=-9), "DRAFT", id="a draft keeps Xero's word"),
        pytest.param(invoice(status="SUBMITTED"), "SUBMITTED", id="a submitted invoice keeps Xero's word"),
        pytest.param(invoice(status="VOIDED", due=-9), "VOIDED", id="a voided invoice keeps Xero's word"),
        pytest.param(invoice(status="DELETED"), "DELETED", id="a deleted invoice keeps Xero's word"),
    ],
)
def test_word_of_one_invoice(document: Receivable, word: str) -> None:
    """An invoice has one word, Xero's own where nothing more is to be said."""
    assert word_of(document, TODAY) == word


@pytest.mark.parametrize(
    ("amount", "rate", "base"),
    [
        pytest.param("115.00", "0.575", "200.00", id="an amount is divided by the rate"),
        pytest.param("10.00", "3", "3.33", id="below half a cent is dropped"),
        pytest.param("20.00", "3", "6.67", id="above half a cent is a cent"),
        pytest.param("0.01", "2", "0.01", id="half a cent is a cent"),
        pytest.param("0.05", "2", "0.03", id="half a cent is rounded up to an odd cent too"),
        pytest.param("-0.01", "2", "-0.01", id="below zero half a cent goes away from zero"),
        pytest.param("12.345", "1", "12.35", id="at rate 1 it is rounded as well"),
        pytest.param("12.34", "0", "12.34", id="a rate of zero is no rate"),
    ],
)
def test_in_base(amount: str, rate: str, base: str) -> None:
    """An amount in the base currency is the amount by its rate, rounded half up to the cent."""
    converted = in_base(Decimal(amount), Decimal(rate))

    assert str(converted) == base
