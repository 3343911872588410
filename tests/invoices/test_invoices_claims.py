"""An invoice is claimed for a deal while the service is about to send another: whichever is first is the only one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from clocks import Standing

from ledgerloop.invoices import submit
from ledgerloop.parts import Parts, instead
from ledgerloop.records import Intent, Organisation, Portal
from ledgerloop.store import connections, intents
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HOUSE = Portal("p", "Portal", "NZD", "UTC")
HOME = Organisation("o", "Kiwi Ltd", "NZD", "UTC")
PAYLOAD = '{"CurrencyCode": "NZD", "LineItems": []}'


def never(*_: Any) -> Any:
    """Be what must not be called."""
    raise AssertionError("no vendor is asked")


@pytest.fixture
def at(database: Database) -> Parts:
    """Give parts with a portal and an organisation, and an invoice that may leave for deal 1."""
    with database.transaction() as tx:
        connections.put(tx, Connected("hubspot", HOUSE.id, HOUSE.name, "hubspot", HOUSE, NOW))
        connections.put(tx, Connected("xero", HOME.id, HOME.name, "xero", HOME, NOW))
        intents.put(tx, [Intent("p", "1", "o", "c", PAYLOAD, "h", "k", "HS-1", "u", created_at=NOW)])
    return Parts(database, never, never, Standing(NOW), never, lambda: None, never, never)


def test_a_claim_just_before_the_request_leaves(at: Parts) -> None:
    """All was read and decided, and a key was asked for: the claim comes then, and nothing leaves."""

    def claimed_meanwhile() -> str:
        with at.database.transaction() as tx:
            waiting = intents.get(tx, "p", ["1"])["1"]
            intents.claim(tx, replace(waiting, state="made", invoice="by hand", number="INV-7", key=""), NOW)
        return "new key"

    with instead(replace(at, new_key=claimed_meanwhile)):
        assert ([], {}) == (submit.create("p", [])[0], submit.create("p", [])[1].of)

    with at.database.reading() as tx:
        stands = intents.get(tx, "p", ["1"])["1"]
    assert ("made", "by hand", "", None) == (stands.state, stands.invoice, stands.key, stands.sent_at)


def test_a_claim_just_after_is_too_late(at: Parts) -> None:
    """What has left may stand: the claim does nothing, and says so by what it returns."""
    with at.database.transaction() as tx:
        waiting = intents.get(tx, "p", ["1"])["1"]
        intents.mark_sent(tx, "p", ["1"], NOW)

        found = intents.claim(tx, replace(waiting, state="made", invoice="by hand"), NOW)

    assert ("sent", "") == (found.state, found.invoice)
