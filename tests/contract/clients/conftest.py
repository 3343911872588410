"""Our clients on the sandbox: one sandbox for all, begun anew for each test, and clients as bootstrap makes them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from xero_contract import BASE, Contract

from ledgerloop.clock import Clock
from ledgerloop.http import Api, Call, Retry, open_client
from ledgerloop.hubspot import dialect as hubspot_dialect
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.oauth import Provider, Tokens, TokenSet, begin, finish
from ledgerloop.xero import dialect as xero_dialect
from ledgerloop.xero.client import XeroClient, connections
from ledgerloop_sandbox import credentials
from ledgerloop_sandbox.server import Sandbox, running

SCOPES = (
    "openid profile email offline_access accounting.contacts accounting.invoices"
    " accounting.payments.read accounting.settings.read"
)
CALLBACK = "http://127.0.0.1:8080/connect/xero/callback"


_SENT: list[httpx2.Request] = []


@pytest.fixture
def wrong_on_purpose(_within_the_contract: None) -> Iterator[None]:
    """Let a test send what Xero's file forbids, because it is about the refusal."""
    yield
    _SENT.clear()


class MemoryShelf:
    """Keep texts in memory, for one process."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def load(self, name: str) -> str | None:
        """Return the text, or None."""
        return self.texts.get(name)

    def save(self, name: str, text: str) -> None:
        """Keep the text."""
        self.texts[name] = text

    def replace(self, name: str, before: str, after: str) -> bool:
        """Keep the text if the other is still there."""
        same = self.texts.get(name) == before
        if same:
            self.texts[name] = after
        return same

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the name: nobody else is here."""
        yield


@dataclass
class Side:
    """One vendor's half, seen from outside: its control routes, and the calls our client made."""

    url: str
    http: httpx2.Client
    calls: list[Call] = field(default_factory=list)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Use a control route."""
        answer = self.http.request(method, f"{self.url}/_sandbox/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def act(self, method: str, path: str, body: Any = None, organisation: str | None = None) -> Any:
        """Do something as a person in the vendor's own pages."""
        given = {"method": method, "path": path, "body": body, "organisation": organisation}
        answer = self.control("POST", "act", given)
        assert answer["status"] < 300, answer
        return answer["body"]

    def fault(self, **fault: Any) -> None:
        """Arm a fault."""
        self.control("POST", "faults", fault)

    def seen(self) -> list[tuple[str, str, int]]:
        """Return what the sandbox saw: method, path and status of every call.

        A call whose connection it reset is logged a moment after the caller has noticed.
        """
        resets = sum(one["kind"].startswith("reset") * one["taken"] for one in self.control("GET", "faults")["faults"])
        for _ in range(200):
            calls = self.control("GET", "calls")["calls"]
            if sum(one["status"] == 0 for one in calls) >= resets:
                break
            time.sleep(0.01)
        return [(one["method"], one["path"], one["status"]) for one in calls]


@dataclass
class XeroSide(Side):
    """Xero's half, connected to."""

    provider: Provider | None = None
    tokens: Tokens | None = None
    organisation: str = ""
    api: Callable[..., Api] = Api
    client: XeroClient | None = None


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Run one sandbox for all tests of the clients."""
    with running(data="demo") as started:
        yield started


@pytest.fixture(scope="session")
def wire() -> Iterator[httpx2.Client]:
    """Open one pool of connections for all tests."""
    with open_client(timeout=10.0) as client:
        client.event_hooks = {"request": [_SENT.append]}
        yield client


@pytest.fixture(scope="session")
def xero_contract(sandbox: Sandbox) -> Contract:
    """Hold Xero's own OpenAPI file."""
    return Contract(sandbox.xero_url)


@pytest.fixture(autouse=True)
def _within_the_contract(xero_contract: Contract) -> Iterator[None]:
    """Hold every request that our Xero client sent in a test against Xero's file: no key or parameter it lacks."""
    _SENT.clear()
    yield
    for request in _SENT:
        if request.url.path.startswith(BASE):
            xero_contract.check_request(request)


@pytest.fixture
def provider(sandbox: Sandbox) -> Provider:
    """Describe the sandbox as the identity provider."""
    url = sandbox.xero_url
    return Provider(
        "xero",
        f"{url}/identity/connect/authorize",
        f"{url}/connect/token",
        f"{url}/connect/revocation",
        credentials.XERO_CLIENT_ID,
        lambda: credentials.XERO_CLIENT_SECRET,
        CALLBACK,
        tuple(SCOPES.split()),
    )


def consent(provider: Provider, wire: httpx2.Client) -> TokenSet:
    """Give consent to everything, as a person would in a browser."""
    asked = begin(provider)
    back = wire.get(f"{asked.url}&sandbox_consent=all")
    came = {name: values[0] for name, values in parse_qs(urlsplit(back.headers["Location"]).query).items()}
    assert came["state"] == asked.state
    return finish(provider, came["code"], asked.verifier, datetime.now(UTC))


class Hasty(Clock):
    """The machine's clock, by which nobody waits before trying again."""

    def sleep(self, seconds: float) -> None:
        """Go on at once."""


@pytest.fixture
def xero(sandbox: Sandbox, wire: httpx2.Client, provider: Provider) -> XeroSide:
    """Begin Xero's half anew and connect to it."""
    side = XeroSide(sandbox.xero_url, wire)
    side.control("POST", "reset")
    shelf = MemoryShelf()
    shelf.save("grant", consent(provider, wire).to_json())
    side.provider, side.tokens = provider, Tokens(provider, shelf, "grant", clock=Hasty())

    def api(lane: str = "", **more: Any) -> Api:
        given: dict[str, Any] = {
            "token": side.tokens,
            "governor": xero_dialect.governor(Clock()),
            "clock": Clock(),
            "observe": side.calls.append,
            "retry": Retry(attempts=3, base=0.01),
        }
        return Api(wire, sandbox.xero_url, xero_dialect.XeroDialect(), lane=lane, **{**given, **more})

    side.api = api
    side.organisation = next(one.tenantId for one in connections(api()) if one.tenantName == "Kiwi Demo Ltd")
    side.client = XeroClient(api(side.organisation))
    side.control("DELETE", "calls")
    side.calls.clear()
    return side


@pytest.fixture
def hubspot(sandbox: Sandbox, wire: httpx2.Client) -> Side:
    """Begin HubSpot's half anew."""
    side = Side(sandbox.hubspot_url, wire)
    side.control("POST", "reset")
    side.control("POST", "settings", {"search_lag_create": 0, "search_lag_update": 0, "property_delay": 0})
    return side


@pytest.fixture(params=["2026-09", "2026-03", "v3"])
def portal(request: pytest.FixtureRequest, hubspot: Side, wire: httpx2.Client) -> HubSpotClient:
    """Make a client of each version."""
    api = Api(
        wire,
        hubspot.url,
        hubspot_dialect.HubSpotDialect(),
        lane=str(credentials.HUBSPOT_PORTAL_ID),
        token=lambda refused: credentials.HUBSPOT_TOKEN,
        governor=hubspot_dialect.governor(Clock()),
        clock=Clock(),
        observe=hubspot.calls.append,
        retry=Retry(attempts=3, base=0.01, lock=0.01),
    )
    return HubSpotClient(api, request.param)
