"""Catch-up: what webhooks did not tell is found at once where there is a sign of it, by the clock, and by comparing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx2
import pytest
from clocks import Told
from crm import Customers
from scene import DAY, Scene
from sqlalchemy import delete

from ledgerloop.flows import schedule, standing
from ledgerloop.ledger import pull, reconcile
from ledgerloop.parts import instead
from ledgerloop.records import Event
from ledgerloop.store import (
    connections,
    cursors,
    epochs,
    inbox,
    journal,
    lanes,
    mirror,
    pending_customers,
    planned,
    single_values,
    tables,
)
from ledgerloop.store.cursors import CAUGHT_UP, Cursor
from ledgerloop.store.inbox import Delivery
from ledgerloop.web.health import FRESH
from ledgerloop.xero.webhooks import sign
from ledgerloop_sandbox.credentials import XERO_WEBHOOK_KEY


def _deliver(scene: Scene, first: int, resource: str = "00000000-0000-0000-0000-000000000000") -> None:
    """Deliver one event with a number."""
    event = {
        "resourceUrl": f"https://api.xero.com/api.xro/2.0/Contacts/{resource}",
        "resourceId": resource,
        "eventDateUtc": f"2026-11-22T01:15:{first % 60:02}.902",
        "eventType": "UPDATE",
        "eventCategory": "CONTACT",
        "tenantId": scene.on.organisation,
        "tenantType": "ORGANISATION",
    }
    body = json.dumps({"events": [event], "firstEventSequence": first, "lastEventSequence": first, "entropy": "x"})
    headers = {"x-xero-signature": sign(body.encode(), XERO_WEBHOOK_KEY)}
    assert 200 == scene.deliver("/webhooks/xero", body.encode(), headers).status_code


def _known(scene: Scene, name: str, email: str) -> tuple[str, str]:
    """Return a customer that is shown, and its HubSpot contact."""
    customer = scene.customer(name, email)
    contact = str(scene.on.until("contact", lambda: scene.find_contact(email))["id"])
    scene.settle()
    return customer, contact


def _caught_up(scene: Scene, ago: timedelta) -> None:
    with scene.built.database.transaction() as tx:
        cursors.put(tx, Cursor(scene.on.organisation, CAUGHT_UP, None, 1, datetime.now(UTC) - ago))


def test_a_gap_in_the_numbers_starts_a_catch_up_at_once(scene: Scene) -> None:
    """Number 7 after number 5: number 6 told something that never came, so everything is pulled."""
    customer, contact = _known(scene, "Gap Ltd", "gil@gap.example.com")
    scene.silence("xero")
    _deliver(scene, 5005)
    scene.settle()
    scene.invoice_for(customer, "61.00")

    _deliver(scene, 5007)

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "61.00", seconds=15)


def test_deliveries_that_overtake_each_other_are_no_gap(scene: Scene) -> None:
    """Number 7 before number 6 costs no catch-up."""
    scene.silence("xero")
    _deliver(scene, 5005)
    scene.settle()
    scene.forget_calls()

    _deliver(scene, 5007)
    _deliver(scene, 5006)
    scene.settle()
    with instead(scene.built.parts()):
        schedule.wake_due()
    scene.settle()

    assert [] == scene.calls("xero", "/Overpayments")


@pytest.mark.parametrize("put_back", [False, True])
def test_unusual_silence_starts_a_catch_up_and_is_an_alarm(scene: Scene, put_back: bool) -> None:
    """Webhooks that came every second and stopped: after minutes all is pulled; what it finds makes the alarm.

    A database that was put back accuses nobody: what it finds anew, webhooks may have told the one before.
    """
    customer, contact = _known(scene, "Silent Ltd", "sia@silent.example.com")
    scene.silence("xero")
    scene.on.control.post(f"{scene.url('xero')}/_sandbox/clock", json={"shift": -3000})
    scene.invoice_for(customer, "62.00")
    scene.on.control.post(f"{scene.url('xero')}/_sandbox/clock", json={"shift": 3000})
    _caught_up(scene, timedelta(minutes=10))
    organisation = scene.on.organisation
    ago = datetime.now(UTC) - timedelta(minutes=9)
    with scene.built.database.transaction() as tx:
        inbox.note_delivery(tx, "xero", organisation, None, None, ago - timedelta(seconds=1))
        inbox.note_delivery(tx, "xero", organisation, None, None, ago)
        known = inbox.last_delivery(tx, "xero", organisation)
        for kind in ("invoices", "contacts"):
            cursors.put(tx, Cursor(organisation, kind, ago - timedelta(hours=2)))
        if put_back:
            now = scene.built.now()
            epochs.put(tx, epochs.Epoch(1, now, now, "It was put back."))

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "62.00", seconds=15)
    scene.settle()

    def told() -> tuple[str, list[str]]:
        health = httpx2.get(f"{scene.on.service_url}/health").json()
        return health["status"], [one["organisation"] for one in health["webhooks_silent"]]

    assert isinstance(known, Delivery)
    if put_back:
        time.sleep(FRESH)  # what was seen before is told no longer
        assert [] == told()[1]
        return
    scene.on.until("health tells of the silence", lambda: told() == ("degraded", [organisation]) or None)
    page = scene.on.browser.get("/").text
    assert "No webhook has told of the changes in" in page
    _deliver(scene, 1)
    scene.settle()
    scene.on.until("health tells of it no more", lambda: not told()[1] or None)


def test_overdue_at_the_organisations_midnight(scene: Scene) -> None:
    """An invoice is not late on its due date and late on the next day, in Auckland and not in Greenwich."""
    customer, contact = _known(scene, "Midnight Ltd", "mia@midnight.example.com")
    scene.invoice_for(customer, "63.00", DueDate="2099-06-14")
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "63.00")
    scene.settle()
    at = scene.built.parts()
    with scene.built.database.reading() as tx:
        home = connections.organisations(tx)[0]
    before = datetime(2099, 6, 14, 11, 59, tzinfo=UTC)  # 23:59 in Auckland

    def day_at(now: datetime) -> set[str]:
        """Let the schedule look at a moment, and say who must be shown anew."""
        with instead(replace(at, clock=Told(lambda: now))):
            schedule.wake_due()
        with scene.built.database.transaction() as tx:
            found = planned.batch(tx, home.id, 1000)
            planned.done(tx, home.id, found)
        return set(found)

    assert "Pacific/Auckland" == home.timezone
    assert customer not in day_at(before)
    assert customer in day_at(before + timedelta(minutes=2))
    assert customer not in day_at(before + timedelta(minutes=3))


def test_who_is_made_at_midnight_is_shown_as_of_the_new_day(scene: Scene) -> None:
    """A customer whose record is still being made has none that the new day could find: its step looks again."""
    scene.silence("xero")
    customer = scene.customer("Twelve Ltd", "tui@twelve.example.com")
    scene.invoice_for(customer, "64.00", DueDate="2099-06-13")
    before = datetime(2099, 6, 14, 11, 59, tzinfo=UTC)  # 23:59 in Auckland

    def now() -> datetime:
        return before + timedelta(minutes=2) if scene.find_contact("tui@twelve.example.com") else before

    organisation = scene.on.organisation
    with instead(replace(scene.built.parts(), clock=Told(now))):
        standing.gather(organisation, 0)
        wrote = [standing.write(organisation) for _ in range(2)]

    contact = scene.find_contact("tui@twelve.example.com")
    assert contact is not None
    assert ([True, False], "2") == (wrote, contact["xero_days_overdue"])


def test_what_differs_from_the_vendors_balance_is_read_anew(staged: Callable[..., Scene]) -> None:
    """A copy that lost an invoice is found by comparing, repaired, shown and journaled, in a handful of calls."""
    scene = staged({"standing": {"verify_percent": 50}})
    customer, contact = _known(scene, "Differ Ltd", "dee@differ.example.com")
    first = scene.invoice_for(customer, "40.00")
    scene.invoice_for(customer, "24.00")
    scene.pay(first["InvoiceID"], "10.00")
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "54.00")
    scene.settle()
    organisation = scene.on.organisation
    with scene.built.database.transaction() as tx:
        mirror.replace_receivables(tx, organisation, customer, [])
        single_values.forget(tx, single_values.VERIFIED.of(organisation))
    scene.forget_calls()

    def journaled() -> str | None:
        with scene.built.database.reading() as tx:
            lines = journal.recent(tx, 50, f"customer {customer}")
        return next((line.reason for line in lines if line.rule == "rules.standing.agrees"), None)

    said = scene.on.until("it is journaled", journaled, 15)
    scene.settle()

    assert "Xero says 54.00" in said
    assert "now they agree" in said
    assert "54.00" == scene.show("contacts", contact)["xero_outstanding_balance"]
    assert len(scene.calls("xero")) <= 6


def test_verifying_is_spread_over_the_day(staged: Callable[..., Scene]) -> None:
    """Two in a hundred of 1,000 calls a day are 20: one every 72 minutes, and none where it is switched off."""
    scene = staged()
    at = scene.built.parts()
    now = datetime.now(UTC)

    with instead(at), scene.built.database.reading() as tx:
        assert timedelta(minutes=72) == at.verify_every
        assert not reconcile.due(tx, scene.on.organisation, now + timedelta(minutes=70))
        assert reconcile.due(tx, scene.on.organisation, now + timedelta(minutes=73))


def _once_balances_are_read(scene: Scene, act: Callable[[], object]) -> threading.Thread:
    """Give a thread that acts when Xero has told the balances, before the caller hears of them."""
    read = scene.fault("xero", kind="delay", method="GET", path="/Contacts$", delay_ms=DAY, times=1)

    def acting() -> None:
        scene.until_met("xero", read)
        act()
        scene.mend("xero", read)

    return threading.Thread(target=acting)


def test_a_balance_that_moves_while_it_is_compared_is_no_question(staged: Callable[..., Scene]) -> None:
    """Somebody who pays between the reading of the balance and that of the documents causes no alarm."""
    scene = staged({"standing": {"verify_percent": 50}})
    customer, contact = _known(scene, "Moving Ltd", "mo@moving.example.com")
    invoice = scene.invoice_for(customer, "40.00")
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "40.00")
    scene.settle()
    scene.silence("xero")
    with scene.built.database.transaction() as tx:
        mirror.replace_receivables(tx, scene.on.organisation, customer, [])
        home = connections.organisations(tx)[0]
    payer = _once_balances_are_read(scene, lambda: scene.pay(invoice["InvoiceID"], "10.00"))

    with instead(replace(scene.built.parts(), clock=Told(lambda: datetime.now(UTC) + timedelta(days=1)))):
        payer.start()
        reconcile.verify(home)
    payer.join()

    with scene.built.database.reading() as tx:
        assert ["30.00"] == [str(one.due) for one in mirror.receivables_of(tx, home.id, [customer])[customer]]
    assert {} == scene.holds()


def test_a_customer_merged_while_it_is_compared_keeps_its_documents(staged: Callable[..., Scene]) -> None:
    """They are the survivor's in Xero, and go to it in our copy with the merge: none is dropped, and nobody asked."""
    scene = staged({"standing": {"verify_percent": 50}})
    crm = Customers(scene)
    customer, contact = _known(scene, "Merging Ltd", "me@merging.example.com")
    into, _ = _known(scene, "Merged Ltd", "mel@merging.example.com")
    scene.invoice_for(customer, "40.00")
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "40.00")
    scene.settle()
    scene.silence("xero")
    with scene.built.database.transaction() as tx:
        home = connections.organisations(tx)[0]
        copy = [replace(one, due=Decimal(1)) for one in mirror.receivables_of(tx, home.id, [customer])[customer]]
        mirror.replace_receivables(tx, home.id, customer, copy)
    merger = _once_balances_are_read(scene, lambda: crm.merge_in_xero(customer, into))

    with instead(replace(scene.built.parts(), clock=Told(lambda: datetime.now(UTC) + timedelta(days=1)))):
        merger.start()
        reconcile.verify(home)
    merger.join()

    with scene.built.database.reading() as tx:
        assert copy == mirror.receivables_of(tx, home.id, [customer])[customer]
    assert {} == scene.holds()


