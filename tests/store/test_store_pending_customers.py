"""The dirty list: in the order of its ids, and nobody who was marked again is taken off it."""

from __future__ import annotations

from datetime import UTC, datetime

from ledgerloop.store import pending_customers
from ledgerloop.store.db import Database


def test_page_by_page(database: Database) -> None:
    """The list is read in the order of its ids, from after the last one read."""
    with database.transaction() as tx:
        pending_customers.mark(tx, "org", ["c", "a", "b", "a"])

        assert list(pending_customers.first(tx, "org", 2)) == ["a", "b"]
        assert list(pending_customers.first(tx, "org", 2, after="b")) == ["c"]


def test_what_changed_meanwhile_stays(database: Database) -> None:
    """A customer that is marked again while it is being looked at stays on the list."""
    with database.transaction() as tx:
        pending_customers.mark(tx, "org", ["a", "b"])
        looked_at = pending_customers.first(tx, "org", 10)
        pending_customers.mark(tx, "org", ["b"])
        pending_customers.clean(tx, "org", looked_at)

        assert list(pending_customers.first(tx, "org", 10)) == ["b"]


def test_who_is_set_aside_waits_until_let_go(database: Database) -> None:
    """The brake's customers stay on the list, unseen by who looks for the next ones, since the first of them waits."""
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    with database.transaction() as tx:
        pending_customers.mark(tx, "org", ["a", "b"])
        pending_customers.stop(tx, "org", ["a"], now)

        assert list(pending_customers.first(tx, "org", 10)) == ["b"] == pending_customers.unplanned(tx, "org")
        assert pending_customers.every(tx, "org") == ["a", "b"]
        assert pending_customers.stopped_since(tx, "org") == now

        pending_customers.let_go(tx, "org")
        assert list(pending_customers.first(tx, "org", 10)) == ["a", "b"]
        assert pending_customers.stopped_since(tx, "org") is None
