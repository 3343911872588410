"""A service as an operator runs it, on settings of its own that name the sandbox as the vendors; seen from outside."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from cli_process import Ended, begun, run

from forked import Forked
from ledgerloop.hubspot import webhooks as hubspot
from ledgerloop.xero.webhooks import sign
from ledgerloop_sandbox import credentials
from ledgerloop_sandbox.server import Sandbox

SECRETS = {
    "xero_client_secret": credentials.XERO_CLIENT_SECRET,
    "xero_webhook_key": credentials.XERO_WEBHOOK_KEY,
    "hubspot_token": credentials.HUBSPOT_TOKEN,
    "hubspot_client_secret": credentials.HUBSPOT_CLIENT_SECRET,
}

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """A folder with settings, key, database and secrets, and where its service listens."""

    folder: Path
    sandbox: Sandbox
    port: int
    log: list[str] = field(default_factory=list)
    """The lines that the service wrote."""

    @property
    def url(self) -> str:
        """The service's address."""
        return f"http://127.0.0.1:{self.port}"

    def furnish(self) -> None:
        """Write the settings, and keep the secrets."""
        addresses = "".join(f'{name}_url = "{self.sandbox.xero_url}"\n' for name in ("login", "identity", "api"))
        (self.folder / "ledgerloop.toml").write_text(
            f"[service]\nport = {self.port}\n"
            f'[xero]\nclient_id = "{credentials.XERO_CLIENT_ID}"\n{addresses}'
            f'[hubspot]\napi_url = "{self.sandbox.hubspot_url}"\n'
        )
        for name, value in SECRETS.items():
            self.command("secret", "set", name, given=value)

    def command(self, *words: str, given: str = "") -> Ended:
        """Run a command that must go well."""
        ended = run(self.folder, *words, given=given)
        assert 0 == ended.returncode, ended.stderr + ended.stdout
        return ended

    @contextmanager
    def serving(self) -> Iterator[Forked]:
        """Run the service while the block lasts."""
        with open(os.devnull, "wb") as nowhere:
            service = Forked(self.folder, ["serve"], out=nowhere)
        # Not the usual pipes, which fill up while nobody reads, nor files, which are written to where nothing can be.
        assert service.stderr is not None
        reader = threading.Thread(target=self.log.extend, args=(service.stderr,))
        reader.start()
        try:
            until(lambda: service.poll() is not None or self._up())
            assert service.poll() is None, "".join(self.log[-5:])
            yield service
            service.terminate()
            service.wait(60)
        finally:
            service.kill()
            service.wait()
            reader.join()
            service.stderr.close()

    def connect(self) -> None:
        """Consent to everything that Xero asks, and connect HubSpot, beside the running service."""
        self.consent()
        run(self.folder, "connect", "answer", "--yes")  # where nothing waits, as after a consent anew, it says so
        self.command("connect", "hubspot")

    def consent(self) -> None:
        """Consent to everything that Xero asks, and say of no organisation what it is for."""
        with begun(self.folder, "connect", "xero", "--wait") as consent:
            assert consent.stdout is not None
            httpx2.get(f"{consent.stdout.readline().strip()}&sandbox_consent=all", follow_redirects=True, verify=False)
            assert 0 == consent.wait(60)

    def health(self) -> dict[str, Any]:
        """Ask how the service does, with the status code as ``code``."""
        answer = httpx2.get(f"{self.url}/health", timeout=30, verify=False)
        return {"code": answer.status_code, **answer.json()}

    def page(self, path: str) -> int:
        """Ask for a page as a browser does, and return the status code."""
        return httpx2.get(f"{self.url}{path}", timeout=30, verify=False).status_code

    def from_xero(self, key: str = credentials.XERO_WEBHOOK_KEY, tenant: str = "nobody-s") -> int:
        """Send a webhook with one event of its own, signed with a key, and return the status code."""
        event = {
            "resourceId": str(uuid.uuid4()),
            "eventDateUtc": "2026-11-22T08:59:59.902",
            "eventType": "UPDATE",
            "eventCategory": "INVOICE",
            "tenantId": tenant,
        }
        body = json.dumps({"events": [event], "firstEventSequence": 1, "lastEventSequence": 1}).encode()
        headers = {"x-xero-signature": sign(body, key)}
        return httpx2.post(
            f"{self.url}/webhooks/xero", content=body, headers=headers, timeout=30, verify=False
        ).status_code

    def from_hubspot(self, secret: str = credentials.HUBSPOT_CLIENT_SECRET, *events: dict[str, object]) -> int:
        """Send a webhook, with no events unless some are given, signed with a client secret; return the status code."""
        stamp, url = str(int(time.time() * 1000)), f"{self.url}/webhooks/hubspot"
        body = json.dumps(events).encode()
        signature = hubspot.sign(body, "POST", url, stamp, secret)
        headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}
        return httpx2.post(url, content=body, headers=headers, timeout=30, verify=False).status_code

    def from_hubspot_deal(self) -> int:
        """Send a webhook of HubSpot's that tells of a deal which is not there."""
        deal = {"eventId": 1, "portalId": 62515, "subscriptionType": "deal.propertyChange", "objectId": 999}
        return self.from_hubspot(credentials.HUBSPOT_CLIENT_SECRET, deal | {"occurredAt": 1795337999000})

    def _up(self) -> bool:
        try:
            return bool(self.health())
        except httpx2.TransportError:
            return False


def until(true: Callable[[], T], seconds: float = 60) -> T:
    """Wait for a state, and return what was found."""
    end = time.monotonic() + seconds
    while True:
        found = true()
        if found:
            return found
        assert time.monotonic() < end, f"it did not become so: {true}"
        time.sleep(0.05)
