"""Turn a property value as it is sent into the text that HubSpot keeps, or say what is wrong with it. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ledgerloop_sandbox.hubspot.definitions import Definition
from ledgerloop_sandbox.hubspot.emails import acceptable
from ledgerloop_sandbox.hubspot.refusals import Failure
from ledgerloop_sandbox.hubspot.wire import epoch, iso

LONGEST = 65_536
LONGEST_NUMBER = 30
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_DAY = 86_400_000
_LATEST = 253_402_300_799_999
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class BadValue(ValueError):
    """A value that does not fit its property."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def text_of(raw: Any) -> str:
    """Write what JSON may carry as the text that properties are."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw)


def kept(definition: Definition, raw: Any, *, strict: bool) -> str:
    """Return the value as HubSpot keeps it; an empty text clears the property."""
    text = text_of(raw)
    if definition.read_only or definition.calculated:
        raise BadValue("READ_ONLY_VALUE", f'"{definition.name}" is a read only property; its value cannot be set.')
    if text == "":
        return ""
    return _KEEP[definition.type](definition, text, strict)


def failure_of(definition: Definition, raw: Any, error: BadValue) -> Failure:
    """Describe a refused value."""
    return Failure(definition.name, error.code, error.message, text_of(raw))


def number(text: str) -> Decimal | None:
    """Read a number, or nothing."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _string(definition: Definition, text: str, strict: bool) -> str:
    if definition.name == "email":
        address = text.strip().lower()
        if not acceptable(address):
            raise BadValue("INVALID_EMAIL", f"Email address {text} is invalid")
        return address
    if len(text) > LONGEST:
        raise BadValue("PROPERTY_VALUE_TOO_LONG", f"{definition.name} is longer than {LONGEST} characters.")
    return text


def _number(definition: Definition, text: str, strict: bool) -> str:
    text = text.strip()
    if not _NUMBER.fullmatch(text) or abs(Decimal(text).adjusted()) > LONGEST_NUMBER:
        raise BadValue("INVALID_INTEGER", f"{text} was not a valid integer.")
    if definition.name == "price" and Decimal(text) < 0:
        raise BadValue("INVALID_NUMBER", f"{text} was not valid: the price cannot be negative.")
    if "e" in text.lower():
        text = f"{Decimal(text):f}"
    return text.removeprefix("+")


def _date(definition: Definition, text: str, strict: bool) -> str:
    wrong = BadValue("INVALID_DATE", f"{text} was not a valid date.")
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise wrong from None
    moment = _moment(text)
    if moment is None:
        raise wrong
    if moment % _DAY and not strict:
        raise BadValue("INVALID_DATE", f"{text} is at {iso(moment)}, not midnight UTC.")
    return datetime.fromtimestamp(moment // 1000, UTC).date().isoformat()


def _datetime(definition: Definition, text: str, strict: bool) -> str:
    moment = _moment(text)
    if moment is None:
        raise BadValue("INVALID_DATE", f"{text} was not a valid date.")
    return iso(moment)


def _moment(text: str) -> int | None:
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text) if 0 <= int(text) <= _LATEST else None
    try:
        return epoch(text)
    except ValueError:
        return None


def _enumeration(definition: Definition, text: str, strict: bool) -> str:
    allowed = definition.allowed
    several = definition.field_type == "checkbox"
    for one in text.split(";") if several else [text]:
        if one and allowed and one not in allowed:
            listed = ", ".join(sorted(allowed))
            raise BadValue("INVALID_OPTION", f"{one} was not one of the allowed options: [{listed}]")
    return text


def _bool(definition: Definition, text: str, strict: bool) -> str:
    if text.lower() not in ("true", "false"):
        raise BadValue("INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]")
    return text.lower()


_KEEP: dict[str, Callable[[Definition, str, bool], str]] = {
    "string": _string,
    "phone_number": _string,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "enumeration": _enumeration,
    "bool": _bool,
}


def normalised(definition: Definition, raw: Any, value: str) -> bool:
    """Tell whether HubSpot changed the value in a way that 2026-09 warns about.

    Another form of the same instant or number is no change; a lowered email or a day cut from a time is.
    """
    text = text_of(raw)
    if text == value or not value:
        return False
    if definition.type == "number":
        return number(text.strip()) != number(value) or text != text.strip()
    if definition.type == "date":
        moment = None if _DATE.fullmatch(text) else _moment(text)
        return moment is None or moment % _DAY != 0
    return definition.type != "datetime"
