"""The health check: green while the service does its work, red when someone should look, and it names nobody."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography.fernet import Fernet
from starlette.testclient import TestClient
from structlog.testing import capture_logs
from web_scene import HANDSHAKE, KEY, SECRET, TENANT, Visit, hubspot_event, xero_body, xero_event

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.engine.ingest import BEAT_AGAIN, GLANCE
from ledgerloop.records import Organisation, Rest
from ledgerloop.report.overview import look
from ledgerloop.secrets.sealed import Sealed
from ledgerloop.store import connections, inbox, journal, lanes
from ledgerloop.store.connections import Connected
from ledgerloop.store.sealed_secrets import DatabaseCells
from ledgerloop.web import health
from ledgerloop.web.app import create_app
from ledgerloop.web.fresh import SECONDS
from ledgerloop.xero.webhooks import sign


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
        inbox.finish(tx, "xero", TENANT, 1, visit.clock.now())
    assert ["a turn has been due for more than 300 seconds"] == visit.browser.get("/health").json()["problems"]
    with visit.built.database.transaction() as tx:
        lanes.begin(tx, "standing", TENANT, 1, visit.clock.now())
    assert 200 == visit.browser.get("/health").status_code


def test_a_lane_that_rests_for_a_reason_is_no_alarm(visit: Visit) -> None:
    """While the lane rests for a stated reason its events may wait; once it should have gone on they may not."""
    visit.from_xero(xero_body(xero_event()))
    until = visit.clock.now() + timedelta(hours=2)
    with visit.built.database.transaction() as tx:
        lanes.park(tx, "standing", TENANT, Rest(visit.clock.now(), until), "Xero's calls of the day are spent.")

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
        connections.put(tx, Connected("xero", home.id, home.name, "xero", home, visit.clock.now()))
        connections.mark_one(tx, "xero", home.id, "needs_consent", "Secret reason")
        journal.hold(tx, "62515", "deal 1", ["Secret Customer Ltd has no email."], [], visit.clock.now())

    answer = visit.browser.get("/health")

    assert (200, "degraded", 1) == (answer.status_code, answer.json()["status"], answer.json()["holds"])
    assert [{"vendor": "xero", "id": "org-1"}] == answer.json()["needs_consent"]
    assert "Secret" not in answer.text


def test_an_organisation_that_waits_for_an_answer_is_told(visit: Visit) -> None:
    """Nothing is read of it, which is nothing amiss; whose it is is told by its id alone."""
    home = Organisation("org-1", "Secret Customer Ltd", "NZD", "Pacific/Auckland")
    with visit.built.database.transaction() as tx:
        connections.put(
            tx, Connected("xero", home.id, home.name, "xero", home, visit.clock.now(), connections.UNANSWERED, "Secret")
        )

    answer = visit.browser.get("/health")

    assert ["org-1"] == answer.json()["unanswered"]
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


def _state(visit: Visit) -> tuple[int, str]:
    answer = visit.browser.get("/health")
    return answer.status_code, answer.json()["status"]


def test_a_clock_that_was_ahead_stops_no_lane(visit: Visit) -> None:
    """What a clock hours ahead has kept is no reason to rest, and what fails by it is told of though it is not late."""
    with visit.built.database.transaction() as tx:
        lanes.wake(tx, "standing", TENANT, visit.clock.now())
        lanes.begin(tx, "standing", TENANT, 1, visit.clock.now())
    visit.clock.is_put(hours=3)
    visit.from_xero(xero_body(xero_event()))
    with visit.built.database.transaction() as tx:
        lanes.fail(tx, "standing", TENANT, "Transient", "Xero fails.", visit.clock.now())
        lanes.park(tx, "standing", TENANT, _rest(visit, timedelta(seconds=1)), "Xero fails.")
        lanes.finish(tx, "standing", TENANT, 1, visit.clock.now())
    ahead = visit.browser.get("/health").json()
    visit.clock.is_put(hours=-3)
    right = visit.browser.get("/health").json()

    assert ("degraded", 1) == (ahead["status"], len(ahead["parked"]))
    assert ("failing", []) == (right["status"], right["parked"])
    assert 0 <= right["oldest_waiting_seconds"]


def test_a_lane_stays_as_it_failed_until_a_try_succeeds(visit: Visit) -> None:
    """Between its tries and during them it looks as it is; beyond the bound somebody should look."""
    seen = []
    for turn in (1, 2):
        with visit.built.database.transaction() as tx:
            lanes.wake(tx, "standing", TENANT, visit.clock.now())
            lanes.begin(tx, "standing", TENANT, turn, visit.clock.now())
        seen.append(_state(visit))
        with visit.built.database.transaction() as tx:
            lanes.fail(tx, "standing", TENANT, "Transient", "Jane Doe's HubSpot fails.", visit.clock.now())
            lanes.park(tx, "standing", TENANT, _rest(visit, timedelta(seconds=1)), "Jane Doe's HubSpot fails.")
            lanes.finish(tx, "standing", TENANT, turn, visit.clock.now())
        visit.clock.passes(minutes=3)
        seen.append(_state(visit))
    with visit.built.database.transaction() as tx:
        lanes.begin(tx, "standing", TENANT, 3, visit.clock.now())
    failing, page = visit.browser.get("/health"), visit.console()
    with visit.built.database.transaction() as tx:
        lanes.finish(tx, "standing", TENANT, 3, visit.clock.now())

    assert [(200, "ok"), (200, "degraded"), (200, "degraded"), (503, "failing")] == seen
    assert [{"flow": "standing", "lane": TENANT, "since": "2026-11-22T09:00:00+00:00", "tries": 2}] == (
        failing.json()["struggling"]
    )
    assert "Jane" not in failing.text
    assert "has failed 2 times in a row since 2026-11-22 09:00:00 UTC: Jane Doe&#39;s HubSpot fails." in page
    assert '<span class="state warm">Failing</span>' in page
    assert (200, "ok") == _state(visit)


@pytest.mark.parametrize("code", [200, 429, 503])
def test_the_code_of_degraded_is_a_setting(visiting: Callable[..., Visit], code: int) -> None:
    """A monitor may take what is degraded for a warning or an alarm; what is well is 200 all the same."""
    visit = visiting(service={"degraded_status": code})
    well = _state(visit)
    home = Organisation("org-1", "Kiwi Ltd", "NZD", "Pacific/Auckland")
    with visit.built.database.transaction() as tx:
        connections.put(
            tx, Connected("xero", home.id, home.name, "xero", home, visit.clock.now(), "needs_consent", "why")
        )

    assert ((200, "ok"), (code, "degraded")) == (well, _state(visit))


def test_an_event_whose_lane_struggles_is_no_alarm_by_itself(visit: Visit) -> None:
    """After a long rest the lane tries again: what waited that long is not late while it does, but once it hangs."""
    visit.from_xero(xero_body(xero_event()))
    with visit.built.database.transaction() as tx:
        lanes.begin(tx, "standing", TENANT, 1, visit.clock.now())
        lanes.fail(tx, "standing", TENANT, "RateLimited", "The day is spent.", visit.clock.now())
        lanes.park(tx, "standing", TENANT, _rest(visit, timedelta(hours=2)), "The day is spent.")
        lanes.finish(tx, "standing", TENANT, 1, visit.clock.now())
    visit.clock.passes(hours=2, seconds=1)
    due = _state(visit)
    with visit.built.database.transaction() as tx:
        lanes.begin(tx, "standing", TENANT, 2, visit.clock.now())
    trying = _state(visit)
    visit.clock.passes(seconds=health.BOUND.total_seconds() + 1)

    assert [(200, "degraded")] * 2 == [due, trying]
    assert (503, "failing") == _state(visit)


def test_wrong_signatures_are_counted_for_each_vendor(visit: Visit) -> None:
    """What was refused since the last right one is told, in health and console, and ends with the next right one."""
    body = xero_body(xero_event())
    told = json.dumps([hubspot_event()]).encode()
    visit.from_xero(body)
    visit.clock.passes(minutes=1)
    for _ in range(3):
        assert 401 == visit.from_xero(body, sign(body, "another key")).status_code
    assert 401 == visit.from_hubspot(told, {}).status_code
    degraded, page = visit.browser.get("/health").json(), visit.console()
    assert 200 == visit.from_xero(body).status_code
    assert 200 == visit.from_hubspot(told).status_code

    assert {
        "xero": {"last_right": "2026-11-22T09:00:00+00:00", "refused": 3, "refused_ever": 3},
        "hubspot": {"last_right": None, "refused": 1, "refused_ever": 1},
    } == degraded["webhooks"]
    assert ("degraded", 2) == (degraded["status"], len(degraded["problems"]))
    assert any("3 webhooks of Xero were refused since 2026-11-22 09:01:00 UTC" in one for one in degraded["problems"])
    assert "3 webhooks of Xero were refused since 2026-11-22 09:01:00 UTC" in page
    assert "no right one ever came; 1 refused since, 1 ever." in page
    well = visit.browser.get("/health").json()
    assert ("ok", 0, 3) == (
        well["status"],
        well["webhooks"]["xero"]["refused"],
        well["webhooks"]["xero"]["refused_ever"],
    )


def test_xero_trying_us_out_is_no_trouble(visit: Visit) -> None:
    """The handshake's wrong signatures beside a right one are meant; those that come alone are not."""
    wrong = sign(HANDSHAKE, "another key")
    visit.from_xero(HANDSHAKE, wrong)
    alone = _state(visit)
    for signature in (sign(HANDSHAKE, KEY), wrong, wrong):
        visit.from_xero(HANDSHAKE, signature)

    assert ((200, "degraded"), (200, "ok")) == (alone, _state(visit))


