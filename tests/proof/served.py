"""The real service in processes that may be killed, beside both sandboxes; and words for what is done to it."""

from __future__ import annotations

import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2
from scene import Scene

from free_ports import free_port
from ledgerloop import settings as settings_
from ledgerloop.bootstrap import build
from ledgerloop.cli.stage import (
    PATIENCE,
    Sections,
    Stage,
    connect_hubspot,
    connect_xero,
    furnish,
    log_in,
    register_webhooks,
)
from ledgerloop.invoices.poll import CURSOR as POLLED
from ledgerloop.store import connections, cooldowns, cursors, inbox, lanes, single_values
from ledgerloop.store.cursors import CAUGHT_UP
from ledgerloop_sandbox.server import Sandbox
from ledgerloop_sandbox.server import running as sandbox_running

_LONGEST = 4 * 3600.0
"""Seconds that go by at once at most; both vendors try for a day to deliver a webhook."""


class Host:
    """Fork services from a process that has imported everything."""

    def __enter__(self) -> Self:
        command = [sys.executable, str(Path(__file__).with_name("host.py"))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._answers = self._process.stdin, self._process.stdout
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._orders.close()
        self._process.wait(10)
        self._answers.close()

    def start(self, **order: str) -> int:
        """Start a service, and return its process id."""
        print(json.dumps(order), file=self._orders, flush=True)
        return int(self._answers.readline())


class Served(Scene):
    """A scene whose service runs in processes of its own: killed, started again, and told what time it is."""

    def __init__(self, on: Stage, sandbox: Sandbox, host: Host, directory: Path, ports: dict[str, int]) -> None:
        super().__init__(on)
        self.sandbox, self.directory, self.ports = sandbox, directory, ports
        self._host = host
        self._pids: dict[str, int] = {}
        self._aims, self._ahead = 0, 0.0
        self.expired_at = 0.0
        (directory / "trace").touch()

    # --- the processes ---

    def start(self, worker: str = "one", *, watch: bool = False) -> None:
        """Start the service and wait until it answers."""
        port = self.ports[worker]
        self._pids[worker] = self._host.start(
            directory=str(self.directory), worker=worker, port=str(port), watch="yes" if watch else ""
        )
        end = time.monotonic() + PATIENCE
        while not self._answers(port):
            assert self.alive(worker), f"the service ended at its start:\n{self.log()[-4000:]}"
            assert time.monotonic() < end, "the service did not answer"
            time.sleep(0.01)

    def kill(self, worker: str = "one") -> None:
        """Send SIGKILL, as a crash or the operating system would."""
        if self.alive(worker):
            os.kill(self._pids[worker], signal.SIGKILL)
        self.until_dead(worker)

    def alive(self, worker: str = "one") -> bool:
        """Tell whether a worker's process is there."""
        try:
            os.kill(self._pids[worker], 0)
        except (KeyError, ProcessLookupError):
            return False
        return True

    def until_dead(self, worker: str = "one", seconds: float = 10.0) -> bool:
        """Wait until a worker's process is gone, and tell whether it is."""
        end = time.monotonic() + seconds
        while self.alive(worker):
            if time.monotonic() > end:
                return False
            time.sleep(0.005)
        return True

    def log(self) -> str:
        """Return what the service has logged."""
        file = self.directory / "serve.log"
        return file.read_text() if file.exists() else ""

    def last_words(self) -> str:
        """Return the end of the log, with what every thread is doing."""
        for worker in filter(self.alive, self.ports):
            os.kill(self._pids[worker], signal.SIGUSR1)
        time.sleep(0.3)
        return self.log()[-12_000:]

    def _answers(self, port: int) -> bool:
        try:
            return self.on.control.get(f"http://127.0.0.1:{port}/health").status_code in (200, 503)
        except httpx2.TransportError:
            return False

    def connect_also(self, organisation: str) -> str:
        """Connect one more organisation and return its id; people act where they acted before.

        The service begins anew then: it keeps a token for half a minute, and time goes so fast here that the tokens of
        both consents would expire before that.
        """
        before = self.on.organisation
        connect_xero(self.on, organisation)
        self.settle()
        self.kill()
        self.start(watch=True)
        also, self.on.organisation = self.on.organisation, before
        return also

    # --- the points ---

    def aim(self, point: str = "-") -> None:
        """Count the points anew from here, and die at this one; without one, only write them down."""
        self._aims += 1
        (self.directory / "trace").write_text("")
        aiming = self.directory / "aim.new"
        aiming.write_text(f"{self._aims} {point}")
        aiming.rename(self.directory / "aim")

    def trace(self) -> list[str]:
        """Return the points that were reached since the last aim, in their order."""
        return (self.directory / "trace").read_text().splitlines()

    # --- time ---

    def pass_time(self, seconds: float) -> None:
        """Let time go by, for both vendors and for the service."""
        self._ahead += seconds
        self.sandbox.hubspot.target.ahead = self._ahead
        with (self.directory / "ahead").open("r+b") as opened, mmap.mmap(opened.fileno(), 8) as ahead:
            ahead[:] = struct.pack("d", self._ahead)
        self.sandbox.clock.shift(seconds)

    def settle(self, seconds: float = PATIENCE) -> None:
        """Wait until nothing is to be done; let time go by for what a vendor sends again later, which may be hours."""
        seconds = max(seconds, PATIENCE)
        end, still, began, later = time.monotonic() + seconds, 0, time.monotonic(), 120.0
        while still < 3:
            why = self.why_busy()
            assert time.monotonic() < end, f"not quiet after {seconds} s: {why or self.attempts()}\n{self.last_words()}"
            still = 0 if self.busy() else still + 1
            if not why and self.on_their_way() and time.monotonic() - began > 1:
                self.pass_time(later)
                began, later = time.monotonic(), min(2 * later, _LONGEST)
            time.sleep(0.03)

    def look_round(self, later: float, seconds: float = PATIENCE) -> None:
        """Let time go by, wait until the service has looked at all that nobody told it of, and until all is quiet.

        Quiet alone does not say so: until the service asks next what is due, a deal of which no webhook came is
        nowhere to be seen, neither in the inbox nor in a lane.
        """
        since = datetime.now(UTC) + timedelta(seconds=self._ahead + later)
        self.pass_time(later)
        end = time.monotonic() + max(seconds, PATIENCE)
        while unseen := self.not_looked_at(since):
            assert time.monotonic() < end, f"not looked at since {since}: {unseen}\n{self.last_words()}"
            time.sleep(0.03)
        self.settle(seconds)

    # --- looking ---

    def on_their_way(self) -> int:
        """Count the webhooks that a vendor is about to send, is sending, or will send again."""
        vendors = (self.sandbox.xero, self.sandbox.hubspot)
        return sum(one.webhooks()["waiting"] + one.delivery.pending for one in vendors)

    def attempts(self) -> list[dict[str, object]]:
        """Return the last attempts to deliver a webhook."""
        last = [*self.sandbox.xero.delivery.attempts[-5:], *self.sandbox.hubspot.delivery.attempts[-5:]]
        return [{name: value for name, value in one.items() if name != "body"} for one in last]

    def busy(self) -> bool:
        """Tell whether a webhook is under way or anything is still to be done."""
        return bool(self.on_their_way() or self.why_busy())

    def running(self) -> bool:
        """Tell whether a turn runs, or is about to."""
        with self.built.database.reading() as tx:
            return any(one.begun_at or (one.wanted and not one.parked_until) for one in lanes.all_lanes(tx))

    def not_looked_at(self, since: datetime) -> list[str]:
        """Name the portals not searched, and the organisations not pulled from, since a moment and in its day."""
        with self.built.database.reading() as tx:
            homes = connections.organisations(tx)
            cursor_of = {one.id: cursors.get(tx, one.id, CAUGHT_UP) for one in homes}
            cursor_of |= {one.id: cursors.get(tx, one.id, POLLED) for one in connections.all_connected(tx, "hubspot")}
            days = {one.id: single_values.get(tx, single_values.DAY.of(one.id)) for one in homes}
        unseen = [key for key, one in cursor_of.items() if one.highest is None or one.highest < since]
        return unseen + [one.id for one in homes if (days[one.id] or date.min) < one.day(since)]

    def why_busy(self) -> str:
        """Say what is still to be done; nothing when all is quiet."""
        with self.built.database.reading() as tx:
            busy = [one for one in lanes.all_lanes(tx) if one.begun_at or one.wanted]
            waiting = inbox.waiting(tx)
            resting = [
                one.id for one in connections.organisations(tx) if cooldowns.get(tx, cooldowns.name("emails", one.id))
            ]
        return f"{waiting} events, {busy}, emails of {resting}" if busy or waiting or resting else ""


@contextmanager
def served(
    host: Host, directory: Path, database: str, *, more: Sections | None = None, workers: tuple[str, ...] = ("one",)
) -> Iterator[Served]:
    """Furnish a directory, start both sandboxes and the first worker, connect both vendors; end everything after."""
    ports = {worker: free_port() for worker in workers}
    service_url = f"http://127.0.0.1:{ports[workers[0]]}"
    sections: dict[str, Mapping[str, object]] = {"service": {"port": ports[workers[0]], "database": database}}
    sections |= {"brake": {"create": 10**6, "update": 10**6, "invoices": 10**6}, **(more or {})}
    (directory / "ahead").write_bytes(struct.pack("d", 0.0))
    with sandbox_running(service_url=service_url) as sandbox, httpx2.Client(timeout=10.0, verify=False) as control:
        password = furnish(directory, sandbox, service_url, sections)
        built = build(settings_.load(directory / "ledgerloop.toml"))
        with httpx2.Client(base_url=service_url, follow_redirects=True, timeout=30.0, verify=False) as browser:
            on = Stage(sandbox.xero_url, sandbox.hubspot_url, service_url, password, built, browser, control)
            scene = Served(on, sandbox, host, directory, ports)
            try:
                scene.start(workers[0], watch=True)
                scene.configure("hubspot", search_lag_create=0, search_lag_update=0, limits=False)
                scene.configure("xero", minute_limit=100_000, concurrent_limit=100, day_limit=10_000_000)
                register_webhooks(on)
                log_in(on)
                connect_xero(on, "Kiwi Demo Ltd")
                connect_hubspot(on)
                scene.settle()
                yield scene
            finally:
                for worker in workers:
                    scene.kill(worker)
                built.vendors.close()
                built.database.close()
