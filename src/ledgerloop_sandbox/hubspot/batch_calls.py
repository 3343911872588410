"""Answer batch calls for records: create, read, update, upsert and archive."""

from __future__ import annotations

from typing import Any

from ledgerloop_sandbox.hubspot.batches import (
    LARGEST,
    LARGEST_WITH_HISTORY,
    Batch,
    all_or_some,
    find,
    inputs_of,
    look_up,
    refuse_duplicates,
    require_unique,
    trace_of,
)
from ledgerloop_sandbox.hubspot.kinds import CONTACT, Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.reading import created_view, shown, view_of, written_view
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.hubspot.requirements import for_removal
from ledgerloop_sandbox.hubspot.wire import Json, Reply, Request
from ledgerloop_sandbox.hubspot.writing import (
    Draft,
    Taken,
    archive,
    commit_create,
    commit_update,
    plan_create,
    plan_update,
    properties_in,
)


def create(portal: Portal, request: Request, type_: str) -> Reply:
    """Create up to 100: 201, or 207 by the trace-id rule; results come in no particular order."""
    kind, inputs = portal.kind(type_), inputs_of(request)
    batch, view, taken = Batch(portal.now()), created_view(portal, kind, request), Taken()

    def plan(one: Json) -> Draft:
        return plan_create(portal, kind, one, strict=request.strict, taken=taken)

    def commit(one: Json, draft: Draft) -> None:
        record = commit_create(portal, kind, draft, request.actor)
        batch.results.append(_result(shown(portal, record, view), one, draft))

    all_or_some(inputs, batch, plan, commit)
    portal.dice.shuffle(batch.results)
    return batch.reply(portal, 201)


def read(portal: Portal, request: Request, type_: str) -> Reply:
    """Read up to 100 by id or unique property, 50 with history: 200, or 207 with what is missing."""
    kind = portal.kind(type_)
    body = request.body if isinstance(request.body, dict) else {}
    history = [str(name) for name in body.get("propertiesWithHistory") or []]
    inputs = inputs_of(request, LARGEST_WITH_HISTORY if history else LARGEST)
    name = body.get("idProperty")
    if name and name != "hs_object_id":
        require_unique(portal, kind, str(name))
    batch = Batch(portal.now())
    view = view_of(portal, kind, request, [str(one) for one in body.get("properties") or []], history)
    missing: list[str] = []
    for id_ in dict.fromkeys(str(one.get("id", "")) for one in inputs):
        record = look_up(portal, kind, id_, str(name) if name else None, archived=request.flag("archived"))
        if record is None:
            missing.append(id_)
        else:
            batch.results.append(shown(portal, record, view))
    if missing:
        batch.missing(kind, missing)
    return batch.reply(portal, 200)


def update(portal: Portal, request: Request, type_: str) -> Reply:
    """Change up to 100: 200 or 207; an id that was merged away is left out without a word."""
    kind, inputs = portal.kind(type_), inputs_of(request)
    _check_keys(portal, kind, inputs)
    batch, shelf, taken = Batch(portal.now()), portal.shelves[kind], Taken()
    known = [one for one in inputs if find(shelf, one) is not None]
    _report_missing(kind, batch, [one for one in inputs if find(shelf, one) is None])
    here = [one for one in known if one.get("idProperty") or str(one.get("id")) in shelf.live]

    def plan(one: Json) -> tuple[Record, Draft]:
        record = _found(portal, kind, one)
        return record, plan_update(portal, record, properties_in(one), strict=request.strict, taken=taken)

    def commit(one: Json, planned: tuple[Record, Draft]) -> None:
        record, draft = planned
        commit_update(portal, record, draft, request.actor)
        view = written_view(portal, kind, request, draft.values)
        batch.results.append(_result(shown(portal, record, view), one, draft))

    all_or_some(here, batch, plan, commit)
    return batch.reply(portal, 200)


def upsert(portal: Portal, request: Request, type_: str) -> Reply:
    """Update or create up to 100 by a unique property; each result says whether it is new."""
    kind, inputs = portal.kind(type_), inputs_of(request)
    _check_keys(portal, kind, inputs)
    batch, shelf, taken = Batch(portal.now()), portal.shelves[kind], Taken()
    _report_missing(kind, batch, [one for one in inputs if not one.get("idProperty") and find(shelf, one) is None])
    by_email = kind is CONTACT and any(one.get("idProperty") == "email" for one in inputs)
    rows = [one for one in inputs if one.get("idProperty") or find(shelf, one) is not None]

    def plan(one: Json) -> tuple[Record | None, Draft]:
        record, given = find(shelf, one), properties_in(one)
        if record is not None:
            return record, plan_update(portal, record, given, strict=request.strict, taken=taken)
        keyed = {str(one["idProperty"]): one["id"]} | given
        body = one | {"properties": keyed}
        return None, plan_create(portal, kind, body, strict=request.strict, taken=taken)

    def commit(one: Json, planned: tuple[Record | None, Draft]) -> None:
        record, draft = planned
        new = record is None
        if record is None:
            record = commit_create(portal, kind, draft, request.actor)
        else:
            commit_update(portal, record, draft, request.actor)
        view = written_view(portal, kind, request, draft.values)
        batch.results.append(_result(shown(portal, record, view), one, draft) | {"new": new})

    # By email there is no partial upsert: one bad row fails the batch, trace ids or not.
    if by_email:
        planned = [(one, plan(one)) for one in rows]
        for one, draft in planned:
            commit(one, draft)
    else:
        all_or_some(rows, batch, plan, commit)
    return batch.reply(portal, 200)


def remove(portal: Portal, request: Request, type_: str) -> Reply:
    """Archive up to 100: 204, whether they are there or not."""
    kind, inputs = portal.kind(type_), inputs_of(request)
    found = [portal.shelves[kind].find(str(one.get("id", ""))) for one in inputs]
    records = list(dict.fromkeys(record for record in found if record is not None))
    for record in records:
        for_removal(record)
    for record in records:
        archive(portal, record, request.actor)
    return Reply(204)


def _check_keys(portal: Portal, kind: Kind, inputs: list[Json]) -> None:
    refuse_duplicates(inputs)
    for name in {str(one["idProperty"]) for one in inputs if one.get("idProperty")}:
        if name != "hs_object_id":
            require_unique(portal, kind, name, writing=True)


def _report_missing(kind: Kind, batch: Batch, absent: list[Json]) -> None:
    if absent:
        traces = [trace for trace in map(trace_of, absent) if trace is not None]
        batch.missing(kind, [str(one.get("id", "")) for one in absent], traces)


def _found(portal: Portal, kind: Kind, one: Json) -> Record:
    record = find(portal.shelves[kind], one)
    if record is None:
        raise LookupError(one)
    return record


def _result(answer: Json, one: Json, draft: Draft) -> Json:
    more: dict[str, Any] = {}
    if (trace := trace_of(one)) is not None:
        more["objectWriteTraceId"] = trace
    if draft.warnings:
        more["warnings"] = draft.warnings
    return answer | more
