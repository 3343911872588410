"""Hashes of addresses: always the same, under a key that nobody can read out of the database."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from ledgerloop.secrets.keyed import Keyed
from ledgerloop.secrets.shelf import Shelf


class _Drawer:
    """Keep secrets in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def load(self, name: str) -> str | None:
        return self.kept.get(name)

    def save(self, name: str, text: str) -> None:
        self.kept[name] = text


@contextmanager
def _unlocked(_name: str) -> Iterator[None]:
    yield


def test_the_same_for_every_process() -> None:
    """The key is made once: another process with the same secrets finds the same addresses."""
    drawer = _Drawer()
    first, second = (Keyed(Shelf(drawer, _unlocked)).digest("me@acme.nz") for _ in range(2))

    assert first == second
    (key,) = drawer.kept.values()
    assert hmac.new(bytes.fromhex(key), b"me@acme.nz", hashlib.sha256).hexdigest() == first
    assert 32 == len(bytes.fromhex(key))


def test_another_key_tells_nothing() -> None:
    """Two services hash differently, and neither as everybody could."""
    digests = {Keyed(Shelf(_Drawer(), _unlocked)).digest("me@acme.nz") for _ in range(2)}

    assert 2 == len(digests)
    assert hashlib.sha256(b"me@acme.nz").hexdigest() not in digests
