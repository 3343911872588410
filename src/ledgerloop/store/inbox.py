"""The inbox: what vendors told us, each event once, until a turn of its lane has acted on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, or_, select, update

from ledgerloop.records import Event, EventState, Taken, Vendor
from ledgerloop.store.statements import chunks, insert_or_ignore, upsert
from ledgerloop.store.tables import delivery
from ledgerloop.store.tables import inbox as table

_ENDED: tuple[EventState, ...] = ("done", "skipped", "unreadable")


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as it stands in the inbox, for people."""

    id: int
    received_at: datetime
    turn: int | None
    finished_at: datetime | None
    event: Event


@dataclass(frozen=True, slots=True)
class Backlog:
    """The events that wait for one lane: how many, and when the oldest was received."""

    source: Vendor
    lane: str
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """The last delivery of a vendor for a lane; vendors that do not number theirs have no ``last_sequence``."""

    last_sequence: int | None
    delivered_at: datetime
    usual_seconds: int | None = None
    """How many seconds usually pass between two deliveries."""


def keep(tx: Connection, events: Sequence[Event], now: datetime) -> int:
    """Keep the events that are new, by their source and key, and say how many were."""
    return insert_or_ignore(tx, table, [_row(event, now) for event in events])


def take(tx: Connection, source: Vendor, lane: str, turn: int, limit: int = 10_000) -> list[Taken]:
    """Take the lane's waiting events for a turn, oldest first.

    What the same turn took before it crashed is taken again, and so is what an earlier turn left behind: turns of a
    lane run one after the other, so an earlier one is over.
    """
    waiting = select(table.c.id).where(_waiting(source, lane), or_(table.c.turn.is_(None), table.c.turn <= turn))
    rows = tx.execute(
        update(table)
        .where(table.c.id.in_(waiting.order_by(table.c.id).limit(limit)))
        .values(turn=turn)
        .returning(table.c.id, table.c.category, table.c.kind, table.c.resource, table.c.occurred_at, table.c.body)
    )
    return sorted((Taken(*row) for row in rows), key=lambda taken: taken.id)


def untaken(tx: Connection, source: Vendor, lane: str, category: str) -> int:
    """Count the records of a category that events name which no turn has taken yet."""
    mine = and_(_waiting(source, lane), table.c.turn.is_(None), table.c.category == category)
    return tx.execute(select(func.count(func.distinct(table.c.resource))).where(mine)).scalar_one()


def finish(tx: Connection, source: Vendor, lane: str, turn: int, now: datetime) -> None:
    """Mark what the turn took as done."""
    mine = update(table).where(_waiting(source, lane), table.c.turn == turn)
    tx.execute(mine.values(state="done", finished_at=now))


def finish_kind(tx: Connection, source: Vendor, lane: str, kind: str, resource: str, now: datetime) -> bool:
    """Mark what a turn took of one kind about one record as done ahead of the rest; tell whether there was any.

    A turn that fails takes its events once more: what must count once only is finished with what it brought about.
    """
    mine = update(table).where(_waiting(source, lane), table.c.turn.is_not(None))
    mine = mine.where(table.c.kind == kind, table.c.resource == resource)
    return tx.execute(mine.values(state="done", finished_at=now)).rowcount > 0


def release(tx: Connection, source: Vendor, lane: str, turn: int) -> None:
    """Put back what the turn took, for a later one."""
    tx.execute(update(table).where(_waiting(source, lane), table.c.turn == turn).values(turn=None))


def skip(tx: Connection, ids: Iterable[int], reason: str) -> None:
    """Mark events as not our business, and say why."""
    for some in chunks(ids):
        tx.execute(update(table).where(table.c.id.in_(some)).values(state="skipped", reason=reason))


def waiting(tx: Connection) -> int:
    """Count the events that wait."""
    return tx.execute(select(func.count()).select_from(table).where(table.c.state == "waiting")).scalar_one()


