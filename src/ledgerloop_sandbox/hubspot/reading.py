"""Show records as HubSpot answers them: properties, defaults, history and associations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ledgerloop_sandbox.hubspot.edges import TYPES
from ledgerloop_sandbox.hubspot.kinds import Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Past, Record, Seen
from ledgerloop_sandbox.hubspot.wire import Json, Request, iso


@dataclass(frozen=True, slots=True)
class View:
    """Which parts of records a caller asked for."""

    names: tuple[str, ...]
    history: tuple[str, ...] = ()
    ends: tuple[Kind, ...] = ()
    url: str = ""
    extra: bool = field(default=False)
    """Show whatever the record has, as the answer to a create does."""


def view_of(
    portal: Portal, kind: Kind, request: Request, names: Sequence[str] = (), history: Sequence[str] = ()
) -> View:
    """Decide what to show: the properties named, otherwise the defaults; unknown names are passed over."""
    wanted = [name for name in names if portal.definition(kind, name) is not None]
    shown = dict.fromkeys([*(wanted if names else kind.defaults), *kind.always])
    ends = tuple(portal.kind(name) for name in request.many("associations"))
    past = tuple(name for name in history if portal.definition(kind, name) is not None)
    return View(tuple(shown), past, ends, _url(portal, kind, request))


def written_view(portal: Portal, kind: Kind, request: Request, names: Iterable[str]) -> View:
    """Show what was written, with the system properties, as the answer to a write."""
    return View(tuple(dict.fromkeys([*names, *kind.always])), url=_url(portal, kind, request))


def created_view(portal: Portal, kind: Kind, request: Request) -> View:
    """Show all that a new record has."""
    return View(kind.always, url=_url(portal, kind, request), extra=True)


def shown(portal: Portal, record: Record, view: View, seen: Seen | None = None) -> Json:
    """Return one record as HubSpot writes it; `seen` is an older state that the search index still has."""
    properties = record.properties if seen is None or seen.properties is None else seen.properties
    updated = record.updated if seen is None else seen.updated
    get, derived = properties.get, record.derived
    values: dict[str, str | None] = {}
    for name in view.names:
        value = get(name)
        values[name] = value if value is not None else derived(name)
    if view.extra:
        values |= properties
    if seen is not None:
        values[record.kind.modified] = iso(updated)
    answer: Json = {
        "id": record.id,
        "properties": values,
        "createdAt": iso(record.created),
        "updatedAt": iso(updated),
        "archived": record.archived is not None,
    }
    if record.archived is not None:
        answer["archivedAt"] = iso(record.archived)
    if view.url:
        answer["url"] = view.url + record.id
    if view.history:
        answer["propertiesWithHistory"] = {name: [_past(past) for past in record.past(name)] for name in view.history}
    # Line items come under the key "line items", with a space, whatever the caller wrote.
    associations = {end.name.replace("_", " "): _associated(portal, record, end) for end in view.ends}
    if any(found["results"] for found in associations.values()):
        answer["associations"] = {name: found for name, found in associations.items() if found["results"]}
    return answer


def _past(past: Past) -> Json:
    entry: Json = {
        "value": past.value,
        "timestamp": iso(past.at),
        "sourceType": past.by.source_type,
        "sourceId": past.by.source_id,
        "sourceLabel": past.by.label,
    }
    if past.by.user_id is not None:
        entry["updatedByUserId"] = past.by.user_id
    return entry


def _associated(portal: Portal, record: Record, end: Kind) -> Json:
    others = portal.edges.of((record.kind, record.id), end)
    shelf = portal.shelves[end].live
    results = [
        {"id": id_, "type": TYPES[type_].name}
        for id_, types in others.items()
        if id_ in shelf
        for type_ in sorted(types)
    ]
    return {"results": results}


def _url(portal: Portal, kind: Kind, request: Request) -> str:
    return f"https://app.hubspot.com/contacts/{portal.portal_id}/record/{kind.type_id}/" if request.dated else ""
