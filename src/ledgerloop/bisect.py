"""Send many in one request; where it is refused as a whole, in halves, until what is refused stands alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from ledgerloop.errors import Invalid, Refused

A = TypeVar("A")
B = TypeVar("B")


def bisect(
    send: Callable[[Sequence[A]], B], items: Sequence[A], refusals: tuple[type[Refused], ...] = (Invalid,)
) -> Iterator[tuple[Sequence[A], B | Refused]]:
    """Yield, in the order of the items, each part that was sent with its answer, or a single item with its refusal.

    Only a refusal that says that nothing of the request was done may be among ``refusals``; whatever else is raised
    goes through, with the parts before it done and those after it not.
    """
    if not items:
        return
    try:
        answer = send(items)
    except refusals as refusal:
        if len(items) == 1:
            yield items, refusal
            return
        middle = len(items) // 2
        yield from bisect(send, items[:middle], refusals)
        yield from bisect(send, items[middle:], refusals)
    else:
        yield items, answer
