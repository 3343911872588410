"""The service on a real socket: the whole of it starts with the app, bytes on the wire are as the vendors want them."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
import structlog
from web_scene import HANDSHAKE, KEY, furnish, xero_body, xero_event

from ledgerloop import log
from ledgerloop.bootstrap import build
from ledgerloop.errors import SettingsError
from ledgerloop.settings import load
from ledgerloop.store import inbox
from ledgerloop.web.app import PAGES, create_app
from ledgerloop.web.server import listening, running
from ledgerloop.xero.webhooks import sign


@pytest.fixture
def raw() -> Callable[[str, bytes], bytes]:
    """Give a function that sends bytes to an address and returns all that comes back."""

    def talk(address: str, request: bytes) -> bytes:
        host, port = address.removeprefix("http://").split(":")
        answer = b""
        with socket.create_connection((host, int(port)), timeout=5) as connection, suppress(ConnectionError):
            connection.sendall(request)
            while chunk := connection.recv(65_536):
                answer += chunk
        return answer

    return talk


def _post(body: bytes, *headers: str) -> bytes:
    lines = ["POST /webhooks/xero HTTP/1.1", "Host: x", "Connection: close", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_the_wire(sqlite_url: str, tmp_path: Path, raw: Callable[[str, bytes], bytes]) -> None:
    """Answers to webhooks are empty to the byte: Content-Length 0, no cookie, no type. The worker runs beside them."""
    furnish(tmp_path, sqlite_url, {"service": {"public_url": ""}})
    built = build(load(tmp_path / "ledgerloop.toml"))
    sock = listening("127.0.0.1", 0, "ledgerloop.toml")

    with running(create_app(built), sock) as address:
        right = raw(address, _post(HANDSHAKE, f"X-Xero-Signature: {sign(HANDSHAKE, KEY)}"))
        wrong = raw(address, _post(HANDSHAKE, "X-Xero-Signature: nope"))
        chunked = raw(
            address,
            b"POST /webhooks/xero HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
            + f"X-Xero-Signature: {sign(HANDSHAKE, KEY)}\r\n\r\n".encode()
            + b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (HANDSHAKE[:40], HANDSHAKE[40:]))
            + b"0\r\n\r\n",
        )
        body = xero_body(*(xero_event() for _ in range(200)))
        kept = raw(address, _post(body, f"X-Xero-Signature: {sign(body, KEY)}"))
        health = httpx2.get(f"{address}/health")

    for answer, status in ((right, b"200 OK"), (wrong, b"401 Unauthorized"), (chunked, b"200 OK"), (kept, b"200 OK")):
        head, _, content = answer.lower().partition(b"\r\n\r\n")
        assert head.startswith(b"http/1.1 " + status.lower())
        assert {b"date", b"content-length", b"connection"} == {
            line.split(b":")[0] for line in head.splitlines()[1:] if line
        }
        assert b"content-length: 0" in head
        assert b"" == content
    assert 200 == health.status_code
    again = build(load(tmp_path / "ledgerloop.toml"))
    with again.database.reading() as tx:
        assert 200 == len(inbox.recent(tx, 1000))
    again.database.close()


def test_the_engine_logs_with_us(sqlite_url: str, tmp_path: Path) -> None:
    """What the workflow engine logs is one redacted JSON object a line; once stopped, it has nothing more to say."""
    furnish(tmp_path, sqlite_url, {"service": {"public_url": ""}})
    built = build(load(tmp_path / "ledgerloop.toml"))
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level, before = root.handlers, root.level, structlog.get_config()
    log.configure("warning", "json", stream)

    try:
        with running(create_app(built), listening("127.0.0.1", 0, "ledgerloop.toml")):
            logging.getLogger("dbos").warning("it failed with Bearer hunter2")
        logging.getLogger("dbos").error("the engine is gone")
    finally:
        root.handlers, root.level = handlers, level
        structlog.configure(**before)

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [("dbos", "it failed with Bearer [redacted]")] == [(line["logger"], line["event"]) for line in lines]


def test_a_head_is_refused_though_it_comes_in_one_read(
    sqlite_url: str, tmp_path: Path, raw: Callable[[str, bytes], bytes]
) -> None:
    """What counts is how long a head is, and not in how many pieces the network brings it."""
    furnish(tmp_path, sqlite_url, {"service": {"public_url": ""}})
    built = build(load(tmp_path / "ledgerloop.toml"))
    start, end = b"GET /health HTTP/1.1\r\nConnection: close\r\n", b"\r\n\r\n"
    many = b"\r\n".join(b"X-%d: a" % number for number in range(20_000))

    with running(create_app(built), listening("127.0.0.1", 0, "ledgerloop.toml")) as address:
        value = raw(address, start + b"X-Long: " + b"a" * 70_000 + end)
        headers = raw(address, start + many + end)
        path = raw(address, b"GET /health?" + b"a" * 70_000 + b" HTTP/1.1\r\nConnection: close" + end)
        fits = raw(address, start + b"X-Long: " + b"a" * 60_000 + end)

    # What came in several reads may be answered by nothing but the end of the connection.
    assert {b"431", b""} >= {one[9:12] for one in (value, headers, path)}
    assert b"200" == fits[9:12]


def test_pages_leave_the_processor_to_webhooks(sqlite_url: str, tmp_path: Path) -> None:
    """However many strangers ask for a page at once, few threads make pages: a webhook waits for no more of them."""
    furnish(tmp_path, sqlite_url, {"service": {"public_url": ""}})
    built = build(load(tmp_path / "ledgerloop.toml"))

    async def ask(address: str) -> list[httpx2.Response]:
        async with httpx2.AsyncClient(base_url=address, timeout=60) as browser:
            return await asyncio.gather(*(browser.get("/login") for _ in range(60)))

    with running(create_app(built), listening("127.0.0.1", 0, "ledgerloop.toml")) as address:
        answers = asyncio.run(ask(address))
        making = [one.name for one in threading.enumerate() if "AnyIO" in one.name]

    assert {200} == {one.status_code for one in answers}
    assert 1 <= len(making) <= PAGES


def test_port_that_is_taken() -> None:
    """A port that cannot be had is a sentence about the setting, before anything was started."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        with pytest.raises(SettingsError) as caught:
            listening("127.0.0.1", port, "ledgerloop.toml")

    assert "service.port" in caught.value.sentence
    assert f"127.0.0.1:{port} cannot be listened on" in caught.value.sentence
