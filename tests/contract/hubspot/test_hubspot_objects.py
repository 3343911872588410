"""Checklist of the HubSpot sandbox: objects, one by one."""

from __future__ import annotations

import re
from typing import Any

import pytest

CONTACTS = "/crm/objects/2026-09/contacts"
ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")


def test_create_read_update_archive_with_the_status_codes(portal: Any) -> None:
    """Create is 201, read and update 200, archive 204; an archived record is 404."""
    created = portal.call("POST", CONTACTS, {"properties": {"email": "a@b.nz"}})
    path = f"{CONTACTS}/{created.json()['id']}"
    read, updated = portal.call("GET", path), portal.call("PATCH", path, {"properties": {"city": "Nelson"}})
    archived, gone = portal.call("DELETE", path), portal.call("GET", path)

    assert [a.status_code for a in (created, read, updated, archived, gone)] == [201, 200, 200, 204, 404]
    assert archived.content == b""
    assert (gone.json()["category"], gone.json()["message"]) == ("OBJECT_NOT_FOUND", "resource not found")


def test_ids_and_values_as_text(portal: Any) -> None:
    """Ids are texts, values texts or null, also where a number was sent; times are ISO with milliseconds."""
    id_ = portal.deal(amount=1200.5)
    deal = portal.ok("GET", f"/crm/objects/2026-09/deals/{id_}", params={"properties": "amount,closedate"})

    assert isinstance(deal["id"], str)
    assert (deal["properties"]["amount"], deal["properties"]["closedate"]) == ("1200.5", None)
    assert ISO.fullmatch(deal["createdAt"])
    assert ISO.fullmatch(deal["properties"]["hs_lastmodifieddate"])
    assert deal["archived"] is False


def test_read_by_id_property_is_consistent_at_once(portal: Any) -> None:
    """A read by email finds a contact right after it was made; a property that is not unique is 400."""
    id_ = portal.create("contacts", email="now@b.nz")
    found = portal.ok("GET", f"{CONTACTS}/NOW@b.nz", params={"idProperty": "email"})
    refused = portal.call("GET", f"{CONTACTS}/Aroha", params={"idProperty": "firstname"})

    assert id_ == found["id"]
    assert refused.status_code == 400


def test_update_by_id_property(portal: Any) -> None:
    """PATCH takes `idProperty` too."""
    id_ = portal.create("contacts", email="patch@b.nz")
    answer = portal.ok(
        "PATCH", f"{CONTACTS}/patch@b.nz", {"properties": {"city": "Napier"}}, params={"idProperty": "email"}
    )

    assert (id_, "Napier") == (answer["id"], answer["properties"]["city"])


def test_update_without_properties_is_400(portal: Any) -> None:
    """An update that names nothing is refused with HubSpot's sentence."""
    id_ = portal.create("contacts", email="empty@b.nz")
    answer = portal.call("PATCH", f"{CONTACTS}/{id_}", {"properties": {}})

    assert answer.status_code == 400
    assert answer.json()["message"] == "No properties found to update, please provide at least one."


def test_list_at_most_100_with_after_and_no_paging_on_the_last_page(portal: Any) -> None:
    """Lists give up to 100, 10 by default, and `paging.next.after` until the last page."""
    for start in (0, 100):
        inputs = [{"properties": {"firstname": f"n{number}"}} for number in range(start, start + 100)]
        portal.ok("POST", f"{CONTACTS}/batch/create", {"inputs": inputs})
    seen: list[str] = []
    after, pages = None, 0
    while pages == 0 or after:
        page = portal.ok("GET", CONTACTS, params={"limit": 100} | ({"after": after} if after else {}))
        seen += [one["id"] for one in page["results"]]
        after, pages = page.get("paging", {}).get("next", {}).get("after"), pages + 1

    assert (len(set(seen)), pages) == (205, 3)
    assert "paging" not in page
    assert len(portal.ok("GET", CONTACTS)["results"]) == 10
    assert portal.call("GET", CONTACTS, params={"limit": 101}).status_code == 400


def test_list_of_archived_records(portal: Any) -> None:
    """Archived records are listed and read only with `archived=true`."""
    id_ = portal.create("contacts", email="old@b.nz")
    portal.ok("DELETE", f"{CONTACTS}/{id_}")
    listed = portal.ok("GET", CONTACTS, params={"archived": "true"})["results"]
    read = portal.ok("GET", f"{CONTACTS}/{id_}", params={"archived": "true"})

    assert [id_] == [one["id"] for one in listed]
    assert ISO.fullmatch(read["archivedAt"])


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("contacts", "firstname lastname email createdate lastmodifieddate hs_object_id"),
        ("companies", "name domain createdate hs_lastmodifieddate hs_object_id"),
        ("deals", "dealname amount closedate pipeline dealstage createdate hs_lastmodifieddate hs_object_id"),
        ("line_items", "quantity amount price createdate hs_lastmodifieddate hs_object_id"),
    ],
)
def test_properties_and_default_properties(portal: Any, kind: str, names: str) -> None:
    """Without `properties` the defaults come; unknown names are passed over; the system properties always come."""
    path = f"/crm/objects/2026-09/{kind}"
    default = portal.ok("GET", path, params={"limit": 1})["results"][0]["properties"]
    chosen = portal.ok("GET", path, params={"limit": 1, "properties": "hubspot_owner_id,nonsense"})["results"][0]

    assert set(names.split()) == default.keys()
    system = {name for name in names.split() if name in ("createdate", "hs_object_id") or "lastmodified" in name}
    assert system | {"hubspot_owner_id"} == chosen["properties"].keys()


