"""A process that is killed loses nothing and doubles nothing: a real process, a real SIGKILL, started again."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from scene import OBJECTS, Scene, showing_all

from ledgerloop import settings as settings_
from ledgerloop.cli.stage import PATIENCE, Stage, connect_hubspot, connect_xero, furnish, log_in, register_webhooks
from ledgerloop.store import connections, inbox
from ledgerloop.store.tables import search_key, value
from ledgerloop.web.server import listening
from ledgerloop.wiring import build
from ledgerloop_sandbox.server import running as sandbox_running


class Served(Scene):
    """A scene whose service runs in a process of its own, which may be killed and started again."""

    def __init__(self, on: Stage, directory: Path) -> None:
        super().__init__(on)
        self._file = directory / "ledgerloop.toml"
        self._log = (directory / "serve.log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start `ledgerloop serve` and wait until it answers."""
        command = [sys.executable, "-m", "ledgerloop", "serve", "--config", str(self._file)]
        self.process = subprocess.Popen(command, stdout=self._log, stderr=self._log)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert self.process.poll() is None, Path(self._log.name).read_text()
            try:
                self.on.control.get(f"{self.on.service_url}/health")
                return
            except httpx2.ConnectError:
                time.sleep(0.05)
        raise AssertionError("the service did not answer")

    def kill(self) -> None:
        """Send SIGKILL, as a crash or the operating system would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End the process, if it still runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self._log.close()


@contextmanager
def running_process(
    directory: Path, database: str, before: Callable[[Served], None] = lambda served: None
) -> Iterator[Served]:
    """Run the service as a process and connect both vendors; ``before`` that people do what they did already."""
    sock = listening("127.0.0.1", 0, "ledgerloop.toml")
    port = sock.getsockname()[1]
    sock.close()
    service_url = f"http://127.0.0.1:{port}"
    with sandbox_running(service_url=service_url) as sandbox, httpx2.Client(timeout=PATIENCE) as control:
        more = showing_all({"service": {"port": port, "database": database}})
        password = furnish(directory, sandbox, service_url, more)
        built = build(settings_.load(directory / "ledgerloop.toml"))
        with httpx2.Client(base_url=service_url, follow_redirects=True, timeout=PATIENCE) as browser:
            on = Stage(sandbox.xero_url, sandbox.hubspot_url, service_url, password, built, browser, control)
            served = Served(on, directory)
            try:
                served.start()
                register_webhooks(on)
                log_in(on)
                before(served)
                connect_xero(on, "Kiwi Demo Ltd")
                connect_hubspot(on)
                served.settle()
                yield served
            finally:
                served.close()
                built.vendors.close()
                built.database.close()


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
        _until_held_up(served, vendor)

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
    _until_held_up(served, "hubspot")

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
        _until_held_up(served, "xero")
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


def _until_held_up(served: Served, vendor: str) -> None:
    """Wait until a call has met the fault."""
    url = f"{served.url(vendor)}/_sandbox/faults"

    def look() -> bool | None:
        return any(one["taken"] for one in served.on.control.get(url).json()["faults"]) or None

    served.on.until("a call is held up", look, 15)
