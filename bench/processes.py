"""Run the parts of a measurement as processes of their own, and end each of them, whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from ledgerloop.web.server import listening

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 10.0
_USER, _SYSTEM = 11, 12
"""Where a process's times stand after its name in /proc/PID/stat."""


class Broken(Exception):
    """Say that a part of the measurement did not do what it is there for."""


class Service:
    """The service under measurement, as `ledgerloop serve` runs it."""

    def __init__(self, directory: Path, url: str) -> None:
        self._command = ["-m", "ledgerloop", "serve", "--config", str(directory / "ledgerloop.toml")]
        self._log = directory / "serve.log"
        self.url = url
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self.process = _start(self._command, stdout=log, stderr=log)
        _until_answered(self.process, f"{self.url}/health", self._log)

    def kill(self) -> None:
        """Send SIGKILL, as a crash or the operating system would; what it may lose by that is nothing."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def cpu_seconds(self) -> float:
        """Return the processor time it has taken so far, which others on the machine do not change."""
        assert self.process is not None
        return cpu_seconds(self.process.pid)

    def megabytes(self) -> tuple[float, float]:
        """Return its resident memory now, and the most it ever had."""
        assert self.process is not None
        return _megabytes(self.process.pid)


@contextmanager
def vendors(directory: Path, service_url: str, data: str, organisations: int) -> Iterator[dict[str, str]]:
    """Run both sandboxes; gives their addresses."""
    command = ["-m", "bench.vendors", "--service-url", service_url, "--data", data]
    with (directory / "vendors.log").open("ab") as log:
        process = _start([*command, "--organisations", str(organisations)], stdout=subprocess.PIPE, stderr=log)
    try:
        yield _said(process, directory / "vendors.log")
    finally:
        assert process.stdin is not None
        process.stdin.close()
        end(process, ask=False)


@contextmanager
def bare_server(directory: Path, path: str) -> Iterator[tuple[str, int]]:
    """Run the server that checks signatures and stores nothing; gives the webhook's address and the process's id."""
    port = free_port()
    log = directory / "bare.log"
    with log.open("ab") as out:
        process = _start(["-m", "bench.bare", "--port", str(port), "--path", path], stdout=out, stderr=out)
    try:
        _until_answered(process, f"http://127.0.0.1:{port}/", log)
        yield f"http://127.0.0.1:{port}{path}", process.pid
    finally:
        end(process)


@contextmanager
def loader(url: str, seconds: float, connections: int, tenant: str, invoices: Path, first: int) -> Iterator[Loading]:
    """Run a process that sends signed webhooks; ended with the block if it still runs."""
    command = ["-m", "bench.loader", url, str(seconds), str(connections), tenant, str(invoices), str(first)]
    process = _start(command, stdout=subprocess.PIPE, stderr=None)
    try:
        yield Loading(process)
    finally:
        end(process)


class Loading:
    """A load that is under way."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def result(self) -> dict[str, Any]:
        """Wait for its end and return what it counted."""
        out, _ = self._process.communicate(timeout=120)
        if self._process.returncode:
            raise Broken(f"the loader ended with status {self._process.returncode}")
        counted: dict[str, Any] = json.loads(out)
        return counted


def free_port() -> int:
    """Return a port that nobody listens on."""
    with listening("127.0.0.1", 0, "ledgerloop.toml") as sock:
        port: int = sock.getsockname()[1]
    return port


def end(process: subprocess.Popen[bytes], ask: bool = True) -> None:
    """End a process that was started here: politely, then not."""
    if process.poll() is None and ask:
        process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken so far, where Linux tells it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK")


def _start(arguments: Sequence[str], stdout: Any, stderr: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=stdout, stderr=stderr)


def _said(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    """Read the one line of JSON that a process prints when it is ready."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise Broken(f"the sandboxes did not start:\n{log.read_text()[-2000:]}")
    said: dict[str, str] = json.loads(line)
    return said


def _until_answered(process: subprocess.Popen[bytes], url: str, log: Path, seconds: float = 60.0) -> None:
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        if process.poll() is not None:
            raise Broken(f"a server ended by itself:\n{log.read_text()[-2000:]}")
        try:
            httpx2.get(url, trust_env=False, timeout=5.0)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise Broken(f"nobody answers at {url}")


def _megabytes(pid: int) -> tuple[float, float]:
    """Read a process's memory where Linux tells it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = {name: value for name, _, value in (line.partition(":") for line in lines)}
    now, most = (int(told[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return round(now, 1), round(most, 1)
