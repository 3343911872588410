"""Run commands as processes, as an operator does. Those that end by themselves are forked from one that is warm.

Loading everything that a command may need takes a second or two; with dozens of commands only the first pays for it.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

COMMAND = [sys.executable, "-m", "ledgerloop"]

WARM = multiprocessing.get_context("forkserver")
"""Forks processes from one that has loaded what commands need."""
WARM.set_forkserver_preload(
    ["alembic.command", *(f"ledgerloop.cli.{one}" for one in ("app", "adopt", "backfill", "doctor", "serve", "status"))]
)


@dataclass(frozen=True)
class Ended:
    """What a command left: its exit status and what it said."""

    returncode: int | None
    stdout: str
    stderr: str


def run(directory: Path, *words: str, given: str = "") -> Ended:
    """Run a command to its end."""
    with TemporaryDirectory() as place:
        files = [Path(place, name) for name in ("in", "out", "err")]
        files[0].write_text(given)
        process = WARM.Process(target=_with_files, args=(str(directory), words, [str(file) for file in files]))
        process.start()
        process.join(60)
        if process.is_alive():
            process.kill()
        return Ended(process.exitcode, files[1].read_text(), files[2].read_text())


@contextmanager
def begun(directory: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command, from a cold start, while the block lasts."""
    process = subprocess.Popen(
        [*COMMAND, *words],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("LEDGERLOOP_")},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def become(directory: str, words: tuple[str, ...]) -> None:
    """Turn this process, whose streams are those of the command, into it, with its own directory and arguments."""
    from ledgerloop.cli.app import main

    os.chdir(directory)
    for name in [name for name in os.environ if name.startswith("LEDGERLOOP_")]:
        del os.environ[name]
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = ["ledgerloop", *words]
    main()


def _with_files(directory: str, words: tuple[str, ...], files: list[str]) -> None:
    for number, file in enumerate(files):
        os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
    become(directory, words)
