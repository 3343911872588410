"""After a restore each deal that needs something new at Xero waits, with its sentence, and no other deal does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from polls import poll_from_the_start
from scene import LINE, Scene
from test_invoices_edits import _edit_line
from test_invoices_recheck import _go_on, _parked, _state

from ledgerloop.cli.stage import connect_xero
from ledgerloop.engine import retries
from ledgerloop.invoices import release
from ledgerloop.invoices.preview import quote
from ledgerloop.parts import instead
from ledgerloop.store import connections, cursors, epochs, lanes
from ledgerloop.store.cursors import CAUGHT_UP, Cursor

PORTAL = "62515"
KIWI, AUSSIE = "Kiwi Demo Ltd", "Aussie Demo Pty"
UNREAD = "no invoice is made until Xero was read once"


def test_only_what_is_new_waits(scene: Scene) -> None:
    """Edits of other deals are carried on meanwhile, and so is a person's word; nothing new is made before the books
    were read, and once they were, exactly one of each.
    """
    edited, right = scene.sell(), scene.sell()
    for deal in (edited, right):
        scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    scene.approve(scene.invoices_of(right)[0]["InvoiceID"])
    scene.until_shown("deals", right, "xero_invoice_status", "AUTHORISED")
    _edit_line(scene, right, "Seats", quantity="13")
    scene.until_shown("deals", right, "xero_sync_message")
    scene.settle()
    customers = _customers(scene)

    _put_back(scene)
    new = scene.sell()
    said = str(scene.until_shown("deals", new, "xero_sync_message")["xero_sync_message"])
    _edit_line(scene, edited, "Seats", quantity="20")
    with instead(scene.built.parts()):
        retries.retry([right])

    scene.on.until("the draft follows", lambda: scene.invoices_of(edited)[0]["SubTotal"] == 798.0 or None, 30)
    scene.on.until("it is right", lambda: not scene.show("deals", right)["xero_sync_message"] or None, 30)
    scene.settle()
    assert UNREAD in said
    assert {f"deal {new}": (said,)} == scene.holds()
    assert [said] == scene.reasons(f"deal {new}", "hold")
    assert (said,) == _plan(scene, new)
    assert not _parked(scene)
    assert ([], customers) == (scene.invoices_of(new), _customers(scene))

    _read_books(scene)
    scene.until_shown("deals", new, "xero_invoice_id", seconds=30)
    scene.settle()
    assert 1 == len(scene.invoices_of(new))
    assert customers + 1 == _customers(scene)
    assert {} == scene.holds()
    assert not scene.show("deals", new)["xero_sync_message"]


def test_what_left_before_may_still_arrive(scene: Scene) -> None:
    """The books were read, and the ten minutes are not over: the deal names the moment, and goes on at it."""
    safe = _put_back(scene, timedelta(minutes=10))
    _read_books(scene)
    scene.settle()
    deal = scene.sell()
    said = str(scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"])
    scene.settle()
    assert f"may still arrive there until {safe:%H:%M:%S} UTC" in said
    assert [] == scene.invoices_of(deal)

    _safe_at(scene, scene.built.now() + timedelta(seconds=2))

    scene.until_shown("deals", deal, "xero_invoice_id", seconds=30)
    scene.settle()
    assert 1 == len(scene.invoices_of(deal))
    assert {} == scene.holds()


def test_an_approval_is_kept_while_its_invoice_waits(staged: Callable[..., Scene]) -> None:
    """What a person has approved before the restore, or approves while it waits, leaves afterwards and not before."""
    scene = staged({"route": {"approval": True, "status": "AUTHORISED"}})
    deal = scene.sell()
    scene.on.until("it asks", lambda: "waits for approval" in str(scene.holds()) or None)
    scene.settle()
    _put_back(scene)

    release.approve_everywhere(scene.built.database, scene.built.now(), [deal])
    scene.built.parts().nudge()
    scene.on.until("it waits", lambda: UNREAD in str(scene.holds()) or None, 30)
    scene.edit("deals", deal, dealname="Called otherwise")
    scene.settle()
    assert "intended" == _state(scene, deal)
    assert UNREAD in str(scene.show("deals", deal)["xero_sync_message"])
    assert [] == scene.invoices_of(deal)

    _read_books(scene)
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=30)
    scene.settle()
    assert 1 == len(scene.invoices_of(deal))
    assert {} == scene.holds()


def test_a_request_without_an_answer_is_not_sent_again_before(scene: Scene) -> None:
    """A later state of the database may have sent it under another key: Xero is read first, then it leaves once."""
    scene.fault("xero", kind="reset_before", method="PUT", path="/Invoices$")
    deal = scene.sell()
    scene.on.until("the request is lost", lambda: _parked(scene) or None, 30)
    _put_back(scene)
    scene.mend("xero")
    scene.forget_calls()

    _go_on(scene)
    scene.on.until("it waits", lambda: UNREAD in str(scene.holds()) or None, 30)
    scene.settle()
    assert ("sent", [], []) == (
        _state(scene, deal),
        scene.calls("xero", "/Invoices", "PUT"),
        scene.invoices_of(deal),
    )

    _read_books(scene)
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=30)
    scene.settle()
    assert 1 == len(scene.invoices_of(deal))
    assert {} == scene.holds()


def test_nothing_leaves_that_was_decided_before_it_was_noticed(scene: Scene) -> None:
    """It is noticed while a deal's customer is being made: the invoice waits like any other."""
    number = scene.fault("xero", kind="delay", method="PUT", path="/Contacts$", delay_ms=3_600_000, times=1)
    deal = scene.sell()
    scene.until_met("xero", number)
    _put_back(scene)
    scene.mend("xero", number)

    scene.on.until("it waits", lambda: UNREAD in str(scene.holds()) or None, 30)
    scene.settle()
    assert [] == scene.invoices_of(deal)

    _read_books(scene)
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=30)
    scene.settle()
    assert 1 == len(scene.invoices_of(deal))


