"""Verify Xero's webhooks and read the events in them. Does no I/O.

Events are hints that something changed, at least once and in no order, so whatever can be understood is kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from ledgerloop.decimal_json import dumps, loads
from ledgerloop.errors import BadSignature, Unreadable
from ledgerloop.records import Event
from ledgerloop.xero.values import EPOCH, moment_from

OURS = frozenset({"CONTACT", "INVOICE", "CREDITNOTE", "PAYMENT", "PREPAYMENT", "OVERPAYMENT"})


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one POST brought. ``first`` and ``last`` number its events, so that a gap can be noticed."""

    events: tuple[Event, ...]
    first: int | None
    last: int | None
    handshake: bool
    """Whether this is Xero's “intent to receive”: a signed body without events."""


def sign(raw: bytes, key: str) -> str:
    """Sign raw bytes as Xero does: base64 of HMAC-SHA256 under the key's text bytes, which are not base64-decoded."""
    return base64.b64encode(hmac.new(key.encode(), raw, hashlib.sha256).digest()).decode()


def verify(raw: bytes, signature: str | None, key: str) -> None:
    """Raise BadSignature unless the signature is right. An empty key closes the endpoint: anybody can sign with it."""
    if not key.strip():
        raise BadSignature("no webhook key is set, so no Xero webhook can be trusted")
    if not signature:
        raise BadSignature("the webhook carries no signature")
    if not hmac.compare_digest(sign(raw, key).encode(), signature.encode("utf-8", "replace")):
        raise BadSignature("the webhook's signature is not right")


def names_a_record(raw: bytes) -> bool:
    """Tell whether a body, not verified yet, may tell of anything: those by which Xero tries us out do not."""
    return b"resourceId" in raw


def events_from(raw: bytes) -> Delivery:
    """Read a verified body. An event that cannot be understood is kept as unreadable; the others live on."""
    try:
        body = loads(raw)
    except ValueError as error:
        raise Unreadable("the webhook's body is not JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("events"), list):
        raise Unreadable("the webhook's body has no list of events")
    try:
        events = tuple(_event(given) for given in body["events"])
    except RecursionError as error:
        raise Unreadable("the webhook's body is nested too deeply") from error
    return Delivery(events, _number(body.get("firstEventSequence")), _number(body.get("lastEventSequence")), not events)


def unreadable(raw: bytes, reason: str) -> Event:
    """Make the event that stands for a whole delivery that could not be read, so that it is kept and shown."""
    text = raw.decode("utf-8", "replace").replace("\0", "\ufffd")
    return Event("xero", hashlib.sha256(raw).hexdigest(), "", "", "", "", EPOCH, text, "unreadable", reason)


def _event(given: Any) -> Event:
    body = dumps(given)
    if not isinstance(given, dict):
        return _lost(body, "", "the event is not an object")
    tenant, category, resource, kind = (
        _word(given.get(name)) for name in ("tenantId", "eventCategory", "resourceId", "eventType")
    )
    missing = [n for n, w in (("tenantId", tenant), ("eventCategory", category), ("resourceId", resource)) if not w]
    if missing:
        return _lost(body, tenant, f"the event has no usable {' or '.join(missing)}")
    category, kind = category.upper(), kind.upper()
    at = moment_from(given.get("eventDateUtc"))
    when = at.isoformat() if at else dumps(given.get("eventDateUtc"))
    key = hashlib.sha256(dumps([tenant, category, resource, kind, when]).encode()).hexdigest()
    ours = category in OURS
    reason = "" if ours else f"{category} is not our business"
    return Event(
        "xero", key, tenant, category, kind, resource, at or EPOCH, body, "waiting" if ours else "skipped", reason
    )


def _lost(body: str, tenant: str, reason: str) -> Event:
    key = hashlib.sha256(body.encode()).hexdigest()
    return Event("xero", key, tenant, "", "", "", EPOCH, body, "unreadable", reason)


def _word(value: Any) -> str:
    """Return a word that can be stored anywhere, or nothing: ids and categories have no odd characters."""
    return value.strip() if isinstance(value, str) and value.isprintable() and len(value) <= 200 else ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62 else None
