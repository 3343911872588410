"""Answer calls for single records: create, read, update, archive, list, merge, and deletion for privacy."""

from __future__ import annotations

from ledgerloop_sandbox.hubspot import merging
from ledgerloop_sandbox.hubspot.batches import look_up, require_unique
from ledgerloop_sandbox.hubspot.kinds import Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.reading import created_view, shown, view_of, written_view
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.hubspot.refusals import invalid, not_found
from ledgerloop_sandbox.hubspot.requirements import for_removal
from ledgerloop_sandbox.hubspot.wire import Reply, Request
from ledgerloop_sandbox.hubspot.writing import (
    archive,
    commit_create,
    commit_update,
    plan_create,
    plan_update,
    properties_in,
    restore,
)


def create(portal: Portal, request: Request, type_: str) -> Reply:
    """Create one record: 201."""
    kind = portal.kind(type_)
    draft = plan_create(portal, kind, request.body, strict=request.strict)
    record = commit_create(portal, kind, draft, request.actor)
    answer = shown(portal, record, created_view(portal, kind, request))
    return Reply(201, answer | ({"warnings": draft.warnings} if draft.warnings else {}))


def read(portal: Portal, request: Request, type_: str, id_: str) -> Reply:
    """Read one record by id or unique property; consistent right after a write."""
    kind = portal.kind(type_)
    record = _find(portal, request, kind, id_)
    view = view_of(portal, kind, request, request.many("properties"), request.many("propertiesWithHistory"))
    return Reply(200, shown(portal, record, view))


def update(portal: Portal, request: Request, type_: str, id_: str) -> Reply:
    """Change one record by id or unique property: 200."""
    kind = portal.kind(type_)
    record = _find(portal, request, kind, id_)
    draft = plan_update(portal, record, properties_in(request.body), strict=request.strict, taken=set())
    commit_update(portal, record, draft, request.actor)
    answer = shown(portal, record, written_view(portal, kind, request, draft.values))
    return Reply(200, answer | ({"warnings": draft.warnings} if draft.warnings else {}))


def remove(portal: Portal, request: Request, type_: str, id_: str) -> Reply:
    """Archive one record: 204, also when it is archived already."""
    kind = portal.kind(type_)
    record = portal.shelves[kind].find(id_)
    if record is not None:
        for_removal(record)
        archive(portal, record, request.actor)
    elif id_ not in portal.shelves[kind].archived:
        raise not_found()
    return Reply(204)


def list_(portal: Portal, request: Request, type_: str) -> Reply:
    """List records by id, at most 100 a page; `paging` is left out on the last one."""
    kind = portal.kind(type_)
    limit = whole(request.one("limit"), 10, 1, 100)
    after = whole(request.one("after"), 0, 0, 10**18)
    view = view_of(portal, kind, request, request.many("properties"), request.many("propertiesWithHistory"))
    records, more = portal.shelves[kind].page(after, limit, request.flag("archived"))
    answer: dict[str, object] = {"results": [shown(portal, record, view) for record in records]}
    if more:
        last = records[-1].id
        answer["paging"] = {"next": {"after": last, "link": f"?after={last}&limit={limit}"}}
    return Reply(200, answer)


def merge(portal: Portal, request: Request, type_: str) -> Reply:
    """Merge two records: the losing id finds the survivor from now on."""
    kind = portal.kind(type_)
    body = request.body if isinstance(request.body, dict) else {}
    pair = [str(body.get(name, "")) for name in ("primaryObjectId", "objectIdToMerge")]
    primary, other = (portal.shelves[kind].find(id_) for id_ in pair)
    if primary is None or other is None:
        raise not_found()
    if primary is other:
        raise invalid("A record cannot be merged with itself.")
    survivor = merging.merge(portal, primary, other, request.actor)
    return Reply(200, shown(portal, survivor, view_of(portal, kind, request)))


def forget(portal: Portal, request: Request, type_: str) -> Reply:
    """Delete a contact for good, for privacy: 204."""
    kind = portal.kind(type_)
    body = request.body if isinstance(request.body, dict) else {}
    id_, name = str(body.get("objectId", "")), body.get("idProperty")
    shelf = portal.shelves[kind]
    record = shelf.find_by(str(name), id_) if name else shelf.find(id_) or shelf.archived.get(id_)
    if record is not None:
        merging.forget(portal, record, request.actor)
    elif not name:
        raise not_found()
    elif name == "email":
        portal.erased.add(id_.strip().lower())
    return Reply(204)


def bring_back(portal: Portal, request: Request, type_: str, id_: str) -> Reply:
    """Restore an archived record; HubSpot has this in its UI only, so only a person may."""
    kind = portal.kind(type_)
    record = portal.shelves[kind].archived.get(id_)
    if request.actor.scopes is not None or record is None:
        raise not_found()
    restore(portal, record, request.actor)
    return Reply(200, shown(portal, record, view_of(portal, kind, request)))


def whole(text: str | None, default: int, least: int, most: int) -> int:
    """Read a whole number of a query, or refuse it."""
    if text is None:
        return default
    if not text.isdigit() or not least <= int(text) <= most:
        raise invalid(f"{text} is not between {least} and {most}.")
    return int(text)


def _find(portal: Portal, request: Request, kind: Kind, id_: str) -> Record:
    name = request.one("idProperty")
    if name and name != "hs_object_id":
        require_unique(portal, kind, name)
    record = look_up(portal, kind, id_, name, archived=request.flag("archived"))
    if record is None:
        raise not_found()
    return record
