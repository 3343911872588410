"""Tell of changes by webhook: arrays of up to 100 events, signed, retried up to 10 times within 24 hours."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.delivery import Delivery, Parcel, require_loopback
from ledgerloop_sandbox.faults import Faults
from ledgerloop_sandbox.hubspot import signing
from ledgerloop_sandbox.hubspot.changes import Change
from ledgerloop_sandbox.hubspot.subscriptions import Subscription, default_subscriptions, subscriptions_from
from ledgerloop_sandbox.hubspot.wire import Json, encode

LARGEST = 100
RETRIES = 10
DAY = 86_400.0


def gaps(seed: int) -> tuple[float, ...]:
    """Spread 10 retries over 24 hours, with random and growing gaps."""
    dice = random.Random(seed)
    raw = [2**number * dice.uniform(0.6, 1.4) for number in range(RETRIES)]
    return tuple(DAY * 0.98 * gap / sum(raw) for gap in raw)


@dataclass(slots=True)
class Target:
    """Where one app's webhooks go, and how they are signed."""

    url: str
    secret: str
    app_id: int
    enabled: bool = True
    v3: bool = True
    older: str = "v1"
    """Which older signature stands beside v3: v1, v2, or an empty text for none."""
    at_once: int = 10
    ahead: float = 0.0
    """Seconds by which the receiver's clock is ahead of ours, for one that lives in the sandbox's time."""
    subscriptions: list[Subscription] = field(default_factory=lambda: default_subscriptions("legacy"))

    def as_json(self) -> Json:
        """Return the target as the control API shows it."""
        return {
            "url": self.url,
            "secret": self.secret,
            "app_id": self.app_id,
            "enabled": self.enabled,
            "v3": self.v3,
            "older": self.older,
            "at_once": self.at_once,
            "ahead": self.ahead,
            "subscriptions": [one.as_json() for one in self.subscriptions],
        }

    def change(self, changes: dict[str, Any]) -> None:
        """Change the target; a wrong value is a ValueError that says so."""
        known = {"url", "secret", "enabled", "v3", "older", "at_once", "ahead", "subscriptions"}
        changes = {("secret" if name == "key" else name): value for name, value in changes.items()}
        if unknown := sorted(set(changes) - known):
            raise ValueError(f"webhooks have no {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        if "url" in changes:
            require_loopback(str(changes["url"]))
        if changes.get("older", "v1") not in ("v1", "v2", ""):
            raise ValueError("older must be v1, v2 or empty")
        if "subscriptions" in changes:
            changes["subscriptions"] = subscriptions_from(changes["subscriptions"])
        for name, value in changes.items():
            setattr(self, name, value)

    def signed(self, body: bytes) -> dict[str, str]:
        """Return the headers of one request; the time is ours, since the receiver compares it with its own."""
        headers = {"Content-Type": "application/json", "User-Agent": "HubSpot Connect 2.0 (sandbox)"}
        if self.v3:
            timestamp = str(int((time.time() + self.ahead) * 1000))
            headers["X-HubSpot-Signature-v3"] = signing.v3(self.secret, "POST", self.url, body, timestamp)
            headers["X-HubSpot-Request-Timestamp"] = timestamp
        if self.older:
            made = (
                signing.v1(self.secret, body) if self.older == "v1" else signing.v2(self.secret, "POST", self.url, body)
            )
            headers |= {"X-HubSpot-Signature": made, "X-HubSpot-Signature-Version": self.older}
        return headers


class HubSpotDelivery(Delivery):
    """Deliver with a growing attemptNumber in the events, and at most so many requests at once."""

    def __init__(self, clock: Clock, faults: Faults, seed: int, target: Target) -> None:
        super().__init__(clock, faults, gaps(seed))
        self.target = target
        self._slots: asyncio.Semaphore | None = None
        self._at_once = 0

    async def attempt(self, parcel: Parcel, number: int = 0) -> str | None:
        """Post a parcel once, when there is room; it is signed anew each time."""
        body, target = parcel.body, self.target
        if number:
            body = encode([event | {"attemptNumber": number} for event in json.loads(body)]).encode()
        if self._slots is None or self._at_once != target.at_once:
            self._slots, self._at_once = asyncio.Semaphore(target.at_once), target.at_once
        async with self._slots:
            signed = replace(parcel, body=body, headers=lambda number: target.signed(body))
            return await super().attempt(signed, number)


class Webhooks:
    """Collect what an app has subscribed to, and send it in arrays."""

    def __init__(self, target: Target, delivery: HubSpotDelivery, portal_id: int, dice: random.Random) -> None:
        self.target = target
        self.delivery = delivery
        self.portal_id = portal_id
        self.dice = dice
        self.queue: list[Json] = []
        self.repeated_ids = 0.0
        self._event_id = 100
        self._leaving = False

    def tell(self, change: Change) -> None:
        """Note a change for each subscription that it matches."""
        if self.target.enabled and self.target.url:
            self.queue += [self._event(one, change) for one in self.target.subscriptions if one.matches(change)]

    def leave_in(self, seconds: float) -> None:
        """Send what has collected a little later, from the running event loop."""
        if self.queue and not self._leaving:
            self._leaving = True
            asyncio.get_running_loop().call_later(seconds, self.leave)

    def leave(self) -> None:
        """Send what has collected, up to 100 events a request."""
        self._leaving = False
        waiting, self.queue = self.queue, []
        for at in range(0, len(waiting), LARGEST):
            events = waiting[at : at + LARGEST]
            self.delivery.send(_parcel(self.target, events))

    def forget(self) -> None:
        """Drop what has not left yet."""
        self.queue.clear()

    def _event(self, subscription: Subscription, change: Change) -> Json:
        # eventId is not guaranteed to be unique: now and then two events share one.
        if self.dice.random() >= self.repeated_ids:
            self._event_id += 1 + self.dice.getrandbits(8)
        event: Json = {
            "eventId": self._event_id,
            "subscriptionId": subscription.id,
            "portalId": self.portal_id,
            "appId": self.target.app_id,
            "occurredAt": change.at,
            "subscriptionType": subscription.type,
            "attemptNumber": 0,
        }
        if change.what != "associationChange":
            event["objectId"] = int(change.object_id)
        if subscription.generic:
            event["objectTypeId"] = change.kind.type_id
        event |= change.more
        event |= {"changeSource": change.by.source_type, "sourceId": change.by.source_id}
        if change.what == "propertyChange":
            event["isSensitive"] = False
        return event


def _parcel(target: Target, events: list[Json]) -> Parcel:
    return Parcel(
        url=target.url,
        body=encode(events).encode(),
        headers=lambda number: {},
        verdict=_verdict,
        events=len(events),
    )


def _verdict(answer: httpx2.Response) -> str | None:
    return None if 200 <= answer.status_code < 300 else f"status {answer.status_code}"
