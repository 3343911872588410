"""Checklist of the HubSpot sandbox: properties, groups and pipelines."""

from __future__ import annotations

from typing import Any

import pytest

PATH = "/crm/properties/2026-09/contacts"
TEXT = {"label": "X", "type": "string", "fieldType": "text", "groupName": "contactinformation"}


def test_property_answers(portal: Any) -> None:
    """A property is made with 201 and shows its definition with flags and modificationMetadata."""
    answer = portal.call("POST", PATH, TEXT | {"name": "xero_note", "description": "d", "formField": False})
    builtin = portal.ok("GET", f"{PATH}/email")

    assert answer.status_code == 201
    assert tuple(answer.json()[name] for name in ("hubspotDefined", "calculated", "archived")) == (False, False, False)
    keys = {"archivable", "readOnlyDefinition", "readOnlyValue", "readOnlyOptions"}
    assert keys == answer.json()["modificationMetadata"].keys()
    assert (builtin["hubspotDefined"], builtin["hasUniqueValue"]) == (True, True)


@pytest.mark.parametrize(
    ("type_", "field_type", "status"),
    [
        ("string", "textarea", 201),
        ("number", "number", 201),
        ("date", "date", 201),
        ("datetime", "date", 201),
        ("phone_number", "phonenumber", 201),
        ("bool", "booleancheckbox", 400),
        ("datetime", "datetime", 400),
        ("number", "text", 400),
        ("money", "number", 400),
    ],
)
def test_property_types(portal: Any, type_: str, field_type: str, status: int) -> None:
    """Types and field types must fit; a bool needs the options true and false."""
    given = TEXT | {"name": "one_more", "type": type_, "fieldType": field_type}

    assert status == portal.call("POST", PATH, given).status_code


def test_bool_with_its_options(portal: Any) -> None:
    """A bool with the options true and false is made."""
    options = [{"label": name, "value": name, "displayOrder": 0, "hidden": False} for name in ("true", "false")]
    given = TEXT | {"name": "yes_no", "type": "bool", "fieldType": "booleancheckbox", "options": options}

    assert portal.call("POST", PATH, given).status_code == 201


@pytest.mark.parametrize("missing", ["name", "label", "type", "fieldType", "groupName"])
def test_property_needs_name_label_type_field_type_and_group(portal: Any, missing: str) -> None:
    """Each of the five is needed."""
    given = {key: value for key, value in (TEXT | {"name": "half"}).items() if key != missing}

    assert portal.call("POST", PATH, given).status_code == 400


def test_groups(portal: Any) -> None:
    """A group is made, listed without paging, 409 when there; a property needs one that exists."""
    body = {"name": "xero", "label": "Xero"}
    made, again = (portal.call("POST", f"{PATH}/groups", body) for _ in range(2))
    listed = portal.ok("GET", f"{PATH}/groups")
    orphan = portal.call("POST", PATH, TEXT | {"name": "orphan", "groupName": "nowhere"})

    assert (made.status_code, again.status_code, orphan.status_code) == (201, 409, 400)
    assert [one["name"] for one in listed["results"]] == ["contactinformation", "xero"]
    assert "paging" not in listed


def test_unique_limit_10(portal: Any) -> None:
    """An object type takes 10 unique properties of one's own."""
    answers = [
        portal.call("POST", PATH, TEXT | {"name": f"unique_{number}", "hasUniqueValue": True}) for number in range(11)
    ]

    assert [one.status_code for one in answers] == [201] * 10 + [400]


def test_unique_is_fixed_at_creation(portal: Any) -> None:
    """A later PATCH does not make a property unique."""
    portal.add_property("contacts", "late")
    portal.ok("PATCH", f"{PATH}/late", {"label": "Late", "hasUniqueValue": True})
    found = portal.ok("GET", f"{PATH}/late")

    assert (found["label"], found["hasUniqueValue"]) == ("Late", False)


