"""A request that is refused as a whole: which parts are sent, in which order, and what becomes of each."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ledgerloop.bisect import bisect
from ledgerloop.errors import Conflict, Invalid, Refused, UnknownOutcome


@pytest.mark.parametrize(
    ("items", "bad", "sent"),
    [
        ("", "", []),
        ("a", "", ["a"]),
        ("a", "a", ["a"]),
        ("abcd", "", ["abcd"]),
        ("abcd", "c", ["abcd", "ab", "cd", "c", "d"]),
        ("abc", "a", ["abc", "a", "bc"]),
        ("abcd", "abcd", ["abcd", "ab", "a", "b", "cd", "c", "d"]),
    ],
)
def test_parts(items: str, bad: str, sent: list[str]) -> None:
    """Each item is done once, in its order, or refused alone; nothing is sent that was done."""
    asked: list[str] = []

    def send(some: Sequence[str]) -> str:
        asked.append("".join(some))
        if set(some) & set(bad):
            raise Invalid("no", 400)
        return "".join(some).upper()

    ended = list(bisect(send, items))

    assert asked == sent
    done = "".join(answer for _, answer in ended if isinstance(answer, str))
    assert done == "".join(one for one in items if one not in bad).upper()
    assert "".join(part[0] for part, answer in ended if isinstance(answer, Refused)) == bad


@pytest.mark.parametrize(("raised", "counts"), [(Conflict("there"), True), (UnknownOutcome("lost"), False)])
def test_what_counts_as_a_refusal(raised: Exception, counts: bool) -> None:
    """An answer that says nothing of what was done is raised, and nothing is sent after it."""
    asked: list[Sequence[str]] = []

    def send(some: Sequence[str]) -> str:
        asked.append(some)
        raise raised

    if counts:
        assert len(list(bisect(send, "ab", (Conflict,)))) == 2
        return
    with pytest.raises(type(raised)):
        list(bisect(send, "ab", (Conflict,)))
    assert len(asked) == 1
