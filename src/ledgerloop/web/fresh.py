"""Keep an answer for a few seconds, so that a path taken thousands of times a second need not ask each time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from ledgerloop.clock import Clock
from ledgerloop.web.threads import alone

SECONDS = 3.0

T = TypeVar("T")


class Fresh(Generic[T]):
    """Give an answer that is at most a few seconds old; a thread of its own asks, since it may have to wait.

    One asks at a time: where asking takes long, such as in a database that does not answer, nobody queues behind it
    who has the last answer to go on with.
    """

    def __init__(self, ask: Callable[[], T], clock: Clock, seconds: float = SECONDS) -> None:
        self._ask, self._clock, self._seconds = ask, clock, seconds
        self._kept: list[T] = []
        self._until = 0.0
        self._asking: asyncio.Future[T] | None = None

    async def __call__(self) -> T:
        """Return the answer, asking anew when the last one is too old."""
        if self._clock.monotonic() < self._until:
            return self._kept[0]
        if self._asking is not None and self._kept:
            return self._kept[0]
        if self._asking is None:
            self._asking = asyncio.ensure_future(self._asked())
            self._asking.add_done_callback(self._answered)
        # Who no longer waits for the answer takes it from nobody else.
        return await asyncio.shield(self._asking)

    async def _asked(self) -> T:
        return await asyncio.wrap_future(alone(self._clock, self._ask, "fresh"))

    def _answered(self, asked: asyncio.Future[T]) -> None:
        self._asking = None
        if not asked.cancelled() and asked.exception() is None:
            self._kept, self._until = [asked.result()], self._clock.monotonic() + self._seconds
