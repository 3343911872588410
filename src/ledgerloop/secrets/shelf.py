"""A shelf for secrets: load and save by name, and let one process at a time work on one of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

SESSION_KEY = "console_session_key"
"""The name of the secret that signs the console's cookies; where it is lost, a new one is made by itself."""


class Secrets(Protocol):
    """Where secrets are kept: the sealed store, or a secrets manager."""

    def load(self, name: str) -> str | None:
        """Return the secret, or None if there is none."""

    def save(self, name: str, text: str) -> None:
        """Keep the secret durably before returning."""

    def replace(self, name: str, before: str, after: str) -> bool:
        """Keep a secret in the place of another, durably before returning; tell whether that one was still there."""

    def forget(self, name: str) -> None:
        """Keep a secret no longer; one that is not there is right."""


class Shelf:
    """Put a cross-process lock beside a place for secrets, as renewing a token needs."""

    def __init__(self, secrets: Secrets, lock: Callable[[str], AbstractContextManager[None]]) -> None:
        self._secrets, self._lock = secrets, lock

    def load(self, name: str) -> str | None:
        """Return the secret, or None if there is none."""
        return self._secrets.load(name)

    def save(self, name: str, text: str) -> None:
        """Keep the secret durably before returning."""
        self._secrets.save(name, text)

    def replace(self, name: str, before: str, after: str) -> bool:
        """Keep a secret in the place of another, durably before returning; tell whether that one was still there."""
        return self._secrets.replace(name, before, after)

    def forget(self, name: str) -> None:
        """Keep a secret no longer; one that is not there is right."""
        self._secrets.forget(name)

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold the secret of this name while the block lasts; no thread or process holds it at the same time."""
        return self._lock(f"secret {name}")
