"""Set the stage for trying Ledgerloop: both sandboxes and the service on loopback, and people who act there.

People act by the sandbox's own control routes: what they do counts as no call. The service is the real one.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import httpx2

from ledgerloop import settings as settings_
from ledgerloop.bootstrap import Ledgerloop, build
from ledgerloop.errors import LedgerloopError
from ledgerloop.http import trusted
from ledgerloop.secrets.sealed import Sealed, new_key_file
from ledgerloop.store import single_values
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import DatabaseCells
from ledgerloop.web.app import create_app
from ledgerloop.web.passwords import hash_of
from ledgerloop.web.purpose import PURPOSE
from ledgerloop.web.server import listening, running
from ledgerloop_sandbox import credentials
from ledgerloop_sandbox.server import Sandbox
from ledgerloop_sandbox.server import running as sandbox_running

T = TypeVar("T")

PATIENCE = 150.0
"""Seconds that anything on the stage is waited for at least: a busy machine is no reason to call the story untrue,
and a lane may rest for a vendor's minute."""
_SELDOM = 0.1
"""Seconds between two looks at what is waited for, once it has not come at once."""
Sections = Mapping[str, Mapping[str, object] | Sequence[Mapping[str, object]]]
"""Settings by section; a sequence is a section that may stand several times."""


class NotAsTold(LedgerloopError):
    """Report that something on the stage did not happen as the story tells it."""


