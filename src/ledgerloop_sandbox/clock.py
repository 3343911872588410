"""Keep the sandbox's own time, which can run faster than ours and be shifted by hand.

Token lives, quota windows, retry schedules and search lag all read this clock, so that a day passes in minutes.
"""

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Tell and wait for the sandbox's time."""

    def __init__(self, scale: float = 1.0, start: datetime | None = None) -> None:
        if scale <= 0:
            raise ValueError("the time scale must be above 0")
        self.scale = scale
        self._start = start or datetime.now(UTC)
        self._origin = time.monotonic()
        self._shifted = 0.0
        self._lock = threading.Lock()
        self._sleepers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def now(self) -> datetime:
        """Return the sandbox's time of day, aware and in UTC."""
        return self._start + timedelta(seconds=self.seconds())

    def seconds(self) -> float:
        """Return the scaled seconds since the clock was made; a shift moves them."""
        return (time.monotonic() - self._origin) * self.scale + self._shifted

    def shift(self, seconds: float) -> None:
        """Move the clock, and wake every sleeper whose time has come."""
        with self._lock:
            self._shifted += seconds
            sleepers = list(self._sleepers)
        for loop, woken in sleepers:
            loop.call_soon_threadsafe(woken.set)

    async def sleep(self, seconds: float) -> None:
        """Sleep that many of the sandbox's seconds."""
        due = self.seconds() + seconds
        woken = asyncio.Event()
        sleeper = (asyncio.get_running_loop(), woken)
        with self._lock:
            self._sleepers.add(sleeper)
        try:
            while (left := due - self.seconds()) > 0:
                woken.clear()
                try:
                    await asyncio.wait_for(woken.wait(), left / self.scale)
                except TimeoutError:
                    continue
        finally:
            with self._lock:
                self._sleepers.discard(sleeper)
