"""A figure that somebody changed in HubSpot is found and written again: by a plan, a backfill, and little by little."""

from __future__ import annotations

from collections.abc import Callable

from plans import accept, count_left, plan
from scene import OBJECTS, Scene

from ledgerloop.store import lanes, single_values


def _shown_with_deal(scene: Scene) -> tuple[str, str, str]:
    """Have a won deal invoiced and approved; return its contact, company and deal."""
    contact = scene.make("contacts", email="wren@wrong.example.com", lastname="Wren")
    company = scene.make("companies", name="Wrong Figures Ltd")
    deal = scene.sell(contact=contact, company=company)
    invoice = scene.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_id"]
    scene.approve(invoice)
    scene.until_shown("contacts", contact, "xero_invoice_status", "AUTHORISED")
    scene.settle()
    return contact, company, deal


def test_a_plan_finds_a_wrong_figure_and_the_backfill_writes_it_again(scene: Scene) -> None:
    """The plan tells what stands there and what would be written; the backfill writes it, and journals why."""
    contact, company, deal = _shown_with_deal(scene)
    right = {kind: scene.show(kind, one) for kind, one in (("contacts", contact), ("companies", company))}
    scene.edit("contacts", contact, xero_outstanding_balance="99999", xero_last_payment_date="2020-01-01")
    scene.edit("companies", company, xero_invoice_status="", xero_open_invoices="1.0")
    due = scene.show("deals", deal)["xero_amount_due"]
    scene.edit("deals", deal, xero_amount_due="1")
    scene.settle()

    totals, lines = plan(scene)

    assert "99999" == scene.show("contacts", contact)["xero_outstanding_balance"]
    fields = {line.id: {one.name: (one.before, one.after) for one in line.fields} for line in lines if line.id}
    owed = right["contacts"]["xero_outstanding_balance"]
    wrong_date = ("2020-01-01", "")
    assert {"xero_outstanding_balance": ("99999", owed), "xero_last_payment_date": wrong_date} == fields[contact]
    assert {"xero_invoice_status": ("", "AUTHORISED")} == fields[company]
    assert {"xero_amount_due": ("1", due)} == fields[deal]
    accept(scene, totals)
    scene.on.until("the backfill is done", lambda: count_left(scene) == 0 or None, 20)
    scene.settle()
    now = scene.show("contacts", contact)
    assert {name: value for name, value in right["contacts"].items() if name.startswith("xero_")} == {
        name: value for name, value in now.items() if name.startswith("xero_")
    }
    assert "AUTHORISED" == scene.show("companies", company)["xero_invoice_status"]
    assert due == scene.show("deals", deal)["xero_amount_due"]
    assert ("skip", f"hubspot contact {contact}") in scene.journal(f"hubspot contact {contact}")
    assert 0 == plan(scene)[0].written.updated


def test_a_wrong_figure_is_found_little_by_little(staged: Callable[..., Scene]) -> None:
    """With each catch-up a hundred contacts and a hundred companies are looked at, for a call each, going round."""
    scene = staged({"properties": {"xero_overdue_balance": "owed_late"}})
    scene.customer("Round Ltd", "ro@round.example.com")
    contact = str(scene.on.until("it is made", lambda: _contact(scene, "ro@round.example.com")))
    scene.settle()
    scene.edit("contacts", contact, owed_late="5")
    scene.settle()
    scene.forget_calls()

    with scene.built.database.transaction() as tx:
        single_values.forget(tx, single_values.LOOKED_AT.of(scene.on.organisation))
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())

    scene.on.until("it is right again", lambda: "0.00" == _owed_late(scene, contact) or None)
    scene.settle()
    assert 2 == len([call for call in scene.calls("hubspot") if call["path"].endswith("/batch/read")])
    assert 1 == len(scene.writes())
    with scene.built.database.transaction() as tx:
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.settle()
    assert 2 == len([call for call in scene.calls("hubspot") if call["path"].endswith("/batch/read")])


def _contact(scene: Scene, email: str) -> str | None:
    query = {"idProperty": "email", "properties": "email"}
    body = {"method": "GET", "path": f"{OBJECTS}/contacts/{email}", "query": query}
    answer = scene.on.control.post(f"{scene.on.hubspot_url}/_sandbox/act", json=body).json()
    return None if answer["status"] == 404 else str(answer["body"]["id"])


def _owed_late(scene: Scene, contact: str) -> str | None:
    shown = scene.on.at_hubspot("GET", f"{OBJECTS}/contacts/{contact}", query={"properties": "owed_late"})
    value: str | None = shown["properties"]["owed_late"]
    return value
