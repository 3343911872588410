"""Tell the time, wait, and work in threads: the only module that asks the machine for any of it.

The composition root makes one :class:`Clock` and hands it to all that need it, so that a service can run on another
one. A clock of one's own is a subclass, or any object of this shape.
"""

from __future__ import annotations

import threading  # noqa: TID251 - this is the module
import time  # noqa: TID251
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor  # noqa: TID251
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol


class Event(Protocol):
    """A flag that threads wait for."""

    def set(self) -> None:
        """Raise the flag, and let go on who waits for it."""

    def clear(self) -> None:
        """Take it down."""

    def is_set(self) -> bool:
        """Tell whether it is up."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is up, for so many seconds at most; tell whether it is."""


class Condition(Protocol):
    """A lock whose holder may wait until another holder has changed something."""

    def __enter__(self) -> bool:
        """Take the lock."""

    def __exit__(self, *error: Any) -> None:
        """Give the lock back."""

    def wait(self, timeout: float | None = None) -> bool:
        """Give the lock back until something has changed, for so many seconds at most; tell whether it has."""

    def notify_all(self) -> None:
        """Say that something has changed."""


class Thread(Protocol):
    """Work that goes on beside its caller, and that the end of the process does not wait for."""

    def start(self) -> None:
        """Begin."""

    def join(self, timeout: float | None = None) -> None:
        """Wait until it has ended, for so many seconds at most."""

    def is_alive(self) -> bool:
        """Tell whether it has begun and not ended."""


class Clock:
    """The machine's clock and the machine's threads."""

    def now(self) -> datetime:
        """Tell the moment, aware and in UTC. A person may put it right at any time, also back."""
        return datetime.now(UTC)  # noqa: TID251

    def monotonic(self) -> float:
        """Tell a number of seconds that only goes on, from a beginning of its own: what intervals are measured by."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def event(self) -> Event:
        """Make a flag that is down."""
        return threading.Event()

    def condition(self) -> Condition:
        """Make a lock to wait with."""
        return threading.Condition()

    def lock(self) -> AbstractContextManager[Any]:
        """Make a lock that may be held while something is waited for, such as a vendor's answer."""
        return threading.Lock()

    def thread(self, work: Callable[[], object], name: str) -> Thread:
        """Make a thread; it is not begun yet."""
        return threading.Thread(target=work, name=name, daemon=True)

    def pool(self, most: int, name: str) -> Executor:
        """Make a pool of so many threads at most. Wait for what it does by its futures alone, or by leaving it."""
        return ThreadPoolExecutor(most, name)
