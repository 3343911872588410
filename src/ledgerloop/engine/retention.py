"""Forget what the inbox and the journal have kept long enough, by a clock that the vendors agree with."""

from __future__ import annotations

from datetime import datetime, timedelta

from ledgerloop.log import logger
from ledgerloop.rules.clocks import agree, forgotten_before
from ledgerloop.store import inbox, journal
from ledgerloop.store.db import Database

KEEP_EVENTS = timedelta(days=30)
"""Longer than any vendor repeats a delivery."""
KEEP_JOURNAL = timedelta(days=400)
"""A year and what it takes to close its books."""


def forget(database: Database, now: datetime, off: timedelta | None) -> bool:
    """Forget a day's share at most; tell whether the clock may be gone by.

    ``off`` is by how much the vendors' clocks are ahead of ours, as far as they have told the time.
    """
    if not agree(off):
        if off is not None:
            logger.warning("clock disagrees with the vendors', so nothing is forgotten", seconds=off.total_seconds())
        return False
    with database.transaction() as tx:
        inbox.prune(tx, forgotten_before(now, KEEP_EVENTS, inbox.oldest(tx)))
        journal.prune(tx, forgotten_before(now, KEEP_JOURNAL, journal.oldest(tx)))
    return True
