"""Whatever a vendor, or a network in between, answers: one of our errors, and a rest that a person can end."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scene import Scene

from ledgerloop.clock import Clock
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError, RateLimited
from ledgerloop.hubspot.dialect import HubSpotDialect
from ledgerloop.parts import instead
from ledgerloop.rate_limiter import Governor, Limit, Reading
from ledgerloop.store import lanes
from ledgerloop.vendor_errors import LONGEST_WAIT, Answer, error_from, judge, moment_told, retry_after
from ledgerloop.xero.dialect import XeroDialect

YEAR = {"Retry-After": "31536000"}
NAMES = [
    *("Retry-After", "Date", "WWW-Authenticate", "X-Rate-Limit-Problem", "Xero-Correlation-Id"),
    *("X-MinLimit-Remaining", "X-DayLimit-Remaining", "X-AppMinLimit-Remaining"),
    *("X-HubSpot-RateLimit-Max", "X-HubSpot-RateLimit-Remaining", "X-HubSpot-RateLimit-Daily"),
]
LATIN = st.text(st.characters(max_codepoint=255, exclude_categories=["Cs"]))
FIGURES = st.one_of(
    LATIN,
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["²", "1e12", "9" * 5000, "-1", "Mon, 20 Nov 1995 19:12:08 -9999999999", "day", "Minute"]),
)
KEYS = st.one_of(
    st.text(),
    st.sampled_from(
        "Detail Message Title Elements ValidationErrors message errors context propertyName policyName"
        " requiredGranularScopes category correlationId Instance".split()
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
)
MESSAGES = st.one_of(st.text(), JSON.map(json.dumps).map(lambda text: f"problem [{text}]"), st.just("[{" * 5000))
BODIES = st.one_of(
    JSON,
    MESSAGES.map(lambda said: {"message": said}),
    JSON.map(lambda inner: {"Elements": inner}),
    JSON.map(lambda inner: {"Elements": [{"ValidationErrors": inner}]}),
    JSON.map(lambda inner: {"errors": [{"context": inner}]}),
)


@settings(max_examples=int(os.environ.get("EXAMPLES", "0")) or 100, deadline=None)
@pytest.mark.parametrize("dialect", [XeroDialect(), HubSpotDialect()], ids=lambda one: one.vendor)
@given(
    status=st.sampled_from([400, 401, 403, 404, 409, 423, 429, 477, 500, 503, 599]),
    headers=st.dictionaries(st.sampled_from(NAMES), FIGURES),
    body=BODIES,
    text=LATIN,
)
@example(status=400, headers={}, body={"Elements": 5}, text="")
@example(status=429, headers={"X-MinLimit-Remaining": "²"}, body=None, text="")
@example(status=429, headers={"X-HubSpot-RateLimit-Max": "9" * 5000}, body=None, text="")
def test_any_answer_is_one_of_our_errors(
    dialect: XeroDialect | HubSpotDialect, status: int, headers: dict[str, str], body: object, text: str
) -> None:
    """No refusal, however odd, raises anything but becomes an error, and none asks for more than a day."""
    answer = Answer(status, headers, body, text)

    reading = dialect.reading(answer, "")
    error = error_from(dialect, judge(dialect, answer, reading, True), "GET /somewhere", answer, reading, True)

    assert isinstance(error, LedgerloopError)
    assert reading.wait is None or 0 <= reading.wait <= LONGEST_WAIT
    if isinstance(error, RateLimited):
        assert datetime.now(UTC) + timedelta(seconds=error.retry_after)


@given(st.dictionaries(st.sampled_from(["Retry-After", "Date"]), FIGURES))
def test_any_wait_is_a_wait_of_a_day_at_most(headers: dict[str, str]) -> None:
    """Retry-After and Date are read or ignored, whatever they hold."""
    wait = retry_after(headers)
    assert wait is None or 0 <= wait <= LONGEST_WAIT
    moment_told(headers.get("Date", ""))


def test_every_door_opens_when_a_person_says_so() -> None:
    """A quota that a vendor closed for long, that of a window which all share included, is asked anew."""
    governor = Governor(
        [Limit("minute", 60, 60.0), Limit("appminute", 10_000, 60.0, shared=True)], clock=Clock(), day=1000
    )
    for spent in ("minute", "appminute", "day", "identity"):
        governor.observe("org", Reading(spent=spent, wait=LONGEST_WAIT))
    with pytest.raises(RateLimited), governor.admit("org"):
        pytest.fail("it is closed")

    governor.look_again("org")

    with governor.admit("org"):
        pass


@pytest.mark.parametrize("vendor", ["xero", "hubspot"])
def test_a_year_is_no_rest(scene: Scene, vendor: str) -> None:
    """`Retry-After: 31536000` rests for a day at most, and a person ends that rest too."""
    customer = scene.customer("Rests Ltd", "rita@rests.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("rita@rests.example.com"))["id"])
    scene.settle()
    path = "/Invoices" if vendor == "xero" else "/contacts"
    scene.fault(vendor, kind="status", status=429, headers={**YEAR, "X-Rate-Limit-Problem": "minute"}, path=path)
    scene.invoice_for(customer, "70.00")

    until = scene.on.until("it rests", lambda: _rests_until(scene))

    assert until <= datetime.now(UTC) + timedelta(seconds=LONGEST_WAIT)
    scene.mend(vendor)
    with instead(scene.built.parts()):
        retries.go_on(scene.on.organisation)
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "70.00")


def _rests_until(scene: Scene) -> datetime | None:
    with scene.built.database.reading() as tx:
        return next((one.until for one in lanes.parked(tx) if one.flow == "standing"), None)
