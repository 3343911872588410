"""What is remembered of how the service does: signatures, pulses, and since when somebody cannot commit."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from ledgerloop.errors import Transient
from ledgerloop.records import Outage, Pulse, Signed
from ledgerloop.store import pulses, signatures, single_values
from ledgerloop.store.commits import Commits
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)


class TestSignatures:
    def test_what_is_added_is_counted_on(self, database: Database) -> None:
        """Each vendor has one row, which goes on from what it was."""
        wrong = Signed("xero", None, 2, NOW, NOW + DAY, "not right", 2)
        for added in ([wrong], [], [wrong, Signed("hubspot", NOW)]):
            with database.transaction() as tx:
                signatures.add(tx, added)

        with database.reading() as tx:
            assert signatures.counted(tx) == [
                Signed("hubspot", NOW),
                Signed("xero", None, 4, NOW, NOW + DAY, "not right", 4),
            ]

    def test_processes_count_beside_each_other(self, database: Database) -> None:
        """Of what several add at once nothing is lost."""

        def add() -> None:
            for _ in range(10):
                with database.transaction() as tx:
                    signatures.add(tx, [Signed("xero", None, 1, NOW, NOW, "not right", 1)])

        threads = [threading.Thread(target=add) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        with database.reading() as tx:
            assert [(one.refused, one.ever) for one in signatures.counted(tx)] == [(40, 40)]


class TestPulses:
    def test_the_last_of_each_is_kept(self, database: Database) -> None:
        """What each service said last comes back as it was said; what else is kept beside it does not matter."""
        ill = Pulse(
            "two_%", NOW, False, Outage(NOW - DAY, "why"), ("xero", "b"), timedelta(seconds=-1.5), "", "why", ("x",)
        )
        with database.transaction() as tx:
            single_values.put(tx, single_values.text("pulses"), "something else")
            for one in (Pulse("one", NOW - timedelta(hours=1)), ill, Pulse("one", NOW)):
                pulses.put(tx, one)

        with database.reading() as tx:
            assert pulses.kept(tx) == [Pulse("one", NOW), ill]

    def test_who_ended_is_forgotten(self, database: Database) -> None:
        """One that says so at once, one that was killed after a day; never the one that speaks."""
        with database.transaction() as tx:
            pulses.put(tx, Pulse("killed while its clock was ahead", NOW + 420 * DAY))
            pulses.put(tx, Pulse("killed", NOW - DAY))
            pulses.put(tx, Pulse("stopped", NOW))
            pulses.forget(tx, "stopped")
            pulses.put(tx, Pulse("one", NOW))
            still = [one.worker for one in pulses.kept(tx)]
            pulses.put(tx, Pulse("one", NOW + timedelta(seconds=1)))
            assert (still, [one.worker for one in pulses.kept(tx)]) == (["killed", "one"], ["one"])


class TestCommits:
    def test_a_full_database_is_named_until_it_goes_well(self, sqlite_url: str) -> None:
        """The first moment and SQLite's own words stay, and nothing of what was to be written is among them."""
        database = Database(sqlite_url)
        moments = iter([NOW, NOW + DAY])
        commits = Commits(lambda: next(moments), "nothing can be written")

        def write(pages: int) -> None:
            with commits.watched(), database.transaction() as tx:
                tx.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
                single_values.put(tx, single_values.text("secret name"), "x" * 100_000)

        for _ in range(2):
            with pytest.raises(Transient):
                write(1)
        full = commits.outage
        write(100_000)
        database.close()

        assert full == Outage(NOW, "nothing can be written: the disk is full; make room on it")
        assert commits.outage is None

    def test_values_are_not_told(self, database: Database) -> None:
        """Whatever the driver says of values, the name of the error is enough: the log has the rest."""
        commits = Commits(lambda: NOW, "nothing can be written")

        with pytest.raises(Exception, match="Jane"), commits.watched(), database.transaction() as tx:
            tx.exec_driver_sql("INSERT INTO value (name, value) VALUES ('Jane', '1'), ('Jane', '2')")

        assert commits.outage is not None
        assert "Jane" not in commits.outage.why
