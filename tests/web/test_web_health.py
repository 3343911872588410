"""The health check: green while the service does its work, red when someone should look, and it names nobody."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import timedelta

from starlette.testclient import TestClient
from web_scene import TENANT, Visit, xero_body, xero_event

from ledgerloop.records import Organisation
from ledgerloop.store import connections, inbox, journal, lanes
from ledgerloop.store.connections import Connected
from ledgerloop.web import health
from ledgerloop.web.app import create_app


def test_green_when_nothing_waits(visit: Visit) -> None:
    """200, without a cookie, and without anybody being signed in."""
    answer = visit.browser.get("/health")

    assert (200, "ok") == (answer.status_code, answer.json()["status"])
    assert 0 == answer.json()["waiting"]
    assert "set-cookie" not in answer.headers


def test_red_when_an_event_has_waited_too_long(visit: Visit) -> None:
    """An event that waits beyond the bound is an alarm; one that was only just received is none."""
    visit.from_xero(xero_body(xero_event()))
    visit.clock.passes(seconds=health.BOUND.total_seconds() - 1)
    assert (200, 1) == ((soon := visit.browser.get("/health")).status_code, soon.json()["waiting"])

    visit.clock.passes(seconds=2)
    late = visit.browser.get("/health")

    assert (503, "failing", 301.0) == (late.status_code, late.json()["status"], late.json()["oldest_waiting_seconds"])
    assert ["an event has waited for more than 300 seconds"] == late.json()["problems"]
    with visit.built.database.transaction() as tx:
        inbox.take(tx, "xero", TENANT, 1)
        inbox.finish(tx, "xero", TENANT, 1, visit.clock())
    assert ["a turn has been due for more than 300 seconds"] == visit.browser.get("/health").json()["problems"]
    with visit.built.database.transaction() as tx:
        lanes.begin(tx, "standing", TENANT, 1, visit.clock())
    assert 200 == visit.browser.get("/health").status_code


def test_a_lane_that_rests_for_a_reason_is_no_alarm(visit: Visit) -> None:
    """While the lane rests for a stated reason its events may wait; once it should have gone on they may not."""
    visit.from_xero(xero_body(xero_event()))
    until = visit.clock() + timedelta(hours=2)
    with visit.built.database.transaction() as tx:
        lanes.park(tx, "standing", TENANT, until, "Xero's calls of the day are spent.")

    visit.clock.passes(hours=1)
    resting = visit.browser.get("/health")
    visit.clock.passes(hours=2)
    stuck = visit.browser.get("/health")

    assert (200, "degraded") == (resting.status_code, resting.json()["status"])
    assert [{"flow": "standing", "lane": TENANT, "until": "2026-11-22T11:00:00+00:00"}] == resting.json()["parked"]
    assert 503 == stuck.status_code


def test_a_connection_that_needs_consent_is_degraded(visit: Visit) -> None:
    """A consent that ended is reported, and no restart would help, so it is 200. No name of a customer is shown."""
    home = Organisation("org-1", "Secret Customer Ltd", "NZD", "Pacific/Auckland")
    with visit.built.database.transaction() as tx:
        connections.put(tx, Connected("xero", home.id, home.name, "xero", home, visit.clock()))
        connections.mark_one(tx, "xero", home.id, "needs_consent", "Secret reason")
        journal.hold(tx, "62515", "deal 1", ["Secret Customer Ltd has no email."], [], visit.clock())

    answer = visit.browser.get("/health")

    assert (200, "degraded", 1) == (answer.status_code, answer.json()["status"], answer.json()["holds"])
    assert [{"vendor": "xero", "id": "org-1"}] == answer.json()["needs_consent"]
    assert "Secret" not in answer.text


def test_red_when_the_receiver_is_dead(visit: Visit) -> None:
    """Without its receiver the service accepts no webhook, so someone should look."""
    visit.built.receiver.stop()

    answer = visit.browser.get("/health")

    assert (503, ["webhooks are not being received"]) == (answer.status_code, answer.json()["problems"])


def test_red_when_the_database_does_not_answer(visit: Visit) -> None:
    """Without its database the service can do nothing; the answer says no more than that."""
    assert visit.built.database.file is not None
    file = sqlite3.connect(visit.built.database.file)
    file.execute("ALTER TABLE inbox RENAME TO gone")

    answer = visit.browser.get("/health")
    file.close()

    assert (503, ["the database does not answer"]) == (answer.status_code, answer.json()["problems"])


def test_degraded_by_a_wrong_clock(visit: Visit) -> None:
    """A clock that disagrees with the vendors' by more than a minute is told; one that is seconds off is not."""
    told = []
    for off in (timedelta(seconds=20), timedelta(hours=-3)):
        vendors = replace(visit.built.vendors, clock_off=lambda off=off: off)
        app = create_app(replace(visit.built, vendors=vendors), started=True)
        answer = TestClient(app).get("/health")
        told.append((answer.status_code, answer.json()["status"], answer.json()["clock_off_seconds"]))

    assert [(200, "ok", 0), (200, "degraded", -10_800)] == told
