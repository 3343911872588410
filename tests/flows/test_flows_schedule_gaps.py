"""A gap in the numbers of webhooks: given up once nothing comes any more, and not while a burst is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from clocks import Standing

from ledgerloop.flows import schedule
from ledgerloop.invoices.poll import CURSOR as POLLED
from ledgerloop.parts import Parts, instead
from ledgerloop.records import Event, Organisation, Portal, Rest
from ledgerloop.store import connections, cursors, gaps, inbox, lanes, single_values
from ledgerloop.store.connections import Connected
from ledgerloop.store.cursors import CAUGHT_UP, Cursor
from ledgerloop.store.db import Database

HOME = Organisation("gap", "Gap Ltd", "NZD", "Pacific/Auckland")
NOW = datetime(2026, 11, 22, 1, 15, tzinfo=UTC)
Look = Callable[[float], bool]


@pytest.fixture
def looks(database: Database) -> Look:
    """Connect an organisation that caught up a minute ago; give a look, so many seconds on: is a catch-up due?"""

    def never(*_given: Any) -> Any:
        raise AssertionError("nobody is called by a look")

    parts = Parts(database, never, never, Standing(NOW), never, lambda: None, never, digest=never)
    with database.transaction() as tx:
        connections.put(tx, Connected("xero", HOME.id, HOME.name, "grant", HOME, NOW))
        cursors.put(tx, Cursor(HOME.id, CAUGHT_UP, None, 1, NOW - timedelta(minutes=1)))

    def look(seconds: float) -> bool:
        with instead(replace(parts, clock=Standing(NOW + timedelta(seconds=seconds)))):
            schedule.wake_due()
        with database.reading() as tx:
            return cursors.get(tx, HOME.id, CAUGHT_UP).highest is None

    return look


def _came(database: Database, number: int, seconds: float) -> None:
    """Keep a delivery of one event, as the receiver does."""
    at = NOW + timedelta(seconds=seconds)
    event = Event("xero", f"key {number}", HOME.id, "INVOICE", "UPDATE", f"invoice {number}", at, "{}")
    with database.transaction() as tx:
        inbox.keep(tx, [event], at)
        gaps.note(tx, "xero", [(number, number)], at)
        lanes.wake(tx, "standing", HOME.id, at)


def _work_off(database: Database) -> None:
    """End a turn that took what had come."""
    with database.transaction() as tx:
        turn = next(one.turn for one in lanes.all_lanes(tx) if one.lane == HOME.id)
        lanes.begin(tx, "standing", HOME.id, turn, NOW)
        inbox.take(tx, "xero", HOME.id, turn)
        inbox.finish(tx, "xero", HOME.id, turn, NOW)
        lanes.finish(tx, "standing", HOME.id, turn, NOW)


def test_a_gap_is_given_up_once_nothing_comes_any_more(database: Database, looks: Look) -> None:
    """Number 6 never comes: five quiet seconds after number 7, all is pulled, once."""
    _came(database, 5, 0)
    _came(database, 7, 1)
    _work_off(database)

    assert [False, True] == [looks(5), looks(7)]
    with database.reading() as tx:
        assert 0 == gaps.missing(tx, "xero", NOW + timedelta(hours=1))


def test_a_gap_stays_open_while_deliveries_come(database: Database, looks: Look) -> None:
    """In a burst number 6 may be half a minute late: it is waited for while others come, and costs no catch-up."""
    _came(database, 5, 0)
    _came(database, 7, 1)
    for second in range(2, 30):
        _came(database, 6 + second, second)
        _work_off(database)
        assert not looks(second + 1)
    _came(database, 6, 30)
    _work_off(database)

    assert not looks(60)


def test_a_gap_stays_open_while_what_came_is_not_worked_off(database: Database, looks: Look) -> None:
    """On a busy machine events wait for their turn, and so may a delivery; a lane that rests is waited for by none."""
    _came(database, 5, 0)
    _came(database, 7, 1)
    while_it_waits = looks(60)
    with database.transaction() as tx:
        lanes.park(tx, "standing", HOME.id, Rest(NOW, NOW + timedelta(hours=1)), "Xero must be connected again.")

    assert [False, True] == [while_it_waits, looks(60)]


def test_a_moment_in_the_future_is_no_moment(database: Database) -> None:
    """Where the clock was hours ahead when something was done, it is done again now, and not in hours."""
    home = Organisation("org-1", "Kiwi", "NZD", "Pacific/Auckland")
    portal = Portal("62515", "HubSpot 62515", "NZD", "UTC")
    now = datetime.now(UTC)
    given = Parts(database, _never, _never, Standing(now), _never, lambda: None, _never, _never)
    with database.transaction() as tx:
        connections.put(tx, Connected("xero", home.id, home.name, "xero", home, now))
        connections.put(tx, Connected("hubspot", portal.id, portal.name, "hubspot", portal, now))
        cursors.put(tx, Cursor(home.id, CAUGHT_UP, None, 1, now + timedelta(hours=3)))
        cursors.put(tx, Cursor(portal.id, POLLED, None, 1, now + timedelta(hours=3)))
        single_values.put(tx, single_values.DAY.of(home.id), home.day(now))

    with instead(given):
        schedule.wake_due()

    with database.reading() as tx:
        assert {"org-1", "62515"} == {one.lane for one in lanes.all_lanes(tx) if one.wanted}


def _never(*_: object) -> Any:
    raise AssertionError("nobody is asked")
