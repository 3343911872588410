"""Notes on request: one for each event of an invoice, on every record it concerns, never twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from scene import OBJECTS, Scene

from ledgerloop.customers import timeline_notes
from ledgerloop.parts import instead
from ledgerloop.store import connections, lanes, notes, pending_customers, single_values

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
    """Approved, part paid, paid: a note for each on contact and company; showing the customer again adds none."""
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
    assert "100.00 NZD was approved" in bodies
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

    assert "was approved" in noted.on.until("the deal has a note", look, 12)[0]


@pytest.mark.parametrize("kind", ["reset_after", "reset_before"])
def test_a_lost_answer_makes_no_second_note(noted: Scene, kind: str) -> None:
    """Whether the note was made before its answer was lost is looked up: it is adopted, or sent again."""
    customer, contact = _customer(noted, "Lost Ltd", "lou@lost.example.com")
    noted.fault("hubspot", kind=kind, path="notes/batch/create", times=1)

    noted.invoice_for(customer, "10.00", Date="2099-01-01")
    noted.on.until("notes rest", lambda: _rest(noted) or None)
    _end_rest(noted)

    noted.on.until("the note is known", lambda: _states(noted, customer) == {"sent": "made"} or None, 15)
    assert 1 == len(_notes_on(noted, "contacts", contact))


@pytest.mark.parametrize("status", [403, 404, 429, 503])
def test_notes_that_fail_hold_up_no_payment(noted: Scene, status: int) -> None:
    """They rest alone: what is paid is shown meanwhile, and what happened is told, once, when they may go on."""
    customer, contact = _customer(noted, "Prompt Ltd", "pru@prompt.example.com")
    headers = {"headers": {"Retry-After": "2"}} if status == 429 else {}
    noted.fault("hubspot", kind="status", status=status, path="notes/batch/create", method="POST", **headers)

    invoice = noted.invoice_for(customer, "100.00", Date="2099-01-01")
    noted.on.until("notes rest", lambda: _rest(noted) or None)
    asked = len(noted.calls("hubspot", "notes/batch/create"))
    noted.pay(invoice["InvoiceID"], "40.00")

    noted.until_shown("contacts", contact, "xero_outstanding_balance", "60.00", seconds=8)
    noted.settle()
    with noted.built.database.reading() as tx:
        assert [] == [one.parked_why for one in lanes.all_lanes(tx) if one.parked_why]
        assert [] == pending_customers.every(tx, noted.on.organisation)
    if status != 429:  # after two seconds they may have been tried again
        assert asked == len(noted.calls("hubspot", "notes/batch/create"))
        assert {"sent": "sent", "part 60.00": "intended"} == _states(noted, customer)
    noted.mend("hubspot")
    _end_rest(noted)
    noted.on.until("it is told", lambda: _states(noted, customer).get("part 60.00") == "made" or None, 15)
    noted.settle()
    assert {"sent": "lapsed", "part 60.00": "made"} == _states(noted, customer)
    assert 1 == len(_notes_on(noted, "contacts", contact))
    assert not _rest(noted)


def test_notes_that_are_refused_are_held_until_one_is_sent(noted: Scene) -> None:
    """A person is told what HubSpot said and what to do; that ends with the first note that HubSpot takes."""
    customer, contact = _customer(noted, "Told Ltd", "tom@told.example.com")
    noted.fault("hubspot", kind="status", status=403, path="notes/batch/create", method="POST")
    noted.invoice_for(customer, "100.00", Date="2099-01-01")
    noted.on.until("notes rest", lambda: _rest(noted) or None)
    subject = f"notes {noted.on.organisation}"

    (said,) = noted.holds()[subject]

    assert "HubSpot would not take notes on invoices" in said
    assert "403" in said
    assert "`standing.notes`" in said
    noted.mend("hubspot")
    _end_rest(noted)
    _until_noted(noted, contact, 1)
    noted.settle()
    assert subject not in noted.holds()


def test_notes_that_are_switched_off_ask_nobody(noted: Scene) -> None:
    """Where somebody would rather have no notes than give the token what they need, the question ends."""
    customer, _ = _customer(noted, "Off Ltd", "ole@off.example.com")
    noted.fault("hubspot", kind="status", status=403, path="notes/batch/create", method="POST")
    noted.invoice_for(customer, "100.00", Date="2099-01-01")
    subject = f"notes {noted.on.organisation}"
    noted.on.until("somebody is asked", lambda: subject in noted.holds() or None)
    noted.settle()
    with noted.built.database.reading() as tx:
        home = connections.organisation(tx, noted.on.organisation)
    assert home is not None

    with instead(replace(noted.built.parts(), notes=False)):
        timeline_notes.note_happenings(home, [customer])

    assert subject not in noted.holds()


def test_a_token_that_has_ended_stops_more_than_notes(noted: Scene) -> None:
    """Where HubSpot must be connected again, the lane waits and says so: nothing else would go through either."""
    customer, _ = _customer(noted, "Ended Ltd", "ed@ended.example.com")
    noted.fault("hubspot", kind="status", status=401, path="notes/batch/create", method="POST")

    noted.invoice_for(customer, "100.00", Date="2099-01-01")

    def parked() -> list[str] | None:
        with noted.built.database.reading() as tx:
            return [one.parked_why for one in lanes.all_lanes(tx) if one.parked_why] or None

    assert "must be connected again" in noted.on.until("the lane is parked", parked, 15)[0]
    assert not _rest(noted)


def test_what_is_no_longer_so_is_not_told_after_a_rest(noted: Scene) -> None:
    """An event that was never sent and is over ends: nothing of it stays open, and nobody reads of it."""
    customer, contact = _customer(noted, "Over Ltd", "olga@over.example.com")
    _rest_for_long(noted)
    invoice = noted.invoice_for(customer, "100.00", Date="2099-01-01")
    noted.until_shown("contacts", contact, "xero_outstanding_balance", "100.00")
    noted.settle()
    assert {"sent": "intended"} == _states(noted, customer)

    noted.pay(invoice["InvoiceID"], "100.00")
    noted.until_shown("contacts", contact, "xero_outstanding_balance", "0.00")
    noted.settle()

    assert {"sent": "lapsed", "paid": "intended"} == _states(noted, customer)
    _end_rest(noted)
    _until_noted(noted, contact, 1)
    noted.settle()
    assert {"sent": "lapsed", "paid": "made"} == _states(noted, customer)
    with noted.built.database.reading() as tx:
        assert [] == notes.customers_open(tx, noted.on.organisation)


@pytest.mark.parametrize("whole", [False, True])
def test_a_deleted_deal_costs_nobody_else_the_note(noted: Scene, *, whole: bool) -> None:
    """What is refused for a deal that is gone stands on contact and company, once; whichever way HubSpot refuses it."""
    invoice, customer, contact, deal = _sold(noted)
    noted.on.at_hubspot("DELETE", f"{OBJECTS}/deals/{deal}")
    if whole:
        noted.fault("hubspot", kind="status", status=404, path="notes/batch/create", method="POST", times=1)
    noted.settle()
    noted.forget_calls()

    noted.approve(invoice)

    _until_noted(noted, contact, 1)
    noted.settle()
    assert {"sent": "made"} == _states(noted, customer)
    assert 2 == len(noted.calls("hubspot", "notes/batch/create"))
    for state in ("sent", "lapsed"):  # as after a kill before the answer was kept
        _look_again(noted, customer, invoice, state)
        noted.on.until("the note is found", lambda: _states(noted, customer) == {"sent": "made"} or None, 15)
        noted.settle()
    assert 1 == len(_notes_on(noted, "contacts", contact))
    assert 2 == len(noted.calls("hubspot", "notes/batch/create"))


def test_a_note_that_is_taken_costs_one_call(noted: Scene) -> None:
    """Nobody looks whether the records of a note stand before HubSpot has refused it."""
    invoice, customer, contact, _ = _sold(noted)
    noted.settle()
    noted.forget_calls()

    noted.approve(invoice)

    _until_noted(noted, contact, 1)
    noted.settle()
    assert {"sent": "made"} == _states(noted, customer)
    assert 1 == len(noted.calls("hubspot", "notes"))
    assert [] == noted.calls("hubspot", "contacts/batch/read")


def test_without_the_setting_there_are_no_notes(scene: Scene) -> None:
    """Notes are off unless somebody wants them."""
    customer, contact = _customer(scene, "Quiet Ltd", "quin@quiet.example.com")
    scene.invoice_for(customer, "10.00", Date="2099-01-01")
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "10.00")
    scene.settle()

    assert [] == _notes_on(scene, "contacts", contact)


def _sold(scene: Scene) -> tuple[str, str, str, str]:
    """Sell, and return the invoice, its customer, the customer's HubSpot contact, and the deal."""
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    scene.settle()
    invoice = scene.invoices_of(deal)[0]
    contact = scene.find_contact("person1@customer1.example.com")
    assert contact is not None
    return invoice["InvoiceID"], invoice["Contact"]["ContactID"], str(contact["id"]), deal


