"""Say which day a HubSpot property means, and which day Xero's payment terms come to. Does no I/O."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from ledgerloop.xero.models import Term

_DAY = 86_400_000
"""Milliseconds. What HubSpot writes as midnight UTC to the millisecond is a date, and no moment."""


def day_from_property(text: str, zone: str = "UTC") -> date | None:
    """Read the day of a date property, or the day that a datetime property means in a zone; None where it is neither.

    HubSpot writes both as text or as milliseconds.
    """
    try:
        if text.isdecimal():
            moment = datetime.fromtimestamp(int(text) / 1000, UTC)
            return (moment if not int(text) % _DAY else moment.astimezone(ZoneInfo(zone))).date()
        if len(text) == len("2026-12-31"):
            return date.fromisoformat(text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(ZoneInfo(zone)).date()
    except (ValueError, OverflowError, OSError):
        return None


def due_by_terms(term: Term, dated: date) -> date | None:
    """Return when an invoice of a day is due by terms as Xero counts them; None where they say nothing that we know.

    A day of the current month may lie before the invoice's own date.
    """
    if term.Day is None:
        return None
    match term.Type:
        case "DAYSAFTERBILLDATE":
            return dated + timedelta(days=term.Day)
        case "DAYSAFTERBILLMONTH":
            return later(dated.replace(day=1), 1) + timedelta(days=term.Day - 1)
        case "OFCURRENTMONTH" if term.Day:
            return _of_month(dated, term.Day)
        case "OFFOLLOWINGMONTH" if term.Day:
            return _of_month(later(dated.replace(day=1), 1), term.Day)
        case _:
            return None


def later(day: date, months: int) -> date:
    """Return the day so many months later, or the last of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return _of_month(date(year, month + 1, 1), day.day)


def _of_month(month: date, day: int) -> date:
    return month.replace(day=min(day, monthrange(month.year, month.month)[1]))