def test_an_organisation_whose_books_were_read_waits_for_no_other(staged: Callable[..., Scene]) -> None:
    """Of two the deals of the one that was read go on, whatever becomes of the other."""
    routes = [{"currency": "AUD", "organisation": AUSSIE}, {"currency": "NZD", "organisation": KIWI}]
    scene = staged({"routes": routes})
    kiwi = scene.on.organisation
    connect_xero(scene.on, AUSSIE)
    aussie, scene.on.organisation = scene.on.organisation, kiwi
    scene.settle()
    _put_back(scene)
    ours, theirs = (scene.sell(LINE, deal_currency_code=currency) for currency in ("NZD", "AUD"))
    for deal in (ours, theirs):
        scene.until_shown("deals", deal, "xero_sync_message")

    _read_books(scene)

    scene.until_shown("deals", ours, "xero_invoice_id", seconds=30)
    poll_from_the_start(scene)
    scene.settle()
    assert [f"deal {theirs}"] == list(scene.holds())
    assert UNREAD in str(scene.show("deals", theirs)["xero_sync_message"])
    scene.on.organisation = aussie
    assert [] == scene.invoices_of(theirs)
    _read_books(scene)
    scene.until_shown("deals", theirs, "xero_invoice_id", seconds=30)
    assert {} == scene.holds()


def _put_back(scene: Scene, safe: timedelta = timedelta()) -> datetime:
    """Have it noticed now that the database was put back; return before when nothing is made in any case."""
    now = scene.built.now()
    with scene.built.database.transaction() as tx:
        before = epochs.kept(tx) or epochs.Epoch()
        epochs.put(tx, replace(before, noticed=now, safe=now + safe, why="It was put back."))
    return now + safe


def _safe_at(scene: Scene, moment: datetime) -> None:
    with scene.built.database.transaction() as tx:
        before = epochs.kept(tx)
        assert before is not None
        epochs.put(tx, replace(before, safe=moment))
    scene.built.parts().nudge()


def _read_books(scene: Scene) -> None:
    """Have the organisation's books read, as at the start of the service."""
    with scene.built.database.transaction() as tx:
        cursors.put(tx, Cursor(scene.on.organisation, CAUGHT_UP))
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.built.parts().nudge()


def _customers(scene: Scene) -> int:
    return len(scene.on.in_xero("GET", "/Contacts", query={"page": "1", "pageSize": "1000"})["Contacts"])


def _plan(scene: Scene, deal: str) -> tuple[str, ...]:
    with scene.built.database.reading() as tx:
        portal = connections.only_portal(tx)
    assert portal is not None
    with instead(scene.built.parts()):
        (one,) = quote(portal, [deal])
    return one.reasons
