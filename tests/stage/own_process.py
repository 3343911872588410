"""The service and its commands as processes of their own, beside both sandboxes: killed and started again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx2
from scene import Scene, showing_all

from forked import Forked
from free_ports import free_port
from ledgerloop import settings as settings_
from ledgerloop.bootstrap import build
from ledgerloop.cli.stage import (
    PATIENCE,
    Stage,
    connect_hubspot,
    connect_xero,
    furnish,
    log_in,
    open_browser,
    register_webhooks,
)
from ledgerloop_sandbox.server import Sandbox
from ledgerloop_sandbox.server import running as sandbox_running


class Served(Scene):
    """A scene whose service runs in a process of its own, which may be killed and started again."""

    def __init__(self, on: Stage, sandbox: Sandbox, directory: Path) -> None:
        super().__init__(on)
        self.sandbox = sandbox
        self._file = directory / "ledgerloop.toml"
        self._log = (directory / "serve.log").open("ab")
        self.process: Forked | None = None

    def start(self) -> None:
        """Start `ledgerloop serve` and wait until it answers."""
        words = ["serve", "--config", str(self._file)]
        self.process = Forked(self._file.parent, words, out=self._log, err=self._log)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, Path(self._log.name).read_text()
            try:
                self.on.control.get(f"{self.on.service_url}/health")
                return
            except httpx2.ConnectError:
                time.sleep(0.05)
        raise AssertionError("the service did not answer")

    def kill(self) -> None:
        """Send SIGKILL, as a crash or the operating system would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the process, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self._log.close()


@contextmanager
def running_process(
    directory: Path,
    database: str,
    before: Callable[[Served], None] = lambda served: None,
    more: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> Iterator[Served]:
    """Run the service as a process and connect both vendors; ``before`` that people do what they did already.

    ``more`` are settings beside those that it needs.
    """
    port = free_port()
    service_url = f"http://127.0.0.1:{port}"
    with sandbox_running(service_url=service_url) as sandbox, httpx2.Client(timeout=PATIENCE, verify=False) as control:
        needed = {"service": {**more.get("service", {}), "port": port, "database": database}}
        password = furnish(directory, sandbox, service_url, showing_all({**more, **needed}))
        built = build(settings_.load(directory / "ledgerloop.toml"))
        with open_browser(service_url) as browser:
            on = Stage(sandbox.xero_url, sandbox.hubspot_url, service_url, password, built, browser, control)
            served = Served(on, sandbox, directory)
            try:
                served.start()
                register_webhooks(on)
                log_in(on)
                before(served)
                connect_xero(on, "Kiwi Demo Ltd")
                connect_hubspot(on)
                served.settle()
                yield served
            finally:
                served.close()
                built.vendors.close()
                built.database.close()


def until_held_up(served: Served, vendor: str) -> None:
    """Wait until a call has met the fault and no webhook is on its way: one that meets nobody comes a minute later."""
    url = f"{served.url(vendor)}/_sandbox/faults"

    def look() -> bool | None:
        return any(one["taken"] for one in served.on.control.get(url).json()["faults"]) or None

    served.on.until("a call is held up", look, 15)
    served.on.until("no webhook is on its way", lambda: not served.on_their_way() or None)


class Command:
    """The command as a process."""

    def __init__(self, served: Served, directory: Path, *arguments: str) -> None:
        self.served = served
        self.process = Forked(directory, [*arguments, "--config", str(directory / "ledgerloop.toml")])

    def until_told(self, words: str) -> None:
        """Read what it tells people until it says this."""
        assert self.process.stderr is not None
        told = []
        while not told or words not in told[-1]:
            told.append(self.process.stderr.readline())
            assert told[-1], "".join(told)

    def out(self, status: int = 0, seconds: float = 180) -> str:
        """Wait for its end and return what it printed."""
        out, err = self.process.communicate(timeout=seconds)
        assert status == self.process.returncode, err + out
        return out

    def json(self) -> Any:
        """Return the JSON it printed."""
        return json.loads(self.out())
