"""`retry`, `plan --deal` and `approve --invoices`: what they ask for, what they change, and what they say."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_process import run

from ledgerloop.records import Intent, Portal
from ledgerloop.store import connections, inbox, intents, journal, lanes
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PORTAL = Portal("62515", "HubSpot 62515", "NZD", "UTC")


@pytest.fixture
def held(place: Path) -> Path:
    """Give a place where deal 7 waits for approval and deal 9 has no line items."""
    database = Database(f"sqlite:///{place}/ledgerloop.sqlite3")
    with database.transaction() as tx:
        connections.put(tx, Connected("hubspot", PORTAL.id, PORTAL.name, "hubspot", PORTAL, NOW))
        intents.put(tx, [Intent("62515", "7", "org", "c", "{}", "h", "k", "HS-7", "u", asks="Approve it.")])
        journal.hold(tx, "62515", "deal 7", ["Approve it."], (), NOW)
        journal.hold(tx, "62515", "deal 9", ["The deal has no line items."], (), NOW)
    database.close()
    return place


def test_retry_puts_deals_back_on_their_lane(held: Path) -> None:
    """Every held deal is tried again, by an event of its own and a lane that is woken."""
    ended = run(held, "retry", "--all")

    assert (0, "Tried again by the service that runs: 7, 9.\n") == (ended.returncode, ended.stdout), ended.stderr
    database = Database(f"sqlite:///{held}/ledgerloop.sqlite3")
    with database.reading() as tx:
        assert {("7", "retry"), ("9", "retry")} == {
            (one.event.resource, one.event.kind) for one in inbox.recent(tx, 9, "waiting")
        }
        assert [("invoicing", "62515")] == [(one.flow, one.lane) for one in lanes.all_lanes(tx) if one.wanted]
    database.close()


@pytest.mark.parametrize("words", [["retry"], ["retry", "--all", "--deal", "7"]])
def test_retry_wants_to_know_which(held: Path, words: list[str]) -> None:
    """Neither everything by oversight nor a contradiction: it says how to say which."""
    ended = run(held, *words)

    assert 1 == ended.returncode
    assert "Say which: --deal ID, or --all" in ended.stderr


def test_approve_lets_an_invoice_go(held: Path) -> None:
    """What waits for approval is approved once; then nothing waits any more."""
    first = run(held, "approve", "--deal", "7")
    second = run(held, "approve", "--invoices")

    assert (0, "Approved: 1 invoice. The service makes them.\n") == (first.returncode, first.stdout), first.stderr
    assert (0, "No invoice waits for approval.\n") == (second.returncode, second.stdout), second.stderr


def test_plan_of_a_deal_needs_a_portal(place: Path) -> None:
    """Without a portal the sentence says what to do."""
    ended = run(place, "plan", "--deal", "7")

    assert (1, "No HubSpot portal is connected: connect it in the console first.\n") == (ended.returncode, ended.stderr)
