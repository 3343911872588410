"""Checklist of the HubSpot sandbox: associations, line items, and the smaller things around a deal."""

from __future__ import annotations

from typing import Any

import pytest

OBJECTS = "/crm/objects/2026-09"
EDGES = "/crm/associations/2026-09"


def spec(type_: int) -> dict[str, Any]:
    """Write an association type as it is sent."""
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_}


def ends(portal: Any, start: str, end: str, id_: str) -> dict[int, list[int]]:
    """Read what stands by a record: numeric id to type ids."""
    answer = portal.ok("POST", f"{EDGES}/{start}/{end}/batch/read", {"inputs": [{"id": id_}]})
    return {
        one["toObjectId"]: [type_["typeId"] for type_ in one["associationTypes"]]
        for row in answer["results"]
        for one in row["to"]
    }


@pytest.mark.parametrize(
    ("pair", "ids"),
    [
        ("deals/contacts", [3]),
        ("contacts/deals", [4]),
        ("deals/companies", [341, 5]),
        ("companies/deals", [342, 6]),
        ("contacts/companies", [279, 1, 931]),
        ("companies/contacts", [280, 2, 930]),
        ("deals/line_items", [19]),
        ("line_items/deals", [20]),
        ("notes/contacts", [202]),
        ("notes/companies", [190]),
        ("notes/deals", [214]),
        ("tasks/contacts", [204]),
        ("deals/invoices", [176]),
        ("contacts/invoices", [178]),
        ("companies/invoices", [180]),
        ("invoices/line_items", [409]),
        ("invoices/commerce_payments", [541]),
        ("deals/subscriptions", [300]),
        ("subscriptions/deals", [299]),
        ("subscriptions/contacts", [295]),
        ("subscriptions/companies", [297]),
        ("subscriptions/line_items", [301]),
    ],
)
def test_type_ids_and_labels(portal: Any, pair: str, ids: list[int]) -> None:
    """The type ids of a pair are those of HubSpot's table, the unlabelled one first."""
    types = portal.ok("GET", f"{EDGES}/{pair}/labels")["results"]

    assert ids == [one["typeId"] for one in types]
    assert {"HUBSPOT_DEFINED"} == {one["category"] for one in types}
    assert types[0]["label"] is None


def test_default_association_is_idempotent(portal: Any) -> None:
    """PUT default answers 200 in batch shape, and doing it again changes nothing."""
    deal, contact = portal.deal(), portal.create("contacts", firstname="A")
    path = f"{OBJECTS}/deals/{deal}/associations/default/contacts/{contact}"
    first, second = portal.call("PUT", path), portal.call("PUT", path)
    row = {"from": {"id": deal}, "to": {"id": contact}, "associationSpec": spec(3)}

    assert [first.status_code, second.status_code] == [200, 200]
    assert [row] == first.json()["results"] == second.json()["results"]
    assert {int(contact): [3]} == ends(portal, "deals", "contacts", deal)
    assert {int(deal): [4]} == ends(portal, "contacts", "deals", contact)


def test_labelled_association(portal: Any) -> None:
    """PUT with labels is 201, tells both ends, and brings the unlabelled type too; DELETE is 204."""
    contact, company = portal.create("contacts", firstname="B"), portal.create("companies", name="B")
    path = f"{OBJECTS}/contacts/{contact}/associations/companies/{company}"
    made = portal.call("PUT", path, [spec(931)])
    after = ends(portal, "contacts", "companies", contact)
    gone = portal.call("DELETE", path)

    assert (made.status_code, gone.status_code) == (201, 204)
    assert ("0-1", contact, "0-2", company, ["Billing contact"]) == tuple(made.json().values())
    assert {int(company): [1, 279, 931]} == after
    assert ends(portal, "contacts", "companies", contact) == {}


def test_primary_company(portal: Any) -> None:
    """The first company becomes the primary; naming another moves the mark, and there is one at most."""
    contact = portal.create("contacts", firstname="P")
    one, two = (portal.create("companies", name=name) for name in ("One", "Two"))
    for company in (one, two):
        portal.ok("PUT", f"{OBJECTS}/contacts/{contact}/associations/default/companies/{company}")
    before = ends(portal, "contacts", "companies", contact)
    portal.ok("PUT", f"{OBJECTS}/contacts/{contact}/associations/companies/{two}", [spec(1)])
    after = ends(portal, "contacts", "companies", contact)

    assert {int(one): [1, 279], int(two): [279]} == before
    assert {int(one): [279], int(two): [1, 279]} == after
    assert two == portal.values("contacts", contact, "associatedcompanyid")["associatedcompanyid"]


