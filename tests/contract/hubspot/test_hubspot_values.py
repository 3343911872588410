"""Checklist of the HubSpot sandbox: property validation."""

from __future__ import annotations

import json
from typing import Any

import pytest

CONTACTS = "/crm/objects/2026-09/contacts"


def embedded(answer: Any) -> list[dict[str, Any]]:
    """Read the JSON that stands in the message from the first bracket on."""
    message = answer.json()["message"]
    return list(json.loads(message[message.index("[") :]))


def test_unknown_property_with_json_in_the_message(portal: Any) -> None:
    """An unknown property is PROPERTY_DOESNT_EXIST, as JSON inside the message."""
    answer = portal.call("POST", CONTACTS, {"properties": {"email": "a@b.nz", "missing": "1"}})
    (one,) = embedded(answer)

    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert answer.json()["message"].startswith("Property values were not valid: [{")
    assert (one["isValid"], one["error"], one["name"]) == (False, "PROPERTY_DOESNT_EXIST", "missing")
    assert {"localizedErrorMessage", "portalId"} <= one.keys()


@pytest.mark.parametrize(
    "email",
    [
        "jane@",
        "jane",
        "a@x.com;b@y.com",
        '"jane doe"@b.nz',
        "jane@b.notatld",
        "jane@localhost",
        "j..d@b.nz",
        "jane@b.example",
        "jane doe@b.nz",
    ],
)
def test_invalid_email_with_json_in_the_message(portal: Any, email: str) -> None:
    """Bad syntax, quoted local parts, several addresses and unknown endings are INVALID_EMAIL."""
    answer = portal.call("POST", CONTACTS, {"properties": {"email": email}})
    (one,) = embedded(answer)

    assert answer.status_code == 400
    assert {
        "isValid": False,
        "message": f"Email address {email} is invalid",
        "error": "INVALID_EMAIL",
        "name": "email",
    } == one


@pytest.mark.parametrize("email", ["o'hara+tag@b.co.nz", "a@b.technology", "A.B@C.NZ"])
def test_valid_emails_are_kept_in_lower_case(portal: Any, email: str) -> None:
    """Good addresses pass and are kept in lower case."""
    assert email.lower() == portal.values("contacts", portal.create("contacts", email=email), "email")["email"]


def test_messages_localised_on_request(portal: Any) -> None:
    """The texts may come in another language; the codes do not change."""
    portal.set(language="de")
    (one,) = embedded(portal.call("POST", CONTACTS, {"properties": {"email": "jane@"}}))

    assert (one["error"], one["message"]) == ("INVALID_EMAIL", "Die E-Mail-Adresse jane@ ist ungültig")


@pytest.mark.parametrize("value", ["abc", "1,200.00", "1.2.3", "$5", "NaN", "Infinity"])
def test_integers_in_the_newer_style(portal: Any, value: str) -> None:
    """A number that is none, or has a thousands separator, is INVALID_INTEGER in `errors[]`."""
    answer = portal.call("POST", "/crm/objects/2026-09/line_items", {"properties": {"quantity": value}})
    error = answer.json()["errors"][0]

    assert (answer.status_code, error["code"]) == (400, "INVALID_INTEGER")
    assert ({"propertyName": ["quantity"]}, f"{value} was not a valid integer.") == (error["context"], error["message"])


@pytest.mark.parametrize(
    ("path", "value", "kept", "warned"),
    [
        ("/crm/v3/objects", "2026-01-17", "2026-01-17", False),
        ("/crm/v3/objects", "1768608000000", "2026-01-17", False),
        ("/crm/v3/objects", "1768608000001", None, False),
        ("/crm/objects/2026-03", "1768650000000", None, False),
        ("/crm/objects/2026-09", "1768650000000", "2026-01-17", True),
        ("/crm/objects/2026-09", "1768608000000", "2026-01-17", False),
        ("/crm/objects/2026-09", "2026-02-30", None, False),
        ("/crm/objects/2026-09", "17/01/2026", None, False),
    ],
)
def test_dates_at_midnight_utc_by_version(portal: Any, path: str, value: str, kept: str | None, warned: bool) -> None:
    """A date is a day or midnight UTC; another time is INVALID_DATE up to 2026-03 and a warning in 2026-09."""
    portal.add_property("contacts", "xero_last_payment_date", type="date", fieldType="date")
    answer = portal.call(
        "POST", f"{path}/contacts", {"properties": {"firstname": "D", "xero_last_payment_date": value}}
    )

    assert ("warnings" in answer.json()) is warned
    if kept is None:
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "INVALID_DATE")
    else:
        assert kept == answer.json()["properties"]["xero_last_payment_date"]


