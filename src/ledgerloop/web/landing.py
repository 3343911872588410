"""Bring what another thread has finished to the event loop, many with one wake-up.

A commit answers hundreds of webhooks at once. Waking the loop for each of them would cost more than all the rest.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future


class Landing:
    """Turn futures of another thread into futures of the loop."""

    def __init__(self) -> None:
        self._landed: deque[tuple[asyncio.Future[None], Future[None]]] = deque()
        self._woken = False

    def of(self, far: Future[None]) -> asyncio.Future[None]:
        """Return a future of the running loop that ends as the far one does. Cancelling it leaves the far one alone."""
        loop = asyncio.get_running_loop()
        near = loop.create_future()

        def land(done: Future[None]) -> None:
            self._landed.append((near, done))
            if not self._woken:
                self._woken = True
                loop.call_soon_threadsafe(self._bring)

        far.add_done_callback(land)
        return near

    def _bring(self) -> None:
        self._woken = False  # first, so that whatever lands from here on wakes the loop again
        while self._landed:
            near, far = self._landed.popleft()
            if near.done():
                continue
            problem = far.exception()
            if problem is None:
                near.set_result(None)
            else:
                near.set_exception(problem)
