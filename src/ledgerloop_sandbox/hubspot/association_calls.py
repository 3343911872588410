"""Answer calls for associations: one by one, in batches, by default, their labels, and what stands by a record."""

from __future__ import annotations

from ledgerloop_sandbox.hubspot.batches import Batch, inputs_of
from ledgerloop_sandbox.hubspot.edges import TYPES, default_type, types_between
from ledgerloop_sandbox.hubspot.joining import join, live, part, types_from
from ledgerloop_sandbox.hubspot.kinds import Kind
from ledgerloop_sandbox.hubspot.object_calls import whole
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.hubspot.refusals import Refusal, invalid, not_found
from ledgerloop_sandbox.hubspot.wire import Json, Reply, Request

MOST_READ = 1_000
MOST_CREATED = 2_000
MOST_ARCHIVED = 100
PAGE = 500


def put_default(portal: Portal, request: Request, type_: str, id_: str, type2: str, id2: str) -> Reply:
    """Associate two records without a label; doing it again changes nothing."""
    start, end = portal.kind(type_), portal.kind(type2)
    batch = Batch(portal.now())
    batch.results = _default(portal, request, start, end, id_, id2)
    return batch.reply(portal, 200)


def put(portal: Portal, request: Request, type_: str, id_: str, type2: str, id2: str) -> Reply:
    """Associate two records with labels: 201."""
    start, end = portal.kind(type_), portal.kind(type2)
    types = types_from(start, end, request.body)
    one, other = _pair(portal, start, end, id_, id2)
    join(portal, (start, one.id), (end, other.id), types, request.actor)
    return Reply(201, _labels_between(start, end, one, other, types))


def remove(portal: Portal, request: Request, type_: str, id_: str, type2: str, id2: str) -> Reply:
    """Part two records: 204."""
    start, end = portal.kind(type_), portal.kind(type2)
    one, other = _pair(portal, start, end, id_, id2)
    part(portal, (start, one.id), (end, other.id), None, request.actor)
    return Reply(204)


def of_record(portal: Portal, request: Request, type_: str, id_: str, type2: str) -> Reply:
    """List what stands by one record; absent in 2026-09. Version 3 writes text ids and type names."""
    start, end = portal.kind(type_), portal.kind(type2)
    record = live(portal, start, id_)
    if record is None:
        raise not_found()
    if request.version == "v3":
        results = [
            {"id": other, "type": TYPES[one].name}
            for other, types in portal.edges.of((start, record.id), end).items()
            for one in sorted(types)
        ]
        return Reply(200, {"results": results})
    limit = whole(request.one("limit"), PAGE, 1, PAGE)
    return Reply(200, _ends(portal, start, record, end, whole(request.one("after"), 0, 0, 10**18), limit))


def labels(portal: Portal, request: Request, type_: str, type2: str) -> Reply:
    """List the association types of a pair."""
    types = types_between(portal.kind(type_), portal.kind(type2))
    results = [{"category": "HUBSPOT_DEFINED", "typeId": one.id, "label": one.label} for one in types]
    return Reply(200, {"results": results})


def batch_read(portal: Portal, request: Request, type_: str, type2: str) -> Reply:
    """Read what stands by up to 1,000 records: 200, or 207 with those that have nothing or are not there."""
    start, end, batch = portal.kind(type_), portal.kind(type2), Batch(portal.now())
    for one in inputs_of(request, MOST_READ):
        id_ = str(one.get("id", ""))
        after = whole(str(one.get("after") or 0), 0, 0, 10**18)
        record = live(portal, start, id_)
        found = record and _ends(portal, start, record, end, after, PAGE)
        if not found or not found["results"]:
            batch.errors.append(_no_associations(start, end, id_))
            continue
        row: Json = {"from": {"id": id_}, "to": found["results"]}
        if "paging" in found:
            row["paging"] = found["paging"]
        batch.results.append(row)
    return batch.reply(portal, 200)


