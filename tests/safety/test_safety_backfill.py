"""Showing everybody: planned without a write, accepted, run behind live work, stopped and gone on with."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from own_process import Command, Served, running_process
from plans import accept, count_left, plan
from scene import DAY, OBJECTS, Scene

from ledgerloop.cli.stage import connect_hubspot, connect_xero
from ledgerloop.flows.standing import PLANNED_AT_ONCE
from ledgerloop.store import inbox, planned


def _ledger(scene: Scene, count: int) -> list[str]:
    """Let there be customers, one in ten with an invoice, since long before anything is connected."""
    _shift(scene, -7200)
    state = scene.on.control.get(f"{scene.url('xero')}/_sandbox/state").json()
    scene.on.organisation = state["organisations"][0]["tenantId"]
    bodies = [{"Name": f"Fill {n:04}", "EmailAddress": f"p{n}@fill{n}.example.com"} for n in range(count)]
    made = [
        str(one["ContactID"])
        for start in range(0, count, 50)
        for one in scene.on.in_xero("PUT", "/Contacts", {"Contacts": bodies[start : start + 50]})["Contacts"]
    ]
    for customer in made[::10]:
        scene.invoice_for(customer, "10.00")
    _shift(scene, 7200)
    return made


def _shift(scene: Scene, seconds: int) -> None:
    scene.on.control.post(f"{scene.url('xero')}/_sandbox/clock", json={"shift": seconds})


def _connect(scene: Scene) -> None:
    connect_xero(scene.on, "Kiwi Demo Ltd")
    connect_hubspot(scene.on)
    scene.settle()


def test_a_plan_writes_nothing_and_the_backfill_writes_what_it_showed(staged: Callable[..., Scene]) -> None:
    """The plan is the same path with writes off: nothing is written by it, and afterwards exactly what it showed."""
    scene = staged({"standing": {"show": "customers"}})
    totals, lines = plan(scene)
    scene.settle()
    before = [call for call in scene.writes() if "/crm/objects/" in call["path"]]

    accept(scene, totals)
    scene.on.until("the backfill is done", lambda: count_left(scene) == 0 or None)
    scene.settle()

    assert [] == before
    assert 3 == totals.customers
    assert totals.written.created >= 2
    shown = [line for line in lines if line.kind == "contact" and line.decision == "create"]
    for line in shown:
        fields = {one.name: one.after for one in line.fields}
        seen = scene.find_contact(fields["email"])
        assert seen is not None
        ours = {name: value for name, value in fields.items() if name.startswith("xero_") and value}
        assert ours == {name: seen[name] for name in ours}
    with scene.built.database.reading() as tx:
        done = planned.allowance(tx, scene.on.organisation)
    assert done is not None
    assert totals.written == done.written
    assert 0 == plan(scene)[0].written.created + plan(scene)[0].written.updated


def test_the_plan_of_a_customer_tells_what_was_and_what_would_be(scene: Scene) -> None:
    """Of a customer that is shown already the plan gives, field by field, the value there is and the one to come."""
    customer = scene.customer("Kakapo Tours", "kim@kakapo.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("kim@kakapo.example.com"))["id"])
    scene.settle()
    scene.silence("xero")
    invoice = scene.invoice_for(customer, "80.00")
    scene.pay(invoice["InvoiceID"], "30.00")
    scene.forget_calls()

    _, lines = plan(scene, [customer], later=timedelta(hours=1))  # when no webhook came, the pull is a catch-up

    of_contact = next(line for line in lines if line.kind == "contact")
    fields = {one.name: (one.before, one.after) for one in of_contact.fields}
    assert (contact, "Kakapo Tours", "update") == (of_contact.id, of_contact.name, of_contact.decision)
    assert ("0.00", "50.00") == fields["xero_outstanding_balance"]
    assert ("NONE", "PARTIALLY_PAID") == fields["xero_invoice_status"]
    assert "xero_contact_id" not in fields
    assert [] == scene.writes()


def test_live_work_goes_before_a_backfill(staged: Callable[..., Scene]) -> None:
    """A new customer in the middle of a backfill waits for the step that is under way, and for no other."""
    scene = staged(connected=False)
    _ledger(scene, 800)
    _connect(scene)
    totals, _ = plan(scene)
    held = scene.fault("hubspot", kind="delay", delay_ms=DAY, path="contacts/batch/create")
    accept(scene, totals)
    scene.until_met("hubspot", held)

    scene.customer("Live Ltd", "liv@live.example.com")
    scene.on.until("its webhook is kept", lambda: _kept(scene) or None)
    scene.mend("hubspot", held)
    scene.on.until("the backfill is done", lambda: count_left(scene) == 0 or None)
    scene.settle()

    in_order = [email for email in _all(scene, "contacts", "email") if "@fill" in email or "@live" in email]
    assert 801 == len(in_order)
    assert 0 < in_order.index("liv@live.example.com") <= PLANNED_AT_ONCE


def _kept(scene: Scene) -> int:
    with scene.built.database.reading() as tx:
        return inbox.waiting(tx)


@pytest.fixture
def filled(postgres_url: str, tmp_path: Path) -> Iterator[Served]:
    """Run the service as a process, with 620 customers in the ledger that nobody has asked to be shown."""
    with running_process(tmp_path, postgres_url, lambda served: _ledger(served, 620) and None) as running:
        yield running


def test_backfill_goes_on_after_a_kill_and_in_the_service(filled: Served, tmp_path: Path) -> None:
    """Killed in the middle, interrupted in the middle, then handed to the service: all shown, nobody doubled."""
    filled.kill()
    held = _hold_writes(filled)
    first = Command(filled, tmp_path, "backfill", "--yes")
    _let_go_on(filled, held, left=500)
    first.process.kill()
    first.process.communicate()

    filled.mend("hubspot")
    held = _hold_writes(filled)
    second = Command(filled, tmp_path, "backfill", "--yes")
    _let_go_on(filled, held, left=300)
    second.process.send_signal(signal.SIGINT)
    second.until_told("Stopping")
    filled.mend("hubspot")
    second.out(130)
    left = count_left(filled)

    _hold_writes(filled)
    filled.start()
    third = Command(filled, tmp_path, "backfill", "--yes", "--json")
    third.until_told("The service runs")
    filled.mend("hubspot")
    told = third.json()

    assert 0 < left < 620
    assert 0 == count_left(filled)
    assert told["organisation"] == filled.on.organisation
    assert None not in [filled.find_contact(f"p{n}@fill{n}.example.com") for n in range(0, 620, 7)]
    companies = [name for name in _all(filled, "companies", "name") if name.startswith("Fill ")]
    assert 620 == len(companies) == len(set(companies))


def _hold_writes(served: Served) -> int:
    """Let HubSpot make what it is asked to make, and hold its answers."""
    return served.fault("hubspot", kind="delay", delay_ms=DAY, path="batch/create")


def _let_go_on(served: Served, held: int, left: int) -> None:
    """Let answers go until no more customers are left than this, and an answer of the next step is held."""
    served.until_met("hubspot", held)
    while count_left(served) > left:
        before, held = held, _hold_writes(served)
        served.mend("hubspot", before)
        served.until_met("hubspot", held)


def _all(scene: Scene, kind: str, name: str) -> list[str]:
    """Return a property of all records of a kind, the oldest first."""
    found: list[tuple[int, str]] = []
    after = ""
    while True:
        query = {"limit": "100", "properties": name} | ({"after": after} if after else {})
        page = scene.on.at_hubspot("GET", f"{OBJECTS}/{kind}", query=query)
        found += [(int(one["id"]), one["properties"][name] or "") for one in page["results"]]
        after = page.get("paging", {}).get("next", {}).get("after", "")
        if not after:
            return [value for _, value in sorted(found)]
