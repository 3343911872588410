"""Checklist of the HubSpot sandbox: webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from itertools import pairwise
from typing import Any

import pytest

from ledgerloop_sandbox.credentials import HUBSPOT_APP_ID, HUBSPOT_CLIENT_SECRET, HUBSPOT_PORTAL_ID
from ledgerloop_sandbox.hubspot import signing

OBJECTS = "/crm/objects/2026-09"


def subscribe(portal: Any, *types: str, **more: Any) -> None:
    """Subscribe to these alone, in the legacy form; `type:property` for changes of a property."""
    given = [
        {"subscriptionType": kind, "active": True} | ({"propertyName": name} if name else {})
        for kind, _, name in (one.partition(":") for one in types)
    ]
    portal.control("POST", "webhooks", {"subscriptions": given, **more})


def test_an_event_has_the_captured_fields(portal: Any, receiver: Any) -> None:
    """A changed property is told with ids as numbers, the time in milliseconds and the source."""
    subscribe(portal, "deal.propertyChange:dealstage")
    id_ = portal.deal(dealstage="appointmentscheduled")
    receiver.wait_for("deal.propertyChange")
    portal.act("PATCH", f"{OBJECTS}/deals/{id_}", {"properties": {"dealstage": "closedwon"}})
    event = receiver.wait_for("deal.propertyChange", 2)[-1]

    assert (event["portalId"], event["appId"], event["attemptNumber"]) == (HUBSPOT_PORTAL_ID, HUBSPOT_APP_ID, 0)
    assert (int(id_), "dealstage", "closedwon") == (event["objectId"], event["propertyName"], event["propertyValue"])
    assert isinstance(event["eventId"], int)
    assert event["occurredAt"] > 1_700_000_000_000
    assert "objectTypeId" not in event


def test_numeric_object_id(portal: Any, receiver: Any) -> None:
    """objectId is a number though the API's ids are texts."""
    subscribe(portal, "contact.creation")
    id_ = portal.create("contacts", firstname="N")

    assert int(id_) == receiver.wait_for("contact.creation")[0]["objectId"]


def test_arrays_up_to_100(portal: Any, receiver: Any) -> None:
    """Events come in arrays of at most 100."""
    subscribe(portal, "contact.creation")
    portal.set(batch_ms=100)
    for start in (0, 100):
        inputs = [{"properties": {"firstname": f"a{start + n}"}} for n in range(100)]
        portal.ok("POST", f"{OBJECTS}/contacts/batch/create", {"inputs": inputs})
    portal.create("contacts", firstname="last")

    def sizes_told() -> list[int]:
        return [one["events"] for one in portal.control("GET", "webhooks")["attempts"]]

    receiver.until(lambda: sum(sizes_told()) >= 201)
    sizes = sizes_told()

    assert (sum(sizes), max(sizes)) == (201, 100)
    assert len(sizes) < 6


@pytest.mark.parametrize(
    ("form", "types"),
    [
        ("legacy", {"deal.creation"}),
        ("object", {"object.creation"}),
        ("both", {"deal.creation", "object.creation"}),
    ],
)
def test_legacy_and_object_forms(portal: Any, receiver: Any, form: str, types: set[str]) -> None:
    """The same change comes as deal.* or object.*, by subscription; the generic form carries objectTypeId."""
    portal.set(webhook_form=form)
    portal.deal()
    receiver.until(lambda: types <= {one["subscriptionType"] for one in receiver.events})
    created = [one for one in receiver.events if one["subscriptionType"].endswith(".creation")]

    assert types == {one["subscriptionType"] for one in created}
    assert {"0-3"} == {one["objectTypeId"] for one in created if one["subscriptionType"].startswith("object.")} | {
        "0-3"
    }
    assert all(("objectTypeId" in one) is one["subscriptionType"].startswith("object.") for one in created)
    assert {"NEW"} == {one["changeFlag"] for one in created}


def test_repeated_event_ids(portal: Any, receiver: Any) -> None:
    """eventId is not unique: with the switch at 1 all events share one."""
    portal.set(repeated_event_ids=1)
    subscribe(portal, "contact.creation")
    for number in range(3):
        portal.create("contacts", firstname=str(number))
    events = receiver.wait_for("contact.creation", 3)

    assert (len({one["eventId"] for one in events}), len({one["objectId"] for one in events})) == (1, 3)


def test_reordering(portal: Any, receiver: Any) -> None:
    """A request can overtake the one before it."""
    subscribe(portal, "deal.propertyChange:amount")
    portal.set(batch_ms=0)
    id_ = portal.deal(amount="1")
    receiver.wait_for("deal.propertyChange")
    portal.control("POST", "faults", {"kind": "reorder", "times": 1})
    portal.ok("PATCH", f"{OBJECTS}/deals/{id_}", {"properties": {"amount": "2"}})
    receiver.until(lambda: portal.control("GET", "faults")["faults"][-1]["taken"] == 1)
    portal.ok("PATCH", f"{OBJECTS}/deals/{id_}", {"properties": {"amount": "3"}})
    events = receiver.wait_for("deal.propertyChange", 3)

    assert [one["propertyValue"] for one in events] == ["1", "3", "2"]


