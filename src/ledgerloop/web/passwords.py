"""Check the console's password, and slow down those who guess. The hash is Argon2's; the password is kept nowhere."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST = 10
"""Characters of a password that a person chooses."""
FREE = 5
"""Wrong passwords in a row before an address must wait."""
_FIRST, _LONGEST = 30.0, 15 * 60.0
_FORGET = 60 * 60.0
_MOST = 10_000
FREE_OF_ALL = 50
"""Wrong passwords over all addresses before a browser that never signed in must wait, wherever it is."""
EACH_OF_ALL = 12.0
"""How many seconds it takes until one of them is forgotten: so many guesses a day, over all, are about 7,000."""


@functools.cache
def _hasher() -> PasswordHasher:
    """Make the hasher when it is first needed: loading it takes longer than most commands run."""
    from argon2 import PasswordHasher

    return PasswordHasher()


@functools.cache
def _nobodys() -> str:
    return _hasher().hash("what is compared where no password is set, so that the answer takes as long")


def hash_of(password: str, *, drawn: bool = False) -> str:
    """Return the hash to keep. It is costly to compare, so that guessing takes long.

    Nobody guesses a password that was ``drawn`` from more than can be tried: the hash of such a one costs nothing.
    """
    if drawn:
        from argon2 import PasswordHasher, profiles

        return PasswordHasher.from_parameters(profiles.CHEAPEST).hash(password)
    return _hasher().hash(password)


def right(kept: str | None, given: str) -> bool:
    """Tell whether a password is the one whose hash is kept; takes as long where none is."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    try:
        return _hasher().verify(kept or _nobodys(), given) and kept is not None
    except (Argon2Error, InvalidHashError):
        return False


@dataclass(slots=True)
class _Tried:
    failures: int
    at: float


@dataclass(slots=True)
class Attempts:
    """Count wrong passwords by who sends them: an address, or a browser in which somebody signed in before.

    After a few, each further one doubles the wait, up to a quarter of an hour. Addresses may cost nothing, so those of
    all together are counted too; whoever has a browser that is known does not wait because of others.

    Every ``now`` is in seconds, by a clock that only goes on: one that is put right locks nobody out.
    """

    tried: dict[str, _Tried] = field(default_factory=dict)
    of_all: float = 0.0
    at: float | None = None

    def wait(self, address: str, now: float) -> int:
        """Return for how many seconds an address must wait before it may try again."""
        tried = self.tried.get(address)
        if tried is None or tried.failures < FREE:
            return 0
        doublings = min(tried.failures - FREE, 10)
        rest = min(_LONGEST, _FIRST * (1 << doublings))
        return max(0, math.ceil(tried.at + rest - now))

    def wait_for_all(self, now: float) -> int:
        """Return for how many seconds a browser that is not known must wait, because too many guess."""
        over = self._left(now) - FREE_OF_ALL + 1
        return max(0, math.ceil(over * EACH_OF_ALL))

    def _left(self, now: float) -> float:
        gone = now - self.at if self.at is not None else 0.0
        return max(0.0, self.of_all - gone / EACH_OF_ALL)

    def failed(self, address: str, now: float) -> None:
        """Count a wrong password."""
        self.of_all, self.at = self._left(now) + 1, now
        tried = self.tried.pop(address, None)
        if tried is None or now - tried.at > _FORGET:
            tried = _Tried(0, now)
        # Put back at the end, so that the address heard of longest ago is the first to be forgotten.
        self.tried[address] = _Tried(tried.failures + 1, now)
        if len(self.tried) > _MOST:
            del self.tried[next(iter(self.tried))]

    def succeeded(self, address: str) -> None:
        """Forget the wrong ones, and that this one was counted as such."""
        self.of_all = max(0.0, self.of_all - 1)
        self.tried.pop(address, None)
