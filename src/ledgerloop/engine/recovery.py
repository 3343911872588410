"""Take over the turns of a worker that died, and end those that an older release began.

A worker holds a lock of its own name for as long as it lives, and the database takes the lock away from the dead
without a clock. Whoever finds such a lock free holds it while handing over, so no two do, and the dead worker cannot
come back in the middle.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dbos import DBOS, WorkflowStatus

from ledgerloop.engine.turns import SOURCE
from ledgerloop.log import logger
from ledgerloop.store import inbox, lanes
from ledgerloop.store.db import Database

_QUEUED = ["ENQUEUED", "DELAYED"]


def lock_of(worker: str) -> str:
    """Name the lock that a living worker holds."""
    return f"worker {worker}"


def end_old_turns(database: Database, worker: str, version: str, now: datetime) -> int:
    """End the turns that this worker began in another release, and those that wait for it; say how many.

    Their steps were others, so they cannot go on. Every step keeps what it did, so the lane's next turn does the rest.
    """
    mine = DBOS.list_workflows(status="PENDING", executor_id=worker, load_input=False, load_output=False)
    queued = DBOS.list_workflows(status=_QUEUED, load_input=False, load_output=False)
    return _end_old(database, [*mine, *queued], version, now)


def take_over(database: Database, worker: str, version: str, now: datetime) -> int:
    """Put what dead workers were running back into the queue, for any living one; say how many turns that were."""
    others = {one.executor_id for one in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)}
    count = 0
    for other in sorted(name for name in others if name and name != worker):
        with database.lock_at_once(lock_of(other)) as dead:
            if not dead:
                continue
            held = DBOS.list_workflows(status="PENDING", executor_id=other, load_input=False, load_output=False)
            _end_old(database, held, version, now)
            ours = [one.workflow_id for one in held if one.app_version == version]
            for turn in ours:
                DBOS.resume_workflow(turn)
            count += len(ours)
            logger.warning("took over from a dead worker", dead=other, by=worker, turns=len(ours))
    return count


def pass_over(database: Database, flow: str, lane: str, turn: int, now: datetime, failed: str = "") -> None:
    """Go on to the next turn of a lane, which takes what this one had taken; say why where it ``failed``."""
    with database.transaction() as tx:
        inbox.release(tx, SOURCE[flow], lane, turn)
        if failed:
            lanes.fail(tx, flow, lane, "", failed, now)
        lanes.finish(tx, flow, lane, turn, now, failed=bool(failed))
        lanes.wake(tx, flow, lane, now)


def _end_old(database: Database, turns: Iterable[WorkflowStatus], version: str, now: datetime) -> int:
    old = [one.workflow_id for one in turns if one.app_version != version]
    for workflow in old:
        DBOS.cancel_workflow(workflow)
        flow, lane, turn = workflow.split(":")
        pass_over(database, flow, lane, int(turn), now)
    if old:
        logger.warning("ended turns of another release", turns=len(old))
    return len(old)