def test_history_with_source(portal: Any) -> None:
    """History shows each value, the newest first, with who wrote it: an app as INTEGRATION, a person as CRM_UI."""
    id_ = portal.deal(dealstage="appointmentscheduled")
    portal.act("PATCH", f"/crm/objects/2026-09/deals/{id_}", {"properties": {"dealstage": "closedwon"}})
    deal = portal.ok("GET", f"/crm/objects/2026-09/deals/{id_}", params={"propertiesWithHistory": "dealstage"})
    newest, oldest = deal["propertiesWithHistory"]["dealstage"]

    assert (newest["value"], newest["sourceType"], newest["sourceId"]) == ("closedwon", "CRM_UI", "userId:1")
    assert (oldest["value"], oldest["sourceType"]) == ("appointmentscheduled", "INTEGRATION")
    assert {"value", "timestamp", "sourceType", "sourceId", "sourceLabel"} <= oldest.keys()


def test_source_of_a_record(portal: Any) -> None:
    """A record made through the API says so in `hs_object_source`, with the app's id."""
    values = portal.values(
        "contacts", portal.create("contacts", firstname="S"), "hs_object_source", "hs_object_source_id"
    )

    assert (values["hs_object_source"], values["hs_object_source_id"]) == ("INTEGRATION", "1160452")


def test_associations_on_a_read(portal: Any) -> None:
    """`associations` brings ids with type names; a primary company comes twice, by label and unlabelled, and
    line items stand under a key with a space.
    """
    deal = portal.ok("GET", "/crm/objects/2026-09/deals", params={"associations": "companies,line_items", "limit": 1})
    found = deal["results"][0]["associations"]

    assert [one["type"] for one in found["companies"]["results"]] == ["deal_to_company", "deal_to_company_unlabeled"]
    assert len(found["line items"]["results"]) == 3
    assert {"deal_to_line_item"} == {one["type"] for one in found["line items"]["results"]}


def test_contact_company_is_free_text(portal: Any) -> None:
    """The property `company` of a contact makes no association."""
    id_ = portal.create("contacts", firstname="Free", company="Tui Roofing Ltd")
    contact = portal.ok("GET", f"{CONTACTS}/{id_}", params={"associations": "companies"})

    assert "associations" not in contact


def test_the_modified_date_moves_with_every_write(portal: Any) -> None:
    """A write that changes nothing still moves the modified date; only real changes enter the history."""
    id_ = portal.create("contacts", firstname="Same")
    before = portal.values("contacts", id_)["lastmodifieddate"]
    portal.pass_time(60)
    portal.ok("PATCH", f"{CONTACTS}/{id_}", {"properties": {"firstname": "Same"}})
    after = portal.ok("GET", f"{CONTACTS}/{id_}", params={"propertiesWithHistory": "firstname"})

    assert before < after["properties"]["lastmodifieddate"]
    assert len(after["propertiesWithHistory"]["firstname"]) == 1


def test_409_with_the_existing_id_for_emails(portal: Any) -> None:
    """A contact whose email is taken is 409, with the id in the message."""
    id_ = portal.create("contacts", email="one@b.nz")
    answer = portal.call("POST", CONTACTS, {"properties": {"email": "One@B.nz"}})

    assert (answer.status_code, answer.json()["category"]) == (409, "CONFLICT")
    assert f"Contact already exists. Existing ID: {id_}" == answer.json()["message"]


def test_409_also_for_additional_emails(portal: Any) -> None:
    """An address in `hs_additional_emails` is taken as well, and finds its contact."""
    id_ = portal.create("contacts", email="main@b.nz", hs_additional_emails="second@b.nz;third@b.nz")
    answer = portal.call("POST", CONTACTS, {"properties": {"email": "third@b.nz"}})
    found = portal.ok("GET", f"{CONTACTS}/second@b.nz", params={"idProperty": "email"})

    assert (409, id_) == (answer.status_code, found["id"])
    assert id_ in answer.json()["message"]


def test_409_when_a_contact_takes_the_email_of_another(portal: Any) -> None:
    """Changing an email to one that is taken is refused in the same way."""
    first, second = portal.create("contacts", email="x@b.nz"), portal.create("contacts", email="y@b.nz")
    answer = portal.call("PATCH", f"{CONTACTS}/{second}", {"properties": {"email": "x@b.nz"}})

    assert answer.status_code == 409
    assert first in answer.json()["message"]


