"""Deals that change while nobody knows what became of their invoices say what is waited for; nothing of it is lost."""

from __future__ import annotations

from polls import poll_from_the_start
from scene import Scene
from test_invoices_edits import _edit_line
from test_invoices_recheck import _go_on, _parked, _sent_earlier, _state

from ledgerloop.engine.epoch import KEY_LASTS
from ledgerloop.invoices.preview import quote
from ledgerloop.parts import instead
from ledgerloop.store import connections, intents

PORTAL = "62515"


def test_edited_and_lost_deals_say_what_is_waited_for(scene: Scene) -> None:
    """With its invoice on the way each says until when; a plan says it was sent; then one is made, the other not."""
    scene.silence("hubspot")
    fault = scene.fault("xero", kind="reset_before", method="PUT", path="/Invoices$")
    edited, lost, same = (scene.sell() for _ in range(3))
    poll_from_the_start(scene)
    scene.on.until("the request is lost", lambda: _parked(scene) or None, 30)
    _edit_line(scene, edited, "Seats", quantity="20")
    scene.edit("deals", lost, dealstage="closedlost")
    scene.mend("xero", fault)
    poll_from_the_start(scene)
    _go_on(scene)

    said = {
        deal: str(scene.until_shown("deals", deal, "xero_sync_message", seconds=30)["xero_sync_message"])
        for deal in (edited, lost, same)
    }
    scene.settle()
    until = _may_arrive_until(scene, edited)
    assert {f"deal {deal}": (one,) for deal, one in said.items()} == scene.holds()
    for deal in (edited, lost):
        assert (
            f"this deal has changed since, so nothing more is sent until it can no longer arrive, at {until} UTC"
            in (said[deal])
        )
        assert [said[deal]] == scene.reasons(f"deal {deal}", "hold")
    assert "this deal has changed" not in said[same]
    (planned,) = _plan(scene, edited)
    assert "The invoice of 478.80 NZD was sent to Xero at" in planned
    assert "the answer is not known yet" in planned
    assert "made for this deal" not in planned

    _sent_earlier(scene, edited)
    _go_on(scene)
    for deal in (edited, same):
        scene.until_shown("deals", deal, "xero_invoice_id", seconds=30)
    scene.settle()
    assert [[798.0], [], [478.8]] == [
        [one["SubTotal"] for one in scene.invoices_of(deal)] for deal in (edited, lost, same)
    ]
    assert {} == scene.holds()
    assert [None, None, None] == [
        scene.show("deals", deal)["xero_sync_message"] or None for deal in (edited, lost, same)
    ]


def test_what_was_edited_meanwhile_is_carried_to_an_invoice_that_arrives_late(scene: Scene) -> None:
    """The draft takes what the deal says by then; of a deal that was lost meanwhile it is told that it stands."""
    scene.silence("hubspot")
    first = scene.fault("xero", kind="reset_late", method="PUT", path="/Invoices$", times=1, delay_ms=3_600_000)
    again = scene.fault("xero", kind="reset_before", method="PUT", path="/Invoices$")
    edited, lost = scene.sell(), scene.sell()
    poll_from_the_start(scene)
    scene.on.until("the request is lost", lambda: _parked(scene) or None, 30)
    _edit_line(scene, edited, "Seats", quantity="20")
    scene.edit("deals", lost, dealstage="closedlost")
    poll_from_the_start(scene)
    _go_on(scene)
    scene.until_shown("deals", edited, "xero_sync_message", seconds=30)
    scene.settle()
    assert ["sent", "sent"] == [_state(scene, deal) for deal in (edited, lost)]

    scene.mend("xero", again)
    scene.mend("xero", first)
    scene.on.until("they arrive", lambda: all(scene.invoices_of(deal) for deal in (edited, lost)) or None, 30)
    _go_on(scene)

    scene.on.until("the draft follows", lambda: scene.invoices_of(edited)[0]["SubTotal"] == 798.0 or None, 30)
    told = scene.until_shown("deals", lost, "xero_sync_message", seconds=30)
    scene.settle()
    assert "lost" in str(told["xero_sync_message"])
    assert [1, 1] == [len(scene.invoices_of(deal)) for deal in (edited, lost)]
    assert not scene.show("deals", edited)["xero_sync_message"]
    assert {} == scene.holds()


def _may_arrive_until(scene: Scene, deal: str) -> str:
    with scene.built.database.reading() as tx:
        intent = intents.get(tx, PORTAL, [deal])[deal]
    assert intent.last_sent_at is not None
    return f"{intent.last_sent_at + KEY_LASTS:%H:%M:%S}"


def _plan(scene: Scene, deal: str) -> tuple[str, ...]:
    with scene.built.database.reading() as tx:
        portal = connections.only_portal(tx)
    assert portal is not None
    with instead(scene.built.parts()):
        (one,) = quote(portal, [deal])
    return one.reasons
