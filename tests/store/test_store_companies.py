"""The index of companies: found by name or domain, and brought on by one process at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from ledgerloop.store import companies
from ledgerloop.store.companies import Indexed, Progress
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_found_by_name_or_domain(database: Database) -> None:
    """A company is found by either, in its own portal, by what was last known of it."""
    with database.transaction() as tx:
        companies.put(
            tx,
            [
                Indexed("p", "1", "acme", ""),
                Indexed("p", "2", "", "acme.nz"),
                Indexed("p", "3", "other", "other.nz"),
                Indexed("q", "4", "acme", "acme.nz"),
            ],
        )

        assert ["1", "2"] == companies.alike(tx, "p", ["acme"], ["acme.nz"])
        assert [] == companies.alike(tx, "p", [""], [""])
        companies.put(tx, [Indexed("p", "1", "renamed", "")])
        companies.forget(tx, "p", ["2"])
        assert [] == companies.alike(tx, "p", ["acme"], ["acme.nz"])
        assert ["1"] == companies.alike(tx, "p", ["renamed"], [])


def test_only_one_process_brings_it_on(database: Database) -> None:
    """Who comes second with an older view of the progress changes nothing."""
    begun, done = Progress("100", False, NOW, True), Progress("", True, NOW, True)
    with database.transaction() as tx:
        assert companies.progress(tx, "p") == Progress()
        assert companies.advance(tx, "p", Progress(), begun)
        assert not companies.advance(tx, "p", Progress(), done)
        assert companies.progress(tx, "p") == begun
        assert companies.advance(tx, "p", begun, done)
        assert companies.progress(tx, "p") == done
