"""HubSpot's batch rules: at most 100, all or nothing without trace ids, 207 with them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledgerloop_sandbox.hubspot.kinds import Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Record, Shelf
from ledgerloop_sandbox.hubspot.refusals import Refusal, duplicate_ids, invalid, not_unique
from ledgerloop_sandbox.hubspot.wire import Json, Reply, Request, iso

LARGEST = 100
LARGEST_WITH_HISTORY = 50


@dataclass(slots=True)
class Batch:
    """The answer of a batch while it is being put together."""

    started: int
    results: list[Json] = field(default_factory=list)
    errors: list[Json] = field(default_factory=list)

    def refused(self, refusal: Refusal, trace: str | None) -> None:
        """Add a row that was refused, by the trace id it came with."""
        body = refusal.body
        error: Json = {
            "status": "error",
            "category": body.get("category", "VALIDATION_ERROR"),
            "message": body["message"],
            "context": dict(body.get("context") or {}),
        }
        if "errors" in body:
            error["errors"] = body["errors"]
        if trace is not None:
            error["context"]["objectWriteTraceId"] = [trace]
        self.errors.append(error)

    def missing(self, kind: Kind, ids: list[str], traces: Sequence[str] = ()) -> None:
        """Add the ids that could not be found."""
        context = {"ids": ids}
        if traces:
            context["objectWriteTraceId"] = list(traces)
        message = (
            f"Could not get some {kind.singular.upper()} objects, they may be deleted or not exist. "
            "Check that ids are valid."
        )
        self.errors.append({"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": context})

    def reply(self, portal: Portal, status: int) -> Reply:
        """Answer with the given status, or 207 when some rows failed."""
        body: Json = {"status": "COMPLETE", "results": self.results}
        if self.errors:
            body |= {"numErrors": len(self.errors), "errors": self.errors}
        body |= {"startedAt": iso(self.started), "completedAt": iso(portal.now())}
        return Reply(207 if self.errors else status, body)


def inputs_of(request: Request, largest: int = LARGEST) -> list[Json]:
    """Return a batch's inputs, or refuse their number."""
    inputs = request.body.get("inputs") if isinstance(request.body, dict) else None
    if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs) or not inputs:
        raise invalid("Invalid input JSON: inputs must be a list with at least one object.")
    if len(inputs) > largest:
        message = f"The maximum number of inputs supported in a batch request for this endpoint is {largest}"
        raise invalid(message, context={"inputs": [str(len(inputs))]})
    return inputs


def traced(inputs: list[Json]) -> bool:
    """Tell whether every input has a trace id of its own: only then is there partial success."""
    traces = [one.get("objectWriteTraceId") for one in inputs]
    return all(traces) and len(set(traces)) == len(traces)


def trace_of(one: Json) -> str | None:
    """Return an input's trace id."""
    trace = one.get("objectWriteTraceId")
    return None if trace is None else str(trace)


def refuse_duplicates(inputs: list[Json]) -> None:
    """Refuse a batch that lacks an id or names one twice, trace ids or not."""
    if any(not str(one.get("id", "")) for one in inputs):
        raise invalid("Every input needs an id.")
    seen: set[tuple[str, str]] = set()
    twice: list[str] = []
    for one in inputs:
        key = (str(one.get("idProperty") or ""), str(one.get("id", "")).lower())
        if key in seen:
            twice.append(str(one.get("id", "")))
        seen.add(key)
    if twice:
        raise duplicate_ids(list(dict.fromkeys(twice)))


def require_unique(portal: Portal, kind: Kind, name: str, *, writing: bool = False) -> None:
    """Refuse a key property that is not unique; some portals refuse every one for contacts."""
    definition = portal.definition(kind, name)
    if writing and portal.settings.upsert_refused and kind.type_id == "0-1":
        raise not_unique(kind.type_id, name)
    if definition is None or not definition.unique:
        raise not_unique(kind.type_id, name)


def look_up(portal: Portal, kind: Kind, id_: str, name: str | None, *, archived: bool) -> Record | None:
    """Find the record that a read asks for: by id or unique property, among the living or the archived ones."""
    shelf = portal.shelves[kind]
    by_value = None if name == "hs_object_id" else name
    if not archived:
        return shelf.find_by(by_value, id_) if by_value else shelf.find(id_)
    if not by_value:
        return shelf.archived.get(id_)
    return shelf.find_archived(by_value, id_) if portal.settings.archived_by_property else None


def find(shelf: Shelf, one: Json) -> Record | None:
    """Find the record that an input names by id or by a unique property."""
    id_, name = str(one.get("id", "")), one.get("idProperty")
    return shelf.find_by(str(name), id_) if name else shelf.find(id_)


def all_or_some(
    inputs: list[Json], batch: Batch, plan: Callable[[Json], Any], commit: Callable[[Json, Any], None]
) -> None:
    """Plan every row before any is written; with trace ids the good ones go ahead, without them none does."""
    partial = traced(inputs)
    planned: list[tuple[Json, Any]] = []
    for one in inputs:
        try:
            planned.append((one, plan(one)))
        except Refusal as refusal:
            if not partial:
                raise
            batch.refused(refusal, trace_of(one))
    for one, draft in planned:
        if draft is not None:
            commit(one, draft)
