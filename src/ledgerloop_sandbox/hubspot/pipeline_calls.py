"""Answer calls for pipelines and their stages."""

from __future__ import annotations

from decimal import InvalidOperation
from typing import Any

from ledgerloop_sandbox.hubspot import calculated
from ledgerloop_sandbox.hubspot.definitions import Definition
from ledgerloop_sandbox.hubspot.kinds import DEAL, Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.refusals import invalid, not_found, object_in
from ledgerloop_sandbox.hubspot.stages import Pipeline, Stage, deal_metadata
from ledgerloop_sandbox.hubspot.wire import Reply, Request


def list_(portal: Portal, request: Request, type_: str) -> Reply:
    """List the pipelines of an object type with their stages."""
    pipelines = sorted(portal.pipelines[portal.kind(type_)].values(), key=lambda one: one.order)
    return Reply(200, {"results": [one.as_json() for one in pipelines]})


def read(portal: Portal, request: Request, type_: str, id_: str) -> Reply:
    """Read one pipeline."""
    return Reply(200, _pipeline(portal, type_, id_).as_json())


def create(portal: Portal, request: Request, type_: str) -> Reply:
    """Make a pipeline with its stages: 201; ids are numbers unless given."""
    kind, body, now = portal.kind(type_), object_in(request.body), portal.now()
    if not body.get("label") or not body.get("stages"):
        raise invalid("A pipeline needs a label and stages.")
    id_ = str(body.get("pipelineId") or portal.new_id())
    pipeline = Pipeline(id_, str(body["label"]), int(body.get("displayOrder", 0)), now, now)
    for given in body["stages"]:
        add_stage(portal, kind, pipeline, given)
    portal.pipelines[kind][id_] = pipeline
    return Reply(201, pipeline.as_json())


def update(portal: Portal, request: Request, type_: str, id_: str) -> Reply:
    """Change a pipeline's label or place."""
    pipeline, body = _pipeline(portal, type_, id_), object_in(request.body)
    pipeline.label = str(body.get("label", pipeline.label))
    pipeline.order = int(body.get("displayOrder", pipeline.order))
    pipeline.updated = portal.now()
    return Reply(200, pipeline.as_json())


def remove(portal: Portal, request: Request, type_: str, id_: str) -> Reply:
    """Delete a pipeline that no record stands in: 204."""
    kind = portal.kind(type_)
    _pipeline(portal, type_, id_)
    if any(one.properties.get("pipeline") == id_ for one in portal.shelves[kind].live.values()):
        raise invalid(f"The pipeline {id_} still has records.")
    del portal.pipelines[kind][id_]
    return Reply(204)


def list_stages(portal: Portal, request: Request, type_: str, id_: str) -> Reply:
    """List the stages of a pipeline."""
    return Reply(200, {"results": _pipeline(portal, type_, id_).as_json()["stages"]})


def read_stage(portal: Portal, request: Request, type_: str, id_: str, stage_id: str) -> Reply:
    """Read one stage."""
    return Reply(200, _stage(portal, type_, id_, stage_id).as_json())


def create_stage(portal: Portal, request: Request, type_: str, id_: str) -> Reply:
    """Make a stage: 201; for deals it needs a probability alone."""
    pipeline = _pipeline(portal, type_, id_)
    return Reply(201, add_stage(portal, portal.kind(type_), pipeline, request.body).as_json())


def update_stage(portal: Portal, request: Request, type_: str, id_: str, stage_id: str) -> Reply:
    """Change a stage; a new probability changes what is won at once."""
    kind, stage, body = portal.kind(type_), _stage(portal, type_, id_, stage_id), object_in(request.body)
    stage.label = str(body.get("label", stage.label))
    stage.order = int(body.get("displayOrder", stage.order))
    if "metadata" in body:
        stage.metadata = _metadata(kind, body["metadata"])
        for record in portal.shelves[kind].live.values():
            if record.properties.get("dealstage") == stage_id:
                calculated.refresh(portal, record)
    stage.updated = portal.now()
    return Reply(200, stage.as_json())


def remove_stage(portal: Portal, request: Request, type_: str, id_: str, stage_id: str) -> Reply:
    """Delete a stage that no record stands in: 204."""
    _stage(portal, type_, id_, stage_id)
    records = portal.shelf(type_).live.values()
    if any(one.properties.get("dealstage") == stage_id for one in records):
        raise invalid(f"The stage {stage_id} still has records.")
    del _pipeline(portal, type_, id_).stages[stage_id]
    return Reply(204)


def add_stage(portal: Portal, kind: Kind, pipeline: Pipeline, given: Any) -> Stage:
    """Add a stage to a pipeline, and for deals the property that says when it was entered."""
    body, now = object_in(given), portal.now()
    id_ = str(body.get("stageId") or portal.new_id())
    if not body.get("label"):
        raise invalid("A stage needs a label.")
    order = int(body.get("displayOrder", len(pipeline.stages)))
    stage = Stage(id_, str(body["label"]), order, _metadata(kind, body.get("metadata")), now, now)
    pipeline.stages[id_] = stage
    if kind is DEAL:
        name = f"hs_v2_date_entered_{id_}"
        portal.definitions[DEAL][name] = Definition(
            name,
            f'Date entered "{stage.label} ({pipeline.label})"',
            "datetime",
            "date",
            DEAL.group,
            hubspot_defined=True,
            calculated=True,
            created=now,
            updated=now,
            readable=now,
        )
    return stage


def _metadata(kind: Kind, given: Any) -> dict[str, str]:
    metadata = given if isinstance(given, dict) else {}
    if kind is not DEAL:
        return {str(name): str(value) for name, value in metadata.items()}
    if "probability" not in metadata:
        raise invalid("A deal stage needs metadata with a probability.")
    try:
        return deal_metadata(str(metadata["probability"]))
    except (InvalidOperation, ValueError):
        raise invalid("The probability must be a number between 0.0 and 1.0.") from None


def _pipeline(portal: Portal, type_: str, id_: str) -> Pipeline:
    pipeline = portal.pipelines[portal.kind(type_)].get(id_)
    if pipeline is None:
        raise not_found()
    return pipeline


def _stage(portal: Portal, type_: str, id_: str, stage_id: str) -> Stage:
    stage = _pipeline(portal, type_, id_).stages.get(stage_id)
    if stage is None:
        raise not_found()
    return stage
