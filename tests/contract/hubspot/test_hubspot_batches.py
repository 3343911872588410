"""Checklist of the HubSpot sandbox: batches and upsert."""

from __future__ import annotations

import time
from typing import Any

import pytest

CONTACTS = "/crm/objects/2026-09/contacts"


def rows(*emails: str, traced: bool = False) -> dict[str, Any]:
    """Write create inputs, with trace ids if asked."""
    inputs: list[dict[str, Any]] = [{"properties": {"email": email}} for email in emails]
    for number, one in enumerate(inputs):
        if traced:
            one["objectWriteTraceId"] = f"t{number}"
    return {"inputs": inputs}


@pytest.mark.parametrize("action", ["create", "read", "update", "upsert", "archive"])
def test_batches_at_most_100(portal: Any, action: str) -> None:
    """More than 100 inputs are 400, whatever the batch does."""
    inputs = [{"id": str(n), "properties": {"firstname": f"f{n}"}} for n in range(101)]
    answer = portal.call("POST", f"{CONTACTS}/batch/{action}", {"inputs": inputs})

    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_batch_read_at_most_50_with_history(portal: Any) -> None:
    """With property history a batch read takes 50."""
    body = {"inputs": [{"id": str(n)} for n in range(51)], "properties": [], "propertiesWithHistory": ["email"]}

    assert portal.call("POST", f"{CONTACTS}/batch/read", body).status_code == 400
    assert portal.call("POST", f"{CONTACTS}/batch/read", body | {"propertiesWithHistory": []}).status_code == 207


def test_batch_statuses(portal: Any) -> None:
    """Batch create is 201, read, update and upsert 200, archive 204, when every row is good."""
    made = portal.call("POST", f"{CONTACTS}/batch/create", rows("s@b.nz"))
    id_ = made.json()["results"][0]["id"]
    one = {"inputs": [{"id": id_, "properties": {"city": "X"}}]}
    answers = [portal.call("POST", f"{CONTACTS}/batch/{name}", one) for name in ("read", "update", "upsert", "archive")]

    assert [made.status_code, *(one.status_code for one in answers)] == [201, 200, 200, 200, 204]
    assert {"status", "results", "startedAt", "completedAt"} == made.json().keys()


def test_batch_read_by_id_property_sits_at_the_top(portal: Any) -> None:
    """`idProperty` of a batch read is one for all, and the read is consistent at once."""
    id_ = portal.create("contacts", email="top@b.nz")
    body = {"idProperty": "email", "inputs": [{"id": "TOP@b.nz"}], "properties": ["email"], "propertiesWithHistory": []}

    assert [id_] == [one["id"] for one in portal.ok("POST", f"{CONTACTS}/batch/read", body)["results"]]


def test_batch_create_207_only_when_every_row_has_its_own_trace_id(portal: Any) -> None:
    """With unique trace ids the good rows go through and the bad one stands in errors by its trace id."""
    answer = portal.call("POST", f"{CONTACTS}/batch/create", rows("g1@b.nz", "bad", "g2@b.nz", traced=True))
    error = answer.json()["errors"][0]

    assert answer.status_code == 207
    assert ({"t0", "t2"}, 1) == (
        {one["objectWriteTraceId"] for one in answer.json()["results"]},
        answer.json()["numErrors"],
    )
    assert (error["context"]["objectWriteTraceId"], error["category"]) == (["t1"], "VALIDATION_ERROR")
    assert "INVALID_EMAIL" in error["message"]


@pytest.mark.parametrize("spoil", ["none", "some", "same"])
def test_batch_create_fails_as_a_whole_without_unique_trace_ids(portal: Any, spoil: str) -> None:
    """Without trace ids, or with one missing or repeated, one bad row fails the batch with its error alone."""
    body = rows("w1@b.nz", "bad", "worse", traced=spoil != "none")
    if spoil == "some":
        del body["inputs"][0]["objectWriteTraceId"]
    if spoil == "same":
        body["inputs"][1]["objectWriteTraceId"] = "t0"
    answer = portal.call("POST", f"{CONTACTS}/batch/create", body)

    assert answer.status_code == 400
    assert "Email address bad is invalid" in answer.json()["message"]
    assert "worse" not in answer.json()["message"]
    assert portal.call("GET", f"{CONTACTS}/w1@b.nz", params={"idProperty": "email"}).status_code == 404