@pytest.mark.parametrize("value", ["2026-01-17T01:02:03Z", "1768611723000", "2026-01-17T14:02:03+13:00"])
def test_datetimes_in_iso_or_milliseconds(portal: Any, value: str) -> None:
    """A datetime is given in ISO 8601 or epoch milliseconds and kept in ISO 8601 with milliseconds."""
    assert portal.values("deals", portal.deal(closedate=value), "closedate")["closedate"] == "2026-01-17T01:02:03.000Z"


def test_enumerations_by_internal_value(portal: Any) -> None:
    """An enumeration takes internal values as they are written; checkboxes take several as `a;b`."""
    options = [{"label": name, "value": name.lower(), "displayOrder": 0} for name in ("Paid", "Overdue")]
    portal.add_property("contacts", "xero_status", type="enumeration", fieldType="select", options=options)
    portal.add_property("contacts", "xero_flags", type="enumeration", fieldType="checkbox", options=options)
    id_ = portal.create("contacts", firstname="E", xero_status="paid", xero_flags="paid;overdue")
    label = portal.call("PATCH", f"{CONTACTS}/{id_}", {"properties": {"xero_status": "Paid"}})
    two = portal.call("PATCH", f"{CONTACTS}/{id_}", {"properties": {"xero_status": "paid;overdue"}})

    assert [label.status_code, two.status_code] == [400, 400]
    assert embedded(label)[0]["error"] == "INVALID_OPTION"


def test_bool_is_true_or_false(portal: Any) -> None:
    """A bool takes true or false, as text or JSON, and nothing else."""
    options = [{"label": name, "value": name, "displayOrder": 0} for name in ("true", "false")]
    portal.add_property("contacts", "xero_ok", type="bool", fieldType="booleancheckbox", options=options)
    id_ = portal.create("contacts", firstname="B", xero_ok=True)

    assert portal.values("contacts", id_, "xero_ok")["xero_ok"] == "true"
    assert portal.call("PATCH", f"{CONTACTS}/{id_}", {"properties": {"xero_ok": "yes"}}).status_code == 400


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("deals", "hs_is_closed_won"),
        ("deals", "hs_lastmodifieddate"),
        ("contacts", "hs_object_id"),
        ("line_items", "amount"),
    ],
)
def test_read_only_and_calculated_properties(portal: Any, kind: str, name: str) -> None:
    """Read-only and calculated properties cannot be written."""
    id_ = portal.ok("GET", f"/crm/objects/2026-09/{kind}")["results"][0]["id"]
    answer = portal.call("PATCH", f"/crm/objects/2026-09/{kind}/{id_}", {"properties": {name: "1"}})

    assert (answer.status_code, embedded(answer)[0]["error"]) == (400, "READ_ONLY_VALUE")


def test_unique_values(portal: Any) -> None:
    """A taken value of a unique property is 400 with CONFLICTING_UNIQUE_VALUE; one's own value is no conflict."""
    portal.add_property("contacts", "xero_contact_id", hasUniqueValue=True)
    first = portal.create("contacts", firstname="1", xero_contact_id="guid-1")
    second = portal.call("POST", CONTACTS, {"properties": {"firstname": "2", "xero_contact_id": "guid-1"}})
    own = portal.call("PATCH", f"{CONTACTS}/{first}", {"properties": {"xero_contact_id": "guid-1"}})
    found = portal.ok("GET", f"{CONTACTS}/guid-1", params={"idProperty": "xero_contact_id"})

    assert (400, 200, first) == (second.status_code, own.status_code, found["id"])
    assert embedded(second)[0]["error"] == "CONFLICTING_UNIQUE_VALUE"


