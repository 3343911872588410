"""Requests of which Xero has made a part, and deals that change while nobody knows what became of theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from polls import poll_from_the_start
from scene import LINE, Scene
from test_invoices_edits import _edit_line
from test_invoices_recheck import _go_on, _parked, _sent_earlier, _state

NEVER = 3_600_000


def test_what_xero_is_still_working_through_is_not_sent_again(staged: Callable[..., Scene]) -> None:
    """The first of three stands when the connection drops, and the others follow: one invoice each, one request."""
    scene = staged({"route": {"status": "AUTHORISED"}})
    deals = _three(scene, delay_ms=NEVER)

    scene.on.until("the first is found", lambda: _states(scene, deals).count("made") == 1 or None, 20)
    for _ in range(3):
        _go_on(scene)
        scene.settle()
    scene.mend("xero")
    scene.on.until("the others stand", lambda: len(_marked(scene, deals)) == 3 or None, 20)
    _go_on(scene)
    for deal in deals:
        scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    scene.settle()

    assert [1, 1, 1] == [len(scene.invoices_of(deal)) for deal in deals]
    assert 1 == len(scene.calls("xero", "/Invoices", "PUT"))
    assert {} == scene.holds()


def test_what_xero_left_out_is_decided_anew_once_nothing_can_arrive(staged: Callable[..., Scene]) -> None:
    """The rest of a request never comes: after the wait it goes out as the deals say by then, under a new key."""
    scene = staged({"route": {"status": "AUTHORISED"}})
    deals = _three(scene, delay_ms=NEVER)
    scene.on.until("the first is found", lambda: _states(scene, deals).count("made") == 1 or None, 20)
    rest = deals[1:]
    _edit_line(scene, rest[0], "Seats", quantity="20")
    scene.edit("deals", rest[0], amount="798.00")
    scene.settle()
    assert ["made", "sent", "sent"] == _states(scene, deals)

    _sent_earlier(scene, rest[0])
    _go_on(scene)
    for deal in deals:
        scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    scene.settle()

    assert [1, 1, 1] == [len(scene.invoices_of(deal)) for deal in deals]
    assert [478.8, 798.0, 478.8] == [scene.invoices_of(deal)[0]["SubTotal"] for deal in deals]
    (why,) = scene.reasons(f"deal {rest[0]}", "skip")
    assert why == (
        "The answer to its request was lost, and Xero has no invoice of it and makes none of it any more, so the deal"
        " is decided anew."
    )


def test_a_lost_request_that_arrives_after_all_makes_nothing_twice(scene: Scene) -> None:
    """The same request is sent again, and the first one overtakes it: both have one key, so one invoice stands."""
    put = {"method": "PUT", "path": "/Invoices$", "times": 1, "delay_ms": NEVER}
    first = scene.fault("xero", kind="reset_late", **put)
    second = scene.fault("xero", kind="late", **put)
    deal = scene.sell()
    scene.until_met("xero", second)
    assert [] == scene.invoices_of(deal)

    scene.mend("xero", first)
    scene.on.until("the first arrives", lambda: scene.invoices_of(deal) or None)
    scene.mend("xero", second)
    shown = scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()

    assert [shown["xero_invoice_id"]] == [one["InvoiceID"] for one in scene.invoices_of(deal)]
    assert {} == scene.holds()


def test_a_lost_request_goes_out_as_its_deals_say_by_then(staged: Callable[..., Scene]) -> None:
    """Of two deals in a lost request one is lost and one edited: the invoice that is made has the new figure."""
    scene = staged({"route": {"status": "AUTHORISED"}})
    scene.silence("hubspot")
    scene.fault("xero", kind="reset_before", method="PUT", path="/Invoices$")
    contact = scene.make("contacts", email="both@both.example.com", lastname="Both")
    edited, lost = (scene.sell(contact=contact) for _ in range(2))
    poll_from_the_start(scene)
    scene.on.until("the request is lost", lambda: _parked(scene) or None, 20)
    scene.edit("deals", lost, dealstage="closedlost")
    _edit_line(scene, edited, "Seats", quantity="20")
    scene.edit("deals", edited, amount="798.00")
    scene.mend("xero")
    poll_from_the_start(scene)
    _go_on(scene)
    scene.settle()
    assert ["sent", "sent"] == _states(scene, [edited, lost])

    _sent_earlier(scene, edited)
    _go_on(scene)

    scene.until_shown("deals", edited, "xero_invoice_id", seconds=20)
    scene.settle()
    assert [798.0] == [one["SubTotal"] for one in scene.invoices_of(edited)]
    assert [] == scene.invoices_of(lost)


def test_a_second_invoice_for_a_deal_is_told(scene: Scene) -> None:
    """An invoice that carries the mark of a deal with another invoice waits for a person, until it is put right."""
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id")
    first = scene.invoices_of(deal)[0]
    scene.settle()

    second = scene.invoice_for(first["Contact"]["ContactID"], Reference=f"HS-{deal} again")
    told = scene.on.until("it is told", lambda: scene.holds().get(f"invoice {second['InvoiceID']}"), 20)

    assert f"Deal {deal} has two invoices in Xero: {first['InvoiceNumber']}" in told[0]
    body = {"InvoiceID": second["InvoiceID"], "Status": "VOIDED"}
    scene.on.in_xero("POST", f"/Invoices/{second['InvoiceID']}", {"Invoices": [body]})
    scene.on.until("it is let go", lambda: not scene.holds() or None, 20)


def _three(scene: Scene, delay_ms: int) -> list[str]:
    """Win three deals at once, of whose request one invoice is made at once and the others later."""
    scene.silence("hubspot")
    scene.fault("xero", kind="partial", method="PUT", path="/Invoices$", delay_ms=delay_ms, times=1)
    company = scene.make("companies", name="Three Ltd")
    contact = scene.make("contacts", email="three@three.example.com", lastname="Three")
    deals = [scene.sell(LINE, company=company, contact=contact) for _ in range(3)]
    poll_from_the_start(scene)
    return deals


def _states(scene: Scene, deals: Sequence[str]) -> list[str | None]:
    return [_state(scene, deal) for deal in deals]


def _marked(scene: Scene, deals: Sequence[str]) -> list[dict[str, Any]]:
    return [one for deal in deals for one in scene.invoices_of(deal)]
