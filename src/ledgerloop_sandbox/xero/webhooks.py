"""Tell changes as Xero's webhooks do: the handshake, batches, signatures, the strict judgement, the disabling."""

import asyncio
import base64
import hashlib
import hmac
import json
import random
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.delivery import Delivery, Parcel, require_loopback
from ledgerloop_sandbox.xero.organisation import Happening

# Xero publishes no table: growing gaps that add up to 24 hours.
GAPS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 28_800, 29_470)
REPLAY_GAPS = (0.0, *(900.0,) * 96)
"""What a newer note says: at once, then every quarter of an hour for a day."""
REPLAY_KEPT = timedelta(days=31)
DISABLED = "disabled after 24 hours of failure"
CATEGORIES = ("CONTACT", "INVOICE", "CREDITNOTE", "PREPAYMENT", "OVERPAYMENT", "PAYMENT")
_PATHS = {"CONTACT": "Contacts", "INVOICE": "Invoices", "CREDITNOTE": "CreditNotes", "PREPAYMENT": "Prepayments"}
_PATHS |= {"OVERPAYMENT": "Overpayments", "PAYMENT": "Payments"}
_WITH_DATA = {"CREDITNOTE": False, "PREPAYMENT": True, "OVERPAYMENT": True, "PAYMENT": True}
BATCH_SECONDS = 0.05
MOST_EVENTS = 200


@dataclass(slots=True)
class Event:
    """Be one event, before it is numbered and signed."""

    tenant_id: str
    happening: Happening
    at: datetime