@pytest.mark.parametrize(("kind", "count"), [("double", 2), ("drop", 0)])
def test_doubled_and_dropped_webhooks(portal: Any, receiver: Any, kind: str, count: int) -> None:
    """A request can come twice, or never."""
    subscribe(portal, "deal.creation")
    portal.control("POST", "faults", {"kind": kind, "times": 1})
    portal.deal()
    receiver.until(lambda: len(portal.control("GET", "webhooks")["attempts"]) >= max(count, 1))

    assert count == len([one for one in receiver.events if one["subscriptionType"] == "deal.creation"])


def test_merge(portal: Any, receiver: Any) -> None:
    """A merge tells the primary, the merged and the new id and how many properties moved."""
    subscribe(portal, "contact.merge")
    one, other = portal.create("contacts", email="m1@b.nz"), portal.create("contacts", email="m2@b.nz", city="X")
    portal.ok("POST", f"{OBJECTS}/contacts/merge", {"primaryObjectId": one, "objectIdToMerge": other})
    event = receiver.wait_for("contact.merge")[0]

    assert (int(one), [int(other)], int(one)) == tuple(
        event[name] for name in ("primaryObjectId", "mergedObjectIds", "newObjectId")
    )
    assert event["numberOfPropertiesMoved"] >= 1


def test_deletion_and_restore(portal: Any, receiver: Any) -> None:
    """Archiving and, by a person, restoring are told; a restored record can be read again."""
    subscribe(portal, "deal.deletion", "deal.restore")
    id_ = portal.deal()
    portal.ok("DELETE", f"{OBJECTS}/deals/{id_}")
    receiver.wait_for("deal.deletion")
    by_app = portal.call("POST", f"{OBJECTS}/deals/{id_}/restore").status_code
    portal.act("POST", f"{OBJECTS}/deals/{id_}/restore")
    event = receiver.wait_for("deal.restore")[0]

    assert (404, int(id_), "CRM_UI") == (by_app, event["objectId"], event["changeSource"])
    assert portal.call("GET", f"{OBJECTS}/deals/{id_}").status_code == 200


def test_privacy_deletion(portal: Any, receiver: Any) -> None:
    """Deletion for privacy is told for contacts."""
    subscribe(portal, "contact.privacyDeletion")
    id_ = portal.create("contacts", email="p@b.nz")
    portal.ok("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": id_})

    assert int(id_) == receiver.wait_for("contact.privacyDeletion")[0]["objectId"]


def test_association_change(portal: Any, receiver: Any) -> None:
    """An association is told from either end, made and removed, and whether it is the primary one."""
    subscribe(portal, "contact.associationChange", "company.associationChange")
    contact, company = portal.create("contacts", firstname="A"), portal.create("companies", name="A")
    path = f"{OBJECTS}/contacts/{contact}/associations"
    portal.ok("PUT", f"{path}/default/companies/{company}")
    made = receiver.wait_for("contact.associationChange")[0]
    other = receiver.wait_for("company.associationChange")[0]
    portal.ok("DELETE", f"{path}/companies/{company}")
    gone = receiver.wait_for("contact.associationChange", 2)[-1]

    assert ("CONTACT_TO_COMPANY", int(contact), int(company)) == tuple(
        made[name] for name in ("associationType", "fromObjectId", "toObjectId")
    )
    assert (made["associationRemoved"], made["isPrimaryAssociation"], gone["associationRemoved"]) == (False, True, True)
    assert ("COMPANY_TO_CONTACT", int(company)) == (other["associationType"], other["fromObjectId"])


def test_calculated_properties_do_not_fire(portal: Any, receiver: Any) -> None:
    """A stage change tells dealstage, not hs_is_closed_won."""
    subscribe(portal, "deal.propertyChange:hs_is_closed_won", "deal.propertyChange:dealstage")
    portal.deal(dealstage="closedwon")
    receiver.wait_for("deal.propertyChange")

    assert {"dealstage"} == {one["propertyName"] for one in receiver.events}


def test_a_write_that_changes_nothing_is_not_told(portal: Any, receiver: Any) -> None:
    """Writing the value that is there fires nothing."""
    subscribe(portal, "deal.propertyChange:amount", "deal.creation")
    id_ = portal.deal(amount="5")
    portal.ok("PATCH", f"{OBJECTS}/deals/{id_}", {"properties": {"amount": "5"}})
    portal.deal()
    receiver.wait_for("deal.creation", 2)

    assert len([one for one in receiver.events if one["subscriptionType"] == "deal.propertyChange"]) == 1


