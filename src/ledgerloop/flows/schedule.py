"""Wake the lanes on a schedule: the safety net under lost webhooks, and the only way to learn that a day has gone by.

Planned work wakes its lane here too, whenever it does not rest. Two signs of lost webhooks start a catch-up at once: a
gap in their numbers that does not close, and silence for much longer than usual.

Waking is all that happens here. What a turn then does depends on what is due: see ``ledger.pull.kinds_due`` and
``invoices.poll.look``. Several processes may do this at once; waking twice is waking once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from ledgerloop.customers import held, timeline_notes
from ledgerloop.engine import backoff
from ledgerloop.invoices import deferrals, restored
from ledgerloop.ledger import reconcile, reference_data
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Organisation
from ledgerloop.rules.clocks import Next, due_at, passed
from ledgerloop.safety import circuit_breaker
from ledgerloop.store import (
    connections,
    cursors,
    gaps,
    inbox,
    lanes,
    links,
    mirror,
    pending_customers,
    planned,
    single_values,
)
from ledgerloop.store.cursors import CAUGHT_UP, POLLED, Cursor
from ledgerloop.store.write_counts import Written

GAP_CLOSES = timedelta(seconds=5)
"""How long nothing must have come before what is missing is given up: as long as deliveries come, one more may."""
GAP_AGAIN = timedelta(minutes=30)
"""A vendor whose numbers always have gaps must not cost a catch-up for each."""
SILENCE = timedelta(minutes=5)
"""Silence shorter than this is nothing unusual."""
UNUSUAL = 10
"""How many times as long as usual silence must last."""
_RECORDS_EACH = 20
"""How many records a customer that is late has at most: contact, company, and the deals of its late invoices."""


def wake_due() -> datetime | None:
    """Wake every lane whose poll, catch-up, new day, planned work, emails or notes are due.

    Returns the next moment at which something is, as long as nothing is written meanwhile; none where nothing will be.
    """
    at = parts()
    now = at.now()
    when = Next(now)
    with at.database.reading() as tx:
        portals = [one.id for one in connections.portals(tx)]
        organisations = connections.organisations(tx)
        poll = [portal for portal in portals if when.come(_elapsed_at(tx, portal, POLLED, now, at.poll_every))]
        poll = [portal for portal in poll if not backoff.resting(tx, portal, "polling", now)]
        poll += [portal for portal in portals if when.come(deferrals.due_at(tx, portal, now))]
        poll += [portal for portal in portals if when.come(restored.due_at(tx, portal, now))]
        poll += [portal for portal in portals if when.come(backoff.due_at(tx, portal, now))]
        blamed = [
            organisation for organisation in organisations if when.come(reference_data.due_at(tx, organisation.id, now))
        ]
        poll += portals if blamed else []
        pull = [
            organisation
            for organisation in organisations
            if when.come(_elapsed_at(tx, organisation.id, CAUGHT_UP, now, at.catch_up_every))
        ]
        new_day = [organisation for organisation in organisations if when.come(_new_day_at(tx, organisation, now))]
        aging = {organisation.id: _aging(tx, organisation, organisation.day(now)) for organisation in new_day}
        idle = {one.lane for one in lanes.all_lanes(tx) if one.flow == "standing" and not one.begun_at}
        quiet = [
            organisation
            for organisation in organisations
            if organisation not in pull and when.come(_unusually_silent_at(tx, organisation))
        ]
        free = [
            organisation for organisation in organisations if organisation.id in idle
        ]  # of the others it is asked once their turns have ended
        check = [organisation for organisation in free if when.come(reconcile.due_at(tx, organisation.id, now))]
        check += [organisation for organisation in free if when.come(_stopped_long_at(tx, organisation, now))]
        gap = _missing(tx, now)
        if not gap and gaps.missing(tx, "xero", now + GAP_CLOSES):
            when.come(now + GAP_CLOSES)
        work = [organisation for organisation in free if organisation.id in planned.organisations(tx, now)]
        when.come(planned.goes_on_at(tx, now))
        work += [organisation for organisation in free if when.come(backoff.due_at(tx, organisation.id, now))]
        work += [organisation for organisation in free if when.come(timeline_notes.due_at(tx, organisation.id, now))]
    if not (poll or pull or new_day or work or check or quiet or gap):
        return when.at
    with at.database.transaction() as tx:
        if gap:
            quiet = [*quiet, *_behind_gap(tx, organisations, gap, now)]
        for organisation in quiet:
            cursors.put(tx, Cursor(organisation.id, CAUGHT_UP))
        for portal in poll:
            lanes.wake(tx, "invoicing", portal, now)
        for organisation in new_day:
            shown, held = aging[organisation.id]
            # Planned work, which live work goes before. Every day changes the days overdue of all who are late: nobody
            # need be asked about that.
            if shown | held:
                may = Written(updated=_RECORDS_EACH * len(shown))
                planned.accept(tx, organisation.id, shown | held, may, now, asked=False)
            single_values.put(tx, single_values.DAY.of(organisation.id), organisation.day(now))
        for organisation in {
            organisation.id: organisation for organisation in (*pull, *new_day, *work, *check, *quiet)
        }.values():
            lanes.wake(tx, "standing", organisation.id, now)
    return when.at


def _aging(tx: Connection, organisation: Organisation, today: date) -> tuple[set[str], set[str]]:
    """Return who must be shown because a day has gone by: who is late and shown already, and who is held.

    A day going by is no reason to make anybody's records.
    """
    late = mirror.becoming_overdue(tx, organisation.id, today)
    shown = (
        links.find(tx, organisation.id, "contact", late).keys()
        | links.find(tx, organisation.id, "company", late).keys()
    )
    return set(shown), set(held.customers_held(tx, organisation.id))


def _unusually_silent_at(tx: Connection, organisation: Organisation) -> datetime | None:
    """Return when webhooks have been silent for much longer than usual with nothing pulled since: once a silence."""
    last = inbox.last_delivery(tx, "xero", organisation.id)
    if last is None or last.usual_seconds is None:
        return None
    noticed = last.delivered_at + max(SILENCE, UNUSUAL * timedelta(seconds=last.usual_seconds))
    pulled = cursors.get(tx, organisation.id, CAUGHT_UP).highest
    return noticed if pulled is None or pulled < noticed else None


def _stopped_long_at(tx: Connection, organisation: Organisation, now: datetime) -> datetime | None:
    """Return when what the brake has stopped is to be looked at again; none where it has stopped nothing."""
    since = pending_customers.stopped_since(tx, organisation.id)
    return due_at(since, circuit_breaker.AGAIN, now) if since is not None else None


def _missing(tx: Connection, now: datetime) -> int:
    """Count the events that surely are missing: nothing comes any more, and all that came is worked off.

    In a burst, or where the machine is busy, a delivery may be seconds behind those that were sent after it, and a
    vendor sends again what was not answered in time. The catch-up by the clock bounds how long a steady stream can
    keep a gap open.
    """
    missing = gaps.missing(tx, "xero", now - GAP_CLOSES)
    if not missing:
        return 0
    last = inbox.last_delivery(tx, "xero", gaps.WHOLE)
    resting = {one.lane for one in lanes.parked(tx) if one.flow == "standing"}
    waiting = {one.lane for one in inbox.backlogs(tx) if one.source == "xero"} - resting
    still = last is None or passed(last.delivered_at, GAP_CLOSES, now)
    return missing if still and not waiting else 0


def _behind_gap(
    tx: Connection, organisations: Sequence[Organisation], missing: int, now: datetime
) -> Sequence[Organisation]:
    """Forget the gaps and name who must be pulled for them: all, since numbers do not say whose events were lost."""
    gaps.forget(tx, "xero", now - GAP_CLOSES)
    before = single_values.get(tx, single_values.GAP_PULLED)
    if before is not None and not passed(before, GAP_AGAIN, now):
        return ()
    single_values.put(tx, single_values.GAP_PULLED, now)
    logger.warning("webhooks are missing", events=missing)
    return organisations


def _elapsed_at(tx: Connection, lane: str, kind: str, now: datetime, span: timedelta) -> datetime:
    return due_at(cursors.get(tx, lane, kind).highest, span, now)


def _new_day_at(tx: Connection, organisation: Organisation, now: datetime) -> datetime:
    """Return when the organisation's next day begins: now, where nobody has seen this one."""
    today = organisation.day(now)
    if single_values.get(tx, single_values.DAY.of(organisation.id)) != today:
        return now
    return datetime.combine(today + timedelta(days=1), time(), ZoneInfo(organisation.timezone)).astimezone(UTC)