def test_what_is_read_anew_counts_and_is_not_read_again_for_nothing(staged: Callable[..., Scene]) -> None:
    """A balance that never agrees costs one rereading, which the next call waits for; then a question, and no call."""
    scene = staged({"standing": {"verify_percent": 50}})
    customer, contact = _known(scene, "Never Ltd", "nev@never.example.com")
    scene.invoice_for(customer, "40.00")
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "40.00")
    scene.settle()
    organisation = scene.on.organisation
    at = scene.built.parts()
    assert at.verify_every is not None
    scene.silence("xero")
    scene.fault("xero", kind="status", status=200, body={"Invoices": []}, method="GET", path="/Invoices$")
    with scene.built.database.transaction() as tx:
        mirror.replace_receivables(tx, organisation, customer, [])
        home = connections.organisations(tx)[0]

    def verify(later: timedelta) -> int:
        """Verify at a later moment, and say how many calls it took."""
        scene.forget_calls()
        with instead(replace(at, clock=Told(lambda: datetime.now(UTC) + later))):
            reconcile.verify(home)
        return len(scene.calls("xero"))

    assert 6 == verify(timedelta(days=1))
    asked = scene.holds()[f"balance {customer}"]
    assert "Xero says 40.00" in asked[0]
    assert 0 == verify(timedelta(days=1) + 4 * at.verify_every)
    assert 1 == verify(timedelta(days=1) + 6 * at.verify_every)
    assert asked == scene.holds()[f"balance {customer}"]

    scene.mend("xero")
    scene.invoice_for(customer, "2.00")

    assert 5 == verify(timedelta(days=2))
    assert {} == scene.holds()


