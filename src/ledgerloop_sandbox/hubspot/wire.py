"""HubSpot's forms on the wire: times, JSON text, and the request and reply that handlers see. No I/O."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ledgerloop_sandbox.hubspot.tokens import Actor

Json = dict[str, Any]
encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def iso(milliseconds: int) -> str:
    """Write a time as HubSpot does: UTC, milliseconds, a Z."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"


def epoch(text: str) -> int:
    """Read an ISO 8601 time as epoch milliseconds; a time without a zone is UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Request:
    """One call, as the handlers see it: the version is apart from the path, the caller is known."""

    method: str
    version: str
    parts: tuple[str, ...]
    query: Mapping[str, list[str]]
    body: Any
    actor: Actor
    size: int = 0

    @property
    def dated(self) -> bool:
        """Tell whether the call came by a dated path."""
        return self.version.startswith("20")

    @property
    def strict(self) -> bool:
        """Tell whether admin rules and warnings apply: they came with 2026-09."""
        return self.dated and self.version >= "2026-09"

    def one(self, name: str, default: str | None = None) -> str | None:
        """Return the first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def many(self, name: str) -> list[str]:
        """Return a list parameter, given as `a,b` or repeated."""
        return [part for value in self.query.get(name, ()) for part in (p.strip() for p in value.split(",")) if part]

    def flag(self, name: str) -> bool:
        """Return a boolean query parameter."""
        return (self.one(name) or "").lower() == "true"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler answers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
