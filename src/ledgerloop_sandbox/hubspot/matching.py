"""Compare property values as HubSpot's search does: by type, ignoring case except for enumerations. No I/O."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ledgerloop_sandbox.hubspot.definitions import Definition
from ledgerloop_sandbox.hubspot.refusals import invalid
from ledgerloop_sandbox.hubspot.values import number, text_of
from ledgerloop_sandbox.hubspot.wire import epoch

Test = Callable[[str | None], bool]
OPERATORS = frozenset(
    "EQ NEQ LT LTE GT GTE BETWEEN IN NOT_IN HAS_PROPERTY NOT_HAS_PROPERTY CONTAINS_TOKEN NOT_CONTAINS_TOKEN".split()
)


def comparable(definition: Definition, text: str) -> Any:
    """Return what values of a property are compared and sorted by; nothing where the text does not fit."""
    if definition.type == "number":
        return number(text)
    if definition.type in ("date", "datetime"):
        return moment(text)
    if definition.type in ("enumeration", "bool"):
        return text
    return text.lower()


def moment(text: str) -> int | None:
    """Read a time as epoch milliseconds, given so or in ISO 8601."""
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        return epoch(text)
    except ValueError:
        return None


def test_for(definition: Definition, one: dict[str, Any]) -> Test:
    """Build the test that one search filter makes on a property's value."""
    operator = one.get("operator")
    if operator not in OPERATORS:
        raise invalid(f"{operator} is not a search operator.")
    if operator == "HAS_PROPERTY":
        return lambda value: bool(value)
    if operator == "NOT_HAS_PROPERTY":
        return lambda value: not value
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        contains = _containing(text_of(one.get("value")))
        return contains if operator == "CONTAINS_TOKEN" else lambda value: not contains(value)
    if operator in ("IN", "NOT_IN"):
        among = _among(definition, one.get("values"))
        return among if operator == "IN" else lambda value: not among(value)
    return _compared(definition, str(operator), one)


def _compared(definition: Definition, operator: str, one: dict[str, Any]) -> Test:
    low = _bound(definition, one, "value")
    if operator == "EQ":
        return lambda value: value is not None and comparable(definition, value) == low
    if operator == "NEQ":
        return lambda value: value is None or comparable(definition, value) != low
    high = _bound(definition, one, "highValue") if operator == "BETWEEN" else low
    compare: Callable[[Any], bool] = {
        "LT": lambda value: value < low,
        "LTE": lambda value: value <= low,
        "GT": lambda value: value > low,
        "GTE": lambda value: value >= low,
        "BETWEEN": lambda value: low <= value <= high,
    }[operator]

    def test(value: str | None) -> bool:
        found = None if value is None else comparable(definition, value)
        return found is not None and compare(found)

    return test


def _bound(definition: Definition, one: dict[str, Any], name: str) -> Any:
    if name not in one:
        raise invalid(f"A filter on {definition.name} needs {name}.")
    bound = comparable(definition, text_of(one[name]))
    if bound is None:
        raise invalid(f"{one[name]} does not fit the {definition.type} property {definition.name}.")
    return bound


def _among(definition: Definition, given: Any) -> Test:
    if not isinstance(given, list) or not given:
        raise invalid(f"A filter on {definition.name} needs values.")
    texts = [text_of(one) for one in given]
    if definition.type == "number":
        numbers: set[Decimal | None] = {number(text) for text in texts}
        return lambda value: value is not None and number(value) in numbers
    if definition.type in ("date", "datetime"):
        moments = {moment(text) for text in texts}
        return lambda value: value is not None and moment(value) in moments
    allowed = set(texts)
    if definition.field_type == "checkbox":
        return lambda value: value is not None and not allowed.isdisjoint(value.split(";"))
    if definition.type in ("enumeration", "bool"):
        return lambda value: value in allowed
    # The values are not lowered: on texts, IN finds nothing unless they are sent in lower case.
    return lambda value: value is not None and value.lower() in allowed


def _containing(text: str) -> Test:
    pattern = re.compile(".*".join(map(re.escape, text.lower().split("*"))))

    def test(value: str | None) -> bool:
        if not value:
            return False
        lowered = value.lower()
        words = [lowered, *re.split(r"[\s;]+", lowered), *re.split(r"\W+", lowered)]
        return any(pattern.fullmatch(word) for word in words)

    return test
