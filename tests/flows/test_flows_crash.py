"""A process that is killed loses nothing and doubles nothing: a real process, a real SIGKILL, started again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from own_process import Served, running_process, until_held_up
from scene import OBJECTS

from ledgerloop.store import connections, inbox
from ledgerloop.store.tables import search_key, value


@pytest.fixture(params=["sqlite", "postgres"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """Run the service as a process, once on SQLite and once on PostgreSQL."""
    database = "sqlite:///ledgerloop.sqlite3"
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_url")
    with running_process(tmp_path, database) as running:
        yield running


@pytest.mark.parametrize("point", ["/Invoices$", "deals/batch/update"])
def test_killed_on_the_way_to_the_invoice(tmp_path: Path, point: str) -> None:
    """Killed after the vendor did it and before we heard: one invoice, written back. The kill matrix has all points."""
    vendor = "xero" if point == "/Invoices$" else "hubspot"
    with running_process(tmp_path, "sqlite:///ledgerloop.sqlite3") as served:
        method = "PUT" if vendor == "xero" else "POST"
        served.fault(vendor, kind="delay", method=method, path=point, after=True, delay_ms=20_000, times=1)
        deal = served.sell()
        until_held_up(served, vendor)

        served.kill()
        served.mend(vendor)
        served.start()

        shown = served.until_shown("deals", deal, "xero_invoice_id", seconds=30)
        served.settle()
        assert [shown["xero_invoice_id"]] == [one["InvoiceID"] for one in served.invoices_of(deal)]


def test_killed_while_a_payment_is_shown(served: Served) -> None:
    """Killed while the standing is written, its events done: started again, it is shown, and nobody is doubled."""
    customer = served.customer("Killed Ltd", "kim@killed.example.com")
    contact = str(served.on.until("contact", lambda: served.find_contact("kim@killed.example.com"))["id"])
    served.settle()
    served.fault("hubspot", kind="delay", path="contacts/batch/update", delay_ms=20_000, times=1)
    invoice = served.invoice_for(customer, "80.00")
    served.pay(invoice["InvoiceID"], "30.00")
    until_held_up(served, "hubspot")

    served.kill()
    with served.built.database.reading() as tx:
        done = [one.event.resource for one in inbox.recent(tx, 50, "done")]
    assert invoice["InvoiceID"] in done
    served.mend("hubspot")
    served.start()

    shown = served.until_shown("contacts", contact, "xero_outstanding_balance", "50.00", seconds=30)
    assert "PARTIALLY_PAID" == shown["xero_invoice_status"]


def test_killed_while_companies_are_listed(served: Served) -> None:
    """Killed in the middle of listing the portal's companies: it goes on at its page, and misses none."""
    served.kill()
    for some in range(4):
        rows = [{"properties": {"name": f"Listed {some} {number}"}} for number in range(100)]
        served.on.at_hubspot("POST", f"{OBJECTS}/companies/batch/create", {"inputs": rows})
    last = served.make("companies", name="Ünlisted & Sons Limited")
    with served.built.database.transaction() as tx:
        portal = connections.portals(tx)[0].id
        tx.execute(search_key.delete().where(search_key.c.scope == portal))
        tx.execute(value.delete().where(value.c.name.startswith("companies ")))
    served.fault("hubspot", kind="delay", method="GET", path="/companies$", delay_ms=300)
    served.forget_calls()
    served.start()
    customer = served.customer("Unlisted and Sons Ltd")
    served.on.until("two pages", lambda: len(served.calls("hubspot", "/companies", "GET")) > 2 or None, 30)

    served.kill()
    served.mend("hubspot")
    served.start()

    said = served.on.until("hold", lambda: served.holds().get(f"customer {customer}"), 30)
    assert last in said[0]
    pages = [call["query"] for call in served.calls("hubspot", "/companies", "GET")]
    assert len(pages) <= len(set(pages)) + 1
    assert len(set(pages)) >= 5


def test_a_turn_that_an_older_release_began_is_ended(tmp_path: Path) -> None:
    """Killed in a turn, then upgraded to a release whose turns have other steps: the next turn does the rest."""
    with running_process(tmp_path, "sqlite:///ledgerloop.sqlite3") as served:
        served.fault("xero", kind="delay", method="PUT", path="/Invoices$", delay_ms=20_000, times=1)
        deal = served.sell()
        until_held_up(served, "xero")
        served.kill()
        served.mend("xero")
        with closing(sqlite3.connect(tmp_path / "ledgerloop-engine.sqlite3")) as engine, engine:
            older = "UPDATE workflow_status SET application_version = '0' WHERE status = 'PENDING'"
            assert engine.execute(older).rowcount

        served.start()

        shown = served.until_shown("deals", deal, "xero_invoice_id", seconds=30)
        assert [shown["xero_invoice_id"]] == [one["InvoiceID"] for one in served.invoices_of(deal)]


def test_a_store_brought_back_from_a_backup_goes_on(tmp_path: Path) -> None:
    """An older database names turns that have long ended; they are passed over, and the ledger is read again."""
    with running_process(tmp_path, "sqlite:///ledgerloop.sqlite3") as served:
        served.kill()
        backup = {file: file.read_bytes() for file in tmp_path.glob("ledgerloop.sqlite3*")}
        served.start()
        customer = served.customer("Backup Ltd", "back@backup.example.com")
        contact = str(served.on.until("contact", lambda: served.find_contact("back@backup.example.com"))["id"])
        served.settle()
        served.kill()
        for file in tmp_path.glob("ledgerloop.sqlite3*"):
            file.unlink()
        for file, content in backup.items():
            file.write_bytes(content)
        served.start()

        served.invoice_for(customer, "9.00")

        served.until_shown("contacts", contact, "xero_outstanding_balance", "9.00", seconds=20)
