"""Take over the turns of a worker that died, so that they go on without waiting for it to be started again.

A worker holds a lock of its own name for as long as it lives, and the database takes the lock away from the dead
without a clock. Whoever finds such a lock free holds it while handing over, so no two do, and the dead worker cannot
come back in the middle.
"""

from __future__ import annotations

from dbos import DBOS

from ledgerloop.log import logger
from ledgerloop.store.db import Database


def lock_of(worker: str) -> str:
    """Name the lock that a living worker holds."""
    return f"worker {worker}"


def take_over(database: Database, worker: str) -> int:
    """Put what dead workers were running back into the queue, for any living one; say how many turns that were."""
    others = {one.executor_id for one in DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)}
    count = 0
    for other in sorted(name for name in others if name and name != worker):
        with database.lock_at_once(lock_of(other)) as dead:
            if not dead:
                continue
            held = DBOS.list_workflows(status="PENDING", executor_id=other, load_input=False, load_output=False)
            for one in held:
                DBOS.resume_workflow(one.workflow_id)
            count += len(held)
            logger.warning("took over from a dead worker", dead=other, by=worker, turns=len(held))
    return count
