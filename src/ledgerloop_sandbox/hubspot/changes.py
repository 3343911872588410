"""What webhooks tell: one change of a record, before it is written as an event. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledgerloop_sandbox.hubspot.kinds import Kind
from ledgerloop_sandbox.hubspot.tokens import Actor


@dataclass(frozen=True, slots=True)
class Change:
    """One change: `what` is creation, deletion, merge, restore, propertyChange, associationChange, privacyDeletion."""

    what: str
    kind: Kind
    object_id: str
    at: int
    by: Actor
    more: dict[str, Any] = field(default_factory=dict)
