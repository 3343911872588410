"""Clocks to hand to the service: one that stands until it is moved, and one that goes so much ahead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ledgerloop.clock import Clock


class Standing(Clock):
    """Stand until told; whoever sleeps by it lets the time pass at once. Threads are the machine's."""

    def __init__(self, at: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)) -> None:
        self.at, self.ticks = at, 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        """Tell the moment."""
        return self.at

    def monotonic(self) -> float:
        """Tell how many seconds have passed, whatever it is put to."""
        return self.ticks

    def sleep(self, seconds: float) -> None:
        """Let the time pass, and note that it did."""
        self.slept.append(seconds)
        self.passes(seconds=seconds)

    def passes(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)
        self.ticks += timedelta(**span).total_seconds()

    def is_put(self, **span: float) -> None:
        """Put it forward, or back by less than nothing, while no time passes."""
        self.at += timedelta(**span)


class Told(Clock):
    """Tell whatever moment it is told to tell, while intervals are the machine's."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def now(self) -> datetime:
        """Tell the moment."""
        return self._now()
