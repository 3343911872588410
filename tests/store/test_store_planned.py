"""Planned work and what was written without a plan: counted on disk, each with its own number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ledgerloop.records import Receivable, Rest
from ledgerloop.store import mirror, notes, planned, write_counts
from ledgerloop.store.db import Database
from ledgerloop.store.write_counts import Written

NOW = datetime(2026, 11, 22, 9, 30, 40, tzinfo=UTC)


class TestSpent:
    def test_an_hour_slides(self, database: Database) -> None:
        """What was written counts for an hour, by the minute, for its own lane."""
        with database.transaction() as tx:
            write_counts.add(tx, "org", Written(5, 50), NOW)
            write_counts.add(tx, "org", Written(1, 1), NOW + timedelta(seconds=5))
            write_counts.add(tx, "org", Written(2, 0), NOW + timedelta(minutes=30))
            write_counts.add(tx, "other", Written(9, 9), NOW)

            assert Written(8, 51) == write_counts.in_the_last_hour(tx, "org", NOW + timedelta(minutes=59))
            assert Written(2, 0) == write_counts.in_the_last_hour(tx, "org", NOW + timedelta(minutes=61))
            # A clock that was ahead, and is right again, keeps nobody from writing.
            assert Written() == write_counts.in_the_last_hour(tx, "org", NOW - timedelta(hours=3))

    def test_taking_off_again(self, database: Database) -> None:
        """What was counted and then not written is taken off."""
        with database.transaction() as tx:
            write_counts.add(tx, "org", Written(5, 50), NOW)
            write_counts.add(tx, "org", Written().less(Written(5, 20)), NOW + timedelta(minutes=2))

            assert Written(0, 30) == write_counts.in_the_last_hour(tx, "org", NOW + timedelta(minutes=2))


class TestPlanned:
    def test_work_is_done_bit_by_bit(self, database: Database) -> None:
        """Customers leave the list when they have been shown; what is left is known at any moment."""
        with database.transaction() as tx:
            planned.accept(tx, "org", ["c", "a", "b"], Written(4, 2), NOW)
            first = planned.batch(tx, "org", 2)
            planned.done(tx, "org", first)

            assert ["a", "b"] == first
            assert {"c"} == planned.among(tx, "org", ["a", "c"])
            assert [("org", 3, 1)] == [(one.organisation, one.customers, one.left) for one in planned.under_way(tx)]

    def test_only_what_the_plan_showed_is_planned(self, database: Database) -> None:
        """What goes beyond the plan is given back, to be counted as unplanned."""
        with database.transaction() as tx:
            planned.accept(tx, "org", ["a"], Written(4, 2), NOW)

            assert Written(0, 0) == planned.spend(tx, "org", Written(3, 1))
            assert Written(2, 0) == planned.spend(tx, "org", Written(3, 1))
            planned.give_back(tx, "org", Written(1, 0))
            assert Written(0, 5) == planned.spend(tx, "org", Written(1, 5))
            assert Written(7, 7) == planned.spend(tx, "nobody planned", Written(7, 7))

    def test_accepting_more_adds_to_what_is_open_and_begins_anew_after_it(self, database: Database) -> None:
        """Two plans at once count together; a plan after a finished one begins at nothing."""
        with database.transaction() as tx:
            planned.accept(tx, "org", ["a", "shown"], Written(4, 0), NOW)
            planned.spend(tx, "org", Written(3, 0))
            planned.report(tx, "org", {"calls": {"hubspot": 7}})
            planned.done(tx, "org", ["shown"])
            planned.accept(tx, "org", ["a", "b"], Written(2, 0), NOW)
            both = planned.allowance(tx, "org")
            planned.done(tx, "org", ["a", "b"])
            planned.accept(tx, "org", ["c"], Written(1, 0), NOW)
            anew = planned.allowance(tx, "org")

        assert both is not None
        assert anew is not None
        assert (Written(6, 0), Written(3, 0), 3, 2) == (both.may, both.written, both.customers, both.left)
        assert {"calls": {"hubspot": 7}} == both.figures
        assert (Written(1, 0), Written(0, 0), 1, 1) == (anew.may, anew.written, anew.customers, anew.left)
        assert {} == anew.figures

    def test_what_the_day_brings_is_counted_apart(self, database: Database) -> None:
        """Whoever watches what he asked for is told of that alone; customers of both are his."""
        with database.transaction() as tx:
            planned.accept(tx, "org", ["a", "b"], Written(0, 3), NOW, asked=False)
            assert 0 == planned.left(tx, "org", asked=True)
            planned.accept(tx, "org", ["b", "c", "d"], Written(4, 2), NOW)
            planned.accept(tx, "org", ["d", "e"], Written(0, 1), NOW, asked=False)
            assert [(True, 3, 3), (False, 3, 2)] == [
                (one.asked, one.customers, one.left) for one in planned.under_way(tx, "org")
            ]
            assert Written(0, 1) == planned.spend(tx, "org", Written(4, 7))
            planned.give_back(tx, "org", Written(1, 1))
            told = [(one.asked, one.written) for one in planned.under_way(tx)]
            planned.done(tx, "org", ["b", "c", "d"])
            planned.accept(tx, "org", ["f"], Written(0, 9), NOW, asked=False)
            known = planned.allowance(tx, "org")
            beyond = planned.spend(tx, "org", Written(1, 20))

        assert [(True, Written(3, 2)), (False, Written(0, 3))] == told
        assert known is not None
        assert (3, 0, Written(3, 2)) == (known.customers, known.left, known.written)
        assert Written(1, 10) == beyond

    def test_what_rests_is_not_due(self, database: Database) -> None:
        """Work whose quota is spent is due again when the time is over, or when it has gone on."""
        with database.transaction() as tx:
            planned.accept(tx, "org", ["a"], Written(1, 1), NOW)
            planned.rest(tx, "org", Rest(NOW, NOW + timedelta(hours=1)), "The calls of the day are used up.")

            assert [] == list(planned.organisations(tx, NOW))
            assert ["org"] == list(planned.organisations(tx, NOW + timedelta(hours=2)))
            planned.report(tx, "org", {"calls": {"hubspot": 7}})
            known = planned.allowance(tx, "org")

        assert known is not None
        assert (None, "", {"calls": {"hubspot": 7}}) == (known.rests_until, known.rests_why, known.figures)


class TestNotes:
    def test_an_event_is_intended_once(self, database: Database) -> None:
        """An event that is known keeps its state, however often it is seen."""
        with database.transaction() as tx:
            notes.intend(tx, "org", [("inv", "sent"), ("inv", "paid")], NOW)
            notes.mark(tx, "org", [("inv", "paid")], "sent", NOW)
            notes.mark_made(tx, "org", {("inv", "sent"): "77"}, NOW)
            notes.intend(tx, "org", [("inv", "sent"), ("inv", "paid"), ("inv", "voided")], NOW)

            known = {one.event: (one.state, one.hubspot_id) for one in notes.of_receivables(tx, "org", ["inv"])}

        assert {"sent": ("made", "77"), "paid": ("sent", ""), "voided": ("intended", "")} == known

    def test_customers_whose_notes_are_open(self, database: Database) -> None:
        """Whose note is still to be sent, or may have been: each once, and nobody else's."""
        states: dict[str, notes.State] = {"a": "intended", "b": "sent", "c": "made", "d": "lapsed", "e": "refused"}
        invoices = [Receivable("org", f"inv {one}", "invoice", one, "PAID", "NZD", Decimal(1)) for one in states]
        with database.transaction() as tx:
            mirror.store_receivables(tx, invoices)
            notes.intend(tx, "org", [(f"inv {one}", event) for one in states for event in ("sent", "paid")], NOW)
            for one, state in states.items():
                notes.mark(tx, "org", [(f"inv {one}", "sent"), (f"inv {one}", "paid")], state, NOW)
            notes.intend(tx, "other", [("inv c", "sent")], NOW)

            assert ["a", "b"] == notes.customers_open(tx, "org")
