"""What the tests of the web edge share: a service set up as an operator would, a clock, a browser, signed webhooks."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
from clocks import Standing
from starlette.testclient import TestClient

from ledgerloop.bootstrap import build
from ledgerloop.hubspot import webhooks as hubspot
from ledgerloop.records import Event
from ledgerloop.secrets.sealed import Sealed, new_key_file
from ledgerloop.settings import Settings, load
from ledgerloop.store import inbox, single_values
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import DatabaseCells
from ledgerloop.web.app import create_app
from ledgerloop.web.passwords import hash_of
from ledgerloop.xero import webhooks as xero
from ledgerloop_sandbox import credentials

KEY = credentials.XERO_WEBHOOK_KEY
SECRET = credentials.HUBSPOT_CLIENT_SECRET
TENANT = "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f"
HANDSHAKE = b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "S0m3r4Nd0mt3xt"}'
GOOD_PASSWORD = "a good password for tests"
_HASH = hash_of(GOOD_PASSWORD, drawn=True)  # it costs nothing, since nearly every test signs in


def furnish(directory: Path, database_url: str, sections: Mapping[str, Mapping[str, object]]) -> Settings:
    """Write settings, key, secrets and password, as an operator would."""
    wanted: dict[str, dict[str, object]] = {
        "service": {"public_url": "https://sync.example.com", "database": database_url},
        "xero": {"client_id": credentials.XERO_CLIENT_ID},
    }
    for name, values in sections.items():
        wanted[name] = wanted.get(name, {}) | dict(values)
    lines = [
        f"[{name}]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in some.items()) for name, some in wanted.items()
    ]
    file = directory / "ledgerloop.toml"
    file.write_text("\n".join(lines))
    settings = load(file)
    new_key_file(Path(settings.service.key_file))
    keep_secrets(settings)
    return settings


def keep_secrets(settings: Settings) -> None:
    """Save every secret and the console's password."""
    database = Database(settings.service.database)
    kept = Sealed(DatabaseCells(database), Path(settings.service.key_file))
    kept.save("xero_client_secret", credentials.XERO_CLIENT_SECRET)
    kept.save("xero_webhook_key", KEY)
    kept.save("hubspot_token", credentials.HUBSPOT_TOKEN)
    kept.save("hubspot_client_secret", SECRET)
    with database.transaction() as tx:
        single_values.put(tx, single_values.PASSWORD, _HASH)
    database.close()


class Visit:
    """A service, and a browser that visits it. The engine does not run: what is kept stays as it was kept."""

    def __init__(self, settings: Settings, patience: float = 2.0) -> None:
        self.clock = Standing()
        self.built = build(settings, clock=self.clock)
        self.built.receiver.start()
        self.app = create_app(self.built, patience=patience, pause=0.0, fresh=0.0)
        self.browser = self.new_browser()

    def new_browser(self) -> TestClient:
        """Open a browser without cookies. Secure cookies come back to https addresses only."""
        return TestClient(self.app, base_url="https://sync.example.com", follow_redirects=False)

    def close(self) -> None:
        """Stop what was started."""
        if self.built.receiver.alive:
            self.built.receiver.stop()
        self.built.vendors.close()
        self.built.database.close()

    def from_xero(self, body: bytes, signature: str | None = "right") -> httpx2.Response:
        """Send a webhook as Xero does, rightly signed unless another signature is given."""
        signature = xero.sign(body, KEY) if signature == "right" else signature
        headers = {} if signature is None else {"x-xero-signature": signature}
        return self.browser.post("/webhooks/xero", content=body, headers=headers)

    def from_hubspot(self, body: bytes, headers: Mapping[str, str] | None = None, query: str = "") -> httpx2.Response:
        """Send a webhook as HubSpot does, rightly signed with version 3 unless other headers are given."""
        path = f"/webhooks/hubspot{query}"
        sent = headers if headers is not None else self.signed(body, f"https://sync.example.com{path}")
        return self.browser.post(path, content=body, headers=dict(sent))

    def signed(self, body: bytes, url: str = "https://sync.example.com/webhooks/hubspot") -> dict[str, str]:
        """Return the headers of HubSpot's version 3, for this moment."""
        stamp = str(int(self.clock.at.timestamp() * 1000))
        return {
            "X-HubSpot-Signature-v3": hubspot.sign(body, "POST", url, stamp, SECRET),
            "X-HubSpot-Request-Timestamp": stamp,
        }

    def events(self) -> list[Event]:
        """Return what is in the inbox, oldest first."""
        with self.built.database.reading() as tx:
            return [kept.event for kept in reversed(inbox.recent(tx, 1000))]

    def sign_in(self, password: str = GOOD_PASSWORD) -> httpx2.Response:
        """Open the sign-in page and send its form."""
        token = token_in(self.browser.get("/login").text)
        return self.browser.post("/login", data={"token": token, "password": password})

    def console(self) -> str:
        """Return the console's page, signed in."""
        page = self.browser.get("/")
        if page.status_code == 303:
            assert 303 == self.sign_in().status_code
            page = self.browser.get("/")
        assert 200 == page.status_code
        return str(page.text)


def token_in(page: str) -> str:
    """Find the token that a page's forms carry."""
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def xero_event(**values: Any) -> dict[str, Any]:
    """Make an event as Xero sends it, another one each time."""
    record = str(uuid.uuid4())
    return {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Invoices/{record}",
        "resourceId": record,
        "eventDateUtc": "2026-11-22T08:59:59.902",
        "eventType": "UPDATE",
        "eventCategory": "INVOICE",
        "tenantId": TENANT,
        "tenantType": "ORGANISATION",
        **values,
    }


def xero_body(*events: Any) -> bytes:
    """Make a payload as Xero sends it."""
    numbers = {"lastEventSequence": len(events), "firstEventSequence": 1, "entropy": "S0m3r4Nd0mt3xt"}
    return json.dumps({"events": list(events), **numbers}).encode()


def hubspot_event(**values: Any) -> dict[str, Any]:
    """Make an event as HubSpot sends it."""
    return {
        "eventId": 1,
        "subscriptionId": 12345,
        "portalId": 62515,
        "appId": 54321,
        "occurredAt": 1795337999000,
        "subscriptionType": "deal.propertyChange",
        "attemptNumber": 0,
        "objectId": 123,
        "propertyName": "dealstage",
        "propertyValue": "closedwon",
        "changeSource": "CRM_UI",
        "sourceId": "userId:1",
        **values,
    }