def test_numeric_to_object_id(portal: Any) -> None:
    """`toObjectId` is a number in v4 and dated answers, the id of `from` is text."""
    deal = portal.ok("GET", f"{OBJECTS}/deals", params={"limit": 1})["results"][0]["id"]
    for path in ("/crm/v4/associations", EDGES):
        row = portal.ok("POST", f"{path}/deals/line_items/batch/read", {"inputs": [{"id": deal}]})["results"][0]
        assert deal == row["from"]["id"]
        assert all(isinstance(one["toObjectId"], int) for one in row["to"])


def test_batch_read_207_for_records_without_associations(portal: Any) -> None:
    """A record with nothing by it stands in errors; the others are answered."""
    deal = portal.deal()
    other = portal.ok("GET", f"{OBJECTS}/deals", params={"limit": 1})["results"][0]["id"]
    answer = portal.call("POST", f"{EDGES}/deals/contacts/batch/read", {"inputs": [{"id": deal}, {"id": other}]})
    error = answer.json()["errors"][0]

    assert (207, [deal]) == (answer.status_code, error["context"]["fromObjectId"])
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"


@pytest.mark.parametrize(
    ("action", "most"), [("read", 1_000), ("create", 2_000), ("associate/default", 2_000), ("archive", 100)]
)
def test_batch_sizes(portal: Any, action: str, most: int) -> None:
    """A batch reads 1,000, creates 2,000 and archives 100; one more is 400."""
    row = {"id": "1", "from": {"id": "1"}, "to": {"id": "2"}, "types": [spec(3)]}
    if action == "archive":
        row["to"] = [{"id": "2"}]
    path = f"{EDGES}/deals/contacts/batch/{action}"
    statuses = [portal.call("POST", path, {"inputs": [row] * count}).status_code for count in (most, most + 1)]

    assert [204 if action == "archive" else 207, 400] == statuses


def test_batch_create_default_archive(portal: Any) -> None:
    """Batches make labelled (201) and default (200) associations, take labels away and part records (204)."""
    contact, company = portal.create("contacts", firstname="Z"), portal.create("companies", name="Z")
    row = {"from": {"id": contact}, "to": {"id": company}}
    path = f"{EDGES}/contacts/companies/batch"
    answers = [
        portal.call("POST", f"{path}/create", {"inputs": [row | {"types": [spec(931)]}]}),
        portal.call("POST", f"{path}/associate/default", {"inputs": [row]}),
        portal.call("POST", f"{path}/labels/archive", {"inputs": [row | {"types": [spec(931)]}]}),
    ]
    unlabelled = ends(portal, "contacts", "companies", contact)
    answers.append(portal.call("POST", f"{path}/archive", {"inputs": [row | {"to": [row["to"]]}]}))

    assert [one.status_code for one in answers] == [201, 200, 204, 204]
    assert {int(company): [1, 279]} == unlabelled
    assert ends(portal, "contacts", "companies", contact) == {}


def test_many_associations_come_in_pages_of_500(portal: Any) -> None:
    """More than 500 by one record are paged, by the input's `after`."""
    portal.set(limits=False)
    company = portal.create("companies", name="Big")
    ids: list[str] = []
    for start in range(0, 600, 100):
        inputs = [{"properties": {"firstname": f"m{start + n}"}} for n in range(100)]
        made = portal.ok("POST", f"{OBJECTS}/contacts/batch/create", {"inputs": inputs})
        ids += [one["id"] for one in made["results"]]
    rows = [{"from": {"id": company}, "to": {"id": one}} for one in ids]
    portal.ok("POST", f"{EDGES}/companies/contacts/batch/associate/default", {"inputs": rows})
    path = f"{EDGES}/companies/contacts/batch/read"
    first = portal.ok("POST", path, {"inputs": [{"id": company}]})["results"][0]
    after = first["paging"]["next"]["after"]
    second = portal.ok("POST", path, {"inputs": [{"id": company, "after": after}]})["results"][0]

    assert (len(first["to"]), len(second["to"])) == (500, 100)
    assert "paging" not in second