def test_the_email_of_an_archived_contact_is_free(portal: Any) -> None:
    """An archived contact no longer holds its email."""
    id_ = portal.create("contacts", email="free@b.nz")
    portal.ok("DELETE", f"{CONTACTS}/{id_}")

    assert id_ != portal.create("contacts", email="free@b.nz")


def test_no_dedupe_of_companies(portal: Any) -> None:
    """Two companies of one domain are two companies."""
    made = [portal.create("companies", name="Twice", domain="twice.co.nz") for _ in range(2)]

    assert len(set(made)) == 2


def test_automatic_company_can_be_switched_on(portal: Any) -> None:
    """With the account setting a new contact brings a company from its email's domain; without it, it does not."""
    count = lambda: portal.control("GET", "state")["records"]["companies"]  # noqa: E731
    before = count()
    portal.create("contacts", email="a@newdomain.co.nz")
    without = count()
    portal.set(automatic_company=True)
    id_ = portal.create("contacts", email="b@newdomain.co.nz")
    portal.create("contacts", email="c@newdomain.co.nz")
    company = portal.values("contacts", id_, "associatedcompanyid")["associatedcompanyid"]

    assert (before, before + 1) == (without, count())
    assert portal.values("companies", company, "domain")["domain"] == "newdomain.co.nz"


def test_merge_losing_id_resolves_to_the_survivor_under_its_id(portal: Any) -> None:
    """After a merge the losing id answers with the survivor's id, values and addresses."""
    winner = portal.create("contacts", email="win@b.nz", city="Nelson")
    loser = portal.create("contacts", email="lose@b.nz", city="Napier", phone="1")
    merged = portal.ok("POST", f"{CONTACTS}/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})
    names = "city,phone,hs_additional_emails"
    read = portal.ok("GET", f"{CONTACTS}/{loser}", params={"properties": names})
    by_email = portal.ok("GET", f"{CONTACTS}/lose@b.nz", params={"idProperty": "email"})

    assert {winner} == {merged["id"], read["id"], by_email["id"]}
    assert tuple(read["properties"][name] for name in names.split(",")) == ("Nelson", "1", "lose@b.nz")
    assert winner in portal.call("POST", CONTACTS, {"properties": {"email": "lose@b.nz"}}).json()["message"]


def test_merge_may_make_a_third_record(portal: Any) -> None:
    """Switched so, merging makes a new record and both old ids resolve to it."""
    portal.set(merge_creates=True)
    one, other = portal.create("companies", name="One"), portal.create("companies", name="Other")
    path = "/crm/objects/2026-09/companies"
    new = portal.ok("POST", f"{path}/merge", {"primaryObjectId": one, "objectIdToMerge": other})["id"]

    assert new not in (one, other)
    assert {new} == {portal.ok("GET", f"{path}/{id_}")["id"] for id_ in (one, other)}


def test_merge_moves_associations(portal: Any) -> None:
    """The survivor takes over what stood by the loser."""
    deal = portal.ok("GET", "/crm/objects/2026-09/deals", params={"associations": "companies", "limit": 1})["results"][
        0
    ]
    loser = deal["associations"]["companies"]["results"][0]["id"]
    winner = portal.create("companies", name="Winner")
    portal.ok("POST", "/crm/objects/2026-09/companies/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})
    after = portal.ok("GET", f"/crm/objects/2026-09/deals/{deal['id']}", params={"associations": "companies"})

    assert {winner} == {one["id"] for one in after["associations"]["companies"]["results"]}


def test_gdpr_delete(portal: Any) -> None:
    """Deletion for privacy is 204, and nothing is left, not even archived."""
    id_ = portal.create("contacts", email="forget@b.nz")
    answer = portal.call("POST", f"{CONTACTS}/gdpr-delete", {"objectId": "forget@b.nz", "idProperty": "email"})

    assert answer.status_code == 204
    assert portal.call("GET", f"{CONTACTS}/{id_}").status_code == 404
    assert portal.call("GET", f"{CONTACTS}/{id_}", params={"archived": "true"}).status_code == 404


def test_associations_on_a_create(portal: Any) -> None:
    """A create can associate at once by type id; an unknown record or type refuses the whole create."""
    company = portal.create("companies", name="Parent")

    def body(id_: str, type_: int) -> dict[str, Any]:
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_}]
        return {"properties": {"firstname": "Tied"}, "associations": [{"to": {"id": id_}, "types": types}]}

    made = portal.ok("POST", CONTACTS, body(company, 279))
    read = portal.ok("GET", f"{CONTACTS}/{made['id']}", params={"associations": "companies"})

    assert company == read["associations"]["companies"]["results"][0]["id"]
    assert portal.call("POST", CONTACTS, body("999", 279)).status_code == 400
    assert portal.call("POST", CONTACTS, body(company, 3)).status_code == 400
