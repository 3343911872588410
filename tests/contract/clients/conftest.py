"""Our clients on the sandbox: one sandbox for all, begun anew for each test, and clients as bootstrap makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from client_sides import Hasty, MemoryShelf, Side, XeroSide, consent
from xero_contract import BASE, Contract

from ledgerloop.clock import Clock
from ledgerloop.http import Api, Retry, open_client
from ledgerloop.hubspot import dialect as hubspot_dialect
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.oauth import Provider, Tokens
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
