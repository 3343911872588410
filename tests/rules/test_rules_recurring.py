"""Lines that are billed again and again: their cycle, their term, their start, and what the deal says of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from rules_samples import HOME, PORTAL, TODAY, item, record, watched

from ledgerloop.records import Hold
from ledgerloop.rules.invoice_lines import billed_by, line_from_item
from ledgerloop.rules.invoices import LINE_PROPERTIES, Draft, invoice_from_deal
from ledgerloop.rules.recurring import Recurring, recurring_from_item
from ledgerloop.rules.routing import Terms

MONTHLY = {"recurringbillingfrequency": "monthly"}
YEAR = {**MONTHLY, "hs_recurring_billing_period": "P12M"}
IN_MARCH = {
    "hs_billing_start_delay_type": "hs_recurring_billing_start_date",
    "hs_recurring_billing_start_date": "2027-03-01",
}
FIRST = Terms(recurring="first", due_days=14)


def made(*lines: dict[str, Any], terms: Terms = FIRST, **deal: str) -> Draft | Hold:
    """Make the invoice of deal 512."""
    items = [item(str(place), **{"name": "Seats", "price": "478.80"} | one) for place, one in enumerate(lines, 1)]
    return invoice_from_deal(record("512", **deal), items, terms, HOME, PORTAL, TODAY)


@pytest.mark.parametrize(
    ("values", "payments", "first"),
    [
        pytest.param(MONTHLY, None, ("2026-11-22", "2026-12-21"), id="until it is cancelled"),
        pytest.param(YEAR, 12, ("2026-11-22", "2026-12-21"), id="a term in months"),
        pytest.param(MONTHLY | {"hs_recurring_billing_period": "P1Y6M"}, 18, None, id="a term of years and months"),
        pytest.param(
            {"recurringbillingfrequency": "annually", "hs_recurring_billing_period": "P2Y"},
            2,
            ("2026-11-22", "2027-11-21"),
            id="the term is not the cycle",
        ),
        pytest.param(
            {"recurringbillingfrequency": "annually", "hs_recurring_billing_period": "P18M"},
            None,
            None,
            id="a term that is no number of cycles",
        ),
        pytest.param(
            {"recurringbillingfrequency": "weekly", "hs_recurring_billing_period": "P21D"},
            3,
            ("2026-11-22", "2026-11-28"),
            id="weeks are told in days",
        ),
        pytest.param(
            {"recurringbillingfrequency": "biweekly", "hs_recurring_billing_period": "P4W"},
            2,
            ("2026-11-22", "2026-12-05"),
            id="every two weeks",
        ),
        pytest.param(YEAR | {"hs_recurring_billing_number_of_payments": "6"}, 6, None, id="HubSpot's own number"),
        pytest.param(YEAR | IN_MARCH, 12, ("2027-03-01", "2027-03-31"), id="a start date"),
        pytest.param(
            YEAR | {"hs_recurring_billing_start_date": "2027-03-01"},
            12,
            ("2026-11-22", "2026-12-21"),
            id="a start date that nothing names",
        ),
        pytest.param(
            YEAR | {"hs_billing_start_delay_type": "hs_billing_start_delay_days", "hs_billing_start_delay_days": "10"},
            12,
            ("2026-12-02", "2027-01-01"),
            id="a delay in days",
        ),
        pytest.param(
            MONTHLY
            | {"hs_billing_start_delay_type": "hs_billing_start_delay_months", "hs_billing_start_delay_months": "3"},
            None,
            ("2027-02-22", "2027-03-21"),
            id="a delay in months",
        ),
        pytest.param(
            YEAR | {"hs_billing_start_delay_type": "hs_billing_start_delay_days", "hs_billing_start_delay_days": "0"},
            12,
            ("2026-11-22", "2026-12-21"),
            id="no delay",
        ),
    ],
)
def test_how_a_line_recurs(values: dict[str, str], payments: int | None, first: tuple[str, str] | None) -> None:
    """Cycle, term and start are each said by a field of their own."""
    found = recurring_from_item(values, TODAY)

    assert isinstance(found, Recurring)
    assert found.payments == payments
    if first:
        assert (str(found.start), str(found.last)) == first


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"hs_recurring_billing_period": "P12M"},
        {"recurringbillingfrequency": "weekly", "hs_recurring_billing_period": "P7D"},
        {**MONTHLY, "hs_recurring_billing_number_of_payments": "1", "hs_recurring_billing_terms": "FIXED"},
    ],
)
def test_what_is_billed_once(values: dict[str, str]) -> None:
    """One payment for a term that does not renew is a single charge, however HubSpot calls it."""
    assert recurring_from_item(values, TODAY) is None
    assert isinstance(made(values, terms=Terms()), Draft)


def test_by_default_a_person_is_asked() -> None:
    """Nothing that recurs is billed once without anybody knowing."""
    held = made(YEAR, {}, terms=Terms())

    assert isinstance(held, Hold)
    assert held.sentence == (
        'Line 1 (“Seats”) is billed monthly, and an invoice is made only once. Write `recurring` = "first" in its'
        " route to have the first period invoiced and the rest told on the deal, or bill it in Xero."
    )


@pytest.mark.parametrize(
    ("line", "description", "billed"),
    [
        (
            YEAR,
            "Seats – billed monthly for 12 months – 1 of 12, 2026-11-22 to 2026-12-21",
            "Line 1 (“Seats”) is billed monthly: its invoice has 1 of 12, 478.80 NZD for 2026-11-22 to 2026-12-21."
            " The next 11, 478.80 each, are not billed by this service.",
        ),
        (
            MONTHLY,
            "Seats – billed monthly – the first period, 2026-11-22 to 2026-12-21",
            "Line 1 (“Seats”) is billed monthly: its invoice has the first period, 478.80 NZD for 2026-11-22 to"
            " 2026-12-21. What follows, 478.80 each time, is not billed by this service.",
        ),
        (
            YEAR | {"hs_recurring_billing_terms": "AUTOMATICALLY_RENEW"},
            "Seats – billed monthly for 12 months – 1 of 12, 2026-11-22 to 2026-12-21",
            "Line 1 (“Seats”) is billed monthly: its invoice has 1 of 12, 478.80 NZD for 2026-11-22 to 2026-12-21."
            " The next 11, 478.80 each, and what its renewal brings are not billed by this service.",
        ),
        (
            {
                "recurringbillingfrequency": "annually",
                "hs_recurring_billing_period": "P1Y",
                "hs_recurring_billing_terms": "AUTOMATICALLY_RENEW",
            },
            "Seats – billed annually for 1 year – 1 of 1, 2026-11-22 to 2027-11-21",
            "Line 1 (“Seats”) is billed annually: its invoice has 1 of 1, 478.80 NZD for 2026-11-22 to 2027-11-21."
            " What its renewal brings is not billed by this service.",
        ),
        (
            {"recurringbillingfrequency": "per_blue_moon", "hs_recurring_billing_period": "P1Y6M"},
            "Seats – billed per blue moon for 1 year and 6 months – the first period, from 2026-11-22",
            "Line 1 (“Seats”) is billed per blue moon: its invoice has the first period, 478.80 NZD for the time"
            " from 2026-11-22. What follows, 478.80 each time, is not billed by this service.",
        ),
    ],
)
def test_the_first_period(line: dict[str, str], description: str, billed: str) -> None:
    """With `first` the invoice has the first period, and the deal says in words and figures what is not billed."""
    draft = made(line)

    assert isinstance(draft, Draft)
    assert (draft.body["LineItems"][0]["Description"], draft.billed) == (description, billed)
    assert (draft.body["Date"], draft.body["DueDate"]) == ("2026-11-22", "2026-12-06")
    assert draft.expected == Decimal("478.80")


def test_an_invoice_is_dated_when_its_billing_starts() -> None:
    """Billing that starts in March is dated in March; what is billed at once has the invoice dated at once."""
    later_, mixed = made(YEAR | IN_MARCH), made(YEAR | IN_MARCH, {})

    assert isinstance(later_, Draft)
    assert isinstance(mixed, Draft)
    assert (later_.body["Date"], later_.body["DueDate"]) == ("2027-03-01", "2027-03-15")
    assert mixed.body["Date"] == "2026-11-22"


def test_a_start_that_is_no_day() -> None:
    """A start that cannot be read is a hold that names it."""
    held = made(YEAR | IN_MARCH | {"hs_recurring_billing_start_date": "soon"})

    assert isinstance(held, Hold)
    assert held.sentence == "Line 1 (“Seats”) has “soon” as the start of its billing, which is no day. Correct it."


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        pytest.param("5845.60", "578.80", id="the whole contract: 12 × 478.80 and 100"),
        pytest.param("5745.60", "578.80", id="what recurs in a year"),
        pytest.param("478.80", "578.80", id="what recurs in a month"),
        pytest.param("578.80", "578.80", id="the first period"),
        pytest.param("600.00", "600.00", id="anything else is another amount"),
        pytest.param("", "578.80", id="none"),
    ],
)
def test_one_period_is_told_from_the_contract_value(amount: str, said: str) -> None:
    """A deal's amount may be what its lines come to over time; then the invoice is compared with one period."""
    draft = made(YEAR, {"name": "Setup", "price": "100"}, amount=amount)

    assert isinstance(draft, Draft)
    assert draft.said == Decimal(said)


