"""See whether the service is reached at its public address, by one request to itself where Xero sends its webhooks.

The request names a number that is used once, and only a service of this installation can answer it. It is no webhook:
nothing is counted, and nothing follows from it.
"""

from __future__ import annotations

import hmac
import secrets
import socket
import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx2

from ledgerloop.bootstrap import XERO_WEBHOOKS, Ledgerloop
from ledgerloop.http import open_client
from ledgerloop.report.finding import Finding
from ledgerloop.rules.clocks import far
from ledgerloop.rules.health import SILENT
from ledgerloop.secrets.keyed import Keyed
from ledgerloop.store import pulses

PATIENCE = 5.0
"""Seconds to wait for a connection, and for an answer."""
NUMBER = 32
"""Characters of a number that is used once, all of them hexadecimal digits."""
_LARGEST = 200
_NOT_THROUGH = (502, 503, 504)


def look_over_address(built: Ledgerloop) -> Iterator[Finding]:
    """Send a request to the public address, where there is one and a service runs."""
    service = built.settings.service
    with built.database.reading() as tx:
        runs = any(not far(one.at, SILENT, built.now()) for one in pulses.kept(tx))
    if runs and is_public(service.public_url):
        with open_client(PATIENCE, 1) as client:
            yield knock(client, service.public_url, f"{service.host}:{service.port}", mark_of(built))


def is_public(address: str) -> bool:
    """Tell whether vendors may reach an address: one with TLS that is not this machine's own."""
    there = urlsplit(address)
    try:
        own = ip_address(there.hostname or "").is_loopback
    except ValueError:
        own = there.hostname == "localhost"
    return there.scheme == "https" and not own


def mark_of(built: Ledgerloop) -> str:
    """Return what all services on this database share, and nobody else knows."""
    return Keyed(built.stores.own).digest("the service at its public address")


def reply(mark: str, number: str) -> str:
    """Answer a number that is used once. What is not such a number is answered by nobody."""
    return hmac.digest(bytes.fromhex(mark), number.encode(), "sha256").hex()


def is_number(text: str) -> bool:
    """Tell whether it is such a number."""
    return len(text) == NUMBER and not text.strip("0123456789abcdef")


def knock(client: httpx2.Client, address: str, listens: str, mark: str) -> Finding:
    """Send the request, and say what came of it; ``listens`` is where the service does, behind a proxy."""
    number = secrets.token_hex(NUMBER // 2)
    try:
        with client.stream("GET", address + XERO_WEBHOOKS, params={"number": number}) as answer:
            body = next(answer.iter_bytes(_LARGEST), b"") if answer.is_success else b""
    except (httpx2.HTTPError, OSError) as error:
        return _unreached(address, error)
    if body.decode("latin-1") == reply(mark, number):
        return Finding("fine", f"What is sent to {address} arrives at this service.")
    if answer.is_redirect:
        there = "".join(filter(str.isprintable, answer.headers.get("location", "")))[:_LARGEST]
        return Finding(
            "missing",
            f"{address} redirects to {there.partition('?')[0] or 'nowhere'}, and no webhook follows a redirect: write"
            " the address that answers itself as service.public_url, and at both vendors.",
        )
    if answer.status_code in _NOT_THROUGH:
        return Finding(
            "missing",
            f"{address} answers {answer.status_code}: the proxy there does not get through to the service. Have it"
            f" pass on to {listens}, where the service listens.",
        )
    return Finding(
        "missing",
        f"What answers at {address} is not this service (status {answer.status_code}): compare service.public_url with"
        f" the name in your DNS, and see that the proxy there passes {XERO_WEBHOOKS} on to {listens}, GET too.",
    )


def _unreached(address: str, error: Exception) -> Finding:
    causes = [*_causes(error)]
    if wrong := next((one for one in causes if isinstance(one, ssl.SSLError)), None):
        why = getattr(wrong, "verify_message", "") or wrong.reason or "it is not spoken there"
        return Finding(
            "missing",
            f"No TLS connection to {address} comes about ({why}), and vendors make none either: give the proxy there a"
            " certificate for this name by a public authority, with its whole chain.",
        )
    if any(isinstance(one, socket.gaierror) for one in causes):
        return Finding(
            "missing", f"The name in {address} is not known: compare service.public_url with the name in your DNS."
        )
    return Finding(
        "note",
        f"This machine does not reach {address} ({type(error).__name__}). Some networks let no machine reach its own"
        f" public address, though vendors do: open {address}/health from elsewhere. Where that fails too, look at the"
        " proxy, the firewall and service.public_url.",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
