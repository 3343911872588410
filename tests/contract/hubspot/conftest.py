"""Run the sandbox once, begin each test anew, and receive webhooks on a loopback port."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest

from ledgerloop_sandbox.credentials import HUBSPOT_TOKEN
from ledgerloop_sandbox.server import Sandbox, running

NEW = "2026-09"


class Portal:
    """Speak to the sandbox's portal: `call` as an app does, `act` as a person does, the rest through /_sandbox."""

    def __init__(self, url: str, http: httpx2.Client) -> None:
        self.url = url
        self.http = http
        self.token = HUBSPOT_TOKEN

    def call(self, method: str, path: str, json: Any = None, *, token: str | None = "", **more: Any) -> httpx2.Response:
        """Call the API; `token=None` sends none."""
        headers = {**more.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.token}"
        return self.http.request(method, path, json=json, headers=headers, **more)

    def ok(self, method: str, path: str, json: Any = None, **more: Any) -> Any:
        """Call the API and return the body of a success."""
        answer = self.call(method, path, json, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def act(self, method: str, path: str, body: Any = None) -> Any:
        """Do something as a person in the UI."""
        done = self.control("POST", "act", {"method": method, "path": path, "body": body})
        assert done["status"] < 300, done
        return done["body"]

    def control(self, method: str, path: str, json: Any = None) -> Any:
        """Steer the sandbox."""
        answer = self.http.request(method, f"/_sandbox/{path}", json=json)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def set(self, **switches: Any) -> None:
        """Set switches."""
        self.control("POST", "settings", switches)

    def pass_time(self, seconds: float) -> None:
        """Let the sandbox's clock pass without waiting."""
        self.control("POST", "clock", {"shift": seconds})

    def token_of(self, kind: str, scopes: list[str] | None = None, **more: Any) -> dict[str, Any]:
        """Make a token."""
        return self.control("POST", "tokens", {"kind": kind, "scopes": scopes, **more})

    def objects(self, kind: str, rest: str = "") -> str:
        """Address records in the current version."""
        return f"/crm/objects/{NEW}/{kind}{rest}"

    def create(self, kind: str, **properties: Any) -> str:
        """Create a record as the app and return its id."""
        return str(self.ok("POST", self.objects(kind), {"properties": properties})["id"])

    def deal(self, **properties: Any) -> str:
        """Create a deal with what a deal needs."""
        needed = {"dealname": "A deal", "pipeline": "default", "dealstage": "contractsent"}
        return self.create("deals", **(needed | properties))

    def values(self, kind: str, id_: str, *names: str) -> dict[str, Any]:
        """Read some properties of a record."""
        found = self.ok("GET", self.objects(kind, f"/{id_}"), params={"properties": ",".join(names)})
        return dict(found["properties"])

    def search(self, kind: str, *filters: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Search with one filter group."""
        groups = [{"filters": list(filters)}] if filters else []
        body = {"filterGroups": groups, "sorts": [], "properties": [], "limit": 100, "after": "0"} | more
        return dict(self.ok("POST", self.objects(kind, "/search"), body))

    def add_property(self, kind: str, name: str, **more: Any) -> None:
        """Make a custom property and wait, on the sandbox's clock, until it is readable."""
        group = "contactinformation" if kind == "contacts" else f"{_SINGULAR[kind]}information"
        given = {"name": name, "label": name, "type": "string", "fieldType": "text", "groupName": group} | more
        self.ok("POST", f"/crm/properties/{NEW}/{kind}", given)
        self.pass_time(1)


_SINGULAR = {"companies": "company", "deals": "deal"}


class Receiver:
    """Receive webhooks: keep every request, answer as told."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 200
        self.open = threading.Event()
        self.open.set()
        self.busy = 0
        self.busiest = 0
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver._lock:
                    receiver.busy += 1
                    receiver.busiest = max(receiver.busiest, receiver.busy)
                    receiver.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                receiver.open.wait()
                with receiver._lock:
                    receiver.busy -= 1
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/hubspot"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Return all events of all requests."""
        return [event for _, _, body in list(self.requests) for event in json.loads(body)]

    def until(self, told: Callable[[], bool]) -> None:
        """Wait until something has come, for a minute at most."""
        give_up = time.monotonic() + 60
        while not told():
            assert time.monotonic() < give_up, self.events
            time.sleep(0.005)

    def wait_for(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for events of a type and return them."""
        self.until(lambda: len([one for one in self.events if one["subscriptionType"] == kind]) >= count)
        return [one for one in self.events if one["subscriptionType"] == kind]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Run both halves for the whole session."""
    with running(seed=7) as both:
        yield both


@pytest.fixture(scope="session")
def http(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    """Keep one client for the whole session: making one takes longer than most tests."""
    with httpx2.Client(base_url=sandbox.hubspot_url, trust_env=False, timeout=20, verify=False) as client:
        yield client


@pytest.fixture
def portal(sandbox: Sandbox, http: httpx2.Client) -> Portal:
    """Begin anew: demo data, default settings, no faults, webhooks off."""
    portal = Portal(sandbox.hubspot_url, http)
    portal.control("POST", "reset")
    portal.control("POST", "webhooks", {"enabled": False})
    return portal


@pytest.fixture
def receiver(portal: Portal) -> Iterator[Receiver]:
    """Receive the portal's webhooks."""
    one = Receiver()
    portal.control("POST", "webhooks", {"enabled": True, "url": one.url})
    yield one
    portal.control("POST", "webhooks", {"enabled": False})
    one.server.shutdown()
    one.server.server_close()
