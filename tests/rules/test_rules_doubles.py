"""Another invoice of a deal: which one bills it once more, and what ends that."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledgerloop.records import Intent, Receivable
from ledgerloop.rules.doubles import double_told, doubles

NAMES = {"kiwi": "Kiwi Ltd", "aussie": "Aussie Pty"}
INTENT = Intent(
    portal="1",
    deal="5",
    organisation="kiwi",
    customer="c",
    payload="",
    payload_hash="",
    key="",
    marker="HS-5",
    url="",
    state="made",
    invoice="own",
    number="INV-1",
)


def invoice(**values: str | Decimal) -> Receivable:
    """Return another invoice with the deal's mark."""
    standard = {"organisation": "kiwi", "id": "other", "kind": "invoice", "customer": "c", "status": "AUTHORISED"}
    known = {"currency": "NZD", "total": Decimal("10.00"), "number": "INV-2", "mark": "HS-5"}
    return Receivable(**{**standard, **known, **values})  # type: ignore[arg-type]


OWN = invoice(id="own", number="INV-1")


@pytest.mark.parametrize(
    ("own", "other", "is_one"),
    [
        pytest.param(OWN, invoice(), True, id="both stand"),
        pytest.param(OWN, invoice(organisation="aussie"), True, id="in two organisations"),
        pytest.param(None, invoice(), True, id="our copy does not have the deal's own yet"),
        pytest.param(OWN, invoice(id="own"), False, id="its own"),
        pytest.param(OWN, invoice(mark="HS-55"), False, id="another deal's"),
        pytest.param(OWN, invoice(kind="credit_note"), False, id="a credit note"),
        pytest.param(OWN, invoice(status="VOIDED"), False, id="a voided one"),
        pytest.param(OWN, invoice(status="DELETED"), False, id="a deleted one"),
        pytest.param(OWN, invoice(credit_notes=Decimal("10.00")), False, id="credited in full"),
        pytest.param(OWN, invoice(credit_notes=Decimal("9.99")), True, id="credited in part"),
        pytest.param(OWN, invoice(credited=Decimal("10.00")), True, id="paid by a prepayment"),
        pytest.param(OWN, invoice(total=Decimal(0)), True, id="of nothing"),
        pytest.param(invoice(id="own", status="DELETED"), invoice(), False, id="the other takes its place"),
        pytest.param(invoice(id="own", credit_notes=Decimal("10.00")), invoice(), False, id="also of a credited one"),
    ],
)
def test_which_is_a_double(own: Receivable | None, other: Receivable, is_one: bool) -> None:
    """It bills the deal beside the invoice that the deal shows, while that bills it."""
    assert doubles(INTENT, own, [other]) == ([other] if is_one else [])


@pytest.mark.parametrize(
    ("own", "other", "told"),
    [
        pytest.param(
            OWN,
            invoice(status="DRAFT"),
            "INV-1, which it shows, and INV-2 (DRAFT, 10.00 NZD). Void INV-1 or delete INV-2, whichever is wrong; if"
            " both are right, take HS-5 out of the reference of INV-2.",
            id="in one organisation",
        ),
        pytest.param(
            invoice(id="own", status="PAID", paid=Decimal("10.00")),
            invoice(organisation="aussie", number="INV-1"),
            "INV-1 in Kiwi Ltd, which it shows, and INV-1 in Aussie Pty (AUTHORISED, 10.00 NZD). Credit INV-1 in Kiwi"
            " Ltd or void INV-1 in Aussie Pty, whichever is wrong; if both are right, take HS-5 out of the reference of"
            " INV-1 in Aussie Pty.",
            id="in two, which count alike",
        ),
    ],
)
def test_how_it_is_told(own: Receivable, other: Receivable, told: str) -> None:
    """Both are named, and what Xero allows to do away with either."""
    assert double_told(INTENT, own, other, NAMES) == f"Deal 5 has two invoices in Xero: {told}"
