"""Notes: what is news of an invoice, and how it is worded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from ledgerloop.records import Organisation, Payment, Receivable
from ledgerloop.rules.notes import Happening, What, body_of, happenings_of, mark_of, marks_in

HOME = Organisation("org", "Kiwi Demo Ltd", "NZD", "Pacific/Auckland", "!kiwi")
SINCE, TODAY = date(2026, 11, 1), date(2026, 11, 22)
INVOICE = Receivable(
    organisation="org",
    id="inv-1",
    kind="invoice",
    customer="c1",
    status="AUTHORISED",
    currency="NZD",
    total=Decimal("2300.00"),
    due=Decimal("2300.00"),
    number="INV-0107",
    issued_on=date(2026, 11, 10),
    due_on=date(2026, 12, 10),
    updated_at=datetime(2026, 11, 20, 8, tzinfo=UTC),
)
PAID_BEFORE = (Payment("p1", date(2026, 10, 5), Decimal(800)),)
PAID_SINCE = (*PAID_BEFORE, Payment("p2", date(2026, 11, 15), Decimal(230)))

CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "approved and open": ({}, ["sent"]),
    "a draft": ({"status": "DRAFT"}, []),
    "issued before notes were switched on": ({"issued_on": date(2026, 10, 1)}, []),
    "part paid": ({"due": Decimal(1270), "paid": Decimal(1030), "payments": PAID_SINCE}, ["part 1270.00"]),
    "part paid before": ({"due": Decimal(1500), "paid": Decimal(800), "payments": PAID_BEFORE}, []),
    "credited in part": ({"due": Decimal(1500), "credited": Decimal(800)}, ["part 1500.00"]),
    "paid": ({"due": Decimal(0), "paid": Decimal(2300), "status": "PAID", "payments": PAID_SINCE}, ["paid"]),
    "voided": ({"status": "VOIDED"}, ["voided"]),
    "deleted": ({"status": "DELETED"}, []),
    "overdue": ({"due_on": date(2026, 11, 21)}, ["sent", "overdue"]),
    "due today": ({"due_on": TODAY}, ["sent"]),
    "overdue since before": ({"due_on": date(2026, 10, 20), "issued_on": date(2026, 10, 1)}, []),
    "part paid and overdue": (
        {"due": Decimal(1270), "paid": Decimal(1030), "payments": PAID_SINCE, "due_on": date(2026, 11, 12)},
        ["part 1270.00", "overdue"],
    ),
    "last changed before": ({"status": "VOIDED", "updated_at": datetime(2026, 10, 20, tzinfo=UTC)}, []),
    "a credit note": ({"kind": "credit_note"}, []),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_news(name: str) -> None:
    """Only what became true after notes were switched on is news, and everything that did is."""
    changes, events = CASES[name]

    found = happenings_of(replace(INVOICE, **changes), HOME, TODAY, SINCE)

    assert events == [one.event for one in found]


OPEN: dict[str, Any] = {}
HALF = {"due": Decimal(1270), "paid": Decimal(1030), "payments": PAID_SINCE}
LESS = {"due": Decimal(1500), "paid": Decimal(800), "payments": PAID_BEFORE}
ALL = {"due": Decimal(0), "paid": Decimal(2300), "status": "PAID", "payments": PAID_SINCE}


@pytest.mark.parametrize(
    ("changes", "known", "events"),
    [
        (OPEN, {"sent"}, ["sent"]),
        (OPEN, {"sent", "paid"}, ["removed 1 2300.00"]),
        (OPEN, {"sent", "paid", "removed 1 2300.00"}, ["removed 1 2300.00"]),
        (OPEN, {"part 1270.00"}, ["removed 1 2300.00"]),
        (LESS, {"part 1270.00"}, ["removed 1 1500.00"]),
        (LESS, {"paid"}, ["removed 1 1500.00"]),
        (LESS, {"paid", "removed 1 1500.00"}, ["removed 1 1500.00"]),
        (HALF, {"paid", "removed 1 1500.00"}, ["part 1270.00 after 1"]),
        (HALF, {"paid", "removed 1 2300.00", "part 1270.00 after 1"}, ["part 1270.00 after 1"]),
        (OPEN, {"paid", "removed 1 1500.00", "part 1270.00 after 1"}, ["removed 2 2300.00"]),
        (ALL, {"paid", "removed 1 2300.00"}, ["paid after 1"]),
        (ALL, {"paid", "removed 1 2300.00", "paid after 1"}, ["paid after 1"]),
        (OPEN, {"paid", "removed 1 2300.00", "paid after 1"}, ["removed 2 2300.00"]),
        ({"status": "VOIDED"}, {"paid", "removed 1 2300.00"}, ["voided"]),
        ({**LESS, "due_on": date(2026, 11, 21)}, {"paid"}, ["removed 1 1500.00", "overdue"]),
    ],
)
def test_money_that_was_taken_back(changes: dict[str, Any], known: set[str], events: list[str]) -> None:
    """More remaining than was last told is told, once; and what is paid after that is news again."""
    found = happenings_of(replace(INVOICE, **changes), HOME, TODAY, SINCE, known)

    assert events == [one.event for one in found]


def test_the_note_says_number_amount_and_what_remains() -> None:
    """An account manager reads what happened without opening Xero."""
    note = body_of(Happening(INVOICE, "part", Decimal("1270.00")), HOME)

    assert "INV-0107" in note
    assert "over 2,300.00 NZD was paid in part" in note
    assert "1,270.00 NZD remain, due 2026-12-10." in note
    assert "InvoiceID=inv-1" in note


@pytest.mark.parametrize(
    ("what", "words"),
    [("sent", "was approved."), ("removed", "had a payment or credit taken back, or its total raised.")],
)
def test_the_note_says_no_more_than_is_known(what: What, words: str) -> None:
    """Xero may not have sent what was approved; and more that remains may be a greater total."""
    assert f"over 2,300.00 NZD {words} 2,300.00 NZD remain" in body_of(Happening(INVOICE, what, INVOICE.due), HOME)


def test_the_mark_is_found_again() -> None:
    """The mark in the body is that of this invoice and event, and of no other."""
    one, other = Happening(INVOICE, "paid", Decimal(0)), Happening(INVOICE, "voided", Decimal(0))

    assert [mark_of("org", "inv-1", "paid")] == marks_in(body_of(one, HOME))
    assert marks_in(body_of(one, HOME)) != marks_in(body_of(other, HOME))
