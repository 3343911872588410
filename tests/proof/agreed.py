"""Say which name and which email both sides must show, from what people wrote where: an oracle that shares no code.

The rule is that of the first owner in docs/matching.md: the side that had a value first. What a race decides is open.
"""

from __future__ import annotations

from collections.abc import Iterable

from register import carried

from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.xero.records import Contact

NAME, EMAIL = ("companies", "name"), ("contacts", "email")
UNITS = (NAME, EMAIL)
Unit = tuple[str, str]
"""The kind of record, and its property."""


class Agreed:
    """Know what may stand in HubSpot, by customer and unit; ``both`` tells whether HubSpot's changes go to Xero."""

    def __init__(self, *, both: bool) -> None:
        self.both = both
        self._may: dict[tuple[str, Unit], set[str]] = {}
        self._from_hubspot: set[tuple[str, Unit]] = set()
        self._unknown: set[tuple[str, Unit]] = set()
        """What was the first with customers who took another's records is not known."""
        self._fresh: set[tuple[str, Unit]] = set()
        """What Xero may not have carried over yet."""

    def in_xero(self, customer: str, unit: Unit, value: str) -> None:
        """Note a value that people wrote in Xero."""
        if (customer, unit) not in self._from_hubspot | self._unknown:
            self._may[customer, unit] = {value}
            self._fresh.add((customer, unit))

    def known_in_hubspot(self, customer: str, unit: Unit, value: str) -> None:
        """Note that HubSpot had the value first."""
        self._from_hubspot.add((customer, unit))
        self._may[customer, unit] = {value}

    def in_hubspot(self, customer: str, unit: Unit, value: str) -> None:
        """Note a value that people wrote in HubSpot, or that came with a record merged there."""
        key = (customer, unit)
        if key in self._from_hubspot:
            self._may[key] = {value}
        elif key in self._may and not self.both:
            self._may[key] = {value} | (self._may[key] if key in self._fresh else set())

    def another_person(self, customer: str) -> None:
        """Note that the contact in HubSpot has become another person, half of whom is carried nowhere: all may stay."""
        self._may.pop((customer, EMAIL), None)
        self._from_hubspot.discard((customer, EMAIL))
        self._unknown.add((customer, EMAIL))

    def made_anew(self, customer: str, kind: str, one: Contact) -> None:
        """Note that the record is made anew of what Xero says, which is the first from now on."""
        for unit in UNITS:
            key = (customer, unit)
            if unit[0] == kind and (key in self._may or key in self._unknown):
                self._from_hubspot.discard(key)
                self._unknown.discard(key)
                self._may.setdefault(key, set()).add(_in_xero(one, unit))
                self._fresh.add(key)

    def forget(self, customer: str) -> None:
        """Note that nothing can be said of a customer: it was archived, or took another's records."""
        for unit in UNITS:
            self._may.pop((customer, unit), None)
            self._from_hubspot.discard((customer, unit))
            self._unknown.add((customer, unit))

    def wrong(self, mine: Iterable[Contact], portal: Portal) -> list[str]:
        """Say what stands that may not; what does stand is what must from now on."""
        found: list[str] = []
        for unit in UNITS:
            kind, name = unit
            carrying = carried(portal, kind)
            for one in mine:
                may = self._may.get((one.id, unit))
                if may is None or one.id not in carrying or one.status != "ACTIVE":
                    continue
                shows, says = carrying[one.id][0].properties.get(name, ""), _in_xero(one, unit)
                if shows not in may:
                    found.append(f"{kind} of {one.id}: {name} is {shows!r} and not {' or '.join(sorted(may))!r}")
                elif self.both and shows != says:
                    found.append(f"{kind} of {one.id}: {name} is {shows!r}, and {says!r} in Xero")
                self._may[one.id, unit] = {shows}
        self._fresh.clear()
        return found


def _in_xero(one: Contact, unit: Unit) -> str:
    return one.name if unit == NAME else one.email
