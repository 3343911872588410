"""What a vendor said, inside a sentence of ours."""

from __future__ import annotations

import pytest

from ledgerloop.rules.templates import could_make
from ledgerloop.rules.vendor_messages import books_blamed, whole, why_refused


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("Account code is not valid",), "Account code is not valid."),
        (("No such item.", "Too long"), "No such item. Too long."),
        (("",), "no reason given."),
        ((), "no reason given."),
    ],
)
def test_every_sentence_ends_with_a_stop(said: tuple[str, ...], expected: str) -> None:
    """Vendors leave the stop out; another sentence of ours follows theirs."""
    assert expected == whole(*said)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("The Contact is archived and cannot be used", "the customer is archived in Xero."),
        ("The document date cannot be before the period lock date, currently 31 March 2026", "locked in Xero."),
        (
            "The document date cannot be before the end of year lock date, currently set at 31-Jul-2013",
            "locked in Xero.",
        ),
        ("You have reached the limit of invoices you can approve", "plan in Xero allows no more approved invoices"),
        ("Account code '200' is not a valid code for this document.", "an account of its lines is archived in Xero"),
        (
            "Account code '200' has been archived, or has been deleted. Each line item must reference a valid account.",
            "an account of its lines is archived in Xero",
        ),
        ("There is insufficient quantity on hand of item X", "too little stock of an item"),
        ("The inventory would go below zero", "too little stock of an item"),
    ],
)
def test_known_causes_have_sentences_of_ours(said: str, expected: str) -> None:
    """What people can cure at one place is said in our words, once, without Xero's."""
    told = why_refused([said, said], "Correct the deal.")

    assert expected in told
    assert 1 == told.count("try the deal again.")
    assert said not in told


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("The document date cannot be before the period lock date, currently 31 March 2026", {"organisation"}),
        ("You have reached the limit of invoices you can approve", {"actions"}),
        ("Account code '200' is not a valid code for this document.", {"accounts"}),
        ("There is insufficient quantity on hand of item X", set()),
        ("Too long", set()),
    ],
)
def test_what_would_have_told_of_a_refusal(said: str, kinds: set[str]) -> None:
    """What the books tell beforehand and Xero refuses all the same was read too long ago."""
    assert books_blamed([said]) == kinds


def test_other_causes_have_the_vendors_sentence() -> None:
    """What we do not know better is quoted whole, with what to do."""
    assert "Too long. Correct the deal." == why_refused(["Too long"], "Correct the deal.")


def test_a_number_that_is_taken_names_its_route() -> None:
    """Whoever reads it knows which number it was, and where it came from."""
    told = why_refused(["Invoice # must be unique."], "Correct the deal.", "NZ-512", "[[routes]] 2")

    assert told == (
        "another invoice in Xero has the number NZ-512 already, a deleted or voided one included. Correct `number`"
        " under [[routes]] 2, or what it is made of on the deal, and try the deal again."
    )


@pytest.mark.parametrize(
    ("template", "text", "could"),
    [("NZ{deal}", "NZ512", True), ("NZ{deal}", "AU512", False), ("{po}-{deal}", "7-512", True), ("N.", "Nx", False)],
)
def test_which_template_a_number_is_of(template: str, text: str, could: bool) -> None:
    """A number is of the route whose template may have made it."""
    assert could_make(template, text) is could
