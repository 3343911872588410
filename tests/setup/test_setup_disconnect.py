"""Disconnecting: what ends here, what ends at the vendor, what waits, and that all goes on with the same links."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from scene import DAY, Scene

from ledgerloop.cli.stage import connect_hubspot, connect_xero
from ledgerloop.errors import SettingsError
from ledgerloop.invoices import release
from ledgerloop.setup.connect import GRANT, choose, connect_portal
from ledgerloop.setup.disconnect import disconnect, survey
from ledgerloop.store import connections, inbox, intents, lanes, mirror
from ledgerloop.store.connections import Connected
from ledgerloop.store.tables import connection as table
from ledgerloop.xero.webhooks import sign
from ledgerloop_sandbox.credentials import HUBSPOT_TOKEN, XERO_WEBHOOK_KEY

PORTAL = "62515"
KIWI, AUSSIE = "Kiwi Demo Ltd", "Aussie Demo Pty"


def connection(scene: Scene, key: str = "") -> Connected:
    """Return what is kept of a connection, by default of the stage's organisation."""
    with scene.built.database.reading() as tx:
        found = connections.get(tx, "hubspot" if key == PORTAL else "xero", key or scene.on.organisation)
    assert found is not None
    return found


def end(scene: Scene, key: str = "") -> list[str]:
    """Disconnect as the command does."""
    built = scene.built
    return disconnect(built.desk, connection(scene, key), built.parts().routes, built.settings.hubspot.token, "a test")


def health(scene: Scene) -> dict[str, object]:
    """Ask how the service does."""
    told: dict[str, object] = scene.on.control.get(f"{scene.on.service_url}/health").json()
    return told


def at_xero(scene: Scene) -> list[str]:
    """Name the organisations that Xero lists as connected to the app."""
    asked = {"method": "GET", "path": "/connections"}
    found = scene.on.control.post(f"{scene.on.xero_url}/_sandbox/act", json=asked).json()["body"]
    return sorted(one["tenantName"] for one in found)


def turns(scene: Scene, lane: str) -> int:
    """Tell how many turns a lane has had."""
    with scene.built.database.reading() as tx:
        return next(one.turn for one in lanes.all_lanes(tx) if one.lane == lane)


def idle(scene: Scene, lane: str) -> bool:
    """Tell whether no turn of a lane is under way."""
    with scene.built.database.reading() as tx:
        return all(one.begun_at is None for one in lanes.all_lanes(tx) if one.lane == lane)


def webhook(scene: Scene) -> int:
    """Send a webhook of the stage's organisation, and return the answer's status."""
    event = {
        "resourceId": "11111111-1111-4111-8111-111111111111",
        "eventDateUtc": "2026-11-22T01:15:39.902",
        "eventType": "UPDATE",
        "eventCategory": "INVOICE",
        "tenantId": scene.on.organisation,
        "tenantType": "ORGANISATION",
    }
    body = json.dumps({"events": [event], "firstEventSequence": 1, "lastEventSequence": 1, "entropy": "x"}).encode()
    return scene.deliver("/webhooks/xero", body, {"x-xero-signature": sign(body, XERO_WEBHOOK_KEY)}).status_code


