"""What a vendor said, inside a sentence of ours."""

from __future__ import annotations

import pytest

from ledgerloop.rules.saying import whole, why_refused


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
    ],
)
def test_known_causes_have_sentences_of_ours(said: str, expected: str) -> None:
    """What people can cure at one place is said in our words, once, without Xero's."""
    told = why_refused([said, said], "Correct the deal.")

    assert expected in told
    assert 1 == told.count("try the deal again.")
    assert said not in told


def test_other_causes_have_the_vendors_sentence() -> None:
    """What we do not know better is quoted whole, with what to do."""
    assert "Too long. Correct the deal." == why_refused(["Too long"], "Correct the deal.")
