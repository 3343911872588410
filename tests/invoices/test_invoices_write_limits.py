"""The brake on invoices: what it counts, when it waits to know more, and what it lets go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from clocks import Standing

from ledgerloop.invoices import approvals, release
from ledgerloop.parts import Parts, instead
from ledgerloop.records import Event, Intent, Rest
from ledgerloop.store import inbox, intents, journal, lanes
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def never(*_: Any) -> Any:
    """Be what must not be called."""
    raise AssertionError("the brake asks no vendor")


@pytest.fixture
def at(database: Database) -> Iterator[Parts]:
    """Give parts that allow two invoices an hour, and 1,000 in any currency."""
    given = Parts(database, never, never, Standing(NOW), never, lambda: None, never, never)
    given = replace(given, most_invoices=2, most_amount=Decimal(1000))
    with instead(given):
        yield given


def intended(at: Parts, *deals: str, said: str = "10", lines: str = "10", currency: str = "NZD", **more: Any) -> None:
    """Put intents on disk."""
    payload = json.dumps({"CurrencyCode": currency, "LineItems": [{"Quantity": "1", "UnitAmount": lines}]})
    kept = [
        Intent("p", deal, "o", "c", payload, "h", "k", deal, deal, created_at=NOW, said=Decimal(said), **more)
        for deal in deals
    ]
    with at.database.transaction() as tx:
        intents.put(tx, kept)


def reported(at: Parts, *deals: str) -> None:
    """Keep events that no turn has taken."""
    with at.database.transaction() as tx:
        inbox.keep(tx, [Event("hubspot", f"e{deal}", "p", "deal", "x", deal, NOW, "{}") for deal in deals], NOW)


def held(at: Parts, subject: str) -> str:
    """Return why a subject waits; nothing where it does not."""
    with at.database.reading() as tx:
        found = journal.held(tx, subject)
        return found.reasons[0] if found else ""


def test_what_fits_goes(at: Parts) -> None:
    """As many as are allowed leave without anybody being asked."""
    intended(at, "1", "2")

    assert not approvals.look("p").on


def test_too_many_stop_and_the_reason_is_kept(at: Parts) -> None:
    """One too many stops them all, with a sentence that says how many and what to do."""
    intended(at, "1", "2", "3")

    assert approvals.look("p") == approvals.Brake(True, ["1", "2", "3"])
    assert held(at, "brake p").startswith(
        "3 invoices wait: 3 were made within the last hour or are about to be; 2 are allowed without asking."
    )
    assert held(at, "deal 2").startswith("The invoice of 10.00 NZD waits with others that are too many for an hour.")


def test_what_left_within_the_hour_counts(at: Parts) -> None:
    """An hour rolls: what left before it does not count, what left within it does."""
    intended(at, "1", "2", "3")
    with at.database.transaction() as tx:
        intents.mark_sent(tx, "p", ["1"], NOW - timedelta(minutes=61))
    assert not approvals.look("p").on

    intended(at, "4")
    with at.database.transaction() as tx:
        intents.mark_sent(tx, "p", ["2"], NOW - timedelta(minutes=59))

    assert approvals.look("p").on
    assert held(at, "brake p").startswith("2 invoices wait: 3 were made within the last hour or are about to be;")


def test_it_waits_to_know_how_many_they_are(at: Parts) -> None:
    """While deals wait unread that may be too many together, none leaves; the lane is woken to read them first."""
    intended(at, "1")
    reported(at, "2", "3")

    assert approvals.look("p") == approvals.Brake(True, [])
    with at.database.reading() as tx:
        assert [one.lane for one in lanes.ready(tx, NOW)] == ["p"]
        assert journal.held(tx, "brake p") is None


def test_too_much_money_stops(at: Parts) -> None:
    """More than an amount in any one currency stops; sums of several currencies are never added up."""
    intended(at, "1", said="600")
    intended(at, "2", said="600", currency="USD")
    assert not approvals.look("p").on

    intended(at, "2", said="600")

    assert approvals.look("p").on
    assert "1200.00 NZD were invoiced within the last hour or are about to be; 1000 are allowed" in held(at, "brake p")


def test_what_the_lines_come_to_counts(at: Parts) -> None:
    """A deal with a small amount and large lines is a large invoice."""
    intended(at, "1", said="10", lines="50000")

    assert approvals.look("p").on
    assert "50000.00 NZD were invoiced" in held(at, "brake p")
    assert held(at, "deal 1").startswith("The invoice of 50000.00 NZD waits with others that are too much for an hour.")


def test_what_fits_by_then_is_let_go(at: Parts) -> None:
    """Once the hour has room again nobody need be asked, and no deal says that it waits."""
    intended(at, "1", "2")
    intended(at, "3")
    assert approvals.look("p").on

    with at.database.transaction() as tx:
        intents.withdraw(tx, "p", ["3"])

    assert approvals.look("p") == approvals.Brake(False, [])
    assert (held(at, "brake p"), held(at, "deal 1")) == ("", "")


def test_what_asks_for_approval_is_no_flood(at: Parts) -> None:
    """Invoices that wait for approval of their own leave only one by one, so they do not stop the others."""
    intended(at, "1", "2")
    intended(at, "3", "4", asks="Approve it.")

    assert not approvals.look("p").on


def test_approval_ends_the_stop(at: Parts) -> None:
    """What was approved counts no more, the hold goes, and the lane goes on at once."""
    intended(at, "1", "2", "3")
    assert approvals.look("p").on
    with at.database.transaction() as tx:
        lanes.park(tx, "invoicing", "p", Rest(NOW, NOW + timedelta(minutes=15)), "stopped")

    intended(at, "4", asks="Approve it.")
    assert release.approve(at.database, "p", NOW) == ["1", "2", "3"]  # what a route asks for is approved by its name

    assert not approvals.look("p").on
    with at.database.reading() as tx:
        assert journal.held(tx, "brake p") is None
        assert [one.lane for one in lanes.ready(tx, NOW)] == ["p"]
        assert len(intents.pending(tx, "p")) == 3
