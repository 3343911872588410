"""Whatever a stranger sends to any address, and whatever is rightly signed, is answered, and never with a 5xx."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from web_scene import TENANT, Visit, furnish, hubspot_event, xero_body, xero_event

EXAMPLES = int(os.environ.get("EXAMPLES", "0"))
"""`make fuzz` tries as many of each; without it, as many as fit into a run of all tests."""
FUZZ = settings(
    max_examples=EXAMPLES or 60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
LATIN = st.text(st.characters(min_codepoint=33, max_codepoint=255, exclude_characters="\x7f\xa0\x85"), max_size=300)
DEEP = "[" * 500 + "]" * 500
SIGNED = [
    *("x-hubspot-signature-v3", "x-hubspot-request-timestamp", "x-hubspot-signature", "x-hubspot-signature-version"),
    *("x-xero-signature", "cookie", "content-type", "x-forwarded-for", "origin"),
]
HEADERS = st.dictionaries(
    st.sampled_from(SIGNED), LATIN | st.integers(0, 10**20).map(str) | st.just("ledgerloop_session=e30.e30")
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(TENANT) | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
XERO_EVENT = st.one_of(
    VALUES, st.dictionaries(st.sampled_from(list(xero_event())), VALUES).map(lambda v: xero_event(**v))
)
HUBSPOT_FIELDS = st.sampled_from([*hubspot_event(), "objectTypeId", "mergedObjectIds"])
HUBSPOT_EVENT = st.one_of(VALUES, st.dictionaries(HUBSPOT_FIELDS, VALUES).map(lambda given: hubspot_event(**given)))
NUMBERS = st.one_of(st.integers(), VALUES, st.sampled_from([2**61, -(2**61), 0, 1, 2**63]))
XERO_BODY = st.one_of(
    st.binary(max_size=300),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.builds(
        lambda events, first, last: json.dumps(
            {"events": events, "firstEventSequence": first, "lastEventSequence": last}
        ).encode(),
        st.lists(XERO_EVENT, max_size=3) | VALUES,
        NUMBERS,
        NUMBERS,
    ),
)
HUBSPOT_BODY = st.one_of(
    st.binary(max_size=300),
    st.lists(HUBSPOT_EVENT, max_size=3).map(lambda events: json.dumps(events).encode()),
    VALUES.map(lambda value: json.dumps(value).encode()),
)
PATHS = st.one_of(
    st.sampled_from(["/", "/login", "/logout", "/health", "/approve", "/connect/xero", "/connect/hubspot", "/static/"]),
    st.sampled_from(["/static/%00", "/static/../../x", "/static/" + "a" * 5000, "/webhooks/xero/", "/%ff%00"]),
    LATIN.map(lambda text: f"/static/{text}"),
    LATIN.map(lambda text: f"/{text}"),
)
QUERIES = st.one_of(st.just(""), LATIN, st.sampled_from(["code=a&state=%00", "error=%00%ff", "code=%ed%a0%80&state=b"]))
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "FOO"])


@pytest.fixture
def visit(tmp_path: Path, database_url: str) -> Iterator[Visit]:
    """Give a service whose accidents are answers, as a stranger sees them, on either database."""
    visit = Visit(furnish(tmp_path, database_url, {}), patience=60.0)
    visit.browser._transport.raise_server_exceptions = False
    yield visit
    visit.close()


@FUZZ
@given(body=XERO_BODY)
@example(body=f'{{"events":[{DEEP}]}}'.encode())
@example(body=f'{{"events":[{{"eventDateUtc":{DEEP}}}]}}'.encode())
@example(body=xero_body(xero_event(eventDateUtc="0001-01-01T00:00:00+23:59"), xero_event(eventDateUtc="9999-12-31")))
@example(body=xero_body(xero_event(resourceId="\ud800"), xero_event(tenantId="a\0b")))
@example(body=b'{"events":[' + b"9" * 5000 + b"]}")
@example(body=b'{"events":[1e999999999999999999999]}')
def test_anything_that_xero_signs_is_kept_or_refused(visit: Visit, body: bytes) -> None:
    """A rightly signed body is answered 200, whatever stands in it."""
    assert 200 == visit.from_xero(body).status_code


@FUZZ
@given(body=HUBSPOT_BODY)
@example(body=f"[{DEEP}]".encode())
@example(body=json.dumps([hubspot_event(occurredAt=10**300), hubspot_event(occurredAt=253402300799999)]).encode())
@example(body=json.dumps([hubspot_event(objectId=2**63 - 1, propertyValue="\0\ud800")]).encode())
def test_anything_that_hubspot_signs_is_kept_or_refused(visit: Visit, body: bytes) -> None:
    """A rightly signed body is answered 200, whatever stands in it."""
    assert 200 == visit.from_hubspot(body).status_code


@FUZZ
@given(
    body=st.binary(max_size=300) | HUBSPOT_BODY,
    headers=HEADERS,
    query=QUERIES,
    vendor=st.sampled_from(["xero", "hubspot"]),
)
@example(body=b"", headers={SIGNED[0]: "x", SIGNED[1]: "9" * 15}, query="", vendor="hubspot")
@example(body=b"", headers={SIGNED[0]: "x", SIGNED[1]: "²"}, query="", vendor="hubspot")
@example(body=b"", headers={SIGNED[4]: "é"}, query="", vendor="xero")
def test_what_nobody_signed_is_refused(
    visit: Visit, body: bytes, headers: dict[str, str], query: str, vendor: str
) -> None:
    """An unsigned webhook is answered 401, whatever its headers and its query are, and leaves nothing behind."""
    answer = _send(visit, "POST", f"/webhooks/{vendor}?{query}", headers, body)

    assert 401 == answer
    assert [] == visit.events()


@FUZZ
@given(method=METHODS, path=PATHS, query=QUERIES, headers=HEADERS, body=st.binary(max_size=200))
@example(method="GET", path="/connect/xero/callback", query="code=a&state=%00", headers={}, body=b"")
@example(method="GET", path="/static/%00", query="", headers={}, body=b"")
@example(
    method="POST", path="/login", query="", headers={"cookie": "__Host-ledgerloop_session=e30.é"}, body=b"token=%00"
)
@example(method="POST", path="/login", query="", headers={"content-type": "multipart/form-data"}, body=b"--x")
def test_no_address_breaks(
    visit: Visit, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> None:
    """Whatever a stranger asks for, with whatever headers, the answer is no 5xx."""
    assert _send(visit, method, f"{path}?{query}", headers, body) < 500


def _send(visit: Visit, method: str, path: str, headers: dict[str, str], body: bytes) -> int:
    """Send a request whose path may be no path at all, as the server would hand it on; return the status."""
    before, _, query = quote(path, safe="%/?&=;:@!$'()*+,[]").encode().partition(b"?")
    sent: dict[str, Any] = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
    request = visit.browser.build_request(method, "/", headers=sent, content=body)
    request.url = request.url.copy_with(raw_path=before + b"?" + query)
    return int(visit.browser.send(request).status_code)
