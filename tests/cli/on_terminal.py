"""Run the installed command on a pseudo-terminal, as a person does: with a width, questions, answers and Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from forked import WARM, become

INSTALLED = Path(sys.executable).with_name("ledgerloop")
CTRL_C = "\x03"
PATIENCE = 120.0
_AS_SESSION = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background of a script ignores it
os.login_tty(int(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Hidden(str):
    """What is typed only once the terminal no longer shows it."""


@dataclass(frozen=True)
class Typed:
    """What a command left on the terminal: its exit status and everything it wrote, as it came and as it reads."""

    returncode: int
    raw: str

    @property
    def text(self) -> str:
        """What was written, without colours and movements."""
        return _CONTROL.sub("", self.raw).replace("\r\n", "\n")


class _Process(Protocol):
    def kill(self) -> None: ...
    def wait(self, timeout: float) -> int: ...


class _Forked:
    """A command that was forked from a process which has loaded everything."""

    def __init__(self, directory: Path, words: tuple[str, ...], environment: dict[str, str], theirs: int) -> None:
        terminal = Connection(os.dup(theirs))  # what multiprocessing hands on to a process that it forks elsewhere
        self._process = WARM.Process(target=_on_terminal, args=(terminal, str(directory), words, environment))
        self._process.start()
        terminal.close()

    def kill(self) -> None:
        self._process.kill()

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        assert self._process.exitcode is not None
        return self._process.exitcode


def typed(
    directory: Path, columns: int, *words: str, answers: Sequence[tuple[str, str]] = (), warm: bool = False
) -> Typed:
    """Run a command on a terminal of a width; whenever the next of the texts is shown, type what belongs to it.

    It is the installed one, from a cold start, or forked from a process that is ``warm``.
    """
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEDGERLOOP_")}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CI"):
        environment.pop(name, None)
    environment["TERM"] = "xterm-256color"
    process: _Process
    if warm:
        process = _Forked(directory, words, environment, theirs)
    else:
        command = [sys.executable, "-c", _AS_SESSION, str(theirs), str(INSTALLED), *words]
        process = subprocess.Popen(command, cwd=directory, env=environment, pass_fds=[theirs])
    os.close(theirs)
    written, left, seen = b"", list(answers), 0
    until = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < until:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            try:
                some = os.read(ours, 65536)
            except OSError:  # the last who had the terminal open has closed it
                break
            if not some:
                break
            written += some
            while left and left[0][0].encode() in written[seen:]:
                seen = len(written)
                answer = left.pop(0)[1]
                while isinstance(answer, Hidden) and termios.tcgetattr(ours)[3] & termios.ECHO:
                    assert time.monotonic() < until, "what is typed would be shown"
                    time.sleep(0.01)
                os.write(ours, answer.encode())
        else:
            process.kill()
            raise AssertionError(f"`{' '.join(words)}` did not end; it wrote:\n{written.decode(errors='replace')}")
        return Typed(process.wait(PATIENCE), written.decode("utf-8", "replace"))
    finally:
        os.close(ours)


def _on_terminal(terminal: Connection, directory: str, words: tuple[str, ...], environment: dict[str, str]) -> None:
    os.login_tty(terminal.fileno())
    become(directory, words, environment)
