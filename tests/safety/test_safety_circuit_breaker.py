"""The brake: nobody gets thousands of records that nobody planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from scene import Scene
from sqlalchemy import update

from ledgerloop.customers.named import organisation_of
from ledgerloop.parts import instead
from ledgerloop.safety import backfill_plan
from ledgerloop.safety.backfill_plan import Totals
from ledgerloop.store import clientele, lanes, links, pending_customers, planned, tables, write_counts
from ledgerloop.store.write_counts import Written


def _make(scene: Scene, count: int) -> None:
    bodies = [{"Name": f"Import {n:03}", "EmailAddress": f"i{n}@import{n}.example.com"} for n in range(count)]
    for start in range(0, count, 50):
        scene.on.in_xero("PUT", "/Contacts", {"Contacts": bodies[start : start + 50]})


def _asked(scene: Scene) -> str | None:
    return next(iter(scene.holds().get(f"brake {scene.on.organisation}", ())), None)


def _parked(scene: Scene) -> bool:
    with scene.built.database.reading() as tx:
        return any(one.flow == "standing" for one in lanes.parked(tx))


def _approve(scene: Scene) -> Totals:
    """Approve as the command does."""
    totals = Totals()
    with instead(scene.built.parts()):
        with scene.built.database.reading() as tx:
            home = organisation_of(tx, "")
            waiting = pending_customers.every(tx, home.id)
        for _ in backfill_plan.plan(home, waiting, totals):
            pass
        backfill_plan.accept(home, waiting, totals.written)
    return totals


def test_an_import_is_stopped_before_its_first_record_until_approved(staged: Callable[..., Scene]) -> None:
    """An hour that would make more than the brake allows makes nothing; approved, it makes exactly what was shown."""
    scene = staged({"brake": {"create": 20}})
    scene.forget_calls()

    _make(scene, 40)

    why = scene.on.until("the brake asks", lambda: _asked(scene))
    assert "80 HubSpot records would be made" in why
    assert "ledgerloop approve" in why
    assert [] == scene.writes()
    page = scene.on.browser.get("/").text
    assert "80 HubSpot records would be made" in page
    totals = _approve(scene)
    scene.on.until("all are made", lambda: scene.find_contact("i39@import39.example.com"), 20)
    scene.settle()
    assert (80, 0) == (totals.written.created, totals.written.updated)
    assert {} == scene.holds()
    assert not _parked(scene)


def test_who_is_shown_already_is_kept_up_to_date_beside_what_is_stopped(staged: Callable[..., Scene]) -> None:
    """While an import waits for a person, a payment of somebody shown already is shown; new ones wait with the rest."""
    scene = staged({"brake": {"create": 20}})
    shown = scene.customer("Shown Ltd", "s@shown.example.com")
    invoice = scene.invoice_for(shown, "50.00")["InvoiceID"]
    contact = scene.on.until("it is made", lambda: scene.find_contact("s@shown.example.com"))["id"]
    scene.settle()
    _make(scene, 40)
    assert "What needs new records waits." in scene.on.until("the brake asks", lambda: _asked(scene))

    scene.pay(invoice, 20)
    late = scene.customer("Late Ltd", "l@late.example.com")

    scene.until_shown("contacts", str(contact), "xero_outstanding_balance", "30.00")
    scene.settle()
    assert not _parked(scene)
    assert _asked(scene)
    assert None is scene.find_contact("l@late.example.com")
    assert 82 == _approve(scene).written.created
    scene.on.until("all are made", lambda: scene.find_contact("i39@import39.example.com"), 20)
    scene.settle()
    assert {} == scene.holds()
    with scene.built.database.reading() as tx:
        assert [] == pending_customers.every(tx, scene.on.organisation)
        assert {late} == links.find(tx, scene.on.organisation, "company", [late]).keys()


def test_what_was_stopped_is_looked_at_again(staged: Callable[..., Scene]) -> None:
    """A quarter of an hour later the stopped work is looked at anew, and goes on by itself where it fits by then."""
    scene = staged({"brake": {"create": 4}})
    for n in range(2):
        scene.customer(f"Drop {n}", f"d{n}@drop{n}.example.com")
        scene.on.until("it is made", lambda n=n: scene.find_contact(f"d{n}@drop{n}.example.com"))
        scene.settle()
    scene.customer("Drop 2", "d2@drop2.example.com")
    scene.on.until("the brake asks", lambda: _asked(scene))
    scene.settle()

    long_ago = scene.built.now() - timedelta(hours=2)
    with scene.built.database.transaction() as tx:
        tx.execute(update(tables.spent).values(minute=long_ago))
        tx.execute(update(tables.dirty).values(stopped_at=long_ago))

    scene.on.until("it is made", lambda: scene.find_contact("d2@drop2.example.com"), 20)
    scene.settle()
    assert {} == scene.holds()


def test_little_by_little_counts_too(staged: Callable[..., Scene]) -> None:
    """What was made within the hour before counts: the customer that would go beyond waits, those before it do not."""
    scene = staged({"brake": {"create": 4}})
    for n in range(2):
        scene.customer(f"Drop {n}", f"d{n}@drop{n}.example.com")
        scene.on.until("it is made", lambda n=n: scene.find_contact(f"d{n}@drop{n}.example.com"))
        scene.settle()

    scene.customer("Drop 2", "d2@drop2.example.com")

    assert "6 HubSpot records" in scene.on.until("the brake asks", lambda: _asked(scene))
    assert scene.find_contact("d2@drop2.example.com") is None
    with scene.built.database.reading() as tx:
        assert Written(created=4) == write_counts.in_the_last_hour(tx, scene.on.organisation, scene.built.now())


def test_updates_have_a_number_of_their_own(staged: Callable[..., Scene]) -> None:
    """More changes than the brake allows are stopped before the first of them."""
    scene = staged({"brake": {"update": 3}})
    customers = [scene.customer(f"Upd {n}", f"u{n}@upd{n}.example.com") for n in range(2)]
    for n in range(2):
        scene.on.until("it is made", lambda n=n: scene.find_contact(f"u{n}@upd{n}.example.com"))
    scene.settle()
    scene.silence("xero")
    for customer in customers:
        scene.invoice_for(customer, "10.00")
    scene.forget_calls()

    scene.on.control.post(f"{scene.url('xero')}/_sandbox/webhooks", json={"enabled": True})
    scene.invoice_for(customers[0], "1.00")

    assert "4 changed" in scene.on.until("the brake asks", lambda: _asked(scene))
    assert [] == scene.writes()


def test_only_what_was_written_counts(scene: Scene) -> None:
    """A batch that HubSpot turned away for its quota is counted when it is written, not twice."""
    scene.fault("hubspot", kind="status", status=429, headers={"Retry-After": "6"}, path="batch/create", times=2)
    with instead(scene.built.parts()):
        with scene.built.database.reading() as tx:
            home = organisation_of(tx, "")
            everybody = clientele.everybody(tx, home.id, show_all=True)
        totals = Totals()
        for _ in backfill_plan.plan(home, everybody, totals):
            pass
        backfill_plan.accept(home, everybody, totals.written)

    def done() -> planned.Allowance | None:
        with scene.built.database.reading() as tx:
            known = planned.allowance(tx, home.id)
        return known if known is not None and not known.left else None

    known = scene.on.until("the backfill is done", done, 40)
    assert totals.written == known.written
    with scene.built.database.reading() as tx:
        assert Written() == write_counts.in_the_last_hour(tx, home.id, scene.built.now())
