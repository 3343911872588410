"""Keep the records of one object type: by id, by unique value, merged, archived, and as the search index sees them.

No rules are decided here and no I/O is done.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from ledgerloop_sandbox.hubspot.kinds import Kind
from ledgerloop_sandbox.hubspot.tokens import Actor
from ledgerloop_sandbox.hubspot.wire import iso

Properties = dict[str, str]


@dataclass(frozen=True, slots=True)
class Past:
    """One entry of a property's history."""

    value: str
    at: int
    by: Actor


@dataclass(slots=True, eq=False)
class Record:
    """One record. Times are epoch milliseconds; the system properties are derived, not stored."""

    id: str
    kind: Kind
    properties: Properties
    created: int
    updated: int
    by: Actor
    archived: int | None = None
    history: dict[str, list[Past]] | None = None

    def value(self, name: str, properties: Properties | None = None) -> str | None:
        """Return a property, system properties included, of the record or of an older copy of it."""
        found = (self.properties if properties is None else properties).get(name)
        return found if found is not None else self.derived(name)

    def derived(self, name: str) -> str | None:
        """Return a property that follows from the record itself."""
        if name == self.kind.modified:
            return iso(self.updated)
        if name == self.kind.created:
            return iso(self.created)
        if name == "hs_object_id":
            return self.id
        if name == "hs_object_source":
            return self.by.source_type
        if name == "hs_object_source_id":
            return self.by.source_id
        if name == "hs_object_source_label":
            return self.by.source_type
        return None

    def put(self, values: Properties, at: int, by: Actor) -> Properties:
        """Store values, an empty one clears; keep history and return what really changed."""
        changed: Properties = {}
        for name, value in values.items():
            before = self.properties.get(name)
            if (before or "") == value:
                continue
            if self.history is None:
                self.history = {}
            past = self.history.setdefault(name, [])
            if not past and before is not None:
                past.append(Past(before, self.created, self.by))
            past.append(Past(value, at, by))
            changed[name] = value
            if value:
                self.properties[name] = value
            else:
                self.properties.pop(name, None)
        return changed

    def past(self, name: str) -> list[Past]:
        """Return a property's history, the newest first."""
        kept = (self.history or {}).get(name)
        if kept is not None:
            return kept[::-1]
        value = self.value(name)
        return [] if value is None else [Past(value, self.created, self.by)]


@dataclass(slots=True)
class Seen:
    """What the search index shows of a record until a moment: an older state, or nothing."""

    until: float
    properties: Properties | None
    updated: int


@dataclass(slots=True)
class Shelf:
    """All records of one object type."""

    kind: Kind
    live: dict[str, Record] = field(default_factory=dict)
    archived: dict[str, Record] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    unique: dict[str, dict[str, str]] = field(default_factory=dict)
    stale: dict[str, list[Seen]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Put a new record on the shelf; ids only grow."""
        self.live[record.id] = record
        self.order.append(int(record.id))
        for name in self.unique:
            self.claim(record, name, record.properties.get(name, ""))

    def find(self, id_: str) -> Record | None:
        """Return a live record; the id of one that was merged away finds the survivor."""
        record = self.live.get(id_)
        while record is None and id_ in self.merged:
            id_ = self.merged[id_]
            record = self.live.get(id_)
        return record

    def find_by(self, name: str, value: str) -> Record | None:
        """Return the live record with this unique value."""
        if name == "hs_object_id":
            return self.find(value)
        found = self.unique.get(name, {}).get(value.strip().lower())
        return None if found is None else self.live.get(found)

    def find_archived(self, name: str, value: str) -> Record | None:
        """Return the archived record that held this unique value, the last one deleted if there were several."""
        wanted = value.strip().lower()
        names = (name, "hs_additional_emails") if name == "email" else (name,)
        held = [
            record
            for record in self.archived.values()
            if any(wanted in record.properties.get(one, "").lower().split(";") for one in names)
        ]
        return max(held, key=lambda record: (record.archived or 0, int(record.id)), default=None)

    def claim(self, record: Record, name: str, value: str, before: str = "") -> None:
        """Note that a record holds a unique value, and no longer the one before."""
        index = self.unique[name]
        if before and index.get(before.lower()) == record.id:
            del index[before.lower()]
        if value:
            index[value.lower()] = record.id

    def start_unique(self, name: str) -> None:
        """Begin to keep an index of a unique property."""
        if name not in self.unique:
            self.unique[name] = {}
            for record in self.live.values():
                self.claim(record, name, record.properties.get(name, ""))

    def archive(self, record: Record, at: int) -> None:
        """Take a record off the shelf; its unique values become free."""
        record.archived = at
        self.archived[record.id] = self.live.pop(record.id)
        for index in self.unique.values():
            for value in [value for value in self._values(record, index) if index.get(value) == record.id]:
                del index[value]

    def restore(self, record: Record) -> None:
        """Put an archived record back."""
        record.archived = None
        self.live[record.id] = self.archived.pop(record.id)
        for name in self.unique:
            self.claim(record, name, record.properties.get(name, ""))

    def forget(self, id_: str) -> None:
        """Remove a record for good."""
        self.live.pop(id_, None)
        self.archived.pop(id_, None)

    def page(self, after: int, limit: int, archived: bool) -> tuple[list[Record], bool]:
        """Return up to `limit` records with ids above `after`, and whether more follow."""
        if archived:
            rest = [record for id_, record in sorted(self.archived.items(), key=lambda pair: int(pair[0]))]
            rest = [record for record in rest if int(record.id) > after]
            return rest[:limit], len(rest) > limit
        found: list[Record] = []
        for number in self._ids_after(after):
            record = self.live.get(str(number))
            if record is not None:
                if len(found) == limit:
                    return found, True
                found.append(record)
        return found, False

    def lag(self, record: Record, until: float, *, new: bool = False) -> None:
        """Let the search index show what stands now, or nothing, until a moment."""
        seen = Seen(until, None if new else dict(record.properties), record.updated)
        self.stale.setdefault(record.id, []).append(seen)

    def searchable(self, now: float) -> tuple[dict[str, Record], dict[str, Seen]]:
        """Return the live records and, apart, those of which the index still shows an older state."""
        older: dict[str, Seen] = {}
        for id_, states in list(self.stale.items()):
            waiting = [state for state in states if state.until > now]
            if waiting:
                self.stale[id_] = waiting
                older[id_] = waiting[0]
            else:
                del self.stale[id_]
        return self.live, older

    def _ids_after(self, after: int) -> Iterator[int]:
        for place in range(bisect_right(self.order, after), len(self.order)):
            yield self.order[place]

    def _values(self, record: Record, index: dict[str, str]) -> set[str]:
        # Additional email addresses are in the index too, so look at the texts of the record and not at one property.
        texts = {part.lower() for value in record.properties.values() for part in (value, *value.split(";"))}
        return texts & index.keys()
