"""Find ports for services that are started later, so that nobody else's is there by then.

A port that the system would hand out itself may go to any connection meanwhile, and another test's service on it would
answer in the place of ours. So these are others, and each is marked as taken for as long as this process lives.
"""

from __future__ import annotations

import os
import socket
from itertools import count

_FIRST, _COUNT = 10_000, 20_000
"""Below those that Linux, macOS and Windows hand out."""
_STEP = 617
"""Processes that start one after the other look in different places first."""
_marks: list[socket.socket] = []


def free_port() -> int:
    """Return a loopback port on which nobody listens, and which nobody else gets from here."""
    for offset in count():
        port = _FIRST + (os.getpid() * _STEP + offset) % _COUNT
        mark = socket.socket(type=socket.SOCK_DGRAM)  # others of us mark the same, and no service notices
        try:
            mark.bind(("127.0.0.1", port))
            with socket.socket() as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        _marks.append(mark)
        return port
    raise AssertionError
