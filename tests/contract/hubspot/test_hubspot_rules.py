"""Checklist of the HubSpot sandbox: what an account's admins require of values, and what it refuses by that."""

from __future__ import annotations

from typing import Any

import pytest
from hubspot_sdk import HubSpot

from ledgerloop_sandbox.credentials import HUBSPOT_TOKEN

RULES = "/crm/property-validations/2026-09"
CONTACTS = "/crm/objects/2026-09/contacts"
COMPANIES = "/crm/objects/2026-09/companies"


def _rule(portal: Any, type_id: str, name: str, rule: str, *arguments: str, **more: Any) -> Any:
    body = {"ruleArguments": list(arguments), **more}
    return portal.call("PUT", f"{RULES}/{type_id}/{name}/rule-type/{rule}", body)


def _names(answer: Any) -> list[str]:
    assert answer.status_code == 400, answer.text
    assert answer.json()["category"] == "VALIDATION_ERROR"
    return [name for error in answer.json()["errors"] for name in error["context"]["propertyName"]]


def test_validation_rules_are_set_and_read(portal: Any) -> None:
    """PUT is 204 and replaces the rule of that type alone; GET shows a type's, a property's and one rule."""
    answers = [
        _rule(portal, "0-1", "zip", "MAX_LENGTH", "9"),
        _rule(portal, "0-1", "zip", "MAX_LENGTH", "4"),
        _rule(portal, "0-1", "zip", "ALPHANUMERIC", "NUMERIC_ONLY", shouldApplyNormalization=True),
    ]
    rules = [
        {"ruleType": "MAX_LENGTH", "ruleArguments": ["4"], "shouldApplyNormalization": False},
        {"ruleType": "ALPHANUMERIC", "ruleArguments": ["NUMERIC_ONLY"], "shouldApplyNormalization": True},
    ]

    assert [one.status_code for one in answers] == [204, 204, 204]
    assert portal.ok("GET", f"{RULES}/0-1/zip")["results"] == rules
    assert portal.ok("GET", f"{RULES}/0-1/zip/rule-type/MAX_LENGTH") == rules[0]
    assert portal.ok("GET", f"{RULES}/0-1")["results"] == [{"propertyName": "zip", "propertyValidationRules": rules}]
    assert portal.ok("GET", f"{RULES}/0-2")["results"] == []
    assert portal.ok("GET", "/crm/v3/property-validations/0-1/zip")["results"] == rules
    assert portal.call("GET", f"{RULES}/0-1/zip/rule-type/REGEX").status_code == 404


def test_validation_rules_that_make_no_sense_are_400(portal: Any) -> None:
    """An unknown type, arguments that do not fit and a rule for another type are 400; an unknown property is 404."""
    wrong = [
        _rule(portal, "0-1", "zip", "LENGTH", "4"),
        _rule(portal, "0-1", "zip", "MAX_LENGTH"),
        _rule(portal, "0-1", "zip", "MAX_LENGTH", "four"),
        _rule(portal, "0-1", "zip", "REGEX", "("),
        _rule(portal, "0-1", "zip", "MAX_NUMBER", "4"),
        portal.call("PUT", f"{RULES}/0-1/zip/rule-type/MAX_LENGTH", {"ruleArguments": "4"}),
    ]

    assert [one.status_code for one in wrong] == [400] * 6
    assert _rule(portal, "0-1", "no_such", "MAX_LENGTH", "4").status_code == 404


