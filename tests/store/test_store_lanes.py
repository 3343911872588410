"""Lanes: one turn at a time, none lost, none twice."""

from __future__ import annotations

import itertools
import threading
from datetime import UTC, datetime, timedelta

from ledgerloop.records import Event, Organisation, Rest
from ledgerloop.store import connections, inbox, lanes
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database
from ledgerloop.store.lanes import Parked, Ready

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = NOW + timedelta(seconds=5)


def _ready(database: Database, now: datetime = LATER) -> list[Ready]:
    with database.reading() as tx:
        return lanes.ready(tx, now)


class TestWake:
    def test_keeps_the_earliest_moment(self, database: Database) -> None:
        """Waking a lane that is wanted already changes nothing, so its lag is measured from the first call."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            lanes.wake(tx, "standing", "org", LATER)

        assert _ready(database) == [Ready("standing", "org", 1, NOW)]

    def test_an_earlier_moment_counts(self, database: Database) -> None:
        """Calls that arrive out of order keep the earlier moment all the same."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", LATER)
            lanes.wake(tx, "standing", "org", NOW)

        assert _ready(database) == [Ready("standing", "org", 1, NOW)]

    def test_flows_of_one_lane_are_apart(self, database: Database) -> None:
        """The same lane may be wanted by one flow and not by another."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            lanes.begin(tx, "standing", "org", 1, NOW)
            lanes.wake(tx, "invoicing", "org", LATER)

        assert _ready(database) == [Ready("invoicing", "org", 1, LATER)]


class TestTurns:
    def test_a_turn_ends_the_wish(self, database: Database) -> None:
        """A lane whose turn has begun is wanted no more."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            lanes.begin(tx, "standing", "org", 1, NOW)

        assert _ready(database) == []

    def test_woken_while_running_runs_again(self, database: Database) -> None:
        """What wakes a lane during a turn is for the next turn, with a number of its own."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            lanes.begin(tx, "standing", "org", 1, NOW)
            lanes.wake(tx, "standing", "org", LATER)
            again = lanes.finish(tx, "standing", "org", 1, LATER)

        assert again
        assert _ready(database) == [Ready("standing", "org", 2, LATER)]

    def test_finishing_twice_is_finishing_once(self, database: Database) -> None:
        """A turn that is finished again after a crash does not end the turn after it."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            lanes.begin(tx, "standing", "org", 1, NOW)
            assert not lanes.finish(tx, "standing", "org", 1, NOW)
            lanes.finish(tx, "standing", "org", 1, NOW)
            (lane,) = lanes.all_lanes(tx)

        assert lane.turn == 2

    def test_an_old_turn_cannot_begin(self, database: Database) -> None:
        """A turn that is over and is begun by mistake does not take the wish away from the next one."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            lanes.begin(tx, "standing", "org", 1, NOW)
            lanes.finish(tx, "standing", "org", 1, NOW)
            lanes.wake(tx, "standing", "org", LATER)
            lanes.begin(tx, "standing", "org", 1, LATER)

        assert _ready(database) == [Ready("standing", "org", 2, LATER)]


class TestPark:
    def test_rests_and_goes_on(self, database: Database) -> None:
        """A parked lane is not ready before its moment, and is ready then without being woken."""
        until = NOW + timedelta(minutes=1)
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            lanes.begin(tx, "standing", "org", 1, NOW)
            lanes.park(tx, "standing", "org", Rest(NOW, until), "Xero's day is spent.")
            lanes.finish(tx, "standing", "org", 1, NOW)
            parked = lanes.parked(tx)

        assert parked == [Parked("standing", "org", until, "Xero's day is spent.", NOW)]
        assert _ready(database, until - timedelta(seconds=1)) == []
        assert _ready(database, until) == [Ready("standing", "org", 2, NOW)]

    def test_waking_does_not_end_it(self, database: Database) -> None:
        """An event does not shorten a rest that the vendor asked for."""
        until = NOW + timedelta(minutes=1)
        with database.transaction() as tx:
            lanes.park(tx, "standing", "org", Rest(NOW, until), "why")
            lanes.wake(tx, "standing", "org", NOW)

        assert _ready(database, LATER) == []

    def test_ends_when_put_right(self, database: Database) -> None:
        """A lane whose trouble has been put right goes on at once."""
        with database.transaction() as tx:
            lanes.park(tx, "standing", "org", Rest(NOW, LATER + timedelta(hours=1)), "why")
            lanes.unpark(tx, "standing", "org")

            assert lanes.parked(tx) == []
        assert [ready.lane for ready in _ready(database)] == ["org"]

    def test_ends_with_the_next_turn(self, database: Database) -> None:
        """A lane that begins its turn is parked no more."""
        with database.transaction() as tx:
            lanes.park(tx, "standing", "org", Rest(NOW, NOW), "why")
            lanes.begin(tx, "standing", "org", 1, LATER)

            assert lanes.parked(tx) == []


class TestWrongClock:
    def test_a_rest_of_the_future_is_none(self, database: Database) -> None:
        """A second's rest that was kept by a clock hours ahead is over once the clock is right."""
        ahead = NOW + timedelta(hours=3)
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", ahead)
            lanes.begin(tx, "standing", "org", 1, ahead)
            lanes.park(tx, "standing", "org", Rest(ahead, ahead + timedelta(seconds=1)), "Transient.")
            again = lanes.finish(tx, "standing", "org", 1, NOW)
            (parked,) = lanes.parked(tx)
            (lane,) = lanes.all_lanes(tx)

        assert again
        assert ["org"] == [ready.lane for ready in _ready(database, NOW)]
        assert [] == _ready(database, ahead)
        assert (False, True) == (parked.rests(NOW), parked.rests(ahead))
        assert (False, True) == (lane.rests(NOW), lane.rests(ahead))

    def test_failures_of_the_future_count_from_now(self, database: Database) -> None:
        """A row of failures that began by a clock hours ahead begins with the next one once the clock is right."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            lanes.fail(tx, "standing", "org", "Transient", "why", NOW + timedelta(hours=3))
            lanes.fail(tx, "standing", "org", "Transient", "why", NOW)
            lanes.fail(tx, "standing", "org", "Transient", "why", LATER)
            (lane,) = lanes.all_lanes(tx)

        assert (3, NOW) == (lane.failures, lane.failing_since)


class TestFail:
    def test_counts_in_a_row(self, database: Database) -> None:
        """Failures add up over turns, and one turn without failure ends the row."""
        counted = []
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            for turn in (1, 2):
                lanes.begin(tx, "standing", "org", turn, NOW)
                counted.append(lanes.fail(tx, "standing", "org", "Transient", f"why {turn}", NOW + turn * DAY))
                lanes.park(tx, "standing", "org", Rest(NOW, NOW), "why")
                lanes.finish(tx, "standing", "org", turn, NOW)
            lanes.begin(tx, "standing", "org", 3, NOW)
            (trying,) = lanes.all_lanes(tx)
            lanes.finish(tx, "standing", "org", 3, NOW)
            (well,) = lanes.all_lanes(tx)
            counted.append(lanes.fail(tx, "standing", "org", "Transient", "why", NOW))

        assert counted == [1, 2, 1]
        assert (trying.failing_since, trying.problem, trying.failed_why) == (NOW + DAY, "Transient", "why 2")
        assert (well.failures, well.failing_since, well.problem, well.failed_why) == (0, None, "", "")

    def test_a_turn_that_ended_by_force_is_no_success(self, database: Database) -> None:
        """What was passed over, and let go on by a person, still struggles until a turn went well."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "org", NOW)
            lanes.begin(tx, "standing", "org", 1, NOW)
            lanes.fail(tx, "standing", "org", "", "broken off", NOW)
            lanes.finish(tx, "standing", "org", 1, NOW, failed=True)
            lanes.unpark(tx, "standing", "org")
            (lane,) = lanes.all_lanes(tx)

        assert (lane.turn, lane.failures, lane.failing_since) == (2, 1, NOW)


