"""Read the secrets that the settings refer to, wherever each of them is. Shows none of them, not in an error either.

What is read over the network is remembered for a few seconds, since some of it is needed with every call.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from ledgerloop.clock import Clock
from ledgerloop.errors import Locked, SettingsError, StoreAway
from ledgerloop.secrets.references import REMOTE, Reference, parse
from ledgerloop.secrets.shelf import Secrets
from ledgerloop.secrets.stores import Absent, Denied

LARGEST = 65_536
"""Bytes of a file that may be a secret; tokens and keys have hundreds."""
REMEMBERED = 15.0
"""Seconds for which a secret from elsewhere is used without asking again."""
AWAY = 3.0
"""Seconds for which nobody waits again for a store that was away."""

Readers = Mapping[str, Callable[[str, str], str]]
"""What reads a place and a key of it, by the kind of a reference. Raises Absent, Denied and StoreAway."""


class Lookup:
    """Read what a setting refers to, anew each time or nearly so, so that a new secret counts within seconds."""

    def __init__(
        self,
        secrets: Secrets,
        settings_file: Path,
        readers: Readers = MappingProxyType({}),
        far: Collection[str] = REMOTE,
        clock: Clock = Clock(),
    ) -> None:
        """``far`` names the kinds that are read over the network: what they give is remembered."""
        self._secrets, self._file, self._readers, self._far = secrets, settings_file, readers, far
        self._clock = clock
        self._remembered: dict[str, tuple[float, str]] = {}
        self._away: dict[str, tuple[float, str]] = {}

    def read(self, reference: str, key: str, *, unlike: str = "", anew: bool = False) -> str:
        """Return the secret that the setting ``key`` refers to.

        One that the vendor has refused, ``unlike`` which the right one must be, is not answered from memory; nor is
        anything when it is asked for ``anew``. Raises SettingsError where there is none yet, Locked where there is one
        that we are not let in to, each with what to do, and StoreAway. Spaces and line ends around it are no part of
        it.
        """
        wanted = parse(reference)
        if wanted.kind not in self._far:
            return self._read(wanted, key)
        read_at, text = self._remembered.get(reference, (0.0, ""))
        if not text or anew or text == unlike or self._clock.monotonic() > read_at + REMEMBERED:
            self._remembered.pop(reference, None)
            text = self._fetched(wanted, key, anew)
            self._remembered[reference] = (self._clock.monotonic(), text)
        return text

    def _fetched(self, wanted: Reference, key: str, anew: bool) -> str:
        away = self._away.get(wanted.kind)
        if away and not anew and self._clock.monotonic() < away[0] + AWAY:
            raise StoreAway(away[1])
        try:
            text = self._read(wanted, key)
        except StoreAway as problem:
            self._away[wanted.kind] = (self._clock.monotonic(), problem.message)
            raise
        self._away.pop(wanted.kind, None)
        return text

    def _read(self, wanted: Reference, key: str) -> str:
        match wanted.kind:
            case "env":
                text = self._variable(wanted.place, key)
            case "file":
                text = self._content(self._file.parent / wanted.place, key)
            case "secret":
                text = self._kept(wanted.place, key)
            case _:
                text = self._remote(wanted, key)
        return text

    def _remote(self, wanted: Reference, key: str) -> str:
        try:
            return self._readers[wanted.kind](wanted.place, wanted.key)
        except Absent as error:
            raise self._missing(key, str(error)) from None
        except Denied as error:
            raise Locked(key, str(self._file), f"it refers to a secret that cannot be read: {error}") from None

    def _kept(self, name: str, key: str) -> str:
        text = self._secrets.load(name)
        if text is None:
            raise self._missing(key, f"the secret `{name}`: run `ledgerloop secret set {name}`.")
        return text

    def _variable(self, name: str, key: str) -> str:
        text = os.environ.get(name)
        if text is None:
            raise self._missing(
                key, f"the environment variable {name}, which is not set: set it for Ledgerloop, and start it again."
            )
        if not text.strip():
            raise self._missing(
                key, f"the environment variable {name}, which is empty: put the secret there, and start it again."
            )
        return text.strip()

    def _content(self, path: Path, key: str) -> str:
        try:
            # A pipe would be waited for, and could be read once only.
            if not stat.S_ISREG(path.stat().st_mode):
                raise self._missing(key, f"{path}, which is no file: name the file that holds the secret.")
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(key, f"the file {path}, which is not there: put the secret there.") from None
        except OSError as error:
            raise Locked(
                key,
                str(self._file),
                f"it refers to the file {path}, which cannot be read ({error.strerror}): let the user Ledgerloop runs"
                " as read it.",
            ) from None
        try:
            text = content.decode().strip() if len(content) <= LARGEST else ""
        except UnicodeDecodeError:
            text = ""
        if not text and content.strip():
            raise self._missing(key, f"the file {path}, which holds no secret: it is no text, or above 64 KiB.")
        if not text:
            raise self._missing(key, f"the file {path}, which is empty: put the secret there.")
        return text

    def _missing(self, key: str, what: str) -> SettingsError:
        return SettingsError(key, str(self._file), f"it refers to {what}")
