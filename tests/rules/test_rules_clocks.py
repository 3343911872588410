"""Clocks that are wrong, or were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledgerloop.rules.clocks import Next, agree, due_at, far, forgotten_before, gone_by, passed

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


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
    assert says == (due_at(since, HOUR, NOW) <= NOW)


def test_due_at() -> None:
    """What is not due yet is when its interval has passed."""
    assert NOW + HOUR - MINUTE == due_at(NOW - MINUTE, HOUR, NOW)


def test_next() -> None:
    """Of moments those have come that are not ahead; of the others the first is remembered, and never is no moment."""
    when = Next(NOW)

    come = [when.come(one) for one in (NOW + HOUR, None, NOW, NOW + MINUTE, NOW - HOUR, NOW + DAY)]

    assert [False, False, True, False, True, False] == come
    assert NOW + MINUTE == when.at
    assert Next(NOW).at is None


@pytest.mark.parametrize(
    ("moment", "says"),
    [
        (NOW - HOUR, False),
        (NOW - HOUR - timedelta(seconds=1), True),
        (NOW + timedelta(seconds=1), False),  # another machine's clock, by a hair
        (NOW + HOUR, False),
        (NOW + 3 * HOUR, True),
    ],
)
def test_far(moment: datetime, says: bool) -> None:
    """Those who watch are alarmed by what lies far behind, and by what lies as far ahead."""
    assert says == far(moment, HOUR, NOW)


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


@pytest.mark.parametrize(
    ("newest", "waited", "says"),
    [
        pytest.param(None, HOUR, NOW, id="nothing came, so nothing was passed"),
        pytest.param(NOW + HOUR, MINUTE, NOW + HOUR, id="something newer"),
        pytest.param(NOW, MINUTE, NOW + MINUTE, id="nothing newer: the lag goes by"),
        pytest.param(NOW, HOUR, NOW + 2 * MINUTE, id="... and no more than the lag"),
        pytest.param(NOW - MINUTE, HOUR, NOW + MINUTE, id="what it had passed by a minute already"),
        pytest.param(NOW - 3 * MINUTE, HOUR, NOW, id="the newest is gone, and an older one came: never back"),
        pytest.param(NOW, -HOUR, NOW, id="our clock was put back"),
    ],
)
def test_gone_by(newest: datetime | None, waited: timedelta, says: datetime) -> None:
    """A look begins where the newest change stands, and passes it by the lag of search at most."""
    assert says == gone_by(NOW, newest, 2 * MINUTE, waited)
