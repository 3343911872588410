"""Notes on request: one for each event of an invoice, on every record it concerns, never twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scene import OBJECTS, Scene

from ledgerloop.store import lanes, notes

NOTES = {"standing": {"notes": True}}


@pytest.fixture
def noted(staged: Callable[..., Scene]) -> Scene:
    """Give a stage on which notes are switched on."""
    return staged(NOTES)


def _notes_on(scene: Scene, kind: str, record: str) -> list[str]:
    """Return the bodies of the notes on a record."""
    body = {"inputs": [{"id": record}]}
    read = scene.on.at_hubspot("POST", f"/crm/associations/2026-09/{kind}/notes/batch/read", body)["results"]
    ids = [str(to["toObjectId"]) for one in read for to in one["to"]]
    return [
        scene.on.at_hubspot("GET", f"{OBJECTS}/notes/{id_}", query={"properties": "hs_note_body"})["properties"][
            "hs_note_body"
        ]
        for id_ in ids
    ]


def _until_noted(scene: Scene, contact: str, count: int, seconds: float = 12) -> list[str]:
    def look() -> list[str] | None:
        found = _notes_on(scene, "contacts", contact)
        return found if len(found) >= count else None

    return scene.on.until(f"{count} notes", look, seconds)


def _customer(scene: Scene, name: str, email: str) -> tuple[str, str]:
    customer = scene.customer(name, email)
    contact = str(scene.on.until("contact", lambda: scene.find_contact(email))["id"])
    scene.settle()
    return customer, contact


def test_each_event_is_noted_once(noted: Scene) -> None:
    """Sent, part paid, paid: a note for each on contact and company; showing the customer again adds none."""
    customer, contact = _customer(noted, "Noted Ltd", "nia@noted.example.com")
    invoice = noted.invoice_for(customer, "100.00", Date="2099-01-01")
    _until_noted(noted, contact, 1)
    noted.pay(invoice["InvoiceID"], "40.00")
    _until_noted(noted, contact, 2)
    noted.pay(invoice["InvoiceID"], "60.00")
    _until_noted(noted, contact, 3)
    noted.settle()
    noted.on.in_xero(
        "POST", f"/Contacts/{customer}", {"Contacts": [{"ContactID": customer, "Phones": [], "LastName": "New"}]}
    )
    noted.settle()

    bodies = " ".join(_notes_on(noted, "contacts", contact))
    companies = noted.on.at_hubspot(
        "POST", "/crm/associations/2026-09/contacts/companies/batch/read", {"inputs": [{"id": contact}]}
    )["results"][0]["to"]
    assert 3 == len(_notes_on(noted, "contacts", contact))
    assert "100.00 NZD was sent" in bodies
    assert "was paid in part. " in bodies
    assert "60.00 NZD remain" in bodies
    assert "was paid. " in bodies
    assert 3 == len(_notes_on(noted, "companies", str(companies[0]["toObjectId"])))


def test_a_payment_that_is_removed_and_made_again_is_noted(noted: Scene) -> None:
    """After “Nothing remains” a removed payment is told, with what is due again; and paying once more is told too."""
    customer, contact = _customer(noted, "Back Ltd", "ba@back.example.com")
    invoice = noted.invoice_for(customer, "100.00", Date="2099-01-01")
    _until_noted(noted, contact, 1)
    payment = noted.pay(invoice["InvoiceID"], "100.00")
    _until_noted(noted, contact, 2)

    noted.on.in_xero("POST", f"/Payments/{payment}", {"Payments": [{"PaymentID": payment, "Status": "DELETED"}]})
    third = set(_until_noted(noted, contact, 3))
    noted.pay(invoice["InvoiceID"], "100.00")
    fourth = set(_until_noted(noted, contact, 4)) - third
    noted.settle()

    (removed,) = [one for one in third if "taken back" in one]
    assert "100.00 NZD remain" in removed
    assert "was paid. Nothing remains." in fourth.pop()
    assert 4 == len(_notes_on(noted, "contacts", contact))


def test_the_deals_invoice_is_noted_on_the_deal(noted: Scene) -> None:
    """What happens to the invoice of a deal stands on that deal too."""
    deal = noted.sell()
    noted.until_shown("deals", deal, "xero_invoice_id")
    invoice = noted.invoices_of(deal)[0]["InvoiceID"]
    noted.approve(invoice)

    def look() -> list[str] | None:
        return _notes_on(noted, "deals", deal) or None

    assert "was sent" in noted.on.until("the deal has a note", look, 12)[0]


@pytest.mark.parametrize("kind", ["reset_after", "reset_before"])
def test_a_lost_answer_makes_no_second_note(noted: Scene, kind: str) -> None:
    """Whether the note was made before its answer was lost is looked up: it is adopted, or sent again."""
    customer, contact = _customer(noted, "Lost Ltd", "lou@lost.example.com")
    noted.fault("hubspot", kind=kind, path="notes/batch/create", times=1)

    noted.invoice_for(customer, "10.00", Date="2099-01-01")
    _until_noted(noted, contact, 1)
    _unpark(noted)
    noted.settle()

    def made() -> list[Any] | None:
        with noted.built.database.reading() as tx:
            found = notes.of_receivables(tx, noted.on.organisation, [_invoice_of(noted, customer)])
        return found if [one.state for one in found] == ["made"] else None

    noted.on.until("the note is known", made, 15)
    assert 1 == len(_notes_on(noted, "contacts", contact))


def test_without_the_setting_there_are_no_notes(scene: Scene) -> None:
    """Notes are off unless somebody wants them."""
    customer, contact = _customer(scene, "Quiet Ltd", "quin@quiet.example.com")
    scene.invoice_for(customer, "10.00", Date="2099-01-01")
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "10.00")
    scene.settle()

    assert [] == _notes_on(scene, "contacts", contact)


def _unpark(scene: Scene) -> None:
    with scene.built.database.transaction() as tx:
        lanes.unpark(tx, "standing", scene.on.organisation)


def _invoice_of(scene: Scene, customer: str) -> str:
    return next(one["InvoiceID"] for one in scene.invoices() if one["Contact"]["ContactID"] == customer)
