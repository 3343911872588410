"""A backup that is put back by hand: what was invoiced since is found, followed, and never invoiced again."""

from __future__ import annotations

import os
import re
from pathlib import Path

import put_back
from served import Host, Served, served

import pg_cluster
from forked import Ended, run_to_end
from ledgerloop.cli.stage import connect_hubspot, connect_xero
from ledgerloop.store import intents, journal, single_values
from ledgerloop.store.tables import metadata

LATER = 660.0
"""Seconds after which nothing that left before can arrive any more."""
AUTHORISED = {"route": {"status": "AUTHORISED"}}


def test_an_invoice_made_since_the_backup_is_followed(host: Host, tmp_path: Path, database: str) -> None:
    """Copy, invoice, put back: the deal shows when it is paid, and clearing its id makes no second invoice."""
    with served(host, tmp_path, database) as scene:
        scene.sell()
        scene.settle()
        kept = put_back.copy(scene)
        deal = scene.sell()
        invoice = scene.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_id"]
        scene.settle()

        _put_back(scene, kept)

        scene.add_line(deal, {"name": "Training", "quantity": "1", "price": "100"})
        scene.on.until("the draft follows its deal", lambda: scene.invoices_of(deal)[0]["SubTotal"] == 578.8 or None)
        scene.settle()
        scene.approve(invoice)
        scene.pay(invoice, scene.invoices_of(deal)[0]["Total"])
        scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
        assert "Nothing is made" in _said(scene)
        scene.edit("deals", deal, xero_invoice_id="")
        scene.edit("deals", deal, dealname="Touched")
        scene.settle()
        assert [invoice] == [one["InvoiceID"] for one in scene.invoices_of(deal)]
        assert {} == scene.holds()


def test_neither_is_a_second_made_where_the_deal_does_not_name_it(host: Host, tmp_path: Path, database: str) -> None:
    """The write-back is lost as well, the deal is heard of again: still one invoice, and it shows on the deal."""
    with served(host, tmp_path, database, more=AUTHORISED) as scene:
        scene.sell()
        scene.settle()
        kept = put_back.copy(scene)
        deal = scene.sell()
        invoice = scene.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_id"]
        scene.settle()
        scene.kill()
        scene.edit("deals", deal, xero_invoice_id="", xero_invoice_number="", xero_invoice_status="")

        _put_back(scene, kept)

        scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
        scene.settle()
        assert [invoice] == [one["InvoiceID"] for one in scene.invoices_of(deal)]
        after = scene.sell()
        scene.until_shown("deals", after, "xero_invoice_id")
        assert 1 == len(scene.invoices_of(after))


def test_the_documented_restore(host: Host, tmp_path: Path, database: str) -> None:
    """By the commands: a backup while the service works, no restore while it runs, and one invoice afterwards."""
    with served(host, tmp_path, database, more=AUTHORISED) as scene:
        early = scene.sell()
        made = _command(scene, "backup", "kept")
        deal = scene.sell()
        scene.until_shown("deals", deal, "xero_invoice_id")
        scene.until_shown("deals", early, "xero_invoice_id")
        scene.settle()
        refused = _command(scene, "restore", "kept", "--yes")
        scene.kill()
        scene.built.database.close()
        restored = _command(scene, "restore", "kept", "--yes")
        scene.start(watch=True)
        scene.on.until("it is noticed", lambda: _said(scene) or None)
        waiting = _command(scene, "status")
        scene.pass_time(LATER)
        scene.settle()
        scene.on.until("it is over", lambda: "made again" in _said(scene) or None)
        scene.settle()

        assert (0, "") == (made.returncode, made.stderr)
        assert (1, "The service runs, or a command does: stop it first.\n") == (refused.returncode, refused.stderr)
        assert (0, "") == (restored.returncode, restored.stderr)
        assert re.search("no invoice is made before [0-9]|nothing is made before the books", waiting.stdout)
        assert "an earlier state of it was put back" in waiting.stdout
        assert [1, 1] == [len(scene.invoices_of(one)) for one in (early, deal)]
        for one in (early, deal):
            scene.pay(scene.invoices_of(one)[0]["InvoiceID"], scene.invoices_of(one)[0]["Total"])
            scene.until_shown("deals", one, "xero_invoice_status", "PAID")


def test_only_what_is_new_waits(host: Host, tmp_path: Path, database: str) -> None:
    """Just after a restore a draft follows its edited deal, while a deal that is won says that it waits; then one."""
    with served(host, tmp_path, database) as scene:
        edited, new = scene.sell(), scene.sell(won=False)
        scene.until_shown("deals", edited, "xero_invoice_id")
        scene.settle()
        kept = put_back.copy(scene)
        later = scene.sell()
        scene.until_shown("deals", later, "xero_invoice_id")
        scene.settle()
        scene.kill()
        kept.put_back()
        scene.start(watch=True)
        scene.on.until("it is noticed", lambda: _said(scene) or None)

        scene.win(new)
        scene.add_line(edited, {"name": "Training", "quantity": "1", "price": "100"})
        scene.on.until("the draft follows", lambda: scene.invoices_of(edited)[0]["SubTotal"] == 578.8 or None)
        said = scene.until_shown("deals", new, "xero_sync_message")["xero_sync_message"]
        scene.settle()
        assert "This deal waits, and goes on by itself." in said
        assert [1, 0, 1] == [len(scene.invoices_of(one)) for one in (edited, new, later)]

        scene.pass_time(LATER)
        scene.until_shown("deals", new, "xero_invoice_id")
        scene.settle()
        assert [1, 1, 1] == [len(scene.invoices_of(one)) for one in (edited, new, later)]
        assert {} == scene.holds()
        assert not scene.show("deals", new)["xero_sync_message"]