def test_a_closed_address_is_no_trouble(visiting: Callable[..., Visit]) -> None:
    """Where nobody has saved a secret, as with a service key, whoever sends something there is refused and no more."""
    visit = visiting(hubspot={"client_secret": "secret:nobody_saved_this"})

    assert 401 == visit.from_hubspot(b"[]").status_code
    assert (200, "ok") == _state(visit)


def test_counts_outlive_a_restart(visit: Visit) -> None:
    """What was refused is written when the service stops, and counted on."""
    body = xero_body(xero_event())
    for _ in range(3):
        visit.from_xero(body, "wrong")
    visit.built.receiver.stop()
    again = Visit(visit.built.settings)
    again.from_xero(body, "wrong")

    # While the beat writes what was counted, a look may miss it for a moment.
    refused = (again.browser.get("/health").json()["webhooks"]["xero"]["refused"] for _ in range(100))
    assert 4 in refused
    again.close()


def test_refusing_a_flood_writes_nothing_for_each(visit: Visit) -> None:
    """A thousand wrongly signed webhooks cost the disk no more than what is written now and then in any case."""
    assert visit.built.database.file is not None
    log = visit.built.database.file.with_name(visit.built.database.file.name + "-wal")
    body = xero_body(xero_event())
    before = log.stat().st_size

    for _ in range(1000):
        visit.from_xero(body, "wrong")

    assert 1000 == visit.browser.get("/health").json()["webhooks"]["xero"]["refused"]
    assert log.stat().st_size - before < 100 * 4096
    assert 1 == len(visit.built.receiver.counted())