@dataclass
class Stage:
    """Both vendors and the service, all on loopback, and a browser that is logged in to the console."""

    xero_url: str
    hubspot_url: str
    service_url: str
    password: str
    built: Ledgerloop
    browser: httpx2.Client
    control: httpx2.Client
    organisation: str = ""

    def at_hubspot(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Do what a person does in HubSpot, and return what HubSpot shows."""
        return self._act(self.hubspot_url, method, path, body, query, None)

    def in_xero(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Do what a person does in Xero, in the connected organisation, and return what Xero shows."""
        return self._act(self.xero_url, method, f"/api.xro/2.0{path}", body, query, self.organisation)

    def calls(self) -> dict[str, list[dict[str, Any]]]:
        """Return every API call that both vendors have received so far."""
        return {
            vendor: self.control.get(f"{url}/_sandbox/calls").json()["calls"]
            for vendor, url in (("xero", self.xero_url), ("hubspot", self.hubspot_url))
        }

    def until(self, what: str, look: Callable[[], T | None], seconds: float = PATIENCE) -> T:
        """Look until there is something; NotAsTold where it does not come in time."""
        seconds = max(seconds, PATIENCE)
        end, pause = time.monotonic() + seconds, 0.02
        while (seen := look()) is None:
            if time.monotonic() > end:
                raise NotAsTold(f"Waited {seconds:.0f} s in vain: {what}.")
            time.sleep(pause)
            pause = min(pause * 1.25, _SELDOM)  # whoever looks all the time takes it from those who work
        return seen

    def _act(
        self, url: str, method: str, path: str, body: Any, query: Mapping[str, str] | None, organisation: str | None
    ) -> Any:
        asked = {"method": method, "path": path, "body": body, "query": query, "organisation": organisation}
        answer = self.control.post(f"{url}/_sandbox/act", json=asked).json()
        if not 200 <= answer["status"] < 300:
            raise NotAsTold(f"{method} {path} was answered {answer['status']}: {answer['body']}")
        return answer["body"]


@contextmanager
def stage(
    keep: Path | None = None, *, latency_ms: float = 0, settings: Sections | None = None, data: str = "demo"
) -> Iterator[Stage]:
    """Start everything; stop everything and forget it afterwards. ``settings`` are added to those that are needed."""
    with ExitStack() as stack:
        directory = keep or Path(stack.enter_context(TemporaryDirectory(prefix="ledgerloop-")))
        sock = listening("127.0.0.1", 0, "ledgerloop.toml")
        service_url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        sandbox = stack.enter_context(sandbox_running(latency_ms=latency_ms, service_url=service_url, data=data))
        password = furnish(directory, sandbox, service_url, settings or {})
        built = build(settings_.load(directory / "ledgerloop.toml"))
        stack.enter_context(running(create_app(built), sock))
        browser = stack.enter_context(open_browser(service_url))
        control = stack.enter_context(httpx2.Client(timeout=PATIENCE, verify=trusted()))
        yield Stage(sandbox.xero_url, sandbox.hubspot_url, service_url, password, built, browser, control)


def open_browser(service_url: str) -> httpx2.Client:
    """Open a browser at the service's console."""
    return httpx2.Client(base_url=service_url, follow_redirects=True, timeout=PATIENCE, verify=trusted())


def furnish(directory: Path, sandbox: Sandbox, service_url: str, more: Sections) -> str:
    """Write what an operator would: settings, key, secrets, the console's password. Returns the password."""
    sections: dict[str, Any] = {
        "service": {"public_url": service_url},
        "xero": {
            "client_id": credentials.XERO_CLIENT_ID,
            "login_url": sandbox.xero_url,
            "identity_url": sandbox.xero_url,
            "api_url": sandbox.xero_url,
        },
        "hubspot": {"api_url": sandbox.hubspot_url},
    }
    for name, values in more.items():
        sections[name] = {**sections.get(name, {}), **values} if isinstance(values, Mapping) else values
    file = directory / "ledgerloop.toml"
    file.write_text("".join(_section(name, values) for name, values in sections.items()))
    settings = settings_.load(file)
    new_key_file(Path(settings.service.key_file))
    database = Database(settings.service.database)
    database.migrate()
    kept = Sealed(DatabaseCells(database), Path(settings.service.key_file))
    for reference, value in (
        (settings.xero.client_secret, credentials.XERO_CLIENT_SECRET),
        (settings.xero.webhook_key, credentials.XERO_WEBHOOK_KEY),
        (settings.hubspot.token, credentials.HUBSPOT_TOKEN),
        (settings.hubspot.client_secret, credentials.HUBSPOT_CLIENT_SECRET),
    ):
        kept.save(reference.removeprefix("secret:"), value)
    password = secrets.token_urlsafe(12)
    with database.transaction() as tx:
        single_values.put(tx, single_values.PASSWORD, hash_of(password, drawn=True))
    database.close()
    return password


def register_webhooks(stage: Stage) -> None:
    """Switch the webhooks on in Xero's developer portal, which tests the service with a handshake first."""
    answer = stage.control.post(f"{stage.xero_url}/_sandbox/webhooks", json={"enabled": True}).json()
    if not answer["enabled"]:
        raise NotAsTold(f"Xero's handshake failed: {answer['status']}.")


def log_in(stage: Stage) -> None:
    """Log the browser in to the console."""
    _submit(stage.browser, stage.browser.get("/login"), "/login", {"password": stage.password})


def connect_xero(stage: Stage, organisation: str) -> None:
    """Consent as a user does: by the console's link, on the vendor's page, with one organisation ticked."""
    page = stage.browser.get("/connect/xero")
    offered = {name: value for value, name in re.findall(r'name="tenant" value="([^"]+)"[^>]*>\s*([^<]+)<', page.text)}
    if organisation not in offered:
        raise NotAsTold(f"Xero's consent page does not offer {organisation}.")
    after = stage.browser.post(str(page.url), data={"tenant": [offered[organisation]], "decision": "allow"})
    if after.url.path == PURPOSE:  # its customers are shown, and deals go where they went
        boxes = dict.fromkeys(re.findall(r'type="checkbox" name="([^"]+)"', after.text), "on")
        _submit(stage.browser, after, PURPOSE, boxes | {"home": ""})
    stage.organisation = offered[organisation]


def connect_hubspot(stage: Stage) -> None:
    """Press the console's button; the token was saved as a secret before."""
    _submit(stage.browser, stage.browser.get("/"), "/connect/hubspot", {})


def _submit(browser: httpx2.Client, page: httpx2.Response, action: str, values: Mapping[str, str]) -> httpx2.Response:
    """Fill in the page's form with that action, its hidden fields included, and send it."""
    form = _Forms(page.text).by_action.get(action)
    if form is None:
        raise NotAsTold(f"{page.url} has no form that posts to {action}.")
    answer = browser.post(action, data={**form, **values})
    if answer.status_code >= 400:
        raise NotAsTold(f"{action} was answered {answer.status_code}.")
    return answer


class _Forms(HTMLParser):
    """Read the hidden fields of a page's forms, by the address each posts to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.by_action: dict[str, dict[str, str]] = {}
        self._open: dict[str, str] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or a hidden field inside one."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = self.by_action.setdefault(given.get("action", ""), {})
        elif tag == "input" and self._open is not None and given.get("type") == "hidden":
            self._open[given.get("name", "")] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Note the end of a form."""
        if tag == "form":
            self._open = None


def _section(name: str, values: Mapping[str, object] | Sequence[Mapping[str, object]]) -> str:
    """Write a section of TOML; a JSON text or number is one of TOML's too."""
    if not isinstance(values, Mapping):
        return "".join(_section(f"[{name}]", each) for each in values)
    return f"[{name}]\n" + "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in values.items()) + "\n"


def _value(value: object) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_value(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)
