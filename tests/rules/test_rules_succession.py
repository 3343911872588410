"""Who succeeds whom: a table of an archived customer, an active one of its name, and what is open on the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from rules_samples import HOME, TODAY, invoice

from ledgerloop.records import Customer, Hold, Receivable
from ledgerloop.rules.identity.addresses import email_key
from ledgerloop.rules.standing import standing_of
from ledgerloop.rules.succession import Succeeds, same_name, succession

RECORDS = ["contact 7", "company 512"]


def _one(key: str, name: str = "Fresh Fields Ltd", email: str = "", **values: Any) -> Customer:
    return Customer(HOME.id, key, name, email=email, email_key=email_key(email), **values)


def _decide(old: Customer, new: Customer, receivables: Sequence[Receivable] = ()) -> Succeeds | Hold | None:
    return succession(old, new, standing_of(receivables, TODAY, HOME.base_currency), RECORDS)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({}, {}, id="the name, and nothing else known"),
        pytest.param({"email": "pay@ff.nz"}, {"email": "PAY@ff.nz"}, id="the same email"),
        pytest.param({"email": "pay@ff.nz"}, {}, id="an email on the archived one alone"),
        pytest.param({}, {"email": "pay@ff.nz"}, id="an email on the active one alone"),
        pytest.param({"tax_number": "12-345-678"}, {"tax_number": "12 345 678"}, id="a tax number typed otherwise"),
        pytest.param({"tax_number": "GST 12-345-678"}, {"tax_number": "012345678"}, id="a label, and a zero in front"),
        pytest.param({"tax_number": "GB 123456789"}, {"tax_number": "123456789"}, id="a country in front of one"),
        pytest.param({"tax_number": "Exempt"}, {"tax_number": "12-345-678"}, id="what is no tax number says nothing"),
        pytest.param({"tax_number": "12-345-678"}, {"company_number": "987654"}, id="numbers of two kinds"),
        pytest.param({"name": "FRESH fields Ltd"}, {}, id="case is nothing to Xero"),
        pytest.param({"email": "a@ff.nz; b@ff.nz"}, {"email": "A@ff.nz; b@ff.nz"}, id="the same two addresses"),
    ],
)
def test_succeeds(old: dict[str, str], new: dict[str, str]) -> None:
    """The same name, nothing open and nothing that differs: the active one takes its place."""
    answer = _decide(_one("x1", active=False, **old), _one("x2", **new))  # type: ignore[arg-type]

    assert isinstance(answer, Succeeds)
    assert "contact 7 and company 512 go from x1 to x2" in answer.reason


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({"active": True}, {}, id="nobody is archived"),
        pytest.param({"active": False, "merged_into": "x3"}, {}, id="the archived one was merged, which says more"),
        pytest.param({"active": False}, {"active": False}, id="both are archived"),
        pytest.param({"active": False}, {"merged_into": "x3"}, id="the active one was merged away"),
        pytest.param({"active": False, "name": "Fresh Fields"}, {}, id="another legal form"),
        pytest.param({"active": False, "name": "Fresh Fields Ltd (2)"}, {}, id="a copy mark"),
        pytest.param({"active": False, "name": "Frésh Fields Ltd"}, {}, id="an accent"),
    ],
)
def test_have_nothing_to_do_with_each_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Only an archived and an active customer of exactly one name are asked about."""
    assert _decide(_one("x1", **old), _one("x2", **new)) is None


@pytest.mark.parametrize(
    ("old", "new", "owes", "said"),
    [
        pytest.param({}, {}, [invoice("50.00")], "50.00 NZD outstanding is still open on it", id="it owes"),
        pytest.param({}, {}, [invoice("0.00", status="AUTHORISED")], "", id="an open invoice of nothing is not open"),
        pytest.param(
            {"email": "a@ff.nz"}, {"email": "b@ff.nz"}, [], "another email (a@ff.nz and b@ff.nz)", id="another email"
        ),
        pytest.param(
            {"tax_number": "12-345-678"},
            {"tax_number": "12-345-679"},
            [],
            "another tax number (12-345-678 and 12-345-679)",
            id="another tax number",
        ),
        pytest.param(
            {"tax_number": "GB 123456789"},
            {"tax_number": "NL 123456789"},
            [],
            "another tax number",
            id="the same number in another country",
        ),
        pytest.param(
            {"company_number": "1234567"}, {"company_number": "1234568"}, [], "another company number", id="company no"
        ),
    ],
)
def test_is_a_question(old: dict[str, str], new: dict[str, str], owes: list[Receivable], said: str) -> None:
    """What is open, or differs, is said, with the records and both ways out."""
    answer = _decide(_one("x1", active=False, **old), _one("x2", **new), owes)  # type: ignore[arg-type]

    if not said:
        assert isinstance(answer, Succeeds)
        return
    assert isinstance(answer, Hold)
    assert said in answer.sentence
    assert "(x1) has the HubSpot records (contact 7 and company 512)" in answer.sentence
    assert "write x2 into the Xero contact id" in answer.sentence
    assert ("settle that in Xero, and the records go to the active one" in answer.sentence) is bool(owes)
    assert ("one of these records" in answer.sentence) is not bool(owes)


def test_every_reason_is_said_at_once() -> None:
    """A person who settles the one should not meet the other afterwards."""
    credit = replace(invoice("9.00"), kind="credit_note", due=Decimal(0), remaining=Decimal("9.00"))
    owes = [invoice("50.00", due=-3), credit]
    answer = _decide(_one("x1", active=False, email="a@ff.nz"), _one("x2", email="b@ff.nz"), owes)

    assert isinstance(answer, Hold)
    assert 2 == len(answer.reasons)
    assert "50.00 NZD outstanding and 9.00 NZD of credit is still open" in answer.reasons[0]


def test_a_paid_one_has_nothing_open() -> None:
    """What was paid long ago keeps nobody back."""
    assert isinstance(_decide(_one("x1", active=False), _one("x2"), [invoice(paid=[(-9, "100.00")])]), Succeeds)


def test_same_name() -> None:
    """Xero trims names and does not look at their case; everything else tells them apart."""
    assert same_name(" Acme Ltd", "ACME LTD ")
    assert not same_name("Acme Ltd", "Acme Limited")
