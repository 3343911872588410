"""Make a call that may have to wait in a thread of its own: it stands in no queue, and the end of the process waits for
none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from ledgerloop.clock import Clock

T = TypeVar("T")


def alone(clock: Clock, call: Callable[[], T], name: str) -> Future[T]:
    """Make the call in a new thread, and return the future of its answer.

    A pool would let it wait behind whatever strangers fill the pool with. Only for what is asked for now and then.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as problem:  # whoever waits for the answer takes it
            future.set_exception(problem)

    clock.thread(run, name).start()
    return future
