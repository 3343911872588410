"""Wake the lanes on a schedule: the safety net under lost webhooks, and the only way to learn that a day has gone by.

Planned work wakes its lane here too, whenever it does not rest.

Waking is all that happens here. What a turn then does depends on what is due: see ``pulling.kinds_due`` and
``polling.look``. Several processes may do this at once; waking twice is waking once.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ledgerloop.flows.parts import parts
from ledgerloop.flows.polling import CURSOR as POLLED
from ledgerloop.flows.pulling import CAUGHT_UP
from ledgerloop.records import Organisation
from ledgerloop.store import connections, cursors, lanes, links, mirror, planned


def wake_due() -> bool:
    """Wake every lane whose poll, catch-up, new day or planned work is due; tell whether there was any."""
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        portals = [one.id for one in connections.all_connected(tx, "hubspot")]
        homes = connections.organisations(tx)
        poll = [portal for portal in portals if _elapsed(tx, portal, POLLED, now, at.poll_every.total_seconds())]
        pull = [home for home in homes if _elapsed(tx, home.id, CAUGHT_UP, now, at.catch_up_every.total_seconds())]
        new_day = [home for home in homes if connections.get_value(tx, _day_of(home)) != _today(home, now)]
        idle = {one.lane for one in lanes.all_lanes(tx) if one.flow == "standing" and not one.begun_at}
        work = [home for home in homes if home.id in idle and home.id in planned.organisations(tx, now)]
    if not poll and not pull and not new_day and not work:
        return False
    with at.database.transaction() as tx:
        for portal in poll:
            lanes.wake(tx, "invoicing", portal, now)
        for home in new_day:
            today = _today(home, now)
            late = mirror.becoming_overdue(tx, home.id, date.fromisoformat(today))
            # Only who is shown already: a day going by is no reason to make anybody's records.
            shown = links.find(tx, home.id, "contact", late).keys() | links.find(tx, home.id, "company", late).keys()
            mirror.mark_dirty(tx, home.id, shown)
            connections.put_value(tx, _day_of(home), today)
        for home in {home.id: home for home in (*pull, *new_day, *work)}.values():
            lanes.wake(tx, "standing", home.id, now)
    return True


def _elapsed(tx: Connection, lane: str, kind: str, now: datetime, seconds: float) -> bool:
    last = cursors.get(tx, lane, kind).highest
    return last is None or (now - last).total_seconds() >= seconds


def _day_of(home: Organisation) -> str:
    return f"day {home.id}"


def _today(home: Organisation, now: datetime) -> str:
    return now.astimezone(ZoneInfo(home.timezone)).date().isoformat()