def test_batch_create_409_for_an_existing_email(portal: Any) -> None:
    """An existing email fails the batch with 409, or stands in errors with the existing id."""
    id_ = portal.create("contacts", email="there@b.nz")
    whole = portal.call("POST", f"{CONTACTS}/batch/create", rows("n@b.nz", "there@b.nz"))
    some = portal.call("POST", f"{CONTACTS}/batch/create", rows("n@b.nz", "there@b.nz", traced=True))

    assert (whole.status_code, some.status_code) == (409, 207)
    assert f"Existing ID: {id_}" in some.json()["errors"][0]["message"]


def test_batch_create_results_are_shuffled(portal: Any) -> None:
    """Results of a batch create are not in input order; they are matched by trace id."""
    body = rows(*(f"u{n}@b.nz" for n in range(30)), traced=True)
    results = portal.ok("POST", f"{CONTACTS}/batch/create", body)["results"]
    emails = [one["properties"]["email"] for one in results]

    assert emails != sorted(emails, key=lambda one: int(one[1:].split("@")[0]))
    assert all(f"u{one['objectWriteTraceId'][1:]}@b.nz" == one["properties"]["email"] for one in results)


@pytest.mark.parametrize("action", ["update", "upsert"])
@pytest.mark.parametrize("traced", [True, False])
def test_duplicate_ids_400_with_or_without_trace_ids(portal: Any, action: str, traced: bool) -> None:
    """The same id twice fails the whole batch, and the body names the id."""
    id_ = portal.create("contacts", email="dup@b.nz")
    inputs = [{"id": id_, "properties": {"city": city}} for city in ("A", "B")]
    for number, one in enumerate(inputs if traced else []):
        one["objectWriteTraceId"] = str(number)
    answer = portal.call("POST", f"{CONTACTS}/batch/{action}", {"inputs": inputs})

    assert (400, [id_]) == (answer.status_code, answer.json()["context"]["ids"])
    assert f"Duplicate IDs found in batch input: [{id_}]. IDs must be unique" == answer.json()["message"]


def test_missing_ids_207_in_batch_read(portal: Any) -> None:
    """Ids that are not there stand together in errors; the others are answered."""
    id_ = portal.create("contacts", email="here@b.nz")
    answer = portal.call("POST", f"{CONTACTS}/batch/read", {"inputs": [{"id": "99999"}, {"id": id_}, {"id": "5"}]})
    error = answer.json()["errors"][0]

    assert (207, [id_]) == (answer.status_code, [one["id"] for one in answer.json()["results"]])
    assert (error["category"], error["context"]["ids"]) == ("OBJECT_NOT_FOUND", ["99999", "5"])
    assert error["message"].startswith("Could not get some CONTACT objects")


def test_missing_ids_207_in_batch_update_with_their_trace_ids(portal: Any) -> None:
    """A missing record of a batch update stands in errors with its id and trace id; the rest is written."""
    id_ = portal.create("contacts", email="up@b.nz")
    inputs = [{"id": one, "properties": {"city": "C"}, "objectWriteTraceId": f"t-{one}"} for one in (id_, "77777")]
    answer = portal.call("POST", f"{CONTACTS}/batch/update", {"inputs": inputs})

    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"] == {"ids": ["77777"], "objectWriteTraceId": ["t-77777"]}
    assert portal.values("contacts", id_, "city")["city"] == "C"


def test_batch_update_bad_row_fails_all_or_stands_alone(portal: Any) -> None:
    """A bad value follows the trace-id rule in updates as well."""
    ids = [portal.create("contacts", email=f"r{n}@b.nz") for n in range(2)]
    inputs: list[dict[str, Any]] = [
        {"id": ids[0], "properties": {"city": "D"}},
        {"id": ids[1], "properties": {"no": "1"}},
    ]
    whole = portal.call("POST", f"{CONTACTS}/batch/update", {"inputs": inputs})
    untouched = portal.values("contacts", ids[0], "city")["city"]
    traced = [one | {"objectWriteTraceId": one["id"]} for one in inputs]
    some = portal.call("POST", f"{CONTACTS}/batch/update", {"inputs": traced})

    assert (whole.status_code, untouched, some.status_code) == (400, None, 207)
    assert "PROPERTY_DOESNT_EXIST" in some.json()["errors"][0]["message"]
    assert portal.values("contacts", ids[0], "city")["city"] == "D"


