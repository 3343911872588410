"""Tax and company numbers: what is one number however it is written, and what is another."""

from __future__ import annotations

import pytest

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer
from ledgerloop.rules.identity.numbers import number_key, same_number
from ledgerloop.rules.identity.profiles import Numbered, keys_of_company, keys_of_customer, profile_of_company


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("49-091-850", "49091850", id="an IRD number, as it is written"),
        pytest.param("049-091-850", "49091850", id="with its zero in front"),
        pytest.param("GST 123-456-789", "123456789", id="a label in front"),
        pytest.param("GST No. 123-456-789", "123456789", id="a label with its No."),
        pytest.param("ABN51824753556", "51824753556", id="a label without a space"),
        pytest.param("NZBN 9429041234567", "9429041234567", id="the label of a company number"),
        pytest.param("Company number: 01234567", "1234567", id="a company number and its zero"),
        pytest.param("VAT GB980780684", "GB980780684", id="a label and the country"),
        pytest.param("USt-IdNr. DE 136695976", "DE136695976", id="a German label"),
        pytest.param("UID: CHE-123.456.788 MWST", "CH123456788", id="labels on both sides"),
        pytest.param("NO 923 609 016 MVA", "NO923609016", id="a label behind"),
        pytest.param("GSTIN 27AAPFU0939F1ZV", "27AAPFU0939F1ZV", id="a number with many letters"),
        pytest.param("AAPFU0939F", "AAPFU0939F", id="and a shorter one"),
        pytest.param("gb 980 7806 84", "GB980780684", id="the country in front stays in front"),
        pytest.param("EL 094259216", "GR94259216", id="Greece as tax offices call it"),
        pytest.param("ATU13585627", "ATU13585627", id="a letter behind the country"),
        pytest.param("SC123456", "SC123456", id="a Scottish company is no Seychellois one"),
        pytest.param("51 824 753 556", "51824753556", id="an ABN"),
        pytest.param("12345", "", id="too short"),
        pytest.param("n/a - none", "", id="no digit"),
        pytest.param("000000", "", id="the same digit over and over"),
        pytest.param("GB 000000000", "", id="behind a country, too"),
        pytest.param("Exempt 2024", "", id="words and a year"),
        pytest.param("Not registered 20240101", "", id="words and a date"),
        pytest.param("2024-04-01", "", id="a date"),
        pytest.param("1/04/2024", "", id="a date of another order"),
        pytest.param("see invoice 1234567", "", id="a sentence"),
        pytest.param(None, "", id="none"),
    ],
)
def test_how_numbers_are_compared(text: str | None, key: str) -> None:
    """Labels, punctuation and zeros in front say nothing; what no country would call a number is none."""
    assert number_key(text) == key


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
        pytest.param("51004085616", "4085616", True, id="an ABN and its ACN that lost two zeros"),
        pytest.param("SC123456", "123456", False, id="a Scottish company and an English one"),
        pytest.param("", "", False, id="none on either side"),
        pytest.param("980780684", "", False, id="none on one side"),
    ],
)
def test_one_number_or_two(one: str, other: str, same: bool) -> None:
    """Two numbers are never one for their beginnings: whose they are may be two firms."""
    assert same_number(one, other) is same
    assert same_number(other, one) is same


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param("BE 0403.019.261", "403019261", id="a Belgian one with and without country and zero"),
        pytest.param("VAT GB980780684", "980 7806 84", id="a British one"),
        pytest.param("ABN 51 824 753 556", "824 753 556", id="an ABN and its ACN"),
        pytest.param("01234567", "1234567", id="a company number and its zero"),
    ],
)
def test_who_has_one_number_is_found_by_it(ours: str, theirs: str) -> None:
    """Both sides make their keys in one way, whatever country the organisation is in."""
    numbered = Numbered(tax="tax")

    for one, other in ((ours, theirs), (theirs, ours)):
        company = Record(id="1", properties={"name": "Kea", "tax": one})
        customer = Customer("o", "c", "Zebra", tax_number=other)
        same = same_number(profile_of_company(company, numbered=numbered).tax_number, number_key(other))
        assert same
        assert set(keys_of_company(company, numbered)) & set(keys_of_customer(customer))
