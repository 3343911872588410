"""HubSpot to Xero: a won deal becomes exactly one invoice, or a hold that says why not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from polls import poll_now
from scene import LINE, OBJECTS, Scene

from ledgerloop.hubspot.webhooks import sign
from ledgerloop.records import Link
from ledgerloop.report.naming import names_of
from ledgerloop.store import connections, inbox, links
from ledgerloop_sandbox.credentials import HUBSPOT_CLIENT_SECRET


def test_won_deal_becomes_one_invoice(scene: Scene) -> None:
    """The invoice has the deal's lines, carries the deal's marks, and is named on the deal."""
    deal = scene.sell(
        [
            {"name": "Setup", "quantity": "1", "price": "250.00"},
            {"name": "Seats", "quantity": "12", "price": "39.90", "hs_discount_percentage": "10"},
        ]
    )

    shown = scene.until_shown("deals", deal, "xero_invoice_id")

    made = scene.invoices_of(deal)
    assert [shown["xero_invoice_id"]] == [one["InvoiceID"] for one in made]
    assert Decimal("680.92") == Decimal(str(made[0]["SubTotal"]))
    assert (made[0]["InvoiceNumber"], "DRAFT") == (shown["xero_invoice_number"], shown["xero_invoice_status"])
    assert made[0]["Url"].endswith(f"/record/0-3/{deal}")


def test_a_deal_reported_three_times_gets_one_invoice(scene: Scene) -> None:
    """However often a deal is reported, it gets one invoice, and what is written is written once."""
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    scene.forget_calls()

    for attempt in range(3):
        event = {
            "eventId": 100 + attempt,
            "subscriptionId": 1,
            "portalId": 62515,
            "appId": 1,
            "occurredAt": 1787843156000 + attempt,
            "subscriptionType": "deal.propertyChange",
            "attemptNumber": 0,
            "objectId": int(deal),
            "propertyName": "dealstage",
            "propertyValue": "closedwon",
            "changeSource": "CRM_UI",
            "sourceId": "userId:1",
        }
        body = json.dumps([event]).encode()
        stamp = str(int(scene.built.now().timestamp() * 1000))
        url = f"{scene.on.service_url}/webhooks/hubspot"
        headers = {
            "X-HubSpot-Signature-v3": sign(body, "POST", url, stamp, HUBSPOT_CLIENT_SECRET),
            "X-HubSpot-Request-Timestamp": stamp,
        }
        assert 200 == scene.deliver("/webhooks/hubspot", body, headers).status_code
    scene.settle()

    assert 1 == len(scene.invoices_of(deal))
    assert [] == scene.writes()
    assert [] == scene.calls("xero", method="PUT")


def test_a_deal_with_an_invoice_is_called_by_its_own_name(scene: Scene) -> None:
    """Holds and the journal name the deal and not its customer, also once somebody has renamed it."""
    deal = scene.sell(dealname="Fleet")
    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    assert "Fleet" == _called(scene, deal)

    scene.edit("deals", deal, dealname="Fleet of 2027")

    scene.on.until("its new name is known", lambda: _called(scene, deal) == "Fleet of 2027" or None)
    assert [] == [line for line in scene.journal(f"deal {deal}") if line[0] == "hold"]


def test_a_held_deal_is_called_by_its_own_name(scene: Scene) -> None:
    """Holds and the journal name a deal that waits for a person as HubSpot does, also once somebody has renamed it."""
    deal = scene.sell(lines=[], dealname="Fleet")
    scene.until_shown("deals", deal, "xero_sync_message")
    scene.settle()
    assert "Fleet" == _called(scene, deal)

    scene.edit("deals", deal, dealname="Fleet of 2027")

    scene.on.until("its new name is known", lambda: _called(scene, deal) == "Fleet of 2027" or None)
    scene.settle()
    assert ["hold", "skip"] == [line[0] for line in scene.journal(f"deal {deal}") if line[0] != "update"]
    assert ["The deal is called “Fleet of 2027” now, and still held."] == scene.reasons(f"deal {deal}", "skip")


def _called(scene: Scene, deal: str) -> str | None:
    with scene.built.database.reading() as tx:
        return names_of(tx, [("62515", f"deal {deal}")]).get(("62515", f"deal {deal}"))


def test_lost_and_won_again_is_still_one_invoice(scene: Scene) -> None:
    """A deal that is won, lost and won again keeps its one invoice."""
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id")

    scene.edit("deals", deal, dealstage="closedlost")
    scene.edit("deals", deal, dealstage="closedwon")
    scene.settle()

    assert 1 == len(scene.invoices_of(deal))


def test_a_hold_says_every_reason_at_once_and_goes_by_itself(scene: Scene) -> None:
    """Without lines and without a contact the deal says both; once mended it becomes an invoice and the text goes."""
    deal = scene.sell(lines=[], contact=None)

    shown = scene.until_shown("deals", deal, "xero_sync_message")
    assert "no line items" in shown["xero_sync_message"]
    assert "no contact" in shown["xero_sync_message"]
    assert [] == scene.invoices_of(deal)
    assert f"deal {deal}" in scene.holds()

    contact = scene.make("contacts", email="late@late.example.com", lastname="Late")
    scene.on.at_hubspot("PUT", f"/crm/objects/2026-09/deals/{deal}/associations/default/contacts/{contact}")
    scene.add_line(deal, LINE[0])
    scene.edit("deals", deal, dealstage="contractsent")
    scene.win(deal)

    shown = scene.until_shown("deals", deal, "xero_invoice_id")
    assert not shown["xero_sync_message"]
    assert f"deal {deal}" not in scene.holds()


def test_what_nobody_acts_on_is_skipped(scene: Scene) -> None:
    """That a contact was made is kept as skipped, with the reason, while no deal is held."""
    contact = scene.make("contacts", email="new@new.example.com", lastname="New")

    def skipped() -> str | None:
        with scene.built.database.reading() as tx:
            kept = [one.event for one in inbox.recent(tx, 50, "skipped")]
        return next((one.reason for one in kept if (one.resource, one.kind) == (contact, "creation")), None)

    assert "tells nothing of a customer" in scene.on.until("the event is skipped", skipped)


def test_a_contact_without_email_is_a_hold(scene: Scene) -> None:
    """Nobody can receive an invoice without an address, and an invoice for nobody is a guess."""
    contact = scene.make("contacts", lastname="Nomail")

    deal = scene.sell(contact=contact)

    assert "no email" in scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert re.search(rf"Deal {deal} “Deal \d+”", scene.on.browser.get("/").text)


def test_the_customer_is_found_by_email_before_one_is_made(scene: Scene) -> None:
    """A customer whom Xero knows by the contact's email gets the invoice; none is made."""
    customer = scene.customer("Kereru Holdings", "kea@kereru.example.com")
    scene.settle()
    contact = str(scene.on.until("contact", lambda: scene.find_contact("kea@kereru.example.com"))["id"])

    deal = scene.sell(company=None, contact=contact)
    scene.until_shown("deals", deal, "xero_invoice_id")

    assert customer == scene.invoices_of(deal)[0]["Contact"]["ContactID"]