def test_subscriptions_in_groups(portal: Any) -> None:
    """The object that stands in webhooks-hsmeta.json is taken as it is."""
    stage = {"subscriptionType": "object.propertyChange", "objectType": "deal", "propertyName": "dealstage"}
    legacy = {"subscriptionType": "contact.creation", "active": False}
    given = {"crmObjects": [stage | {"active": True}], "legacyCrmObjects": [legacy], "hubEvents": []}

    taken = portal.control("POST", "webhooks", {"subscriptions": given})["subscriptions"]

    assert [("object.propertyChange", True), ("contact.creation", False)] == [
        (one["subscriptionType"], one["active"]) for one in taken
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"crmObject": []}, "no group crmObject"),
        ({"crmObjects": {}}, "is a list"),
        ("deal.creation", "is a list"),
        (None, "is a list"),
        (["deal.creation"], "an object with a subscriptionType"),
    ],
)
def test_what_are_no_subscriptions(portal: Any, given: Any, said: str) -> None:
    """Anything else is refused with a sentence, and changes nothing."""
    answer = portal.http.post("/_sandbox/webhooks", json={"subscriptions": given})

    assert 400 == answer.status_code
    assert said in answer.json()["error"]


@pytest.mark.parametrize(
    "type_",
    ["contact.propertyChange:lastmodifieddate", "deal.propertyChange", "product.associationChange", "deal.explosion"],
)
def test_what_cannot_be_subscribed_to(portal: Any, type_: str) -> None:
    """The modified date, product associations and unknown types cannot be subscribed to."""
    kind, _, name = type_.partition(":")
    given = {"subscriptionType": kind} | ({"propertyName": name} if name else {})

    assert portal.http.post("/_sandbox/webhooks", json={"subscriptions": [given]}).status_code == 400


def test_v3_signature_with_decoded_uri_and_fresh_timestamp(portal: Any, receiver: Any) -> None:
    """v3 is an HMAC over method, decoded URI, body and a timestamp of now."""
    url = f"{receiver.url}?tenant=a%40b%3Ac"
    subscribe(portal, "deal.creation", url=url)
    portal.deal()
    receiver.wait_for("deal.creation")
    path, headers, body = receiver.requests[0]
    timestamp = headers["x-hubspot-request-timestamp"]
    message = f"POST{receiver.url}?tenant=a@b:c".encode() + body + timestamp.encode()
    expected = base64.b64encode(hmac.digest(HUBSPOT_CLIENT_SECRET.encode(), message, "sha256")).decode()

    assert path.endswith("?tenant=a%40b%3Ac")
    assert expected == headers["x-hubspot-signature-v3"]
    assert abs(time.time() * 1000 - int(timestamp)) < 5_000


def test_timestamp_in_the_receivers_time(portal: Any, receiver: Any) -> None:
    """For a receiver whose clock was shifted together with the sandbox's, the timestamp is shifted too."""
    subscribe(portal, "contact.creation", ahead=3600)
    portal.create("contacts", firstname="T")
    receiver.wait_for("contact.creation")
    timestamp = receiver.requests[-1][1]["x-hubspot-request-timestamp"]

    assert abs((time.time() + 3600) * 1000 - int(timestamp)) < 5_000


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_v1_and_v2_beside_it(portal: Any, receiver: Any, version: str) -> None:
    """The older signatures are plain hashes, with their version in a header."""
    subscribe(portal, "deal.creation", older=version)
    portal.deal()
    receiver.wait_for("deal.creation")
    _, headers, body = receiver.requests[0]
    before = "" if version == "v1" else f"POST{receiver.url}"
    expected = hashlib.sha256((HUBSPOT_CLIENT_SECRET + before).encode() + body).hexdigest()

    assert (version, expected) == (headers["x-hubspot-signature-version"], headers["x-hubspot-signature"])
    assert "x-hubspot-signature-v3" in headers


def test_v3_can_be_switched_off(portal: Any, receiver: Any) -> None:
    """Whether legacy private apps get v3 is not proved; it can be left out."""
    subscribe(portal, "deal.creation", v3=False)
    portal.deal()
    receiver.wait_for("deal.creation")

    assert "x-hubspot-signature-v3" not in receiver.requests[0][1]


def test_published_signature_vectors() -> None:
    """The signatures that HubSpot publishes for v1 and v2 are reproduced, and those computed for v3."""
    secret = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
    url, moment = "https://www.example.com/webhook_uri", "1693657560000"
    body_a = (
        b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
        b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM",'
        b'"changeFlag":"NEW","appId":54321}]'
    )
    odd = b"{'example_field':'example_value'}"

    assert signing.v1(secret, body_a) == "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"
    assert signing.v2(secret, "GET", url, b"") == "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e"
    assert signing.v3(secret, "POST", url, odd, moment) == "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="


