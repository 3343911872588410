"""Clocks that are wrong, or were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledgerloop.rules.clocks import agree, forgotten_before, passed

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("since", "says"),
    [
        (None, True),
        (NOW - HOUR, True),
        (NOW - HOUR + timedelta(seconds=1), False),
        (NOW, False),
        (NOW + timedelta(seconds=1), True),  # the clock was ahead when this was kept
        (NOW + 3 * HOUR, True),
    ],
)
def test_passed(since: datetime | None, says: bool) -> None:
    """An interval has passed when it has, when it never began, and when it began in the future."""
    assert says == passed(since, HOUR, NOW)


@pytest.mark.parametrize(
    ("off", "says"),
    [(None, False), (timedelta(0), True), (timedelta(seconds=-60), True), (timedelta(seconds=61), False), (DAY, False)],
)
def test_agree(off: timedelta | None, says: bool) -> None:
    """A clock may be a minute off, and must have been compared."""
    assert says == agree(off)


@pytest.mark.parametrize(
    ("oldest", "before"),
    [
        (None, NOW - 30 * DAY),
        (NOW - 31 * DAY, NOW - 30 * DAY),
        (NOW - 45 * DAY, NOW - 44 * DAY),  # after a long rest, or by a clock that is far ahead
        (NOW - DAY, NOW - 30 * DAY),
    ],
)
def test_forgotten_before(oldest: datetime | None, before: datetime) -> None:
    """What is old enough goes, a day's share at once at most."""
    assert before == forgotten_before(NOW, 30 * DAY, oldest)
