"""What a customer owes: a table of cases, then a slow and obvious oracle, then the sandbox's own balances."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, TODAY, credit, day, invoice

from ledgerloop.records import Payment, Receivable
from ledgerloop.rules.standing import WORDS, Standing, in_base, is_late, is_open, standing_of, word_of
from ledgerloop_sandbox.xero import records as sandbox
from ledgerloop_sandbox.xero.show_contacts import balances

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
    """The customer's word is the worst of its invoices', in the order OVERDUE to NONE (S68)."""
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


@CALM
@given(st.integers(0, 10**12), st.integers(1, 10**9))
def test_in_base_rounds_half_up(cents: int, millionths: int) -> None:
    """In exact arithmetic: the nearest cent, and of two equally near the higher."""
    exact = Fraction(cents, 100) / Fraction(millionths, 10**6)

    assert in_base(Decimal(cents) / 100, Decimal(millionths) / 10**6) == _decimal(_half_up(exact))


MONEY = st.integers(0, 10**7).map(lambda cents: Decimal(cents) / 100)
RATES = st.just(Decimal(1)) | st.integers(1, 5 * 10**8).map(lambda millionths: Decimal(millionths) / 10**6)
DAYS = st.integers(-5, 5).map(day)
STATUSES = st.sampled_from(["DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED", "SOMETHING_NEW"])
RECEIVABLES = st.lists(
    st.builds(
        Receivable,
        organisation=st.just("o"),
        id=st.just("r"),
        kind=st.sampled_from(["invoice", "invoice", "credit_note", "prepayment", "overpayment"]),
        customer=st.just("c"),
        status=STATUSES,
        currency=st.sampled_from(["NZD", "USD", "EUR"]),
        total=MONEY,
        rate=RATES,
        due=MONEY,
        paid=MONEY,
        credited=MONEY,
        remaining=MONEY,
        issued_on=st.none() | DAYS,
        due_on=st.none() | DAYS,
        payments=st.lists(st.builds(Payment, st.just("p"), DAYS, MONEY), max_size=3).map(tuple),
    ),
    max_size=4,
)


@CALM
@given(RECEIVABLES)
def test_standing_agrees_with_the_oracle(documents: list[Receivable]) -> None:
    """Whatever the documents are, the standing is what somebody with a pencil would write."""
    standing = standing_of(documents, TODAY, "NZD")

    assert standing == _oracle(documents, TODAY)


@CALM
@given(RECEIVABLES.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_documents_does_not_matter(both: tuple[list[Receivable], list[Receivable]]) -> None:
    """The mirror may give documents in any order."""
    given_order, other_order = both

    assert standing_of(given_order, TODAY, "NZD") == standing_of(other_order, TODAY, "NZD")


@CALM
@given(RECEIVABLES)
def test_bounds(documents: list[Receivable]) -> None:
    """What is late is part of what is owed, days count exactly when something is late, no amount is below 0."""
    standing = standing_of(documents, TODAY, "NZD")

    assert 0 <= standing.overdue <= standing.outstanding
    assert (standing.days_overdue > 0) == (standing.status == "OVERDUE")
    assert (standing.open_invoices == 0) == (not standing.by_currency)
    assert 0 <= standing.last_payment_amount <= standing.lifetime_paid
    assert standing.status in WORDS


@CALM
@given(RECEIVABLES)
def test_a_day_later_nothing_is_better(documents: list[Receivable]) -> None:
    """Time alone changes only what is late: never what is owed, and never for the better."""
    today, tomorrow = (standing_of(documents, on, "NZD") for on in (TODAY, day(1)))

    assert tomorrow.outstanding == today.outstanding
    assert tomorrow.overdue >= today.overdue
    assert WORDS.index(tomorrow.status) <= WORDS.index(today.status)


@CALM
@given(RECEIVABLES, DAYS)
def test_late_means_open(documents: list[Receivable], on: date) -> None:
    """Nothing is late that is not owed."""
    assert all(is_open(each) for each in documents if is_late(each, on))


@CALM
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["invoice", "credit_note", "prepayment", "overpayment"]),
            st.sampled_from(["DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"]),
            MONEY,
            RATES,
            st.none() | DAYS,
        ),
        max_size=6,
    )
)
def test_agrees_with_the_balances_of_the_sandbox(facts: list[tuple[str, str, Decimal, Decimal, date | None]]) -> None:
    """Xero's Balances take credit off what is outstanding; with that, the sandbox's own figures are ours."""
    ours = [
        Receivable("o", str(place), kind, "c", status, "USD", amount, rate, due=amount, remaining=amount, due_on=due_on)  # type: ignore[arg-type]
        for place, (kind, status, amount, rate, due_on) in enumerate(facts)
    ]
    theirs = [_in_sandbox(*fact) for fact in facts]
    contact = sandbox.Contact("c", "Acme", datetime(2026, 1, 1, tzinfo=UTC))
    shown = balances(SimpleNamespace(documents={"c": theirs}), contact, TODAY)  # type: ignore[arg-type]
    receivable = shown["Balances"]["AccountsReceivable"] if theirs else {"Outstanding": 0, "Overdue": 0}

    standing = standing_of(ours, TODAY, "NZD")

    assert standing.outstanding - standing.credit == receivable["Outstanding"]
    assert standing.overdue == receivable["Overdue"]


def _in_sandbox(kind: str, status: str, amount: Decimal, rate: Decimal, due_on: date | None) -> sandbox.Document:
    head = {"id": "1", "number": "", "contact_id": "c", "date": TODAY, "line_amount_types": "Exclusive"}
    head |= {"currency": "USD", "status": status, "updated": datetime(2026, 1, 1, tzinfo=UTC), "rate": rate}
    if kind == "invoice":
        return sandbox.Invoice(type="ACCREC", due_date=due_on, amount_due=amount, **head)  # type: ignore[arg-type]
    types = {
        "credit_note": "ACCRECCREDIT",
        "prepayment": "RECEIVE-PREPAYMENT",
        "overpayment": "RECEIVE-OVERPAYMENT",
    }
    return sandbox.Credit(type=types[kind], remaining=amount, **head)  # type: ignore[arg-type]


def _oracle(documents: list[Receivable], today: date) -> Standing:
    """Work the standing out in exact fractions, one plain question after the other."""
    outstanding = overdue = credit_left = lifetime = Fraction(0)
    open_invoices = 0
    open_days: list[date] = []
    late_for: list[int] = []
    words: list[str] = []
    money: dict[date, Fraction] = {}
    currencies: dict[str, Fraction] = {}
    for one in documents:
        rate = Fraction(one.rate)
        alive = one.status != "VOIDED" and one.status != "DELETED"
        if one.kind == "invoice":
            owed = one.status == "AUTHORISED" and one.due > 0
            late = owed and one.due_on is not None and today - one.due_on >= timedelta(days=1)
            if owed:
                open_invoices += 1
                outstanding += _half_up(Fraction(one.due) / rate)
                currencies[one.currency] = currencies.get(one.currency, Fraction(0)) + Fraction(one.due)
                if one.due_on is not None:
                    open_days.append(one.due_on)
            if late and one.due_on is not None:
                overdue += _half_up(Fraction(one.due) / rate)
                late_for.append((today - one.due_on).days)
            if late:
                words.append("OVERDUE")
            elif owed and one.paid + one.credited > 0:
                words.append("PARTIALLY_PAID")
            elif owed:
                words.append("AUTHORISED")
            elif one.status in ("AUTHORISED", "PAID"):
                words.append("PAID")
            elif one.status == "VOIDED":
                words.append("VOIDED")
            came = [(payment.on, payment.amount) for payment in one.payments] if alive else []
        else:
            if one.status == "AUTHORISED":
                credit_left += _half_up(Fraction(one.remaining) / rate)
            in_advance = alive and one.kind in ("prepayment", "overpayment") and one.issued_on is not None
            came = [(one.issued_on, one.total)] if in_advance and one.issued_on else []
        for on, amount in came:
            money[on] = money.get(on, Fraction(0)) + _half_up(Fraction(amount) / rate)
            lifetime += _half_up(Fraction(amount) / rate)
    last = max(money) if money else None
    return Standing(
        currency="NZD",
        outstanding=_decimal(outstanding),
        overdue=_decimal(overdue),
        credit=_decimal(credit_left),
        open_invoices=open_invoices,
        oldest_due_on=min(open_days) if open_days else None,
        days_overdue=max(late_for) if late_for else 0,
        last_payment_on=last,
        last_payment_amount=_decimal(money[last]) if last else Decimal("0.00"),
        lifetime_paid=_decimal(lifetime),
        status=next((word for word in WORDS if word in words), "NONE"),
        by_currency={currency: _decimal(amount) for currency, amount in currencies.items()},
    )


def _half_up(amount: Fraction) -> Fraction:
    return Fraction(math.floor(amount * 100 + Fraction(1, 2)), 100)


def _decimal(amount: Fraction) -> Decimal:
    return Decimal(amount.numerator) / Decimal(amount.denominator)
