"""Find the points at which a process may die: before and after each request, before and after each commit that wrote.

Each point is written down by name and number, and the process ends itself with SIGKILL at the one that is aimed at.
Nothing of the product is changed: the HTTP transport and the database's own event hooks are listened to.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect

_WRITES = re.compile(r'\s*(?:INSERT (?:OR \w+ )?INTO|UPDATE|DELETE FROM)\s+(?:"?\w+"?\.)?"?(\w+)', re.IGNORECASE)
_IDS = re.compile(r"/(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d{5,})(?=/|$)")


class Points:
    """Write points down in a file, and die at the one that another file names. Another file has all that is written."""

    def __init__(self, directory: Path) -> None:
        self._aim = directory / "aim"
        self._trace = os.open(directory / "trace", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._writes = os.open(directory / "writes", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()
        self._aimed = ""
        self._seen: Counter[str] = Counter()

    def reach(self, point: str) -> None:
        """Say that a point is reached. The numbers begin anew with each aim."""
        with self._lock:
            aimed = self._aim.read_text() if self._aim.exists() else ""
            if aimed != self._aimed:
                self._aimed, self._seen = aimed, Counter()
            self._seen[point] += 1
            here = f"{self._seen[point]} {point}"
            os.write(self._trace, f"{here}\n".encode())
            if aimed.partition(" ")[2] == here:
                os.write(self._trace, b"killed\n")
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Begin to find points in this process."""
        self._watch_requests()
        self._watch_commits()

    def _watch_requests(self) -> None:
        send = httpx2.HTTPTransport.handle_request

        def watched(transport: httpx2.HTTPTransport, request: httpx2.Request) -> httpx2.Response:
            name = f"{request.method} {_IDS.sub('/{id}', request.url.path)}"
            self.reach(f"before {name}")
            if name.endswith(("/batch/create", "/batch/update")):
                os.write(self._writes, f"{name.split('/')[-3]} {request.read().decode()}\n".encode())
            response = send(transport, request)
            self.reach(f"after {name}")
            return response

        httpx2.HTTPTransport.handle_request = watched  # type: ignore[method-assign]

    def _watch_commits(self) -> None:
        commit = DefaultDialect.do_commit
        here = threading.local()

        @event.listens_for(Engine, "after_cursor_execute")
        def note(connection: Any, cursor: Any, statement: str, *_more: Any) -> None:
            written = _WRITES.match(statement)
            # What changed no row is no write; where rows come back, their number is not known yet.
            if written and (cursor.rowcount != 0 or "RETURNING" in statement):
                connection.info.setdefault("written", set()).add(written[1])

        @event.listens_for(Engine, "begin")
        @event.listens_for(Engine, "rollback")
        def forget(connection: Any) -> None:
            connection.info.pop("written", None)

        @event.listens_for(Engine, "commit")
        def before(connection: Any) -> None:
            here.name = "+".join(sorted(connection.info.pop("written", ())))
            if here.name:
                self.reach(f"before commit of {here.name}")

        def watched(dialect: DefaultDialect, connection: Any) -> None:
            commit(dialect, connection)
            name, here.name = getattr(here, "name", ""), ""
            if name:
                self.reach(f"after commit of {name}")

        DefaultDialect.do_commit = watched  # type: ignore[method-assign]
