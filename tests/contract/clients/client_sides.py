"""The two halves of the sandbox as tests of our clients see them, and what connecting to Xero's needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from ledgerloop.clock import Clock
from ledgerloop.http import Api, Call
from ledgerloop.oauth import Provider, Tokens, TokenSet, begin, finish
from ledgerloop.xero.client import XeroClient


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
