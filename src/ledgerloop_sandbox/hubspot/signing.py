"""Sign a webhook as HubSpot does: v3 over method, decoded URI, body and time; v1 and v2 for older receivers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

_DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$",
    "%27": "'", "%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
_ENCODED = re.compile("|".join(_DECODED), re.IGNORECASE)


def decoded(uri: str) -> str:
    """Decode the twelve escapes that HubSpot decodes before it signs."""
    return _ENCODED.sub(lambda match: _DECODED[match[0].upper()], uri)


def v3(secret: str, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """Return the v3 signature: base64 of an HMAC-SHA256."""
    message = method.encode() + decoded(uri).encode() + body + timestamp.encode()
    return base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()


def v1(secret: str, body: bytes) -> str:
    """Return the v1 signature: a hash of secret and body."""
    return hashlib.sha256(secret.encode() + body).hexdigest()


def v2(secret: str, method: str, uri: str, body: bytes) -> str:
    """Return the v2 signature: a hash of secret, method, URI and body."""
    return hashlib.sha256(secret.encode() + method.encode() + uri.encode() + body).hexdigest()
