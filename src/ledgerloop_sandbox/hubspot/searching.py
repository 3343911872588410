"""Search records: filter groups, one sort, pages up to 200, nothing past 10,000, and an index that lags behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ledgerloop_sandbox.hubspot.kinds import COMPANY, CONTACT, DEAL, LINE_ITEM, PRODUCT, Kind
from ledgerloop_sandbox.hubspot.matching import comparable, moment, test_for
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.reading import shown, view_of
from ledgerloop_sandbox.hubspot.records import Properties, Record, Seen
from ledgerloop_sandbox.hubspot.refusals import invalid
from ledgerloop_sandbox.hubspot.values import text_of
from ledgerloop_sandbox.hubspot.wire import Json, Reply, Request, iso

LARGEST_PAGE = 200
LARGEST_BODY = 3_000

Accept = Callable[[Record, Properties, int], bool]

_TEXTS: dict[Kind, tuple[str, ...]] = {
    CONTACT: ("firstname", "lastname", "email", "hs_additional_emails", "phone", "company"),
    COMPANY: ("name", "domain", "website", "phone"),
    DEAL: ("dealname", "description"),
    LINE_ITEM: ("name", "hs_sku"),
    PRODUCT: ("name", "hs_sku"),
}


def search(portal: Portal, request: Request, type_: str) -> Reply:
    """Search one object type."""
    kind = portal.kind(type_)
    if request.size > LARGEST_BODY:
        raise invalid(f"The request body is longer than {LARGEST_BODY} characters.")
    body = request.body if isinstance(request.body, dict) else {}
    limit, after = _page(portal, body)
    accept = _accept(portal, kind, body)
    live, older = portal.shelves[kind].searchable(portal.clock.seconds())
    found = list(_matches(live.values(), older, accept))
    _sort(portal, kind, body, found)
    view = view_of(portal, kind, request, [str(name) for name in body.get("properties") or []])
    page = found[after : after + limit]
    answer: Json = {"total": len(found), "results": [shown(portal, record, view, seen) for record, seen in page]}
    if after + limit < len(found):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, answer)


def _page(portal: Portal, body: Json) -> tuple[int, int]:
    given = body.get("limit")
    limit = 10 if given is None else given
    if not isinstance(limit, int) or not 0 <= limit <= LARGEST_PAGE:
        raise invalid(f"The limit must be between 0 and {LARGEST_PAGE}.")
    after = text_of(body.get("after")) or "0"
    if not after.isdigit():
        raise invalid(f"after must be a whole number written as text, not {after}.")
    most = portal.settings.search_most
    if int(after) + limit > most:
        raise invalid(f"A search answers at most {most} results; paging cannot go past them.")
    return limit, int(after)


def _matches(records: Iterable[Record], older: dict[str, Seen], accept: Accept) -> Iterable[tuple[Record, Seen | None]]:
    if not older:
        return [(record, None) for record in records if accept(record, record.properties, record.updated)]
    found: list[tuple[Record, Seen | None]] = []
    for record in records:
        seen = older.get(record.id)
        if seen is None:
            if accept(record, record.properties, record.updated):
                found.append((record, None))
        elif seen.properties is not None and accept(record, seen.properties, seen.updated):
            found.append((record, seen))
    return found


def _accept(portal: Portal, kind: Kind, body: Json) -> Accept:
    groups = [group.get("filters") or [] for group in body.get("filterGroups") or []]
    if body.get("filters"):
        groups.append(body["filters"])
    if len(groups) > 5 or any(len(group) > 6 for group in groups) or sum(map(len, groups)) > 18:
        raise invalid("A search takes at most 5 filterGroups with 6 filters each, and 18 filters in all.")
    ways = [[_filter(portal, kind, one) for one in group] for group in groups]
    words = text_of(body.get("query")).lower().split()
    texts = _TEXTS.get(kind, ())

    def accept(record: Record, properties: Properties, updated: int) -> bool:
        if words:
            whole = " ".join(properties.get(name, "") for name in texts).lower()
            if not all(word in whole for word in words):
                return False
        return not ways or any(all(test(record, properties, updated) for test in way) for way in ways)

    if len(ways) == 1 and len(ways[0]) == 1 and not words:
        return ways[0][0]
    return accept


def _filter(portal: Portal, kind: Kind, one: dict[str, Any]) -> Accept:
    name = text_of(one.get("propertyName"))
    if name.startswith("associations."):
        return _associated(portal, kind, name.partition(".")[2], one)
    definition = portal.definition(kind, name)
    if definition is None:
        raise invalid(f"There was a problem with the request: {kind.name} have no property {name}.")
    if name == kind.modified and one.get("operator") in ("GT", "GTE"):
        return _modified_since(one)
    test = test_for(definition, one)
    if name == kind.modified:
        return lambda record, properties, updated: test(iso(updated))

    def accept(record: Record, properties: Properties, updated: int) -> bool:
        value = properties.get(name)
        return test(value if value is not None else record.derived(name))

    return accept


def _modified_since(one: dict[str, Any]) -> Accept:
    # The one filter that every poll makes: compare the numbers, without writing a text for each record.
    since = moment(text_of(one.get("value")))
    if since is None:
        raise invalid(f"{one.get('value')} is not a time in epoch milliseconds.")
    if one["operator"] == "GT":
        return lambda record, properties, updated: updated > since
    return lambda record, properties, updated: updated >= since


def _associated(portal: Portal, kind: Kind, name: str, one: dict[str, Any]) -> Accept:
    end = portal.kind(name)
    wanted = {text_of(value) for value in one.get("values") or [one.get("value")]}
    inside = one.get("operator") in ("EQ", "IN")
    if not inside and one.get("operator") not in ("NEQ", "NOT_IN"):
        raise invalid("Associations can be searched by EQ, NEQ, IN and NOT_IN.")
    return lambda record, properties, updated: inside is not wanted.isdisjoint(portal.edges.of((kind, record.id), end))


def _sort(portal: Portal, kind: Kind, body: Json, found: list[tuple[Record, Seen | None]]) -> None:
    sorts = body.get("sorts") or []
    if len(sorts) > 1:
        raise invalid("A search takes one sort.")
    if not sorts:
        found.sort(key=lambda pair: (pair[0].created, int(pair[0].id)))
        return
    one = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": str(sorts[0])}
    name = text_of(one.get("propertyName"))
    descending = one.get("direction") == "DESCENDING" or name.startswith("-")
    name = name.removeprefix("-")
    if name == kind.modified:
        found.sort(
            key=lambda pair: (pair[1].updated if pair[1] else pair[0].updated, int(pair[0].id)), reverse=descending
        )
        return
    definition = portal.definition(kind, name)
    if definition is None:
        raise invalid(f"There was a problem with the request: {kind.name} have no property {name}.")

    def key(pair: tuple[Record, Seen | None]) -> Any:
        record, seen = pair
        value = record.value(name, seen.properties if seen else None)
        return None if value is None else comparable(definition, value)

    keyed = [(key(pair), pair) for pair in found]
    present = sorted((one for one in keyed if one[0] is not None), key=lambda one: one[0], reverse=descending)
    found[:] = [pair for _, pair in present] + [pair for value, pair in keyed if value is None]