def test_what_changes_is_written_before_its_time(visit: Visit) -> None:
    """Commands beside the service go by what is written: that a key is gone, or a webhook refused, is so at once."""

    def told() -> tuple[bool, bool]:
        with visit.built.database.reading() as tx:
            seen = look(tx, visit.clock.now(), lines=0)
        signs = {one.sign for one in seen.reasons}
        return "unopened" in signs, "refused" in signs

    def soon(wanted: tuple[bool, bool]) -> None:
        visit.clock.passes(seconds=GLANCE)
        until = time.monotonic() + 60
        while told() != wanted:
            assert time.monotonic() < until, told()
            time.sleep(0.05)

    key = Path(visit.built.settings.service.key_file)
    soon((False, False))
    key.rename(key.with_name("away"))
    soon((True, False))
    key.with_name("away").rename(key)
    soon((False, False))
    visit.from_xero(xero_body(xero_event()), "wrong")
    soon((False, True))
    visit.from_xero(xero_body(xero_event()))
    soon((False, False))


def test_what_is_refused_is_written_seldom(visit: Visit) -> None:
    """A flood of wrongly signed webhooks has one thing written between two looks at what has changed."""
    file = visit.built.database.file
    assert file is not None
    with closing(sqlite3.connect(file)) as other:
        until = time.monotonic() + 60
        while not other.execute("SELECT 1 FROM value WHERE name LIKE 'pulse%'").fetchone():  # that of its start
            assert time.monotonic() < until
        before = other.execute("PRAGMA data_version").fetchone()
        for _ in range(300):
            visit.from_xero(xero_body(xero_event()), "wrong")
        assert before == other.execute("PRAGMA data_version").fetchone()


def test_red_while_nothing_can_be_written(visit: Visit) -> None:
    """The receiver remembers since when it cannot commit, and forgets it with the next commit that goes well."""
    assert visit.built.database.file is not None
    file = sqlite3.connect(visit.built.database.file)
    file.execute("ALTER TABLE delivery RENAME TO gone")
    refused = visit.from_xero(xero_body(xero_event()))
    failing = visit.browser.get("/health")
    file.execute("ALTER TABLE gone RENAME TO delivery")
    file.close()
    until = time.monotonic() + 60
    while 200 != visit.browser.get("/health").status_code:  # without traffic, too
        assert time.monotonic() < until
        visit.clock.passes(seconds=BEAT_AGAIN)

    assert (503, 503, "failing") == (refused.status_code, failing.status_code, failing.json()["status"])
    assert ["since 2026-11-22 09:00:00 UTC nothing can be written: no such table: delivery"] == failing.json()[
        "problems"
    ]


