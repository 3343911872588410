"""Run workflows durably: the only module that knows DBOS. Knows no lane, no flow and no schedule.

DBOS keeps every step in a database and goes on after a crash where it stopped. A workflow is known by its id: starting
it again, here or in another process, only attaches to the one that runs.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import sqlalchemy
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID, WorkflowStatus
from dbos import error as dbos_error
from dbos._serialization import DefaultSerializer
from sqlalchemy import URL, event, make_url

from ledgerloop.engine import durable_json
from ledgerloop.errors import LedgerloopError
from ledgerloop.store import moments
from ledgerloop.store.db import Database, make_private

NAME = "ledgerloop"
_LISTENER = 0.25
"""How often DBOS looks for messages between turns, of which there are none: stopping waits for that look to end."""
_QUEUED = ["ENQUEUED", "DELAYED"]
_UNDER_WAY = ("PENDING", *_QUEUED)
_LOGGER = logging.getLogger("dbos")

P = ParamSpec("P")
R = TypeVar("R")

DurableError = dbos_error.DBOSException
"""What DBOS itself raises: a workflow was cancelled, taken over by another process, or DBOS was not launched."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that has not ended, and the release that began it."""

    id: str
    worker: str | None
    version: str | None


def step(work: Callable[P, R]) -> Callable[P, R]:
    """Make a function a step: what it returned is kept under its name, and is not done again after a crash.

    It returns plain data, for which see :mod:`ledgerloop.engine.durable_json`.
    """
    return DBOS.step()(work)