def test_many_payments_taken_back_cost_a_listing_and_no_call_each(scene: Scene) -> None:
    """Thirty payments that no pull brings any more: what changed is listed once, and nobody else waits for it."""
    customer, contact = _known(scene, "Taker Ltd", "taker@taker.example.com")
    invoice = scene.invoice_for(customer, "100.00")["InvoiceID"]
    payments = [scene.pay(invoice, "1.00") for _ in range(30)]
    scene.settle()
    scene.silence("xero")
    for payment in payments:
        body = {"Payments": [{"PaymentID": payment, "Status": "DELETED"}]}
        scene.on.in_xero("POST", f"/Payments/{payment}", body)
    scene.forget_calls()
    now = scene.built.now()
    told = [Event("xero", f"{one}", scene.on.organisation, "PAYMENT", "UPDATE", one, now, "{}") for one in payments]

    with scene.built.database.transaction() as tx:
        inbox.keep(tx, told, now)
        lanes.wake(tx, "standing", scene.on.organisation, now)
    scene.built.parts().nudge()
    scene.settle()

    assert [] == scene.calls("xero", "/Payments/", "GET")
    assert len(scene.calls("xero")) <= 6
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "100.00")


def test_an_invoice_that_an_event_names_and_no_pull_brings_is_fetched(scene: Scene) -> None:
    """A list that lags behind its events leaves the invoice out: it is asked for by its id, once, and shown."""
    customer, contact = _known(scene, "Lag Ltd", "lea@lag.example.com")
    _pulled(scene, timedelta(hours=1))
    scene.forget_calls()

    invoice = scene.invoice_for(customer, "73.00")["InvoiceID"]

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "73.00")
    scene.settle()
    assert 1 == sum(invoice in call["query"] for call in scene.calls("xero", "/Invoices", "GET"))