def test_no_figure_of_the_backup_is_told(host: Host, tmp_path: Path, database: str) -> None:
    """A draft was changed on both sides since the backup: what is compared is what the deal says by now."""
    with served(host, tmp_path, database) as scene:
        deal = scene.sell(amount="478.80")
        scene.until_shown("deals", deal, "xero_invoice_id")
        scene.settle()
        kept = put_back.copy(scene)
        scene.edit("deals", deal, amount="798.00")
        _told(scene, deal, "The deal says 798.00 NZD")
        scene.settle()
        scene.kill()
        invoice = scene.invoices_of(deal)[0]
        line = {**invoice["LineItems"][0], "Quantity": 20, "UnitAmount": 50, "LineAmount": 1000}
        body = {"InvoiceID": invoice["InvoiceID"], "LineItems": [line]}
        scene.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", {"Invoices": [body]})
        kept.put_back()

        scene.start(watch=True)

        told = _told(scene, deal, f"The deal says 798.00 NZD, and invoice {invoice['InvoiceNumber']} comes to 1000.00")
        scene.settle()
        assert told == scene.show("deals", deal)["xero_sync_message"]


def test_a_machine_that_was_put_back_whole_asks_xero_first(host: Host, tmp_path: Path, database: str) -> None:
    """Where what is kept outside went back as well, nothing is noticed, and Xero is asked before an invoice leaves."""
    with served(host, tmp_path, database, more=AUTHORISED) as scene:
        scene.sell()
        scene.settle()
        kept = put_back.copy(scene)
        outside = _witness(scene).read_text()
        deal = scene.sell()
        invoice = scene.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_id"]
        scene.settle()
        scene.kill()
        scene.edit("deals", deal, xero_invoice_id="", xero_invoice_number="", xero_invoice_status="")
        kept.put_back()
        _witness(scene).write_text(outside)
        scene.start(watch=True)

        scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
        scene.settle()
        assert [invoice] == [one["InvoiceID"] for one in scene.invoices_of(deal)]


def test_an_emptied_database_learns_of_all_invoices_again(host: Host, tmp_path: Path) -> None:
    """Connected anew, the service follows what it made in a former life, and makes none of it again."""
    with served(host, tmp_path, "sqlite:///ledgerloop.sqlite3", more=AUTHORISED) as scene:
        deals = [scene.sell() for _ in range(3)]
        for deal in deals:
            scene.until_shown("deals", deal, "xero_invoice_id")
        scene.settle()
        made = {deal: [one["InvoiceID"] for one in scene.invoices_of(deal)] for deal in deals}

        scene.kill()
        _empty(scene)
        scene.pass_time(LATER)
        scene.start(watch=True)
        connect_xero(scene.on, "Kiwi Demo Ltd")
        connect_hubspot(scene.on)
        scene.settle()

        for deal in deals:
            invoice = made[deal][0]
            scene.pay(invoice, scene.invoices_of(deal)[0]["Total"])
            scene.until_shown("deals", deal, "xero_invoice_status", "PAID")
        scene.settle()
        assert made == {deal: [one["InvoiceID"] for one in scene.invoices_of(deal)] for deal in deals}
        with scene.built.database.reading() as tx:
            portal = scene.built.desk.hubspot().account().portal_id
            assert {"made"} == {one.state for one in intents.get(tx, portal, deals).values()}


def _command(scene: Served, *words: str) -> Ended:
    """Run a command to its end, with the tools of the PostgreSQL that is used here."""
    tools = pg_cluster.binaries()
    return run_to_end(scene.directory, words, environment={"PATH": f"{tools}:{os.environ['PATH']}"})


def _empty(scene: Served) -> None:
    """Forget everything but the secrets and the console's password."""
    with scene.built.database.transaction() as tx:
        password = single_values.get(tx, single_values.PASSWORD)
        for table in metadata.tables.values():
            if table.name != "secret":
                tx.execute(table.delete())
        single_values.put(tx, single_values.PASSWORD, password or "")


def _put_back(scene: Served, kept: put_back.Copy) -> None:
    """Stop the service, put the copy back, and start it ten minutes after the last invoice left."""
    scene.kill()
    kept.put_back()
    scene.pass_time(LATER)
    scene.start(watch=True)
    scene.settle()


def _said(scene: Served) -> str:
    with scene.built.database.reading() as tx:
        return " ".join(entry.reason for entry in journal.recent(tx, 100, "database"))


def _witness(scene: Served) -> Path:
    return next(scene.directory.glob("*.epoch"))


def _told(scene: Served, deal: str, text: str) -> str:
    def look() -> str | None:
        shown = str(scene.show("deals", deal)["xero_sync_message"] or "")
        return shown if text in shown else None

    return scene.on.until(f"the deal tells: {text}", look)
