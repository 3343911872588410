"""Hold each deal that needs something new at Xero while the database is not known to be the latest, and no other deal.

Called inside a step, but for ``due_at``. What was made by a later state of the database is not known until the books
were read, and a request of it may still arrive for ten minutes: see ``engine.epoch``. Each deal is looked at again as
soon as its organisation waits no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine.retries import LOOK, again
from ledgerloop.invoices.decide import Ready, Verdict
from ledgerloop.parts import parts
from ledgerloop.records import Hold, Line
from ledgerloop.rules.waiting import put_back
from ledgerloop.store import connections, epochs, inbox, intents, journal


def hold_back(verdicts: Mapping[str, Verdict]) -> dict[str, tuple[Hold, str]]:
    """Return the holds of the deals that are ready while nothing may be made for their organisation, with the cause."""
    ready = {deal: one.organisation.id for deal, one in verdicts.items() if isinstance(one, Ready)}
    holds = _holds(set(ready.values()))
    return {
        deal: (holds[organisation], _cause(organisation))
        for deal, organisation in ready.items()
        if organisation in holds
    }


def hold_intents(portal: str, *, only_approved: bool) -> tuple[set[str], list[str]]:
    """Hold the deals whose invoices would leave; return the organisations for which none may, and these deals."""
    at = parts()
    with at.database.reading() as tx:
        some = intents.pending(tx, portal)
    holds = _holds({one.organisation for one in some})
    wait = [one for one in some if one.organisation in holds]
    wait = [one for one in wait if one.approved_at or one.state == "sent" or not only_approved]
    if not wait:
        return set(holds), []
    lines: list[Line] = []
    with at.database.transaction() as tx:
        for one in wait:
            hold, subject = holds[one.organisation], subjects.deal(one.deal)
            if journal.hold(tx, portal, subject, hold.reasons, (), at.now(), _cause(one.organisation)):
                lines.append(Line(subject, "hold", "engine.epoch", hold.sentence))
        journal.write(tx, lines, at.now())
    return set(holds), [one.deal for one in wait]


def waiting(tx: Connection, portal: str) -> set[str]:
    """Return the deals that wait so, for whichever organisation."""
    homes = connections.organisations(tx)
    return {
        deal
        for organisation in homes
        for deal in subjects.deals_of(journal.caused_by(tx, portal, _cause(organisation.id)))
    }


def take_up(portal: str) -> None:
    """Have the deals looked at again whose organisations wait no more."""
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        free = [
            organisation for organisation, moment in _moments(tx, portal, now) if moment is not None and moment <= now
        ]
    if not free:
        return
    with at.database.transaction() as tx:
        for organisation in free:
            deals = subjects.deals_of(journal.caused_by(tx, portal, _cause(organisation)))
            inbox.keep(tx, [again(portal, deal, f"waited until {now.isoformat()}", LOOK) for deal in deals], now)
            journal.forget_cause(tx, portal, _cause(organisation))


def due_at(tx: Connection, portal: str, now: datetime) -> datetime | None:
    """Return when deals of a portal are to be looked at again; none where none waits, or for books to be read."""
    return min((moment for _, moment in _moments(tx, portal, now) if moment is not None), default=None)


def _moments(tx: Connection, portal: str, now: datetime) -> list[tuple[str, datetime | None]]:
    """Return the organisations for which deals wait, and until when: none while their books are to be read."""
    found: list[tuple[str, datetime | None]] = []
    for organisation in connections.organisations(tx):
        if journal.caused_by(tx, portal, _cause(organisation.id)):
            why = epochs.held_back(tx, organisation.id, now)
            found.append((organisation.id, now if why is None else None if why.unread else why.until))
    return found


def _holds(organisations: set[str]) -> dict[str, Hold]:
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        found = {one: why for one in organisations if (why := epochs.held_back(tx, one, now)) is not None}
    return {one: Hold((put_back(unread=why.unread, until=why.until),)) for one, why in found.items()}


def _cause(organisation: str) -> str:
    return f"put back {organisation}"
