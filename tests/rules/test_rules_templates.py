"""References and numbers made from templates: the mark stays, and nobody's words look like another deal's mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM

from ledgerloop.rules.invoice_markers import marker_in, marker_of
from ledgerloop.rules.templates import fields_in, filled, free_number


@pytest.mark.parametrize(
    ("template", "text"),
    [
        pytest.param("{marker}", "HS-512", id="the mark alone"),
        pytest.param("{marker} {dealname}", "HS-512 Fleet of 12", id="with a property"),
        pytest.param("PO {po_number} / {marker}", "PO / HS-512", id="an empty property leaves nothing"),
        pytest.param("HS{deal}", "HS512", id="the deal's id"),
        pytest.param("{marker} {tricky}", "HS-512 see HS 77, not xHS-8", id="no other deal's mark"),
        pytest.param("{prefix}{deal} {marker}", "HS 512 HS-512", id="no mark made of two fields"),
        pytest.param("HS-{deal}", "HS-512", id="a number may look like one"),
    ],
)
def test_filled(template: str, text: str) -> None:
    """Fields are filled in, space is single, and words that look like a mark are spelt otherwise."""
    values = {"dealname": " Fleet \n of  12 ", "po_number": None, "tricky": "see HS-77, not xHS-8", "prefix": "HS-"}

    assert filled(template, "512", values) == text


def test_fields() -> None:
    """The deal properties that a template asks for are read with the deal."""
    assert list(fields_in("{marker} {deal} {dealname} {po_number}")) == ["dealname", "po_number"]


@pytest.mark.parametrize(
    ("number", "taken", "free"),
    [
        pytest.param("HS512", (), "HS512", id="the first"),
        pytest.param("HS512", ("INV-7", "HS5"), "HS512", id="others are called otherwise"),
        pytest.param("HS512", ("HS512",), "HS512-2", id="the second"),
        pytest.param("HS512", ("hs512", "HS512-2"), "HS512-3", id="the third, however it is written"),
        pytest.param("HS512", ("HS512", "HS512-3"), "HS512-2", id="what is free between"),
        pytest.param("N" * 255, ("N" * 255,), "N" * 253 + "-2", id="no longer than Xero takes"),
    ],
)
def test_the_number_of_a_new_invoice(number: str, taken: tuple[str, ...], free: str) -> None:
    """A number that an earlier invoice of the deal has gets an ending, the first that is free."""
    assert free == free_number(number, taken)


@CALM
@given(st.text(max_size=400), st.text(max_size=400), st.integers(1, 10**12))
def test_the_mark_is_found_whatever_people_write(before: str, after: str, deal: int) -> None:
    """A reference made from any words is at most 255 signs long, and its first mark is its own deal's."""
    text = filled("{before} {marker} {after}", str(deal), {"before": before, "after": after})

    assert len(text) <= 255
    assert marker_in(text) == marker_of(str(deal))