def test_a_due_date_that_xero_moves_in_secret_is_shown(scene: Scene) -> None:
    """Xero's lists do not see a new due date of a partly paid invoice; the event names it, and that is enough."""
    customer, contact = _known(scene, "Secret Ltd", "sel@secret.example.com")
    invoice = scene.invoice_for(customer, "74.00")["InvoiceID"]
    scene.pay(invoice, "4.00")
    shown = scene.until_shown("contacts", contact, "xero_outstanding_balance", "70.00")
    assert Decimal(shown["xero_overdue_balance"] or 0) == 0
    scene.settle()
    _pulled(scene, timedelta(hours=1))

    body = {"Invoices": [{"InvoiceID": invoice, "DueDate": "2026-11-02"}]}
    scene.on.in_xero("POST", f"/Invoices/{invoice}", body)

    scene.until_shown("contacts", contact, "xero_overdue_balance", "70.00")


def _stranger(scene: Scene, name: str, email: str) -> str:
    """Return a supplier that our copy lacks, as where it was made between two pulls."""
    line = {"Description": "Timber", "Quantity": 1, "UnitAmount": 5.0, "AccountCode": "429", "TaxType": "NONE"}
    body = {"Type": "ACCPAY", "Contact": {"Name": name, "EmailAddress": email}, "Status": "AUTHORISED"}
    body |= {"Date": "2026-11-01", "DueDate": "2099-01-01", "LineItems": [line]}
    made = scene.on.in_xero("PUT", "/Invoices", {"Invoices": [body]})["Invoices"][0]
    scene.settle()
    stranger = str(made["Contact"]["ContactID"])
    with scene.built.database.transaction() as tx:
        tx.execute(delete(tables.customer).where(tables.customer.c.id == stranger))
    return stranger


