"""Pipelines and their stages: what they are, how they are shown, what closed and won mean. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from ledgerloop_sandbox.hubspot.wire import Json, iso


@dataclass(slots=True)
class Stage:
    """One stage; for deals 1.0 is won and 0.0 is lost, whatever the label says."""

    id: str
    label: str
    order: int
    metadata: dict[str, str]
    at: int
    updated: int
    archived: bool = False

    @property
    def probability(self) -> Decimal:
        """Return the probability as a number."""
        return Decimal(self.metadata.get("probability", "0"))

    def as_json(self) -> Json:
        """Return the stage as HubSpot shows it."""
        return {
            "label": self.label,
            "displayOrder": self.order,
            "metadata": self.metadata,
            "id": self.id,
            "createdAt": iso(self.at),
            "updatedAt": iso(self.updated),
            "archived": self.archived,
            "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
        }


def deal_metadata(probability: str) -> dict[str, str]:
    """Return a deal stage's metadata: `isClosed` follows from the probability."""
    value = Decimal(probability)
    if not 0 <= value <= 1:
        raise ValueError("probability must be between 0 and 1")
    closed = value in (0, 1)
    return {"isClosed": "true" if closed else "false", "probability": f"{value.normalize() + Decimal('0.0')}"}


@dataclass(slots=True)
class Pipeline:
    """One pipeline."""

    id: str
    label: str
    order: int
    at: int
    updated: int
    stages: dict[str, Stage] = field(default_factory=dict)
    archived: bool = False

    def as_json(self) -> Json:
        """Return the pipeline as HubSpot shows it."""
        stages = sorted((s for s in self.stages.values() if not s.archived), key=lambda stage: stage.order)
        return {
            "label": self.label,
            "displayOrder": self.order,
            "id": self.id,
            "stages": [stage.as_json() for stage in stages],
            "createdAt": iso(self.at),
            "updatedAt": iso(self.updated),
            "archived": self.archived,
        }