def backlogs(tx: Connection) -> list[Backlog]:
    """List the lanes for which events wait, the longest first."""
    oldest = func.min(table.c.received_at)
    rows = tx.execute(
        select(table.c.source, table.c.lane, func.count(), oldest)
        .where(table.c.state == "waiting")
        .group_by(table.c.source, table.c.lane)
        .order_by(oldest)
    )
    return [Backlog(*row) for row in rows]


def recent(tx: Connection, limit: int, state: EventState | None = None) -> list[Kept]:
    """List the newest events, newest first, for the console."""
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if state:
        query = query.where(table.c.state == state)
    return [
        Kept(
            id=row.id,
            received_at=row.received_at,
            turn=row.turn,
            finished_at=row.finished_at,
            event=_event(row),
        )
        for row in tx.execute(query)
    ]


def named(tx: Connection, ids: Iterable[int]) -> dict[int, Event]:
    """Return these events by their ids, as far as they are not forgotten."""
    found: dict[int, Event] = {}
    for some in chunks(sorted(set(ids))):
        found |= {row.id: _event(row) for row in tx.execute(select(table).where(table.c.id.in_(some)))}
    return found


def oldest(tx: Connection) -> datetime | None:
    """Say when the oldest event that is over was received."""
    ended = select(table.c.received_at).where(table.c.state.in_(_ENDED)).order_by(table.c.received_at).limit(1)
    return tx.execute(ended).scalar()


def prune(tx: Connection, before: datetime) -> int:
    """Forget events received before a moment, never one that waits, and say how many went.

    Keep them for longer than a vendor repeats a delivery: a forgotten event that comes again is a new one.
    """
    old = delete(table).where(table.c.received_at < before, table.c.state.in_(_ENDED))
    return tx.execute(old).rowcount


def note_delivery(
    tx: Connection, source: Vendor, lane: str, first: int | None, last: int | None, now: datetime
) -> Delivery | None:
    """Note a delivery and give back the one before it, so that a gap in the numbers or a long silence shows.

    A delivery that comes late, with numbers that were passed already, does not turn the count back. A count that
    begins again at 1 does: then the vendor counts a new subscription.
    """
    before = last_delivery(tx, source, lane)
    numbered = before.last_sequence if before else None
    late = last is not None and numbered is not None and last < numbered and first != 1
    row: dict[str, object] = {"source": source, "lane": lane, "delivered_at": now}
    row["last_sequence"] = numbered if last is None or late else last
    row["usual_seconds"] = _usual(before, now)
    upsert(tx, delivery, [row])
    return before


def last_delivery(tx: Connection, source: Vendor, lane: str) -> Delivery | None:
    """Look up the last delivery of a vendor for a lane."""
    mine = select(delivery.c.last_sequence, delivery.c.delivered_at, delivery.c.usual_seconds)
    row = tx.execute(mine.where(delivery.c.source == source, delivery.c.lane == lane)).first()
    return Delivery(*row) if row else None


def _usual(before: Delivery | None, now: datetime) -> int | None:
    """Learn how often deliveries come; the latest silence counts for a tenth."""
    if before is None:
        return None
    silence = max(0, int((now - before.delivered_at).total_seconds()))
    return silence if before.usual_seconds is None else round(before.usual_seconds * 0.9 + silence * 0.1)


def _waiting(source: Vendor, lane: str) -> ColumnElement[bool]:
    return and_(table.c.source == source, table.c.lane == lane, table.c.state == "waiting")


def _event(row: Row[Any]) -> Event:
    return Event(
        source=row.source,
        key=row.key,
        lane=row.lane,
        category=row.category,
        kind=row.kind,
        resource=row.resource,
        occurred_at=row.occurred_at,
        body=row.body,
        state=row.state,
        reason=row.reason,
    )


def _row(event: Event, now: datetime) -> dict[str, object]:
    return {
        "source": event.source,
        "key": event.key,
        "lane": event.lane,
        "category": event.category,
        "kind": event.kind,
        "resource": event.resource,
        "occurred_at": event.occurred_at,
        "received_at": now,
        "body": event.body,
        "state": event.state,
        "reason": event.reason,
    }
