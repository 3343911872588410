"""Work out what a line item is billed by: tiered prices, terms and billing cycles. No I/O.

How tiers are written is assumed, in two forms: `hs_tier_ranges` has the upper ends of all tiers but the last and
`hs_tier_prices` the price of each, both with semicolons; or both are lists of objects as JSON, with `start` and `end`,
and `index` and `price`.
"""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

MONTHLY = {
    "monthly": 1,
    "quarterly": 3,
    "per_six_months": 6,
    "annually": 12,
    "per_two_years": 24,
    "per_three_years": 36,
    "per_four_years": 48,
    "per_five_years": 60,
}
WEEKLY = {"weekly": 7, "biweekly": 14}
START_DATE = "hs_recurring_billing_start_date"
_TERM = re.compile(r"P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")


@dataclass(frozen=True, slots=True)
class Term:
    """How long a line is billed: months, and days beside them."""

    months: int
    days: int


def term_of(text: str) -> Term | None:
    """Read a term such as P12M, P1Y6M or P21D; nothing where there is none, or none that can be read."""
    match = _TERM.fullmatch(text)
    if match is None:
        return None
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    return Term(12 * years + months, 7 * weeks + days)


def contradicts(frequency: str, term: Term) -> bool:
    """Tell whether a term has another form than its billing cycle: weeks go with days, months with months."""
    return bool(term.months) if frequency in WEEKLY else frequency in MONTHLY and bool(term.days)


def number_of_payments(frequency: str, term: Term | None) -> int | None:
    """Return how many cycles a term has; nothing where it goes on until it is cancelled."""
    if term is None:
        return None
    cycle, whole = (WEEKLY[frequency], term.days) if frequency in WEEKLY else (MONTHLY.get(frequency, 0), term.months)
    return -(-whole // cycle) if cycle and whole else None


def end_of(start: str, term: Term | None) -> str:
    """Return the day on which a term ends that begins on a day; nothing where one of them is not known."""
    if not start or term is None:
        return ""
    begins = date.fromisoformat(start)
    years, month = divmod(begins.month - 1 + term.months, 12)
    year, month = begins.year + years, month + 1
    ends = date(year, month, min(begins.day, monthrange(year, month)[1])) + timedelta(days=term.days)
    return ends.isoformat()


def gross(values: Mapping[str, str], quantity: Decimal, price: Decimal) -> Decimal:
    """Return what a line costs before its discount: price × quantity, or by its tiers."""
    model = values.get("hs_pricing_model", "flat")
    ends, prices = _tiers(values.get("hs_tier_ranges", ""), values.get("hs_tier_prices", ""))
    if model == "flat" or len(prices) != len(ends) + 1:
        return price * quantity
    tier = sum(quantity > end for end in ends)
    if model == "stairstep":
        return prices[tier]
    if model == "volume":
        return prices[tier] * quantity
    steps = [Decimal(0), *ends[:tier], quantity]
    return sum(((steps[n + 1] - steps[n]) * prices[n] for n in range(tier + 1)), Decimal(0))


def _tiers(ranges: str, prices: str) -> tuple[list[Decimal], list[Decimal]]:
    """Return the upper ends of all tiers but the last, and the price of each tier."""
    if not ranges.lstrip().startswith("["):
        return _numbers(ranges), _numbers(prices)
    try:
        steps, costs = json.loads(ranges, parse_float=Decimal), json.loads(prices, parse_float=Decimal)
        ends = [Decimal(one["end"]) for one in steps[:-1]]
        return ends, [Decimal(one["price"]) for one in sorted(costs, key=lambda one: int(one["index"]))]
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return [], []


def _numbers(text: str) -> list[Decimal]:
    try:
        return [Decimal(part) for part in text.split(";") if part.strip()]
    except InvalidOperation:
        return []
