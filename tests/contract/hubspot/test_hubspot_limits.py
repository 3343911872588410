"""Checklist of the HubSpot sandbox: limits, locks and the odd statuses."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

DEALS = "/crm/objects/2026-09/deals"
SEARCH = "/crm/objects/2026-09/contacts/search"
LIMIT = "X-HubSpot-RateLimit-"


def test_rolling_10_seconds_per_app(portal: Any) -> None:
    """The window rolls: what was called 10 seconds ago no longer counts; another app has its own."""
    portal.set(burst=3)
    other = portal.token_of("static")["token"]
    portal.ok("GET", DEALS)
    portal.pass_time(6)
    statuses = [portal.call("GET", DEALS).status_code for _ in range(3)]
    elsewhere = portal.call("GET", DEALS, token=other).status_code
    portal.pass_time(5)
    later = [portal.call("GET", DEALS).status_code for _ in range(2)]

    assert (statuses, elsewhere, later) == ([200, 200, 429], 200, [200, 429])


@pytest.mark.parametrize(
    ("tier", "burst", "daily"),
    [("free", "100", "250000"), ("professional", "190", "625000"), ("enterprise", "190", "1000000")],
)
def test_limits_by_tier(portal: Any, tier: str, burst: str, daily: str) -> None:
    """Each tier has its burst and its day."""
    portal.set(tier=tier)
    headers = portal.call("GET", DEALS).headers

    assert (burst, daily) == (headers[f"{LIMIT}Max"], headers[f"{LIMIT}Daily"])


def test_the_real_burst_is_enforced(portal: Any) -> None:
    """On the free tier the 101st call within 10 seconds is refused."""
    portal.set(tier="free")
    statuses = [portal.call("GET", "/account-info/2026-09/details").status_code for _ in range(101)]

    assert statuses == [200] * 100 + [429]


def test_ten_secondly_429_body(portal: Any) -> None:
    """The ten-secondly 429 names its policy and group, and brings no Retry-After."""
    portal.set(burst=1)
    portal.ok("GET", DEALS)
    answer = portal.call("GET", DEALS)

    assert answer.status_code == 429
    assert {"status", "message", "errorType", "correlationId", "policyName", "groupName"} == answer.json().keys()
    assert (answer.json()["errorType"], answer.json()["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert answer.json()["message"] == "You have reached your ten_secondly_rolling limit."
    assert "retry-after" not in answer.headers


def test_retry_after_can_be_switched_on(portal: Any) -> None:
    """Whether 429 carries Retry-After is not known; it can be switched on."""
    portal.set(burst=1, retry_after=True)
    portal.ok("GET", DEALS)

    assert portal.call("GET", DEALS).headers["retry-after"] == "10"


def test_daily_per_account_until_midnight_in_its_zone(portal: Any) -> None:
    """The day is shared by all apps of the account and begins anew at midnight in the account's zone."""
    portal.set(daily=2)
    other = portal.token_of("static")["token"]
    statuses = [portal.call("GET", DEALS, token=token).status_code for token in ("", other)]
    refused = portal.call("GET", DEALS)
    zone = ZoneInfo(portal.http.get("/account-info/2026-09/details").json().get("timeZone", "Pacific/Auckland"))
    now = datetime.fromisoformat(portal.control("GET", "clock")["now"]).astimezone(zone)
    midnight = datetime(now.year, now.month, now.day, tzinfo=zone) + timedelta(days=1)
    left = (midnight - now).total_seconds()
    portal.pass_time(left - 5)
    before = portal.call("GET", DEALS).status_code
    portal.pass_time(10)

    assert (statuses, refused.status_code) == ([200, 200], 429)
    assert {"status", "message", "errorType", "correlationId", "policyName", "requestId"} == refused.json().keys()
    assert refused.json()["policyName"] == "DAILY"
    assert (before, portal.call("GET", DEALS).status_code) == (429, 200)


def test_search_5_a_second_per_account(portal: Any) -> None:
    """The sixth search within a second is refused, whichever app makes it; its 429 has no policyName."""
    other = portal.token_of("static")["token"]
    statuses = [portal.call("POST", SEARCH, {}, token=token).status_code for token in ("", other, "", other, "")]
    refused = portal.call("POST", SEARCH, {})
    portal.pass_time(1.1)

    assert (statuses, refused.status_code) == ([200] * 5, 429)
    assert {"status", "message", "correlationId", "category"} == refused.json().keys()
    assert (
        refused.json()["category"],
        refused.json()["message"],
    ) == ("RATE_LIMITS", "You have reached your secondly limit.")
    assert portal.call("POST", SEARCH, {}).status_code == 200