def test_5_second_limit(sandbox: Any, portal: Any, receiver: Any) -> None:
    """No answer within 5 seconds is a failure, even if one would have come."""
    assert sandbox.hubspot.delivery.limit_seconds == 5.0
    sandbox.hubspot.delivery.limit_seconds = 0.1
    receiver.open.clear()
    subscribe(portal, "deal.creation")
    portal.deal()
    receiver.until(lambda: bool(portal.control("GET", "webhooks")["attempts"]))
    sandbox.hubspot.delivery.limit_seconds = 5.0
    receiver.open.set()

    assert portal.control("GET", "webhooks")["attempts"][0]["problem"] == "no answer within 0.1 seconds"


@pytest.mark.parametrize("status", [404, 500])
def test_up_to_10_retries_over_24_hours_with_growing_attempt_number(portal: Any, receiver: Any, status: int) -> None:
    """A failure is repeated 10 times, attemptNumber counts from 0, each time signed anew, and then given up."""
    receiver.status = status
    subscribe(portal, "deal.creation")
    portal.deal()
    for number in range(1, 12):
        receiver.until(lambda number=number: len(receiver.requests) >= min(number, 11))
        portal.pass_time(43_201)
    signatures = {headers["x-hubspot-signature"] for _, headers, _ in receiver.requests}

    assert list(range(11)) == [one["attemptNumber"] for one in receiver.events]
    assert len(signatures) == 11
    assert len({one["eventId"] for one in receiver.events}) == 1
    receiver.until(lambda: portal.control("GET", "webhooks")["pending"] == 0)


def test_retries_are_spread_with_random_gaps_within_24_hours(sandbox: Any) -> None:
    """The ten gaps differ, grow on the whole, and end within a day."""
    gaps = sandbox.hubspot.delivery.gaps

    assert len(gaps) == 10
    assert 80_000 < sum(gaps) <= 86_400
    assert gaps[0] < 300 < gaps[-1]
    assert len({round(later / earlier, 3) for earlier, later in pairwise(gaps)}) == 9


def test_at_most_10_at_once(sandbox: Any, portal: Any, receiver: Any) -> None:
    """Never more than ten requests are on their way, however many wait."""
    sandbox.hubspot.delivery.limit_seconds = 60.0
    receiver.open.clear()
    subscribe(portal, "contact.creation")
    portal.set(batch_ms=0)
    for number in range(25):
        portal.create("contacts", firstname=str(number))
    receiver.until(lambda: receiver.busy == 10)
    receiver.open.set()
    receiver.wait_for("contact.creation", 25)
    sandbox.hubspot.delivery.limit_seconds = 5.0

    assert 10 == receiver.busiest


def test_change_source_integration_with_the_callers_app_id(portal: Any, receiver: Any) -> None:
    """A write through the API is INTEGRATION with the caller's app id; another app looks the same with its own."""
    subscribe(portal, "deal.propertyChange:amount")
    id_, other = portal.deal(), portal.token_of("static")
    path = f"{OBJECTS}/deals/{id_}"
    portal.ok("PATCH", path, {"properties": {"amount": "1"}})
    portal.ok("PATCH", path, {"properties": {"amount": "2"}}, token=other["token"])
    portal.act("PATCH", path, {"properties": {"amount": "3"}})
    events = receiver.wait_for("deal.propertyChange", 3)
    sources = {one["propertyValue"]: (one["changeSource"], one["sourceId"]) for one in events}

    assert ("INTEGRATION", str(HUBSPOT_APP_ID)) == sources["1"]
    assert ("INTEGRATION", str(other["app_id"])) == sources["2"]
    assert sources["3"] == ("CRM_UI", "userId:1")


def test_no_webhooks_for_service_keys(portal: Any) -> None:
    """A service key has no webhooks: they cannot be bound to it, but can to a static app."""
    key, static = (portal.token_of(kind)["token"] for kind in ("service_key", "static"))
    refused = portal.http.post("/_sandbox/webhooks", json={"token": key})
    taken = portal.http.post("/_sandbox/webhooks", json={"token": static})

    assert (refused.status_code, refused.json()["error"]) == (400, "service keys have no webhooks")
    assert taken.status_code == 200


def test_webhooks_use_no_quota(portal: Any, receiver: Any) -> None:
    """Incoming webhooks are not counted as calls."""
    portal.set(batch_ms=0)
    portal.act("POST", f"{OBJECTS}/contacts", {"properties": {"firstname": "Q"}})
    receiver.wait_for("contact.creation")

    assert portal.control("GET", "state")["calls"] == 0
