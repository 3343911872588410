"""Gaps in the numbers of webhook events: found, closed by what comes late, forgotten when they no longer matter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledgerloop.store import gaps
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)

CASES = {
    "in order": ([[(1, 3)], [(4, 4)], [(5, 9)]], 0),
    "the first delivery begins anywhere": ([[(17, 20)], [(21, 21)]], 0),
    "one is missing": ([[(1, 3)], [(5, 6)]], 1),
    "many are missing": ([[(1, 3)], [(10, 10)], [(20, 20)]], 15),
    "one overtakes another": ([[(1, 3)], [(5, 6)], [(4, 4)]], 0),
    "in the wrong order within a commit": ([[(5, 6), (1, 3), (4, 4)]], 0),
    "part of a gap comes late": ([[(1, 3)], [(10, 10)], [(5, 6)]], 4),
    "the same delivery twice": ([[(1, 3)], [(4, 5)], [(4, 5)]], 0),
    "the count begins again": ([[(1, 3)], [(9, 9)], [(1, 1)], [(2, 2)]], 0),
}


@pytest.mark.parametrize("name", CASES)
def test_missing_numbers_are_known(database: Database, name: str) -> None:
    """What was jumped over is missing until it comes; what comes twice or late in order is nothing."""
    commits, missing = CASES[name]
    for spans in commits:
        with database.transaction() as tx:
            gaps.note(tx, "xero", spans, NOW)

    with database.reading() as tx:
        assert missing == gaps.missing(tx, "xero", LATER)


def test_a_gap_is_young_at_first_and_may_be_forgotten(database: Database) -> None:
    """A gap counts only when it is older than deliveries overtake each other; forgetting leaves younger ones."""
    with database.transaction() as tx:
        gaps.note(tx, "xero", [(1, 1)], NOW)
        gaps.note(tx, "xero", [(4, 4)], NOW)
        gaps.note(tx, "xero", [(8, 8)], LATER)

        young = gaps.missing(tx, "xero", NOW)
        gaps.forget(tx, "xero", LATER)

    with database.reading() as tx:
        assert 0 == young
        assert 3 == gaps.missing(tx, "xero", LATER + timedelta(seconds=1))
