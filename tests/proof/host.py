"""Start the service again and again without paying for its imports: each start is a fork of a process that has them.

Run as a script. Each line on stdin orders one start and is answered with the process id; the child is an ordinary
process of its own, which may be killed. Time comes in from outside: the real one, plus what a shared file says. Where
hours go by, they do so for the engine's intervals too.
"""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import random
import signal
import struct
import sys
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from points import Points

from ledgerloop import log
from ledgerloop import settings as settings_
from ledgerloop.bootstrap import build
from ledgerloop.cli import app as _all_that_is_imported
from ledgerloop.clock import Clock
from ledgerloop.web import server
from ledgerloop.web.app import create_app


def main() -> None:
    """Take orders until stdin ends."""
    assert _all_that_is_imported
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave no trace, so that their absence can be seen
    while line := sys.stdin.readline():
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(order)
        print(child, flush=True)


def _become(order: Mapping[str, str]) -> None:
    """Be the service, as `ledgerloop serve` is, until the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    directory = Path(order["directory"])
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(os.open(directory / "serve.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), stream)
    random.seed()
    faulthandler.register(signal.SIGUSR1)  # whoever waits in vain may ask what every thread is doing
    status = 1
    try:
        if order.get("watch"):
            Points(directory).watch()
        settings = settings_.load(directory / "ledgerloop.toml")
        log.configure("info", "json")
        sock = server.listening(settings.service.host, int(order["port"]), "")
        built = build(settings, worker=order["worker"], clock=Shifted(directory / "ahead"))
        server.serve(create_app(built), sock)
        status = 0
    except Exception:
        traceback.print_exc()  # the log is all that is left of this process
    finally:
        sys.stderr.flush()
        os._exit(status)


class Shifted(Clock):
    """The machine's clock, so many seconds ahead as a file says that all processes share."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self._shared = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)

    def now(self) -> datetime:
        """Tell the moment."""
        return super().now() + timedelta(seconds=self._ahead())

    def monotonic(self) -> float:
        """Tell the seconds, those that were leapt over included."""
        return super().monotonic() + self._ahead()

    def _ahead(self) -> float:
        return float(struct.unpack("d", self._shared[:])[0])


if __name__ == "__main__":
    main()
