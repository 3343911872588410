"""Tax and company numbers: what is one number however it is written, and what is another."""

from __future__ import annotations

import pytest

from ledgerloop.rules.identity.numbers import number_key, same_number


@pytest.mark.parametrize(
    ("text", "country", "key"),
    [
        pytest.param("49-091-850", "NZ", "49091850", id="an IRD number, as it is written"),
        pytest.param("gb 980 7806 84", "", "980780684", id="the country in front, known by itself"),
        pytest.param("GB980780684", "GB", "980780684", id="the country in front, known otherwise"),
        pytest.param("980 7806 84", "GB", "980780684", id="without the country"),
        pytest.param("GB980780685", "GB", "GB980780685", id="one whose check digit is wrong stays as it is"),
        pytest.param("51 824 753 556", "AU", "51824753556", id="an ABN"),
        pytest.param("123-456-789", "XX", "123456789", id="a country without rules"),
        pytest.param("123-456-789", "", "123456789", id="no country"),
        pytest.param("12345", "", "", id="too short"),
        pytest.param("n/a - none", "", "", id="no digit"),
        pytest.param("000000", "", "", id="the same digit over and over"),
        pytest.param(None, "NZ", "", id="none"),
    ],
)
def test_how_numbers_are_compared(text: str | None, country: str, key: str) -> None:
    """What a country's own rules leave out is left out; what is no number of it is compared as it is written."""
    assert number_key(text, country) == key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("980780684", "980780684", True, id="the same"),
        pytest.param("GB980780684", "980780684", True, id="one with its country"),
        pytest.param("GB980780684", "980780685", False, id="another number with a country"),
        pytest.param("GB980780684", "DE980780684", False, id="the same digits in two countries"),
        pytest.param("12980780684", "980780685", False, id="another number with two digits in front"),
        pytest.param("51824753556", "824753556", True, id="an ABN and its ACN"),
        pytest.param("51824753556", "824753557", False, id="an ABN and another ACN"),
        pytest.param("1824753556", "824753556", False, id="too short for an ABN"),
        pytest.param("", "", False, id="none on either side"),
        pytest.param("980780684", "", False, id="none on one side"),
    ],
)
def test_one_number_or_two(one: str, other: str, same: bool) -> None:
    """Two numbers are never one for their beginnings: whose they are may be two firms."""
    assert same_number(one, other) is same
    assert same_number(other, one) is same
