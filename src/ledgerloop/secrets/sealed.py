"""Seal secrets with a local key, so that the place that keeps them cannot read them.

The key lies in a file of its own, outside the database, readable by its owner alone.
Each of its lines is a key: the first one seals, all of them open, so a new first line is a rotation. The file is read
again when a secret is saved and when one does not open, so a service that runs takes up a new line by itself.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from ledgerloop.errors import Locked, SettingsError
from ledgerloop.log import logger

_MISSING = "it is not there; bring it back from where you keep a copy"


class Cells(Protocol):
    """A place that keeps sealed bytes by name."""

    def load(self, name: str) -> bytes | None:
        """Return the bytes, or None if there are none."""

    def save(self, name: str, sealed: bytes) -> None:
        """Keep the bytes durably before returning."""

    def replace(self, name: str, before: bytes, after: bytes | None) -> bool:
        """Put other bytes, or none, in the place of these; tell whether these were still there."""


class AllCells(Cells, Protocol):
    """Cells that can be gone through."""

    def all(self) -> Mapping[str, bytes]:
        """Return what is kept, by name."""


class Sealed:
    """Keep secrets sealed in cells. Safe to share between threads."""

    def __init__(self, cells: Cells, key_file: Path) -> None:
        self._cells, self._key_file = cells, key_file
        self._keys = _read_key_file(key_file)

    def load(self, name: str) -> str | None:
        """Open a secret; none if it was never saved. Locked, also with the key file read anew, if no key opens it."""
        sealed = self._cells.load(name)
        return None if sealed is None else self._open(name, sealed)

    def save(self, name: str, text: str) -> None:
        """Seal a secret together with its name, with the first key that the file has now."""
        key = self._sealing_key()
        sealed = _sealed(key, name, text)
        self._cells.save(name, sealed)
        self._keep_up(name, text, sealed, key)

    def replace(self, name: str, before: str, after: str | None) -> bool:
        """Seal another secret, or keep none, in the place of this one; tell whether this one was still there."""
        while (sealed := self._cells.load(name)) is not None and self._open(name, sealed) == before:
            new = None if after is None else _sealed(self._sealing_key(), name, after)
            if self._cells.replace(name, sealed, new):
                return True
            # Somebody has sealed the same with another key, or changed it: look again.
        return False

    def forget(self, name: str) -> None:
        """Keep a secret no longer, also one that no key opens; one that is not there is right."""
        while (sealed := self._cells.load(name)) is not None and not self._cells.replace(name, sealed, None):
            pass  # somebody has changed it: look again

    def _keep_up(self, name: str, text: str, sealed: bytes, key: bytes) -> None:
        """Seal anew what was kept while a new first line came: resealing may have passed it by."""
        while True:
            try:
                now = _read_key_file(self._key_file)[0]
            except SettingsError:
                return  # the file is being edited, so resealing is still to come
            anew = _sealed(now, name, text)
            if now == key or not self._cells.replace(name, sealed, anew):
                return  # nothing new came, or somebody has changed it since
            sealed, key = anew, now

    def _open(self, name: str, sealed: bytes) -> str:
        text = _opened(self._keys, name, sealed)
        if text is None:
            # A key that was taken out of the file still opens what was not sealed anew; forgetting it helps nobody.
            found = self._read_again()
            self._keys = (*found, *(key for key in self._keys if key not in found))
            text = _opened(self._keys, name, sealed)
        if text is None:
            raise _locked(self._key_file, name)
        return text

    def _read_again(self) -> tuple[bytes, ...]:
        try:
            return _read_key_file(self._key_file)
        except SettingsError as problem:
            raise Locked(problem.key, problem.file, problem.cure) from None

    def _sealing_key(self) -> bytes:
        try:
            return _read_key_file(self._key_file)[0]
        except SettingsError as problem:
            # Perhaps the file is being edited. A token that is not kept now would be lost.
            logger.error("sealed with the key as it was", why=problem.sentence)
            return self._keys[0]


@dataclass(frozen=True, slots=True)
class Resealed:
    """What became of each secret, by name."""

    anew: tuple[str, ...]
    already: tuple[str, ...]
    """Those that the first key had sealed before."""
    locked: tuple[str, ...]
    """Those that no key opens; they are as they were, unless they were to be forgotten."""
    keys: int
    """How many keys the file has."""


def locked(cells: AllCells, key_file: Path) -> list[str]:
    """Name the secrets that the key file, as it is now, does not open: all of them where it is no key file any more.

    A service that runs may still open them, with a key that it remembers; after a restart it could not.
    """
    kept = cells.all()
    try:
        keys = _read_key_file(key_file)
    except SettingsError:
        return sorted(kept)
    return sorted(name for name, sealed in kept.items() if _opened(keys, name, sealed) is None)


def trouble(key_file: Path) -> str:
    """Say what is wrong with the key file, as it is now, and what cures it; nothing where it is a key file.

    It names the file without its folder: whoever asks how the service does may be anybody.
    """
    try:
        _read_key_file(key_file)
    except SettingsError as problem:
        return problem.cure.replace(str(key_file), key_file.name).removesuffix(".")
    return ""


def stamp(key_file: Path) -> tuple[int, int] | None:
    """Return what is another once the key file, or who may read it, has changed; None where it is not there."""
    try:
        found = key_file.stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns


def reseal(cells: AllCells, key_file: Path, *, forget: bool = False) -> Resealed:
    """Seal every secret with the first key of the file, and ``forget`` those that no key opens, if asked to.

    A service may run meanwhile: what it saves in the same moment stays, for it seals with the first key too.
    Raises SettingsError where the file is no key file.
    """
    keys = _read_key_file(key_file)
    became = {name: _reseal(cells, keys, name, forget) for name in sorted(cells.all())}

    def those(what: str) -> tuple[str, ...]:
        return tuple(name for name, found in became.items() if found == what)

    return Resealed(those("anew"), those("already"), those("locked"), len(keys))


def put_new_key_first(cells: AllCells, key_file: Path) -> bool:
    """Make a new key the first line of the file; tell whether it is one.

    None is made where the first line has not sealed yet what the others did: a rotation that was interrupted goes on.
    The file is replaced as a whole, so whoever reads it finds all of its lines, whenever this process ends. One at a
    time may do this. Raises SettingsError where the file is no key file, or cannot be replaced.
    """
    keys = _read_key_file(key_file)
    if any(
        _opened(keys, name, sealed) is not None and _opened(keys[:1], name, sealed) is None
        for name, sealed in cells.all().items()
    ):
        return False
    real = key_file.resolve()
    beside = real.with_name(f"{real.name}.new")
    try:
        beside.unlink(missing_ok=True)  # left by a process that was killed
        owner = real.stat()
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            file.write(b"\n".join((Fernet.generate_key(), *keys, b"")))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(real)
        folder = os.open(real.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise SettingsError(
            "service.key_file",
            str(key_file),
            f"a new line cannot be put into it from here ({error.strerror}): put it in where the file comes from, and"
            " run `ledgerloop secret reseal`.",
        ) from None
    return True


def _reseal(cells: AllCells, keys: tuple[bytes, ...], name: str, forget: bool) -> Literal["anew", "already", "locked"]:
    while (sealed := cells.load(name)) is not None and _opened(keys[:1], name, sealed) is None:
        text = _opened(keys, name, sealed)
        if text is None:
            if forget and not cells.replace(name, sealed, None):
                continue
            return "locked"
        if cells.replace(name, sealed, _sealed(keys[0], name, text)):
            return "anew"
    return "already"


def new_key_file(path: Path) -> None:
    """Write a new key to a new file with mode 0600. An existing file is never touched: it may be the only key."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(
            "service.key_file",
            str(path),
            "the file is there already; to seal with a new key, run `ledgerloop keys rotate`.",
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _sealed(key: bytes, name: str, text: str) -> bytes:
    return Fernet(key).encrypt(f"{name}\n{text}".encode())