def workflow(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a workflow of that name: it is found again by it after a crash."""
    return DBOS.workflow(name=name)


def launch(database: Database, worker: str, version: str) -> sqlalchemy.Engine:
    """Launch DBOS, which goes on with what this worker began in this version and a crash interrupted.

    Returns the connections that it uses, which it leaves open when it is stopped. Raises LedgerloopError where its
    file is damaged.
    """
    _log_with_us()
    refuse_pickles()
    file = engine_file_of(database.url)
    if file is None:
        connections = database.connecting(pool_pre_ping=True, pool_size=20)
        url = database.url.render_as_string(hide_password=False)
    else:
        make_private(file)  # what turns hand on is as private as the rest
        _refuse_damaged(file)
        connections, url = engine_at(file), f"sqlite:///{file}"
    config: DBOSConfig = {
        "name": NAME,
        "application_version": version,
        "executor_id": worker,
        "serializer": DurableJson(),
        "log_level": "WARNING",
        "enable_otlp": False,
        "notification_listener_polling_interval_sec": _LISTENER,
        "system_database_url": url,
        "system_database_engine": connections,
    }
    DBOS(config=config)
    DBOS.launch()
    return connections


def close(patience: int) -> None:
    """Stop DBOS, after so many seconds at most for workflows that run. What does not end goes on at the next launch."""
    DBOS.destroy(workflow_completion_timeout_sec=patience)
    # A workflow that runs for longer finds its engine gone, which DBOS tells with tracebacks.
    _LOGGER.disabled = True


def start(id_: str, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Start a workflow under an id, in a thread of DBOS's; nothing where it was started before."""
    with SetWorkflowID(id_):
        DBOS.start_workflow(work, *args, **kwargs)


def known(id_: str) -> bool:
    """Tell whether there is a workflow with this id, at whatever state."""
    return _status(id_) is not None


def ended(id_: str) -> bool:
    """Tell whether a workflow has come to an end, whatever end."""
    return _status(id_) not in (None, *_UNDER_WAY)


def running(worker: str | None = None) -> list[Workflow]:
    """List the workflows that run, those of one worker or of all."""
    return [
        _told(one)
        for one in DBOS.list_workflows(status="PENDING", executor_id=worker, load_input=False, load_output=False)
    ]


def runs_any(worker: str) -> bool | None:
    """Tell whether a worker runs anything; none where DBOS was never launched, or was stopped."""
    with suppress(DurableError):
        found = DBOS.list_workflows(status="PENDING", executor_id=worker, limit=1, load_input=False, load_output=False)
        return bool(found)
    return None


def queued() -> list[Workflow]:
    """List the workflows that wait for any worker."""
    return [_told(one) for one in DBOS.list_workflows(status=_QUEUED, load_input=False, load_output=False)]


def cancel(id_: str) -> None:
    """End a workflow; what it does just now is not interrupted, but it takes no further step."""
    DBOS.cancel_workflow(id_)


def resume(id_: str) -> None:
    """Put a workflow that was interrupted or cancelled into the queue, for any worker."""
    DBOS.resume_workflow(id_)


def forget(before: datetime, most: int) -> int:
    """Forget workflows that ended before a moment, so many at most; say how many."""
    old = DBOS.list_workflows(completed_before=before.isoformat(), limit=most, load_input=False, load_output=False)
    if old:
        DBOS.delete_workflows([one.workflow_id for one in old])
    return len(old)


def _status(id_: str) -> str | None:
    """Return a workflow's status without opening what its row holds; none where there is no such workflow."""
    found = DBOS.list_workflows(workflow_ids=[id_], limit=1, load_input=False, load_output=False)
    return found[0].status if found else None


def _told(one: WorkflowStatus) -> Workflow:
    return Workflow(one.workflow_id, one.executor_id, one.app_version)


class DurableJson(Serializer):
    """Keep inputs, results and errors of workflows and steps as JSON."""

    def name(self) -> str:
        """Name the form, which each row carries."""
        return "ledgerloop_json"

    def serialize(self, data: Any) -> str:
        """Write plain data, or an error. Raises NotPlain for anything else."""
        return durable_json.written(data)

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805 - DBOS's own signature
        """Read what :meth:`serialize` wrote. Raises NotPlain for anything else."""
        return durable_json.read(serialized_data)


def refuse_pickles() -> None:
    """Have DBOS read and write no pickle in this process, whatever a row says of itself.

    It looks at the row's own word first, and takes its pickling serializer for one that is always welcome. What is
    to be written into such a row, such as the error in which it ends, is JSON, which nobody opens.
    """
    DefaultSerializer.serialize = DurableJson.serialize  # type: ignore[method-assign, assignment]
    DefaultSerializer.deserialize = _refuse  # type: ignore[assignment, method-assign]


def _refuse(*_anything: object) -> NoReturn:
    raise durable_json.NotPlain("the engine's row holds a pickle, which is never opened")


def _log_with_us() -> None:
    """Let DBOS log as everything else does, redacted and in our form. It adds no handler where there is one."""
    _LOGGER.handlers, _LOGGER.propagate = [logging.NullHandler()], True
    _LOGGER.disabled = False


def engine_file_of(url: URL) -> Path | None:
    """Return the file in which DBOS keeps its workflows beside a SQLite database; none for PostgreSQL, where it has a
    schema of its own.

    SQLite lets one transaction write at a time; with a file each, steps and flows do not wait for each other.
    """
    if url.get_backend_name() != "sqlite":
        return None
    file = Path(str(url.database)).absolute()
    return file.with_name(f"{file.stem}-engine{file.suffix}")


def set_aside(database: Database) -> None:
    """Have the next launch begin with no workflow, beside a database that was put back: those it knows are others."""
    file = engine_file_of(database.url)
    for one in [file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))] if file else []:
        if one.exists():
            one.replace(one.with_name(f"{one.name}.before"))


def engine_at(file: Path) -> sqlalchemy.Engine:
    """Open the file in which DBOS keeps its workflows, as DBOS is to use it."""
    url = make_url(f"sqlite:///{file}")
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": 30.0, "check_same_thread": False})
    event.listen(engine, "connect", _prepare)
    return engine


def _refuse_damaged(file: Path) -> None:
    """Raise LedgerloopError where the engine's file is no SQLite file or a damaged one."""
    try:
        with closing(sqlite3.connect(file)) as connection:
            said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError:
        return  # busy or not to be opened, which whoever works with it says better
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise LedgerloopError(
            f"{file} is damaged ({said}): bring it back from your backup together with the database beside it, or move"
            " it away, and the turns that it knew begin anew."
        )


def _prepare(connection: Any, _record: Any) -> None:
    """Ask SQLite for a log beside the file and for commits that survive a power cut; lend an old one the moment."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA busy_timeout = 30000")
    moments.lend(connection)
