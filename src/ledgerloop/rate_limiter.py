"""Keep all callers together inside a vendor's quotas. Knows no vendor: which limits there are is passed in.

Each limit is a sliding window. A call counts from the moment it is let go until the window's length after its answer
came, which is never shorter than the vendor's own count, whether that slides or starts anew each minute.
While calls remain they go at once: spreading them over the minute would only delay a burst.
The vendors' own figures correct the count, so that calls made by others are seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from ledgerloop.clock import Clock
from ledgerloop.errors import RateLimited

Priority = Literal["live", "backfill"]

SOON = 0.05
"""When a call may go that waits for another to return: looked at again at the latest after so many seconds."""

LOOK_AGAIN = 900.0
"""A spent day resets at a moment nobody tells beforehand; one call in so many seconds finds out."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Allow ``calls`` calls in ``seconds`` seconds, or at once where ``seconds`` is 0."""

    name: str
    calls: int
    seconds: float
    kinds: tuple[str, ...] = ("",)
    """Which kinds of call are counted."""
    shared: bool = False
    """Whether all lanes share one count."""
    share: float = 1.0
    """How much of the vendor's figure is used."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer says about quotas: by name what is left and what is allowed, and for a 429 what was spent."""

    left: Mapping[str, int] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    spent: str = ""
    wait: float | None = None
    """Seconds until the next call may go; set for every 429."""


class Governor:
    """Let calls go as long as the quotas allow, live work before backfill. Safe to share between threads."""

    def __init__(
        self,
        limits: Sequence[Limit] = (),
        *,
        clock: Clock,
        day: int | None = None,
        reserve: float = 0.2,
        headroom: float = 1 / 15,
        patience: float = 5.0,
    ) -> None:
        """Take the limits, and of the day's calls the part that backfill leaves to live work.

        ``headroom`` is the part of each window that backfill leaves, so that live work need not wait for a whole
        window. A wait of more than ``patience`` seconds is not waited for but raised. A step that needs more calls than
        a window has comes to its end only where the patience outlasts that window; it would begin anew for ever else.
        """
        self._limits, self._day, self._reserve, self._headroom = limits, day, reserve, headroom
        self._patience, self._clock = patience, clock
        self._changed = clock.condition()
        self._shared = [_Window(limit) for limit in limits if limit.shared]
        self._lanes: dict[str, _Lane] = {}

    @contextmanager
    def admit(self, lane: str, priority: Priority = "live", kind: str = "") -> Iterator[None]:
        """Hold one call's place while the block lasts; wait a little for it, or raise RateLimited."""
        windows = self._wait_for(lane, priority, kind)
        try:
            yield
        finally:
            with self._changed:
                now = self._clock.monotonic()
                self._lane(lane).in_flight -= 1
                for window in windows:
                    window.leave(now)
                self._changed.notify_all()

    def observe(self, lane: str, reading: Reading, kind: str = "") -> None:
        """Correct the count by what the vendor's answer said. Called while the call still holds its place."""
        with self._changed:
            now, state = self._clock.monotonic(), self._lane(lane)
            for window in (*state.windows, *self._shared):
                if kind in window.limit.kinds:
                    window.correct(reading.left.get(window.limit.name), reading.most.get(window.limit.name), now)
            if "day" in reading.left:
                state.day.correct(reading.left["day"] - max(state.in_flight - 1, 0), reading.most.get("day"), now)
            if reading.wait is not None:
                spent = [w.door for w in (*state.windows, *self._shared) if w.limit.name == reading.spent]
                for door in spent or [state.door]:
                    door.close(now + reading.wait, reading.spent)
                if reading.spent == "day":
                    state.day.begins(now + reading.wait)
            self._changed.notify_all()

    def hurry(self) -> None:
        """Let nobody wait from now on: the service ends, and what is left goes on at its next start."""
        with self._changed:
            self._patience = 0.0
            self._changed.notify_all()

    def look_again(self, lane: str) -> None:
        """Let the lane's next call find out what is left: a person says that a spent quota was raised.

        Whatever the vendor asked to wait for is forgotten, that of a quota which all lanes share included.
        """
        with self._changed:
            state = self._lane(lane)
            state.door = _Door()
            for window in (*state.windows, *self._shared):
                window.door = _Door()
            state.day.begins(self._clock.monotonic())
            self._changed.notify_all()

    def left(self, lane: str) -> dict[str, int]:
        """Tell how many calls remain, by limit, as far as is known."""
        with self._changed:
            now, state = self._clock.monotonic(), self._lane(lane)
            figures = {w.limit.name: w.free(now) for w in (*state.windows, *self._shared)}
            return figures if state.day.left is None else {**figures, "day": max(state.day.left, 0)}

    def _wait_for(self, lane: str, priority: Priority, kind: str) -> list[_Window]:
        with self._changed:
            state = self._lane(lane)
            windows = [w for w in (*state.windows, *self._shared) if kind in w.limit.kinds]
            began = self._clock.monotonic()
            state.live_waiting += priority == "live"
            try:
                while (wait := self._longest(state, windows, priority))[0] > 0:
                    seconds, name, retry_after = wait
                    if self._clock.monotonic() + seconds > began + self._patience:
                        raise RateLimited(_spent(name, priority, retry_after), retry_after, name)
                    self._changed.wait(seconds)
            finally:
                state.live_waiting -= priority == "live"
                self._changed.notify_all()
            now = self._clock.monotonic()
            state.in_flight += 1
            state.day.enter(now)
            for window in windows:
                window.in_flight += 1
            return windows

    def _longest(self, state: _Lane, windows: Sequence[_Window], priority: Priority) -> tuple[float, str, float]:
        """Return how long to wait before looking again, for which limit, and what to tell someone who cannot wait."""
        now, backfill = self._clock.monotonic(), priority == "backfill"
        waits = [(state.door.until - now, state.door.by), state.day.wait(now, backfill)]
        if backfill and state.live_waiting:
            waits.append((SOON, "live work first"))
        for window in windows:
            keep = max(1, round(window.most * self._headroom)) if backfill and window.most > 1 else 0
            waits.append((window.wait(now, keep), window.limit.name))
        seconds, name = max(waits)
        return seconds, name, max(seconds, 1.0) if seconds <= SOON else seconds

    def _lane(self, lane: str) -> _Lane:
        if lane not in self._lanes:
            windows = [_Window(limit) for limit in self._limits if not limit.shared]
            self._lanes[lane] = _Lane(windows, _Day(self._day, self._reserve, self._clock.monotonic()))
        return self._lanes[lane]


