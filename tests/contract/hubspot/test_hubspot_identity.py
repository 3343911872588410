"""Checklist of the HubSpot sandbox: what tells who a record is. Domains, addresses, deletion and erasure."""

from __future__ import annotations

from typing import Any

COMPANIES = "/crm/objects/2026-09/companies"


def test_additional_domains_of_a_company(portal: Any) -> None:
    """`hs_additional_domains` is read and written like any property, several with semicolons."""
    id_ = portal.create("companies", name="Lupin", domain="lupin.com", hs_additional_domains="lupin.co.nz;lupin.de")
    definition = portal.ok("GET", "/crm/properties/2026-09/companies/hs_additional_domains")

    assert portal.values("companies", id_, "hs_additional_domains")["hs_additional_domains"] == "lupin.co.nz;lupin.de"
    assert (definition["type"], definition["fieldType"], definition["hubspotDefined"]) == (
        "enumeration",
        "checkbox",
        True,
    )


def test_additional_domains_in_search(portal: Any) -> None:
    """IN and CONTAINS_TOKEN find a company by one of several values; EQ compares them as they are written."""
    portal.set(search_lag_create=0, limits=False)
    id_ = portal.create("companies", name="Lupin", domain="lupin.com", hs_additional_domains="lupin.co.nz;lupin.de")

    def found(operator: str, **value: Any) -> list[str]:
        one = {"propertyName": "hs_additional_domains", "operator": operator, **value}
        return [record["id"] for record in portal.search("companies", one)["results"]]

    assert found("CONTAINS_TOKEN", value="lupin.co.nz") == [id_]
    assert found("CONTAINS_TOKEN", value="*.de") == [id_]
    assert found("IN", values=["lupin.de", "other.de"]) == [id_]
    assert found("EQ", value="lupin.co.nz;lupin.de") == [id_]
    assert found("EQ", value="lupin.de") == []
    assert found("CONTAINS_TOKEN", value="upin.de") == []
    assert found("HAS_PROPERTY") == [id_]
    assert id_ not in found("NOT_IN", values=["lupin.de"])


