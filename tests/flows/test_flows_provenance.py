"""Every line of the journal says which turn wrote it, which events led to it, and what the vendor answered."""

from __future__ import annotations

from crm import Customers
from scene import Scene

from ledgerloop.records import Entry
from ledgerloop.store import inbox, journal, lanes
from ledgerloop.store.inbox import Kept


def _lines(scene: Scene, subject: str, decision: str, target: str) -> list[Entry]:
    """Return the lines of a subject that decided so and wrote to such a target, oldest first."""
    with scene.built.database.reading() as tx:
        some = reversed(journal.recent(tx, 100, subject))
        return [one for one in some if one.decision == decision and one.target.startswith(target)]


def _led_to(scene: Scene, entry: Entry) -> list[Kept]:
    """Return the events that a line names."""
    with scene.built.database.reading() as tx:
        return [one for one in inbox.recent(tx, 1000) if one.id in entry.events]


def _named(scene: Scene, entry: Entry) -> set[str]:
    return {one.event.resource for one in _led_to(scene, entry)}


def _failures(scene: Scene) -> int:
    with scene.built.database.reading() as tx:
        return sum(one.failures for one in lanes.all_lanes(tx) if one.flow == "standing")


def test_a_customer_and_its_payment(scene: Scene) -> None:
    """What is made and written of a customer names the events of it and of its invoices, and of nobody else's."""
    customer = scene.customer("Kea Ltd", "kim@kea.example.com")
    other = scene.customer("Tui Ltd", "tim@tui.example.com")
    mine, theirs = scene.invoice_for(customer), scene.invoice_for(other)
    scene.settle()
    contact = scene.find_contact("kim@kea.example.com")
    assert contact is not None
    scene.pay(mine["InvoiceID"], "100.00")
    scene.until_shown("contacts", str(contact["id"]), "xero_outstanding_balance", "0.00")
    scene.settle()

    (made,) = _lines(scene, f"customer {customer}", "create", "hubspot contact")
    paid = _lines(scene, f"customer {customer}", "update", "hubspot contact")[-1]
    of_other = _lines(scene, f"customer {other}", "create", "hubspot contact")[-1]

    assert made.answer.startswith(f"{contact['id']} created at ")
    assert (scene.on.organisation, True) == (made.lane, made.turn > 0)
    assert _named(scene, made)
    assert _named(scene, made) <= {customer, mine["InvoiceID"]}
    assert {mine["InvoiceID"]} == _named(scene, paid)
    assert {paid.turn} == {one.turn for one in _led_to(scene, paid)}
    assert _named(scene, of_other)
    assert _named(scene, of_other) <= {other, theirs["InvoiceID"]}


def test_a_payment_while_hubspot_is_down(scene: Scene) -> None:
    """The turn that writes at last names the event, which a turn before it took and finished."""
    customer = scene.customer("Weka Ltd", "wim@weka.example.com")
    invoice = scene.invoice_for(customer)
    scene.settle()
    contact = scene.find_contact("wim@weka.example.com")
    assert contact is not None
    scene.fault("hubspot", kind="status", status=503, path="batch/update", times=1000)
    scene.pay(invoice["InvoiceID"], "40.00")
    scene.on.until("a turn has failed", lambda: _failures(scene) or None)
    scene.mend("hubspot")
    scene.until_shown("contacts", str(contact["id"]), "xero_outstanding_balance", "60.00", 60)
    scene.settle(60)

    paid = _lines(scene, f"customer {customer}", "update", "hubspot contact")[-1]

    assert {invoice["InvoiceID"]} == _named(scene, paid)
    assert paid.turn > max(one.turn or 0 for one in _led_to(scene, paid))


def test_a_won_deal(scene: Scene) -> None:
    """An invoice and the customer that is made for it name the deal's events, and say what Xero answered."""
    deal = scene.sell()
    other = scene.sell()
    shown = scene.until_shown("deals", deal, "xero_invoice_id")
    scene.until_shown("deals", other, "xero_invoice_id")
    scene.settle()

    (made,) = _lines(scene, f"deal {deal}", "create", "xero invoice")
    customer = scene.invoices_of(deal)[0]["Contact"]
    (buyer,) = _lines(scene, f"customer {customer['ContactID']}", "create", "xero contact")

    assert f"{shown['xero_invoice_number']} DRAFT" in made.answer
    assert f"ACTIVE “{customer['Name']}”" in buyer.answer
    assert {deal} == _named(scene, made) == _named(scene, buyer)
    assert {"62515"} == {made.lane, buyer.lane}


def test_a_merge_in_hubspot(scene: Scene) -> None:
    """What an organisation's turn does because of HubSpot's event names it, though the portal's turn took it."""
    crm = Customers(scene)
    customer = scene.customer("Ruru Ltd", "ru@ruru.example.com")
    scene.invoice_for(customer)
    ours = crm.until_linked(customer, "contact")
    survivor = scene.make("contacts", email="ruth@ruru.example.com", lastname="Ruru")
    crm.merge("contacts", ours, survivor)
    now = crm.until_other(customer, ours, "contact")

    (followed,) = [
        one
        for one in _lines(scene, f"customer {customer}", "adopt", f"hubspot contact {now}")
        if "merged" in one.reason
    ]

    assert {"merge"} == {one.event.kind for one in _led_to(scene, followed)}
    assert {"hubspot"} == {one.event.source for one in _led_to(scene, followed)}
    assert scene.on.organisation == followed.lane
