"""The copy that forgets: a rehearsal sees everything and leaves nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from ledgerloop.records import Customer, Entry, Link
from ledgerloop.store import journal, links, mirror, single_values
from ledgerloop.store.db import Database
from ledgerloop.store.scratch import scratch

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_it_sees_what_is_there_and_forgets_what_it_wrote(database: Database) -> None:
    """What was there can be read and changed in the copy; afterwards everything is as it was."""
    with database.transaction() as tx:
        mirror.store_customers(tx, [Customer("org", "c1", "Kea Ltd", updated_at=NOW)])
        single_values.put(tx, single_values.text("name"), "kept")

    with scratch(database) as copy:
        with copy.transaction() as tx:
            single_values.put(tx, single_values.text("name"), "changed")
            links.put(tx, [Link("org", "c1", "contact", "512", "email")], NOW)
            journal.add(tx, [Entry(NOW, "org", 1, "customer c1", "update", "rule", "why")])
        with copy.reading() as tx:
            seen = (single_values.get(tx, single_values.text("name")), list(mirror.customers(tx, "org", ["c1"])))
            linked = list(links.find(tx, "org", "contact", ["c1"]))

    assert ("changed", ["c1"]) == seen
    assert ["c1"] == linked
    with database.reading() as tx:
        assert "kept" == single_values.get(tx, single_values.text("name"))
        assert {} == links.find(tx, "org", "contact", ["c1"])
        assert [] == journal.recent(tx, 10)
    if database.file is not None:
        assert [] == list(database.file.parent.glob(".rehearsal-*"))


def test_it_keeps_nobody_waiting(database: Database) -> None:
    """While the copy is open, even in the middle of a transaction, others write the same rows."""
    with scratch(database) as copy, copy.transaction() as tx:
        links.put(tx, [Link("org", "c1", "contact", "512", "email")], NOW)

        with database.transaction() as other:
            links.put(other, [Link("org", "c1", "contact", "600", "created")], NOW)

    with database.reading() as tx:
        assert "600" == links.find(tx, "org", "contact", ["c1"])["c1"].hubspot_id
