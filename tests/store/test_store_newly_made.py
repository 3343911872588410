"""Companies that were made a moment ago wait for a second look, and what was found stays until it is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ledgerloop.store import newly_made
from ledgerloop.store.db import Database
from ledgerloop.store.newly_made import NewlyMade

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def made(customer: str, company: str, minutes: int = 0) -> NewlyMade:
    """Say that a company was made so many minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    return NewlyMade(customer, company, at, at + timedelta(minutes=2))


def test_those_are_due_whose_moment_has_come(database: Database) -> None:
    """In the order of their moments, of one organisation, and no more than are asked for; noted twice is once."""
    with database.transaction() as tx:
        newly_made.note(tx, "o1", [made("b", "2", 1), made("a", "1"), made("c", "3", 9)])
        newly_made.note(tx, "o1", [made("a", "1", 5)])
        newly_made.note(tx, "o2", [made("d", "4")])

        assert [] == newly_made.due(tx, "o1", NOON, 10)
        assert [made("a", "1"), made("b", "2", 1)] == newly_made.due(tx, "o1", NOON + timedelta(minutes=3), 10)
        assert [made("a", "1")] == newly_made.due(tx, "o1", NOON + timedelta(minutes=3), 1)


def test_what_was_found_is_no_longer_due(database: Database) -> None:
    """It is asked about instead, until it is forgotten; another company of the same customer is another matter."""
    with database.transaction() as tx:
        newly_made.note(tx, "o1", [made("a", "1"), made("a", "9", 1), made("b", "2")])
        newly_made.ask(tx, "o1", made("a", "1"), "77")

        later = NOON + timedelta(hours=1)
        assert [made("b", "2"), made("a", "9", 1)] == newly_made.due(tx, "o1", later, 10)
        assert ["77"] == [one.older for one in newly_made.asked(tx, "o1", ["a", "b"])]
        assert [] == newly_made.asked(tx, "o1", ["b"])
        newly_made.forget(tx, "o1", [made("a", "1")])
        assert [] == newly_made.asked(tx, "o1", ["a"])
        assert [made("b", "2"), made("a", "9", 1)] == newly_made.due(tx, "o1", later, 10)


def test_a_clock_that_was_ahead_has_none_waiting(database: Database) -> None:
    """What is to be looked at later than any may be is looked at by then."""
    latest = NOON + timedelta(minutes=2)
    with database.transaction() as tx:
        newly_made.note(tx, "o1", [made("a", "1"), made("b", "2", 180)])
        newly_made.note(tx, "o2", [made("c", "3", 180)])
        before = newly_made.any_after(tx, "o1", latest)
        newly_made.hasten(tx, "o1", latest)

        assert (True, False, True) == (
            before,
            newly_made.any_after(tx, "o1", latest),
            newly_made.any_after(tx, "o2", latest),
        )
        assert ["a", "b"] == [one.customer for one in newly_made.due(tx, "o1", latest, 10)]