def test_search_is_exempt_from_the_ten_secondly_limit(portal: Any) -> None:
    """Searches do not use up the burst, and go on when it is used up."""
    portal.set(burst=1)
    portal.ok("GET", DEALS)

    assert portal.call("GET", DEALS).status_code == 429
    assert portal.call("POST", SEARCH, {}).status_code == 200


def test_associations_have_a_burst_of_their_own(portal: Any) -> None:
    """The associations API has its own, smaller burst."""
    headers = portal.call("GET", "/crm/associations/2026-09/deals/contacts/labels").headers

    assert (headers[f"{LIMIT}Max"], headers[f"{LIMIT}Remaining"]) == ("150", "149")


def test_headers_present_and_absent(portal: Any) -> None:
    """All headers on ordinary answers; the daily ones alone on searches; no daily ones for OAuth apps."""
    interval = {f"{LIMIT}{name}".lower() for name in ("Interval-Milliseconds", "Max", "Remaining")}
    daily = {f"{LIMIT}{name}".lower() for name in ("Daily", "Daily-Remaining")}

    def names(answer: Any) -> set[str]:
        return {name.lower() for name in answer.headers if name.lower().startswith(LIMIT.lower())}

    oauth, key = (portal.token_of(kind)["token"] for kind in ("oauth", "service_key"))
    plain = portal.call("GET", DEALS)

    assert interval | daily == names(plain)
    assert plain.headers[f"{LIMIT}Interval-Milliseconds"] == "10000"
    assert daily == names(portal.call("POST", SEARCH, {}))
    assert interval == names(portal.call("GET", DEALS, token=oauth))
    assert interval | daily == names(portal.call("GET", DEALS, token=key))


def test_oauth_apps_have_110_in_10_seconds(portal: Any) -> None:
    """A marketplace OAuth app has its own burst."""
    token = portal.token_of("oauth")["token"]

    assert portal.call("GET", DEALS, token=token).headers[f"{LIMIT}Max"] == "110"


def test_limits_can_be_switched_off(portal: Any) -> None:
    """Without limits there is no 429 and no header."""
    portal.set(limits=False, burst=1)
    answers = [portal.call("GET", DEALS) for _ in range(3)]

    assert [one.status_code for one in answers] == [200] * 3
    assert f"{LIMIT}Max" not in answers[-1].headers


def test_423_on_parallel_writes_to_one_record(portal: Any) -> None:
    """Too many writes of one record in flight lock it for 2 seconds; other records are not concerned."""
    id_, other = portal.deal(), portal.deal()
    held = {"kind": "delay", "delay_ms": 86_400_000, "method": "PATCH"}
    number = portal.control("POST", "faults", held)["faults"][0]["id"]

    def write(one: str) -> int:
        return int(portal.call("PATCH", f"{DEALS}/{one}", {"properties": {"amount": "1"}}).status_code)

    with ThreadPoolExecutor(6) as pool:
        writes = [pool.submit(write, id_) for _ in range(6)]
        while portal.control("GET", "faults")["faults"][-1]["taken"] < 6:
            time.sleep(0.005)
        portal.control("DELETE", f"faults?id={number}")
    statuses = sorted(one.result() for one in writes)
    locked, free = portal.call("PATCH", f"{DEALS}/{id_}", {"properties": {"amount": "2"}}), write(other)
    portal.pass_time(2.1)

    assert statuses == [200, 200, 200, 423, 423, 423]
    assert (locked.status_code, free) == (423, 200)
    assert write(id_) == 200


def test_writes_one_after_the_other_are_never_locked(portal: Any) -> None:
    """However quick, writes that do not overlap do not lock."""
    id_ = portal.deal()

    assert {200} == {
        portal.call("PATCH", f"{DEALS}/{id_}", {"properties": {"amount": str(n)}}).status_code for n in range(20)
    }


def test_477_while_the_account_moves(portal: Any) -> None:
    """While the account moves between data centres every call is 477 with Retry-After in seconds."""
    portal.set(migrating_seconds=3600)
    answer = portal.call("GET", DEALS)

    assert (answer.status_code, answer.headers["retry-after"]) == (477, "3600")


def test_414_for_an_address_that_is_too_long(portal: Any) -> None:
    """An address with thousands of property names is too long."""
    names = ",".join(f"property_{number}" for number in range(2_000))

    assert portal.call("GET", DEALS, params={"properties": names}).status_code == 414


@pytest.mark.parametrize("status", [500, 502, 503, 504, 521, 523, 524])
def test_5xx_and_html_errors(portal: Any, status: int) -> None:
    """Server errors come as an HTML page, also with HubSpot's own numbers."""
    portal.control("POST", "faults", {"kind": "html", "status": status, "times": 1})
    answer = portal.call("GET", DEALS)

    assert (status, True) == (answer.status_code, answer.headers["content-type"].startswith("text/html"))
    assert portal.call("GET", DEALS).status_code == 200
