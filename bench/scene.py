"""Set a scene for a measurement: sandboxes and service as processes, connected; people who act, and counting of calls.

People act by the sandbox's own control routes, so what they do counts as no call and takes no quota.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

import httpx2

from bench.processes import Broken, Service, free_port, vendors
from ledgerloop import settings as settings_
from ledgerloop.bootstrap import build
from ledgerloop.cli.stage import Sections, Stage, connect_hubspot, furnish, log_in, register_webhooks
from ledgerloop.store import inbox, lanes
from ledgerloop_sandbox.server import Sandbox

OBJECTS = "/crm/objects/2026-09"
LATENCY_MS = 50.0
"""How long every call to either vendor takes while something is measured."""
AT_ONCE = 100
_WINDOW, _FEW = 10.0, 80
"""HubSpot counts calls over ten seconds; so few do not matter."""
_PACE = 1.0
"""A lane's turns begin at least a second apart."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Addresses:
    """All that furnishing needs to know of a sandbox that runs elsewhere."""

    xero_url: str
    hubspot_url: str


@dataclass(frozen=True, slots=True)
class Spent:
    """What was called at both vendors."""

    xero: list[dict[str, Any]]
    hubspot: list[dict[str, Any]]

    @property
    def kilobytes(self) -> dict[str, float]:
        """Return the bytes that came back and went out, as billed, in kB."""
        return {
            f"{vendor}_{way}_kb": round(sum(call[f"bytes_{way}"] for call in calls) / 1000, 1)
            for vendor, calls in (("xero", self.xero), ("hubspot", self.hubspot))
            for way in ("in", "out")
        }

    def kinds(self) -> dict[str, int]:
        """Count the calls by method and address, for whoever wants to know where they went."""
        found: dict[str, int] = {}
        for vendor, calls in (("xero", self.xero), ("hubspot", self.hubspot)):
            for call in calls:
                path = re.sub(r"/[0-9a-f-]{36}|/\d{5,}", "/{id}", call["path"])
                key = f"{vendor} {call['method']} {path}" + (" 429" if call["status"] == 429 else "")
                found[key] = found.get(key, 0) + 1
        return dict(sorted(found.items()))


class Scene:
    """Act as the people at both vendors, and look at what came of it."""

    def __init__(self, on: Stage, service: Service) -> None:
        self.on, self.service = on, service
        self.organisations: list[str] = []

    # --- acting ---

    def connect(self) -> None:
        """Register the webhook, consent to every organisation called Kiwi and have it shown, connect HubSpot."""
        register_webhooks(self.on)
        log_in(self.on)
        page = self.on.browser.get("/connect/xero")
        self.organisations = re.findall(r'name="tenant" value="([^"]+)"[^>]*>\s*Kiwi', page.text)
        asked = self.on.browser.post(str(page.url), data={"tenant": self.organisations, "decision": "allow"})
        if tokens := re.findall(
            r'action="/connect/purpose">\s*<input type="hidden" name="token" value="([^"]+)"', asked.text
        ):
            shown = {f"shown {one}": "on" for one in self.organisations}
            self.on.browser.post(str(asked.url), data={"token": tokens[0], "home": self.organisations[0], **shown})
        self.on.organisation = self.organisations[0]
        connect_hubspot(self.on)

    def in_xero(self, path: str, kind: str, bodies: Sequence[Mapping[str, Any]], organisation: str = "") -> list[Any]:
        """Make records in Xero, two hundred in one request, and return them."""
        self.on.organisation = organisation or self.organisations[0]
        return [
            one
            for some in parts(bodies, 2 * AT_ONCE)
            for one in self.on.in_xero("PUT", path, {kind: some}, {"summarizeErrors": "true"})[kind]
        ]

    def in_hubspot(self, kind: str, action: str, inputs: Sequence[Mapping[str, Any]], **more: Any) -> list[Any]:
        """Make, change or read records in HubSpot, in batches, and return them."""
        most = AT_ONCE // 2 if "propertiesWithHistory" in more else AT_ONCE
        return [
            one
            for some in parts(inputs, most)
            for one in self.on.at_hubspot("POST", f"{OBJECTS}/{kind}/batch/{action}", {"inputs": some, **more})[
                "results"
            ]
        ]

    def configure(self, vendor: str, **settings: Any) -> None:
        """Change a vendor's switches."""
        answer = self.on.control.post(f"{self.url(vendor)}/_sandbox/settings", json=settings)
        if answer.status_code != 200:
            raise Broken(answer.text)

    def slow(self, milliseconds: float = LATENCY_MS) -> None:
        """Let every call take so long from now on."""
        for vendor in ("xero", "hubspot"):
            self.configure(vendor, latency_ms=milliseconds)

    def url(self, vendor: str) -> str:
        """Return the address of a vendor's sandbox."""
        return self.on.xero_url if vendor == "xero" else self.on.hubspot_url

    # --- looking ---

    def forget(self) -> None:
        """Begin to count anew: calls, and webhooks delivered."""
        for vendor in ("xero", "hubspot"):
            self.on.control.delete(f"{self.url(vendor)}/_sandbox/calls")
            self.on.control.delete(f"{self.url(vendor)}/_sandbox/webhooks")

    def spent(self) -> Spent:
        """Return the calls since the last forgetting."""
        calls = self.on.calls()
        return Spent(calls["xero"], calls["hubspot"])

    def attempts(self, vendor: str) -> list[dict[str, Any]]:
        """Return the webhooks that a vendor posted, each with the moment at which it began to."""
        found: list[dict[str, Any]] = self._webhooks(vendor)["attempts"]
        return [{**one, "posted": moment(one["at"]) - one["milliseconds"] / 1000} for one in found]

    def rest(self) -> None:
        """Let quotas that the seeding took come back, then slow the vendors down and begin to count."""
        time.sleep(_WINDOW if len(self.spent().hubspot) > _FEW else _PACE)
        self.slow(LATENCY_MS)
        self.forget()

    def settle(self, seconds: float = 60.0) -> None:
        """Wait until no webhook is on its way, no event waits and no turn runs, for a moment."""
        settle(self.on, seconds)

    def _webhooks(self, vendor: str) -> dict[str, Any]:
        return _webhooks(self.on, vendor)