def test_409_body_of_an_existing_name(portal: Any) -> None:
    """A taken name is 409 with OBJECT_ALREADY_EXISTS and its subCategory."""
    portal.ok("POST", PATH, TEXT | {"name": "taken"})
    answer = portal.call("POST", PATH, TEXT | {"name": "taken"})

    assert answer.status_code == 409
    assert answer.json()["category"] == "OBJECT_ALREADY_EXISTS"
    assert answer.json()["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    assert answer.json()["message"] == "A property named 'taken' already exists."


def test_archived_name_restored_with_its_values(portal: Any) -> None:
    """Creating an archived name brings the property back, values included."""
    portal.add_property("contacts", "phoenix")
    id_ = portal.create("contacts", firstname="P", phoenix="ash")
    archived = portal.call("DELETE", f"{PATH}/phoenix")
    meanwhile = portal.values("contacts", id_, "phoenix")
    refused = portal.call("PATCH", f"/crm/objects/2026-09/contacts/{id_}", {"properties": {"phoenix": "x"}})
    portal.add_property("contacts", "phoenix")

    assert (archived.status_code, refused.status_code) == (204, 400)
    assert "phoenix" not in meanwhile
    assert portal.values("contacts", id_, "phoenix")["phoenix"] == "ash"


def test_delayed_readability(portal: Any) -> None:
    """A new property is neither readable nor writable for a moment, though its name is taken."""
    portal.set(property_delay=60)
    portal.ok("POST", PATH, TEXT | {"name": "slow"})
    early = portal.call("GET", f"{PATH}/slow").status_code
    write = portal.call("POST", "/crm/objects/2026-09/contacts", {"properties": {"firstname": "S", "slow": "1"}})
    taken = portal.call("POST", PATH, TEXT | {"name": "slow"}).status_code
    portal.pass_time(61)

    assert (early, write.status_code, taken) == (404, 400, 409)
    assert portal.call("GET", f"{PATH}/slow").status_code == 200


def test_options_replaced(portal: Any) -> None:
    """PATCH of options replaces the whole list."""
    first = [{"label": name, "value": name, "displayOrder": 0} for name in ("a", "b")]
    portal.add_property("contacts", "choice", type="enumeration", fieldType="select", options=first)
    portal.ok("PATCH", f"{PATH}/choice", {"options": [{"label": "C", "value": "c", "displayOrder": 0}]})

    assert [one["value"] for one in portal.ok("GET", f"{PATH}/choice")["options"]] == ["c"]


def test_property_batches(portal: Any) -> None:
    """Properties are made, read and archived in batches; what fails stands in a 207."""
    inputs = [TEXT | {"name": name} for name in ("b_one", "b_two")]
    made = portal.call("POST", f"{PATH}/batch/create", {"inputs": inputs})
    mixed = portal.call("POST", f"{PATH}/batch/create", {"inputs": [inputs[0], TEXT | {"name": "b_three"}]})
    portal.pass_time(1)
    read = portal.call(
        "POST", f"{PATH}/batch/read", {"inputs": [{"name": "b_one"}, {"name": "nope"}], "archived": False}
    )
    gone = portal.call("POST", f"{PATH}/batch/archive", {"inputs": [{"name": "b_one"}]})

    assert [one.status_code for one in (made, mixed, read, gone)] == [201, 207, 207, 204]
    assert portal.call("GET", f"{PATH}/b_one").status_code == 404


def test_pipelines_with_several_won_stages_numeric_ids_and_misleading_labels(portal: Any) -> None:
    """Only the default pipeline's won stage is called closedwon; a label may say lost where nothing is."""
    pipelines = {one["id"]: one for one in portal.ok("GET", "/crm/pipelines/2026-09/deals")["results"]}
    stages = {stage["id"]: stage for one in pipelines.values() for stage in one["stages"]}
    won = [id_ for id_, stage in stages.items() if stage["metadata"]["probability"] == "1.0"]
    liar = next(stage for stage in stages.values() if stage["label"] == "Closed lost" and stage["id"].isdigit())

    assert len(pipelines) == 2
    assert "closedwon" in won
    assert any(id_.isdigit() for id_ in won)
    assert liar["metadata"] == {"isClosed": "false", "probability": "0.8"}
    assert liar["writePermissions"] == "CRM_PERMISSIONS_ENFORCEMENT"


@pytest.mark.parametrize(
    ("pipeline", "stage", "won", "closed", "lost"),
    [
        ("default", "contractsent", "false", "false", "false"),
        ("default", "closedwon", "true", "true", "false"),
        ("default", "closedlost", "false", "true", "true"),
        ("94137001", "94137004", "false", "false", "false"),
        ("94137001", "94137005", "true", "true", "false"),
    ],
)
def test_hs_is_closed_won_calculated(portal: Any, pipeline: str, stage: str, won: str, closed: str, lost: str) -> None:
    """Won, closed and lost follow from the stage's probability, and the date of entry is kept."""
    id_ = portal.deal(pipeline=pipeline, dealstage=stage)
    names = ("hs_is_closed_won", "hs_is_closed", "hs_is_closed_lost", f"hs_v2_date_entered_{stage}")
    values = portal.values("deals", id_, *names)

    assert (won, closed, lost) == tuple(values[name] for name in names[:3])
    assert values[names[3]]


def test_a_stage_of_another_pipeline_is_refused(portal: Any) -> None:
    """A deal's stage must belong to its pipeline."""
    id_ = portal.deal()
    answer = portal.call("PATCH", f"/crm/objects/2026-09/deals/{id_}", {"properties": {"dealstage": "94137005"}})

    assert answer.status_code == 400
    assert "INVALID_OPTION" in answer.json()["message"]


def test_creating_a_stage_needs_probability_alone(portal: Any) -> None:
    """isClosed is derived: true exactly at 0 and 1. Changing a probability changes what is won."""
    path = "/crm/pipelines/2026-09/deals/default/stages"
    stage = portal.call("POST", path, {"label": "Signed", "displayOrder": 9, "metadata": {"probability": "0.95"}})
    bare = portal.call("POST", path, {"label": "Bare", "displayOrder": 9})
    id_ = portal.deal(dealstage=stage.json()["id"])
    portal.ok("PATCH", f"{path}/{stage.json()['id']}", {"metadata": {"probability": "1"}})

    assert (stage.status_code, bare.status_code) == (201, 400)
    assert stage.json()["metadata"] == {"isClosed": "false", "probability": "0.95"}
    assert portal.values("deals", id_, "hs_is_closed_won")["hs_is_closed_won"] == "true"


def test_deal_currency_must_be_the_accounts(portal: Any) -> None:
    """A deal's currency is one of the account's; the home amount is calculated."""
    body = {"dealname": "D", "pipeline": "default", "dealstage": "contractsent", "deal_currency_code": "EUR"}
    id_ = portal.deal(amount="100", deal_currency_code="USD")

    assert portal.call("POST", "/crm/objects/2026-09/deals", {"properties": body}).status_code == 400
    assert portal.values("deals", id_, "hs_deal_amount_in_home_currency")["hs_deal_amount_in_home_currency"] == "170"