def _pulled(scene: Scene, ahead: timedelta = timedelta(seconds=2)) -> None:
    """Move the cursors to where no pull overlaps with what was done so far; ``ahead`` of what is done next as well."""
    with scene.built.database.transaction() as tx:
        for kind in pull.KINDS:
            cursors.put(tx, Cursor(scene.on.organisation, kind, scene.built.now() + ahead))


def _asked_for(scene: Scene, customer: str) -> int:
    return sum(customer in call["query"] for call in scene.calls("xero", "/Contacts", "GET"))


def _known_to_us(scene: Scene, customer: str) -> bool:
    with scene.built.database.reading() as tx:
        return customer in mirror.customers(tx, scene.on.organisation, [customer])


def test_a_new_customer_is_fetched_by_the_next_turn_where_this_one_fails(staged: Callable[..., Scene]) -> None:
    """A stranger's first sales invoice is stored, and then Xero fails: nobody tells of it again, and it is shown."""
    scene = staged({"standing": {"show": "customers"}})
    customer = _stranger(scene, "Timber Ltd", "tim@timber.example.com")
    scene.silence("xero")
    scene.fault("xero", kind="status", status=503, method="GET", path="/Contacts$")
    invoice = scene.invoice_for(customer, "70.00")["InvoiceID"]
    organisation, now = scene.on.organisation, scene.built.now()
    told = Event("xero", invoice, organisation, "INVOICE", "CREATE", invoice, now - timedelta(seconds=9), "{}")
    with scene.built.database.transaction() as tx:
        inbox.keep(tx, [told], now)
        lanes.wake(tx, "standing", organisation, now)

    def rests() -> bool | None:
        with scene.built.database.reading() as tx:
            return bool(lanes.parked(tx)) or None

    scene.on.until("the lane rests", rests, 15)
    assert not _known_to_us(scene, customer)
    _pulled(scene)
    scene.mend("xero")

    contact = scene.on.until("the contact", lambda: scene.find_contact("tim@timber.example.com"), 15)
    assert "70.00" == contact["xero_outstanding_balance"]


def test_a_catch_up_fetches_whom_receivables_name_and_shows_nobody(staged: Callable[..., Scene]) -> None:
    """Killed right after the first fill, our copy lacks somebody who owes: a catch-up brings it, silently."""
    scene = staged({"standing": {"show": "customers"}})
    customer = _stranger(scene, "Filled Ltd", "fil@filled.example.com")
    with scene.built.database.transaction() as tx:
        home = connections.organisations(tx)[0]
    scene.silence("xero")
    scene.invoice_for(customer, "71.00")
    with instead(scene.built.parts()):
        pull.pull_kind(scene.built.parts().xero(home.id), home.id, "invoices", pull.Seen())
    with scene.built.database.transaction() as tx:
        pending_customers.clean(tx, home.id, pending_customers.first(tx, home.id, 10))
    _pulled(scene)
    scene.forget_calls()

    _caught_up(scene, timedelta(hours=1))
    scene.on.until("it is known", lambda: _known_to_us(scene, customer) or None, 15)
    scene.settle()

    assert (1, []) == (_asked_for(scene, customer), scene.writes())


def test_who_is_gone_from_xero_is_not_asked_for_again_and_again(scene: Scene) -> None:
    """A customer that Xero does not give back leaves the list; only a catch-up asks once more."""
    customer, _ = _known(scene, "Real Ltd", "rea@real.example.com")
    scene.invoice_for(customer, "72.00")
    scene.settle()
    organisation, gone = scene.on.organisation, "00000000-0000-0000-0000-0000000000aa"
    with scene.built.database.transaction() as tx:
        copy = mirror.receivables_of(tx, organisation, [customer])[customer][0]
        mirror.store_receivables(tx, [replace(copy, id="00000000-0000-0000-0000-0000000000bb", customer=gone)])
        pending_customers.stop(tx, organisation, [gone], scene.built.now())
    scene.forget_calls()

    for _ in range(3):
        with scene.built.database.transaction() as tx:
            lanes.wake(tx, "standing", organisation, scene.built.now())
        scene.built.parts().nudge()
        scene.settle()

    with scene.built.database.reading() as tx:
        assert (1, []) == (_asked_for(scene, gone), pending_customers.every(tx, organisation))
    _caught_up(scene, timedelta(hours=1))
    scene.on.until("it is asked for once more", lambda: _asked_for(scene, gone) == 2 or None, 15)
