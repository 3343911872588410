"""Take over the turns of a worker that died, and end those that an older release began.

A worker holds a lock of its own name for as long as it lives, and the database takes the lock away from the dead
without a clock. Whoever finds such a lock free holds it while handing over, so no two do, and the dead worker cannot
come back in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ledgerloop.engine import durable
from ledgerloop.engine.durable import Workflow
from ledgerloop.engine.turns import SOURCE
from ledgerloop.log import logger
from ledgerloop.store import inbox, lanes
from ledgerloop.store.db import Database


def lock_of(worker: str) -> str:
    """Name the lock that a living worker holds."""
    return f"worker {worker}"


def end_old_turns(database: Database, worker: str, version: str, now: datetime) -> int:
    """End the turns that this worker began in another release, and those that wait for it; say how many.

    Their steps were others, so they cannot go on. Every step keeps what it did, so the lane's next turn does the rest.
    """
    return _end_old(database, [*durable.running(worker), *durable.queued()], version, now)


def take_over(database: Database, worker: str, version: str, now: datetime) -> int:
    """Put what dead workers were running back into the queue, for any living one; say how many others run something."""
    others = sorted({one.worker for one in durable.running() if one.worker and one.worker != worker})
    for other in others:
        with database.lock_at_once(lock_of(other)) as dead:
            if not dead:
                continue
            held = durable.running(other)
            _end_old(database, held, version, now)
            ours = [one.id for one in held if one.version == version]
            for turn in ours:
                durable.resume(turn)
            logger.warning("took over from a dead worker", dead=other, by=worker, turns=len(ours))
    return len(others)


def pass_over(database: Database, flow: str, lane: str, turn: int, now: datetime, failed: str = "") -> None:
    """Go on to the next turn of a lane, which takes what this one had taken; say why where it ``failed``."""
    with database.transaction() as tx:
        inbox.release(tx, SOURCE[flow], lane, turn)
        if failed:
            lanes.fail(tx, flow, lane, "", failed, now)
        lanes.finish(tx, flow, lane, turn, now, failed=bool(failed))
        lanes.wake(tx, flow, lane, now)


def _end_old(database: Database, turns: Iterable[Workflow], version: str, now: datetime) -> int:
    old = [one.id for one in turns if one.version != version]
    for workflow in old:
        durable.cancel(workflow)
        flow, lane, turn = workflow.split(":")
        pass_over(database, flow, lane, int(turn), now)
    if old:
        logger.warning("ended turns of another release", turns=len(old))
    return len(old)
