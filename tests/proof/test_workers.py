"""Several workers on one PostgreSQL: one dies and does not come back, and another goes on with what it was doing."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import trouble
from served import Host, Served, served
from sqlalchemy import make_url

from ledgerloop.engine.recovery import lock_of


def test_another_goes_on_for_the_dead_and_for_nobody_else(host: Host, tmp_path: Path, postgres_url: str) -> None:
    """A worker keeps the lock of the living, also when its connection breaks; once it is killed, its turn is taken
    over by another, and the invoice that was being made is made once."""
    with served(host, tmp_path, postgres_url, workers=("one", "two")) as scene:
        locked_before = not _free(scene)
        with psycopg.connect(make_url(postgres_url).set(drivername="postgresql").render_as_string()) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        scene.pass_time(6)
        scene.on.until("the lock is taken again", lambda: None if _free(scene) else True)

        scene.fault("xero", kind="delay", method="PUT", path="/Invoices$", delay_ms=60_000, times=1)
        deal = scene.sell()
        scene.on.until("the request is under way", lambda: trouble.taken(scene).get("delay") or None, 15)
        scene.start("two")
        scene.kill("one")
        died = time.monotonic()
        shown = scene.until_shown("deals", deal, "xero_invoice_id")
        seconds = time.monotonic() - died
        scene.settle()

        print(f"taken over and shown after {seconds:.1f} s")
        assert locked_before
        assert [shown["xero_invoice_id"]] == [one["InvoiceID"] for one in scene.invoices_of(deal)]


def _free(scene: Served) -> bool:
    with scene.built.database.lock_at_once(lock_of("one")) as free:
        return free
