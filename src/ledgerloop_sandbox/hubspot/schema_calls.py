"""Answer calls for properties and property groups, singly and in batches."""

from __future__ import annotations

import re
from copy import copy
from typing import Any

from ledgerloop_sandbox.hubspot.batches import Batch, inputs_of
from ledgerloop_sandbox.hubspot.definitions import BOOLEAN, FIELD_TYPES, Definition, Group, options_from
from ledgerloop_sandbox.hubspot.kinds import Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.refusals import Refusal, invalid, not_found, object_in, refuse
from ledgerloop_sandbox.hubspot.wire import Reply, Request

MOST_UNIQUE = 10
MOST_PROPERTIES = 1_000
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MORE = ("dataSensitivity", "showCurrencySymbol", "numberDisplayHint", "currencyPropertyName", "calculationFormula")


def list_(portal: Portal, request: Request, type_: str) -> Reply:
    """List all properties of an object type; not paged."""
    kind, archived = portal.kind(type_), request.flag("archived")
    found = [
        definition.as_json()
        for definition in portal.definitions[kind].values()
        if (definition.archived is not None) is archived and definition.readable <= portal.now()
    ]
    return Reply(200, {"results": found})


def read(portal: Portal, request: Request, type_: str, name: str) -> Reply:
    """Read one property; a new one is not readable at once."""
    definition = portal.definitions[portal.kind(type_)].get(name)
    hidden = definition is None or (definition.archived is not None) is not request.flag("archived")
    if definition is None or hidden or definition.readable > portal.now():
        raise not_found()
    return Reply(200, definition.as_json())


def create(portal: Portal, request: Request, type_: str) -> Reply:
    """Make a property: 201; an archived one with that name comes back, values included."""
    return Reply(201, _create(portal, portal.kind(type_), request.body).as_json())


def update(portal: Portal, request: Request, type_: str, name: str) -> Reply:
    """Change a property's label, group, options or form; options are replaced as a whole."""
    kind = portal.kind(type_)
    definition = portal.definition(kind, name)
    if definition is None:
        raise not_found()
    body = object_in(request.body)
    if definition.hubspot_defined:
        raise invalid(f"The definition of {name} is read only.")
    if "type" in body or "fieldType" in body:
        type_name, field_type = body.get("type", definition.type), body.get("fieldType", definition.field_type)
        _check_type(str(type_name), str(field_type))
        definition.type, definition.field_type = str(type_name), str(field_type)
    if "groupName" in body:
        definition.group = _known_group(portal, kind, str(body["groupName"]))
    if "options" in body:
        definition.options = options_from(body["options"])
    definition.label = str(body.get("label", definition.label))
    definition.description = str(body.get("description", definition.description))
    definition.order = int(body.get("displayOrder", definition.order))
    definition.hidden = bool(body.get("hidden", definition.hidden))
    definition.form_field = bool(body.get("formField", definition.form_field))
    definition.updated = portal.now()
    return Reply(200, definition.as_json())


def remove(portal: Portal, request: Request, type_: str, name: str) -> Reply:
    """Archive a property: 204; its values stay for when it comes back."""
    _archive(portal, portal.kind(type_), name)
    return Reply(204)


def batch_create(portal: Portal, request: Request, type_: str) -> Reply:
    """Make several properties: 201; where one cannot be made, 207 with the rest, or nothing: no source says which."""
    kind, batch = portal.kind(type_), Batch(portal.now())
    before = {name: copy(one) for name, one in portal.definitions[kind].items()}
    for one in inputs_of(request):
        try:
            batch.results.append(_create(portal, kind, one).as_json())
        except Refusal as refusal:
            if portal.settings.definitions_whole:
                portal.definitions[kind] = before
                raise
            batch.refused(refusal, None)
    return batch.reply(portal, 201)


def batch_read(portal: Portal, request: Request, type_: str) -> Reply:
    """Read several properties by name: 200, or 207 with those that are not there."""
    kind, batch = portal.kind(type_), Batch(portal.now())
    archived = bool(object_in(request.body).get("archived"))
    for one in inputs_of(request):
        definition = portal.definitions[kind].get(str(one.get("name")))
        if (
            definition is None
            or (definition.archived is not None) is not archived
            or definition.readable > portal.now()
        ):
            batch.missing(kind, [str(one.get("name"))])
        else:
            batch.results.append(definition.as_json())
    return batch.reply(portal, 200)


def batch_archive(portal: Portal, request: Request, type_: str) -> Reply:
    """Archive several properties: 204."""
    kind = portal.kind(type_)
    for one in inputs_of(request):
        if portal.definition(kind, str(one.get("name"))) is not None:
            _archive(portal, kind, str(one["name"]))
    return Reply(204)


def list_groups(portal: Portal, request: Request, type_: str) -> Reply:
    """List the groups of an object type; not paged."""
    groups = portal.groups[portal.kind(type_)].values()
    return Reply(200, {"results": [group.as_json() for group in groups]})


