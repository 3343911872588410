"""A deal that names an invoice which is not followed for it: why it gets no other, and what cures that."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from rules_samples import invoice

from ledgerloop.records import Receivable
from ledgerloop.rules.naming import named_already

STANDS = replace(invoice(), id="i1", number="INV-1", status="AUTHORISED")


@pytest.mark.parametrize(
    ("known", "owner", "said", "cure"),
    [
        pytest.param(STANDS, "", "stands in Xero without", "adopt --deal 7 --invoice INV-1`", id="without its mark"),
        pytest.param(
            STANDS, "", "stands in Xero without", "or void it in Xero, and run `ledgerloop retry", id="unpaid"
        ),
        pytest.param(
            replace(STANDS, status="PAID", paid=Decimal(1)),
            "",
            "stands in Xero without",
            "or take its payments and credits off in Xero and void it there, and run `ledgerloop retry",
            id="paid",
        ),
        pytest.param(replace(STANDS, number=""), "", "invoice i1", "--invoice i1`", id="without a number"),
        pytest.param(replace(STANDS, status="VOIDED"), "", "is VOIDED", "retry --deal 7 --new`", id="voided"),
        pytest.param(replace(STANDS, status="DELETED"), "", "is DELETED", "retry --deal 7 --new`", id="deleted"),
        pytest.param(STANDS, "8", "is deal 8's", "Clear the deal's Xero invoice id", id="a copied deal"),
        pytest.param(None, "", "not known here", "retry --deal 7 --new`", id="never seen"),
    ],
)
def test_what_cures_a_deal_that_names_an_invoice(known: Receivable | None, owner: str, said: str, cure: str) -> None:
    """Each state of the named invoice has its own way out."""
    (sentence,) = named_already("7", "i1", known, owner).reasons

    assert said in sentence
    assert cure in sentence