def test_validation_rules_need_the_schema_scope(portal: Any) -> None:
    """Reading needs any scope of the object type, setting that of its schema."""
    token = portal.token_of("static", ["crm.objects.contacts.read"])["token"]
    path = f"{RULES}/0-1/zip/rule-type/MAX_LENGTH"

    assert portal.call("GET", f"{RULES}/0-1/zip", token=token).status_code == 200
    assert portal.call("PUT", path, {"ruleArguments": ["4"]}, token=token).status_code == 403


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_validation_rules_are_enforced_on_every_write(portal: Any, version: str) -> None:
    """Create, update and each batch refuse a value that a rule forbids and name the property, in all versions."""
    path = "/crm/v3/objects/contacts" if version == "v3" else f"/crm/objects/{version}/contacts"
    id_ = portal.create("contacts", email="ruled@b.nz", zip="7010")
    _rule(portal, "0-1", "zip", "ALPHANUMERIC", "NUMERIC_ONLY")
    bad = {"zip": "N1 5AB"}
    answers = [
        portal.call("POST", path, {"properties": {"email": "new@b.nz"} | bad}),
        portal.call("PATCH", f"{path}/{id_}", {"properties": bad}),
        portal.call("POST", f"{path}/batch/create", {"inputs": [{"properties": {"firstname": "x"} | bad}]}),
        portal.call("POST", f"{path}/batch/update", {"inputs": [{"id": id_, "properties": bad}]}),
        portal.call(
            "POST",
            f"{path}/batch/upsert",
            {"inputs": [{"id": "ruled@b.nz", "idProperty": "email", "properties": bad}]},
        ),
    ]

    assert [_names(one) for one in answers] == [["zip"]] * 5
    assert portal.ok("PATCH", f"{path}/{id_}", {"properties": {"zip": ""}})["id"] == id_
    assert portal.ok("PATCH", f"{path}/{id_}", {"properties": {"zip": "8011"}})["properties"]["zip"] == "8011"


def test_a_batch_with_trace_ids_names_the_row_and_the_property(portal: Any) -> None:
    """With trace ids the good row is made; the error of the bad one has its trace id and its property."""
    _rule(portal, "0-2", "name", "MAX_LENGTH", "5")
    inputs = [{"properties": {"name": name}, "objectWriteTraceId": name} for name in ("short", "too long")]
    answer = portal.call("POST", f"{COMPANIES}/batch/create", {"inputs": inputs})
    error = answer.json()["errors"][0]

    assert (answer.status_code, len(answer.json()["results"])) == (207, 1)
    assert error["context"]["objectWriteTraceId"] == ["too long"]
    assert error["errors"][0]["context"]["propertyName"] == ["name"]


@pytest.mark.parametrize(
    ("rule", "arguments", "good", "bad"),
    [
        ("MIN_LENGTH", ["3"], "abc", "ab"),
        ("MAX_LENGTH", ["3"], "abc", "abcd"),
        ("REGEX", ["[A-Z]{2}-\\d+"], "AB-12", "AB-12x"),
        ("ALPHANUMERIC", ["ALPHANUMERIC_ONLY"], "ab12", "ab-12"),
        ("SPECIAL_CHARACTERS", [], "Te Aro 12", "Te Aro #12"),
        ("WHITESPACE", [], "TeAro", "Te Aro"),
        ("FORMAT", ["UPPERCASE"], "ABC", "Abc"),
        ("EMAIL", [], "a@b.nz", "a@b"),
        ("EMAIL_ALLOWED_DOMAINS", ["b.nz"], "a@B.nz", "a@c.nz"),
        ("EMAIL_BLOCKED_DOMAINS", ["gmail.com"], "a@b.nz", "a@gmail.com"),
        ("DOMAIN", [], "b.co.nz", "https://b.co.nz"),
        ("URL", [], "https://b.nz/x", "b.nz"),
        ("URL_ALLOWED_DOMAINS", ["b.nz"], "https://b.nz/x", "https://c.nz/x"),
        ("URL_BLOCKED_DOMAINS", ["c.nz"], "https://b.nz/x", "https://c.nz/x"),
    ],
)
def test_rules_of_texts(portal: Any, rule: str, arguments: list[str], good: str, bad: str) -> None:
    """Each rule lets the one text pass and refuses the other."""
    portal.add_property("contacts", "ruled")
    assert _rule(portal, "0-1", "ruled", rule, *arguments).status_code == 204
    answers = [portal.call("POST", CONTACTS, {"properties": {"firstname": "x", "ruled": v}}) for v in (good, bad)]

    assert [one.status_code for one in answers] == [201, 400], answers[0].text
    assert _names(answers[1]) == ["ruled"]


