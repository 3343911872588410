"""Connecting: in any order, again after it was lost, and what belongs to nobody who is connected."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from clocks import Told
from scene import Scene

from ledgerloop.bootstrap import build
from ledgerloop.cli.stage import connect_hubspot, connect_xero
from ledgerloop.setup.connect import choose, connect_portal
from ledgerloop.store import connections, inbox, lanes
from ledgerloop.xero.webhooks import sign
from ledgerloop_sandbox.credentials import XERO_WEBHOOK_KEY


def test_xero_first_and_hubspot_later(staged: Callable[..., Scene]) -> None:
    """What happens in Xero before there is a portal waits, and is shown once there is one."""
    scene = staged(connected=False)
    connect_xero(scene.on, "Kiwi Demo Ltd")
    scene.settle()
    scene.invoice_for(scene.customer("Early Bird", "early@bird.example.com"), "12.00")
    scene.settle()

    connect_hubspot(scene.on)

    shown = scene.on.until("the contact", lambda: scene.find_contact("early@bird.example.com"), 15)
    assert "12.00" == shown["xero_outstanding_balance"]


def test_a_portal_is_connected_by_hubspots_clock(staged: Callable[..., Scene]) -> None:
    """Deals say by HubSpot's clock when they were won: ours may be an hour ahead, and none is missed for it."""
    scene = staged(connected=False)
    hasty = build(scene.built.settings, worker="hasty", clock=Told(lambda: scene.built.now() + timedelta(hours=1)))
    before = scene.built.now()

    connect_portal(hasty.desk)

    with scene.built.database.reading() as tx:
        connected = connections.get(tx, "hubspot", "62515")
    hasty.vendors.close()
    hasty.database.close()
    assert connected is not None
    assert before - timedelta(minutes=1) <= connected.since <= scene.built.now()


@pytest.mark.parametrize(("profile", "offered"), [("granular", "granular"), ("legacy", "broad")])
def test_either_profile_of_scopes_does_the_whole_job(staged: Callable[..., Scene], profile: str, offered: str) -> None:
    """An app of either age is offered its own kind of scopes only, and its profile is enough for all calls."""
    scene = staged({"xero": {"scopes": profile}}, connected=False)
    scene.configure("xero", scopes=offered)
    connect_xero(scene.on, "Kiwi Demo Ltd")
    connect_hubspot(scene.on)
    scene.settle()

    deal = scene.sell()
    invoice = str(scene.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_id"])
    scene.approve(invoice)
    scene.pay(invoice, scene.invoices_of(deal)[0]["Total"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
    scene.settle()

    assert [] == [call for call in scene.calls("xero") if call["status"] in (401, 403)]


def test_consent_that_was_lost_is_said_and_given_again(scene: Scene) -> None:
    """A revoked grant shows as such, on the connection and in health; connecting again lets everything go on."""
    scene.fault("xero", kind="revoke_tokens")
    customer = scene.customer("Revoked Ltd", "rev@revoked.example.com")

    def state() -> str | None:
        with scene.built.database.reading() as tx:
            connected = connections.get(tx, "xero", scene.on.organisation)
        return connected.state if connected and connected.state != "connected" else None

    assert "needs_consent" == scene.on.until("the loss is noted", state, 15)
    assert scene.on.control.get(f"{scene.on.service_url}/health").json()["needs_consent"]
    deal = scene.sell()

    def resting() -> bool | None:
        with scene.built.database.reading() as tx:
            return any(one.flow == "invoicing" for one in lanes.parked(tx)) or None

    scene.on.until("invoicing rests too", resting, 15)

    connect_xero(scene.on, "Kiwi Demo Ltd")

    shown = scene.on.until("the contact", lambda: scene.find_contact("rev@revoked.example.com"), 15)
    assert customer == shown["xero_contact_id"]
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=15)
    scene.settle()
    assert state() is None


def test_events_of_an_organisation_that_is_not_connected_end(scene: Scene) -> None:
    """One app has one address for all its organisations: what concerns others is kept and skipped, with a reason."""
    event = {
        "resourceUrl": "https://api.xero.com/api.xro/2.0/Invoices/x",
        "resourceId": "11111111-1111-4111-8111-111111111111",
        "eventDateUtc": "2026-11-22T01:15:39.902",
        "eventType": "UPDATE",
        "eventCategory": "INVOICE",
        "tenantId": "22222222-2222-4222-8222-222222222222",
        "tenantType": "ORGANISATION",
    }
    body = json.dumps({"events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "x"}).encode()

    assert 200 == scene.deliver("/webhooks/xero", body, {"x-xero-signature": sign(body, XERO_WEBHOOK_KEY)}).status_code
    scene.settle()

    with scene.built.database.reading() as tx:
        kept = next(one for one in inbox.recent(tx, 50) if one.event.lane == event["tenantId"])
    assert ("skipped", "this organisation is not connected") == (kept.event.state, kept.event.reason)
    assert [] == [call for call in scene.calls("xero") if call["organisation"] == event["tenantId"]]


def test_deals_wait_for_a_choice_and_go_on_with_it(staged: Callable[..., Scene]) -> None:
    """With two organisations and a route that names none a deal says what to do, and doing it has it invoiced."""
    scene = staged()
    kiwi = scene.on.organisation
    connect_xero(scene.on, "Aussie Demo Pty")
    scene.on.organisation = kiwi
    scene.settle()

    deal = scene.sell()
    waits = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    before = scene.invoices_of(deal)
    choose(scene.built.desk, kiwi)
    scene.until_shown("deals", deal, "xero_invoice_id")

    assert "Choose one in the console, or with `ledgerloop connect choose`" in str(waits)
    assert (0, 1) == (len(before), len(scene.invoices_of(deal)))
    assert f"deal {deal}" not in scene.holds()
