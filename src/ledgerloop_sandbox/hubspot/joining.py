"""Join and part records: default types, the primary company, one parent per line item, and the changes they tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ledgerloop_sandbox.hubspot import calculated
from ledgerloop_sandbox.hubspot.changes import Change
from ledgerloop_sandbox.hubspot.edges import PRIMARY, TYPES, Key, default_type, primary_type
from ledgerloop_sandbox.hubspot.kinds import DEAL, INVOICE, LINE_ITEM, PRODUCT, SUBSCRIPTION, Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.hubspot.refusals import invalid
from ledgerloop_sandbox.hubspot.tokens import Actor

_PARENTS = (DEAL, INVOICE, SUBSCRIPTION)


def types_from(start: Kind, end: Kind | None, given: Any) -> list[int]:
    """Read association types as a caller sends them; all must belong to the pair."""
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        raise invalid("At least one association type is required.")
    types = []
    for one in given:
        type_ = TYPES.get(int(one.get("associationTypeId", 0)))
        fits = type_ is not None and type_.start is start and (end is None or type_.end is end)
        if one.get("associationCategory") != "HUBSPOT_DEFINED" or type_ is None or not fits:
            shown = f"{one.get('associationCategory')}-{one.get('associationTypeId')}"
            raise invalid(f"No association type with key {shown} exists between {start.type_id} and the other object")
        types.append(type_.id)
    return types


def join(portal: Portal, start: Key, end: Key, types: Iterable[int], by: Actor) -> frozenset[int]:
    """Associate two records; a labelled association brings the unlabelled one, the first company is the primary."""
    wanted = set(types)
    refuse_second_parent(portal, start, end)
    default, primary = default_type(start[0], end[0]), primary_type(start[0], end[0])
    if default is not None:
        wanted.add(default.id)
    if primary is not None:
        _make_primary(portal, start, end, primary.id, wanted)
    before = portal.edges.between(start, end)
    new = portal.edges.add(start, end, wanted)
    if new:
        _tell(portal, start, end, new, by, removed=False, first=not before)
    return new


def part(portal: Portal, start: Key, end: Key, types: Iterable[int] | None, by: Actor) -> None:
    """Remove an association, or some labels of it."""
    gone = portal.edges.remove(start, end, types)
    if gone:
        _tell(portal, start, end, gone, by, removed=True, first=types is None)


def refuse_second_parent(portal: Portal, start: Key, end: Key) -> None:
    """Refuse to give a line item a second parent: it belongs to one deal, quote, invoice or subscription."""
    for line, parent in ((start, end), (end, start)):
        if line[0] is not LINE_ITEM or parent[0] not in _PARENTS:
            continue
        others = [key for key, _ in portal.edges.all_of(line) if key[0] in _PARENTS and key != parent]
        if others:
            raise invalid(f"Line item {line[1]} is already associated with {others[0][0].singular} {others[0][1]}.")


def live(portal: Portal, kind: Kind, id_: str) -> Record | None:
    """Return a record that can be associated."""
    return portal.shelves[kind].find(id_)


def _make_primary(portal: Portal, start: Key, end: Key, primary: int, wanted: set[int]) -> None:
    # The primary belongs to the side that has one company: the contact or the deal.
    many_side = start if primary in (1, 5) else end
    company = end if many_side is start else start
    seen_from_many = 1 if primary in (1, 2) else 5
    holders = [
        id_
        for id_, types in portal.edges.of(many_side, company[0]).items()
        if seen_from_many in types and id_ != company[1]
    ]
    if primary in wanted:
        for id_ in holders:
            portal.edges.remove(many_side, (company[0], id_), {seen_from_many})
    elif not holders:
        wanted.add(primary)


def _tell(
    portal: Portal, start: Key, end: Key, types: frozenset[int], by: Actor, *, removed: bool, first: bool
) -> None:
    now = portal.now()
    for one, other in ((start, end), (end, start)):
        record = live(portal, *one)
        if record is not None:
            calculated.refresh(portal, record)
        if not first or one[0] is PRODUCT:
            continue
        primary = bool({TYPES[type_].id for type_ in types} & PRIMARY)
        more = {
            "associationType": f"{one[0].singular}_TO_{other[0].singular}".upper(),
            "fromObjectId": int(one[1]),
            "toObjectId": int(other[1]),
            "associationRemoved": removed,
            "isPrimaryAssociation": primary,
        }
        portal.tell(Change("associationChange", one[0], one[1], now, by, more))
