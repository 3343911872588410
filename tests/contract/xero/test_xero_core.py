"""Test what both halves stand on: the clock, large data and the command."""

import asyncio
import re
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

from xero_app import App

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.server import running


def test_time_scale_speeds_the_clock_up() -> None:
    """At a scale of 100 million a sleep of a month is over while we wait, and the clock has moved by a month."""
    clock = Clock(100_000_000, datetime(2026, 1, 1, tzinfo=UTC))
    asyncio.run(clock.sleep(30 * 86_400))

    assert clock.now() >= datetime(2026, 1, 31, tzinfo=UTC)


def test_a_shift_wakes_the_sleepers_that_are_due() -> None:
    """Sleepers whose time has come wake at once, the others sleep on."""
    clock = Clock()

    async def main() -> tuple[bool, bool]:
        short, long = asyncio.create_task(clock.sleep(60)), asyncio.create_task(clock.sleep(600))
        await asyncio.sleep(0)
        clock.shift(61)
        await short
        done = short.done(), long.done()
        long.cancel()
        return done

    assert asyncio.run(main()) == (True, False)


def test_large_data_and_a_page_of_1000_invoices() -> None:
    """large:N makes N invoices and N/2 contacts, the same for the same seed; a page of 1,000 is cheap."""
    with running(data="large:4000") as sandbox:
        app = App(sandbox).connect()
        page = app.get("Invoices", page=3, pageSize=1000).json()
        contacts = app.get("Contacts", page=1).json()["pagination"]
        took = {}
        for size in (1000, 1):
            # Processor time of both sides, beside each other: neither what else runs nor how fast it runs may decide.
            began = time.process_time()
            for number in range(1, 4 if size == 1000 else 31):
                app.get("Invoices", page=number, pageSize=size)
            took[size] = time.process_time() - began
        app.close()
    with running(data="large:4000") as sandbox:
        app = App(sandbox).connect()
        again = app.get("Invoices", page=3, pageSize=1000).json()
        app.close()

    assert page["pagination"] == {"page": 3, "pageSize": 1000, "pageCount": 4, "itemCount": 4000}
    assert contacts["itemCount"] == 2000
    assert [one["InvoiceID"] for one in page["Invoices"]] == [one["InvoiceID"] for one in again["Invoices"]]
    assert took[1000] / 3000 < took[1] / 30 / 5


def test_command_prints_addresses_and_credentials_and_stops_on_sigterm() -> None:
    """The command says where both halves listen and how to log in, and ends well when told to."""
    command = [sys.executable, "-m", "ledgerloop_sandbox", "--xero-port", "0", "--hubspot-port", "0", "--data", "empty"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = []
    while not lines or "Loaded in" not in lines[-1]:
        lines.append(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    status = process.wait(60)
    process.stdout.close()
    text = "".join(lines)

    assert status == 0
    assert len(re.findall(r"http://127\.0\.0\.1:\d+", text)) == 3
    assert "client secret" in text
    assert re.search(r"Loaded in \d+\.\d s, \d+ MB", text)
