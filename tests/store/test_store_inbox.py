"""The inbox: an event is kept once, and acted on until it is done."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledgerloop.records import Event, EventState
from ledgerloop.store import inbox
from ledgerloop.store.db import Database
from ledgerloop.store.inbox import Backlog, Delivery

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)

_lanes = itertools.count()


def _event(key: str, lane: str = "org", state: EventState = "waiting") -> Event:
    return Event("xero", key, lane, "INVOICE", "UPDATE", f"id of {key}", NOW, '{"a": 1}', state)


class TestKeep:
    def test_once(self, database: Database) -> None:
        """An event that is delivered again, in another delivery or in the same, is kept once."""
        with database.transaction() as tx:
            assert inbox.keep(tx, [_event("a"), _event("b"), _event("a")], NOW) == 2
            assert inbox.keep(tx, [_event("b"), _event("c")], LATER) == 1
            assert inbox.waiting(tx) == 3

    def test_nothing(self, database: Database) -> None:
        """A delivery without events, such as the handshake, keeps nothing."""
        with database.transaction() as tx:
            assert inbox.keep(tx, [], NOW) == 0

    def test_as_it_was_told(self, database: Database) -> None:
        """Everything of an event is kept, the state and reason it came with included."""
        event = Event("hubspot", "k", "", "?", "?", "", NOW, "not JSON {", "unreadable", "It is not JSON.")
        with database.transaction() as tx:
            inbox.keep(tx, [event], LATER)
            (kept,) = inbox.recent(tx, 5, "unreadable")

            assert inbox.waiting(tx) == 0
        assert kept.event == event
        assert kept.received_at == LATER


class TestTake:
    def test_oldest_first_and_only_of_the_lane(self, database: Database) -> None:
        """A turn takes the waiting events of its lane, in the order in which they came, and no others."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event("b"), _event("other", "else"), _event("a"), _event("s", state="skipped")], NOW)
            taken = inbox.take(tx, "xero", "org", 1)

        assert [event.resource for event in taken] == ["id of b", "id of a"]

    def test_again_after_a_crash(self, database: Database) -> None:
        """The same turn takes the same events again, and what came since."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event("a")], NOW)
            first = inbox.take(tx, "xero", "org", 1)
            inbox.keep(tx, [_event("b")], NOW)
            again = inbox.take(tx, "xero", "org", 1)

        assert again[:1] == first
        assert len(again) == 2

    def test_what_an_earlier_turn_left(self, database: Database) -> None:
        """Events of a turn that ended without finishing or releasing them are taken by the next."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event("a")], NOW)
            left = inbox.take(tx, "xero", "org", 1)
            assert inbox.take(tx, "xero", "org", 2) == left

            inbox.finish(tx, "xero", "org", 1, NOW)
            assert inbox.waiting(tx) == 1

    def test_not_from_a_later_turn(self, database: Database) -> None:
        """A turn that is over and wakes up late takes nothing away from the one that runs."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event("a")], NOW)
            inbox.take(tx, "xero", "org", 2)

            assert inbox.take(tx, "xero", "org", 1) == []

    def test_at_most(self, database: Database) -> None:
        """No more events are taken than asked for, and the oldest are taken."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event(str(number)) for number in range(5)], NOW)
            taken = inbox.take(tx, "xero", "org", 1, limit=2)

        assert [event.resource for event in taken] == ["id of 0", "id of 1"]


class TestEnd:
    def test_finish_what_was_taken(self, database: Database) -> None:
        """Finishing a turn ends what it took, and not what came since."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event("a")], NOW)
            inbox.take(tx, "xero", "org", 1)
            inbox.keep(tx, [_event("b")], LATER)
            inbox.finish(tx, "xero", "org", 1, LATER)

            assert [kept.event.key for kept in inbox.recent(tx, 5, "done")] == ["a"]
            assert [kept.event.key for kept in inbox.recent(tx, 5, "waiting")] == ["b"]

    def test_release_for_a_later_turn(self, database: Database) -> None:
        """What a turn gives back waits again, and belongs to no turn."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event("a")], NOW)
            taken = inbox.take(tx, "xero", "org", 1)
            inbox.release(tx, "xero", "org", 1)
            (kept,) = inbox.recent(tx, 5, "waiting")

            assert kept.turn is None
            assert inbox.take(tx, "xero", "org", 2) == taken

    def test_skip_with_a_reason(self, database: Database) -> None:
        """An event that is not our business does not wait, and says why."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event("a")], NOW)
            inbox.skip(tx, [event.id for event in inbox.take(tx, "xero", "org", 1)], "A bill.")
            (kept,) = inbox.recent(tx, 5)

            assert inbox.waiting(tx) == 0
        assert (kept.event.state, kept.event.reason) == ("skipped", "A bill.")

    def test_prune_never_what_waits(self, database: Database) -> None:
        """Old events are forgotten, but never one that still waits."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event("done"), _event("skipped", state="skipped")], NOW)
            inbox.take(tx, "xero", "org", 1)
            inbox.finish(tx, "xero", "org", 1, NOW)
            inbox.keep(tx, [_event("waits")], NOW)
            inbox.keep(tx, [_event("young", state="skipped")], LATER)

            assert inbox.prune(tx, LATER) == 2
            assert [kept.event.key for kept in inbox.recent(tx, 5)] == ["young", "waits"]


