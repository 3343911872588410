"""Make everything go wrong that can at the sandbox, at a rate; and deliver webhooks as badly as vendors may."""

from __future__ import annotations

import time
from typing import Any

from served import Served

_CALLS: tuple[tuple[float, dict[str, Any]], ...] = (
    (3.0, {"kind": "reset_after"}),  # done, but nobody heard of it: the one that doubles invoices
    (1.0, {"kind": "reset_before"}),
    (1.0, {"kind": "partial", "delay_ms": 300}),
    (1.0, {"kind": "truncate"}),
    (1.0, {"kind": "status", "status": 500}),
    (1.0, {"kind": "status", "status": 500, "after": True}),
    (1.0, {"kind": "status", "status": 503, "body": "The organisation is offline"}),
    (0.5, {"kind": "html", "status": 502}),
    (0.5, {"kind": "html", "status": 502, "after": True}),
    (0.5, {"kind": "delay", "delay_ms": 300}),
    (0.5, {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}}),
)
"""Shares of all that goes wrong. Left out: ``revoke_tokens``, which a person must heal, and ``rewrite``, which tells
lies about the books."""
_HALF_AN_HOUR = 3.0
"""Seconds for which a token lives at least: time goes fast here."""
_WEBHOOKS = (("drop", 0.15), ("double", 0.15), ("reorder", 0.15))


def arm(scene: Served, rate: float) -> None:
    """Let this share of all API calls go wrong, and almost half of the webhooks."""
    whole = sum(share for share, _ in _CALLS)
    left = 1.0
    faults: list[dict[str, Any]] = []
    for share, fault in _CALLS:
        # The sandbox asks one fault after the other, so each later one has only what the earlier ones left.
        wanted = rate * share / whole
        faults.append({**fault, "path": "^/(api.xro|crm)/", "probability": wanted / left})
        left -= wanted
    webhooks = [{"kind": kind, "probability": probability} for kind, probability in _WEBHOOKS]
    for vendor in ("xero", "hubspot"):
        answer = scene.on.control.post(f"{scene.url(vendor)}/_sandbox/faults", json=[*faults, *webhooks])
        assert answer.status_code == 201, answer.text


def taken(scene: Served) -> dict[str, int]:
    """Count what went wrong so far, by kind."""
    counted: dict[str, int] = {}
    for vendor in ("xero", "hubspot"):
        for fault in scene.on.control.get(f"{scene.url(vendor)}/_sandbox/faults").json()["faults"]:
            name = fault["kind"] + (f" {fault['status']}" if fault["kind"] in ("status", "html") else "")
            counted[name] = counted.get(name, 0) + fault["taken"]
    return counted


def expire_tokens(scene: Served) -> None:
    """Let every access token expire at once, as if half an hour had gone by; not several times in a moment."""
    if time.monotonic() - scene.expired_at > _HALF_AN_HOUR:
        scene.expired_at = time.monotonic()
        with scene.sandbox.still():
            scene.sandbox.xero.expire_tokens()
