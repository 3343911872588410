"""Say which lists of contacts Ledgerloop offers, and by which filters they fill. Does no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Filter = tuple[str, str, str]
"""A property in our name, an operator, and what it is compared with."""


@dataclass(frozen=True, slots=True)
class ListOfContacts:
    """A list that HubSpot keeps up to date by itself."""

    name: str
    filters: tuple[Filter, ...]
    """All of them must hold."""

    def branch(self, named: Callable[[str], str]) -> dict[str, Any]:
        """Return the filters as HubSpot takes them: OR at the root, AND inside, filters inside that."""
        inner = {
            "filterBranchType": "AND",
            "filterBranchOperator": "AND",
            "filterBranches": [],
            "filters": [_filter(named(name), operator, value) for name, operator, value in self.filters],
        }
        return {
            "filterBranchType": "OR",
            "filterBranchOperator": "OR",
            "filterBranches": [inner],
            "filters": [],
        }

    def filters_alike(self, branch: Mapping[str, Any], named: Callable[[str], str]) -> bool:
        """Tell whether a list's branch filters as this list does, whatever else HubSpot adds to it."""
        return sorted(_filters_in(branch)) == sorted(_filters_in(self.branch(named)))


LISTS = (
    ListOfContacts("Xero: overdue", (("xero_overdue_balance", "IS_GREATER_THAN", "0"),)),
    ListOfContacts("Xero: outstanding", (("xero_outstanding_balance", "IS_GREATER_THAN", "0"),)),
    ListOfContacts("Xero: paid up", (("xero_invoice_status", "IS_ANY_OF", "PAID"),)),
)


def _filter(name: str, operator: str, value: str) -> dict[str, Any]:
    operation: dict[str, Any] = {"operator": operator, "includeObjectsWithNoValueSet": False}
    if operator == "IS_ANY_OF":
        operation |= {"operationType": "ENUMERATION", "values": [value]}
    else:
        operation |= {"operationType": "NUMBER", "value": int(value)}
    return {"filterType": "PROPERTY", "property": name, "operation": operation}


def _filters_in(branch: Mapping[str, Any]) -> Iterator[Filter]:
    for inner in branch.get("filterBranches") or ():
        yield from _filters_in(inner)
    for one in branch.get("filters") or ():
        operation = one.get("operation") or {}
        given = operation.get("values") or [operation.get("value")]
        yield str(one.get("property")), str(operation.get("operator")), ",".join(sorted(_plain(each) for each in given))


def _plain(value: object) -> str:
    """Write a number as HubSpot may give it back, 0 or 0.0, in one form."""
    text = str(value)
    return text.removesuffix(".0")
