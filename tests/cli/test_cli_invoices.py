"""`retry`, `plan --deal` and `approve --invoices`: what they ask for, what they change, and what they say."""

from __future__ import annotations

import re
import socketserver
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_process import run

from ledgerloop.records import Intent, Portal
from ledgerloop.store import connections, inbox, intents, journal, lanes
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PAYLOAD = '{"CurrencyCode": "NZD", "LineItems": [{"Quantity": "12", "UnitAmount": "39.90"}]}'
PORTAL = Portal("62515", "HubSpot 62515", "NZD", "UTC")


@pytest.fixture
def held(place: Path) -> Path:
    """Give a place where deal 7 waits for approval and deal 9 has no line items."""
    database = Database(f"sqlite:///{place}/ledgerloop.sqlite3")
    with database.transaction() as tx:
        connections.put(tx, Connected("hubspot", PORTAL.id, PORTAL.name, "hubspot", PORTAL, NOW))
        for deal, asks in (("7", "Approve it."), ("8", "")):
            intents.put(tx, [Intent("62515", deal, "org", "c", PAYLOAD, "h", "k", f"HS-{deal}", "u", asks=asks)])
        journal.hold(tx, "62515", "deal 7", ["Approve it."], (), NOW)
        journal.hold(tx, "62515", "deal 9", ["The deal has no line items."], (), NOW)
    database.close()
    return place


def test_retry_puts_deals_back_on_their_lane(held: Path) -> None:
    """Every held deal is tried again, by an event of its own and a lane that is woken."""
    ended = run(held, "retry", "--all")

    assert (0, "The service that runs tries again: 7, 9.\n") == (ended.returncode, ended.stdout), ended.stderr
    database = Database(f"sqlite:///{held}/ledgerloop.sqlite3")
    with database.reading() as tx:
        assert {("7", "retry"), ("9", "retry")} == {
            (one.event.resource, one.event.kind) for one in inbox.recent(tx, 9, "waiting")
        }
        assert [("invoicing", "62515")] == [(one.flow, one.lane) for one in lanes.all_lanes(tx) if one.wanted]
    database.close()


@pytest.mark.parametrize("command", ["retry", "plan"])
def test_a_deal_is_named_by_its_id(held: Path, command: str) -> None:
    """A mistyped id is not taken for a deal; the sentence says where the id stands."""
    ended = run(held, command, "--deal", "nope")

    assert 1 == ended.returncode
    assert "“nope” is no deal's id: that is the number at the end of the deal's address in HubSpot." in ended.stderr


def test_a_sandbox_that_is_not_there(held: Path) -> None:
    """Where nobody answers, the address that was tried is named, and the options that change it."""
    ended = run(held, "retry", "--deal", "12", "--hubspot-url", "http://127.0.0.1:1")

    assert 1 == ended.returncode
    assert "no connection to http://127.0.0.1:1 (ConnectError)." in ended.stderr
    assert "say where it listens with --xero-url and --hubspot-url." in ended.stderr


def test_a_sandbox_that_listens_is_not_to_be_started(held: Path) -> None:
    """Where something takes connections and does not answer, no other address is advised."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _HangUp) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        ended = run(held, "retry", "--deal", "12", "--hubspot-url", address, "--xero-url", address)
        server.shutdown()

    assert 1 == ended.returncode
    assert "the answer was lost" in ended.stderr
    assert "--hubspot-url" not in ended.stderr


class _HangUp(socketserver.BaseRequestHandler):
    """End every connection without a word."""


@pytest.mark.parametrize("words", [["retry"], ["retry", "--all", "--deal", "7"], ["retry", "--all", "--new"]])
def test_retry_wants_to_know_which(held: Path, words: list[str]) -> None:
    """Neither everything by oversight nor a contradiction: it says how to say which."""
    ended = run(held, *words)

    assert 1 == ended.returncode
    assert "Say which: --deal ID, --all" in ended.stderr


def test_a_new_invoice_needs_what_the_deal_says(held: Path) -> None:
    """Where nothing is known of an old one the deal may name it in HubSpot, for which a secret is asked by name."""
    ended = run(held, "retry", "--deal", "7", "--new", "--yes")

    assert 2 == ended.returncode
    assert "run `ledgerloop secret set hubspot_token`" in ended.stderr


@pytest.mark.parametrize(("words", "deal"), [(["--deal", "7"], "7"), (["--invoices"], "8")])
def test_approve_shows_and_asks_and_lets_an_invoice_go(held: Path, words: list[str], deal: str) -> None:
    """What waits is shown with its amount and approved once, by who says yes; a flood takes no other with it."""
    asked = run(held, "approve", *words)
    first = run(held, "approve", "--yes", *words)
    second = run(held, "approve", "--yes", *words)

    assert (1, True) == (asked.returncode, "Nobody is there to be asked" in asked.stderr)
    assert (0, ["Approved: 1 invoice. The service makes them."]) == (first.returncode, first.stdout.splitlines()[-1:])
    assert [deal] == re.findall(r"\b([78])\b.*478\.80 NZD", first.stdout)
    assert (0, "No invoice waits for approval.\n") == (second.returncode, second.stdout), second.stderr


def test_plan_of_a_deal_needs_a_portal(place: Path) -> None:
    """Without a portal the sentence says what to do."""
    ended = run(place, "plan", "--deal", "7")

    assert (1, "No HubSpot portal is connected: connect it in the console first.\n") == (ended.returncode, ended.stderr)
