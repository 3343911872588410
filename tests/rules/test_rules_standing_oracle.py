"""What a customer owes, held against a slow and obvious oracle and against the sandbox's own balances."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, TODAY, day

from ledgerloop.records import Payment, Receivable
from ledgerloop.rules.standing import WORDS, Standing, in_base, is_late, is_open, standing_of
from ledgerloop_sandbox.xero import records as sandbox
from ledgerloop_sandbox.xero.show_contacts import balances


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
