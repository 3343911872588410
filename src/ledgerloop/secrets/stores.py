"""What a secret store elsewhere must be able to do, and how it says no. Knows no store, and does no I/O of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from ledgerloop.errors import Locked, SettingsError


class Absent(Exception):
    """Report that no secret is there, with what is there instead and what to do."""


class Denied(Exception):
    """Report that the store does not let us in, with what it must allow."""


class Changed(Exception):
    """Report that somebody else has changed a secret since it was read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a store keeps under a name, and which version of it that is."""

    text: str | None
    """None where there is nothing, or where it was deleted."""
    version: str
    """Empty where there never was one."""


class Versioned(Protocol):
    """A store elsewhere. Every method raises StoreAway where the store does not answer, and Denied."""

    def load(self, name: str) -> Kept:
        """Read the latest version."""

    def save(self, name: str, text: str, version: str) -> None:
        """Keep a text durably in the place of a version; raises Changed where that is no longer the latest."""

    def remove(self, name: str) -> None:
        """Forget a secret with all its versions. One that is not there is right."""


class Told:
    """A store whose no is told as what is wrong with the setting ``secrets.store``: Locked, or SettingsError."""

    def __init__(self, store: Versioned, file: str) -> None:
        """``file`` is the settings' one."""
        self._store, self._file = store, file

    def load(self, name: str) -> Kept:
        """Read the latest version."""
        with self._telling():
            return self._store.load(name)

    def save(self, name: str, text: str, version: str) -> None:
        """Keep a text durably in the place of a version; raises Changed where that is no longer the latest."""
        with self._telling():
            self._store.save(name, text, version)

    def remove(self, name: str) -> None:
        """Forget a secret with all its versions. One that is not there is right."""
        with self._telling():
            self._store.remove(name)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except Denied as error:
            raise Locked("secrets.store", self._file, str(error)) from None
        except Absent as error:
            raise SettingsError("secrets.store", self._file, f"it refers to {error}") from None
