"""What is about to be invoiced is looked at once more, and what is held is looked at again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from polls import poll_now
from scene import DAY, LINE, Scene

from ledgerloop.invoices import held_deals, release
from ledgerloop.store import connections, cursors, intents, lanes
from ledgerloop.store.cursors import Cursor

PORTAL = "62515"


def test_a_deal_lost_while_nobody_knows_of_its_invoice_is_not_invoiced(scene: Scene) -> None:
    """A sent intent that was looked for and not found is decided anew: not sent while it may arrive, then withdrawn."""
    scene.silence("hubspot")
    scene.fault("xero", kind="reset_before", method="PUT", path="/Invoices$")
    deal = scene.sell()
    poll_now(scene)
    scene.on.until("the request is lost", lambda: _parked(scene) or None, 20)
    scene.edit("deals", deal, dealstage="closedlost")
    scene.mend("xero")
    scene.forget_calls()

    _go_on(scene)
    scene.on.until("it was looked for", lambda: scene.calls("xero", "/Invoices", "GET") or None, 20)
    scene.settle()

    assert "sent" == _state(scene, deal)
    _sent_earlier(scene, deal)
    _go_on(scene)
    scene.on.until("it is withdrawn", lambda: _state(scene, deal) is None or None, 20)
    scene.settle()
    assert [] == scene.calls("xero", "/Invoices", "PUT")
    assert [] == scene.invoices_of(deal)
    assert [("skip", ""), ("update", f"hubspot deal {deal}")] == scene.journal(f"deal {deal}")[-2:]
    assert not scene.show("deals", deal)["xero_sync_message"]
    assert "Xero has no invoice of it and makes none of it any more" in scene.reasons(f"deal {deal}", "skip")[-1]


def test_a_lost_deal_that_no_webhook_told_of_is_not_invoiced(staged: Callable[..., Scene]) -> None:
    """An intent that waited is read once more before it leaves: its deal may be lost by now, and nobody said so."""
    scene = staged({"brake": {"invoices": 1}})
    scene.silence("hubspot")
    contact = scene.make("contacts", email="wait@wait.example.com", lastname="Wait")
    deals = [scene.sell(contact=contact) for _ in range(2)]
    poll_now(scene)
    scene.on.until("the brake asks", lambda: scene.holds().get(f"brake {PORTAL}"), 20)

    scene.edit("deals", deals[0], dealstage="closedlost")
    with scene.built.database.transaction() as tx:
        for one in intents.get(tx, PORTAL, deals).values():
            assert one.created_at is not None
            intents.put(tx, [replace(one, created_at=one.created_at - timedelta(hours=1))])
    assert deals == sorted(release.approve_everywhere(scene.built.database, scene.built.now()))
    scene.built.parts().nudge()

    scene.until_shown("deals", deals[1], "xero_invoice_id", seconds=20)
    assert [] == scene.invoices_of(deals[0])


def test_what_was_won_before_connecting_is_left_alone_by_webhooks_too(scene: Scene) -> None:
    """A webhook about a deal that was won before connecting makes no invoice, and the journal says why."""
    scene.silence("hubspot")
    old = scene.sell()
    with scene.built.database.transaction() as tx:
        connected = connections.get(tx, "hubspot", PORTAL)
        assert connected is not None
        connections.put(tx, replace(connected, since=connected.since + timedelta(hours=1)))
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})

    scene.edit("deals", old, dealname="Edited later")

    scene.on.until("it is skipped", lambda: scene.journal(f"deal {old}") or None, 10)
    scene.settle()
    assert [("skip", "")] == scene.journal(f"deal {old}")[:1]
    assert [] == scene.invoices_of(old)


def test_an_archived_customer_holds_its_deal_and_no_other(scene: Scene) -> None:
    """A company whose number an archived customer has is held with a sentence; deals beside it are invoiced."""
    company = scene.make("companies", name="Archived Ltd")
    body = {"Name": "Archived Ltd", "ContactNumber": f"HubSpot company {company}"}
    gone = scene.on.in_xero("PUT", "/Contacts", {"Contacts": [body]})["Contacts"][0]["ContactID"]
    scene.on.in_xero("POST", f"/Contacts/{gone}", {"Contacts": [{"ContactID": gone, "ContactStatus": "ARCHIVED"}]})
    scene.settle()
    scene.silence("hubspot")
    held, good = scene.sell(company=company), scene.sell()
    poll_now(scene)

    scene.until_shown("deals", good, "xero_invoice_id", seconds=20)
    shown = scene.until_shown("deals", held, "xero_sync_message", seconds=20)
    assert "Restore “Archived Ltd” in Xero" in str(shown["xero_sync_message"])


def test_a_hold_is_told_while_xero_is_down(scene: Scene) -> None:
    """A hold reaches its deal also while no invoice can be made beside it."""
    scene.silence("hubspot")
    scene.sell()
    held = scene.sell(lines=[])
    scene.fault("xero", kind="status", status=503, method="PUT")
    poll_now(scene)

    shown = scene.until_shown("deals", held, "xero_sync_message", seconds=20)

    assert "no line items" in str(shown["xero_sync_message"])
    assert [] == scene.calls("xero", "/Invoices", "PUT")


def test_halves_of_a_refused_request_have_their_keys_before_either_leaves(staged: Callable[..., Scene]) -> None:
    """A half that has not left when the one before it is lost never goes out under the key of the refused whole."""
    scene = staged()
    scene.silence("hubspot")
    company = scene.make("companies", name="Halves Ltd")
    contact = scene.make("contacts", email="halves@halves.example.com", lastname="Halves")
    deals = [scene.sell(company=company, contact=contact) for _ in range(2)]
    refusal = {"Type": "ValidationException", "Message": "A validation exception occurred", "ErrorNumber": 10}
    put = {"method": "PUT", "path": "/Invoices$", "times": 1}
    whole = scene.fault("xero", kind="status", status=400, body=refusal, delay_ms=DAY, **put)
    scene.fault("xero", kind="reset_before", **put)
    poll_now(scene)

    scene.until_met("xero", whole)
    refused = _keys(scene, deals, "sent")
    scene.mend("xero", whole)
    assert 1 == len(refused)
    for deal in deals:
        scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)

    made = _keys(scene, deals, "made")
    assert made is not None
    assert 2 == len(made)
    assert set() == made & refused
    assert [1, 1] == [len(scene.invoices_of(deal)) for deal in deals]


def test_giving_a_contact_its_email_cures_the_hold(scene: Scene) -> None:
    """Doing what a hold says is enough: the contact's own event wakes the deal."""
    contact = scene.make("contacts", lastname="Nomail")
    deal = scene.sell(contact=contact)
    scene.until_shown("deals", deal, "xero_sync_message")

    scene.edit("contacts", contact, email="mail@nomail.example.com")

    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    assert {} == scene.holds()


