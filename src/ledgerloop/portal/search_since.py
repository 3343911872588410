"""Give what changed in HubSpot since a moment: however many records, and wherever they move meanwhile.

Called inside a step. HubSpot's search pages by offset, ends at 10,000 results and sorts by one property. A record that
is edited between two pages leaves its place, everything behind it moves up, and the next offset passes one over. So
no offset is used here: each page is asked for from the last moment that came, and by id within a moment that more
records share than fit on a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from ledgerloop.errors import Transient
from ledgerloop.hubspot.client import MOST_A_SEARCH_PAGE, HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.rules.clocks import gone_by
from ledgerloop.store import cursors
from ledgerloop.store.cursors import Cursor

INDEX_LAG = timedelta(minutes=2)
"""How far HubSpot's search may lag behind its records."""

Filter = Mapping[str, object]
Keep = Callable[[Connection, Sequence[Record]], None]

_MODIFIED: Mapping[str, str] = {"contacts": "lastmodifieddate"}
_ID = "hs_object_id"
_TICK = timedelta(milliseconds=1)
"""HubSpot's moments are whole milliseconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Changes:
    """Some records that changed, none of which was given before as it is now, and the last moment among all so far."""

    records: Sequence[Record]
    reached: datetime


def changes(
    client: HubSpotClient,
    kind: str,
    since: datetime,
    groups: Sequence[Sequence[Filter]],
    properties: Sequence[str],
) -> Iterator[Changes]:
    """Give the records that changed since a moment, less the lag of search, and fit one of the groups of filters.

    Those that changed first come first. A record that changes meanwhile comes once more.
    """
    ask = _Search(client, kind, groups, properties)
    start = _whole(since - INDEX_LAG)
    given: set[tuple[str, datetime]] = set()
    while True:
        found, more = ask.since(start)
        reached = max((moment for _, moment in found), default=start)
        if some := [one for one, moment in found if (one.id, moment) not in given]:
            yield Changes(some, reached)
        if not more:
            return
        given = {(one.id, moment) for one, moment in found if moment == reached}
        if reached == start:  # a page is full of what changed at one moment, and asking from it would go round
            last = "0"
            while more:
                found, more = ask.at(start, last)
                if some := [one for one, moment in found if (one.id, moment) not in given]:
                    yield Changes(some, reached)
                last = max((one.id for one, _ in found), key=int, default=last)
            reached += _TICK
        start = reached


def keep_up(
    client: HubSpotClient,
    cursor: Cursor,
    kind: str,
    groups: Sequence[Sequence[Filter]],
    properties: Sequence[str],
    keep: Keep,
) -> None:
    """Keep what changed since a cursor, which moves with every page and never past what has come.

    Once nothing newer comes the overlap goes by, so that an import is not read again in each look for ever. Only the
    time between two looks is taken from our clock, which need not agree with HubSpot's.
    """
    at = parts()
    now = at.now()
    since = cursor.since or now
    newest: datetime | None = None
    for some in changes(client, kind, since, groups, properties):
        newest = max(newest or some.reached, some.reached)
        with at.database.transaction() as tx:
            keep(tx, some.records)
            cursors.put(tx, replace(cursor, since=max(since, newest)))
    waited = now - cursor.highest if cursor.highest else timedelta()
    with at.database.transaction() as tx:
        cursors.put(tx, replace(cursor, since=gone_by(since, newest, INDEX_LAG, waited), highest=now))


@dataclass(frozen=True, slots=True)
class _Search:
    """Ask for one page of records, each with the moment at which it changed; tell whether there are more."""

    client: HubSpotClient
    kind: str
    groups: Sequence[Sequence[Filter]]
    properties: Sequence[str]

    @property
    def modified(self) -> str:
        """Name the property that says when a record last changed."""
        return _MODIFIED.get(self.kind, "hs_lastmodifieddate")

    def since(self, moment: datetime) -> tuple[list[tuple[Record, datetime]], bool]:
        """Ask from a moment on, what changed first at first."""
        return self._page([_filter(self.modified, "GTE", _stamp(moment))], self.modified)

    def at(self, moment: datetime, last: str) -> tuple[list[tuple[Record, datetime]], bool]:
        """Ask for what changed at one moment, behind an id."""
        return self._page([_filter(self.modified, "EQ", _stamp(moment)), _filter(_ID, "GT", last)], _ID)

    def _page(self, wanted: list[Filter], by: str) -> tuple[list[tuple[Record, datetime]], bool]:
        filters = [{"filters": [*wanted, *group]} for group in self.groups]
        sorts = [{"propertyName": by, "direction": "ASCENDING"}]
        page = self.client.search(self.kind, filters, [self.modified, *self.properties], sorts, MOST_A_SEARCH_PAGE)
        return [(one, self._moment(one)) for one in page.results], page.after is not None

    def _moment(self, record: Record) -> datetime:
        """Read when a record changed, as search knows it."""
        try:
            return _whole(datetime.fromisoformat(record.properties.get(self.modified) or ""))
        except ValueError:
            if record.updated_at is None:
                raise Transient(f"HubSpot does not tell when {self.kind} {record.id} changed.") from None
            return _whole(record.updated_at)


def _filter(name: str, operator: str, value: str) -> Filter:
    return {"propertyName": name, "operator": operator, "value": value}


def _whole(moment: datetime) -> datetime:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.replace(microsecond=aware.microsecond // 1000 * 1000)


def _stamp(moment: datetime) -> str:
    return str((moment - _EPOCH) // _TICK)
