"""Keep secrets in a store elsewhere, and never in memory alone: what is saved lands sealed here before it goes there.

A token that is renewed is durable at once, whatever becomes of the process or the store. Where the store does not take
it, it stays here and is what counts, until the store does. Saving and bringing over are done under the secret's lock.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from ledgerloop.errors import SettingsError, StoreAway
from ledgerloop.log import logger
from ledgerloop.secrets.sealed import AllCells, Sealed
from ledgerloop.secrets.stores import Changed, Told

LANDED = "landed "
"""Before the name of a secret that waits here for the store to take it."""
_TRIES = 3


@dataclass(frozen=True, slots=True)
class _Landing:
    """A secret on its way."""

    text: str
    over: list[str] | None
    """The hashes of what it may take the place of; None for whatever is there."""
    raw: str


class Elsewhere:
    """Load from a store elsewhere, and save by way of the sealed store here."""

    def __init__(self, store: Told, here: Sealed, cells: AllCells) -> None:
        self._store, self._here, self._cells = store, here, cells

    def load(self, name: str) -> str | None:
        """Return the secret, or None if there is none. Raises StoreAway, and Locked where we are not let in."""
        landed = self._landed(name)
        return landed.text if landed else self._store.load(name).text

    def save(self, name: str, text: str) -> None:
        """Keep the secret durably before returning, whatever is there."""
        self._land(name, None, text)
        self.bring(name)

    def replace(self, name: str, before: str, after: str) -> bool:
        """Keep a secret in the place of another; tell whether that one was still there, as far as can be known now."""
        landed = self._landed(name)
        if landed and landed.text != before:
            return False
        if landed is None:
            over: list[str] | None = [_hash(before)]
        else:
            # The store may have taken what landed before, or not: a kill leaves that open.
            over = None if landed.over is None else [*landed.over, _hash(before)]
        self._land(name, over, after)
        return self.bring(name)

    def probe(self, name: str) -> None:
        """See whether the store answers and lets us in. Raises StoreAway, Locked and SettingsError."""
        self._store.load(name)

    def waiting(self) -> tuple[str, ...]:
        """Name the secrets that wait here for the store to take them."""
        return tuple(sorted(name.removeprefix(LANDED) for name in self._cells.all() if name.startswith(LANDED)))

    def bring(self, name: str) -> bool:
        """Bring over what has landed, if anything has; tell whether it is what counts now.

        It does not where somebody else has put another secret there since: theirs is the newer one, and stays.
        """
        landed = self._landed(name)
        if landed is None:
            return True
        try:
            counts = self._put(name, landed)
        except (StoreAway, SettingsError) as problem:
            logger.error(
                "the secret store did not take a secret; it waits here, sealed", name=name, why=problem.sentence
            )
            return True
        if not counts:
            logger.error("somebody else has changed a secret in the store; theirs stays", name=name)
        self._here.replace(LANDED + name, landed.raw, None)
        return counts

    def forget(self, name: str) -> None:
        """Keep a secret no longer, here and there; one that is not there is right. Raises StoreAway."""
        landed = self._landed(name)
        self._store.remove(name)
        if landed:
            self._here.replace(LANDED + name, landed.raw, None)

    def _put(self, name: str, landed: _Landing) -> bool:
        for _ in range(_TRIES):
            kept = self._store.load(name)
            if kept.text == landed.text:
                return True  # it got there, and the answer was lost
            if landed.over is not None and _hash(kept.text or "") not in landed.over:
                return False
            try:
                self._store.save(name, landed.text, kept.version)
            except Changed:
                continue
            return True
        raise StoreAway("the secret store has others who write the same secret all the time")

    def _land(self, name: str, over: list[str] | None, text: str) -> None:
        self._here.save(LANDED + name, json.dumps({"text": text, "over": over}))

    def _landed(self, name: str) -> _Landing | None:
        raw = self._here.load(LANDED + name)
        if raw is None:
            return None
        told = json.loads(raw)
        return _Landing(told["text"], told["over"], raw)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
