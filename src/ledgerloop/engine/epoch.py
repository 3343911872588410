"""Notice that the database is not the latest: restored, emptied or cloned. Until the books were read, make nothing.

A count is kept in the database and in a file beside the key. It is raised before a request leaves that makes an
invoice, at every start, every minute and by every backup; so what is put back is behind the file. Where both were put
back together, as with a whole machine, nothing is noticed: therefore our copy must have been read since the start
before an invoice leaves, or Xero is asked itself (see ``invoices.existing``).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.errors import Transient
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Line
from ledgerloop.rules.clocks import passed
from ledgerloop.rules.health import SILENT
from ledgerloop.store import connections, cursors, journal, lanes, pulses
from ledgerloop.store.cursors import CAUGHT_UP, Cursor
from ledgerloop.store.db import Database
from ledgerloop.store.epochs import Epoch, held_back, kept, put, unread
from ledgerloop.store.statements import one_at_a_time
from ledgerloop.store.witness import Witness

KEY_LASTS = timedelta(minutes=10)
"""How long a request that was sent may still arrive and be told by its Idempotency-Key: Xero says six minutes."""
EVERY = timedelta(minutes=1)
_RULE = "engine.epoch"
_NAME = "epoch"
"""Names the lock that is held while it is raised, and the cursor by which its keys are looked after."""


def doubt(database: Database, witness: Witness) -> str:
    """Say why the database cannot be the latest; nothing where it can."""
    outside = witness.read()  # first: the database is never behind it
    with database.reading() as tx:
        inside = kept(tx)
    behind, before = (inside.count if inside else 0), (outside.count if outside else 0)
    if behind < before:
        what = "an earlier state of it was put back" if inside else "it was put back, emptied or exchanged"
        return f"This database is not the one that was worked with last: {what}."
    if outside is None and behind:
        return f"This database was put back, copied or moved here: {witness.file.name} is not beside its key."
    return ""


def check() -> bool:
    """Compare the database with what is kept outside it, and tell whether it was just found not to be the latest."""
    at = parts()
    if at.witness is None:
        return False
    why = doubt(at.database, at.witness)
    if why:
        _notice(at.witness, why)
        return True
    raise_count()
    return False


def check_now_and_then(now: datetime) -> None:
    """Compare while the service runs, too, and come further every minute."""
    at = parts()
    if at.witness is None:
        return
    why = doubt(at.database, at.witness)
    if why:
        _notice(at.witness, why)
        return
    with at.database.reading() as tx:
        inside = kept(tx)
    if inside is not None and inside.noticed is not None and inside.noticed > now:
        _notice(at.witness, inside.why)  # the clock was ahead when it was noticed: so it was noticed now
        return
    settle()
    with at.database.reading() as tx:
        inside = kept(tx)
        last = cursors.get(tx, "", _NAME).highest
    if passed(last, EVERY, now):
        with at.database.transaction() as tx:
            cursors.put(tx, Cursor("", _NAME, None, 1, now))
        raise_count()
    elif inside is not None:
        at.witness.keep(inside.count)  # another machine that shares the database may have come further


def raise_count() -> None:
    """Come further, in the database and then outside it."""
    with parts().database.transaction() as tx:
        count = advance(tx)
    bear_witness(count)


def advance(tx: Connection) -> int:
    """Come further in the database alone, in the transaction after which a request leaves."""
    one_at_a_time(tx, _NAME)
    now = kept(tx) or Epoch()
    put(tx, Epoch(now.count + 1, now.noticed, now.safe, now.why))
    return now.count + 1


def bear_witness(count: int, left: datetime | None = None) -> None:
    """Keep outside how far the database has come, and that a request leaves now, before it does."""
    witness = parts().witness
    if witness is not None and not witness.keep(count, left):
        logger.warning("a restored database would not be noticed", file=str(witness.file))


def waits(tx: Connection, organisation: str) -> bool:
    """Tell whether an organisation's books are still to be read before anything is made."""
    return unread(tx, organisation)


def insist(organisation: str) -> None:
    """Raise an error for as long as something that is made now could be made twice."""
    at = parts()
    with at.database.reading() as tx:
        why = held_back(tx, organisation, at.now())
    if why is not None:
        raise Transient(why.sentence)


def fresh_since(tx: Connection) -> datetime | None:
    """Return the moment since which Xero must have been read before an invoice leaves."""
    now = kept(tx)
    return max(filter(None, (parts().begun, now.safe if now else None)), default=None)


def settle() -> None:
    """End the waiting once every organisation's books were read and nothing can arrive any more, and say so."""
    at = parts()
    with at.database.reading() as tx:
        now = kept(tx)
        if now is None or now.noticed is None:
            return
        organisations = connections.organisations(tx)
        if not organisations or any(waits(tx, organisation.id) for organisation in organisations):
            return
    if now.safe is not None and at.now() < now.safe:
        return
    said = "The books were read since the database was put back, so invoices and customers are made again."
    with at.database.transaction() as tx:
        now = kept(tx) or now
        put(tx, Epoch(now.count, None, now.safe, ""))
        journal.write(tx, [Line(subjects.DATABASE, "update", _RULE, said)], at.now())
        for portal in connections.portals(tx):
            lanes.unpark(tx, "invoicing", portal.id)
            lanes.wake(tx, "invoicing", portal.id, at.now())
    logger.warning("the database is trusted again")


def _notice(witness: Witness, why: str) -> None:
    """Begin to wait: have all books read, and keep from now on that the database is the latest again."""
    at = parts()
    now, outside = at.now(), witness.read()
    left = outside.left if outside else None
    # Where nothing outside tells when a request left last, one may have left just now.
    safe = max(now, min(left, now) + KEY_LASTS) if left else now if outside else now + KEY_LASTS
    with at.database.transaction() as tx:
        one_at_a_time(tx, _NAME)
        inside = kept(tx) or Epoch()
        if inside.noticed and inside.safe:  # noticed again, and what was to be waited for is so still
            safe = max(safe, min(inside.safe, now + KEY_LASTS))
        count = max(inside.count, outside.count if outside else 0) + 1
        put(tx, Epoch(count, now, safe, why))
        pulses.forget_silent(tx, now - SILENT)  # they are of the time of the backup: who ran then may have ended since
        for organisation in connections.organisations(tx):
            cursors.put(tx, Cursor(organisation.id, CAUGHT_UP))
            lanes.wake(tx, "standing", organisation.id, now)
        for lane in lanes.all_lanes(tx):
            lanes.wake(tx, lane.flow, lane.lane, now)  # its turn may be one that the engine does not know
        waits = "Nothing is made at either vendor until Xero has been read once."
        journal.write(tx, [Line(subjects.DATABASE, "hold", _RULE, f"{why} {waits}")], now)
    witness.keep(count)
    logger.warning("the database is not the latest", why=why)
