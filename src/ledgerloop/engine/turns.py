"""Run a flow in turns of a lane: take, do the work, finish; or park the lane with the reason, losing nothing.

A turn is one durable workflow whose id is made of flow, lane and turn, so it runs once however often it is started, and
goes on where it stopped when its process was killed. Every step may be run again from its beginning after a crash;
steps keep what they did in the store, so that the second run finds it done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Literal

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine.durable import DurableError, step, workflow
from ledgerloop.errors import (
    Braked,
    ConsentNeeded,
    Damaged,
    Invalid,
    LedgerloopError,
    Locked,
    RateLimited,
    Refused,
    SettingsError,
    StoreAway,
    Transient,
    UnknownOutcome,
)
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Rest, Taken, Vendor
from ledgerloop.store import connections, inbox, journal, lanes, provenance, single_values
from ledgerloop.store.provenance import Provenance

Flow = Literal["standing", "invoicing"]
Work = Callable[[str, int], None]

SOURCE: dict[str, Vendor] = {"standing": "xero", "invoicing": "hubspot"}
"""Whose events wake which flow."""

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0
_PASSING = frozenset(one.__name__ for one in (Transient, StoreAway, UnknownOutcome))
"""The errors that heal by themselves, and may do so at any moment: the lane looks again soon."""
_CONSENT_WAIT = timedelta(hours=1)
_BROKEN_WAIT = timedelta(minutes=15)
_SECRET_WAIT = timedelta(minutes=1)
"""Looking again whether a secret is there, or the key that opens it, costs next to nothing."""


def turn_id(flow: str, lane: str, turn: int) -> str:
    """Return the id of the workflow that is this turn."""
    return f"{flow}:{lane}:{turn}"


def in_turns(flow: Flow) -> Callable[[Work], Work]:
    """Make a function the work of a lane's turns."""

    def decorate(work: Work) -> Work:
        @workflow(flow)
        @wraps(work)
        def turn_of_lane(lane: str, turn: int) -> None:
            with parts().database.reading() as tx:
                if not lanes.is_turn(tx, flow, lane, turn):
                    return  # it ended, or the database was put back to a time in which it had not begun
            try:
                with provenance.bound(Provenance(lane, turn, flow, SOURCE[flow])):
                    work(lane, turn)
            except LedgerloopError as problem:
                vendor = problem.vendor.lower() if isinstance(problem, ConsentNeeded) else ""
                try:
                    park(flow, lane, turn, type(problem).__name__, problem.sentence, _wait_asked(problem), vendor)
                except Damaged as worse:  # the engine would tell it with all of its inside, again and again
                    logger.error("turn not ended", flow=flow, lane=lane, turn=turn, why=worse.sentence)
            except DurableError:
                raise  # the engine's own affair: cancelled, or taken over by another process
            except Exception as problem:
                logger.exception("turn broke", flow=flow, lane=lane, turn=turn)
                park(flow, lane, turn, type(problem).__name__, f"Unexpected: {problem!r}. Please report this.", None)
            else:
                finish(flow, lane, turn)
            parts().nudge()

        return turn_of_lane

    return decorate


def take(tx: Connection, flow: Flow, lane: str, turn: int, most: int) -> list[Taken]:
    """Begin the turn and take its events; what arrives from here on is for the next one. Called inside a step.

    The events stay with the turn until it is finished. Where there may be more than were taken, the next turn follows.
    """
    now = parts().now()
    for organisation in connections.organisations(tx):
        if asked := single_values.get(tx, single_values.QUOTAS_ASKED.of(organisation.id)):
            parts().look_again(organisation.id, asked)
    lanes.begin(tx, flow, lane, turn, now)
    events = inbox.take(tx, SOURCE[flow], lane, turn, limit=most)
    if (writer := provenance.current()) is not None:
        writer.take()
    if len(events) == most:
        lanes.wake(tx, flow, lane, now)
    return events


@step
def finish(flow: str, lane: str, turn: int) -> None:
    """End the turn: its events are done, where it did not finish them itself before, and the next turn may begin."""
    now = parts().now()
    with parts().database.transaction() as tx:
        connected = connections.get(tx, SOURCE[flow], lane)
        if connected is not None and connected.off:  # while it ran: what it left undone goes on with the connection
            inbox.release(tx, SOURCE[flow], lane, turn)
        inbox.finish(tx, SOURCE[flow], lane, turn, now)
        lanes.finish(tx, flow, lane, turn, now)
        connections.mark_one(tx, SOURCE[flow], lane, "connected", "")


@step
def park(
    flow: str, lane: str, turn: int, problem: str, why: str, asked: float | None, vendor_to_connect: str = ""
) -> None:
    """End the turn without success: put back what it did not finish, and let the lane rest as the problem asks.

    What a vendor refuses for good may be for HubSpot's properties: then they are what a person is told of.
    """
    if problem in (Invalid.__name__, Refused.__name__):
        why = " ".join([why, *parts().explain_refusal()])
    now = parts().now()
    with parts().database.transaction() as tx:
        inbox.release(tx, SOURCE[flow], lane, turn)
        if vendor_to_connect == "xero":
            # A lane of Xero's speaks for its own organisation; what ends a whole grant shows in each of its lanes.
            connections.ask_consent(tx, "xero", why, lane if flow == "standing" else "")
        elif vendor_to_connect:
            connections.ask_consent(tx, "hubspot", why)
        failures = lanes.fail(tx, flow, lane, problem, why, now)
        rest = _rest(problem, asked, failures)
        lanes.park(tx, flow, lane, Rest(now, now + rest), why)
        if problem == Braked.__name__ and journal.held(tx, subjects.brake(lane)) is None:
            lanes.unpark(tx, flow, lane)  # a person has approved while the turn ran
        lanes.finish(tx, flow, lane, turn, now)
    logger.warning(
        "lane parked", flow=flow, lane=lane, turn=turn, problem=problem, why=why, seconds=rest.total_seconds()
    )


def _wait_asked(problem: LedgerloopError) -> float | None:
    return problem.retry_after if isinstance(problem, RateLimited) else None


def _rest(problem: str, asked: float | None, failures: int) -> timedelta:
    """Choose how long a lane rests. What the vendor asked for always wins over what we would compute."""
    if asked is not None:
        return timedelta(seconds=asked)
    if problem in _PASSING:
        ceiling = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures, 10))
        return timedelta(seconds=_FIRST_WAIT + parts().random() * (ceiling - _FIRST_WAIT))
    if problem in (SettingsError.__name__, Locked.__name__):
        return _SECRET_WAIT
    return _CONSENT_WAIT if problem == ConsentNeeded.__name__ else _BROKEN_WAIT