def _opened(keys: Iterable[bytes], name: str, sealed: bytes) -> str | None:
    """Open what one of the keys has sealed under this name; none otherwise.

    Whoever can write to the database could otherwise put one secret in the place of another.
    """
    try:
        inside = MultiFernet([Fernet(key) for key in keys]).decrypt(sealed).decode()
    except InvalidToken:
        return None
    sealed_name, _, text = inside.partition("\n")
    return text if sealed_name == name else None


def _read_key_file(path: Path) -> tuple[bytes, ...]:
    def problem(cure: str) -> SettingsError:
        return SettingsError("service.key_file", str(path), f"{cure}.")

    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            lines = tuple(file.read().split())
    except FileNotFoundError:
        raise problem(f"{_MISSING}. Where there never was one, `ledgerloop init` makes it") from None
    except (PermissionError, IsADirectoryError):
        raise problem("it cannot be read; make it a file that belongs to the user Ledgerloop runs as") from None
    if stat.S_IMODE(mode) & 0o077:
        raise problem(f"others may read it; run `chmod 600 {path}`")
    try:
        MultiFernet([Fernet(line) for line in lines])
    except ValueError:
        raise problem("it holds no key; bring back its lines, each a key of 44 characters") from None
    return lines


def _locked(path: Path, name: str) -> Locked:
    return Locked(
        "service.key_file",
        str(path),
        f"this key does not open the secret `{name}`; bring back the key that sealed it, or save the secret anew.",
    )
