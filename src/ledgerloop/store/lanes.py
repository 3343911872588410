"""Lanes: the one-at-a-time queue of an organisation or portal for one flow.

A turn is one run of a lane. The id of its workflow is made of flow, lane and turn, so that each turn runs once however
many processes try to start it. A lane that is woken while its turn runs is wanted again, and the next turn follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Update, and_, case, func, literal, not_, select, update

from ledgerloop.records import Rest
from ledgerloop.store import connections
from ledgerloop.store import cooldowns as rests
from ledgerloop.store.columns import Moment
from ledgerloop.store.statements import Insert, upsert
from ledgerloop.store.tables import lane as table

_FIRST_TURN = 1
_NO_REST = {"parked_at": None, "parked_until": None, "parked_why": ""}
_WELL = {"failures": 0, "failing_since": None, "problem": "", "failed_why": ""}


@dataclass(frozen=True, slots=True)
class Ready:
    """A lane that wants its next turn, and since when."""

    flow: str
    lane: str
    turn: int
    wanted_at: datetime


@dataclass(frozen=True, slots=True)
class Parked:
    """A lane that rests, or did and has had no turn since, and why."""

    flow: str
    lane: str
    until: datetime
    why: str
    since: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Tell whether it may not go on at this moment."""
        return Rest(self.since, self.until).lasts(now)


@dataclass(frozen=True, slots=True)
class Lane:
    """All that is known of a lane."""

    flow: str
    lane: str
    turn: int
    wanted: bool
    wanted_at: datetime | None
    begun_at: datetime | None
    parked_at: datetime | None
    parked_until: datetime | None
    parked_why: str
    failures: int
    """Turns in a row that ended without success."""
    failing_since: datetime | None = None
    """When the first of them did."""
    problem: str = ""
    """The name of the error that ended the last of them, and its sentence: both stay until a turn is a success."""
    failed_why: str = ""

    def rests(self, now: datetime) -> bool:
        """Tell whether it may not go on at this moment."""
        return self.parked_until is not None and Rest(self.parked_at, self.parked_until).lasts(now)


def wake(tx: Connection, flow: str, lane: str, now: datetime) -> None:
    """Want a turn of the lane. Waking twice is waking once, and the earlier moment counts."""
    row = {"flow": flow, "lane": lane, "turn": _FIRST_TURN, "wanted": True, "wanted_at": now}
    upsert(tx, table, [row], values=_wanted)


def _wanted(new: Insert) -> dict[str, Any]:
    """Want it since the earlier of both moments."""
    later = new.excluded.wanted_at
    earliest = case((and_(table.c.wanted, table.c.wanted_at < later), table.c.wanted_at), else_=later)
    return {"wanted": True, "wanted_at": earliest}


def wanted(tx: Connection, flow: str, lane: str) -> bool:
    """Tell whether a lane wants another turn: while one runs, that something new has come."""
    mine = select(table.c.wanted).where(table.c.flow == flow, table.c.lane == lane)
    return bool(tx.execute(mine).scalar())


def ready(tx: Connection, now: datetime) -> list[Ready]:
    """List the lanes that want a turn and may have it, the one that waits longest first.

    That of an organisation or portal which a person has disconnected may not, whoever woke it.
    """
    rows = tx.execute(
        select(table.c.flow, table.c.lane, table.c.turn, table.c.wanted_at)
        .where(table.c.wanted, not_(_rests(now)), not_(_off()))
        .order_by(table.c.wanted_at, table.c.flow, table.c.lane)
    )
    return [Ready(*row) for row in rows]


def goes_on_at(tx: Connection, now: datetime) -> datetime | None:
    """Return when the first of the lanes that rest goes on by itself; none where none rests."""
    mine = select(func.min(table.c.parked_until)).where(table.c.wanted, _rests(now), not_(_off()))
    return tx.execute(mine).scalar()


def begin(tx: Connection, flow: str, lane: str, turn: int, now: datetime) -> None:
    """Begin a turn: what wakes the lane from here on is for the next one. Call it before taking from the inbox."""
    tx.execute(
        _this(flow, lane, turn).values(wanted=False, begun_at=now, **_NO_REST),
    )


