"""A real HTTP server on a real socket that plays a script, one step for each request, and remembers what it got."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reply:
    """Answer with this; a body that is no text is sent as JSON."""

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True)
class Drop:
    """Reset the connection: before the request is read, or after it."""

    after_reading: bool = True


@dataclass(frozen=True)
class Cut:
    """Promise a body and stop in its middle."""

    body: str = '{"Invoices":[{"InvoiceID":"046d"}]}'


Step = Reply | Drop | Cut


@dataclass(frozen=True)
class Request:
    """What the server was sent."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Script:
    """The steps to play and the requests that came. Past the last step, the last one is played again."""

    steps: list[Step]
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> Step:
        """Return the step for the next request."""
        with self.lock:
            return self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]
        while self.rfile.peek(1):
            step = script.next()
            if step == Drop(after_reading=False):
                self._reset()
                return
            request = self._read()
            with script.lock:
                script.requests.append(request)
            match step:
                case Drop():
                    self._reset()
                    return
                case Cut(body):
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                    self.wfile.write(body[: len(body) // 2].encode())
                    return
                case Reply(status, body, headers, delay):
                    time.sleep(delay)
                    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(content)}"]
                    lines += [f"{name}: {value}" for name, value in headers.items()]
                    self.wfile.write("\r\n".join([*lines, "", ""]).encode() + (b"" if status == 204 else content))

    def _read(self) -> Request:
        method, target, _ = self.rfile.readline().decode().split(" ", 2)
        headers: dict[str, str] = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Request(method, target, headers, self.rfile.read(int(headers.get("content-length", "0"))))

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # the connection was reset on purpose
            super().finish()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of callers that went away."""


@contextmanager
def playing(*steps: Step) -> Iterator[Script]:
    """Play the steps on a free loopback port while the block lasts."""
    script = Script(list(steps))
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.script = script  # type: ignore[attr-defined]
        script.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join(5)