@pytest.mark.parametrize(
    ("kind", "properties", "missing"),
    [
        ("contacts", {"city": "X"}, "email"),
        ("companies", {"city": "X"}, "name"),
        ("deals", {"pipeline": "default", "dealstage": "contractsent"}, "dealname"),
        ("deals", {"dealname": "D", "pipeline": "default"}, "dealstage"),
        ("deals", {"dealname": "D", "dealstage": "contractsent"}, "pipeline"),
        ("notes", {"hs_note_body": "x"}, "hs_timestamp"),
        ("invoices", {"hs_comments": "x"}, "hs_currency"),
    ],
)
def test_required_properties_on_create(portal: Any, kind: str, properties: dict[str, str], missing: str) -> None:
    """Each object type has something it cannot be created without."""
    answer = portal.call("POST", f"/crm/objects/2026-09/{kind}", {"properties": properties})

    assert answer.status_code == 400
    assert missing in answer.json()["context"]["properties"]


def test_lifecyclestage_moves_forward_only(portal: Any) -> None:
    """An earlier stage is left unwritten, without an error; clearing first allows it."""
    id_ = portal.create("contacts", firstname="L", lifecyclestage="customer")
    path = f"{CONTACTS}/{id_}"
    back = portal.call("PATCH", path, {"properties": {"lifecyclestage": "lead"}})
    stayed = portal.values("contacts", id_, "lifecyclestage")["lifecyclestage"]
    for stage in ("", "lead"):
        portal.ok("PATCH", path, {"properties": {"lifecyclestage": stage}})

    assert (back.status_code, stayed) == (200, "customer")
    assert portal.values("contacts", id_, "lifecyclestage")["lifecyclestage"] == "lead"


def test_an_empty_text_clears(portal: Any) -> None:
    """Writing an empty text clears a value, which is then null."""
    id_ = portal.create("contacts", firstname="C", city="Nelson")
    portal.ok("PATCH", f"{CONTACTS}/{id_}", {"properties": {"city": ""}})

    assert portal.values("contacts", id_, "city")["city"] is None


def test_text_up_to_65536_characters(portal: Any) -> None:
    """A text may have 65,536 characters and not one more."""
    body = {"properties": {"hs_timestamp": "2026-01-17T00:00:00Z", "hs_note_body": "x" * 65_536}}
    fits = portal.call("POST", "/crm/objects/2026-09/notes", body)
    body["properties"]["hs_note_body"] += "x"

    assert fits.status_code == 201
    assert portal.call("POST", "/crm/objects/2026-09/notes", body).status_code == 400


def test_a_body_that_is_no_json_is_400(portal: Any) -> None:
    """A body that cannot be read is refused as invalid input JSON."""
    answer = portal.call("POST", CONTACTS, content=b"{", headers={"Content-Type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Invalid input JSON")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CONTACTS, {"properties": "email"}),
        (CONTACTS, {"properties": {"email": ["a@b.nz"]}}),
        (CONTACTS, {"properties": {"firstname": "A"}, "associations": "companies"}),
        (f"{CONTACTS}/batch/create", {"inputs": "none"}),
        (f"{CONTACTS}/batch/update", {"inputs": [{"properties": {"city": "X"}}]}),
        (f"{CONTACTS}/search", {"filterGroups": {"filters": []}}),
        (f"{CONTACTS}/search", {"limit": "many"}),
        ("/crm/associations/2026-09/contacts/companies/batch/read", {"inputs": [{"id": "1", "after": "x"}]}),
        ("/crm/pipelines/2026-09/deals", {"label": "P", "stages": [{"label": "S", "displayOrder": "first"}]}),
    ],
)
def test_bodies_of_the_wrong_shape_are_400(portal: Any, path: str, body: Any) -> None:
    """A body whose parts have the wrong shape is refused, never an error of the server."""
    answer = portal.call("POST", path, body)

    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
