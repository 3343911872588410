"""Let work that stands beside balances and invoices fail alone: it rests, and nothing else waits for it.

Called inside a step. Whatever such work has not done it finds again when its rest is over, so each kind keeps on disk
what is still to do. Only an end of the consent is raised: it concerns all else as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from ledgerloop.errors import ConsentNeeded, LedgerloopError, RateLimited, Refused
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Rest
from ledgerloop.rules.hold_reasons import broken_beside, refused_beside
from ledgerloop.store import cooldowns, journal
from ledgerloop.subjects import Subject

Work = Literal["contacts anew", "emails", "hearing", "listening", "numbers", "polling", "shown emails", "telling"]

WORDS: Mapping[Work, str] = {
    "contacts anew": "reading all contacts of Xero once more after an upgrade",
    "emails": "emailing approved invoices",
    "hearing": "following customers' records that were merged, deleted or restored in HubSpot",
    "listening": "looking for customers' records that changed in HubSpot",
    "numbers": "writing HubSpot's ids into Xero's contacts",
    "polling": "looking for deals that changed in HubSpot",
    "shown emails": "showing on deals what became of their emails",
    "telling": "telling Xero what was changed in HubSpot",
}
"""What each kind of work is, as sentences call it."""

REST = timedelta(seconds=15)
"""How long work rests that has failed, where nothing else is asked."""
REFUSED_REST = timedelta(minutes=15)
"""How long it rests where it would fail again: a person must put something right first."""


def alone(lane: str, work: Work, do: Callable[[], object]) -> bool:
    """Do it unless it rests, and tell whether it was done; where it fails, let it rest.

    Where that is for good, hold it for a person. Raises ConsentNeeded, and nothing else that is ours.
    """
    at = parts()
    name = cooldowns.name(work, lane)
    with at.database.reading() as tx:
        rest = cooldowns.get(tx, name)
        asked = journal.waiting(tx, [name])
    if rest is not None and rest.lasts(at.now()):
        return False
    try:
        do()
    except ConsentNeeded:
        raise
    except LedgerloopError as problem:
        for_good = isinstance(problem, Refused)
        wait = REFUSED_REST if for_good else REST
        if isinstance(problem, RateLimited):
            wait = timedelta(seconds=problem.retry_after)
        logger.warning("work beside rests", work=work, lane=lane, why=problem.sentence)
        _rest(lane, name, wait, refused_beside(WORDS[work], problem.sentence) if for_good else "")
        return False
    except Exception as problem:
        logger.exception("work beside broke", work=work, lane=lane)
        _rest(lane, name, REFUSED_REST, broken_beside(WORDS[work], repr(problem)))
        return False
    if rest is not None or asked:
        with at.database.transaction() as tx:
            cooldowns.put(tx, name, None)
            journal.clear(tx, asked, at.now())
    return True


def due_at(tx: Connection, lane: str, now: datetime) -> datetime | None:
    """Return when the first work of a lane that rests may go on; none where none rests."""
    return cooldowns.over_at(tx, [cooldowns.name(work, lane) for work in WORDS], now)


def resting(tx: Connection, lane: str, work: Work, now: datetime) -> bool:
    """Tell whether some work of a lane rests still."""
    rest = cooldowns.get(tx, cooldowns.name(work, lane))
    return rest is not None and rest.lasts(now)


def _rest(lane: str, name: Subject, wait: timedelta, reason: str) -> None:
    at = parts()
    now = at.now()
    with at.database.transaction() as tx:
        cooldowns.put(tx, name, Rest(now, now + wait))
        if reason:
            journal.hold(tx, lane, name, (reason,), (), now)