def test_two_deals_of_one_new_company_share_its_customer(scene: Scene) -> None:
    """Deals of one company that are won together make one customer."""
    company = scene.make("companies", name="Both Ways Ltd")
    contact = scene.make("contacts", email="both@both.example.com", lastname="Both")
    deals = [scene.sell(company=company, contact=contact, won=False) for _ in range(2)]
    for deal in deals:
        scene.win(deal)

    for deal in deals:
        scene.until_shown("deals", deal, "xero_invoice_id")

    customers = {scene.invoices_of(deal)[0]["Contact"]["ContactID"] for deal in deals}
    assert 1 == len(customers)
    named = scene.on.in_xero("GET", "/Contacts", query={"searchTerm": "Both Ways", "page": "1"})["Contacts"]
    assert 1 == len(named)


def test_a_lost_answer_is_looked_for_and_adopted(scene: Scene) -> None:
    """Xero made the invoice and the connection broke: it is found by its marks, and none is made twice."""
    scene.fault("xero", kind="reset_after", method="PUT", path="/Invoices$", times=1)

    deal = scene.sell()
    shown = scene.until_shown("deals", deal, "xero_invoice_id")

    assert [shown["xero_invoice_id"]] == [one["InvoiceID"] for one in scene.invoices_of(deal)]
    assert ("adopt", f"xero invoice {shown['xero_invoice_id']}") in scene.journal(f"deal {deal}")
    (why,) = scene.reasons(f"deal {deal}", "adopt")
    assert "the answer to its request was lost, so it is followed and no other is made" in why


