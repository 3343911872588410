"""The day's quota: a spent day lets the organisation rest and says so; what is live has a part of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest
from scene import Scene

from ledgerloop.cli.stage import connect_hubspot, connect_xero
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.parts import instead
from ledgerloop.records import Rest
from ledgerloop.store import connections, inbox, lanes, planned
from ledgerloop.store.lanes import Parked
from ledgerloop.store.write_counts import Written


def _leave(scene: Scene, calls: int) -> None:
    """Leave only so many of the day's calls."""
    body = {"organisation": _organisation(scene), "left": calls}
    assert 200 == scene.on.control.post(f"{scene.url('xero')}/_sandbox/day", json=body).status_code


def _organisation(scene: Scene) -> str:
    state = scene.on.control.get(f"{scene.url('xero')}/_sandbox/state").json()
    return str(state["organisations"][0]["tenantId"])


def _resting(scene: Scene) -> Parked | None:
    with scene.built.database.reading() as tx:
        return next((one for one in lanes.parked(tx) if one.flow == "standing"), None)


def _rests_anew(scene: Scene, before: Parked) -> Parked | None:
    now = _resting(scene)
    return now if now is not None and now.until != before.until else None


def _come_near_the_end_of_the_day(scene: Scene, seconds: int) -> None:
    """Move the clock to some seconds before Xero's day for the organisation ends, give or take a few."""
    clock = f"{scene.url('xero')}/_sandbox/clock"
    begun_before = int(_organisation(scene)[:8], 16) % 86_400  # where the sandbox's day begins
    passed = float(scene.on.control.get(clock).json()["seconds"])
    scene.on.control.post(clock, json={"shift": 86_400 - begun_before - passed - seconds})


def test_a_spent_day_parks_the_organisation_until_it_begins_anew(scene: Scene) -> None:
    """With no call left the lane rests as long as Xero says, console and health say why; then it goes on."""
    customer = scene.customer("Daily Ltd", "dan@daily.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("dan@daily.example.com"))["id"])
    scene.settle()
    _come_near_the_end_of_the_day(scene, 12)
    _leave(scene, 0)

    scene.invoice_for(customer, "12.00")
    rests = scene.on.until("the lane rests", lambda: _resting(scene))

    assert "The calls of the day are used up" in rests.why
    assert timedelta(seconds=2) < rests.until - scene.built.now() < timedelta(seconds=25)
    assert "The calls of the day are used up" in scene.on.browser.get("/").text
    assert "degraded" == httpx2.get(f"{scene.on.service_url}/health").json()["status"]
    with scene.built.database.reading() as tx:
        assert inbox.waiting(tx) >= 1
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "12.00", seconds=30)


def test_a_person_has_a_raised_limit_looked_at_at_once(scene: Scene) -> None:
    """An organisation that rests for hours goes on when a person says so, and what is left is found out by a call."""
    customer = scene.customer("Raised Ltd", "ra@raised.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("ra@raised.example.com"))["id"])
    scene.settle()
    _come_near_the_end_of_the_day(scene, 36_000)
    _leave(scene, 0)
    scene.invoice_for(customer, "12.00")
    rests = scene.on.until("the lane rests", lambda: _resting(scene))
    assert timedelta(hours=5) < rests.until - scene.built.now()
    assert "ledgerloop retry --organisation" in rests.why

    with instead(scene.built.parts()):
        retries.go_on("Kiwi Demo Ltd")
    scene.on.until("it rests again, the limit being what it was", lambda: _rests_anew(scene, rests), 15)
    _leave(scene, 500)
    with instead(scene.built.parts()):
        retries.go_on(scene.on.organisation)

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "12.00", seconds=15)
    with pytest.raises(LedgerloopError, match="no one organisation “Nobody”"), instead(scene.built.parts()):
        retries.go_on("Nobody")


def test_the_first_fill_leaves_the_reserve_to_live_work(staged: Callable[..., Scene]) -> None:
    """Filling the mirror stops at a fifth of the day; a deal won then is invoiced all the same."""
    scene = staged(connected=False)
    scene.configure("xero", day_limit=1000)
    _leave(scene, 204)
    connect_xero(scene.on, "Kiwi Demo Ltd")
    connect_hubspot(scene.on)

    rests = scene.on.until("the filling rests", lambda: _resting(scene))
    deal = scene.sell()

    assert "What backfill may use of the day's calls is used up" in rests.why
    shown = scene.until_shown("deals", deal, "xero_invoice_id", seconds=15)
    assert shown["xero_invoice_number"]


def test_planned_work_that_rests_lets_live_work_go_on(scene: Scene) -> None:
    """A quota that planned work has used up parks the planned work alone, with the reason."""
    organisation = scene.on.organisation
    now = scene.built.now()
    with scene.built.database.transaction() as tx:
        planned.accept(tx, organisation, ["nobody"], Written(10, 10), now)
        planned.rest(tx, organisation, Rest(now, now + timedelta(hours=2)), "The calls of the day are used up.")
        home = connections.organisations(tx)[0]

    scene.customer("Still Live Ltd", "sam@still-live.example.com")

    scene.on.until("it is shown", lambda: scene.find_contact("sam@still-live.example.com"))
    with scene.built.database.reading() as tx:
        assert ["nobody"] == planned.batch(tx, organisation, 10)
        assert [] == list(planned.organisations(tx, now))
        assert [home.id] == list(planned.organisations(tx, now + timedelta(hours=3)))
    page = scene.on.browser.get("/").text
    assert "1 of 1 customers are left" in page
    assert "It rests until" in page
