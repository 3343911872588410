"""Associations between records: HubSpot's type ids, and which record stands by which. No rules, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ledgerloop_sandbox.hubspot.kinds import BY_NAME, Kind

# (from, to, type id, reverse type id, label from, label back); without a label it is the default of the pair,
# except the primary company, whose label is "Primary".
_LINES = """
deal contact 3 4
deal company 341 342
deal company 5 6 Primary
contact company 279 280
contact company 1 2 Primary
contact company 931 930 Billing_contact
deal line_item 19 20
note contact 202 201
note company 190 189
note deal 214 213
task contact 204 203
task company 192 191
task deal 216 215
deal invoice 176 175
contact invoice 178 177
company invoice 180 179
invoice line_item 409 410
invoice commerce_payment 541 542
commerce_payment contact 387 388
deal subscription 300 299
contact subscription 296 295
company subscription 298 297
subscription line_item 301 302
"""


@dataclass(frozen=True, slots=True)
class EdgeType:
    """One association type, seen from one side."""

    id: int
    reverse: int
    start: Kind
    end: Kind
    label: str | None
    name: str


def _types() -> Iterator[EdgeType]:
    for line in _LINES.strip().splitlines():
        one, other, there, back, *label = line.split()
        start, end = BY_NAME[one], BY_NAME[other]
        text = label[0].replace("_", " ") if label else None
        rest = "_unlabeled" if int(there) in (341, 279) else f"_{text.lower()}" if text and text != "Primary" else ""
        rest = rest.replace(" ", "_")
        yield EdgeType(int(there), int(back), start, end, text, f"{one}_to_{other}{rest}")
        yield EdgeType(int(back), int(there), end, start, text, f"{other}_to_{one}{rest}")


TYPES: dict[int, EdgeType] = {one.id: one for one in _types()}
PRIMARY = frozenset({1, 2, 5, 6})


def types_between(start: Kind, end: Kind) -> list[EdgeType]:
    """Return the types of a pair, the default one first."""
    found = [one for one in TYPES.values() if one.start is start and one.end is end]
    return sorted(found, key=lambda one: one.label is not None)


def default_type(start: Kind, end: Kind) -> EdgeType | None:
    """Return the unlabelled type of a pair."""
    return next((one for one in types_between(start, end) if one.label is None), None)


def primary_type(start: Kind, end: Kind) -> EdgeType | None:
    """Return the type that marks the primary company of a pair."""
    return next((one for one in types_between(start, end) if one.id in PRIMARY), None)


Key = tuple[Kind, str]


@dataclass(slots=True)
class Edges:
    """All associations, kept from both ends."""

    by_end: dict[Key, dict[Kind, dict[str, frozenset[int]]]] = field(default_factory=dict)

    def between(self, start: Key, end: Key) -> frozenset[int]:
        """Return the type ids of one pair, seen from `start`."""
        return self.by_end.get(start, {}).get(end[0], {}).get(end[1], frozenset())

    def of(self, start: Key, end: Kind) -> dict[str, frozenset[int]]:
        """Return what stands by a record: other id to type ids."""
        return self.by_end.get(start, {}).get(end, {})

    def add(self, start: Key, end: Key, types: Iterable[int]) -> frozenset[int]:
        """Add types from both ends; return those that are new."""
        wanted = frozenset(types)
        new = wanted - self.between(start, end)
        if new:
            self._put(start, end, self.between(start, end) | new)
            self._put(end, start, self.between(end, start) | {TYPES[one].reverse for one in new})
        return new

    def remove(self, start: Key, end: Key, types: Iterable[int] | None = None) -> frozenset[int]:
        """Remove all types of a pair, or some; return those that were there."""
        before = self.between(start, end)
        gone = before if types is None else before & frozenset(types)
        self._put(start, end, before - gone)
        self._put(end, start, self.between(end, start) - {TYPES[one].reverse for one in gone})
        return gone

    def all_of(self, start: Key) -> list[tuple[Key, frozenset[int]]]:
        """Return everything that stands by a record."""
        return [
            ((kind, id_), types) for kind, others in self.by_end.get(start, {}).items() for id_, types in others.items()
        ]

    def count(self) -> int:
        """Return how many pairs are associated."""
        return sum(len(ids) for kinds in self.by_end.values() for ids in kinds.values()) // 2

    def _put(self, start: Key, end: Key, types: frozenset[int]) -> None:
        others = self.by_end.setdefault(start, {}).setdefault(end[0], {})
        if types:
            others[end[1]] = types
        else:
            others.pop(end[1], None)
