"""Run a command while every core is kept busy by something else: ``python tests/stress.py COMMAND...``.

One process for each core counts to nothing. They are ended by their ids when the command has ended, however it did;
one whose starter was killed ends by itself.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

PIDS = "STRESS_PIDS"
"""The environment variable that tells the command which processes keep it from its cores."""

_BUSY = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(1_000_000):
        pass
"""


@contextmanager
def stress(processes: int) -> Iterator[list[int]]:
    """Keep so many cores busy while the block lasts, and give the ids of what does."""
    busy: list[subprocess.Popen[bytes]] = []
    try:
        command = [sys.executable, "-c", _BUSY, str(os.getpid())]
        busy.extend(subprocess.Popen(command, start_new_session=True) for _ in range(processes))
        yield [one.pid for one in busy]
    finally:
        for one in busy:
            one.kill()
        for one in busy:
            one.wait()


def main(command: Sequence[str]) -> int:
    """Run the command under stress, and return its status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with stress(os.cpu_count() or 1) as pids:
        print(f"Under stress: {len(pids)} cores are kept busy.", file=sys.stderr, flush=True)
        told = {**os.environ, PIDS: " ".join(map(str, pids))}
        return subprocess.run(command, check=False, env=told).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
