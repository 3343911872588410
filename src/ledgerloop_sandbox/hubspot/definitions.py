"""Property definitions: what a property is called, what it may hold, and whether it may be written. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledgerloop_sandbox.hubspot.wire import Json, iso

FIELD_TYPES: dict[str, frozenset[str]] = {
    "bool": frozenset({"booleancheckbox", "calculation_equation"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "enumeration": frozenset({"booleancheckbox", "checkbox", "radio", "select", "calculation_equation"}),
    "number": frozenset({"number", "calculation_equation"}),
    "phone_number": frozenset({"phonenumber"}),
    "string": frozenset({"file", "html", "text", "textarea", "phonenumber", "calculation_equation"}),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One value of an enumeration."""

    label: str
    value: str
    order: int = -1
    hidden: bool = False
    description: str = ""

    def as_json(self) -> Json:
        """Return the option as HubSpot shows it."""
        return {
            "label": self.label,
            "value": self.value,
            "displayOrder": self.order,
            "hidden": self.hidden,
            "description": self.description,
        }


def options_from(given: Any) -> tuple[Option, ...]:
    """Read options as a caller sends them."""
    return tuple(
        Option(
            str(one["label"]),
            str(one["value"]),
            int(one.get("displayOrder", -1)),
            bool(one.get("hidden", False)),
            str(one.get("description", "")),
        )
        for one in given or ()
    )


BOOLEAN = (Option("True", "true", 0), Option("False", "false", 1))


@dataclass(slots=True)
class Definition:
    """One property of one object type."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    description: str = ""
    options: tuple[Option, ...] = ()
    unique: bool = False
    hubspot_defined: bool = False
    calculated: bool = False
    read_only: bool = False
    hidden: bool = False
    form_field: bool = False
    order: int = -1
    created: int = 0
    updated: int = 0
    readable: int = 0
    archived: int | None = None
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def allowed(self) -> frozenset[str]:
        """Return the internal values that an enumeration takes."""
        return frozenset(option.value for option in self.options)

    def as_json(self) -> Json:
        """Return the definition as HubSpot shows it."""
        shown: Json = {
            "updatedAt": iso(self.updated),
            "createdAt": iso(self.created),
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": [option.as_json() for option in self.options],
            "displayOrder": self.order,
            "calculated": self.calculated,
            "externalOptions": False,
            "archived": self.archived is not None,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined,
            "modificationMetadata": {
                "archivable": not self.hubspot_defined,
                "readOnlyDefinition": self.hubspot_defined,
                "readOnlyOptions": self.hubspot_defined,
                "readOnlyValue": self.read_only or self.calculated,
            },
            "formField": self.form_field,
            "dataSensitivity": "non_sensitive",
        }
        if self.archived is not None:
            shown["archivedAt"] = iso(self.archived)
        return shown | self.more


@dataclass(slots=True)
class Group:
    """A group of properties."""

    name: str
    label: str
    order: int = -1
    archived: bool = False

    def as_json(self) -> Json:
        """Return the group as HubSpot shows it."""
        return {"name": self.name, "label": self.label, "displayOrder": self.order, "archived": self.archived}