class TestEnd:
    def test_a_disconnected_lane_has_no_turn(self, database: Database) -> None:
        """Whoever wakes or parks it, it wants none before it is connected again; the other vendor's lane has one."""
        home = Organisation("1", "Kiwi", "NZD", "Pacific/Auckland")
        connected = Connected("xero", "1", "Kiwi", "xero", home, NOW)
        with database.transaction() as tx:
            connections.put(tx, connected)
            lanes.wake(tx, "standing", "1", NOW)
            lanes.wake(tx, "invoicing", "1", NOW)
            connections.end(tx, "xero", "1", "")
            lanes.end(tx, "standing", "1")
            lanes.wake(tx, "standing", "1", NOW)
        assert _ready(database) == [Ready("invoicing", "1", 1, NOW)]

        with database.transaction() as tx:
            lanes.park(tx, "standing", "1", Rest(NOW, NOW + DAY), "a turn that was under way")
            assert lanes.goes_on_at(tx, LATER) is None
            connections.put(tx, connected)
            assert lanes.goes_on_at(tx, LATER) == NOW + DAY

    def test_what_it_rested_and_failed_for_is_forgotten(self, database: Database) -> None:
        """A connection that is ended neither rests nor struggles."""
        with database.transaction() as tx:
            lanes.wake(tx, "standing", "1", NOW)
            lanes.fail(tx, "standing", "1", "Transient", "It failed.", NOW)
            lanes.park(tx, "standing", "1", Rest(NOW, NOW + DAY), "It failed.")
            lanes.end(tx, "standing", "1")

            (lane,) = lanes.all_lanes(tx)
            assert lanes.parked(tx) == []
        assert (lane.wanted, lane.failures, lane.failed_why, lane.parked_until) == (False, 0, "", None)


