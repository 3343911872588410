"""Names of what a line or a question is about: read as they are written, and never taken for another kind."""

from __future__ import annotations

import pytest

from ledgerloop import subjects

NAMED = {
    "deal 4711": subjects.deal("4711"),
    "customer 5f3c": subjects.customer("5f3c"),
    "hubspot deal 4711": subjects.hubspot("deal", "4711"),
    "xero contact 5f3c": subjects.xero("contact", "5f3c"),
    "invoice 046d": subjects.invoice("046d"),
    "brake 62515": subjects.brake("62515"),
    "balance 5f3c": subjects.balance("5f3c"),
    "properties 62515": subjects.properties("62515"),
    "portal 62515": subjects.portal("62515"),
    "database": subjects.DATABASE,
}


@pytest.mark.parametrize("written", NAMED)
def test_what_is_kept_stays_what_it_was(written: str) -> None:
    """Databases have these words, and people search for them."""
    assert written == NAMED[written]


@pytest.mark.parametrize("written", NAMED)
def test_one_kind_is_never_read_as_another(written: str) -> None:
    """Only what is about a deal has a deal's id, and so on."""
    subject = NAMED[written]

    read = {
        "deal ": subjects.deal_of(subject),
        "customer ": subjects.customer_of(subject),
        "invoice ": subjects.invoice_of(subject),
        "hubspot deal ": subjects.record_of(subject, "deal"),
    }

    assert {kind: written[len(kind) :] if written.startswith(kind) else "" for kind in read} == read


def test_ids_are_picked_out_of_many() -> None:
    """In their order, whatever stands between."""
    some = [subjects.deal("2"), subjects.customer("x"), subjects.hubspot("deal", "3"), subjects.deal("1")]

    assert (["2", "1"], ["x"]) == (subjects.deals_of(some), subjects.customers_of(some))
