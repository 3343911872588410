"""A service that is attacked: `ledgerloop serve` as a process, with no vendor in reach, and what is sent to it."""

from __future__ import annotations

import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import web_scene

from forked import Forked
from free_ports import free_port
from ledgerloop.xero import webhooks as xero

T = TypeVar("T")

LONG = 90.0
"""Seconds that anything is waited for: a busy machine is no reason to call the service broken."""


def until(what: str, look: Callable[[], T | None], seconds: float = LONG) -> T:
    """Look until there is something."""
    end = time.monotonic() + seconds
    while (seen := look()) is None:
        assert time.monotonic() < end, f"waited {seconds:.0f} s in vain: {what}"
        time.sleep(0.05)
    return seen


class Attacked:
    """The service in a process of its own."""

    def __init__(
        self,
        directory: Path,
        database_url: str,
        sections: Mapping[str, dict[str, object]],
        descriptors: tuple[int, int] | None = None,
    ) -> None:
        """Furnish it. ``descriptors`` are how many files and sockets it may have open: the soft limit and the hard."""
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        nowhere = "http://127.0.0.1:9"
        wanted: dict[str, dict[str, object]] = {
            "service": {"public_url": self.url, "port": self.port},
            "xero": {"api_url": nowhere, "identity_url": nowhere, "login_url": nowhere},
            "hubspot": {"api_url": nowhere},
        }
        for name, values in sections.items():
            wanted[name] = wanted.get(name, {}) | values
        web_scene.furnish(directory, database_url, wanted)
        self._file, self._log = directory / "ledgerloop.toml", directory / "serve.log"
        self._descriptors = descriptors
        self.client = httpx2.Client(base_url=self.url, timeout=LONG, verify=False)
        self.process: subprocess.Popen[bytes] | Forked | None = None

    def start(self) -> None:
        """Start `ledgerloop serve` and wait until it answers."""
        words = ["serve", "--config", str(self._file)]
        with self._log.open("ab") as log:
            if self._descriptors is None:
                self.process = Forked(self._file.parent, words, out=log, err=log)
            else:
                command = [sys.executable, "-m", "ledgerloop", *words]
                self.process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=self._limit)
        until("the service answers", self._answers)

    def close(self) -> None:
        """End the process, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.client.close()

    def terminate(self) -> int:
        """Ask it to end, wait until it has, and return its status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LONG)

    def log(self) -> str:
        """Return what it has logged."""
        return self._log.read_text()

    def webhook(self, body: bytes | None = None) -> httpx2.Response:
        """Send a webhook as Xero does, with an event that is new."""
        body = web_scene.xero_body(web_scene.xero_event()) if body is None else body
        return self.client.post("/webhooks/xero", content=body, headers={"x-xero-signature": self.signed(body)})

    def signed(self, body: bytes) -> str:
        """Sign as Xero does."""
        return xero.sign(body, web_scene.KEY)

    def connect(self) -> socket.socket:
        """Open a connection and send nothing."""
        return socket.create_connection(("127.0.0.1", self.port), LONG)

    def health(self) -> Any:
        """Return what the service says of itself."""
        return self.client.get("/health").json()

    def _answers(self) -> bool | None:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            self.client.get("/health")
        except httpx2.TransportError:
            return None
        return True

    def _limit(self) -> None:
        assert self._descriptors is not None
        resource.setrlimit(resource.RLIMIT_NOFILE, self._descriptors)
