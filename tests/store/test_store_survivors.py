"""Merged customers: what they were owed by goes to the survivor, in whatever order we hear of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ledgerloop.records import Customer, Receivable
from ledgerloop.store import mirror, pending_customers
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def _invoice(customer: str, number: str = "1") -> Receivable:
    return Receivable("org", f"inv-{number}", "invoice", customer, "AUTHORISED", "NZD", Decimal(10), updated_at=NOW)


def _customer(key: str, into: str = "") -> Customer:
    return Customer("org", key, key, active=not into, merged_into=into, updated_at=LATER if into else NOW)


def _owners(database: Database) -> dict[str, str]:
    with database.reading() as tx:
        return {one.id: one.customer for one in mirror.receivables(tx, "org", ["inv-1", "inv-2"]).values()}


def test_receivables_follow_a_merger(database: Database) -> None:
    """The survivor owes what both owed, and is looked at; the document itself was never pulled again."""
    with database.transaction() as tx:
        mirror.store_customers(tx, [_customer("a"), _customer("b")])
        mirror.store_receivables(tx, [_invoice("a")])
        pending_customers.clean(tx, "org", pending_customers.first(tx, "org", 10))

        mirror.store_customers(tx, [_customer("a", into="b")])

        assert {"a", "b"} == set(pending_customers.first(tx, "org", 10))
    assert {"inv-1": "b"} == _owners(database)


def test_what_still_names_the_merged_one_goes_to_the_survivor(database: Database) -> None:
    """A document that comes late with the old customer belongs to the last of a chain of survivors."""
    with database.transaction() as tx:
        mirror.store_customers(tx, [_customer("a", into="b"), _customer("b", into="c"), _customer("c")])

        mirror.store_receivables(tx, [_invoice("a"), _invoice("b", "2")])

    assert {"inv-1": "c", "inv-2": "c"} == _owners(database)


def test_a_circle_ends(database: Database) -> None:
    """Nonsense from outside, customers merged into each other, stops nobody."""
    with database.transaction() as tx:
        mirror.store_customers(tx, [_customer("a", into="b"), _customer("b", into="a")])

        mirror.store_receivables(tx, [replace(_invoice("a"), number="x")])

    assert 1 == len(_owners(database))