def _rest(scene: Scene) -> str:
    """Return until when notes rest; empty where they do not."""
    with scene.built.database.reading() as tx:
        return single_values.get(tx, single_values.text(f"notes {scene.on.organisation}")) or ""


def _rest_for_long(scene: Scene) -> None:
    until = scene.built.now() + timedelta(hours=1)
    with scene.built.database.transaction() as tx:
        single_values.put(tx, single_values.text(f"notes {scene.on.organisation}"), until.isoformat())


def _end_rest(scene: Scene) -> None:
    """Let the rest be over now; nothing else happens that could wake the lane."""
    with scene.built.database.transaction() as tx:
        single_values.put(tx, single_values.text(f"notes {scene.on.organisation}"), scene.built.now().isoformat())


def _states(scene: Scene, customer: str) -> dict[str, str]:
    """Return what became of the notes on the customer's one invoice, by event."""
    with scene.built.database.reading() as tx:
        found = notes.of_receivables(tx, scene.on.organisation, [_invoice_of(scene, customer)])
    return {one.event: one.state for one in found}


def _look_again(scene: Scene, customer: str, invoice: str, state: notes.State) -> None:
    """Have a customer looked at whose note is in a state."""
    now, organisation = scene.built.now(), scene.on.organisation
    with scene.built.database.transaction() as tx:
        notes.mark(tx, organisation, [(invoice, "sent")], state, now)
        pending_customers.mark(tx, organisation, [customer])
        lanes.wake(tx, "standing", organisation, now)


def _invoice_of(scene: Scene, customer: str) -> str:
    return next(one["InvoiceID"] for one in scene.invoices() if one["Contact"]["ContactID"] == customer)
