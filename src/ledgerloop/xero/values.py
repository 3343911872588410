"""Read the forms that Xero's values take: two date forms, numbers, nulls. Does no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS = re.compile(r"/Date\((-?\d{1,15})([+-]\d{4})?\)/")


def moment_from(value: object) -> datetime | None:
    """Read a moment as aware UTC: ``/Date(ms+0000)/``, or ISO text with or without Z. None if it is neither."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if not isinstance(value, str):
        return None
    try:
        if match := _MILLISECONDS.fullmatch(value.strip()):
            return EPOCH + timedelta(milliseconds=int(match[1]))
        moment = datetime.fromisoformat(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def day_from(value: object) -> date | None:
    """Read a day: Xero writes it as midnight UTC and means the day in the organisation's zone, so it stays as it is.

    Where it is written with another zone than UTC, it is midnight there.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and not value.startswith("/"):
        try:
            return date.fromisoformat(value.strip()[:10])
        except ValueError:
            return None
    moment = moment_from(value)
    try:
        return (moment + _offset(value)).date() if moment else None
    except OverflowError:
        return None


def _offset(value: object) -> timedelta:
    """Return the zone that milliseconds are written with; they themselves are UTC, whatever it is."""
    match = _MILLISECONDS.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not match[2]:
        return timedelta(0)
    offset = timedelta(hours=int(match[2][1:3]), minutes=int(match[2][3:]))
    return -offset if match[2].startswith("-") else offset


def _or(nothing: Any) -> Callable[[Any], Any]:
    return lambda value: nothing if value is None or value == "" else value


def _text(value: object) -> str:
    return "" if value is None else str(value)


Text = Annotated[str, BeforeValidator(_text)]
Money = Annotated[Decimal, BeforeValidator(_or(Decimal(0)))]
Rate = Annotated[Decimal, BeforeValidator(_or(Decimal(1)))]
Flag = Annotated[bool, BeforeValidator(_or(False))]
Moment = Annotated[datetime | None, BeforeValidator(moment_from)]
Day = Annotated[date | None, BeforeValidator(day_from)]
Listed = BeforeValidator(lambda value: [] if value is None else value)
Present = BeforeValidator(lambda value: {} if value is None else value)