class TestBacklogs:
    def test_the_longest_first(self, database: Database) -> None:
        """Each lane with waiting events is listed with their number and the oldest, the longest wait first."""
        with database.transaction() as tx:
            inbox.keep(tx, [_event("a", "young"), _event("s", "idle", "skipped")], LATER)
            inbox.keep(tx, [_event("b", "old")], NOW)
            inbox.keep(tx, [_event("c", "old")], LATER)

            assert inbox.backlogs(tx) == [Backlog("xero", "old", 2, NOW), Backlog("xero", "young", 1, LATER)]


SILENCE = int((LATER - NOW).total_seconds())


class TestDeliveries:
    def test_gives_back_the_one_before(self, database: Database) -> None:
        """The caller sees the last number and moment, and so a gap or a silence."""
        with database.transaction() as tx:
            assert inbox.note_delivery(tx, "xero", "org", 1, 3, NOW) is None
            assert inbox.note_delivery(tx, "xero", "org", 6, 7, LATER) == Delivery(3, NOW)
            assert inbox.last_delivery(tx, "xero", "org") == Delivery(7, LATER, SILENCE)

    def test_a_late_one_does_not_turn_back(self, database: Database) -> None:
        """A delivery that was overtaken does not make the next one look like a gap."""
        with database.transaction() as tx:
            inbox.note_delivery(tx, "xero", "org", 5, 7, NOW)
            inbox.note_delivery(tx, "xero", "org", 3, 4, LATER)

            assert inbox.last_delivery(tx, "xero", "org") == Delivery(7, LATER, SILENCE)

    def test_a_new_count_is_followed(self, database: Database) -> None:
        """Numbers that begin again at 1 belong to a new subscription."""
        with database.transaction() as tx:
            inbox.note_delivery(tx, "xero", "org", 5, 7, NOW)
            inbox.note_delivery(tx, "xero", "org", 1, 2, LATER)

            assert inbox.last_delivery(tx, "xero", "org") == Delivery(2, LATER, SILENCE)

    def test_without_numbers(self, database: Database) -> None:
        """A vendor that does not number its deliveries still leaves the moment, and a count stays as it was."""
        with database.transaction() as tx:
            inbox.note_delivery(tx, "xero", "org", 5, 7, NOW)
            inbox.note_delivery(tx, "xero", "org", None, None, LATER)

            assert inbox.last_delivery(tx, "xero", "org") == Delivery(7, LATER, SILENCE)

    def test_how_often_they_come_is_learnt(self, database: Database) -> None:
        """The usual silence follows the silences there were, the latest counting for a tenth."""
        with database.transaction() as tx:
            for seconds in (0, 100, 200, 400):
                inbox.note_delivery(tx, "xero", "org", None, None, NOW + timedelta(seconds=seconds))

            last = inbox.last_delivery(tx, "xero", "org")

        assert last is not None
        assert 110 == last.usual_seconds


class TestNeverLostNeverTwice:
    @given(
        steps=st.lists(
            st.one_of(
                st.tuples(st.just("keep"), st.lists(st.integers(0, 15), max_size=6)),
                st.tuples(st.sampled_from(["take", "finish", "release", "crash"]), st.integers(1, 5)),
            ),
            max_size=25,
        )
    )
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_whatever_happens(self, database: Database, steps: list[tuple[str, list[int] | int]]) -> None:
        """Through any order of deliveries, turns, crashes and releases, each event is finished once, none is lost."""
        lane, turn = f"org {next(_lanes)}", 1
        kept: set[str] = set()
        held: set[str] = set()
        finished: list[str] = []

        def take(limit: int) -> None:
            nonlocal held
            with database.transaction() as tx:
                held |= {event.resource for event in inbox.take(tx, "xero", lane, turn, limit)}

        def finish() -> None:
            nonlocal held, turn
            with database.transaction() as tx:
                inbox.finish(tx, "xero", lane, turn, NOW)
            finished.extend(held)
            held, turn = set(), turn + 1

        for step, argument in steps:
            match step, argument:
                case "keep", list(numbers):
                    events = [_event(f"{lane} {number}", lane) for number in numbers]
                    new = {event.resource for event in events} - kept
                    with database.transaction() as tx:
                        assert inbox.keep(tx, events, NOW) == len(new)
                    kept |= new
                case "take", int(limit):
                    take(limit)
                case "finish", _:
                    finish()
                case "release", _:
                    with database.transaction() as tx:
                        inbox.release(tx, "xero", lane, turn)
                    held, turn = set(), turn + 1
                case _:  # a crash: the turn goes on, and what it knew is taken again
                    held = set()
                    take(100)
        take(100)
        finish()

        assert sorted(finished) == sorted(kept)
