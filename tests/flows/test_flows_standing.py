"""Xero to HubSpot: what happens to a customer's money shows on its records, cheaply and once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from scene import DAY, Scene

from ledgerloop.store import cursors, lanes, pending_customers
from ledgerloop.store.cursors import CAUGHT_UP, Cursor
from ledgerloop.xero.webhooks import sign
from ledgerloop_sandbox.credentials import XERO_WEBHOOK_KEY


def test_connecting_writes_nothing(scene: Scene) -> None:
    """The first fill of the mirror is silent: nobody asked for records."""
    assert [] == [call for call in scene.writes() if "/crm/objects/" in call["path"]]


def test_new_customer_becomes_contact_and_company(scene: Scene) -> None:
    """A new Xero contact becomes a HubSpot contact and company, associated, with its standing on both."""
    scene.customer("Kauri Joinery Ltd", "ana@kauri-joinery.example.com")

    contact = scene.on.until("the contact is made", lambda: scene.find_contact("ana@kauri-joinery.example.com"))
    scene.settle()

    shown = scene.show("contacts", str(contact["id"]))
    assert ("NONE", "0.00") == (shown["xero_invoice_status"], shown["xero_outstanding_balance"])
    companies = scene.on.at_hubspot(
        "POST",
        "/crm/associations/2026-09/contacts/companies/batch/read",
        {"inputs": [{"id": contact["id"]}]},
    )["results"][0]["to"]
    company = scene.show("companies", str(companies[0]["toObjectId"]))
    assert ("Kauri Joinery Ltd", shown["xero_contact_id"]) == (company["name"], company["xero_contact_id"])


def test_payment_shows_on_contact_and_company(scene: Scene) -> None:
    """Open, part paid and paid follow each other on the record, with the day of the payment."""
    customer = scene.customer("Tui Cafe", "hana@tui-cafe.example.com")
    invoice = scene.invoice_for(customer, "100.00")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("hana@tui-cafe.example.com"))["id"])

    scene.until_shown("contacts", contact, "xero_invoice_status", "AUTHORISED")
    scene.pay(invoice["InvoiceID"], "40.00")
    partly = scene.until_shown("contacts", contact, "xero_invoice_status", "PARTIALLY_PAID")
    scene.pay(invoice["InvoiceID"], "60.00")
    paid = scene.until_shown("contacts", contact, "xero_invoice_status", "PAID")

    assert ("60.00", "1") == (partly["xero_outstanding_balance"], partly["xero_open_invoices"])
    assert ("0.00", "0") == (paid["xero_outstanding_balance"], paid["xero_open_invoices"])
    assert paid["xero_last_payment_date"]


def test_existing_contact_is_found_by_email(scene: Scene) -> None:
    """A customer whose email HubSpot knows gets that contact, and no second one is made."""
    contact = scene.make("contacts", email="rua@moa-tours.example.com", lastname="Rua")

    scene.customer("Moa Tours", "Rua@Moa-Tours.example.com")

    shown = scene.until_shown("contacts", contact, "xero_contact_id")
    assert "rua@moa-tours.example.com" == shown["email"]


def test_the_same_webhook_three_times_writes_once(scene: Scene) -> None:
    """An event is known by its key: delivered again it costs no call and no write."""
    invoice = scene.invoice_for(scene.customer("Pipi Ltd", "pip@pipi.example.com"))
    contact = str(scene.on.until("contact", lambda: scene.find_contact("pip@pipi.example.com"))["id"])
    scene.until_shown("contacts", contact, "xero_invoice_status", "AUTHORISED")
    event = {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Invoices/{invoice['InvoiceID']}",
        "resourceId": invoice["InvoiceID"],
        "eventDateUtc": "2026-11-22T01:15:39.902",
        "eventType": "UPDATE",
        "eventCategory": "INVOICE",
        "tenantId": scene.on.organisation,
        "tenantType": "ORGANISATION",
    }
    body = json.dumps({"events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "x"}).encode()
    headers = {"x-xero-signature": sign(body, XERO_WEBHOOK_KEY)}
    assert 200 == scene.deliver("/webhooks/xero", body, headers).status_code
    scene.settle()
    scene.forget_calls()

    answers = [scene.deliver("/webhooks/xero", body, headers).status_code for _ in range(3)]
    scene.settle()

    assert [200, 200, 200] == answers
    assert ([], []) == (scene.calls("xero"), scene.calls("hubspot"))


def test_webhooks_in_the_wrong_order_end_right(scene: Scene) -> None:
    """Nobody looks at the order of events: what is pulled is what is true."""
    customer = scene.customer("Weka Works", "wiri@weka.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("wiri@weka.example.com"))["id"])
    scene.settle()
    scene.fault("xero", kind="reorder")

    first, second = scene.invoice_for(customer, "10.00"), scene.invoice_for(customer, "20.00")
    scene.pay(first["InvoiceID"], "10.00")
    scene.pay(second["InvoiceID"], "5.00")

    shown = scene.until_shown("contacts", contact, "xero_outstanding_balance", "15.00")
    assert "PARTIALLY_PAID" == shown["xero_invoice_status"]


def test_a_refund_shows_when_its_payment_is_told(scene: Scene) -> None:
    """A refund of credit is a payment on that credit, so what is left of it is pulled at once, and not hours later."""
    categories = ["CONTACT", "INVOICE", "CREDITNOTE", "PREPAYMENT", "PAYMENT"]
    scene.on.control.post(f"{scene.url('xero')}/_sandbox/webhooks", json={"enabled": True, "categories": categories})
    customer = scene.customer("Refund Ltd", "ref@refund.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("ref@refund.example.com"))["id"])
    line = {"Description": "Too much", "Quantity": 1, "UnitAmount": 130.0, "LineAmount": 130.0}
    body = {"Type": "RECEIVE-OVERPAYMENT", "Contact": {"ContactID": customer}, "BankAccount": {"Code": "090"}}
    body |= {"Date": "2026-11-03", "LineItems": [line]}
    made = scene.on.in_xero("PUT", "/BankTransactions", {"BankTransactions": [body]})["BankTransactions"][0]
    with scene.built.database.transaction() as tx:
        cursors.put(tx, Cursor(scene.on.organisation, CAUGHT_UP, None, 1, datetime.now(UTC) - timedelta(hours=1)))
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.until_shown("contacts", contact, "xero_available_credit", "130.00")
    scene.settle()

    refund = {"Overpayment": {"OverpaymentID": made["OverpaymentID"]}, "Account": {"Code": "090"}, "Amount": 130.0}
    scene.on.in_xero("PUT", "/Payments", {"Payments": [refund]})

    scene.until_shown("contacts", contact, "xero_available_credit", "0.00")


def test_lost_webhooks_cost_lag_and_no_truth(scene: Scene) -> None:
    """With every webhook lost, the catch-up pulls the same."""
    customer = scene.customer("Kea Signs", "kim@kea-signs.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("kim@kea-signs.example.com"))["id"])
    scene.settle()
    scene.silence("xero")
    invoice = scene.invoice_for(customer, "70.00")
    scene.pay(invoice["InvoiceID"], "70.00")

    with scene.built.database.transaction() as tx:
        cursors.put(tx, Cursor(scene.on.organisation, CAUGHT_UP, None, 1, datetime.now(UTC) - timedelta(hours=1)))

    assert "70.00" == scene.until_shown("contacts", contact, "xero_invoice_status", "PAID")["xero_last_payment_amount"]


def test_a_burst_of_200_payments_costs_a_handful_of_calls(staged: Callable[..., Scene]) -> None:
    """Cost grows with pages of changed records, not with events: 200 payments, 200 customers, two pulls.

    The first payment's pull is held up until all others have come, however long they take: so it is one burst.
    """
    scene = staged({"brake": {"create": 1000}})
    bodies = [{"Name": f"Burst {n}", "EmailAddress": f"b{n}@burst{n}.example.com"} for n in range(200)]
    made = [
        one["ContactID"]
        for start in range(0, 200, 50)
        for one in scene.on.in_xero("PUT", "/Contacts", {"Contacts": bodies[start : start + 50]})["Contacts"]
    ]
    invoices = [scene.invoice_for(customer, "10.00")["InvoiceID"] for customer in made]
    scene.settle()
    contact = str(scene.find_contact("b199@burst199.example.com")["id"])  # type: ignore[index]
    scene.until_shown("contacts", contact, "xero_invoice_status", "AUTHORISED")
    scene.forget_calls()
    held = scene.fault("xero", kind="delay", delay_ms=DAY, times=1)
    how = {"Account": {"Code": "090"}, "Amount": 10.0}

    for start in range(0, 200, 50):
        paid = [{"Invoice": {"InvoiceID": one}, **how} for one in invoices[start : start + 50]]
        scene.on.in_xero("PUT", "/Payments", {"Payments": paid})
    scene.until_met("xero", held)
    scene.on.until("all webhooks have come", lambda: not scene.on_their_way() or None)
    scene.mend("xero", held)
    scene.settle()

    shown = [scene.find_contact(f"b{n}@burst{n}.example.com") for n in range(200)]
    assert {"PAID"} == {one["xero_invoice_status"] for one in shown if one}
    pulls, writes = scene.calls("xero"), scene.writes()
    assert len(pulls) <= 5, [call["path"] for call in pulls]
    assert len(writes) <= 12, [call["path"] for call in writes]


def test_what_is_refused_for_one_record_leaves_its_batch_alone(scene: Scene) -> None:
    """A contact that was deleted in HubSpot costs itself alone; its customer gets a new one."""
    customers = [scene.customer(f"Pair {n}", f"pair{n}@pair.example.com") for n in range(2)]
    ids = [
        str(scene.on.until("contact", lambda n=n: scene.find_contact(f"pair{n}@pair.example.com"))["id"])
        for n in range(2)
    ]
    scene.settle()
    scene.on.at_hubspot("DELETE", f"/crm/objects/2026-09/contacts/{ids[0]}")

    for customer in customers:
        scene.invoice_for(customer, "5.00")

    scene.until_shown("contacts", ids[1], "xero_outstanding_balance", "5.00")
    again = scene.on.until("a new contact", lambda: scene.find_contact("pair0@pair.example.com"))
    assert again["id"] != ids[0]


def test_two_customers_with_one_email_are_held(scene: Scene) -> None:
    """HubSpot keeps one contact for an email, so which customer it is is for a person to say."""
    first = scene.customer("Twin A", "twin@twins.example.com")
    scene.until_shown(
        "contacts",
        str(scene.on.until("c", lambda: scene.find_contact("twin@twins.example.com"))["id"]),
        "xero_contact_id",
        first,
    )

    second = scene.customer("Twin B", "twin@twins.example.com")

    reasons = scene.on.until("hold", lambda: scene.holds().get(f"customer {second}"))
    assert "twin@twins.example.com" in reasons[0]
    assert "Twin B" in reasons[0]


def test_a_failing_vendor_parks_the_lane_and_loses_nothing(scene: Scene) -> None:
    """While HubSpot fails, the lane rests with the reason and its customers wait; afterwards all is shown."""
    customer = scene.customer("Ruru Ltd", "ru@ruru.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("ru@ruru.example.com"))["id"])
    scene.settle()
    scene.fault("hubspot", kind="status", status=403, path="batch/update")

    scene.invoice_for(customer, "30.00")

    def parked() -> str | None:
        with scene.built.database.reading() as tx:
            return next((one.why for one in lanes.parked(tx)), None)

    assert "403" in scene.on.until("the lane is parked", parked)
    with scene.built.database.reading() as tx:
        assert [customer] == pending_customers.every(tx, scene.on.organisation)
    scene.mend("hubspot")
    with scene.built.database.transaction() as tx:
        lanes.unpark(tx, "standing", scene.on.organisation)
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "30.00")


def test_while_hubspot_is_down_xero_is_not_asked_again(scene: Scene) -> None:
    """What a turn has pulled is in our copy: the next ones only try to show it, and spend nothing of Xero's day."""
    customer = scene.customer("Down Ltd", "dow@down.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("dow@down.example.com"))["id"])
    scene.settle()
    scene.fault("hubspot", kind="status", status=503, path="batch/update")
    scene.forget_calls()
    scene.invoice_for(customer, "35.00")

    for failures in range(1, 6):
        scene.on.until(f"failure {failures}", lambda least=failures: _failures(scene) >= least or None, 30)
        with scene.built.database.transaction() as tx:
            assert [customer] == pending_customers.every(tx, scene.on.organisation)
            lanes.unpark(tx, "standing", scene.on.organisation)

    assert 1 == len(scene.calls("xero", "/Invoices", "GET"))
    scene.mend("hubspot")
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "35.00", seconds=30)


def _failures(scene: Scene) -> int:
    with scene.built.database.reading() as tx:
        return max(one.failures for one in lanes.all_lanes(tx) if one.flow == "standing")
