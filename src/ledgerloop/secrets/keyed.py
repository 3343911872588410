"""Hash texts with a key that is kept sealed, so that whoever reads the hashes cannot guess what was hashed.

An email address is easy to guess, so a plain hash of one would tell it to everybody with a list of addresses.
"""

from __future__ import annotations

import hmac
import secrets
from contextlib import AbstractContextManager
from typing import Protocol

HASH_KEY = "key of hashed addresses"
"""The name of the key; it belongs with the hashes in the database."""
_BYTES = 32


class Shelved(Protocol):
    """Where the key is kept: a place for secrets with a lock across processes."""

    def load(self, name: str) -> str | None:
        """Return the secret, or None if there is none."""

    def save(self, name: str, text: str) -> None:
        """Keep the secret durably before returning."""

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the secret of this name while the block lasts."""


class Keyed:
    """Hash texts, always with the same key. The key is made at the first use, and survives a new sealing key."""

    def __init__(self, shelf: Shelved) -> None:
        self._shelf = shelf
        self._key = b""

    def digest(self, text: str) -> str:
        """Return the HMAC-SHA256 of a text, in hexadecimal digits."""
        return hmac.digest(self._secret(), text.encode(), "sha256").hex()

    def _secret(self) -> bytes:
        if not self._key:
            if self._shelf.load(HASH_KEY) is None:
                with self._shelf.lock(HASH_KEY):
                    if self._shelf.load(HASH_KEY) is None:
                        self._shelf.save(HASH_KEY, secrets.token_hex(_BYTES))
            self._key = bytes.fromhex(self._shelf.load(HASH_KEY) or "")
        return self._key