class TestRace:
    def test_no_wake_is_lost_and_no_turn_runs_twice(self, database: Database) -> None:
        """With two threads that keep events and two that run turns, every event is acted on once, by one turn."""
        started: set[tuple[str, int]] = set()
        starting = threading.Lock()
        acted: list[str] = []
        numbers = itertools.count()
        keeping_ended = threading.Event()

        def keep_events() -> None:
            for _ in range(30):
                number = next(numbers)
                event = Event("xero", str(number), f"org{number % 2}", "INVOICE", "UPDATE", str(number), NOW, "{}")
                with database.transaction() as tx:
                    inbox.keep(tx, [event], NOW)
                    lanes.wake(tx, "standing", event.lane, NOW)

        def run_turns() -> None:
            while True:
                last = keeping_ended.is_set()
                turns = _ready(database)
                for turn in turns:
                    run(turn)
                if last and not turns:
                    return

        def run(ready: Ready) -> None:
            with starting:  # the engine starts a workflow of an id once
                if (ready.lane, ready.turn) in started:
                    return
                started.add((ready.lane, ready.turn))
            with database.transaction() as tx:
                lanes.begin(tx, "standing", ready.lane, ready.turn, NOW)
            with database.transaction() as tx:
                acted.extend(event.resource for event in inbox.take(tx, "xero", ready.lane, ready.turn))
            with database.transaction() as tx:
                inbox.finish(tx, "xero", ready.lane, ready.turn, NOW)
                lanes.finish(tx, "standing", ready.lane, ready.turn, NOW)

        keepers = [threading.Thread(target=keep_events) for _ in range(2)]
        workers = [threading.Thread(target=run_turns) for _ in range(2)]
        for thread in (*keepers, *workers):
            thread.start()
        for thread in keepers:
            thread.join()
        keeping_ended.set()
        for thread in workers:
            thread.join()

        assert sorted(acted, key=int) == [str(number) for number in range(60)]
