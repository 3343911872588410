"""Read how a line item recurs: its cycle, its term, when it starts, and which period is the first. Does no I/O.

The price of a line item is for one cycle; the term is for how long it is billed, and is no cycle. Which field says when
billing starts is said by another one; without it billing starts when the deal is won.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from ledgerloop.rules.days import day_from_property, later
from ledgerloop.rules.standing import CENT, ZERO

OFTEN = {
    "biweekly": "every two weeks",
    "per_six_months": "every six months",
    "per_two_years": "every two years",
    "per_three_years": "every three years",
    "per_four_years": "every four years",
    "per_five_years": "every five years",
}
"""HubSpot's words for how often a line is billed, where they do not say it themselves."""
_MONTHS = {
    "monthly": 1,
    "quarterly": 3,
    "per_six_months": 6,
    "annually": 12,
    "per_two_years": 24,
    "per_three_years": 36,
    "per_four_years": 48,
    "per_five_years": 60,
}
_DAYS = {"weekly": 7, "biweekly": 14}
_WEEKS_A_YEAR = 52

_START = {
    "hs_recurring_billing_start_date": "",
    "hs_billing_start_delay_days": "days",
    "hs_billing_start_delay_months": "months",
}
_TERM = re.compile(r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")


@dataclass(frozen=True, slots=True)
class Recurring:
    """How a line recurs."""

    often: str
    """In words: monthly, every two weeks."""
    start: date
    months: int = 0
    days: int = 0
    """The cycle, in months or in days; neither where HubSpot's word is one that we do not know."""
    payments: int | None = None
    """How often it is billed within its term; None where it has none, or nobody knows."""
    renews: bool = False

    @property
    def last(self) -> date | None:
        """Return the last day of the first period."""
        if self.months:
            return later(self.start, self.months) - timedelta(days=1)
        return self.start + timedelta(days=self.days - 1) if self.days else None

    @property
    def a_year(self) -> Decimal | None:
        """Return how often it is billed in a year."""
        if self.months:
            return Decimal(12) / self.months
        return Decimal(_WEEKS_A_YEAR * 7) / self.days if self.days else None


def recurring_from_item(values: Mapping[str, str | None], today: date) -> Recurring | str | None:
    """Return how a line item recurs, a text where its start is no date or number, and None where it is billed once.

    One payment for a term that does not renew is a single charge, however it is called.
    """
    word = _text(values, "recurringbillingfrequency").lower()
    if not word:
        return None
    months, days = _MONTHS.get(word, 0), _DAYS.get(word, 0)
    payments = _count(_text(values, "hs_recurring_billing_number_of_payments")) or _payments(values, months, days)
    renews = _text(values, "hs_recurring_billing_terms").upper() == "AUTOMATICALLY_RENEW"
    if payments == 1 and not renews:
        return None
    start = _start(values, today)
    if isinstance(start, str):
        return start
    return Recurring(OFTEN.get(word, word.replace("_", " ")), start, months, days, payments, renews)


def term_told(values: Mapping[str, str | None]) -> str:
    """Say for how long a line item is billed, such as “for 12 months”; nothing where it has no term."""
    try:
        months = Decimal(_text(values, "hs_term_in_months"))
    except InvalidOperation:
        months = ZERO
    if months.is_finite() and months > 0:
        return f"for {_some(f'{months.normalize():f}', 'month')}"
    found = _TERM.fullmatch(_text(values, "hs_recurring_billing_period"))
    if found is None:
        return ""
    parts = [
        _some(number, unit)
        for number, unit in zip(found.groups(), ("year", "month", "week", "day"), strict=True)
        if number and int(number)
    ]
    return f"for {' and '.join(parts)}" if parts else ""


def period_told(one: Recurring) -> str:
    """Say which of how many periods is the first, and from when to when it is."""
    place = f"1 of {one.payments}" if one.payments else "the first period"
    return f"{place}, {_days(one)}"


def billed_told(label: str, one: Recurring, amount: Decimal, currency: str, *, left: bool = False) -> str:
    """Say on the deal what of a recurring line was billed, for which period, and what is not.

    Of an invoice that was ``left`` as it is nothing is said: the line may not have been on it, or not like this.
    """
    place = f"1 of {one.payments}" if one.payments else "the first period"
    days = _days(one) if one.last else f"the time {_days(one)}"
    if left:
        billed = (
            f"{label} is billed {one.often} by the deal as it is now: {place} is {amount:.2f} {currency} for {days}."
        )
    else:
        billed = f"{label} is billed {one.often}: its invoice has {place}, {amount:.2f} {currency} for {days}."
    if one.payments is None:
        return f"{billed} What follows, {amount:.2f} each time, is not billed by this service."
    if one.payments == 1:
        return f"{billed} What its renewal brings is not billed by this service."
    rest = f"{one.payments - 1}, {amount:.2f} each,"
    if one.renews:
        return f"{billed} The next {rest} and what its renewal brings are not billed by this service."
    return f"{billed} The next {rest} are not billed by this service."


def is_contract_value(amount: Decimal, lines: Iterable[tuple[Decimal, Recurring | None]]) -> bool:
    """Tell whether a deal's amount is what its lines come to over time, and not in their first period.

    HubSpot lets an account choose: the whole contract, a year of it, or what recurs in a year or a month.
    """
    lines = list(lines)
    once = sum((each for each, one in lines if one is None), ZERO)
    yearly = [(each, one, each * one.a_year) for each, one in lines if one is not None and one.a_year is not None]
    if len(yearly) < sum(1 for _, one in lines if one is not None):
        return False
    whole = [each * one.payments if one.payments else of_year for each, one, of_year in yearly]
    first_year = [min(all_, of_year) for all_, (_, _, of_year) in zip(whole, yearly, strict=True)]
    recurring = sum((of_year for _, _, of_year in yearly), ZERO)
    values = (once + sum(whole, ZERO), once + sum(first_year, ZERO), recurring, recurring / 12)
    return bool(yearly) and any(abs(amount - value) < CENT * len(lines) for value in values)


def _start(values: Mapping[str, str | None], today: date) -> date | str:
    """Return when billing starts; the text that says it where it cannot be read."""
    field = _text(values, "hs_billing_start_delay_type").lower()
    text = _text(values, field) if field in _START else ""
    if not text:
        return today
    try:
        if not _START[field]:
            return day_from_property(text) or text
        count = _count(text)
        if count is None:
            return today if text == "0" else text
        return later(today, count) if _START[field] == "months" else today + timedelta(days=count)
    except (ValueError, OverflowError):
        return text


def _payments(values: Mapping[str, str | None], months: int, days: int) -> int | None:
    """Count the payments of a term: as many cycles as it has."""
    found = _TERM.fullmatch(_text(values, "hs_recurring_billing_period"))
    if found is None:
        return None
    years, of_months, weeks, of_days = (int(number or 0) for number in found.groups())
    for cycle, term, other in (
        (months, years * 12 + of_months, weeks + of_days),
        (days, weeks * 7 + of_days, years + of_months),
    ):
        if cycle and term and not other and not term % cycle:
            return term // cycle
    return None


def _count(text: str) -> int | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return int(number) if number.is_finite() and 0 < number < 10_000 and number == number.to_integral_value() else None


def _days(one: Recurring) -> str:
    return f"{one.start} to {one.last}" if one.last else f"from {one.start}"


def _some(number: str, unit: str) -> str:
    return f"{number} {unit}{'' if number == '1' else 's'}"


def _text(values: Mapping[str, str | None], name: str) -> str:
    return (values.get(name) or "").strip()