def test_line_items_with_calculated_amount(portal: Any) -> None:
    """The amount is price times quantity less the discount per unit; tax follows the rate group."""
    id_ = portal.create("line_items", name="L", quantity="3", price="19.99", discount="0.99", hs_tax_rate_group_id="1")
    names = (
        "amount",
        "hs_pre_discount_amount",
        "hs_total_discount",
        "hs_tax_amount",
        "hs_post_tax_amount",
        "hs_tax_rate",
    )

    assert tuple(portal.values("line_items", id_, *names).values())[:6] == (
        "57",
        "59.97",
        "2.97",
        "8.55",
        "65.55",
        "15",
    )


def test_line_item_percentage_discount(portal: Any) -> None:
    """A percentage discounts the whole line."""
    id_ = portal.create("line_items", name="P", quantity="2", price="50", hs_discount_percentage="10")

    assert portal.values("line_items", id_, "amount")["amount"] == "90"


def test_line_item_price_is_never_negative(portal: Any) -> None:
    """A negative price is refused."""
    body = {"properties": {"name": "N", "price": "-1"}}

    assert portal.call("POST", f"{OBJECTS}/line_items", body).status_code == 400


def test_line_item_belongs_to_one_parent(portal: Any) -> None:
    """A line item by one deal is not taken by another."""
    line = portal.create("line_items", name="One", price="1", quantity="1")
    first, second = portal.deal(), portal.deal()
    answers = [
        portal.call("PUT", f"{OBJECTS}/line_items/{line}/associations/default/deals/{deal}") for deal in (first, second)
    ]

    assert [one.status_code for one in answers] == [200, 400]


def test_line_item_copies_from_its_product(portal: Any) -> None:
    """A line item made from a product takes its name, price and SKU."""
    product = portal.ok("GET", f"{OBJECTS}/products")["results"][0]["id"]
    values = portal.values(
        "line_items", portal.create("line_items", hs_product_id=product, quantity="2"), "name", "hs_sku", "amount"
    )

    assert (values["name"], values["hs_sku"], values["amount"]) == ("House blend, kg", "BEAN-01", "63")


def test_tax_rates(portal: Any) -> None:
    """Tax rates show a numeric percentage, and `active` filters."""
    rates = portal.ok("GET", "/tax-rates/2026-09/tax-rates")["results"]
    active = portal.ok("GET", "/tax-rates/2026-09/tax-rates", params={"active": "true"})["results"]

    assert {"id", "name", "label", "percentageRate", "active", "createdAt", "updatedAt"} == rates[0].keys()
    assert (rates[0]["percentageRate"], len(rates), len(active)) == (15.0, 3, 2)


def test_owners(portal: Any) -> None:
    """Owners are listed by email, archived ones apart, with user id, type and teams."""
    moana = portal.ok("GET", "/crm/owners/2026-09", params={"email": "moana@sandbox.co.nz"})["results"]
    archived = portal.ok("GET", "/crm/owners/2026-09", params={"archived": "true"})["results"]
    page = portal.ok("GET", "/crm/owners/2026-09", params={"limit": "1"})

    assert (moana[0]["type"], moana[0]["userId"], moana[0]["teams"][0]["primary"]) == ("PERSON", 1, True)
    assert [one["email"] for one in archived] == ["gone@sandbox.co.nz"]
    assert page["paging"]["next"]["after"] == "1"


def test_currencies(portal: Any) -> None:
    """The account's currency and the rates into it are told."""
    company = portal.ok("GET", "/settings/currencies/2026-09/company-currency")
    rates = portal.ok("GET", "/settings/currencies/2026-09/exchange-rates/current")["results"]

    assert company["id"] == "NZD"
    assert {"USD", "AUD"} == {one["fromCurrencyCode"] for one in rates}


def test_notes(portal: Any) -> None:
    """A note is made with a timestamp and associations, changed by its id, and searched by its body after the lag."""
    deal = portal.deal()
    body = {
        "properties": {"hs_timestamp": "2026-01-17T00:00:00Z", "hs_note_body": "<p>Invoice INV-1 HS-marker</p>"},
        "associations": [{"to": {"id": deal}, "types": [spec(214)]}],
    }
    made = portal.ok("POST", f"{OBJECTS}/notes", body)
    portal.ok("PATCH", f"{OBJECTS}/notes/{made['id']}", {"properties": {"hs_note_body": "<p>Paid HS-marker</p>"}})
    portal.pass_time(10)
    wanted = {"propertyName": "hs_note_body", "operator": "CONTAINS_TOKEN", "value": "*HS-marker*"}

    assert {int(made["id"]): [213]} == ends(portal, "deals", "notes", deal)
    assert [made["id"]] == [one["id"] for one in portal.search("notes", wanted)["results"]]