@pytest.mark.parametrize(
    ("form", "rule", "arguments", "good", "bad"),
    [
        ("number", "MIN_NUMBER", ["1"], "1", "0.99"),
        ("number", "MAX_NUMBER", ["100"], "100", "100.01"),
        ("number", "DECIMAL", ["2"], "1.25", "1.255"),
        ("date", "START_DATE", ["2026-01-01"], "2026-01-01", "2025-12-31"),
        ("date", "END_DATE", ["2026-12-31"], "2026-12-31", "2027-01-01"),
        ("date", "DAYS_OF_WEEK", ["MONDAY", "FRIDAY"], "2026-11-30", "2026-11-29"),
        ("datetime", "START_DATETIME", ["2026-01-01T00:00:00Z"], "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z"),
        ("phone_number", "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE", [], "+64 21 123 456", "021 123 456"),
    ],
)
def test_rules_of_other_types(portal: Any, form: str, rule: str, arguments: list[str], good: str, bad: str) -> None:
    """Numbers, dates and phone numbers have rules of their own."""
    field = {"number": "number", "phone_number": "phonenumber"}.get(form, "date")
    portal.add_property("contacts", "ruled", type=form, fieldType=field)
    assert _rule(portal, "0-1", "ruled", rule, *arguments).status_code == 204
    answers = [portal.call("POST", CONTACTS, {"properties": {"firstname": "x", "ruled": v}}) for v in (good, bad)]

    assert [one.status_code for one in answers] == [201, 400], answers[0].text
    assert _names(answers[1]) == ["ruled"]


def test_normalisation_before_a_rule(portal: Any) -> None:
    """With normalisation a value is tidied first, kept so, and 2026-09 warns of it."""
    _rule(portal, "0-1", "zip", "ALPHANUMERIC", "NUMERIC_ONLY", shouldApplyNormalization=True)
    made = portal.ok("POST", CONTACTS, {"properties": {"firstname": "x", "zip": " 7010 "}})

    assert made["properties"]["zip"] == "7010"
    assert made["warnings"][0]["context"]["propertyName"] == ["zip"]


def test_a_person_takes_a_rule_away(portal: Any) -> None:
    """Rules are taken away in HubSpot's screens; the API has no call for it."""
    path = f"{RULES}/0-1/zip/rule-type/MAX_LENGTH"
    _rule(portal, "0-1", "zip", "MAX_LENGTH", "4")
    refused = portal.call("DELETE", path)
    portal.act("DELETE", path)

    assert refused.status_code == 404
    assert portal.ok("GET", f"{RULES}/0-1/zip")["results"] == []


def test_required_properties_on_every_kind_of_create(portal: Any) -> None:
    """A property that admins require is named in `errors[].context`, in single and batch creates and upserts."""
    portal.set(required_rules=[{"objectType": "contacts", "property": "phone"}])
    body = {"firstname": "x", "email": "needs@b.nz"}
    upsert = {"id": "needs@b.nz", "idProperty": "email", "properties": {"firstname": "x"}}
    answers = [
        portal.call("POST", CONTACTS, {"properties": body}),
        portal.call("POST", f"{CONTACTS}/batch/create", {"inputs": [{"properties": body}]}),
        portal.call("POST", f"{CONTACTS}/batch/upsert", {"inputs": [upsert]}),
    ]

    assert [_names(one) for one in answers] == [["phone"]] * 3
    assert {one.json()["errors"][0]["code"] for one in answers} == {"MISSING_REQUIRED_PROPERTY"}


def test_the_sdk_reads_and_sets_rules(portal: Any) -> None:
    """HubSpot's own client sets a rule and reads it in all three ways, answers checked strictly."""
    client = HubSpot(access_token=HUBSPOT_TOKEN, base_url=portal.url, max_retries=0, _strict_response_validation=True)
    rules = client.crm.properties_validations
    rules.update_by_object_type_id_property_name_and_rule_type(
        "MAX_LENGTH", object_type_id="0-1", property_name="zip", rule_arguments=["4"]
    )
    of_type = rules.get_by_object_type_id("0-1").results
    of_property = rules.get_by_object_type_id_and_property_name("zip", object_type_id="0-1").results
    one = rules.get_by_object_type_id_property_name_and_rule_type(
        "MAX_LENGTH", object_type_id="0-1", property_name="zip"
    )

    assert [entry.property_name for entry in of_type] == ["zip"]
    assert [rule.rule_arguments for rule in (*of_property, one)] == [["4"], ["4"]]
