"""Xero's webhooks: the handshake with its near misses, what is kept, and what happens when nothing can be kept."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient
from web_scene import HANDSHAKE, KEY, TENANT, Visit, xero_body, xero_event

from ledgerloop.bootstrap import XERO_WEBHOOKS
from ledgerloop.report.doctor_address import is_number
from ledgerloop.store import inbox, lanes
from ledgerloop.web import wire
from ledgerloop.web.app import create_app
from ledgerloop.xero.webhooks import sign

HANDSHAKE_SIGNATURE = "aoxzc55ICGE1mSkn2b7oPDeYp/Xy+EqYm4JhKW2qsG0="
_once = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_handshake_is_answered_empty(visit: Visit) -> None:
    """A rightly signed handshake gets 200, an empty body, no cookie, and nothing is kept."""
    answer = visit.from_xero(HANDSHAKE, HANDSHAKE_SIGNATURE)

    assert (200, b"", "0") == (answer.status_code, answer.content, answer.headers["content-length"])
    assert not {"set-cookie", "x-xero-signature", "content-type"} & set(answer.headers)
    assert [] == visit.events()


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "x",
        "not base64 at all!",
        HANDSHAKE_SIGNATURE[:-1],
        HANDSHAKE_SIGNATURE + "=",
        HANDSHAKE_SIGNATURE.lower(),
        "Ym1gE789WB/EmH7YNVnphbWX35iQ0gHTunKsR+F9tec=",
        "é" * 20,
    ],
)
def test_wrong_signature_is_refused(visit: Visit, signature: str | None) -> None:
    """A missing, malformed or wrong signature gets 401 with an empty body, and nothing is kept."""
    for body in (HANDSHAKE, xero_body(xero_event())):
        headers = {} if signature is None else {"x-xero-signature": signature.encode()}
        answer = visit.browser.post("/webhooks/xero", content=body, headers=headers)

        assert (401, b"", "0") == (answer.status_code, answer.content, answer.headers["content-length"])
        assert "set-cookie" not in answer.headers
    assert [] == visit.events()


@_once
@given(place=st.integers(0, len(HANDSHAKE_SIGNATURE) - 1), other=st.characters(codec="ascii", categories=("L", "N")))
def test_near_miss_in_the_signature(visit: Visit, place: int, other: str) -> None:
    """A signature with one character changed gets 401: the handshake's wrong ones are near misses."""
    missed = HANDSHAKE_SIGNATURE[:place] + other + HANDSHAKE_SIGNATURE[place + 1 :]

    answer = visit.from_xero(HANDSHAKE, missed)

    assert (200 if missed == HANDSHAKE_SIGNATURE else 401) == answer.status_code
    assert b"" == answer.content
    assert [] == visit.events()


@_once
@given(place=st.integers(0, len(HANDSHAKE) - 1), other=st.integers(0, 255))
def test_near_miss_in_the_body(visit: Visit, place: int, other: int) -> None:
    """The signature is over the raw bytes: with any one of them changed it gets 401."""
    missed = HANDSHAKE[:place] + bytes([other]) + HANDSHAKE[place + 1 :]

    answer = visit.from_xero(missed, HANDSHAKE_SIGNATURE)

    assert (200 if missed == HANDSHAKE else 401) == answer.status_code
    assert [] == visit.events()


def test_handshake_echoed_by_setting(visiting: Callable[..., Visit]) -> None:
    """With handshake = "echo", a right one gets the raw payload and its signature back; a wrong one never."""
    visit = visiting(xero={"handshake": "echo"})

    right, wrong = visit.from_xero(HANDSHAKE), visit.from_xero(HANDSHAKE, HANDSHAKE_SIGNATURE[:-2] + "A=")
    events = visit.from_xero(xero_body(xero_event()))

    assert (200, HANDSHAKE, HANDSHAKE_SIGNATURE) == (
        right.status_code,
        right.content,
        right.headers["x-xero-signature"],
    )
    assert (401, b"", False) == (wrong.status_code, wrong.content, "x-xero-signature" in wrong.headers)
    assert (200, b"", False) == (events.status_code, events.content, "x-xero-signature" in events.headers)
    assert all("set-cookie" not in answer.headers for answer in (right, wrong, events))


def test_events_are_kept_and_wake_their_lane(visit: Visit) -> None:
    """A 200 means the events are on disk and their organisation's lane is woken, unknown organisation or not."""
    answer = visit.from_xero(xero_body(xero_event(), xero_event(eventCategory="CONTACT", tenantId="another")))

    assert (200, b"") == (answer.status_code, answer.content)
    assert [("INVOICE", TENANT, "waiting"), ("CONTACT", "another", "waiting")] == [
        (one.category, one.lane, one.state) for one in visit.events()
    ]
    with visit.built.database.reading() as tx:
        assert {TENANT, "another"} == {one.lane for one in lanes.ready(tx, visit.clock.now())}
        delivery = inbox.last_delivery(tx, "xero", TENANT)
    assert delivery is not None
    assert 2 == delivery.last_sequence


def test_same_webhook_three_times_is_kept_once(visit: Visit) -> None:
    """A repeated delivery is answered 200 again and kept once."""
    body = xero_body(xero_event())

    assert [200, 200, 200] == [visit.from_xero(body).status_code for _ in range(3)]
    assert 1 == len(visit.events())


