"""Stand between the socket and the app: let no stranger hold a connection, memory or the log for nothing.

A proxy in front does some of this too; nothing here relies on one. Connections that send nothing, or half of a request,
are closed; heads and bodies have a largest size; and where there are as many connections as this process may have, the
one that has been silent longest makes room for the next; one that has sent a whole request before goes last.
"""

from __future__ import annotations

import asyncio
import logging
import resource
from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ledgerloop.log import Flood

LARGEST_HEAD = 64 * 1024
"""Bytes of a request that are not its body. Browsers and vendors send some hundreds."""
LARGEST_BODY = 5_000_000
"""Bytes. Xero sends kilobytes, HubSpot a hundred events at most."""
HEAD = 10.0
"""Seconds from the first moment of a connection, or of a request on it, to the end of the head."""
WHOLE = 30.0
"""Seconds in which the whole request must have come."""
MANY = 65_536
"""Files and sockets that are enough for anything."""
OURS = 256
"""Files and sockets that are not for those who call: databases, vendors, locks."""

_AROUND = 4
"""Bytes around the name and the value of a header."""

_ANSWERS = {
    408: b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    413: b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    431: b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
}

flood = Flood()


def raise_limit() -> None:
    """Let this process have as many files and sockets open as the machine lets it, within reason."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MANY if hard == resource.RLIM_INFINITY else min(hard, MANY)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class Crowd:
    """Hold the connections, the one that has been silent longest first, and make room where there are too many."""

    def __init__(self, most: int | None = None) -> None:
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.most = most or max(MANY if soft == resource.RLIM_INFINITY else soft - OURS, OURS // 4)
        self._all: dict[Guarded, None] = {}

    def enter(self, one: Guarded) -> None:
        """Take in a connection."""
        self._all[one] = None
        if len(self._all) > self.most:
            out = self._silent_longest()
            flood.warning("too many connections: the one that was silent longest is closed", most=self.most)
            self.leave(out)
            out.transport.abort()

    def _silent_longest(self) -> Guarded:
        """Choose among those that never sent a whole request, else among those that wait for no answer."""
        for idle in (lambda one: one.cycle is None, lambda one: not one.working):
            if (found := next(filter(idle, self._all), None)) is not None:
                return found
        return next(iter(self._all))

    def heard(self, one: Guarded) -> None:
        """Note that a connection has sent something."""
        if one in self._all:
            del self._all[one]
            self._all[one] = None

    def leave(self, one: Guarded) -> None:
        """Let a connection go."""
        self._all.pop(one, None)


class Guarded(HttpToolsProtocol):
    """Serve one connection, as uvicorn does, within limits."""

    def __init__(self, *given: Any, crowd: Crowd, **named: Any) -> None:
        super().__init__(*given, **named)
        self._crowd = crowd
        self._timer: TimerHandle | None = None
        self._taken = 0
        """Bytes of this request so far, less those of its body, where its end has not come yet."""
        self._head = 0
        """Bytes of its address, headers and trailers that were taken apart so far."""
        self._in_request = self._in_head = False
        self._refused = False

    @property
    def working(self) -> bool:
        """Tell whether a whole request has come that is not answered yet."""
        return not self._in_request and self.cycle is not None and not self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait(HEAD)
        self._crowd.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._wait(None)
        self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, unless the request is refused already or has too many that are no body."""
        if self._refused:
            return
        self._crowd.heard(self)
        self._taken += len(data)
        super().data_received(data)
        if self._in_request and self._taken > LARGEST_HEAD and not self._refused:
            self._refuse(431)

    def _unsupported_upgrade_warning(self) -> None:
        """Log a wish for another protocol as the flood that it may become; uvicorn would advise to install one."""
        flood.warning("a request to change to another protocol is answered as an ordinary one")

    def on_message_begin(self) -> None:
        """Begin to wait for the end of the head."""
        super().on_message_begin()
        self._in_request = self._in_head = True
        self._head = 0
        self._wait(HEAD)

    def on_url(self, url: bytes) -> None:
        """Count the address, and refuse one that is too long."""
        if self._counts(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header, or a trailer, and refuse what is too much: all of it may have come in one read."""
        if self._counts(len(name) + len(value) + _AROUND):
            super().on_header(name, value)

    def _counts(self, size: int) -> bool:
        """Add to the size of this request's head, and tell whether it is taken."""
        self._head += size
        if self._head > LARGEST_HEAD and not self._refused:
            self._refuse(431)
        return not self._refused

    def on_headers_complete(self) -> None:
        """Refuse a body that says of itself that it is too large; hand everything else on."""
        self._in_head = False
        if self._refused:
            return
        said = next((value for name, value in self.headers if name == b"content-length"), b"0")
        if int(said) > LARGEST_BODY:
            self._refuse(413)
            return
        self._wait(WHOLE)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand on a part of the body."""
        self._taken -= len(body)
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for nothing more."""
        self._in_request, self._taken = False, 0
        self._wait(None)
        if not self._refused:
            super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        flood.warning("request did not come in time", address=self.client[0] if self.client else "")
        self._refuse(408 if self._in_head else None)

    def _refuse(self, status: int | None) -> None:
        """Answer and close; nothing more is taken. Without a status the app may be answering already."""
        self._refused = True
        if not self.transport.is_closing():
            if status is not None and (self.cycle is None or self.cycle.response_complete):
                self.transport.write(_ANSWERS[status])
            self.transport.close()


class Once(logging.Filter):
    """Log what uvicorn warns of, such as bytes that are no request, once with a count."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Count warnings, and let everything else pass."""
        if record.levelno != logging.WARNING:
            return True
        flood.warning(record.getMessage())
        return False