def _spent(name: str, priority: Priority, seconds: float) -> str:
    if name == "day" and priority == "backfill":
        return f"What backfill may use of the day's calls is used up; it looks again in {seconds:.0f} s."
    return f"The quota ({name}) is spent for the next {seconds:.0f} s."


class _Door:
    """Stay shut until a moment that the vendor named."""

    def __init__(self) -> None:
        self.until, self.by = 0.0, ""

    def close(self, until: float, by: str) -> None:
        if until > self.until:
            self.until, self.by = until, by


class _Window:
    """Count the calls of one limit: those under way, and the moments at which answers came."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.stated = limit.calls
        self.in_flight = 0
        self.answered: deque[float] = deque()
        self.door = _Door()

    @property
    def most(self) -> int:
        return max(1, int(self.stated * self.limit.share))

    def wait(self, now: float, keep: int) -> float:
        over = keep + 1 - self.free(now)
        closed = self.door.until - now
        if over <= 0:
            return closed
        if over > len(self.answered):
            return max(SOON, closed)  # calls under way must return first
        return max(self.answered[over - 1] + self.limit.seconds - now, closed)

    def free(self, now: float) -> int:
        while self.answered and self.answered[0] + self.limit.seconds <= now:
            self.answered.popleft()
        return self.most - self.in_flight - len(self.answered)

    def leave(self, now: float) -> None:
        self.in_flight -= 1
        if self.limit.seconds:
            self.answered.append(now)

    def correct(self, left: int | None, most: int | None, now: float) -> None:
        if most:
            self.stated = most
        if left is None or not self.limit.seconds:
            return
        self.free(now)
        by_others = self.stated - left - self.in_flight - len(self.answered)
        self.answered.extend([now] * min(by_others, self.stated))


class _Day:
    """Count down the day's calls. The vendor's figure is the truth; when its day begins is not known."""

    def __init__(self, most: int | None, reserve: float, now: float) -> None:
        self.most, self.reserve = most or 0, reserve
        self.left, self.known_at = most, now

    def wait(self, now: float, backfill: bool) -> tuple[float, str]:
        floor = round(self.most * self.reserve) if backfill else 0
        if self.left is None or self.left > floor:
            return 0.0, "day"
        return self.known_at + LOOK_AGAIN - now, "day"

    def enter(self, now: float) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0 or now - self.known_at >= LOOK_AGAIN:
                self.known_at = now  # this call looks; others wait for what it finds

    def begins(self, moment: float) -> None:
        """Look again when the vendor says that its day begins anew."""
        self.known_at = moment - LOOK_AGAIN

    def correct(self, left: int, most: int | None, now: float) -> None:
        self.most = most or max(self.most, left)
        self.left, self.known_at = left, now


class _Lane:
    """Hold the counts of one organisation or portal."""

    def __init__(self, windows: list[_Window], day: _Day) -> None:
        self.windows, self.day = windows, day
        self.in_flight = self.live_waiting = 0
        self.door = _Door()
