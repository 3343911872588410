"""Lists of records: static ones with members, dynamic ones by a filter branch. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ledgerloop_sandbox.hubspot.kinds import Kind
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.hubspot.values import number, text_of
from ledgerloop_sandbox.hubspot.wire import Json, iso

PROCESSING = ("DYNAMIC", "MANUAL", "SNAPSHOT")


@dataclass(slots=True)
class RecordList:
    """One list."""

    id: str
    name: str
    kind: Kind
    processing: str
    at: int
    branch: Json | None = None
    version: int = 1
    updated: int = 0
    members: dict[str, int] = field(default_factory=dict)

    def as_json(self, *, filters: bool = False, size: int = 0) -> Json:
        """Return the list as HubSpot shows it."""
        shown: Json = {
            "listId": self.id,
            "listVersion": self.version,
            "name": self.name,
            "objectTypeId": self.kind.type_id,
            "processingStatus": "COMPLETE",
            "processingType": self.processing,
            "createdById": "1",
            "createdAt": iso(self.at),
            "updatedById": "1",
            "updatedAt": iso(self.updated or self.at),
            "filtersUpdatedAt": iso(self.updated or self.at),
            "size": size,
        }
        if filters and self.branch is not None:
            shown["filterBranch"] = self.branch
        return shown


def accepts(branch: Json, record: Record) -> bool:
    """Tell whether a record belongs to a dynamic list: OR at the root, AND inside, filters inside that."""
    tests = [_passes(one, record) for one in branch.get("filters") or []]
    tests += [accepts(one, record) for one in branch.get("filterBranches") or []]
    if not tests:
        return False
    return any(tests) if branch.get("filterBranchType") == "OR" else all(tests)


def problem_of(branch: Any) -> str | None:
    """Say what is wrong with a filter branch, or nothing."""
    if not isinstance(branch, dict) or branch.get("filterBranchType") != "OR":
        return "The root filterBranch must be of type OR."
    for inner in branch.get("filterBranches") or []:
        if inner.get("filterBranchType") != "AND":
            return "A filterBranch inside the root must be of type AND."
        for one in inner.get("filters") or []:
            operation = one.get("operation") or {}
            if one.get("filterType") != "PROPERTY" or not one.get("property"):
                return "Only filters of type PROPERTY with a property are known here."
            if operation.get("operationType") not in _OPERATIONS:
                return f"Unknown operationType {operation.get('operationType')}."
            if operation["operationType"] == "NUMBER" and operation.get("operator") not in _NUMBERS:
                return f"Unknown operator {operation.get('operator')} for NUMBER."
    return None


def _passes(one: Json, record: Record) -> bool:
    operation = one.get("operation") or {}
    name = str(one.get("property"))
    value = record.value(name)
    if operation.get("operationType") == "ALL_PROPERTY":
        return (value is not None) is (operation.get("operator") != "IS_UNKNOWN")
    if not value:
        return bool(operation.get("includeObjectsWithNoValueSet"))
    return _OPERATIONS[str(operation.get("operationType"))](value, operation, record, name)


def _number(value: str, operation: Json, record: Record, name: str) -> bool:
    operator = str(operation.get("operator"))
    wanted = number(text_of(operation.get("value"))) or Decimal(0)
    if operator.startswith("HAS_"):
        ever = any(number(past.value) == wanted for past in record.past(name))
        return ever is operator.startswith("HAS_EVER")
    found = number(value)
    return found is not None and _NUMBERS[operator](found, wanted)


def _text(value: str, operation: Json, record: Record, name: str) -> bool:
    given = operation.get("values") or [operation.get("value")]
    wanted = [text_of(one).lower() for one in given]
    operator, found = str(operation.get("operator")), value.lower()
    if "CONTAIN" in operator:
        inside = any(one in found for one in wanted)
        return inside is ("NOT" not in operator)
    return (found in wanted) is ("NOT" not in operator)


def _enumeration(value: str, operation: Json, record: Record, name: str) -> bool:
    wanted = {text_of(one) for one in operation.get("values") or []}
    inside = not wanted.isdisjoint(value.split(";"))
    return inside is ("NOT" not in str(operation.get("operator")))


_NUMBERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "IS_EQUAL_TO": lambda found, wanted: found == wanted,
    "IS_NOT_EQUAL_TO": lambda found, wanted: found != wanted,
    "IS_GREATER_THAN": lambda found, wanted: found > wanted,
    "IS_GREATER_THAN_OR_EQUAL_TO": lambda found, wanted: found >= wanted,
    "IS_LESS_THAN": lambda found, wanted: found < wanted,
    "IS_LESS_THAN_OR_EQUAL_TO": lambda found, wanted: found <= wanted,
    "HAS_EVER_BEEN_EQUAL_TO": lambda found, wanted: found == wanted,
    "HAS_NEVER_BEEN_EQUAL_TO": lambda found, wanted: found != wanted,
}
_OPERATIONS: dict[str, Callable[[str, Json, Record, str], bool]] = {
    "NUMBER": _number,
    "BOOL": _text,
    "STRING": _text,
    "MULTISTRING": _text,
    "ENUMERATION": _enumeration,
    "ALL_PROPERTY": lambda value, operation, record, name: True,
}
