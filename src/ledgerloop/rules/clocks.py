"""What a wrong clock may not do: stop intervals, or have everything forgotten. Does no I/O."""

from __future__ import annotations

from datetime import datetime, timedelta

AGREES = timedelta(minutes=1)
"""How far our clock may be from the vendors' before nothing is forgotten by it."""
SHARE = timedelta(days=1)
"""How much of what is kept is forgotten at once, whatever the clock says."""


def passed(since: datetime | None, span: timedelta, now: datetime) -> bool:
    """Tell whether a span has passed since a stored moment. One in the future is no moment: the clock was wrong."""
    return since is None or since > now or now - since >= span


def due_at(since: datetime | None, span: timedelta, now: datetime) -> datetime:
    """Return when a span has passed since a stored moment: now, where there is none, or one that is in the future."""
    return now if since is None or since > now else since + span


class Next:
    """Tell which moments have come, and remember the first of those that have not."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.at: datetime | None = None
        """The first moment that has not come; none where there is none."""

    def come(self, moment: datetime | None) -> bool:
        """Tell whether a moment has come. None never comes."""
        if moment is not None and moment > self._now:
            self.at = moment if self.at is None else min(self.at, moment)
        return moment is not None and moment <= self._now


def far(moment: datetime, span: timedelta, now: datetime) -> bool:
    """Tell whether a moment is further from now than a span, on either side.

    For those who watch, by the moments of other machines too: one just ahead of us is no alarm, and one far ahead does
    not keep what has stopped from being told until our clock comes to it.
    """
    return abs(now - moment) > span


def agree(off: timedelta | None) -> bool:
    """Tell whether our clock agrees with the vendors'; not where none of them has told the time yet."""
    return off is not None and abs(off) <= AGREES


def forgotten_before(now: datetime, keep: timedelta, oldest: datetime | None) -> datetime:
    """Return the moment before which what is older is forgotten: what was kept long enough, a day's share at most."""
    before = now - keep
    return before if oldest is None else min(before, oldest + SHARE)


def gone_by(since: datetime, newest: datetime | None, lag: timedelta, waited: timedelta) -> datetime:
    """Return from where the next look at a vendor's changes begins, before the lag of its search is taken off.

    It is the newest change that came. Where nothing newer comes it moves on by what was ``waited`` since the last look,
    so that the lag goes by; never further, for what changed after the newest may not show yet.
    """
    if newest is None:
        return since
    return max(since, newest, min(newest + lag, since + waited))
