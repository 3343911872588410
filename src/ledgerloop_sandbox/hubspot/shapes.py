"""Check the shape of bodies before any rule is asked: HubSpot refuses what it cannot read. No I/O.

A key means the same in all of HubSpot's bodies, so one table says what may stand under it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledgerloop_sandbox.hubspot.refusals import Refusal, invalid

_OBJECTS = frozenset(
    {"inputs", "associations", "types", "filterGroups", "filters", "filterBranches", "stages", "options"}
)
_OBJECT = frozenset({"from", "metadata", "filterBranch", "operation"})
_WHOLE = frozenset({"associationTypeId", "displayOrder", "limit", "offset", "count"})
_TEXTS = frozenset({"values", "propertiesWithHistory", "ruleArguments"})


def readable(body: Any) -> Any:
    """Return a body without its nulls, or refuse it; what stands in `properties` of a record is left as it is."""
    if isinstance(body, list):
        return [readable(one) for one in body]
    if not isinstance(body, dict):
        return body
    return {name: _under(name, value) for name, value in body.items() if value is not None}


def _under(name: str, value: Any) -> Any:
    if name == "properties":
        return _need(name, value, _scalars_or_map)
    if name == "sorts":
        return _need(name, value, lambda given: isinstance(given, list) and all(_text_or_object(one) for one in given))
    if name == "to":
        return readable(_need(name, value, lambda given: isinstance(given, dict) or _objects(given)))
    if name in _OBJECTS:
        return readable(_need(name, value, _objects))
    if name in _OBJECT:
        return readable(_need(name, value, lambda given: isinstance(given, dict)))
    if name in _WHOLE:
        return _need(name, value, _whole)
    if name in _TEXTS:
        return _need(name, value, _scalars)
    return _need(name, value, _scalar)


def _need(name: str, value: Any, fits: Callable[[Any], bool]) -> Any:
    if not fits(value):
        raise unreadable(f"cannot read the value of {name}")
    return value


def unreadable(reason: str) -> Refusal:
    """Refuse a body as HubSpot does when it cannot be read."""
    return invalid(f"Invalid input JSON on line 1, column 1: {reason}.")


def _scalar(given: Any) -> bool:
    return isinstance(given, str | int)


def _scalars(given: Any) -> bool:
    return isinstance(given, list) and all(_scalar(one) for one in given)


def _scalars_or_map(given: Any) -> bool:
    return _scalars(given) or (isinstance(given, dict) and all(one is None or _scalar(one) for one in given.values()))


def _objects(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(one, dict) for one in given)


def _text_or_object(given: Any) -> bool:
    return isinstance(given, str | dict)


def _whole(given: Any) -> bool:
    return (isinstance(given, int) and not isinstance(given, bool)) or (isinstance(given, str) and given.isdigit())