def test_not_json_is_kept_as_unreadable(visit: Visit) -> None:
    """A rightly signed body that is not JSON gets 200, is kept, and is visible: a 5xx would switch the webhook off."""
    for body in (b"not json", b"", b"\xff\xfe\x00", b"[]", b'{"events": 7}', b"[" * 10_000):
        answer = visit.from_xero(body)

        assert (200, b"") == (answer.status_code, answer.content)
    assert {"unreadable"} == {one.state for one in visit.events()}
    assert 6 == len(visit.events())
    assert "not json" in visit.console()


def test_unknown_categories_and_fields_are_kept_with_a_reason(visit: Visit) -> None:
    """What is not our business is kept and skipped with a reason; what lacks its ids is kept as unreadable."""
    body = xero_body(
        xero_event(eventCategory="QUOTE"),
        xero_event(data={"Type": "ACCRECCREDIT", "New": [1.50]}, eventType="Update"),
        {"eventCategory": "INVOICE"},
        "nonsense",
    )

    assert 200 == visit.from_xero(body).status_code
    skipped, ours, lacking, nonsense = visit.events()
    assert ("skipped", "QUOTE is not our business") == (skipped.state, skipped.reason)
    assert ("waiting", "UPDATE") == (ours.state, ours.kind)
    assert {"Type": "ACCRECCREDIT", "New": [1.5]} == json.loads(ours.body)["data"]
    assert ["unreadable", "unreadable"] == [lacking.state, nonsense.state]


def test_without_a_key_the_endpoint_is_closed(visiting: Callable[..., Visit]) -> None:
    """Where no key was saved, everything gets 401, even what is signed with an empty key, and the console says so."""
    visit = visiting(xero={"webhook_key": "secret:nobody_saved_this"})

    assert 401 == visit.from_xero(HANDSHAKE, sign(HANDSHAKE, "")).status_code
    assert 401 == visit.from_xero(HANDSHAKE).status_code
    page = visit.console()
    assert "ledgerloop secret set nobody_saved_this" in page
    assert "Xero&#39;s webhooks are refused" in page


def test_too_large_a_body_is_refused(visit: Visit) -> None:
    """A body beyond the limit gets 413 unread, whatever its signature."""
    answer = visit.from_xero(b"x" * (wire.LARGEST_BODY + 1))

    assert (413, b"") == (answer.status_code, answer.content)
    assert [] == visit.events()


def test_other_methods_are_refused(visit: Visit) -> None:
    """Only POST is for the vendor; others get 405, empty and without a cookie."""
    answer = visit.browser.get("/webhooks/xero")

    assert (405, b"", "POST") == (answer.status_code, answer.content, answer.headers["allow"])
    assert "set-cookie" not in answer.headers


def test_what_cannot_be_kept_is_not_acknowledged(visit: Visit) -> None:
    """Where the database refuses, the vendor gets 503 with an empty body, so that it sends the event again."""
    assert visit.built.database.file is not None
    file = sqlite3.connect(visit.built.database.file)
    file.execute("ALTER TABLE inbox RENAME TO gone")

    refused = visit.from_xero(xero_body(xero_event()))
    file.execute("ALTER TABLE gone RENAME TO inbox")
    file.close()
    kept = visit.from_xero(xero_body(xero_event()))

    assert (503, b"") == (refused.status_code, refused.content)
    assert "set-cookie" not in refused.headers
    assert (200, 1) == (kept.status_code, len(visit.events()))


def test_what_is_not_kept_in_time_is_not_acknowledged(visit: Visit) -> None:
    """Where the disk takes too long, the vendor gets 503 in time, and what is kept later is kept once all the same."""
    impatient = TestClient(create_app(visit.built, patience=0.1))
    body, tried = xero_body(xero_event()), {"x-xero-signature": sign(HANDSHAKE, KEY)}
    until = time.monotonic() + 60
    while 200 != impatient.post("/webhooks/xero", content=HANDSHAKE, headers=tried).status_code:  # it has the key then
        assert time.monotonic() < until
    assert visit.built.database.file is not None
    file = sqlite3.connect(visit.built.database.file, isolation_level=None)
    file.execute("BEGIN IMMEDIATE")

    late = impatient.post("/webhooks/xero", content=body, headers={"x-xero-signature": sign(body, KEY)})
    refused_before = len(visit.events())
    file.execute("ROLLBACK")
    file.close()
    while not visit.events():  # a commit that had been waited for would have failed by now, and kept nothing
        assert time.monotonic() < until
        time.sleep(0.01)
    again = visit.from_xero(body)

    assert (503, b"") == (late.status_code, late.content)
    assert 0 == refused_before
    assert (200, 1) == (again.status_code, len(visit.events()))


def test_dead_receiver_is_not_acknowledged(visit: Visit) -> None:
    """Once nothing is kept any more, nothing is acknowledged."""
    visit.built.receiver.stop()
    impatient = TestClient(create_app(visit.built, patience=0.1))
    body = xero_body(xero_event())

    answer = impatient.post("/webhooks/xero", content=body, headers={"x-xero-signature": sign(body, KEY)})

    assert (503, b"") == (answer.status_code, answer.content)


@pytest.mark.parametrize("number", ["", "abc", "A" * 32, "a" * 31, "g" * 32, "a" * 33, "é" * 32])
def test_what_is_no_number_is_not_answered(visit: Visit, number: str) -> None:
    """Nobody has the service sign words of their own; a GET there is refused as ever."""
    answer = visit.browser.get(XERO_WEBHOOKS, params={"number": number} if number else {})

    assert (405, "POST", b"") == (answer.status_code, answer.headers["allow"], answer.content)
    assert not is_number(number)
