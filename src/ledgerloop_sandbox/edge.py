"""Stand between the socket and a vendor's API: latency, faults, gzip and the log of calls."""

import asyncio
import gzip
import json
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ledgerloop_sandbox.calls import Call
from ledgerloop_sandbox.faults import Fault
from ledgerloop_sandbox.vendor import Vendor

_LOOK_EVERY = 0.02
"""Seconds between two looks whether a fault that holds something up was removed."""
_HTML = (
    "<!DOCTYPE html><html><head><title>{status}</title></head>"
    "<body><h1>{status}</h1><p>The request could not be satisfied.</p></body></html>"
)


@dataclass(slots=True)
class Note:
    """Carry what a vendor's API and the edge tell each other about one call, as `scope["note"]`."""

    organisation: str | None = None
    person: bool = False
    """The call is made by a person in the vendor's own user interface: no token, no quota."""
    done: list[Callable[[], None]] = field(default_factory=list)
    """What to do when the answer has left, such as giving a concurrency slot back."""


class Protocol(HttpToolsProtocol):
    """Hand the connection to the edge, which may have to reset it."""

    def on_message_begin(self) -> None:
        """Put the connection into the scope of the request that begins."""
        super().on_message_begin()
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]


@dataclass(slots=True)
class _Answer:
    """Collect an answer before it is sent, so that it can be delayed, cut or thrown away."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    async def collect(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = list(message.get("headers", []))
        else:
            self.body += message.get("body", b"")

    def header(self, name: bytes) -> bytes | None:
        return next((value for key, value in self.headers if key.lower() == name), None)

    def set_body(self, body: bytes, *extra: tuple[bytes, bytes]) -> None:
        self.body = bytearray(body)
        self.headers = [pair for pair in self.headers if pair[0].lower() != b"content-length"]
        self.headers += [(b"content-length", str(len(body)).encode()), *extra]


class Edge:
    """Wrap a vendor's API as ASGI middleware."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self._under_way: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as the vendor's API does or as a fault says."""
        vendor, began, at = self.vendor, time.perf_counter(), self.vendor.clock.now()
        note = scope["note"] = Note()
        method, path = scope["method"], scope["path"]
        fault = vendor.faults.take_for_call(method, path)
        answer, bytes_in, status = _Answer(), 0, 0
        try:
            request = await _body(receive)
            if request is None:
                return  # its sender died in the middle of it, so it asks for nothing
            bytes_in = len(request)
            if fault is not None and fault.kind == "reset_before":
                await _reset(scope)
                return
            if fault is not None and fault.kind == "late":
                await self._hold_up(fault)
            if fault is not None and fault.kind in ("partial", "reset_late"):
                await self._work_slowly(fault, scope, request)
                await _reset(scope)
                return
            await self._answer(answer, fault, scope, request)
            await self._wait(fault)
            if fault is not None and fault.kind == "reset_after":
                await _reset(scope)
                return
            status = answer.status
            _finish(answer, fault, scope)
            await _send(answer, fault, scope, send)
        finally:
            for done in note.done:
                done()
            vendor.calls.append(
                Call(
                    at=at,
                    vendor=vendor.name,
                    method=method,
                    path=path,
                    query=scope["query_string"].decode("latin-1"),
                    status=status,
                    milliseconds=(time.perf_counter() - began) * 1000,
                    organisation=note.organisation,
                    bytes_in=bytes_in,
                    bytes_out=len(answer.body) if status else 0,
                    fault=fault.kind if fault else None,
                )
            )

    async def _answer(self, answer: _Answer, fault: Fault | None, scope: Scope, request: bytes) -> None:
        kind = fault.kind if fault else None
        if kind == "expire_tokens":
            self.vendor.expire_tokens()
        elif kind == "revoke_tokens":
            self.vendor.revoke_tokens()
        instead = fault is not None and kind in ("status", "html")
        if not instead or (fault is not None and fault.after):
            await call(self.vendor.api, scope, request, answer.collect)
        if instead and fault is not None:
            _replace(answer, fault)

    async def _work_slowly(self, fault: Fault, scope: Scope, request: bytes) -> None:
        """Commit the first elements of a batch now and the others later, or all of it later.

        The key of what is committed in parts is known only once all is done; what arrives late has its key.
        """
        rest: bytes | None = request
        if fault.kind == "partial":
            first, rest = _cut(request, fault.first)
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() != b"idempotency-key"]}
            await call(self.vendor.api, scope, first, _Answer().collect)
        if rest is not None:
            task = asyncio.create_task(self._rest(fault, scope, rest))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _rest(self, fault: Fault, scope: Scope, request: bytes) -> None:
        await self._hold_up(fault)
        note = Note()
        try:
            await call(self.vendor.api, {**scope, "note": note}, request, _Answer().collect)
        finally:
            for done in note.done:
                done()

    async def _wait(self, fault: Fault | None) -> None:
        if self.vendor.latency_ms > 0:
            await asyncio.sleep(self.vendor.latency_ms / 1000)
        if fault is not None and fault.kind in ("delay", "status", "html"):
            await self._hold_up(fault)

    async def _hold_up(self, fault: Fault) -> None:
        """Wait for as long as the fault says, or until it is removed."""
        loop = asyncio.get_running_loop()
        end = loop.time() + fault.delay_ms / 1000
        while (left := end - loop.time()) > 0 and self.vendor.faults.holds(fault):
            await asyncio.sleep(min(left, _LOOK_EVERY))


async def call(app: ASGIApp, scope: Scope, request: bytes, send: Send) -> None:
    """Run an ASGI app on a request whose body is already here."""
    waiting = [{"type": "http.request", "body": request, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    await app(scope, receive, send)


def _cut(request: bytes, first: int) -> tuple[bytes, bytes | None]:
    """Cut a batch in two after so many elements; what is no batch, or too short, stays whole."""
    try:
        batch = json.loads(request, parse_float=Decimal)
    except ValueError:
        return request, None
    name = (
        next((name for name, given in batch.items() if isinstance(given, list)), "") if isinstance(batch, dict) else ""
    )
    if not name or len(batch[name]) <= first:
        return request, None
    one, other = ({**batch, name: some} for some in (batch[name][:first], batch[name][first:]))
    return json.dumps(one, default=float).encode(), json.dumps(other, default=float).encode()


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body; none where the connection broke before it was here."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replace(answer: _Answer, fault: Fault) -> None:
    if fault.kind == "html":
        body, content_type = _HTML.format(status=fault.status), "text/html; charset=utf-8"
    elif isinstance(fault.body, str):
        body, content_type = fault.body, "text/plain; charset=utf-8"
    else:
        body, content_type = json.dumps(fault.body), "application/json; charset=utf-8"
    headers: dict[str, Any] = {"content-type": content_type, **{k.lower(): v for k, v in fault.headers.items()}}
    answer.status = fault.status
    answer.headers = [(name.encode(), str(value).encode()) for name, value in headers.items()]
    answer.set_body(body.encode())


def _finish(answer: _Answer, fault: Fault | None, scope: Scope) -> None:
    if fault is not None and fault.kind == "rewrite":
        answer.set_body(re.sub(fault.find, fault.put, answer.body.decode()).encode())
    accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
    if b"gzip" in accepted and len(answer.body) > 1000 and answer.header(b"content-encoding") is None:
        answer.set_body(gzip.compress(answer.body, 4), (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding"))


async def _send(answer: _Answer, fault: Fault | None, scope: Scope, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    body = bytes(answer.body)
    if fault is not None and fault.kind == "truncate":
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        scope["connection"].transport.close()
        await _closed(scope)
        return
    await send({"type": "http.response.body", "body": body})


async def _reset(scope: Scope) -> None:
    transport = scope["connection"].transport
    if not transport.is_closing():  # else the caller was faster, and its socket is gone
        # Without lingering, closing sends RST, which is what a dropped connection looks like to the caller.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    await _closed(scope)


async def _closed(scope: Scope) -> None:
    # The server complains about an unfinished answer unless it has noticed that the connection is gone.
    while not scope["connection"].cycle.disconnected:
        await asyncio.sleep(0.001)