def branch(value: int, include: bool = False) -> dict[str, Any]:
    """Write the filter branch of a list of records with a number above another."""
    operation = {
        "operationType": "NUMBER",
        "operator": "IS_GREATER_THAN",
        "value": value,
        "includeObjectsWithNoValueSet": include,
    }
    one = {"filterType": "PROPERTY", "property": "amount", "operation": operation}
    inside = {"filterBranchType": "AND", "filterBranchOperator": "AND", "filterBranches": [], "filters": [one]}
    return {"filterBranchType": "OR", "filterBranchOperator": "OR", "filters": [], "filterBranches": [inside]}


def test_dynamic_lists(portal: Any) -> None:
    """A dynamic list follows its filter; names are unique; the filter is replaced; members cannot be written."""
    body = {"name": "Big deals", "objectTypeId": "0-3", "processingType": "DYNAMIC", "filterBranch": branch(5000)}
    made = portal.call("POST", "/crm/lists/2026-09", body)
    again = portal.call("POST", "/crm/lists/2026-09", body)
    id_ = made.json()["list"]["listId"]
    before = portal.ok("GET", f"/crm/lists/2026-09/{id_}/memberships")["results"]
    named = portal.ok("GET", "/crm/lists/2026-09/object-type-id/0-3/name/Big deals")
    portal.ok("PUT", f"/crm/lists/2026-09/{id_}/update-list-filters", {"filterBranch": branch(0)})
    after = portal.ok("GET", f"/crm/lists/2026-09/{id_}/memberships")["results"]
    written = portal.call("PUT", f"/crm/lists/2026-09/{id_}/memberships/add", ["1"])

    assert (made.status_code, again.status_code, written.status_code) == (200, 400, 400)
    assert (id_, "DYNAMIC") == (named["list"]["listId"], named["list"]["processingType"])
    assert len(before) < len(after)


def test_static_lists(portal: Any) -> None:
    """Memberships of a manual list are written as a list of ids."""
    contact = portal.create("contacts", firstname="M")
    body = {"name": "By hand", "objectTypeId": "0-1", "processingType": "MANUAL"}
    id_ = portal.ok("POST", "/crm/lists/2026-09", body)["list"]["listId"]
    added = portal.ok("PUT", f"/crm/lists/2026-09/{id_}/memberships/add", [contact, "1"])
    removed = portal.ok("PUT", f"/crm/lists/2026-09/{id_}/memberships/remove", [contact])

    assert {"recordsIdsAdded": [contact], "recordIdsMissing": ["1"], "recordIdsRemoved": []} == added
    assert [contact] == removed["recordIdsRemoved"]


def test_invoices(portal: Any) -> None:
    """A draft needs a currency alone; open needs one contact and a line item; nobody sets paid by hand."""
    invoice = portal.create("invoices", hs_currency="NZD")
    path = f"{OBJECTS}/invoices/{invoice}"
    early = portal.call("PATCH", path, {"properties": {"hs_invoice_status": "open"}})
    line = portal.create("line_items", name="I", price="10", quantity="2")
    contact = portal.create("contacts", firstname="I")
    portal.ok("PUT", f"{path}/associations/default/line_items/{line}")
    portal.ok("PUT", f"{path}/associations/default/contacts/{contact}")
    opened = portal.call("PATCH", path, {"properties": {"hs_invoice_status": "open"}})
    paid = portal.call("PATCH", path, {"properties": {"hs_invoice_status": "paid"}})
    values = portal.values("invoices", invoice, "hs_invoice_status", "hs_amount_billed")

    assert (early.status_code, opened.status_code, paid.status_code) == (400, 200, 400)
    assert (values["hs_invoice_status"], values["hs_amount_billed"]) == ("open", "20")


def test_payments_cannot_be_recorded_by_hand(portal: Any) -> None:
    """Payment objects need a processor."""
    body = {"properties": {"hs_initial_amount": "1", "hs_currency_code": "NZD"}}

    assert portal.call("POST", f"{OBJECTS}/commerce_payments", body).status_code == 400
