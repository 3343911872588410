"""Lists on request: three dynamic lists of contacts, made once, mended when somebody changed them."""

from __future__ import annotations

from typing import Any

from scene import Scene

from ledgerloop.portal.lists import make_lists
from ledgerloop.rules.lists import LISTS

NAMES = [one.name for one in LISTS]


def _list(scene: Scene, name: str) -> dict[str, Any]:
    found: dict[str, Any] = scene.on.at_hubspot("GET", f"/crm/lists/2026-09/object-type-id/0-1/name/{name}")["list"]
    return found


def _members(scene: Scene, name: str) -> list[str]:
    path = f"/crm/lists/2026-09/{_list(scene, name)['listId']}/memberships"
    return [str(one["recordId"]) for one in scene.on.at_hubspot("GET", path)["results"]]


def test_lists_are_made_once_and_fill_themselves(scene: Scene) -> None:
    """Made by name, not made again, and each holds just the contacts it says."""
    client = scene.built.vendors.hubspot()
    first, second = make_lists(client, {}), make_lists(client, {})
    owing, paid = scene.customer("Owe Ltd", "oli@owe.example.com"), scene.customer("Paid Ltd", "pat@paid.example.com")
    scene.invoice_for(owing, "10.00", DueDate="2020-01-01")
    invoice = scene.invoice_for(paid, "10.00")
    scene.pay(invoice["InvoiceID"], "10.00")
    ids = {}
    for email, word in (("oli@owe.example.com", "OVERDUE"), ("pat@paid.example.com", "PAID")):
        contact = scene.on.until("contact", lambda email=email: scene.find_contact(email))
        ids[word] = str(contact["id"])
        scene.until_shown("contacts", ids[word], "xero_invoice_status", word)

    assert (NAMES, []) == (first.made, first.there)
    assert ([], NAMES) == (second.made, second.there)
    assert [ids["OVERDUE"]] == _members(scene, "Xero: overdue")
    assert [ids["OVERDUE"]] == _members(scene, "Xero: outstanding")
    assert [ids["PAID"]] == _members(scene, "Xero: paid up")


def test_a_list_somebody_changed_is_mended_and_a_foreign_one_left_alone(scene: Scene) -> None:
    """Our list gets its filter back; a list of that name that fills by hand is named and not touched."""
    client = scene.built.vendors.hubspot()
    manual = {"name": "Xero: paid up", "objectTypeId": "0-1", "processingType": "MANUAL"}
    scene.on.at_hubspot("POST", "/crm/lists/2026-09", manual)
    make_lists(client, {})
    id_ = _list(scene, "Xero: overdue")["listId"]
    other = LISTS[1].branch(lambda name: name)
    scene.on.at_hubspot("PUT", f"/crm/lists/2026-09/{id_}/update-list-filters", {"filterBranch": other})

    done = make_lists(client, {})

    assert (["Xero: overdue"], ["Xero: outstanding"]) == (done.changed, done.there)
    assert "Xero: paid up" in done.wrong[0]
    assert "MANUAL" == _list(scene, "Xero: paid up")["processingType"]


def test_mapped_names_are_filtered_by(scene: Scene) -> None:
    """A portal that calls a property otherwise has lists that look at its own name."""
    client = scene.built.vendors.hubspot()

    make_lists(client, {"xero_overdue_balance": "finance_overdue"})

    path = "/crm/lists/2026-09/object-type-id/0-1/name/Xero: overdue"
    branch = scene.on.at_hubspot("GET", path, query={"includeFilters": "true"})["list"]["filterBranch"]
    assert "finance_overdue" == branch["filterBranches"][0]["filters"][0]["property"]