def test_the_last_organisation_ends_and_goes_on_with_the_same_links(scene: Scene) -> None:
    """Nothing begins, the tokens are revoked and gone, won deals say why they wait; then each gets one invoice."""
    before = scene.sell()
    scene.until_shown("deals", before, "xero_invoice_id")
    scene.settle()
    customer = scene.customer("Later Ltd", "la@later.example.com")

    said = end(scene)

    assert [f"{KIWI} is disconnected.", "Xero has ended the connection."] == said[:2]
    assert "What Xero had granted is revoked, and its tokens are forgotten." == said[2]
    assert [f"A person (a test) disconnected {KIWI}.", " ".join(said[1:])] == scene.reasons(
        f"organisation {scene.on.organisation}", "update"
    )
    assert [] == at_xero(scene)
    assert scene.built.shelf.load(GRANT) is None
    scene.settle()
    had, kept = turns(scene, scene.on.organisation), _events(scene)
    assert 200 == webhook(scene)
    deal = scene.sell()
    held = str(scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"])
    assert f"{KIWI}, in which this deal is to be invoiced, is disconnected. Connect it again with" in held
    scene.edit("deals", before, dealname="Renamed while nobody could be asked")
    scene.settle()
    assert (had, kept) == (turns(scene, scene.on.organisation), _events(scene))
    told = health(scene)
    assert [{"vendor": "xero", "id": scene.on.organisation, "told": True}] == told["disconnected"]
    assert ("ok", [], []) == (told["status"], told["needs_consent"], told["problems"])
    assert [] == scene.invoices_of(deal)

    connect_xero(scene.on, KIWI)

    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    assert [1, 1] == [len(scene.invoices_of(one)) for one in (before, deal)]
    assert "connected" == connection(scene).state
    assert [] == list(scene.holds())
    scene.invoice_for(customer, "12.00")
    shown = scene.on.until("the customer", lambda: scene.find_contact("la@later.example.com"), 15)
    assert customer == shown["xero_contact_id"]


def _events(scene: Scene) -> int:
    with scene.built.database.reading() as tx:
        return len([one for one in inbox.recent(tx, 10_000) if one.event.source == "xero"])


def test_what_changed_meanwhile_is_caught_up(scene: Scene) -> None:
    """What finance did while an organisation was disconnected is shown, and an edited deal changes its draft."""
    deal = scene.sell()
    invoice = str(scene.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_id"])
    scene.settle()
    customer = scene.customer("Meanwhile Ltd", "me@meanwhile.example.com")
    scene.settle()
    end(scene)

    scene.invoice_for(customer, "77.00")
    scene.add_line(deal, {"name": "One more", "quantity": "1", "price": "10.00"})
    scene.settle()
    before = next(one for one in scene.invoices_of(deal))
    connect_xero(scene.on, KIWI)

    scene.on.until(
        "the balance",
        lambda: (
            ((found := scene.find_contact("me@meanwhile.example.com")) and found["xero_outstanding_balance"] == "77.00")
            or None
        ),
    )
    more = scene.on.until("the draft", lambda: _total_other_than(scene, deal, before["Total"]))
    assert invoice == more["InvoiceID"]
    assert 1 == len(scene.invoices_of(deal))


def _total_other_than(scene: Scene, deal: str, total: float) -> dict[str, object] | None:
    (invoice,) = scene.invoices_of(deal)
    return invoice if invoice["Total"] != total else None


def test_an_invoice_whose_answer_was_lost_is_found_after_connecting_again(scene: Scene) -> None:
    """It may stand in Xero: nobody makes another, the deal says so, and with the connection it is found."""
    scene.fault("xero", kind="reset_after", method="PUT", path="/api.xro/2.0/Invoices", times=1)
    fault = scene.fault("xero", kind="status", status=503, method="GET", path="/api.xro/2.0/Invoices", times=10_000)
    deal = scene.sell()

    def sent() -> bool | None:
        with scene.built.database.reading() as tx:
            return bool(intents.unsettled(tx, PORTAL)) or None

    scene.on.until("the request has left", sent)
    with scene.built.database.reading() as tx:
        leaving = survey(tx, connection(scene), scene.built.parts().routes, "secret:hubspot_token")
    assert any(deal in one and "not answered yet" in one for one in leaving.sentences)
    end(scene)
    scene.mend("xero", fault)

    held = str(scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"])
    assert f"has left for {KIWI}, which was disconnected before it answered" in held
    connect_xero(scene.on, KIWI)

    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    assert 1 == len(scene.invoices_of(deal))
    assert f"deal {deal}" not in scene.holds()


def test_no_other_organisation_takes_the_deals(staged: Callable[..., Scene]) -> None:
    """One of two ends alone; its deals are held by its name, and the other's go on."""
    scene = staged()
    kiwi = scene.on.organisation
    end_of_second = connect_second(scene)
    other = connection(scene, end_of_second)
    waiting = scene.sell()
    scene.until_shown("deals", waiting, "xero_sync_message")
    with scene.built.database.reading() as tx:
        leaving = survey(tx, other, scene.built.parts().routes, "")
    assert any(f"they are invoiced in {KIWI} then, which is the only one left" in one for one in leaving.sentences)
    said = end(scene, other.id)
    scene.until_shown("deals", waiting, "xero_invoice_id")
    assert ["Xero has ended the connection."] == said[1:]
    assert [KIWI] == at_xero(scene)
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id")

    connect_second(scene)
    choose_(scene, kiwi)
    end(scene, kiwi)

    lost = scene.sell(deal_currency_code="AUD")
    held = str(scene.until_shown("deals", lost, "xero_sync_message")["xero_sync_message"])
    assert f"{KIWI}, in which this deal is to be invoiced, is disconnected." in held
    assert "Choose another with `ledgerloop connect choose`" in held
    page = scene.on.browser.get("/").text
    assert f"Invoice deals in {AUSSIE}" in page
    choose_(scene, end_of_second)
    scene.until_shown("deals", lost, "xero_invoice_id")
    scene.settle()
    scene.on.organisation = end_of_second
    assert 1 == len(scene.invoices_of(lost))
    scene.on.organisation = kiwi
    assert [] == scene.invoices_of(lost)


def connect_second(scene: Scene) -> str:
    """Connect another organisation, and return its id; the stage's stays the first."""
    first = scene.on.organisation
    connect_xero(scene.on, AUSSIE)
    second, scene.on.organisation = scene.on.organisation, first
    scene.settle()
    return second


def choose_(scene: Scene, organisation: str) -> None:
    """Choose where deals are invoiced whose route names no organisation."""
    choose(scene.built.desk, organisation)


@pytest.mark.parametrize("kind", ["revoke_tokens", "by hand"])
def test_what_the_vendor_had_ended_already_is_right(scene: Scene, kind: str) -> None:
    """A consent that was revoked, or an organisation taken out in Xero, leaves nothing to end there."""
    if kind == "by hand":
        (mine,) = scene.built.vendors.list_connections("")
        scene.built.vendors.leave(mine.id)
    else:
        scene.fault("xero", kind=kind)

    said = end(scene)

    assert "Xero had ended the connection already." in said
    assert scene.built.shelf.load(GRANT) is None
    assert ("disconnected", "") == (connection(scene).state, connection(scene).why)


def test_xero_away_ends_here_and_is_told_later(scene: Scene) -> None:
    """Nothing goes on here though Xero does not answer; that is said, shown, and done with the next try."""
    fault = scene.fault("xero", kind="status", status=503, path="/connections", times=1000)

    said = end(scene)

    assert "Nothing here uses it any more, but Xero still lets us in, and the tokens are kept to revoke it" in said[1]
    assert scene.built.shelf.load(GRANT) is not None
    told = health(scene)
    assert "degraded" == told["status"]
    assert [f"{scene.on.organisation} is disconnected, but that is not all done yet"] == told["problems"]
    assert "Finish disconnecting" in scene.on.browser.get("/").text
    page = scene.on.browser.get(f"/disconnect?vendor=xero&id={scene.on.organisation}").text
    assert f"Finish disconnecting {KIWI}?" in page
    assert "Xero still lets us in" in page
    scene.mend("xero", fault)
    assert [KIWI] == at_xero(scene)

    again = end(scene)

    assert "What Xero had granted is revoked, and its tokens are forgotten." in again
    assert [] == at_xero(scene)
    assert scene.built.shelf.load(GRANT) is None
    scene.on.until("all is well", lambda: health(scene)["status"] == "ok" or None)


def test_a_grant_that_reaches_others_is_not_revoked(scene: Scene) -> None:
    """Revoking would end what the same person has connected to the same app from another installation."""
    second = connect_second(scene)
    with scene.built.database.transaction() as tx:
        tx.execute(table.delete().where(table.c.id == second))

    said = end(scene)

    assert f"the same person has connected {AUSSIE} to the same app elsewhere" in said[2]
    assert [AUSSIE] == at_xero(scene)
    assert scene.built.shelf.load(GRANT) is None


def test_the_portal_ends_and_another_is_refused(scene: Scene) -> None:
    """No deal is looked for and no record written; another portal is refused, and the same one is caught up."""
    told = scene.sell(won=False)
    scene.settle()
    leaving = end(scene, PORTAL)

    assert "The token `hubspot_token` that `ledgerloop secret set` kept is forgotten." in leaving
    assert any("delete or rotate a service key" in one for one in leaving)
    assert scene.built.shelf.load("hubspot_token") is None
    scene.settle()
    before, had = len(scene.calls("hubspot")), turns(scene, PORTAL)
    scene.win(told)
    deal = scene.sell()
    scene.invoice_for(scene.customer("Unseen Ltd", "un@seen.example.com"), "5.00")
    scene.settle()
    assert (before, had) == (len(scene.calls("hubspot")), turns(scene, PORTAL))
    assert ("ok", []) == (health(scene)["status"], health(scene)["problems"])

    scene.built.shelf.save("hubspot_token", HUBSPOT_TOKEN)
    connect_hubspot(scene.on)

    for one in (told, deal):
        scene.until_shown("deals", one, "xero_invoice_id")
    scene.on.until("the customer", lambda: scene.find_contact("un@seen.example.com"))
    scene.settle()
    assert [1, 1] == [len(scene.invoices_of(one)) for one in (told, deal)]


def test_another_portal_after_a_disconnect_is_refused(scene: Scene) -> None:
    """All links name the first portal's records by id, so another one is refused with what to do."""
    end(scene, PORTAL)
    scene.built.shelf.save("hubspot_token", HUBSPOT_TOKEN)
    before = len(scene.writes())
    scene.fault("hubspot", kind="rewrite", path="account-info|access-token-info", find=PORTAL, put="777")

    with pytest.raises(SettingsError) as refused:
        connect_portal(scene.built.desk)

    assert f"this token belongs to HubSpot account 777, and {PORTAL} was connected here" in refused.value.sentence
    assert before == len(scene.writes())


def test_the_console_asks_before_it_ends_a_connection(scene: Scene) -> None:
    """A button of each connection leads to a page that says what ends; only its own form does it."""
    browser = scene.on.browser
    address = f"/disconnect?vendor=xero&id={scene.on.organisation}"
    assert address.replace("&", "&amp;") in browser.get("/").text

    page = browser.get(address)

    assert f"Disconnect {KIWI}?" in page.text
    assert f"The lane `standing` of {KIWI} ends" in page.text
    assert "Every deal of [route] that is won from now on is held." in page.text
    fields = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text.split('"/disconnect"')[1])
    )
    assert 403 == browser.post("/disconnect", data={**fields, "token": "another"}).status_code
    assert 404 == browser.get("/disconnect?vendor=xero&id=nobody").status_code
    assert "connected" == connection(scene).state
    done = browser.post("/disconnect", data=fields)
    assert f"{KIWI} is disconnected." in done.text
    assert "Disconnected</span>" in done.text
    assert address.replace("&", "&amp;") not in done.text
    assert (["disconnected"], []) == ([connection(scene).state], at_xero(scene))


def test_what_a_running_turn_left_waits_for_the_connection(scene: Scene) -> None:
    """A turn that is under way when its portal is disconnected ends nothing that it did not do."""
    fault = scene.fault("hubspot", kind="delay", path="deals/batch/read", delay_ms=DAY)
    deal = scene.sell()
    scene.until_met("hubspot", fault)

    end(scene, PORTAL)
    scene.mend("hubspot")
    scene.on.until("the turn has ended", lambda: idle(scene, PORTAL) or None)

    with scene.built.database.reading() as tx:
        waiting = [one.event.resource for one in inbox.recent(tx, 100, "waiting")]
    assert deal in waiting
    assert [] == scene.invoices_of(deal)
    scene.built.shelf.save("hubspot_token", HUBSPOT_TOKEN)
    connect_hubspot(scene.on)
    scene.until_shown("deals", deal, "xero_invoice_id")
    assert 1 == len(scene.invoices_of(deal))


def test_a_token_of_another_portal_is_used_for_nothing(scene: Scene) -> None:
    """Whoever saves the token of another portal under the same name has nothing read or written there."""
    customer = scene.customer("Twice There Ltd", "tw@there.example.com")
    scene.invoice_for(customer, "10.00")
    scene.on.until("the customer", lambda: scene.find_contact("tw@there.example.com"))
    scene.settle()
    made = scene.on.control.post(
        f"{scene.on.hubspot_url}/_sandbox/tokens", json={"kind": "static", "scopes": ["oauth"]}
    )
    rewritten = scene.fault("hubspot", kind="rewrite", path="account-info", find=PORTAL, put="777", times=1000)
    scene.forget_calls()

    scene.built.shelf.save("hubspot_token", made.json()["token"])
    scene.invoice_for(customer, "20.00")

    why = scene.on.until("the lane says why", lambda: resting(scene))
    assert f"this token belongs to HubSpot account 777, and {PORTAL} is connected here" in why
    calls = scene.calls("hubspot")
    assert calls
    assert [] == [call for call in calls if "account-info" not in call["path"]]

    scene.mend("hubspot", rewritten)
    scene.built.shelf.save("hubspot_token", HUBSPOT_TOKEN)
    connect_hubspot(scene.on)
    scene.on.until(
        "the balance",
        lambda: (
            found
            if (found := scene.find_contact("tw@there.example.com")) and found["xero_outstanding_balance"] == "30.00"
            else None
        ),
    )


def resting(scene: Scene) -> str | None:
    """Return why the organisation's lane rests."""
    with scene.built.database.reading() as tx:
        return next((one.why for one in lanes.parked(tx) if one.lane == scene.on.organisation), None)


def test_no_second_invoice_where_the_first_cannot_be_asked_for(staged: Callable[..., Scene]) -> None:
    """An invoice in the copy of a disconnected organisation holds its deal, though nobody here knows it as the deal's.

    So it does where it is seen only when the other's invoice is about to leave.
    """
    scene = staged({"route": {"status": "AUTHORISED", "approval": True}})
    kiwi = scene.on.organisation
    aussie = connect_second(scene)
    choose_(scene, aussie)
    waiting, lost = scene.sell(deal_currency_code="AUD"), scene.sell(deal_currency_code="AUD", won=False)
    scene.on.until("it asks for approval", lambda: f"deal {waiting}" in scene.holds() or None)
    customer = scene.customer("By Hand Ltd")
    for deal in (waiting, lost):
        scene.invoice_for(customer, "5.00", Reference=f"HS-{deal}")
    scene.on.until("the copy has both", lambda: copied(scene, kiwi, waiting, lost) or None)
    end(scene, kiwi)

    scene.win(lost)
    release.approve_everywhere(scene.built.database, scene.built.now(), [waiting])
    scene.built.engine.nudge()

    for deal in (waiting, lost):
        told = str(scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"])
        if deal == waiting:
            told = scene.on.until("it is held anew", lambda: said_elsewhere(scene, waiting))
        assert f"of this deal stands in {KIWI}, which is disconnected, so no other is made." in told
    scene.settle()
    scene.on.organisation = aussie
    assert [] == [*scene.invoices_of(waiting), *scene.invoices_of(lost)]


def copied(scene: Scene, organisation: str, *deals: str) -> bool:
    """Tell whether our copy has an invoice with the mark of each deal."""
    marks = [f"HS-{deal}" for deal in deals]
    with scene.built.database.reading() as tx:
        return len(mirror.receivables_marked(tx, organisation, marks, [])) == len(marks)


def said_elsewhere(scene: Scene, deal: str) -> str | None:
    """Return what a deal says once it is held for an invoice that stands elsewhere."""
    reasons = " ".join(scene.holds().get(f"deal {deal}", ()))
    return reasons if "stands in" in reasons else None


def test_one_that_is_connected_instead_takes_no_deals(scene: Scene) -> None:
    """Who connects another than the one that was disconnected says so once more before deals are invoiced there."""
    kiwi = scene.on.organisation
    end(scene)
    deal = scene.sell(deal_currency_code="AUD")
    scene.until_shown("deals", deal, "xero_sync_message")

    connect_xero(scene.on, AUSSIE)

    scene.on.until(
        "another may be chosen", lambda: any("Choose another" in one for one in reasons(scene, deal)) or None
    )
    scene.settle()
    assert [] == scene.invoices_of(deal)
    assert reasons(scene, deal)[0].startswith(f"{KIWI}, in which this deal is to be invoiced, is disconnected.")
    choose_(scene, scene.on.organisation)
    scene.until_shown("deals", deal, "xero_invoice_id")
    assert 1 == len(scene.invoices_of(deal))
    assert kiwi != scene.on.organisation


def reasons(scene: Scene, deal: str) -> tuple[str, ...]:
    """Return why a deal is held."""
    return scene.holds().get(f"deal {deal}", ())
