"""How far the index of companies has come: it is brought on by one process at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from ledgerloop.store import companies
from ledgerloop.store.companies import Progress
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


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