def test_what_cannot_be_opened_is_never_wrongly_signed(visit: Visit) -> None:
    """Where no key opens the secrets, both vendors get 503 and are to send again; once one does, all is well."""
    key = Path(visit.built.settings.service.key_file)
    other = key.with_name("other.key")
    old = key.read_text()
    key.write_bytes(Fernet.generate_key())
    for name, value in (("xero_webhook_key", KEY), ("hubspot_client_secret", SECRET)):
        Sealed(DatabaseCells(visit.built.database), key).save(name, value)
    key.rename(other)
    key.write_text(old)
    key.chmod(0o600)

    body, told = xero_body(xero_event()), json.dumps([hubspot_event()]).encode()
    locked = [visit.from_xero(body).status_code, visit.from_hubspot(told).status_code]
    failing = visit.browser.get("/health")
    key.write_text(old + other.read_text())
    still = [visit.from_xero(body).status_code, visit.from_hubspot(told).status_code]
    visit.clock.passes(seconds=SECONDS)
    opened = [visit.from_xero(body).status_code, visit.from_hubspot(told).status_code]

    assert ([503, 503], [503, 503], [200, 200]) == (locked, still, opened)
    assert (503, ["hubspot_client_secret", "xero_webhook_key"]) == (failing.status_code, failing.json()["unopened"])
    assert "the key file does not open `hubspot_client_secret`, `xero_webhook_key`" in failing.json()["problems"][0]
    assert (200, "ok") == _state(visit)


def _counting(visit: Visit, looked: list[float], wait: threading.Event | None = None) -> Ledgerloop:
    """Return the service, which notes each look at itself, and hangs in it as in a database where it shall wait."""

    def off() -> None:
        looked.append(time.monotonic())
        if wait is not None:
            wait.wait(60)

    return replace(visit.built, vendors=replace(visit.built.vendors, clock_off=off))


def test_many_who_ask_are_told_the_same(visit: Visit) -> None:
    """Three hundred who ask at once make the service look at itself once a second at most, not once for each."""
    looked: list[float] = []
    app = create_app(_counting(visit, looked), started=True)

    async def ask() -> list[httpx2.Response]:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://sync.example.com") as browser:
            return await asyncio.gather(*(browser.get("/health") for _ in range(300)))

    began = time.monotonic()
    told = {(one.status_code, one.json()["status"]) for one in asyncio.run(ask())}

    assert {(200, "ok")} == told
    assert len(looked) <= 1 + (time.monotonic() - began) // health.FRESH


def test_a_look_that_hangs_keeps_nobody_from_being_heard(visit: Visit) -> None:
    """While a database hangs, one look hangs, one line is logged, and webhooks are taken by whoever needs it not."""
    looked: list[float] = []
    wait = threading.Event()
    app = create_app(_counting(visit, looked, wait), started=True)
    body = xero_body(xero_event())

    async def ask() -> tuple[list[httpx2.Response], httpx2.Response]:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://sync.example.com", timeout=60) as browser:
            asked = [asyncio.create_task(browser.get("/health")) for _ in range(100)]
            while not looked:
                await asyncio.sleep(0.01)
            signed = {"x-xero-signature": sign(body, KEY)}
            kept = await browser.post("/webhooks/xero", content=body, headers=signed)
            return await asyncio.gather(*asked), kept

    with capture_logs() as logged:
        told, kept = asyncio.run(ask())
        wait.set()

    assert 200 == kept.status_code
    assert {503} == {one.status_code for one in told}
    assert 1 == len(looked)
    assert 1 == len([one for one in logged if one["event"] == "database does not answer"])


def test_what_is_wrong_with_the_key_file_itself(visit: Visit) -> None:
    """Missing, open to others, or without a key: each is said with what cures it, and doing that cures it."""
    key = Path(visit.built.settings.service.key_file)
    old = key.read_text()
    said = []

    key.rename(key.with_name("kept.key"))
    said.append(visit.browser.get("/health").json()["problems"])
    key.with_name("kept.key").rename(key)
    cured = [_state(visit)]
    key.chmod(0o644)
    said.append(visit.browser.get("/health").json()["problems"])
    key.chmod(0o600)
    cured.append(_state(visit))
    key.write_text("no key\n")
    said.append(visit.browser.get("/health").json()["problems"])
    key.write_text(old)
    cured.append(_state(visit))

    assert [
        ["the key file cannot be used: it is not there; bring it back from where you keep a copy"],
        ["the key file cannot be used: others may read it; run `chmod 600 ledgerloop.key`"],
        ["the key file cannot be used: it holds no key; bring back its lines, each a key of 44 characters"],
    ] == [[one.partition(". ")[0] for one in some] for some in said]
    assert [(200, "ok")] * 3 == cured
    assert str(key.parent) not in str(said)


def _rest(visit: Visit, span: timedelta) -> Rest:
    return Rest(visit.clock.now(), visit.clock.now() + span)