def read_group(portal: Portal, request: Request, type_: str, name: str) -> Reply:
    """Read one group."""
    group = portal.groups[portal.kind(type_)].get(name)
    if group is None:
        raise not_found()
    return Reply(200, group.as_json())


def create_group(portal: Portal, request: Request, type_: str) -> Reply:
    """Make a group: 201, or 409 when there is one of that name."""
    groups, body = portal.groups[portal.kind(type_)], object_in(request.body)
    name, label = str(body.get("name", "")), str(body.get("label", ""))
    if not _NAME.fullmatch(name) or not label:
        raise invalid("A property group needs a name in lower case and a label.")
    if name in groups:
        raise refuse(
            409,
            "OBJECT_ALREADY_EXISTS",
            f"A property group named '{name}' already exists.",
            subCategory="Properties.GROUP_WITH_NAME_EXISTS",
        )
    groups[name] = Group(name, label, int(body.get("displayOrder", -1)))
    return Reply(201, groups[name].as_json())


def update_group(portal: Portal, request: Request, type_: str, name: str) -> Reply:
    """Change a group's label or place."""
    group = portal.groups[portal.kind(type_)].get(name)
    if group is None:
        raise not_found()
    body = object_in(request.body)
    group.label = str(body.get("label", group.label))
    group.order = int(body.get("displayOrder", group.order))
    return Reply(200, group.as_json())


def remove_group(portal: Portal, request: Request, type_: str, name: str) -> Reply:
    """Archive a group that has no properties left: 204."""
    kind = portal.kind(type_)
    if any(one.group == name and one.archived is None for one in portal.definitions[kind].values()):
        raise invalid(f"The property group {name} still has properties.")
    portal.groups[kind].pop(name, None)
    return Reply(204)


def _create(portal: Portal, kind: Kind, given: Any) -> Definition:
    body = object_in(given)
    missing = [name for name in ("name", "label", "type", "fieldType", "groupName") if not body.get(name)]
    if missing:
        raise invalid(f"Some required fields were not set: {missing}", context={"missingFields": missing})
    name, type_, field_type = str(body["name"]), str(body["type"]), str(body["fieldType"])
    if not _NAME.fullmatch(name) or len(name) > 100:
        raise invalid(f"{name} is not a property name: lower case letters, digits and underscores, a letter first.")
    group = _known_group(portal, kind, str(body["groupName"]))
    _check_type(type_, field_type)
    known, now = portal.definitions[kind], portal.now()
    existing = known.get(name)
    if existing is not None and existing.archived is None:
        raise refuse(
            409,
            "OBJECT_ALREADY_EXISTS",
            f"A property named '{name}' already exists.",
            subCategory="Properties.PROPERTY_WITH_NAME_EXISTS",
        )
    readable = now + int(portal.settings.property_delay * 1000)
    if existing is not None:
        existing.archived, existing.updated, existing.readable = None, now, readable
        return existing
    unique = bool(body.get("hasUniqueValue", False))
    _check_numbers(known, kind, unique=unique)
    options = options_from(body.get("options"))
    if type_ == "bool" and {option.value for option in options} != {"true", "false"}:
        raise invalid("A bool property needs the options true and false.", context={"propertyName": [name]})
    definition = Definition(
        name,
        str(body["label"]),
        type_,
        field_type,
        group,
        description=str(body.get("description", "")),
        options=options or (BOOLEAN if type_ == "bool" else ()),
        unique=unique,
        calculated=field_type == "calculation_equation",
        hidden=bool(body.get("hidden", False)),
        form_field=bool(body.get("formField", False)),
        order=int(body.get("displayOrder", -1)),
        created=now,
        updated=now,
        readable=readable,
        more={key: body[key] for key in _MORE if key in body},
    )
    known[name] = definition
    if unique:
        portal.shelves[kind].start_unique(name)
    return definition


def _archive(portal: Portal, kind: Kind, name: str) -> None:
    definition = portal.definition(kind, name)
    if definition is None:
        raise not_found()
    if definition.hubspot_defined:
        raise invalid(f"{name} is defined by HubSpot and cannot be archived.")
    definition.archived = portal.now()


def _check_type(type_: str, field_type: str) -> None:
    if type_ not in FIELD_TYPES:
        raise invalid(f"{type_} is not a property type: {sorted(FIELD_TYPES)}")
    if field_type not in FIELD_TYPES[type_]:
        raise invalid(f"The fieldType {field_type} does not fit the type {type_}.")


def _known_group(portal: Portal, kind: Kind, name: str) -> str:
    if name not in portal.groups[kind]:
        raise invalid(f"Property group {name} does not exist.")
    return name


def _check_numbers(known: dict[str, Definition], kind: Kind, *, unique: bool) -> None:
    custom = [one for one in known.values() if not one.hubspot_defined]
    if unique and sum(one.unique for one in custom) >= MOST_UNIQUE:
        raise invalid(f"There are {MOST_UNIQUE} unique properties on {kind.name} already; no more are allowed.")
    if len(custom) >= MOST_PROPERTIES:
        raise invalid(f"There are {MOST_PROPERTIES} custom properties on {kind.name} already; no more are allowed.")
