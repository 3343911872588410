"""Keep a consent that nobody needs: tokens that are not used for 60 days end, and a person would have to consent anew.

An organisation that is read uses them many times a day. One that waits to be told what it is for does not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from ledgerloop.clock import Clock, Thread
from ledgerloop.errors import ConsentNeeded, LedgerloopError
from ledgerloop.log import logger

EVERY = timedelta(days=1)
"""How often it is looked whether the tokens are near their end."""
SOON = timedelta(hours=1)
"""The same where they could not be renewed just now."""


class IdleConsent:
    """Look now and then, in a thread of its own."""

    def __init__(self, keep_alive: Callable[[], None], clock: Clock, every: timedelta = EVERY) -> None:
        """``keep_alive`` renews tokens that nobody has needed for weeks."""
        self._keep_alive, self._clock, self._every = keep_alive, clock, every
        self._ended = clock.event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = self._clock.thread(self._run, "idle consent")
        self._thread.start()

    def stop(self) -> None:
        """Look no more. A look that waits for an answer ends by itself."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._ended.wait(self._look().total_seconds())

    def _look(self) -> timedelta:
        """Look once, and tell after how long to look again."""
        try:
            self._keep_alive()
        except ConsentNeeded as ended:
            logger.warning("a consent has ended", why=ended.sentence)
        except LedgerloopError as problem:
            logger.warning("a consent could not be renewed", why=problem.sentence)
            return SOON
        except Exception:  # a look must not be the last one
            logger.exception("renewing a consent")
            return SOON
        return self._every
