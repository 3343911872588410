"""Seal secrets with a local key, so that the place that keeps them cannot read them.

The key lies in a file of its own, outside the database, readable by its owner alone.
Each of its lines is a key: the first one seals, all of them open, so a new first line is a rotation.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ledgerloop.errors import SettingsError


class Cells(Protocol):
    """A place that keeps sealed bytes by name."""

    def load(self, name: str) -> bytes | None:
        """Return the bytes, or None if there are none."""

    def save(self, name: str, sealed: bytes) -> None:
        """Keep the bytes durably before returning."""


class Sealed:
    """Keep secrets sealed in cells."""

    def __init__(self, cells: Cells, key_file: Path) -> None:
        self._cells, self._key_file = cells, key_file
        self._fernet = _read_key_file(key_file)

    def load(self, name: str) -> str | None:
        """Open a secret; none if it was never saved."""
        sealed = self._cells.load(name)
        if sealed is None:
            return None
        try:
            inside = self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            raise _wrong_key(self._key_file, name) from None
        sealed_name, _, text = inside.partition("\n")
        if sealed_name != name:
            # Whoever can write to the database could otherwise put one secret in the place of another.
            raise _wrong_key(self._key_file, name)
        return text

    def save(self, name: str, text: str) -> None:
        """Seal a secret together with its name, with the first key of the file."""
        self._cells.save(name, self._fernet.encrypt(f"{name}\n{text}".encode()))


def new_key_file(path: Path) -> None:
    """Write a new key to a new file with mode 0600. An existing file is never touched: it may be the only key."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(
            "service.key_file",
            str(path),
            "the file is there already; to seal with a new key, add it as the first line.",
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _read_key_file(path: Path) -> MultiFernet:
    def problem(cure: str) -> SettingsError:
        return SettingsError("service.key_file", str(path), cure)

    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = file.read().split()
    except FileNotFoundError:
        raise problem("there is no key; `ledgerloop init` makes one, or bring back the one that sealed.") from None
    except (PermissionError, IsADirectoryError):
        raise problem("it cannot be read; make it a file that belongs to the user Ledgerloop runs as.") from None
    if stat.S_IMODE(mode) & 0o077:
        raise problem(f"others may read the key; run `chmod 600 {path}`.")
    try:
        return MultiFernet([Fernet(line) for line in lines])
    except ValueError:
        raise problem(
            "it holds no key; write one key of 44 characters on each line, as `ledgerloop init` does."
        ) from None


def _wrong_key(path: Path, name: str) -> SettingsError:
    return SettingsError(
        "service.key_file",
        str(path),
        f"this key does not open the secret `{name}`; bring back the key that sealed it, or save the secret anew.",
    )
