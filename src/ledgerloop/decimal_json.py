"""JSON whose numbers stay exact: Decimal in, Decimal out, never a float. Does no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def loads(text: str | bytes) -> Any:
    """Read JSON text; every number with a point or an exponent becomes a Decimal. Anything unreadable is a ValueError.

    Deep nesting and absurd exponents are ValueErrors too, so that no body from outside can raise anything else.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=_not_a_number)
    except RecursionError as error:
        raise ValueError("the JSON text is nested too deeply") from error
    except ArithmeticError as error:
        raise ValueError("the JSON text has a number beyond all measure") from error


def dumps(value: Any) -> str:
    """Write JSON text on one line. A float is a TypeError, because it would no longer be what was meant."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value)
        case int():
            return str(value)
        case Decimal():
            return _number(value)
        case datetime():
            raise TypeError("write a moment as the vendor wants it, as text")
        case date():
            return f'"{value.isoformat()}"'
        case Mapping():
            return "{" + ",".join(f"{json.dumps(str(key))}:{dumps(item)}" for key, item in value.items()) + "}"
        case Iterable():
            return "[" + ",".join(map(dumps, value)) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no exact JSON form")


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("JSON has no number that is not finite")
    # Plain digits for anything like money; an exponent where plain digits would fill the memory.
    return format(value, "f") if -30 <= value.adjusted() <= 30 else str(value)


def _not_a_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON number")
