"""Which day a property means, and which day payment terms come to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from rules_samples import HOME, PORTAL, TODAY, item, record

from ledgerloop.records import Hold
from ledgerloop.rules.days import day_from_property, due_by_terms, later
from ledgerloop.rules.invoices import Draft, invoice_from_deal
from ledgerloop.rules.routing import Terms
from ledgerloop.xero.models import Term

AUCKLAND = "Pacific/Auckland"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("2026-12-31", "2026-12-31", id="a date"),
        pytest.param("1798675200000", "2026-12-31", id="a date in milliseconds"),
        pytest.param("2026-12-30T22:30:00Z", "2026-12-31", id="a moment that is the next day there"),
        pytest.param("2026-12-30T22:30:00.000Z", "2026-12-31", id="with milliseconds"),
        pytest.param("2026-12-30T22:30:00", "2026-12-31", id="without a zone, which is UTC"),
        pytest.param("1798669800000", "2026-12-31", id="a moment in milliseconds"),
        pytest.param("2026-12-30T00:00:00Z", "2026-12-30", id="a moment that is the same day there"),
        pytest.param("soon", None, id="no day"),
        pytest.param("", None, id="nothing"),
        pytest.param("9" * 30, None, id="too late a day"),
    ],
)
def test_day_from_property(text: str, day: str | None) -> None:
    """A date is that day; a moment is the day that it is where the organisation keeps its books."""
    assert day_from_property(text, AUCKLAND) == (date.fromisoformat(day) if day else None)


def test_due_date_of_a_moment() -> None:
    """A deal that closes at 22:30 UTC is due on the day that it is in Auckland, and not the day before."""
    deal = record("512", closedate="2026-12-30T22:30:00Z")
    draft = invoice_from_deal(deal, [item()], Terms(due_date_property="closedate"), HOME, PORTAL, TODAY)

    assert isinstance(draft, Draft)
    assert (draft.body["DueDate"], draft.due_told) == ("2026-12-31", True)
    plain = invoice_from_deal(deal, [item()], replace(Terms(), due_days=1), HOME, PORTAL, TODAY)
    assert isinstance(plain, Draft)
    assert (plain.body["DueDate"], plain.due_told) == ("2026-11-23", False)


MARCH = {
    "recurringbillingfrequency": "monthly",
    "hs_recurring_billing_period": "P12M",
    "hs_billing_start_delay_type": "hs_recurring_billing_start_date",
    "hs_recurring_billing_start_date": "2027-03-01",
}


@pytest.mark.parametrize(
    ("closed", "line", "due"),
    [
        pytest.param("2026-11-22", {}, "2026-11-22", id="made on the day on which it was won"),
        pytest.param("2026-11-20T03:00:00Z", {}, "2026-11-22", id="noticed two days late"),
        pytest.param("2026-11-22", MARCH, "2027-03-01", id="billing begins later"),
        pytest.param("2026-12-31", {}, "2026-12-31", id="a later day that a person wrote"),
        pytest.param("", {}, "2026-12-06", id="none, so the days count"),
    ],
)
def test_due_when_the_deal_closes_is_due_at_once(closed: str, line: dict[str, str], due: str) -> None:
    """The close date is the day on which a deal was won, so it lies before an invoice that is made late."""
    terms = Terms(due_date_property="closedate", due_days=14, recurring="first")
    draft = invoice_from_deal(record("512", closedate=closed), [item(**line)], terms, HOME, PORTAL, TODAY)

    assert isinstance(draft, Draft)
    assert draft.body["DueDate"] == due
    assert draft.due_told == bool(closed)


@pytest.mark.parametrize(
    ("line", "due", "reason"),
    [
        pytest.param({}, "2026-11-22", "", id="on its own date"),
        pytest.param(
            {},
            "2026-11-21",
            "The invoice would be dated 2026-11-22, the day on which it is made, and due on 2026-11-21 by the deal's"
            " `due`, before its own date. Correct the deal's `due`.",
            id="before the day on which it is made",
        ),
        pytest.param(MARCH, "2027-03-01", "", id="on the day on which billing begins"),
        pytest.param(
            MARCH,
            "2026-12-01",
            "The invoice would be dated 2027-03-01, when the billing of its lines begins, and due on 2026-12-01 by the"
            " deal's `due`, before its own date. Correct the deal's `due`.",
            id="before billing begins",
        ),
    ],
)
def test_no_invoice_is_due_before_its_own_date(line: dict[str, str], due: str, reason: str) -> None:
    """Xero takes it, and it would be overdue from the start; so a person is told both days and where they are from."""
    terms = Terms(due_date_property="due", recurring="first")
    verdict = invoice_from_deal(record("512", due=due), [item(**line)], terms, HOME, PORTAL, TODAY)

    if reason:
        assert verdict == Hold((reason,))
    else:
        assert isinstance(verdict, Draft)
        assert verdict.body["DueDate"] == due


@pytest.mark.parametrize(
    ("type_", "day", "dated", "due"),
    [
        pytest.param("DAYSAFTERBILLDATE", 14, "2026-11-22", "2026-12-06", id="days after the invoice"),
        pytest.param("DAYSAFTERBILLDATE", 0, "2026-11-22", "2026-11-22", id="the same day"),
        pytest.param("DAYSAFTERBILLMONTH", 6, "2026-07-15", "2026-08-06", id="days after the end of its month"),
        pytest.param("DAYSAFTERBILLMONTH", 0, "2026-07-15", "2026-07-31", id="the end of its month"),
        pytest.param("DAYSAFTERBILLMONTH", 0, "2026-12-15", "2026-12-31", id="the end of the year"),
        pytest.param("OFCURRENTMONTH", 31, "2026-11-20", "2026-11-30", id="the last of its month"),
        pytest.param("OFCURRENTMONTH", 5, "2026-11-20", "2026-11-05", id="a day that is past"),
        pytest.param("OFFOLLOWINGMONTH", 20, "2026-11-22", "2026-12-20", id="a day of the following month"),
        pytest.param("OFFOLLOWINGMONTH", 31, "2027-01-31", "2027-02-28", id="the last of the following month"),
        pytest.param("OFFOLLOWINGMONTH", 0, "2026-11-22", None, id="no day"),
        pytest.param("OFFOLLOWINGMONTH", None, "2026-11-22", None, id="left blank"),
        pytest.param("SOMETHINGNEW", 5, "2026-11-22", None, id="a kind that we do not know"),
        pytest.param("", 5, "2026-11-22", None, id="no kind"),
    ],
)
def test_due_by_terms(type_: str, day: int | None, dated: str, due: str | None) -> None:
    """Xero's four kinds of terms, as its help pages count them."""
    found = due_by_terms(Term(Day=day, Type=type_), date.fromisoformat(dated))

    assert found == (date.fromisoformat(due) if due else None)


def test_a_month_later() -> None:
    """A day that a month does not have is its last."""
    assert (later(date(2027, 1, 31), 1), later(date(2027, 11, 30), 3)) == (date(2027, 2, 28), date(2028, 2, 29))