def settle(on: Stage, seconds: float) -> None:
    """Wait until no webhook is on its way, no event waits and no turn runs, for a moment."""
    end, still = time.monotonic() + seconds, 0
    while still < 4:
        still = still + 1 if _quiet(on) and not _under_way(on) else 0
        if time.monotonic() > end:
            raise Broken(f"it is not quiet after {seconds:.0f} s")
        time.sleep(0.05)


def _quiet(on: Stage) -> bool:
    with on.built.database.reading() as tx:
        there, waiting = lanes.all_lanes(tx), inbox.waiting(tx)
    for one in there:
        if one.parked_why and not one.parked_why.startswith("The quota"):
            raise Broken(f"{one.flow} of {one.lane} is parked: {one.parked_why}")
    return not waiting and not any(one.begun_at or one.wanted for one in there)


def _under_way(on: Stage) -> int:
    told = [_webhooks(on, vendor) for vendor in ("xero", "hubspot")]
    return sum(int(one["pending"]) + int(one["waiting"]) for one in told)


def _webhooks(on: Stage, vendor: str) -> dict[str, Any]:
    url = on.xero_url if vendor == "xero" else on.hubspot_url
    found: dict[str, Any] = on.control.get(f"{url}/_sandbox/webhooks").json()
    return found


@contextmanager
def scene(*, data: str = "empty", organisations: int = 1) -> Iterator[Scene]:
    """Start everything, unconnected and without latency; end everything and forget it afterwards."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="ledgerloop-bench-")))
        port = free_port()
        service_url = f"http://127.0.0.1:{port}"
        told = stack.enter_context(vendors(directory, service_url, data, organisations))
        addresses = _Addresses(told["xero"], told["hubspot"])
        more: Sections = {
            "service": {"port": port, "log_level": "warning"},
            "brake": {"create": 1_000_000, "update": 1_000_000},  # seeding makes more than anybody should unplanned
        }
        password = furnish(directory, cast(Sandbox, addresses), service_url, more)
        service = Service(directory, service_url)
        stack.callback(service.kill)
        service.start()
        # Not started: these parts only look into the service's database.
        built = build(settings_.load(directory / "ledgerloop.toml"))
        stack.callback(built.database.close)
        stack.callback(built.vendors.close)
        browser = stack.enter_context(httpx2.Client(base_url=service_url, follow_redirects=True, timeout=60.0))
        control = stack.enter_context(httpx2.Client(timeout=60.0))
        on = Stage(addresses.xero_url, addresses.hubspot_url, service_url, password, built, browser, control)
        found = Scene(on, service)
        if organisations > 1:
            found.configure("xero", tier="core")  # the starter tier connects five organisations
        yield found


def parts(whole: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut a sequence into pieces of at most that size."""
    return (whole[start : start + size] for start in range(0, len(whole), size))


def moment(text: str) -> float:
    """Return an ISO moment as seconds, to be compared with others of the same clock."""
    return datetime.fromisoformat(text).timestamp()


def span(calls: Sequence[Mapping[str, Any]]) -> float:
    """Return when the last of these calls was answered."""
    if not calls:
        raise Broken("a call that was waited for never came")
    return max(moment(call["at"]) + float(call["milliseconds"]) / 1000 for call in calls)
