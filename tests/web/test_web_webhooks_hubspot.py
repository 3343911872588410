"""HubSpot's webhooks: signatures over the public address, freshness, echoes, and what is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest
from web_scene import SECRET, Visit, hubspot_event

from ledgerloop.records import Portal
from ledgerloop.store import connections, lanes
from ledgerloop.store.connections import Connected


def _body(*events: object) -> bytes:
    return json.dumps(list(events)).encode()


def _v1(body: bytes) -> dict[str, str]:
    digest = hashlib.sha256(SECRET.encode() + body).hexdigest()
    return {"X-HubSpot-Signature": digest, "X-HubSpot-Signature-Version": "v1"}


def test_events_are_kept_and_wake_the_portal(visit: Visit) -> None:
    """A 200, empty and without a cookie, means that the events are on disk and the portal's lane is woken."""
    answer = visit.from_hubspot(_body(hubspot_event(), hubspot_event(objectId=124)))

    assert (200, b"", "0") == (answer.status_code, answer.content, answer.headers["content-length"])
    assert "set-cookie" not in answer.headers
    assert ["123", "124"] == [one.resource for one in visit.events()]
    with visit.built.database.reading() as tx:
        assert [("invoicing", "62515")] == [(one.flow, one.lane) for one in lanes.ready(tx, visit.clock.now())]


def test_signature_is_over_the_public_address_and_its_query(visit: Visit) -> None:
    """The signature covers the address HubSpot called, decoded, whatever host a proxy passes on."""
    body, query = _body(hubspot_event()), "?tenant=a%40b%3Ac"
    called = f"https://sync.example.com/webhooks/hubspot{query}"

    through_proxy = visit.browser.post(
        f"http://127.0.0.1:8080/webhooks/hubspot{query}", content=body, headers=visit.signed(body, called)
    )
    other_query = visit.from_hubspot(body, visit.signed(body, called), query="?tenant=other")
    other_host = visit.from_hubspot(
        body, visit.signed(body, f"https://other.example.com/webhooks/hubspot{query}"), query
    )

    assert [200, 401, 401] == [one.status_code for one in (through_proxy, other_query, other_host)]


@pytest.mark.parametrize("shift", [-301, 301])
def test_stale_and_future_timestamps_are_refused(visit: Visit, shift: float) -> None:
    """A signature older than five minutes, or from the future, gets 401 (HubSpot: validating requests)."""
    body = _body(hubspot_event())
    headers = visit.signed(body)
    visit.clock.passes(seconds=shift)

    answer = visit.from_hubspot(body, headers)

    assert (401, b"") == (answer.status_code, answer.content)
    assert [] == visit.events()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers: {},
        lambda headers: headers | {"X-HubSpot-Request-Timestamp": ""},
        lambda headers: headers | {"X-HubSpot-Request-Timestamp": "soon"},
        lambda headers: headers | {"X-HubSpot-Signature-v3": ""},
        lambda headers: headers | {"X-HubSpot-Signature-v3": "A" + headers["X-HubSpot-Signature-v3"][1:]},
        lambda headers: headers | {"X-HubSpot-Signature-v3": headers["X-HubSpot-Signature-v3"][:-1]},
    ],
)
def test_missing_and_malformed_signatures_are_refused(
    visit: Visit, spoil: Callable[[dict[str, str]], dict[str, str]]
) -> None:
    """Whatever is not rightly signed gets 401, empty, and nothing is kept."""
    body = _body(hubspot_event(objectId=987))
    headers = visit.signed(body)

    answer = visit.from_hubspot(body, spoil(headers))

    assert (401, b"") == (answer.status_code, answer.content)
    assert [] == visit.events()


def test_version_1_only_by_setting(visit: Visit) -> None:
    """Version 1 has no time in it, so it is refused unless the setting allows it."""
    body = _body(hubspot_event())

    assert 401 == visit.from_hubspot(body, _v1(body)).status_code


def test_version_1_by_setting(visiting: Callable[..., Visit]) -> None:
    """With signature = "v1", versions 1 and 3 are taken, and a wrong version 3 is not saved by a right version 1."""
    visit = visiting(hubspot={"signature": "v1"})
    body = _body(hubspot_event())

    wrong = visit.from_hubspot(body, {**_v1(body), **visit.signed(body, "https://other.example.com/")})

    assert 200 == visit.from_hubspot(body, _v1(body)).status_code
    assert 200 == visit.from_hubspot(body).status_code
    assert 401 == wrong.status_code


def test_own_writes_coming_back_are_skipped(visit: Visit) -> None:
    """A change by our own app is kept and skipped; the app's id is known as soon as the portal is connected."""
    echo = {"changeSource": "INTEGRATION", "sourceId": "1160452"}
    portal = Portal("62515", "HubSpot 62515", "NZD", "UTC", app_id="1160452")
    with visit.built.database.transaction() as tx:
        connections.put(tx, Connected("hubspot", portal.id, portal.name, "hubspot", portal, visit.clock.now()))

    visit.from_hubspot(
        _body(hubspot_event(**echo), hubspot_event(objectId=9, changeSource="INTEGRATION", sourceId="7"))
    )

    ours, theirs = visit.events()
    assert ("skipped", "echo of our own write") == (ours.state, ours.reason)
    assert "waiting" == theirs.state


def test_not_json_is_kept_as_unreadable(visit: Visit) -> None:
    """A rightly signed body that cannot be read gets 200 and is kept, never an error."""
    for body in (b"not json", b"{}", b"", b'[{"portalId": null}, 7]'):
        assert (200, b"") == ((answer := visit.from_hubspot(body)).status_code, answer.content)

    assert 5 == len(visit.events())
    assert {"unreadable"} == {one.state for one in visit.events()}


def test_unknown_types_are_kept_with_a_reason(visit: Visit) -> None:
    """Subscriptions that are not our business are kept and skipped with a reason."""
    visit.from_hubspot(
        _body(hubspot_event(subscriptionType="ticket.creation"), hubspot_event(subscriptionType="new.kind"))
    )

    assert [("skipped", "ticket is not our business"), ("skipped", "new is not our business")] == [
        (one.state, one.reason) for one in visit.events()
    ]


def test_without_a_secret_the_endpoint_is_closed(visiting: Callable[..., Visit]) -> None:
    """A service key has no client secret: webhooks get 401, and the console says that polling finds the deals."""
    visit = visiting(hubspot={"client_secret": "secret:nobody_saved_this"})

    assert 401 == visit.from_hubspot(_body(hubspot_event())).status_code
    assert "won deals are found by looking for them" in visit.console()