def test_merged_ids_are_left_out_of_batch_update(portal: Any) -> None:
    """An id that was merged away is left out of a batch update: 200, no error, one result fewer."""
    winner, loser = portal.create("contacts", email="w@b.nz"), portal.create("contacts", email="l@b.nz")
    portal.ok("POST", f"{CONTACTS}/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})
    other = portal.create("contacts", email="o@b.nz")
    inputs = [{"id": one, "properties": {"city": "M"}} for one in (loser, other)]
    answer = portal.call("POST", f"{CONTACTS}/batch/update", {"inputs": inputs})

    assert (200, [other]) == (answer.status_code, [one["id"] for one in answer.json()["results"]])
    assert "errors" not in answer.json()


def test_upsert_says_what_is_new(portal: Any) -> None:
    """Upsert by a unique property updates or creates, and each result carries `new`."""
    portal.add_property("contacts", "xero_contact_id", hasUniqueValue=True)
    portal.create("contacts", firstname="Old", xero_contact_id="x1")
    inputs = [
        {"id": one, "idProperty": "xero_contact_id", "properties": {"lastname": "U"}, "objectWriteTraceId": one}
        for one in ("x1", "x2")
    ]
    results = portal.ok("POST", f"{CONTACTS}/batch/upsert", {"inputs": inputs})["results"]

    assert {one["objectWriteTraceId"]: one["new"] for one in results} == {"x1": False, "x2": True}
    created = next(one for one in results if one["new"])
    assert portal.values("contacts", created["id"], "xero_contact_id")["xero_contact_id"] == "x2"


@pytest.mark.parametrize(("kind", "type_id", "name"), [("companies", "0-2", "domain"), ("deals", "0-3", "dealname")])
def test_upsert_by_a_non_unique_property_400(portal: Any, kind: str, type_id: str, name: str) -> None:
    """Companies by domain and deals by name cannot be upserted."""
    inputs = [{"id": "a.co.nz", "idProperty": name, "properties": {name: "a.co.nz"}}]
    answer = portal.call("POST", f"/crm/objects/2026-09/{kind}/batch/upsert", {"inputs": inputs})

    assert answer.status_code == 400
    assert f"Unable to perform update/upsert by non-unique {type_id} property {name}" == answer.json()["message"]


def test_partial_upsert_by_email_is_not_supported(portal: Any) -> None:
    """By email one bad row fails the whole upsert, trace ids or not; good rows alone go through."""
    inputs = [
        {"id": email, "idProperty": "email", "properties": properties, "objectWriteTraceId": email}
        for email, properties in (("e1@b.nz", {"city": "E"}), ("e2@b.nz", {"nonsense": "1"}))
    ]
    whole = portal.call("POST", f"{CONTACTS}/batch/upsert", {"inputs": inputs})
    good = portal.call("POST", f"{CONTACTS}/batch/upsert", {"inputs": inputs[:1]})

    assert (whole.status_code, good.status_code, good.json()["results"][0]["new"]) == (400, 200, True)


def test_upsert_refusal_for_contacts_can_be_switched_on(portal: Any) -> None:
    """Some portals refuse every contact upsert as non-unique, even by email."""
    portal.set(upsert_refused=True)
    inputs = [{"id": "r@b.nz", "idProperty": "email", "properties": {"city": "R"}}]
    answer = portal.call("POST", f"{CONTACTS}/batch/upsert", {"inputs": inputs})

    assert answer.status_code == 400
    assert "non-unique 0-1 property email" in answer.json()["message"]


def test_batch_archive_passes_over_what_is_not_there(portal: Any) -> None:
    """Batch archive is 204 in any case."""
    id_ = portal.create("contacts", email="z@b.nz")

    assert portal.call("POST", f"{CONTACTS}/batch/archive", {"inputs": [{"id": id_}, {"id": "1"}]}).status_code == 204
    assert portal.call("GET", f"{CONTACTS}/{id_}").status_code == 404


def test_a_batch_of_100_is_quick(portal: Any) -> None:
    """Reading 100 records in one call costs much less than 100 calls, so that large runs are quick."""
    made = portal.call("POST", f"{CONTACTS}/batch/create", rows(*(f"q{n}@b.nz" for n in range(100))))
    ids = [{"id": one["id"]} for one in made.json()["results"]]
    # Processor time of both sides, beside each other: neither what else runs nor how fast it runs may decide.
    began = time.process_time()
    for _ in range(3):
        portal.call("POST", f"{CONTACTS}/batch/read", {"inputs": ids, "properties": ["email"]})
    batches = time.process_time() - began
    began = time.process_time()
    for one in ids:
        portal.call("POST", f"{CONTACTS}/batch/read", {"inputs": [one], "properties": ["email"]})

    assert batches < time.process_time() - began
