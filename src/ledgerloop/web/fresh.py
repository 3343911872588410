"""Keep an answer for a few seconds, so that a path taken thousands of times a second need not ask each time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

SECONDS = 3.0

T = TypeVar("T")


class Fresh(Generic[T]):
    """Give an answer that is at most a few seconds old; asking happens in a thread, since it may have to wait."""

    def __init__(
        self, ask: Callable[[], T], seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._seconds, self._clock = ask, seconds, clock
        self._kept: list[T] = []
        self._until = 0.0

    async def __call__(self) -> T:
        """Return the answer, asking anew when the last one is too old."""
        if self._clock() < self._until:
            return self._kept[0]
        if self._kept:  # one asks, and the others go on with the last answer meanwhile
            self._until = self._clock() + self._seconds
        answer = await asyncio.to_thread(self._ask)
        self._kept, self._until = [answer], self._clock() + self._seconds
        return answer
