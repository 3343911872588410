"""Make calls that do not hang on each other at the same time, and take their answers in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

from ledgerloop.clock import Clock

A = TypeVar("A")
B = TypeVar("B")

MOST = 4
"""Calls under way at the same time: a vendor's answer takes far longer than the work that a call costs us."""


def abreast(clock: Clock, call: Callable[[A], B], each: Sequence[A]) -> Iterator[Future[B]]:
    """Make the call for each, some at the same time, and give the futures in order, each once it has ended.

    The calls work in the context of their caller. Take ``result()`` of each for its answer, or to have its error
    raised; all calls are made and have ended, whatever becomes of one, before this comes to its end.
    """
    with clock.pool(MOST, "abreast") as pool:
        for future in [pool.submit(copy_context().run, call, one) for one in each]:
            future.exception()  # waits
            yield future
