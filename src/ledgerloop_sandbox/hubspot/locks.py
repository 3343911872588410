"""423: a record that many calls write at the same time is locked for 2 seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from ledgerloop_sandbox.hubspot.batches import find
from ledgerloop_sandbox.hubspot.kinds import BY_NAME
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.refusals import refuse
from ledgerloop_sandbox.hubspot.wire import Request

SECONDS = 2.0


@dataclass(slots=True)
class Locks:
    """Which records are being written, and which are locked until when."""

    writing: Counter[str] = field(default_factory=Counter)
    locked: dict[str, float] = field(default_factory=dict)

    def enter(self, portal: Portal, request: Request) -> Callable[[], None]:
        """Begin a write of records, or refuse it; call what is returned when the answer has left."""
        ids = _written(portal, request)
        now = portal.clock.seconds()
        for id_ in ids:
            if self.writing[id_] >= portal.settings.parallel_writes:
                self.locked[id_] = now + SECONDS
            if self.locked.get(id_, 0.0) > now:
                raise refuse(423, "LOCKED", f"The record {id_} is locked by other writes. Try again in 2 seconds.")
            self.locked.pop(id_, None)
        self.writing.update(ids)

        def leave() -> None:
            for id_ in ids:
                self.writing[id_] -= 1
                if self.writing[id_] <= 0:
                    del self.writing[id_]

        return leave


def _written(portal: Portal, request: Request) -> list[str]:
    parts = request.parts
    if parts[:2] != ("crm", "objects") or len(parts) < 4 or request.method not in ("PATCH", "POST", "DELETE"):
        return []
    kind = BY_NAME.get(parts[2].lower())
    if kind is None:
        return []
    shelf = portal.shelves[kind]
    if len(parts) == 4:
        record = find(shelf, {"id": parts[3], "idProperty": request.one("idProperty")})
        return [record.id] if record is not None else []
    if parts[3] != "batch" or parts[4] not in ("update", "upsert", "archive") or not isinstance(request.body, dict):
        return []
    inputs = [one for one in request.body.get("inputs") or [] if isinstance(one, dict)]
    found = (find(shelf, one) for one in inputs)
    return list({record.id for record in found if record is not None})
