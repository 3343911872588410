"""Upgrades of a database that has been in use: what a migration leaves to be done, and what survives it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config

from ledgerloop.store import companies, cursors, mirror, planned
from ledgerloop.store.companies import Progress
from ledgerloop.store.cursors import Cursor
from ledgerloop.store.db import Database
from ledgerloop.store.tables import metadata
from ledgerloop.store.write_counts import Written

FILLED = datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture
def before(database: Database) -> Iterator[Database]:
    """Give a database as it was before our copy had everybody, and bring the schema up to date afterwards."""
    _put_back(database, "0009")
    yield database
    database.migrate()


@pytest.fixture(params=["0017", "0018"])
def earlier_keys(database: Database, request: pytest.FixtureRequest) -> Iterator[Database]:
    """Give a database as it was when keys were others, and bring the schema up to date afterwards."""
    _put_back(database, request.param)
    yield database
    database.migrate()


def _put_back(database: Database, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "ledgerloop.store:migrations")
    config.set_main_option("path_separator", "os")
    with database.transaction() as tx:
        metadata.drop_all(tx)
        tx.exec_driver_sql("DROP TABLE alembic_version")
        config.attributes["connection"] = tx
        command.upgrade(config, revision)


class TestEverybodyInTheCopy:
    def test_contacts_are_to_be_read_once_more(self, before: Database) -> None:
        """Where contacts were read, they are to be read anew; the cursor of the usual pulls stays where it is."""
        with before.transaction() as tx:
            cursors.put(tx, Cursor("org", "contacts", FILLED, 1, None))
            cursors.put(tx, Cursor("org", "invoices", None, 7, FILLED))
            tx.exec_driver_sql(
                "INSERT INTO customer (organisation, id, name, email, number, active, merged_into, first_name,"
                " last_name, phone, street, city, region, postcode, country, email_key, name_key)"
                " VALUES ('org', 'c1', 'Acme', '', '', true, '', '', '', '', '', '', '', '', '', '', 'acme')"
            )

        before.migrate()

        with before.reading() as tx:
            known = mirror.customers(tx, "org", ["c1"])["c1"]
            assert (known.is_customer, known.is_supplier, known.tax_number, known.company_number) == (
                False,
                False,
                "",
                "",
            )
            assert cursors.get(tx, "org", "contacts") == Cursor("org", "contacts", FILLED, 1, None)
            assert cursors.get(tx, "org", "contacts anew") == Cursor("org", "contacts anew", None, 1, None)
            assert cursors.get(tx, "org", "invoices") == Cursor("org", "invoices", None, 7, FILLED)

    def test_a_first_fill_that_was_under_way_begins_again(self, before: Database) -> None:
        """Its first pages left suppliers out; it is read as a first fill from the first page on, and not twice."""
        with before.transaction() as tx:
            cursors.put(tx, Cursor("org", "contacts", None, 5, FILLED))

        before.migrate()

        with before.reading() as tx:
            assert cursors.get(tx, "org", "contacts") == Cursor("org", "contacts", None, 1, None)
            assert not cursors.begun(tx, "org", "contacts anew")

    def test_a_new_database_has_nothing_to_read_again(self, before: Database) -> None:
        """Without a cursor nothing was read yet."""
        before.migrate()

        with before.reading() as tx:
            assert not cursors.begun(tx, "org", "contacts anew")


class TestKeysMadeAnew:
    def test_everybody_is_to_be_read_from_the_first_page(self, earlier_keys: Database) -> None:
        """Contacts are to be read once more, also where half of them were, and companies are to be listed once more."""
        listed = Progress(listed=True, since=FILLED, looked=FILLED)
        with earlier_keys.transaction() as tx:
            for organisation, since in (("org", FILLED), ("half", FILLED), ("first", None)):
                cursors.put(tx, Cursor(organisation, "contacts", since, 4, None))
            cursors.put(tx, Cursor("half", "contacts anew", None, 3, None))
            assert companies.advance(tx, "p", Progress(), listed)

        earlier_keys.migrate()

        with earlier_keys.reading() as tx:
            assert {"org": 1, "half": 1} == {
                one: cursors.get(tx, one, "contacts anew").page
                for one in ("org", "half", "first")
                if cursors.begun(tx, one, "contacts anew")
            }
            assert (4, 1) == (cursors.get(tx, "org", "contacts").page, cursors.get(tx, "first", "contacts").page)
            assert companies.progress(tx, "p") == Progress()


class TestMarksInTheCopy:
    def test_marks_are_found_in_the_references_that_are_there(self, before: Database) -> None:
        """Invoices that were pulled before are found by their deal's mark, whatever words stand around it."""
        rows = {"i1": "PO 4711 HS-7", "i2": "HS-x", "i3": "", "i4": "CHS-9"}
        with before.transaction() as tx:
            for key, reference in rows.items():
                tx.exec_driver_sql(
                    "INSERT INTO receivable (organisation, id, kind, customer, status, currency, total, rate, due,"
                    " paid, credited, remaining, number, reference, url) VALUES ('org', '"
                    + key
                    + "', 'invoice', 'c1', 'PAID', 'NZD', '1', '1', '0', '1', '0', '0', '', '"
                    + reference
                    + "', '')"
                )

        before.migrate()

        with before.reading() as tx:
            found = mirror.receivables(tx, "org", list(rows))
            assert {"i1": "HS-7", "i2": "", "i3": "", "i4": ""} == {key: one.mark for key, one in found.items()}


class TestWhoAsked:
    def test_what_is_under_way_counts_as_asked_for(self, database: Database) -> None:
        """Planned work goes on where it was."""
        _put_back(database, "0024")
        with database.transaction() as tx:
            tx.exec_driver_sql("INSERT INTO planned (organisation, customer) VALUES ('org', 'c1')")
            tx.exec_driver_sql(
                "INSERT INTO allowance (organisation, customers, may_create, may_update, created, updated, accepted_at)"
                " VALUES ('org', 5, 4, 3, 2, 1, '2026-11-02 00:00:00.000000')"
            )

        database.migrate()

        with database.reading() as tx:
            (known,) = planned.under_way(tx)
        assert (True, 5, 1, Written(4, 3), Written(2, 1)) == (
            known.asked,
            known.customers,
            known.left,
            known.may,
            known.written,
        )
        assert FILLED == known.accepted_at
