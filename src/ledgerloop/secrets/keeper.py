"""Keep what leads to the secret stores alive: renew logins, bring over what landed, and notice a store that is away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledgerloop.clock import Clock, Thread
from ledgerloop.errors import LedgerloopError, SettingsError, StoreAway
from ledgerloop.log import logger

EVERY = 30.0
"""Seconds between two looks at a store; each costs a call for each secret there."""
SOON = 3.0
"""Seconds between two looks while a store is away."""


class Keeper:
    """Look at the stores now and then, in a thread of its own. With nothing to do it starts none."""

    def __init__(
        self, chores: Sequence[Callable[[], None]], clock: Clock = Clock(), every: float = EVERY, soon: float = SOON
    ) -> None:
        """Each of the ``chores`` raises StoreAway or SettingsError where a store is away or does not let us in."""
        self._chores, self._every, self._soon = tuple(chores), every, soon
        self._clock, self._ended = clock, clock.event()
        self._thread: Thread | None = None
        self.trouble = ""
        """What is wrong with a store, as of the last look."""

    def start(self) -> None:
        """Begin to look."""
        if self._chores:
            self._thread = self._clock.thread(self._run, "secret stores")
            self._thread.start()

    def stop(self) -> None:
        """Look no more. A look that waits for a store ends by itself."""
        self._ended.set()

    def look(self) -> None:
        """Do all chores once, and note what is wrong."""
        wrong = [why for chore in self._chores if (why := _tried(chore))]
        trouble = "; ".join(dict.fromkeys(wrong))
        if trouble and trouble != self.trouble:
            logger.error("a secret store cannot be used", why=trouble)
        elif self.trouble and not trouble:
            logger.info("the secret store is back")
        self.trouble = trouble

    def _run(self) -> None:
        while not self._ended.is_set():
            self.look()
            self._ended.wait(self._soon if self.trouble else self._every)


def _tried(chore: Callable[[], None]) -> str:
    try:
        chore()
    except (StoreAway, SettingsError) as problem:
        return problem.sentence
    except LedgerloopError:
        return ""  # the database's trouble, which others tell
    except Exception as problem:  # a look must not be the last one
        logger.exception("looking at the secret stores")
        return f"it was not foreseen ({type(problem).__name__}); the log says more"
    return ""