def test_a_request_that_never_arrived_is_sent_again_under_the_same_key(scene: Scene) -> None:
    """Nothing was done and nobody knows: after looking, the same request goes out once more; the journal says why."""
    scene.fault("xero", kind="reset_before", method="PUT", path="/Invoices$", times=1)

    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id")

    assert 1 == len(scene.invoices_of(deal))
    (made,) = scene.reasons(f"deal {deal}", "create")
    assert "The answer to its request was lost, and Xero had no invoice of it, so the request was sent again." in made


def test_what_xero_refuses_becomes_a_hold_and_holds_back_no_other(staged: Callable[..., Scene]) -> None:
    """One invoice that Xero refuses is held with Xero's sentence; those beside it are made."""
    scene = staged({"route": {"status": "AUTHORISED"}})
    scene.silence("hubspot")
    good = scene.sell(won=False)
    gone = scene.make("companies", name="Gone Ltd")
    with scene.built.database.transaction() as tx:
        nobody = Link(scene.on.organisation, str(uuid4()), "company", gone, "hand")
        links.put(tx, [nobody], scene.built.now())
    bad = scene.sell(company=gone, won=False)
    for deal in (good, bad):
        scene.win(deal)
    poll_now(scene)

    scene.until_shown("deals", good, "xero_invoice_id", seconds=20)
    shown = scene.until_shown("deals", bad, "xero_sync_message", seconds=20)

    assert "Xero would not make the invoice" in shown["xero_sync_message"]
    assert [] == scene.invoices_of(bad)


def test_sixty_deals_at_once_cost_two_requests(scene: Scene) -> None:
    """Deals won together are made in batches of fifty, one invoice for each."""
    scene.silence("hubspot")
    company = scene.make("companies", name="Sixty Ltd")
    contact = scene.make("contacts", email="sixty@sixty.example.com", lastname="Sixty")
    deals = [scene.sell(company=company, contact=contact) for _ in range(60)]
    scene.forget_calls()
    poll_now(scene)

    for deal in deals:
        scene.until_shown("deals", deal, "xero_invoice_id", seconds=30)

    assert 60 == len({one["InvoiceID"] for deal in deals for one in scene.invoices_of(deal)})
    assert 2 == len(scene.calls("xero", "/Invoices", "PUT"))


def test_without_webhooks_the_poll_finds_the_deal(scene: Scene) -> None:
    """With a service key there are no webhooks: the poll finds what was won."""
    scene.silence("hubspot")

    deal = scene.sell()
    poll_now(scene)

    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    assert 1 == len(scene.invoices_of(deal))


@pytest.mark.parametrize("before", [timedelta(hours=1), timedelta(milliseconds=1)])
def test_what_was_won_before_connecting_is_left_alone(scene: Scene, before: timedelta) -> None:
    """A deal won before the portal was connected is not invoiced because somebody edits it; one won after that is."""
    scene.silence("hubspot")
    old = scene.sell()
    with scene.built.database.transaction() as tx:
        connected = connections.get(tx, "hubspot", "62515")
        assert connected is not None
        connections.put(tx, replace(connected, since=_won_at(scene, old) + before))

    scene.edit("deals", old, dealname="Edited later")
    poll_now(scene)
    scene.settle()

    assert [] == scene.invoices_of(old)
    with scene.built.database.transaction() as tx:
        connections.put(tx, replace(connected, since=_won_at(scene, old)))
    scene.edit("deals", old, dealname="Edited once more")
    poll_now(scene)
    scene.until_shown("deals", old, "xero_invoice_id", seconds=20)


def _won_at(scene: Scene, deal: str) -> datetime:
    found = scene.on.at_hubspot("GET", f"{OBJECTS}/deals/{deal}", query={"properties": "hs_v2_date_entered_closedwon"})
    return datetime.fromisoformat(found["properties"]["hs_v2_date_entered_closedwon"])
