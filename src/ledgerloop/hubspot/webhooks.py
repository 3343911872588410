"""Verify HubSpot's webhooks and read the events in them. Does no I/O.

An event means “read the record”: it may come twice, late or out of order, and its eventId may not be unique.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ledgerloop.decimal_json import dumps, loads
from ledgerloop.errors import BadSignature, Unreadable
from ledgerloop.records import Event

OURS = frozenset({"deal", "contact", "company", "line_item"})
WINDOW = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_OBJECT_TYPES = {"0-1": "contact", "0-2": "company", "0-3": "deal", "0-8": "line_item"}
_DECODED = re.compile(r"%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)
_SUBJECTS = ("objectId", "primaryObjectId", "newObjectId", "fromObjectId")


def verify(
    raw: bytes,
    headers: Mapping[str, str],
    method: str,
    url: str,
    secret: str,
    now: datetime,
    allow_v1: bool = False,
) -> None:
    """Raise BadSignature unless the webhook is HubSpot's and fresh. ``url`` is the public one, with its query.

    Version 3 is asked for. Version 1, which has no time in it, is taken only by setting and only where no v3 came.
    """
    if not secret.strip():
        raise BadSignature("no client secret is set, so no HubSpot webhook can be trusted")
    sent = {name.lower(): value for name, value in headers.items()}
    signature = sent.get("x-hubspot-signature-v3")
    if signature:
        stamp = sent.get("x-hubspot-request-timestamp", "")
        if not re.fullmatch(r"\d{1,15}", stamp, re.ASCII):
            raise BadSignature("the webhook carries no usable timestamp")
        if abs(now - EPOCH - timedelta(milliseconds=int(stamp))) > WINDOW:
            raise BadSignature("the webhook is older than five minutes, or from the future")
        right = sign(raw, method, url, stamp, secret)
    elif allow_v1 and sent.get("x-hubspot-signature-version", "v1").lower() == "v1":
        signature = sent.get("x-hubspot-signature")
        right = hashlib.sha256(secret.encode() + raw).hexdigest()
    else:
        raise BadSignature("the webhook carries no signature of version 3")
    if not signature or not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
        raise BadSignature("the webhook's signature is not right")


def sign(raw: bytes, method: str, url: str, stamp: str, secret: str) -> str:
    """Sign as HubSpot's version 3 does: base64 of HMAC-SHA256 over method, decoded address, raw body, timestamp."""
    said = method.upper().encode() + decoded(url).encode() + raw + stamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), said, hashlib.sha256).digest()).decode()


def decoded(url: str) -> str:
    """Decode the twelve escapes that HubSpot decodes before signing, and no others."""
    return _DECODED.sub(lambda escape: chr(int(escape[1], 16)), url)


def events_from(raw: bytes, own_app_id: str = "") -> tuple[Event, ...]:
    """Read a verified body. An event that cannot be understood is kept as unreadable; the others live on.

    A change that our own app made is an echo: kept and skipped. Other apps' changes look the same but for the id.
    """
    try:
        body = loads(raw)
    except ValueError as error:
        raise Unreadable("the webhook's body is not JSON") from error
    if not isinstance(body, list):
        raise Unreadable("the webhook's body is not a list of events")
    try:
        return tuple(_event(given, own_app_id) for given in body)
    except RecursionError as error:
        raise Unreadable("the webhook's body is nested too deeply") from error


def unreadable(raw: bytes, reason: str) -> Event:
    """Make the event that stands for a whole delivery that could not be read, so that it is kept and shown."""
    text = raw.decode("utf-8", "replace").replace("\0", "\ufffd")
    return Event("hubspot", hashlib.sha256(raw).hexdigest(), "", "", "", "", EPOCH, text, "unreadable", reason)


def records_named(body: str) -> tuple[str, ...]:
    """Return every record that a kept event names, both sides of a merge included."""
    try:
        given = loads(body)
    except ValueError:
        return ()
    if not isinstance(given, dict):
        return ()
    merged = given.get("mergedObjectIds")
    named = [given.get(field) for field in _SUBJECTS] + (merged if isinstance(merged, list) else [])
    return tuple(dict.fromkeys(found for one in named if (found := _id(one))))


def property_named(body: str) -> tuple[str, str]:
    """Return the property that a kept event says has changed, and its value; empty where it tells of none."""
    try:
        given = loads(body)
    except ValueError:
        return "", ""
    if not isinstance(given, dict):
        return "", ""
    return _word(given.get("propertyName")), _text(given.get("propertyValue")).strip()


def _event(given: Any, own_app_id: str) -> Event:
    body = dumps(given)
    if not isinstance(given, dict):
        return _lost(body, "", "the event is not an object")
    portal, subscription = _id(given.get("portalId")), _word(given.get("subscriptionType"))
    name, _, kind = subscription.partition(".")
    if name == "object":
        name = _OBJECT_TYPES.get(_word(given.get("objectTypeId")), _word(given.get("objectTypeId")) or "object")
    resource = next((found for field in _SUBJECTS if (found := _id(given.get(field)))), "")
    if not portal or not kind:
        return _lost(body, portal, f"the event has no usable {'portalId' if not portal else 'subscriptionType'}")
    if name in OURS and not resource:
        return _lost(body, portal, "the event has no usable objectId")
    parts = (given.get(field) for field in ("objectId", "propertyName", "occurredAt", "eventId"))
    key = hashlib.sha256(dumps([portal, subscription, resource, *parts]).encode()).hexdigest()
    reason = "" if name in OURS else f"{name} is not our business"
    if name in OURS and _by_app(given, own_app_id):
        reason = "echo of our own write"
    return Event(
        "hubspot", key, portal, name, kind, resource, _moment(given.get("occurredAt")), body,
        "skipped" if reason else "waiting", reason,
    )  # fmt: skip


def _by_app(given: Mapping[str, Any], own_app_id: str) -> bool:
    if not own_app_id or given.get("changeSource") != "INTEGRATION":
        return False
    return _text(given.get("sourceId")).rpartition(":")[2] == own_app_id


def _lost(body: str, portal: str, reason: str) -> Event:
    key = hashlib.sha256(body.encode()).hexdigest()
    return Event("hubspot", key, portal, "", "", "", EPOCH, body, "unreadable", reason)


def _id(value: Any) -> str:
    """Return an id as text: HubSpot writes it as a number here and as text elsewhere."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return str(value)
    return _word(value)


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else _id(value)


def _word(value: Any) -> str:
    return value.strip() if isinstance(value, str) and value.isprintable() and len(value) <= 200 else ""


def _moment(value: Any) -> datetime:
    try:
        return EPOCH + timedelta(milliseconds=int(value)) if isinstance(value, int | str) else EPOCH
    except (ValueError, OverflowError):
        return EPOCH
