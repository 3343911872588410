"""The dirty list: in the order of its ids, and nobody who was marked again is taken off it."""

from __future__ import annotations

from datetime import UTC, datetime

from ledgerloop.store import dirty
from ledgerloop.store.db import Database


def test_page_by_page(database: Database) -> None:
    """The list is read in the order of its ids, from after the last one read."""
    with database.transaction() as tx:
        dirty.mark(tx, "org", ["c", "a", "b", "a"])

        assert list(dirty.first(tx, "org", 2)) == ["a", "b"]
        assert list(dirty.first(tx, "org", 2, after="b")) == ["c"]


def test_what_changed_meanwhile_stays(database: Database) -> None:
    """A customer that is marked again while it is being looked at stays on the list."""
    with database.transaction() as tx:
        dirty.mark(tx, "org", ["a", "b"])
        looked_at = dirty.first(tx, "org", 10)
        dirty.mark(tx, "org", ["b"])
        dirty.clean(tx, "org", looked_at)

        assert list(dirty.first(tx, "org", 10)) == ["b"]


def test_who_is_set_aside_waits_until_let_go(database: Database) -> None:
    """The brake's customers stay on the list, unseen by who looks for the next ones, since the first of them waits."""
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    with database.transaction() as tx:
        dirty.mark(tx, "org", ["a", "b"])
        dirty.stop(tx, "org", ["a"], now)

        assert list(dirty.first(tx, "org", 10)) == ["b"] == dirty.unplanned(tx, "org")
        assert dirty.every(tx, "org") == ["a", "b"]
        assert dirty.stopped_since(tx, "org") == now

        dirty.let_go(tx, "org")
        assert list(dirty.first(tx, "org", 10)) == ["a", "b"]
        assert dirty.stopped_since(tx, "org") is None