class Webhooks:
    """Hold the app's one webhook: URL, key, categories, state and the events that wait."""

    def __init__(self, clock: Clock, delivery: Delivery, key: str, url: str, seed: int) -> None:
        self.clock, self.delivery, self.key, self.url = clock, delivery, key, url
        self.random = random.Random(seed)
        self.categories = {"CONTACT", "INVOICE", "CREDITNOTE", "PREPAYMENT"}
        self.status = "intent to receive required"
        self.sequence = 0
        self.odd = {
            "webhook_mixed_case": False,  # Update instead of UPDATE
            "webhook_url_without_id": False,
            "webhook_sequence_gaps": False,
            "webhook_unknown_category": False,
            "webhook_replay": False,  # events of an outage are kept and told in order, instead of gone
        }
        self._failing = False
        self._waiting: list[Event] = []
        self._flush: asyncio.Task[None] | None = None
        self._generation = 0

    def as_json(self) -> dict[str, Any]:
        """Return what the control API shows."""
        return {
            "url": self.url,
            "key": self.key,
            "categories": sorted(self.categories),
            "enabled": self.status == "ok",
            "status": self.status,
            "sequence": self.sequence,
            "waiting": len(self._waiting),
        }

    def tell(self, tenant_id: str, happened: Iterable[Happening]) -> None:
        """Queue what happened; while the webhook is not on it is gone, unless outages are replayed."""
        if self.status != "ok" and not self._keeps():
            return
        now = self.clock.now()
        self._waiting += [Event(tenant_id, one, now) for one in happened if one.category in self.categories]
        self._send_what_waits()

    def _keeps(self) -> bool:
        return self.odd["webhook_replay"] and self.status == DISABLED

    def _send_what_waits(self) -> None:
        if self._waiting and self.status == "ok" and (self._flush is None or self._flush.done()):
            self._flush = asyncio.get_running_loop().create_task(self._send_soon())

    async def _send_soon(self) -> None:
        await asyncio.sleep(BATCH_SECONDS)
        while self._waiting and self.status == "ok" and not (self.odd["webhook_replay"] and self._failing):
            events, self._waiting = self._waiting[:MOST_EVENTS], self._waiting[MOST_EVENTS:]
            self.delivery.send(self._parcel(self._body(events), len(events), events=events))

    async def enable(self) -> dict[str, Any]:
        """Run the handshake: right signatures want an empty 200, near misses an empty 401."""
        self._generation += 1
        tried = []
        order = [True, False, False, False]
        self.random.shuffle(order)
        for right in (*order, True):
            body = self._handshake_body()
            parcel = self._parcel(body, 0, right=right)
            problem = await self.delivery.attempt(parcel)
            tried.append({"signature": "right" if right else "one character wrong", "problem": problem})
        passed = all(one["problem"] is None for one in tried)
        self.status = "ok" if passed else "intent to receive required"
        self._failing = False
        self._waiting = [one for one in self._waiting if self.clock.now() - one.at < REPLAY_KEPT]
        self._send_what_waits()
        return {"handshake": {"passed": passed, "requests": tried}}

    def disable(self, status: str) -> None:
        """Switch the webhook off; what waits is gone, unless outages are replayed."""
        self.status = status
        if not self._keeps():
            self._waiting.clear()
        self._generation += 1

    def _settled(self, generation: int, delivered: bool, events: list[Event]) -> None:
        if generation != self._generation or self.status != "ok":
            return
        if delivered:
            self._failing = False
            self._send_what_waits()
        else:
            self._waiting = [*events, *self._waiting]
            self.disable(DISABLED)

    def _fail(self) -> None:
        self._failing = True

    def _parcel(self, body: bytes, count: int, *, right: bool = True, events: list[Event] | None = None) -> Parcel:
        signature = sign(self.key, body)
        if not right:
            signature = near_miss(signature, self.random)
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Xero-Webhooks/1.0",
            "x-xero-signature": signature,
        }
        generation = self._generation
        return Parcel(
            url=self.url,
            body=body,
            headers=lambda attempt: headers,
            verdict=lambda answer: judge(answer, 200 if right else 401),
            events=count,
            wanted=lambda: generation == self._generation and self.status == "ok",
            settled=lambda delivered: self._settled(generation, delivered, events or []),
            failed=self._fail,
            gaps=REPLAY_GAPS if self.odd["webhook_replay"] else None,
        )

    def _body(self, events: list[Event]) -> bytes:
        if self.odd["webhook_sequence_gaps"]:
            self.sequence += self.random.randint(1, 5)
        first = self.sequence + 1
        shown = [self._event(event) for event in events]
        if self.odd["webhook_unknown_category"]:
            shown.append({**shown[-1], "eventCategory": "QUOTE", "eventType": "CREATE"})
        self.sequence += len(shown)
        payload = {
            "events": shown,
            "lastEventSequence": self.sequence,
            "firstEventSequence": first,
            "entropy": self._entropy(),
        }
        return json.dumps(payload, separators=(",", ":")).encode()

    def _event(self, event: Event) -> dict[str, Any]:
        what, record = event.happening, event.happening.record
        path = f"/api.xro/2.0/{_PATHS[what.category]}"
        bare = self.odd["webhook_url_without_id"]
        shown = {
            "resourceUrl": f"https://api.xero.com{path}" + ("" if bare else f"/{record.id}"),
            "resourceId": record.id,
            "eventDateUtc": event.at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
            "eventType": what.type.title() if self.odd["webhook_mixed_case"] else what.type,
            "eventCategory": what.category,
            "tenantId": event.tenant_id,
            "tenantType": "ORGANISATION",
        }
        if what.category in _WITH_DATA:
            data = {"Type": record.type, "Status": record.status}
            if _WITH_DATA[what.category]:
                data["UpdatedDateUTCString"] = f"{record.updated:%Y-%m-%dT%H:%M:%SZ}"
            shown["data"] = data
        return shown

    def _handshake_body(self) -> bytes:
        # The odd spaces are the real ones: whoever parses and writes again gets another signature.
        entropy = self._entropy()
        text = f'{{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "{entropy}"}}'
        return text.encode()

    def _entropy(self) -> str:
        return "".join(self.random.choices(string.ascii_uppercase, k=20))

    async def configure(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change URL, key or categories; a new URL and switching on run the handshake."""
        unknown = set(changes) - {"url", "key", "enabled", "categories"}
        if unknown:
            raise ValueError(f"a Xero webhook has no {', '.join(sorted(unknown))}")
        if strange := set(changes.get("categories", ())) - set(CATEGORIES):
            raise ValueError(f"unknown categories {', '.join(sorted(strange))}; known are {', '.join(CATEGORIES)}")
        moved = "url" in changes and changes["url"] != self.url
        self.url = require_loopback(str(changes.get("url", self.url)))
        self.key = str(changes.get("key", self.key))
        self.categories = set(changes.get("categories", self.categories))
        if changes.get("enabled") is False:
            self.disable("switched off")
            return {}
        if changes.get("enabled") or moved:
            return await self.enable()
        return {}


def sign(key: str, body: bytes) -> str:
    """Return the signature: the key is used as text, although it looks like base64."""
    return base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()


def near_miss(signature: str, source: random.Random) -> str:
    """Change one character of a signature."""
    at = source.randrange(42)
    other = source.choice([letter for letter in string.ascii_letters + string.digits if letter != signature[at]])
    return signature[:at] + other + signature[at + 1 :]


def judge(answer: httpx2.Response, wanted: int) -> str | None:
    """Return what Xero has against an answer: another status, a body, cookies."""
    if answer.status_code != wanted:
        return f"status {answer.status_code} instead of {wanted}"
    if answer.content:
        return "Response contains a body"
    if "set-cookie" in answer.headers:
        return "Response contains cookies"
    return None
