"""The schedule names the next moment at which something is due: a second before it nothing is, and then it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from clocks import Standing
from sqlalchemy import Connection

from ledgerloop.flows import schedule
from ledgerloop.invoices.poll import CURSOR as POLLED
from ledgerloop.parts import Parts, instead
from ledgerloop.records import Organisation, Portal, Rest
from ledgerloop.store import connections, cooldowns, cursors, deferrals, lanes, planned, single_values
from ledgerloop.store.connections import Connected
from ledgerloop.store.cursors import CAUGHT_UP, Cursor
from ledgerloop.store.db import Database
from ledgerloop.store.deferrals import Aside
from ledgerloop.store.write_counts import Written

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
HOME = Organisation("home", "Home Ltd", "NZD", "Pacific/Auckland")
PORTAL = Portal("62515", "HubSpot 62515", "NZD", "UTC")
MIDNIGHT = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
"""When the day ends in Auckland."""
SOON = NOW + timedelta(seconds=90)


def _rests(name: str) -> Callable[[Connection], None]:
    return lambda tx: cooldowns.put(tx, name, Rest(NOW, SOON))


def _polled(tx: Connection) -> None:
    cursors.put(tx, Cursor(PORTAL.id, POLLED, None, 1, SOON - timedelta(hours=2)))


def _caught_up(tx: Connection) -> None:
    cursors.put(tx, Cursor(HOME.id, CAUGHT_UP, None, 1, SOON - timedelta(hours=4)))


def _put_aside(tx: Connection) -> None:
    deferrals.put(tx, PORTAL.id, Aside(Rest(NOW, SOON), {"77": "look"}))


def _planned_rests(tx: Connection) -> None:
    planned.accept(tx, HOME.id, ["nobody"], Written(10, 10), NOW)
    planned.rest(tx, HOME.id, Rest(NOW, SOON), "Its calls are used up.")


REASONS: dict[str, tuple[str, datetime, Callable[[Connection], None]]] = {
    "a poll": (PORTAL.id, SOON, _polled),
    "a catch-up": (HOME.id, SOON, _caught_up),
    "a new day": (HOME.id, MIDNIGHT, lambda tx: None),
    "deals that were put aside": (PORTAL.id, SOON, _put_aside),
    "a poll that rests": (PORTAL.id, SOON, _rests(f"polling {PORTAL.id}")),
    "work beside": (HOME.id, SOON, _rests(f"emails {HOME.id}")),
    "notes": (HOME.id, SOON, _rests(f"notes {HOME.id}")),
    "planned work": (HOME.id, SOON, _planned_rests),
}


@pytest.fixture
def look(database: Database) -> Callable[[datetime], datetime | None]:
    """Connect both, with everything done just now; give a look at a moment."""

    def never(*_given: Any) -> Any:
        raise AssertionError("nobody is called by a look")

    parts = Parts(database, never, never, Standing(NOW), never, lambda: None, never, digest=never)
    parts = replace(parts, poll_every=timedelta(hours=2), catch_up_every=timedelta(hours=4))
    with database.transaction() as tx:
        connections.put(tx, Connected("xero", HOME.id, HOME.name, "grant", HOME, NOW))
        connections.put(tx, Connected("hubspot", PORTAL.id, PORTAL.name, "hubspot", PORTAL, NOW))
        cursors.put(tx, Cursor(PORTAL.id, POLLED, None, 1, NOW))
        cursors.put(tx, Cursor(HOME.id, CAUGHT_UP, None, 1, NOW))
        single_values.put(tx, single_values.DAY.of(HOME.id), HOME.day(NOW))
        for flow, lane in (("standing", HOME.id), ("invoicing", PORTAL.id)):
            lanes.wake(tx, flow, lane, NOW)
            lanes.begin(tx, flow, lane, 1, NOW)
            lanes.finish(tx, flow, lane, 1, NOW)

    def look(at: datetime) -> datetime | None:
        with instead(replace(parts, clock=Standing(at))):
            return schedule.wake_due()

    return look


def _woken(database: Database) -> list[str]:
    with database.reading() as tx:
        return [one.lane for one in lanes.all_lanes(tx) if one.wanted]


@pytest.mark.parametrize("reason", REASONS)
def test_the_moment_that_is_named_is_the_first_at_which_a_lane_is_woken(
    database: Database, look: Callable[[datetime], datetime | None], reason: str
) -> None:
    """Whatever the reason: it is named beforehand, nothing is done until then, and then its lane is woken."""
    lane, moment, happens = REASONS[reason]
    with database.transaction() as tx:
        happens(tx)

    assert moment == look(NOW)
    assert moment == look(moment - timedelta(seconds=1))
    assert [] == _woken(database)
    look(moment)

    assert [lane] == _woken(database)


def test_a_rest_of_a_clock_that_was_ahead_is_no_moment(
    database: Database, look: Callable[[datetime], datetime | None]
) -> None:
    """What is to rest from a moment in the future does not, so it is due now and names nothing."""
    with database.transaction() as tx:
        cooldowns.put(tx, f"notes {HOME.id}", Rest(NOW + timedelta(hours=3), NOW + timedelta(hours=4)))

    assert MIDNIGHT == look(NOW)

    assert [HOME.id] == _woken(database)
