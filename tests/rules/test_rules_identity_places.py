"""How countries and towns are compared, as people write them."""

from __future__ import annotations

import pytest

from ledgerloop.rules.identity.places import country_code, other_place


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("New Zealand", "nz"),
        ("NZ", "nz"),
        ("nzl", "nz"),
        ("Aotearoa", "nz"),
        ("U.S.A.", "us"),
        ("The Netherlands", "nl"),
        ("Holland", "nl"),
        ("UK", "gb"),
        ("England", "gb"),
        ("Österreich", "at"),
        ("Côte d'Ivoire", "ci"),
        ("Türkiye", "tr"),
        ("日本", "jp"),
        (" Deutschland ", "de"),
        ("Middle Earth", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_country_code(written: str | None, code: str) -> None:
    """A country is known by its codes and names; words that nobody knows say nothing."""
    assert code == country_code(written)


@pytest.mark.parametrize(
    ("one", "other", "two"),
    [
        ("Nelson", "Napier", True),
        ("Nelson", "nelson", False),
        ("Wellington", "Wellington 6011", False),
        ("Zürich", "Zurich", False),
        ("Nelson", "", False),
        ("", "", False),
    ],
)
def test_other_place(one: str, other: str, two: bool) -> None:
    """Two towns are two by their words; where one is empty nobody knows."""
    assert two is other_place(one, other)