def is_turn(tx: Connection, flow: str, lane: str, turn: int) -> bool:
    """Tell whether this is the turn that the lane has reached."""
    mine = select(table.c.turn).where(table.c.flow == flow, table.c.lane == lane)
    return tx.execute(mine).scalar() == turn


def finish(tx: Connection, flow: str, lane: str, turn: int, now: datetime, *, failed: bool = False) -> bool:
    """End a turn, once however often it is called; answer whether the lane may go on at once.

    A turn that did not park its lane, and did not come to its end by force, was a success and ends a row of failures.
    """
    if not failed:
        tx.execute(_this(flow, lane, turn).where(table.c.parked_until.is_(None)).values(**_WELL))
    tx.execute(_this(flow, lane, turn).values(turn=turn + 1, begun_at=None))
    mine = select(table.c.wanted).where(table.c.flow == flow, table.c.lane == lane)
    return bool(tx.execute(mine.where(not_(_rests(now)))).scalar())


def park(tx: Connection, flow: str, lane: str, rest: Rest, why: str) -> None:
    """Let the lane rest, and want it, so that it goes on by itself afterwards."""
    parked = {"wanted": True, "parked_at": rest.began, "parked_until": rest.until, "parked_why": why}
    row = {"flow": flow, "lane": lane, "turn": _FIRST_TURN, "wanted_at": rest.until, **parked}
    wanted_at = func.coalesce(table.c.wanted_at, literal(rest.until, Moment()))
    upsert(tx, table, [row], values=lambda _: {"wanted_at": wanted_at, **parked})


def fail(tx: Connection, flow: str, lane: str, problem: str, why: str, now: datetime) -> int:
    """Count a turn that ended without success, and answer how many there were in a row, this one included.

    Where the first of them ended in the future, by a clock that was ahead, the row counts from now.
    """
    mine = update(table).where(table.c.flow == flow, table.c.lane == lane)
    since = case((table.c.failing_since <= now, table.c.failing_since), else_=literal(now, Moment()))
    failed = mine.values(failures=table.c.failures + 1, failing_since=since, problem=problem, failed_why=why)
    return int(tx.execute(failed.returning(table.c.failures)).scalar_one())


def end(tx: Connection, flow: str, lane: str) -> None:
    """Want no turn of a lane, and forget that it rested or failed: its organisation or portal was disconnected.

    A turn that is under way comes to its end.
    """
    mine = update(table).where(table.c.flow == flow, table.c.lane == lane)
    tx.execute(mine.values(wanted=False, **_NO_REST, **_WELL))


def unpark(tx: Connection, flow: str, lane: str) -> None:
    """Let a resting lane go on at once, because what it rested for has been put right."""
    mine = update(table).where(table.c.flow == flow, table.c.lane == lane)
    tx.execute(mine.values(**_NO_REST))


def parked(tx: Connection) -> list[Parked]:
    """List the lanes that rest, or did and have had no turn since, the one that goes on first at the top."""
    rows = tx.execute(
        select(table.c.flow, table.c.lane, table.c.parked_until, table.c.parked_why, table.c.parked_at)
        .where(table.c.parked_until.is_not(None))
        .order_by(table.c.parked_until, table.c.flow, table.c.lane)
    )
    return [Parked(*row) for row in rows]


def all_lanes(tx: Connection) -> list[Lane]:
    """List every lane there is."""
    return [Lane(*row) for row in tx.execute(select(table).order_by(table.c.flow, table.c.lane))]


def _off() -> ColumnElement[bool]:
    return connections.is_off(case((table.c.flow == "standing", "xero"), else_="hubspot"), table.c.lane)


def _rests(now: datetime) -> ColumnElement[bool]:
    return rests.lasts(table.c.parked_at, table.c.parked_until, now)


def _this(flow: str, lane: str, turn: int) -> Update:
    return update(table).where(table.c.flow == flow, table.c.lane == lane, table.c.turn == turn)
