"""Answer calls for lists: make, find, change filters, and memberships of static ones."""

from __future__ import annotations

from typing import Any

from ledgerloop_sandbox.hubspot.lists import PROCESSING, RecordList, accepts, problem_of
from ledgerloop_sandbox.hubspot.object_calls import whole
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.refusals import invalid, not_found, object_in
from ledgerloop_sandbox.hubspot.wire import Json, Reply, Request, iso


def create(portal: Portal, request: Request) -> Reply:
    """Make a list: 200; names are unique in the account."""
    body = object_in(request.body)
    name, processing = str(body.get("name") or ""), str(body.get("processingType") or "")
    if not name or processing not in PROCESSING:
        raise invalid(f"A list needs a name and a processingType of {', '.join(PROCESSING)}.")
    if any(one.name.lower() == name.lower() for one in portal.lists.values()):
        raise invalid(f"A list named '{name}' already exists.", subCategory="ILS.DUPLICATE_LIST_NAMES")
    kind, branch = portal.kind(str(body.get("objectTypeId", ""))), body.get("filterBranch")
    if processing == "DYNAMIC" or branch is not None:
        _check(branch)
    made = RecordList(str(max(map(int, portal.lists), default=0) + 1), name, kind, processing, portal.now(), branch)
    if processing == "SNAPSHOT" and branch is not None:
        made.members = dict.fromkeys(_members(portal, made, by_filter=True), portal.now())
    portal.lists[made.id] = made
    return Reply(200, {"list": _shown(portal, made, filters=True)})


def read(portal: Portal, request: Request, id_: str) -> Reply:
    """Read one list."""
    return Reply(200, {"list": _shown(portal, _find(portal, id_), filters=request.flag("includeFilters"))})


def read_by_name(portal: Portal, request: Request, type_: str, name: str) -> Reply:
    """Read one list by object type and name."""
    kind = portal.kind(type_)
    for one in portal.lists.values():
        if one.kind is kind and one.name.lower() == name.lower():
            return Reply(200, {"list": _shown(portal, one, filters=request.flag("includeFilters"))})
    raise not_found()


def read_many(portal: Portal, request: Request) -> Reply:
    """Read several lists by id."""
    ids = request.many("listIds")
    found = [portal.lists[id_] for id_ in ids if id_ in portal.lists]
    filters = request.flag("includeFilters")
    return Reply(200, {"lists": [_shown(portal, one, filters=filters) for one in found]})


def search(portal: Portal, request: Request) -> Reply:
    """Find lists by a part of their name."""
    body = object_in(request.body)
    words = str(body.get("query") or "").lower()
    offset, count = int(body.get("offset") or 0), int(body.get("count") or 20)
    found = [one for one in portal.lists.values() if words in one.name.lower()]
    page = [_shown(portal, one) for one in found[offset : offset + count]]
    more = offset + count < len(found)
    return Reply(200, {"lists": page, "total": len(found), "offset": offset + len(page), "hasMore": more})


def remove(portal: Portal, request: Request, id_: str) -> Reply:
    """Delete a list: 204."""
    del portal.lists[_find(portal, id_).id]
    return Reply(204)


def rename(portal: Portal, request: Request, id_: str) -> Reply:
    """Rename a list."""
    one = _find(portal, id_)
    one.name = request.one("listName") or one.name
    return Reply(200, {"updatedList": _shown(portal, one)})


def update_filters(portal: Portal, request: Request, id_: str) -> Reply:
    """Replace the filters of a dynamic list."""
    one, branch = _find(portal, id_), object_in(request.body).get("filterBranch")
    if one.processing != "DYNAMIC":
        raise invalid("Only DYNAMIC lists have filters that can be changed.")
    _check(branch)
    one.branch, one.version, one.updated = branch, one.version + 1, portal.now()
    return Reply(200, {"updatedList": _shown(portal, one, filters=True)})


def members(portal: Portal, request: Request, id_: str) -> Reply:
    """List the records of a list."""
    one = _find(portal, id_)
    limit, after = whole(request.one("limit"), 100, 1, 250), whole(request.one("after"), 0, 0, 10**9)
    ids = _members(portal, one)
    page = [
        {"recordId": id_, "membershipTimestamp": iso(one.members.get(id_, one.at))}
        for id_ in ids[after : after + limit]
    ]
    answer: Json = {"results": page, "total": len(ids)}
    if after + limit < len(ids):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, answer)


def add_members(portal: Portal, request: Request, id_: str) -> Reply:
    """Add records to a static list."""
    one, ids = _static(portal, id_), _ids(request.body)
    shelf = portal.shelves[one.kind]
    there = [id_ for id_ in ids if id_ in shelf.live]
    added = [id_ for id_ in there if id_ not in one.members]
    one.members |= dict.fromkeys(added, portal.now())
    missing = [id_ for id_ in ids if id_ not in shelf.live]
    return Reply(200, {"recordsIdsAdded": added, "recordIdsMissing": missing, "recordIdsRemoved": []})


def remove_members(portal: Portal, request: Request, id_: str) -> Reply:
    """Remove records from a static list."""
    one, ids = _static(portal, id_), _ids(request.body)
    removed = [id_ for id_ in ids if one.members.pop(id_, None) is not None]
    return Reply(200, {"recordsIdsAdded": [], "recordIdsMissing": [], "recordIdsRemoved": removed})


def _members(portal: Portal, one: RecordList, *, by_filter: bool = False) -> list[str]:
    live = portal.shelves[one.kind].live
    if (one.processing == "DYNAMIC" or by_filter) and one.branch is not None:
        return [record.id for record in live.values() if accepts(one.branch, record)]
    return [id_ for id_ in one.members if id_ in live]


def _shown(portal: Portal, one: RecordList, *, filters: bool = False) -> Json:
    return one.as_json(filters=filters, size=len(_members(portal, one)))


def _find(portal: Portal, id_: str) -> RecordList:
    one = portal.lists.get(id_)
    if one is None:
        raise not_found()
    return one


def _static(portal: Portal, id_: str) -> RecordList:
    one = _find(portal, id_)
    if one.processing == "DYNAMIC":
        raise invalid("Memberships can be written for MANUAL and SNAPSHOT lists only.")
    return one


def _check(branch: Any) -> None:
    problem = problem_of(branch)
    if problem is not None:
        raise invalid(problem)


def _ids(body: Any) -> list[str]:
    if not isinstance(body, list):
        raise invalid("Invalid input JSON: a list of record ids is needed.")
    return [str(one) for one in body]