def test_what_is_held_is_looked_at_again_though_nobody_tells(scene: Scene) -> None:
    """What was mended without an event is found by the slow look at all holds."""
    scene.silence("hubspot")
    deal = scene.sell(lines=[])
    poll_now(scene)
    scene.until_shown("deals", deal, "xero_sync_message", seconds=20)

    scene.add_line(deal, LINE[0])
    with scene.built.database.transaction() as tx:
        long_ago = scene.built.now() - held_deals.EVERY
        cursors.put(tx, Cursor(PORTAL, held_deals.CURSOR, None, 1, long_ago))
    _go_on(scene)

    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    assert {} == scene.holds()


def _parked(scene: Scene) -> bool:
    with scene.built.database.reading() as tx:
        return any(one.flow == "invoicing" for one in lanes.parked(tx))


def _go_on(scene: Scene) -> None:
    """Have the next turn begin at once."""
    with scene.built.database.transaction() as tx:
        lanes.unpark(tx, "invoicing", PORTAL)
        lanes.wake(tx, "invoicing", PORTAL, scene.built.now())
    scene.built.parts().nudge()


def _state(scene: Scene, deal: str) -> str | None:
    with scene.built.database.reading() as tx:
        intent = intents.get(tx, PORTAL, [deal]).get(deal)
        return intent.state if intent else None


def _keys(scene: Scene, deals: Sequence[str], state: str) -> set[str] | None:
    """Return the keys of the deals' intents once all are in a state."""
    with scene.built.database.reading() as tx:
        found = intents.get(tx, PORTAL, deals).values()
        return {one.key for one in found if one.state == state} if {state} == {one.state for one in found} else None


def _sent_earlier(scene: Scene, deal: str) -> None:
    """Have the intent's request be so old that nothing of it may still arrive."""
    with scene.built.database.transaction() as tx:
        for name in ("sent_at", "last_sent_at"):
            tx.exec_driver_sql(f"UPDATE intent SET {name} = datetime({name}, '-1 hour')")
