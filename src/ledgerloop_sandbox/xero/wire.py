"""Write and read Xero's wire forms: JSON with exact numbers, XML, both date forms. Pure."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from json.encoder import encode_basestring_ascii as quoted
from types import NoneType
from typing import Any
from xml.sax.saxutils import escape

Wire = dict[str, Any]

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"^/Date\((-?\d+)([+-]\d{4})?\)/$")


def dumps(value: Any) -> str:
    """Write JSON with every Decimal as the number that it is, digits and all."""
    return _WRITERS[type(value)](value)


def _number(value: Decimal) -> str:
    text = str(value)
    return format(value, "f") if "E" in text else text


def _object(value: dict[str, Any]) -> str:
    return "{" + ",".join([f'"{key}":{_WRITERS[type(item)](item)}' for key, item in value.items()]) + "}"


def _array(value: Sequence[Any]) -> str:
    return "[" + ",".join([_WRITERS[type(item)](item) for item in value]) + "]"


# A table instead of questions: a page has some 50,000 values, and this is most of the time it takes.
_WRITERS: dict[type, Callable[[Any], str]] = {
    str: quoted,
    Decimal: _number,
    dict: _object,
    list: _array,
    tuple: _array,
    int: str,
    float: json.dumps,
    bool: lambda value: "true" if value else "false",
    NoneType: lambda value: "null",
}


def loads(body: bytes) -> Any:
    """Read JSON with every fraction as the Decimal that was written."""
    return json.loads(body, parse_float=Decimal)


def as_xml(name: str, value: Any) -> str:
    """Write the XML that Xero answers when JSON was not asked for."""
    if isinstance(value, dict):
        inner = "".join(as_xml(key, item) for key, item in value.items() if item is not None)
    elif isinstance(value, (list, tuple)):
        inner = "".join(as_xml(singular(name), item) for item in value)
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(_plain_date(str(value)))
    return f"<{name}>{inner}</{name}>"


def day(value: date) -> str:
    """Write a day of the organisation's calendar as midnight in UTC."""
    return f"/Date({(value.toordinal() - _EPOCH_DAY) * 86_400_000}+0000)/"


def day_string(value: date) -> str:
    """Write the same day in the second form, as in DateString."""
    return f"{value.isoformat()}T00:00:00"


def moment(value: datetime) -> str:
    """Write a moment, as in UpdatedDateUTC."""
    return f"/Date({(value - _EPOCH) // _MILLISECOND}+0000)/"


def moment_bare(value: datetime) -> str:
    """Write a moment without its zone part, as in the envelope."""
    return f"/Date({(value - _EPOCH) // _MILLISECOND})/"


def moment_string(value: datetime) -> str:
    """Write a moment in the second form, as in UpdatedDateUTCString."""
    return value.isoformat(timespec="seconds")[:19] + "Z"


def read_day(text: Any) -> date:
    """Read a day in any form that Xero takes; anything else is a ValueError."""
    if match := _DATE.match(str(text)):
        return (_EPOCH + timedelta(milliseconds=int(match[1]))).date()
    return date.fromisoformat(str(text)[:10])


def read_moment(text: str) -> datetime:
    """Read the moment of If-Modified-Since: UTC, with or without a zone, or as HTTP writes dates."""
    text = text.strip()
    value = parsedate_to_datetime(text) if "," in text else datetime.fromisoformat(text.replace(" ", "T", 1))
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def tidied(text: Any) -> str:
    """Leave out the letters beyond U+FFFF, which Xero does not keep."""
    return "".join(letter for letter in str(text) if letter <= "\uffff")


def read_number(value: Any) -> Decimal:
    """Read a number that may come as a number or as text; anything else is a ValueError."""
    if isinstance(value, bool):
        raise ValueError("not a number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite():
        raise ValueError("not a number")
    return number


def singular(name: str) -> str:
    """Return the name of one element of a list."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith("ses"):
        return name[:-2]
    return name.removesuffix("s")


def _plain_date(text: str) -> str:
    match = _DATE.match(text)
    if match is None:
        return text
    return (_EPOCH + timedelta(milliseconds=int(match[1]))).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
