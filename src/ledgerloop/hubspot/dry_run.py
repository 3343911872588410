"""A client that reads from HubSpot and writes nothing, and answers as if it had written."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping, Sequence

from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Association, BatchError, BatchResult, Change, New, Record, To
from ledgerloop.hubspot.paths import plural

_MADE_UP = "new-"


def made_up(record: str) -> bool:
    """Tell whether an id is that of a record which exists in a rehearsal alone."""
    return record.startswith(_MADE_UP)


class Rehearsing(HubSpotClient):
    """Read from HubSpot, and write nothing: records that would be made get ids of their own.

    A write that nobody thought of here raises NotSent.
    """

    def __init__(self, real: HubSpotClient) -> None:
        """Take the client that reads."""
        super().__init__(real.api.reading_only(), real.version, real.survivors)
        self._ids = itertools.count(1)
        self._made: dict[str, Record] = {}
        self._changed: dict[tuple[str, str], dict[str, str]] = {}

    def as_backfill(self) -> Rehearsing:
        """Return the same client whose calls stand behind live work; both know what exists in the rehearsal alone."""
        other = copy.copy(self)
        other._api = self._api.as_backfill()
        return other

    def read(
        self, kind: str, ids: Sequence[str], properties: Sequence[str], id_property: str | None = None
    ) -> dict[str, Record]:
        """Read records as they would be; those that exist in the rehearsal alone are known by their id."""
        here = {one: self._made[one] for one in ids if one in self._made}
        asked = [one for one in ids if one not in here]
        there = super().read(kind, asked, properties, id_property) if asked else {}
        changed = {key: self._changed.get((plural(kind), one.id), {}) for key, one in there.items()}
        return here | {
            key: one.model_copy(update={"properties": one.properties | changed[key]})
            for key, one in there.items()
            if not id_property or changed[key].get(id_property, key).lower() == key.lower()
        }

    def last_changes(self, kind: str, ids: Sequence[str], properties: Sequence[str]) -> dict[str, dict[str, Change]]:
        """Read the last changes of properties; what exists in the rehearsal alone has no past."""
        return super().last_changes(kind, [one for one in ids if one not in self._made], properties)

    def associated(self, from_kind: str, to_kind: str, ids: Sequence[str]) -> dict[str, list[Association]]:
        """Read what records are associated with; those of the rehearsal with nothing."""
        there = [one for one in ids if one not in self._made]
        return {one: [] for one in ids} | (super().associated(from_kind, to_kind, there) if there else {})

    def create(self, kind: str, values: Mapping[str, str], associations: Sequence[To] = ()) -> Record:
        """Answer as if the record had been made."""
        return self._make(values, "")

    def update(self, kind: str, id: str, values: Mapping[str, str]) -> Record:  # noqa: A002
        """Answer as if the record had been changed."""
        return Record(id=id, properties=dict(values))

    def create_batch(self, kind: str, inputs: Sequence[New]) -> BatchResult:
        """Answer as if all records had been made."""
        return BatchResult(tuple(self._make(one.values, one.trace) for one in inputs))

    def update_batch(self, kind: str, inputs: Sequence[tuple[str, Mapping[str, str]]]) -> BatchResult:
        """Answer as if all records had been changed."""
        for key, values in inputs:
            self._changed.setdefault((plural(kind), key), {}).update(values)
        return BatchResult(tuple(Record(id=key, properties=dict(values)) for key, values in inputs))

    def upsert_batch(self, kind: str, id_property: str, inputs: Sequence[tuple[str, Mapping[str, str]]]) -> BatchResult:
        """Answer as if all records had been made."""
        return BatchResult(tuple(self._make(values, key) for key, values in inputs))

    def associate(self, from_kind: str, to_kind: str, pairs: Sequence[tuple[str, str]]) -> tuple[BatchError, ...]:
        """Answer as if all had been associated."""
        return ()

    def _make(self, values: Mapping[str, str], trace: str) -> Record:
        made = Record(id=f"{_MADE_UP}{next(self._ids)}", properties=dict(values), object_write_trace_id=trace)
        self._made[made.id] = made
        return made