def test_additional_domains_survive_a_merge(portal: Any) -> None:
    """The survivor of a merge keeps its domain; the loser's domains become additional ones, each once."""
    winner = portal.create("companies", name="Win", domain="win.nz", hs_additional_domains="first.nz")
    loser = portal.create("companies", name="Lose", domain="lose.nz", hs_additional_domains="first.nz;second.nz")
    portal.ok("POST", f"{COMPANIES}/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})
    after = portal.values("companies", loser, "domain", "hs_additional_domains")

    assert (after["domain"], after["hs_additional_domains"]) == ("win.nz", "first.nz;lose.nz;second.nz")


def test_a_survivor_without_domain_takes_the_losers(portal: Any) -> None:
    """A survivor that has no domain takes the loser's as its own, and only the others as additional ones."""
    winner = portal.create("companies", name="Win")
    loser = portal.create("companies", name="Lose", domain="lose.nz", hs_additional_domains="second.nz")
    portal.ok("POST", f"{COMPANIES}/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})
    after = portal.values("companies", winner, "domain", "hs_additional_domains")

    assert (after["domain"], after["hs_additional_domains"]) == ("lose.nz", "second.nz")


CONTACTS = "/crm/objects/2026-09/contacts"
ARCHIVED = {"archived": "true"}


def _erase(portal: Any, id_: str) -> None:
    assert portal.call("POST", f"{CONTACTS}/gdpr-delete", {"objectId": id_}).status_code == 204


def _batch(portal: Any, *ids: str, **more: Any) -> tuple[int, list[str], list[str]]:
    body = {"inputs": [{"id": id_} for id_ in ids], "properties": ["email"], "propertiesWithHistory": []} | more
    answer = portal.call("POST", f"{CONTACTS}/batch/read", body, params=ARCHIVED)
    errors = answer.json().get("errors", [])
    found = [one["id"] for one in answer.json()["results"]]
    return answer.status_code, found, [id_ for error in errors for id_ in error["context"]["ids"]]


def test_archived_reads_tell_deletion_from_erasure(portal: Any) -> None:
    """A deleted contact is read with `archived=true`, with its values; an erased one is 404, in batches missing."""
    deleted, erased, alive = (portal.create("contacts", email=f"{name}@b.nz") for name in ("gone", "erased", "alive"))
    portal.ok("DELETE", f"{CONTACTS}/{deleted}")
    _erase(portal, erased)
    read = portal.ok("GET", f"{CONTACTS}/{deleted}", params=ARCHIVED)
    listed = {one["id"] for one in portal.ok("GET", CONTACTS, params=ARCHIVED | {"limit": "100"})["results"]}

    assert (read["archived"], read["properties"]["email"], "archivedAt" in read) == (True, "gone@b.nz", True)
    assert [portal.call("GET", f"{CONTACTS}/{id_}", params=ARCHIVED).status_code for id_ in (erased, alive)] == [
        404
    ] * 2
    assert _batch(portal, deleted, erased, alive) == (207, [deleted], [erased, alive])
    assert (deleted in listed, erased in listed, alive in listed) == (True, False, False)


def test_an_erased_archived_contact_is_gone(portal: Any) -> None:
    """A contact that was deleted first can be erased then, and nothing is left of it."""
    id_ = portal.create("contacts", email="both@b.nz")
    portal.ok("DELETE", f"{CONTACTS}/{id_}")
    _erase(portal, id_)

    assert portal.call("GET", f"{CONTACTS}/{id_}", params=ARCHIVED).status_code == 404


def test_archived_contacts_by_email(portal: Any) -> None:
    """By email an archived contact is not found, nor a living one in its place; a switch finds the archived one."""
    id_ = portal.create("contacts", email="gone@b.nz")
    portal.ok("DELETE", f"{CONTACTS}/{id_}")
    alive = portal.create("contacts", email="alive@b.nz")
    by_email = ARCHIVED | {"idProperty": "email"}
    before = [portal.call("GET", f"{CONTACTS}/{name}@b.nz", params=by_email).status_code for name in ("gone", "alive")]
    batch_before = _batch(portal, "gone@b.nz", "alive@b.nz", idProperty="email")
    portal.set(archived_by_property=True)
    after = portal.ok("GET", f"{CONTACTS}/GONE@b.nz", params=by_email)

    assert before == [404, 404]
    assert batch_before == (207, [], ["gone@b.nz", "alive@b.nz"])
    assert after["id"] == id_
    assert portal.call("GET", f"{CONTACTS}/alive@b.nz", params=by_email).status_code == 404
    assert _batch(portal, "gone@b.nz", idProperty="email") == (200, [id_], [])
    assert alive not in (id_, after["id"])


def test_an_erased_contact_may_be_shown_empty(portal: Any) -> None:
    """Switched so, an erased contact is still read with `archived=true`, but without any value."""
    portal.set(erased="empty")
    id_ = portal.create("contacts", email="shell@b.nz", firstname="Shell")
    _erase(portal, id_)
    read = portal.ok("GET", f"{CONTACTS}/{id_}", params=ARCHIVED)

    assert (read["archived"], read["properties"]["email"], read["properties"]["firstname"]) == (True, None, None)
    assert portal.call("GET", f"{CONTACTS}/{id_}").status_code == 404
    assert portal.call("GET", f"{CONTACTS}/shell@b.nz", params={"idProperty": "email"}).status_code == 404


def test_the_address_of_an_erased_contact(portal: Any) -> None:
    """An erased address is free again; switched so, it is refused, as is one that was erased without a contact."""
    first = portal.create("contacts", email="again@b.nz")
    _erase(portal, first)
    again = portal.create("contacts", email="again@b.nz")
    portal.set(erased_blocked=True)
    _erase(portal, again)
    never = {"objectId": "never@b.nz", "idProperty": "email"}
    assert portal.call("POST", f"{CONTACTS}/gdpr-delete", never).status_code == 204
    refused = [portal.call("POST", CONTACTS, {"properties": {"email": f"{n}@b.nz"}}) for n in ("AGAIN", "never")]

    assert first != again
    assert [one.status_code for one in refused] == [400, 400]
    assert {one.json()["category"] for one in refused} == {"VALIDATION_ERROR"}


def test_primary_and_additional_email_swap(portal: Any) -> None:
    """Writing one of a contact's additional addresses as its email swaps the two; both still find it."""
    id_ = portal.create("contacts", email="old@b.nz", hs_additional_emails="new@b.nz;third@b.nz")
    portal.ok("PATCH", f"{CONTACTS}/{id_}", {"properties": {"email": "new@b.nz"}})
    after = portal.values("contacts", id_, "email", "hs_additional_emails")
    found = {
        portal.ok("GET", f"{CONTACTS}/{name}@b.nz", params={"idProperty": "email"})["id"] for name in ("old", "new")
    }
    taken = portal.call("POST", CONTACTS, {"properties": {"email": "old@b.nz"}})

    assert (after["email"], after["hs_additional_emails"]) == ("new@b.nz", "third@b.nz;old@b.nz")
    assert found == {id_}
    assert taken.status_code == 409


def test_emails_swap_in_batches_too(portal: Any) -> None:
    """A batch update swaps as a single one does."""
    id_ = portal.create("contacts", email="old@b.nz", hs_additional_emails="new@b.nz")
    inputs = [{"id": id_, "properties": {"email": "NEW@b.nz"}}]
    portal.ok("POST", f"{CONTACTS}/batch/update", {"inputs": inputs})
    after = portal.values("contacts", id_, "email", "hs_additional_emails")

    assert (after["email"], after["hs_additional_emails"]) == ("new@b.nz", "old@b.nz")


def test_a_new_email_replaces_the_old_one(portal: Any) -> None:
    """A quite new email takes the old one's place, which is free then; switched so, the old one stays as additional."""
    id_ = portal.create("contacts", email="one@b.nz", hs_additional_emails="more@b.nz")
    portal.ok("PATCH", f"{CONTACTS}/{id_}", {"properties": {"email": "two@b.nz"}})
    replaced = portal.values("contacts", id_, "hs_additional_emails")["hs_additional_emails"]
    portal.set(old_email_kept=True)
    portal.ok("PATCH", f"{CONTACTS}/{id_}", {"properties": {"email": "three@b.nz"}})
    kept = portal.values("contacts", id_, "hs_additional_emails")["hs_additional_emails"]

    assert (replaced, kept) == ("more@b.nz", "more@b.nz;two@b.nz")
    assert portal.create("contacts", email="one@b.nz") != id_
    assert portal.call("POST", CONTACTS, {"properties": {"email": "two@b.nz"}}).status_code == 409


def test_automatic_company_may_have_no_name(portal: Any) -> None:
    """The company that a contact brings is named after its domain, or, switched so, has no name yet."""
    portal.set(automatic_company=True)
    named = portal.create("contacts", email="a@named.co.nz")
    portal.set(automatic_company_name="empty")
    unnamed = portal.create("contacts", email="a@unnamed.co.nz")
    companies = [
        portal.values("contacts", id_, "associatedcompanyid")["associatedcompanyid"] for id_ in (named, unnamed)
    ]
    shown = [portal.values("companies", id_, "name", "domain") for id_ in companies]

    assert [(one["name"], one["domain"]) for one in shown] == [
        ("named.co.nz", "named.co.nz"),
        (None, "unnamed.co.nz"),
    ]