def test_one_time_lines_are_no_contract() -> None:
    """Where nothing recurs, the deal's amount is what it says."""
    draft = made({}, amount="0")

    assert isinstance(draft, Draft)
    assert draft.said == 0


def test_no_property_is_read_that_is_not_asked_for() -> None:
    """HubSpot answers with the properties that were named, so what the rule looks at must be on that list."""
    line, asked = watched()
    values = line.properties
    line_from_item(line, 1, "NZD", TODAY, Terms())
    for word in ("hs_recurring_billing_start_date", "hs_billing_start_delay_days", "hs_billing_start_delay_months"):
        recurring_from_item(
            _Saying(values, recurringbillingfrequency="monthly", hs_billing_start_delay_type=word), TODAY
        )

    assert asked <= set(LINE_PROPERTIES)
    assert "hs_billing_start_delay_months" in asked


class _Saying(dict[str, str | None]):
    """Say some values, and have the rest asked of others."""

    def __init__(self, others: Any, **values: str) -> None:
        super().__init__(values)
        self.others = others

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Ask the others for what is not said here."""
        asked: str | None = self.others.get(name, default)
        return super().get(name, asked)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        pytest.param(
            [YEAR],
            "Line 1 (“Seats”) is billed monthly by the deal as it is now: 1 of 12 is 478.80 NZD for 2026-11-22 to"
            " 2026-12-21. The next 11, 478.80 each, are not billed by this service.",
            id="nothing is said of an invoice that the line may not be on",
        ),
        pytest.param([{}, {"price": "5"}], "", id="what recurs no longer"),
        pytest.param([{**YEAR, "price": "x"}], "", id="what nobody knows the price of"),
    ],
)
@pytest.mark.parametrize("recurring", ["first", "hold"])
def test_what_is_billed_by_a_deal_whose_invoice_was_left(
    lines: list[dict[str, str]], told: str, recurring: str
) -> None:
    """It is what the deal says now, whatever its route makes of lines that recur by then."""
    items = [item(str(place), **{"name": "Seats", "price": "478.80"} | one) for place, one in enumerate(lines, 1)]

    assert billed_by(items, "NZD", TODAY, Terms(recurring=recurring)) == told
