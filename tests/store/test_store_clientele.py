"""The clientele: who of the contacts is a customer, asked for one and for all alike."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledgerloop.records import Customer, Link, Receivable
from ledgerloop.store import clientele, links, mirror
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 2, tzinfo=UTC)


def _contact(key: str, **values: object) -> Customer:
    return Customer("org", key, f"Contact {key}", **values)  # type: ignore[arg-type]


def _invoice(key: str, customer: str) -> Receivable:
    return Receivable("org", key, "invoice", customer, "DRAFT", "NZD", Decimal(10))


@pytest.fixture
def known(database: Database) -> Database:
    """Give a mirror of one contact of each sort."""
    with database.transaction() as tx:
        mirror.store_customers(
            tx,
            [
                _contact("a-stranger"),
                _contact("b-flagged", is_customer=True, is_supplier=True),
                _contact("c-supplier", is_supplier=True),
                _contact("d-invoiced", is_supplier=True),
                _contact("e-linked"),
                _contact("f-archived", active=False, is_customer=True),
                _contact("g-archived-stranger", active=False),
                _contact("h-merged", merged_into="b-flagged", is_customer=True),
                _contact("i-of-a-deal"),
            ],
        )
        mirror.store_receivables(tx, [_invoice("i1", "d-invoiced")])
        links.put(tx, [Link("org", "e-linked", "contact", "512", "id")], NOW)
        links.put(tx, [Link("org", "i-of-a-deal", "deal", "9", "id")], NOW)
        links.put(tx, [Link("other", "a-stranger", "contact", "512", "id")], NOW)
    return database


def test_everybody_who_owes_owed_or_is_linked(known: Database) -> None:
    """A receivable, the ledger's own word or a link makes a customer; active and not merged away."""
    with known.reading() as tx:
        assert clientele.everybody(tx, "org") == ["b-flagged", "d-invoiced", "e-linked"]
        assert clientele.everybody(tx, "other") == []


def test_all_contacts(known: Database) -> None:
    """Where all are wanted, all that are active are listed."""
    with known.reading() as tx:
        everybody = clientele.everybody(tx, "org", show_all=True)

    assert everybody == ["a-stranger", "b-flagged", "c-supplier", "d-invoiced", "e-linked", "i-of-a-deal"]


def test_among_some(known: Database) -> None:
    """Of given contacts the same ones are customers, archived ones too; who was merged away is always looked at."""
    some = ["a-stranger", "b-flagged", "c-supplier", "e-linked", "f-archived", "g-archived-stranger", "h-merged", "?"]
    with known.reading() as tx:
        assert clientele.among(tx, "org", some) == {"b-flagged", "e-linked", "f-archived", "h-merged"}
        assert clientele.among(tx, "org", some, show_all=True) == set(some) - {"?"}


def test_whose_balance_is_worth_comparing(known: Database) -> None:
    """All but pure suppliers, who are many, and who was merged away; in order, some at a time."""
    expected = ["a-stranger", "b-flagged", "d-invoiced", "e-linked", "f-archived", "g-archived-stranger", "i-of-a-deal"]
    with known.reading() as tx:
        assert clientele.to_compare(tx, "org", "", 100) == expected
        assert clientele.to_compare(tx, "org", "b-flagged", 2) == ["d-invoiced", "e-linked"]
