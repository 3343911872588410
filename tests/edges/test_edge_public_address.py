"""The doctor sends a request to the service's own public address, and says what answers there."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx2
import pytest
from scripted import Drop, Reply, playing

from free_ports import free_port
from ledgerloop.http import open_client
from ledgerloop.report.doctor_address import is_public, knock, reply

LISTENS = "127.0.0.1:8080"
MARK = "ab" * 32


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """Open what the doctor knocks with."""
    with open_client(2.0, 1) as opened:
        yield opened


@pytest.mark.parametrize(
    ("step", "verdict", "words"),
    [
        (Reply(404), "missing", "is not this service (status 404): compare service.public_url with the name in your"),
        (Reply(200, "<html>Welcome"), "missing", "is not this service (status 200)"),
        (Reply(502, "Bad Gateway"), "missing", "answers 502: the proxy there does not get through to the service."),
        (
            Reply(301, "", {"Location": "https://www.example.com/webhooks/xero?number=1"}),
            "missing",
            "redirects to https://www.example.com/webhooks/xero, and no webhook follows a redirect: write the address",
        ),
        (Drop(), "note", "This machine does not reach http://127.0.0.1"),
    ],
)
def test_what_else_answers(client: httpx2.Client, step: Reply | Drop, verdict: str, words: str) -> None:
    """Another server, a proxy that leads nowhere and a redirect are told apart, and a redirect is not followed."""
    with playing(step) as server:
        found = knock(client, server.url, LISTENS, MARK)

    assert (verdict, True) == (found.verdict, words in found.sentence), found.sentence
    assert 1 == len(server.requests)


def test_no_tls_no_name_no_server(client: httpx2.Client) -> None:
    """Where no answer comes, the reason is told: no TLS there, a name that nobody knows, or nobody at all."""
    with playing(Reply()) as server:
        plain = knock(client, server.url.replace("http:", "https:"), LISTENS, MARK)
    with httpx2.Client(transport=httpx2.MockTransport(_unresolved)) as nameless:
        unknown = knock(nameless, "https://ledgerloop.invalid", LISTENS, MARK)
    nobody = knock(client, f"http://127.0.0.1:{free_port()}", LISTENS, MARK)

    assert ["missing", "missing", "note"] == [plain.verdict, unknown.verdict, nobody.verdict]
    assert "No TLS connection to https://127.0.0.1:" in plain.sentence
    assert "by a public authority, with its whole chain." in plain.sentence
    assert "The name in https://ledgerloop.invalid is not known" in unknown.sentence
    assert "/health from elsewhere." in nobody.sentence


def _unresolved(_request: httpx2.Request) -> httpx2.Response:
    """Fail as where a name is not known, which no test asks anybody about."""
    raise httpx2.ConnectError("") from socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_only_a_public_address_is_tried() -> None:
    """An address of this machine alone is left out: what is to be said of it is said without a request."""
    addresses = ["", "http://sync.example.com", "https://localhost:8443", "https://127.0.0.1", "https://[::1]:1"]
    assert [False] * 5 == [is_public(one) for one in addresses]
    assert is_public("https://sync.example.com")


def test_each_number_has_its_own_answer() -> None:
    """An answer that somebody has seen answers no other number, nor for another installation."""
    assert 3 == len({reply(MARK, "a" * 32), reply(MARK, "b" * 32), reply("cd" * 32, "a" * 32)})
