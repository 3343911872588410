"""`adopt` as an operator runs it: what it shows, asks, links and refuses; beside the service, without it, killed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cli_process import Ended, begun, run
from on_terminal import typed
from own_process import Served, running_process
from scene import DAY, Scene

from forked import Forked
from ledgerloop.cli.stage import PATIENCE
from ledgerloop.store import epochs, intents

PORTAL = "62515"
DAYS = timedelta(days=2)


def _sold(scene: Scene) -> None:
    """Let there be what there is before Ledgerloop: four won deals, of which another tool and a person invoiced three.

    The tool wrote its ids on a deal and its copy, a person the number on the third; the fourth has none.
    """
    scene.configure("hubspot", search_lag_create=0, search_lag_update=0)
    state = scene.on.control.get(f"{scene.url('xero')}/_sandbox/state").json()
    scene.on.organisation = state["organisations"][0]["tenantId"]
    scene.add_properties("tool_id", "tool_no")
    first, second = scene.customer("Tool Ltd"), scene.customer("Hand Ltd")
    made = scene.invoice_for(first, "1000", InvoiceNumber="T-1", Reference="\x1b[2Jold")
    scene.invoice_for(second, "250", InvoiceNumber="H-1")
    scene.invoice_for(second, "60", InvoiceNumber="H-2", Status="DRAFT")
    scene.sell([], dealname="By tool", amount="1000", tool_id=made["InvoiceID"])
    scene.sell([], dealname="By hand", amount="250", tool_no="h-1")
    scene.sell([], dealname="Part", amount="70", tool_no="H-2")
    scene.sell([], dealname="None", amount="5")


@pytest.fixture(params=["sqlite", "postgres"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """Run the service as a process, connected after all that, once on SQLite and once on PostgreSQL."""
    database = "sqlite:///ledgerloop.sqlite3"
    if request.param == "postgres":
        database = request.getfixturevalue("postgres_url")
    with running_process(tmp_path, database, _sold) as running:
        with (tmp_path / "ledgerloop.toml").open("a") as settings:
            settings.write('[adopt]\ninvoice_id_property = "tool_id"\ninvoice_number_property = "tool_no"\n')
        yield running


def _deals(scene: Scene) -> dict[str, str]:
    answer = scene.on.at_hubspot("GET", "/crm/objects/2026-09/deals", query={"limit": "100", "properties": "dealname"})
    return {one["properties"]["dealname"]: one["id"] for one in answer["results"]}


def _linked(scene: Scene) -> dict[str, str]:
    with scene.built.database.reading() as tx:
        return {deal: one.number for deal, one in intents.get(tx, PORTAL, list(_deals(scene).values())).items()}


def _id_of(scene: Scene, number: str) -> str:
    return next(str(one["InvoiceID"]) for one in scene.invoices() if one["InvoiceNumber"] == number)


def _done(ended: Ended) -> str:
    assert 0 == ended.returncode, ended.stderr + ended.stdout
    return ended.stdout


def _named(some: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["name"], one["number"]) for one in some]


def test_beside_the_service(served: Served, tmp_path: Path) -> None:
    """The plan writes nothing; what is certain is linked and shown; the rest by its pair; then nothing is left."""
    deals = _deals(served)
    served.forget_calls()

    days = {datetime.now(ZoneInfo("Pacific/Auckland")).date()}
    plan = _done(run(tmp_path, "adopt"))
    days.add(datetime.now(ZoneInfo("Pacific/Auckland")).date())
    told = json.loads(_done(run(tmp_path, "adopt", "--json")))

    assert any(f"✓ deal {deals['By tool']} “By tool”, 1000.00 NZD, won {day}\n" in plan for day in days)
    assert "invoice T-1, AUTHORISED, 1000.00 NZD of 2026-11-01, made out to “Tool Ltd” in Kiwi Demo Ltd" in plan
    assert "\x1b" not in plan
    assert "The deal's `tool_id` has its id. It comes to 1000.00 NZD, as the deal says." in plan
    assert f"? deal {deals['Part']} “Part”" in plan
    assert "against it: It comes to 60.00 NZD, and the deal says 70.00. A number alone is too little" in plan
    assert "not linked to an invoice: 2 certain, 1 in question, 1 without an invoice here." in plan
    assert plan.endswith("Nothing was written.\n")
    assert [("By tool", "T-1"), ("By hand", "H-1")] == _named(told["certain"])
    assert [("Part", "H-2")] == _named(told["uncertain"])
    assert [deals["None"]] == [one["deal"] for one in told["without"]]
    assert ({}, []) == (_linked(served), served.writes())

    assert "Linked 2 invoices. The service now shows them on their deals.\n" in _done(run(tmp_path, "adopt", "--yes"))
    served.until_shown("deals", deals["By tool"], "xero_invoice_number", "T-1")
    served.until_shown("deals", deals["By hand"], "xero_invoice_number", "H-1")
    pair = ("adopt", "--deal", deals["Part"], "--invoice", "h-2", "--yes", "--json")
    answered = json.loads(_done(run(tmp_path, *pair)))
    assert ([("Part", "H-2")], [], True) == (_named(answered["linked"]), answered["refused"], answered["service_runs"])
    served.until_shown("deals", deals["Part"], "xero_invoice_status", "DRAFT")
    served.settle()

    left = json.loads(_done(run(tmp_path, "adopt", "--json")))
    assert ([], [], [], [deals["None"]]) == (
        left["certain"],
        left["uncertain"],
        left["lost"],
        [one["deal"] for one in left["without"]],
    )
    explained = _done(run(tmp_path, "journal", "--subject", f"deal {deals['Part']}"))
    assert "A person (command) let it go" in " ".join(explained.split())
    invoice = next(one for one in served.invoices() if one["InvoiceNumber"] == "T-1")
    served.pay(invoice["InvoiceID"], "1000")
    served.until_shown("deals", deals["By tool"], "xero_invoice_status", "PAID")
    assert 3 == sum(one["InvoiceNumber"] in ("T-1", "H-1", "H-2") for one in served.invoices())


def test_one_typed_anew_after_the_first_was_voided(served: Served, tmp_path: Path) -> None:
    """Who asks for a new invoice is told of the other way, and doing what is said has the deal follow that one."""
    deal = _deals(served)["By hand"]
    _done(run(tmp_path, "adopt", "--deal", deal, "--yes"))
    served.until_shown("deals", deal, "xero_invoice_number", "H-1")
    voided = {"InvoiceID": _id_of(served, "H-1"), "Status": "VOIDED"}
    served.on.in_xero("POST", f"/Invoices/{voided['InvoiceID']}", {"Invoices": [voided]})
    hand = next(one for one in served.invoices() if one["InvoiceNumber"] == "H-1")
    served.invoice_for(hand["Contact"]["ContactID"], "250", InvoiceNumber="H-3")
    served.until_shown("deals", deal, "xero_invoice_status", "VOIDED")

    asked = run(tmp_path, "retry", "--deal", deal, "--new")

    assert 1 == asked.returncode
    assert f"run `ledgerloop adopt --deal {deal} --invoice NUMBER` instead: none is made then." in asked.stderr
    told = _done(run(tmp_path, "adopt", "--deal", deal, "--invoice", "H-3", "--yes"))
    assert "The deal has H-1, which is VOIDED in Xero: this one would take its place." in told
    served.until_shown("deals", deal, "xero_invoice_number", "H-3")
    served.settle()
    assert "H-3" == _linked(served)[deal]
    assert [] == served.invoices_of(deal)


def test_what_cannot_be_is_a_sentence(served: Served, tmp_path: Path) -> None:
    """A wrong deal, number or combination says what to write; nothing is linked, and nobody is asked in vain."""
    deals = _deals(served)
    for words, why in (
        (("--invoice", "T-1"), "Say which: --invoice NUMBER wants the one --deal ID that it belongs to."),
        (("--deal", "nope"), "“nope” is no deal's id"),
        (("--deal", deals["None"], "--invoice", "X-1"), "No connected organisation has a sales invoice “X-1”."),
        (("--deal", deals["By tool"]), "Nobody is there to be asked: run it with --yes"),
        (("--organisation", "Nowhere Ltd"), 'Name one organisation: add `--organisation "Kiwi Demo Ltd"`'),
    ):
        ended = run(tmp_path, "adopt", *words)
        assert 1 == ended.returncode
        assert why in ended.stderr
    assert "0 certain, 0 in question, 1 without" in _done(run(tmp_path, "adopt", "--deal", deals["None"], "--yes"))

    assert {} == _linked(served)


def test_an_invoice_that_is_gone_is_nobodys_to_name(served: Served, tmp_path: Path) -> None:
    """Where the only pair in question is refused for its invoice is voided, nobody is told to name it."""
    deals, wrong = _deals(served), _id_of(served, "H-2")
    for status in ("AUTHORISED", "VOIDED"):
        served.on.in_xero("POST", f"/Invoices/{wrong}", {"Invoices": [{"InvoiceID": wrong, "Status": status}]})
    served.settle()

    plan = _done(run(tmp_path, "adopt", "--deal", deals["Part"]))

    assert "VOIDED" in plan
    assert "1 in question" in plan
    assert "What is in question is linked where" not in plan


def test_without_the_service(served: Served, tmp_path: Path) -> None:
    """On a terminal it asks, and a no does nothing; a linked deal names its invoice, and the service shows the rest."""
    deals = _deals(served)
    served.kill()
    question = "Link this invoice? It cannot be undone. [y/N]:"
    for columns, answer in ((80, "n\n"), (200, "y\n")):
        assert {} == _linked(served)
        ended = typed(tmp_path, columns, "adopt", "--deal", deals["By hand"], answers=[(question, answer)])
        assert "Traceback" not in ended.text
        assert ("Linked 1 invoice. The service shows it on its deal once it runs." in ended.text) == (answer == "y\n")
    assert {deals["By hand"]: "H-1"} == _linked(served)
    shown = served.show("deals", deals["By hand"])
    assert (_id_of(served, "H-1"), None) == (shown["xero_invoice_id"], shown["xero_invoice_number"])

    served.start()

    served.until_shown("deals", deals["By hand"], "xero_invoice_number", "H-1")
    served.settle()
    assert [] == served.invoices_of(deals["By hand"])


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_put_back_to_before_the_link(served: Served, tmp_path: Path) -> None:
    """No service ran between the link and the restore: the deal names its invoice all the same, and gets no second."""
    deal = served.sell([], dealname="Held", amount="90")
    served.until_shown("deals", deal, "xero_sync_message")
    served.settle()
    served.invoice_for(served.customer("Held Ltd"), "90", InvoiceNumber="H-9", Reference=f"for {deal}")
    served.kill()
    _done(run(tmp_path, "backup", "kept"))
    _done(run(tmp_path, "adopt", "--deal", deal, "--yes"))
    served.built.database.close()  # the test's own connections, to a file that is about to be another
    _done(run(tmp_path, "restore", "kept", "--yes"))
    served.add_line(deal, {"name": "What it lacked", "quantity": "1", "price": "90"})
    served.edit("deals", deal, dealname="It has what it lacked")

    served.start()

    said = "so no other is made. Run `ledgerloop adopt"
    served.on.until("it says so", lambda: said in " ".join(served.holds().get(f"deal {deal}", ())) or None)
    served.settle()
    assert _id_of(served, "H-9") == served.show("deals", deal)["xero_invoice_id"]
    assert [] == [one for one in served.invoices() if f"HS-{deal}" in one.get("Reference", "")]
    _done(run(tmp_path, "adopt", "--deal", deal, "--yes"))
    served.until_shown("deals", deal, "xero_invoice_number", "H-9")


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_nobody_is_asked_soon_after_a_restore(served: Served, tmp_path: Path) -> None:
    """While what left before may still arrive, nothing is linked: it says so and asks nothing; a plan is shown."""
    deal = _deals(served)["By hand"]
    served.kill()
    now = served.built.now()
    with served.built.database.transaction() as tx:
        before = epochs.kept(tx) or epochs.Epoch()
        put_back = replace(before, noticed=now - DAYS, safe=now + DAYS, why="It was put back.")
        epochs.put(tx, put_back)

    asked = typed(tmp_path, 200, "adopt", "--deal", deal, answers=[("Link this invoice?", "y\n")])

    assert "Link this invoice?" not in asked.text
    assert "It was put back. The last invoice left so lately that none is made before" in asked.text
    assert 1 == asked.returncode
    assert 1 == run(tmp_path, "adopt", "--yes").returncode
    assert {} == _linked(served)
    assert "2 certain" in _done(run(tmp_path, "adopt"))


@pytest.mark.parametrize("served", ["sqlite"], indirect=True)
def test_nothing_is_linked_that_hubspot_does_not_take(served: Served, tmp_path: Path) -> None:
    """HubSpot cannot be written to: the pair is not linked, so that no restore could lose it, and is linked later."""
    deals = _deals(served)
    served.kill()
    fault = served.fault("hubspot", kind="status", status=400, method="POST", path="/deals/batch/update$")

    ended = run(tmp_path, "adopt", "--deal", deals["By hand"], "--yes")

    assert 1 == ended.returncode, ended.stdout
    assert {} == _linked(served)
    served.mend("hubspot", fault)
    assert "Linked 1 invoice." in _done(run(tmp_path, "adopt", "--deal", deals["By hand"], "--yes"))
    assert _id_of(served, "H-1") == served.show("deals", deals["By hand"])["xero_invoice_id"]


def test_killed_in_the_middle(served: Served, tmp_path: Path) -> None:
    """Killed before the pairs are kept nothing is done, and after that all: the service shows them, once started."""
    deals = _deals(served)
    served.kill()
    held = served.fault("xero", kind="delay", method="GET", path="/Invoices$", delay_ms=DAY, times=1)
    with begun(tmp_path, "adopt", "--yes") as process:
        served.until_met("xero", held)
        linking = served.fault("xero", kind="delay", method="GET", path="/Invoices$", delay_ms=DAY, times=1)
        served.mend("xero", held)
        served.until_met("xero", linking)
        process.kill()
        process.wait()
    served.mend("xero")
    assert {} == _linked(served)

    with begun(tmp_path, "adopt", "--yes") as process:
        _until_linked(served, process)
        process.kill()
    served.start()

    for name, number in (("By tool", "T-1"), ("By hand", "H-1")):
        served.until_shown("deals", deals[name], "xero_invoice_number", number)
    served.settle()
    assert {deals["By tool"]: "T-1", deals["By hand"]: "H-1"} == _linked(served)
    assert 1 == sum(decision == "adopt" for decision, _ in served.journal(f"deal {deals['By tool']}"))


def _until_linked(served: Served, process: Forked) -> None:
    end = time.monotonic() + PATIENCE
    while not _linked(served):
        assert time.monotonic() < end, process.poll()
        time.sleep(0.02)