def batch_create(portal: Portal, request: Request, type_: str, type2: str) -> Reply:
    """Associate up to 2,000 pairs with labels: 201 or 207."""
    start, end, batch = portal.kind(type_), portal.kind(type2), Batch(portal.now())
    for one in inputs_of(request, MOST_CREATED):
        try:
            types = types_from(start, end, one.get("types"))
            first, other = _pair(portal, start, end, *_ids(one))
            join(portal, (start, first.id), (end, other.id), types, request.actor)
            batch.results.append(_labels_between(start, end, first, other, types))
        except Refusal as refusal:
            batch.refused(refusal, None)
    return batch.reply(portal, 201)


def batch_default(portal: Portal, request: Request, type_: str, type2: str) -> Reply:
    """Associate up to 2,000 pairs without a label: 200 or 207."""
    start, end, batch = portal.kind(type_), portal.kind(type2), Batch(portal.now())
    for one in inputs_of(request, MOST_CREATED):
        try:
            batch.results += _default(portal, request, start, end, *_ids(one))
        except Refusal as refusal:
            batch.refused(refusal, None)
    return batch.reply(portal, 200)


def batch_archive(portal: Portal, request: Request, type_: str, type2: str) -> Reply:
    """Part up to 100 records from others: 204."""
    start, end = portal.kind(type_), portal.kind(type2)
    for one in inputs_of(request, MOST_ARCHIVED):
        id_ = str((one.get("from") or {}).get("id", ""))
        to = one.get("to") or []
        for other in to if isinstance(to, list) else [to]:
            part(portal, (start, id_), (end, str(other.get("id", ""))), None, request.actor)
    return Reply(204)


def batch_labels_archive(portal: Portal, request: Request, type_: str, type2: str) -> Reply:
    """Take labels away from up to 100 pairs: 204."""
    start, end = portal.kind(type_), portal.kind(type2)
    for one in inputs_of(request, MOST_ARCHIVED):
        id_, other = _ids(one)
        types = types_from(start, end, one.get("types"))
        part(portal, (start, id_), (end, other), types, request.actor)
    return Reply(204)


def _default(portal: Portal, request: Request, start: Kind, end: Kind, id_: str, id2: str) -> list[Json]:
    type_ = default_type(start, end)
    if type_ is None:
        raise invalid(f"No default association type exists between {start.name} and {end.name}.")
    one, other = _pair(portal, start, end, id_, id2)
    join(portal, (start, one.id), (end, other.id), [type_.id], request.actor)
    return [
        {
            "from": {"id": one.id},
            "to": {"id": other.id},
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": made},
        }
        for made in sorted(portal.edges.between((start, one.id), (end, other.id)))
    ]


def _pair(portal: Portal, start: Kind, end: Kind, id_: str, id2: str) -> tuple[Record, Record]:
    one, other = live(portal, start, id_), live(portal, end, id2)
    if one is None or other is None:
        raise not_found()
    return one, other


def _ids(one: Json) -> tuple[str, str]:
    return str((one.get("from") or {}).get("id", "")), str((one.get("to") or {}).get("id", ""))


def _ends(portal: Portal, start: Kind, record: Record, end: Kind, after: int, limit: int) -> Json:
    others = portal.edges.of((start, record.id), end)
    shelf = portal.shelves[end].live
    ids = sorted(int(id_) for id_ in others if id_ in shelf and int(id_) > after)
    found: Json = {
        "results": [
            {
                "toObjectId": id_,
                "associationTypes": [
                    {"category": "HUBSPOT_DEFINED", "typeId": one, "label": TYPES[one].label}
                    for one in sorted(others[str(id_)])
                ],
            }
            for id_ in ids[:limit]
        ]
    }
    if len(ids) > limit:
        found["paging"] = {"next": {"after": str(ids[limit - 1]), "link": f"?after={ids[limit - 1]}"}}
    return found


def _labels_between(start: Kind, end: Kind, one: Record, other: Record, types: list[int]) -> Json:
    return {
        "fromObjectTypeId": start.type_id,
        "fromObjectId": one.id,
        "toObjectTypeId": end.type_id,
        "toObjectId": other.id,
        "labels": [TYPES[type_].label for type_ in types if TYPES[type_].label],
    }


def _no_associations(start: Kind, end: Kind, id_: str) -> Json:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {end.type_id} is associated with {start.type_id} {id_}.",
        "context": {"fromObjectId": [id_], "fromObjectType": [start.type_id], "toObjectType": [end.type_id]},
    }
