"""Commands and services as processes that are forked from one which has loaded everything, as far as tests may.

A cold start takes more of the processor's time than most commands do. What is about the start itself begins cold.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TextIO

WARM = multiprocessing.get_context("forkserver")
"""Forks processes from one that has loaded what commands need."""
WARM.set_forkserver_preload(
    [
        "alembic.command",
        "authlib.integrations.httpx_client",
        "ledgerloop_sandbox.cli",
        "psycopg",
        *(
            f"ledgerloop.cli.{one}"
            for one in (
                *(
                    "adopt",
                    "app",
                    "backfill",
                    "backup",
                    "connect",
                    "demo",
                    "disconnect",
                    "doctor",
                    "keys",
                    "link",
                    "plan",
                ),
                *("secret", "serve", "status"),
            )
        ),
    ]
)

_LONG = 120
"""Seconds that a command may take."""


@dataclass(frozen=True)
class Ended:
    """What a command left: its exit status and what it said."""

    returncode: int | None
    stdout: str
    stderr: str


def run_to_end(
    directory: Path, words: Sequence[str], *, given: str = "", environment: Mapping[str, str] | None = None
) -> Ended:
    """Run a command to its end."""
    with TemporaryDirectory() as place:
        files = [Path(place, name) for name in ("in", "out", "err")]
        files[0].write_text(given)
        order = (str(directory), tuple(words), dict(os.environ if environment is None else environment))
        process = WARM.Process(target=_with_files, args=([str(file) for file in files], *order))
        process.start()
        process.join(_LONG)
        if process.is_alive():
            process.kill()
        return Ended(process.exitcode, files[1].read_text(), files[2].read_text())


class Forked:
    """A command in a process of its own, with what ``subprocess.Popen`` has for text.

    ``out`` and ``err`` are open files that it writes to; where none is given, its words can be read here.
    """

    def __init__(
        self,
        directory: Path,
        words: Sequence[str],
        *,
        out: IO[bytes] | None = None,
        err: IO[bytes] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.args = ["ledgerloop", *words]
        self.stdout: TextIO | None = None
        self.stderr: TextIO | None = None
        with ExitStack() as stack:
            ends = [self._end(stack, "stdout", out), self._end(stack, "stderr", err)]
            order = (str(directory), tuple(words), dict(os.environ if environment is None else environment))
            self._process = WARM.Process(target=_on_streams, args=(*ends, *order))
            self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit status; none while it runs, and less than nothing where a signal has ended it."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return the exit status; none while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self._process.exitcode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Read to the end what it says, wait for its end, and return both streams."""
        with ThreadPoolExecutor(2) as both:
            read = [both.submit(_rest, stream) for stream in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            out, err = (one.result() for one in read)
        return out, err

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a crash would."""
        self.send_signal(signal.SIGKILL)

    def _end(self, stack: ExitStack, name: str, given: IO[bytes] | None) -> Connection:
        """Return where it is to write, as multiprocessing hands it on; what it says is read here unless given."""
        if given is not None:
            theirs = os.dup(given.fileno())
        else:
            ours, theirs = os.pipe()
            setattr(self, name, os.fdopen(ours, encoding="utf-8", errors="replace"))
        return stack.enter_context(Connection(theirs))


def become(directory: str, words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Turn this process, whose streams are those of the command, into it, in a directory and an environment."""
    from ledgerloop.__main__ import main

    os.chdir(directory)
    os.environ.clear()
    os.environ.update({name: value for name, value in environment.items() if not name.startswith("LEDGERLOOP_")})
    tempfile.tempdir = None  # it is asked for anew, in this environment
    # Undo what a shell does to whatever it runs in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = ["ledgerloop", *words]
    main()


def _with_files(files: Sequence[str], directory: str, words: Sequence[str], environment: Mapping[str, str]) -> None:
    for number, file in enumerate(files):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
    become(directory, words, environment)


def _on_streams(
    out: Connection, err: Connection, directory: str, words: Sequence[str], environment: Mapping[str, str]
) -> None:
    for number, theirs in ((1, out), (2, err)):
        os.dup2(theirs.fileno(), number)
        theirs.close()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    become(directory, words, environment)


def _rest(stream: TextIO | None) -> str:
    if stream is None or stream.closed:
        return ""
    with stream:
        return stream.read()
