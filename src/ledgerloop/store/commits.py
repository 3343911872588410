"""Commits: remember since when somebody who writes cannot, and why, until it goes well again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from ledgerloop.errors import Transient
from ledgerloop.log import logger
from ledgerloop.records import Outage
from ledgerloop.store import single_values
from ledgerloop.store.db import Database
from ledgerloop.store.troubles import trouble_in

_PATIENCE = 10.0
"""Seconds that a try may take; whoever writes needs less."""


class Commits:
    """Watch one who writes. Safe to ask from other threads."""

    def __init__(self, now: Callable[[], datetime], what: str) -> None:
        """Take the clock, and ``what`` cannot be done while it does not go well."""
        self._now, self._what = now, what
        self.outage: Outage | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Do the work, and remember whether it went well; an error goes on."""
        try:
            yield
        except Exception as problem:
            if self.outage is None:
                self.outage = Outage(self._now(), f"{self._what}: {cause_of(problem)}")
                logger.error(self._what, why=repr(problem))
            raise
        if self.outage is not None:
            logger.warning("it goes on", what=self._what, since=self.outage.since.isoformat())
            self.outage = None


def tried(database: Database, now: datetime) -> str:
    """Write something small, and say why it could not be written; nothing where it was."""
    try:
        with database.transaction(_PATIENCE) as tx:
            single_values.put(tx, single_values.TRIED_TO_WRITE, now)
    except Exception as problem:  # whatever it is, nothing was written
        return f"nothing can be written: {database.unwritable or cause_of(problem)}"
    return ""


def cause_of(problem: Exception) -> str:
    """Say why it went wrong, with nothing in it that was to be written, nor where the database is."""
    if known := trouble_in(problem):
        return known
    origin = problem.orig if isinstance(problem, DBAPIError) else problem.__cause__
    if isinstance(origin, DBAPIError):
        origin = origin.orig
    if isinstance(origin, sqlite3.OperationalError):
        return str(origin)
    return "the database does not answer" if isinstance(problem, Transient) else type(origin or problem).__name__
