"""When the dispatcher looks: when something is due, when it is nudged, when somebody has written, and else never."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from clocks import Standing
from sqlalchemy import Connection

from ledgerloop import settings
from ledgerloop.bootstrap import FLOWS, Ledgerloop, build
from ledgerloop.cli.init import prepare
from ledgerloop.clock import Event
from ledgerloop.engine.dispatcher import SAFETY, SCHEDULE, Engine
from ledgerloop.records import Organisation, Rest
from ledgerloop.store import connections, lanes, single_values
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database

HOME = Organisation("org-1", "Kiwi", "NZD", "Pacific/Auckland")


class Ticking(Standing):
    """A clock that stands, and counts how often somebody has waited in vain; the waiting is the machine's."""

    def __init__(self) -> None:
        super().__init__()
        self.vain = 0

    def event(self) -> Event:
        """Make an event whose waits are counted."""
        event, clock = super().event(), self

        class Counted:
            set, clear, is_set = event.set, event.clear, event.is_set

            def wait(self, timeout: float | None = None) -> bool:
                came = event.wait(timeout)
                clock.vain += not came
                return came

        return Counted()


class Counting(Database):
    """The database, which counts how often somebody has read."""

    read = 0

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Count, and read."""
        self.read += 1
        with super().reading() as tx:
            yield tx


class Working:
    """An engine that works on a clock which stands, and what it did."""

    def __init__(self, built: Ledgerloop, clock: Ticking) -> None:
        self.clock, self.asked = clock, 0
        self.due: datetime | None = None
        """What the schedule names as its next moment."""
        self.database = Counting(str(built.database.url))
        self.engine = Engine(self.database, clock, FLOWS, self._ask)
        self.built = replace(built, clock=clock, engine=self.engine)

    def _ask(self) -> datetime | None:
        self.asked += 1
        return self.due

    def lane(self) -> lanes.Lane:
        """Return the one lane there is."""
        with self.database.reading() as tx:
            return next(iter(lanes.all_lanes(tx)))

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Work until nothing is to be done, and go on while the block lasts."""
        with self.built.working():
            until(lambda: self.asked > 0)
            self.settle()
            yield

    def settle(self) -> None:
        """Let some seconds pass in which nothing is done, so that all is asked that has to be after a change."""
        for _ in range(3):
            before = self.clock.vain
            until(lambda before=before: self.clock.vain > before + 2)
            self.clock.passes(seconds=SCHEDULE.total_seconds())
        before = self.clock.vain
        until(lambda: self.clock.vain > before + 2)


def until(there: Callable[[], bool]) -> None:
    """Wait for a state."""
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


@pytest.fixture
def working(tmp_path: Path) -> Iterator[Working]:
    """Connect an organisation that nobody has consented for: its turns end at once, and let the lane rest."""
    file = tmp_path / "ledgerloop.toml"
    prepare(file, lambda database: None)
    clock = Ticking()
    built = build(settings.load(file), clock=clock)
    with built.database.transaction() as tx:
        connections.put(tx, Connected("xero", HOME.id, HOME.name, "xero", HOME, clock.now()))
    with closing(built.database), closing(built.vendors):
        works = Working(built, clock)
        with closing(works.database):
            yield works


def test_nothing_is_looked_for_while_nothing_happens(working: Working) -> None:
    """While nothing is due and nobody writes, nothing is read; once the time has come, it is asked what is due."""
    with working.quiet():
        read, asked, vain = working.database.read, working.asked, working.clock.vain
        until(lambda: working.clock.vain > vain + 4)
        assert (read, asked) == (working.database.read, working.asked)
        left = working.engine.next_due() - working.clock.now()
        assert SCHEDULE < left <= SAFETY

        working.clock.passes(seconds=left.total_seconds())

        until(lambda: working.asked == asked + 1)


def test_what_is_due_is_asked_for_at_the_moment_that_was_named(working: Working) -> None:
    """The schedule names the next moment at which something is due: it is asked then, and not before."""
    working.due = working.clock.now() + timedelta(seconds=40)
    with working.quiet():
        asked = working.asked
        assert working.engine.next_due() == working.due
        left = (working.due - working.clock.now()).total_seconds()

        working.due = None
        working.clock.passes(seconds=left)

        until(lambda: working.asked == asked + 1)


def test_what_is_due_may_change_with_what_is_written(working: Working) -> None:
    """Once anybody has written anything, what is due is asked for anew, as nobody knows what follows."""
    with working.quiet():
        asked = working.asked
        with closing(Database(working.database.url.render_as_string())) as other, other.transaction() as tx:
            single_values.put(tx, single_values.text("anything"), "written")

        until(lambda: working.asked == asked + 1)


def test_what_another_process_wants_is_begun(working: Working) -> None:
    """A lane that somebody wakes who cannot nudge has its turn, though the clock stands."""
    with working.quiet():
        with closing(Database(working.database.url.render_as_string())) as other, other.transaction() as tx:
            lanes.wake(tx, "standing", HOME.id, working.clock.now())

        until(lambda: working.lane().turn == 2)


def test_a_lane_that_rests_goes_on_by_itself(working: Working) -> None:
    """The end of a rest is the next moment that is due, and then its turn comes."""
    with working.quiet():
        now = working.clock.now()
        with working.database.transaction() as tx:
            lanes.park(tx, "standing", HOME.id, Rest(now, now + timedelta(seconds=3)), "It rests.")
        until(lambda: working.engine.next_due() == now + timedelta(seconds=3))
        assert 1 == working.lane().turn

        working.clock.passes(seconds=3)

        until(lambda: working.lane().turn == 2)
