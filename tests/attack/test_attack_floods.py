"""Connections, heads and bodies without an end cost their senders and nobody else."""

from __future__ import annotations

import json
import os
import re
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from attacked import LONG, Attacked, until
from structlog.testing import capture_logs

from ledgerloop.log import Flood
from ledgerloop.web.wire import LARGEST_BODY, LARGEST_HEAD

Begin = Callable[..., Attacked]
USUAL = 1024
"""Descriptors that a process has where nobody changed it."""


@pytest.fixture
def many_sockets() -> Iterator[None]:
    """Let this process, which attacks, have more of them than the service."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4 * USUAL:
        reason = f"a process may have {hard} sockets here, and the attack needs {4 * USUAL}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * USUAL, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_sockets")
@pytest.mark.parametrize("begun", [b"", b"POST /webhooks/xero HTTP/1.1\r\nHost: x\r\nX-Half: "], ids=["idle", "half"])
def test_connections_that_say_nothing_close_nothing(attacked: Begin, sqlite_url: str, begun: bytes) -> None:
    """More connections than the process may have files: webhooks and health are answered, and the database opened."""
    service = attacked(sqlite_url, descriptors=(USUAL, USUAL))
    with ExitStack() as stack:
        for _ in range(2 * USUAL):
            with suppress(OSError):  # closed before it could say so much
                stack.enter_context(one := service.connect()).sendall(begun)
        del one

        assert [200] * 20 == [service.webhook().status_code for _ in range(20)]
        assert "ok" == service.health()["status"]
    log = service.log()
    assert "Too many open files" not in log
    assert "does not answer" not in log
    assert log.count("too many connections") < 5


def test_a_descriptor_limit_is_raised(attacked: Begin, sqlite_url: str) -> None:
    """The soft limit that a shell gives is raised to the hard one at the start."""
    service = attacked(sqlite_url, descriptors=(USUAL, 4 * USUAL))
    assert service.process is not None
    limits = Path(f"/proc/{service.process.pid}/limits").read_text().splitlines()
    assert [str(4 * USUAL)] == [line.split()[3] for line in limits if line.startswith("Max open files")]


def test_half_a_request_is_not_waited_for(attacked: Begin, sqlite_url: str) -> None:
    """Nothing at all, half a head, half a body and half of a second request: the connection is closed."""
    service = attacked(sqlite_url)
    head = b"POST /webhooks/xero HTTP/1.1\r\nHost: x\r\n"
    halves = [b"", b"GET /he", head, head + b"Content-Length: 10\r\n\r\n12345", b"GET /health HTTP/1.1\r\n\r\nGET"]
    with ExitStack() as stack:
        connections = [stack.enter_context(service.connect()) for _ in halves]
        for one, half in zip(connections, halves, strict=True):
            one.sendall(half)
        answers = [_all_of(one) for one in connections]
    assert [b"", b"408", b"408"] == [answer[9:12] for answer in answers[:3]]
    assert answers[4].startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"GET / HTTP/1.1\r\n", b"X-More: %s\r\n" % (b"a" * 1000)),
        (b"GET / HTTP/1.1\r\nX-Long: ", b"a" * 1000),
        (b"GET /", b"a" * 1000),
        (b"POST /login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: %s\r\n" % (b"a" * 1000)),
    ],
    ids=["headers", "value", "address", "trailers"],
)
def test_a_head_without_an_end_is_refused(attacked: Begin, sqlite_url: str, start: bytes, more: bytes) -> None:
    """Headers are taken up to a size, and the connection is closed beyond it."""
    service = attacked(sqlite_url)
    sent = 0
    with service.connect() as connection:
        connection.sendall(start)
        with suppress(OSError):
            while sent < 300_000_000:
                connection.sendall(more * 100)
                sent += len(more) * 100
    # What lies between the two of them in the kernel's buffers was never taken.
    assert sent < LARGEST_HEAD + 20_000_000
    assert 200 == service.webhook().status_code


def test_a_body_that_says_it_is_too_large_is_not_read(attacked: Begin, sqlite_url: str) -> None:
    """Content-Length alone is enough to refuse; a body in pieces is refused when it is too large."""
    service = attacked(sqlite_url)
    for path in ("/webhooks/xero", "/webhooks/hubspot", "/login", "/health"):
        with service.connect() as connection:
            connection.sendall(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n".encode()
            )
            assert b"413" == _all_of(connection)[9:12]
    pieces = (b"a" * 65_536 for _ in range(LARGEST_BODY // 65_536 + 2))
    with suppress(OSError):
        assert 413 == service.client.post("/webhooks/xero", content=pieces).status_code


def test_a_request_for_a_websocket_is_an_ordinary_one(attacked: Begin, sqlite_url: str) -> None:
    """Nothing here speaks another protocol: the page is given, and no log fills with advice to install one."""
    service = attacked(sqlite_url)
    ask = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    key = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    for _ in range(20):
        with service.connect() as one:
            one.sendall(ask + key)
            assert b"200" == one.recv(65_536)[9:12]
    assert "install" not in service.log()
    assert 1 == service.log().count("another protocol")


def test_a_flood_is_logged_once_with_a_count(attacked: Begin, sqlite_url: str) -> None:
    """Three hundred webhooks that are signed wrongly, and as many that are no request, are two lines each."""
    service = attacked(sqlite_url)
    for _ in range(300):
        assert 401 == service.client.post("/webhooks/xero", headers={"x-xero-signature": "nope"}).status_code
        with service.connect() as connection:
            connection.sendall(b"\x16\x03\x01 no request\r\n\r\n")
            _all_of(connection)

    counted = until("both are counted", lambda: _counts(service.log()))

    assert {"webhook refused": 300, "Invalid HTTP request received.": 300} == counted


def test_different_floods_are_told_apart_up_to_a_number() -> None:
    """Each kind has its first line at once; beyond a hundred kinds they are counted together."""
    flood = Flood(seconds=0.2)
    with capture_logs() as logged:
        for number in range(1000):
            flood.warning("wrong console password", address=f"10.0.0.{number}")
        until("the others are told", lambda: any("times" in line for line in logged) or None)

    assert 99 < len(logged) < 110
    assert 1000 == sum(line.get("times", 1) for line in logged)


def _counts(log: str) -> dict[str, int] | None:
    """Add up what is logged of each event, once both totals are there."""
    counts: dict[str, int] = {}
    for line in log.splitlines():
        if line.startswith("{") and (told := json.loads(line))["event"] in (
            "webhook refused",
            "Invalid HTTP request received.",
        ):
            counts[told["event"]] = counts.get(told["event"], 0) + told.get("times", 1)
            assert len(re.findall(re.escape(told["event"]), log)) <= 8
    return counts if len(counts) == 2 and min(counts.values()) >= 300 else None


def _all_of(connection: socket.socket) -> bytes:
    """Read until the other side closes."""
    connection.settimeout(LONG)
    answer, end = b"", time.monotonic() + LONG
    with suppress(ConnectionError):
        while chunk := connection.recv(65_536):
            answer += chunk
            assert time.monotonic() < end
    return answer
