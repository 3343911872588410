"""How a line stands in the organisation's books: account, tax type, item and tracking, and what does not fit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from rules_samples import item, record, watched

from ledgerloop.rules.edits import asked_of_line
from ledgerloop.rules.invoices import LINE_PROPERTIES
from ledgerloop.rules.line_coding import coding_from_item
from ledgerloop.rules.reference_data import Books, kinds_asked
from ledgerloop.rules.routing import Terms
from ledgerloop.xero.models import Account, TaxRate
from ledgerloop.xero.reference import Item, TrackingCategory, TrackingOption


def rate(tax_type: str, percent: str, **more: Any) -> TaxRate:
    """Return an active tax rate for sales, unless told otherwise."""
    given = {"TaxType": tax_type, "EffectiveRate": percent, "Status": "ACTIVE", "CanApplyToRevenue": True}
    return TaxRate.model_validate(given | more)


BOOKS = Books(
    name="Acme Ltd",
    accounts=(
        Account(Code="200", Status="ACTIVE", TaxType="OUTPUT2"),
        Account(Code="260", Status="ACTIVE", TaxType="NONE"),
        Account(Code="300", Status="ARCHIVED"),
    ),
    tax_rates=(
        rate("OUTPUT2", "15.0000"),
        rate("INPUT2", "15.0000"),
        rate("ZERORATED", "0"),
        rate("NONE", "0"),
        rate("OUTPUT", "12.5", Status="ARCHIVED"),
        rate("CAPEX", "7", CanApplyToRevenue=False),
        rate("LOW", "5"),
    ),
    items=(Item(Code="SUPPORT"),),
    tracking=(
        TrackingCategory(
            Name="Region",
            Status="ACTIVE",
            Options=[TrackingOption(Name="North", Status="ACTIVE"), TrackingOption(Name="Old", Status="ARCHIVED")],
        ),
    ),
)


def coded(
    terms: Terms | None = None, books: Books = BOOKS, **properties: str | None
) -> tuple[dict[str, Any], list[str]]:
    """Code the first line."""
    made = coding_from_item(record(**properties).properties, "Line 1", terms or Terms(), books)
    return made.body, made.doubts


@pytest.mark.parametrize(
    ("terms", "properties", "body"),
    [
        pytest.param({}, {}, {"AccountCode": "200"}, id="the route's account, and its own default tax"),
        pytest.param({"tax_type": "LOW"}, {}, {"AccountCode": "200", "TaxType": "LOW"}, id="the route's tax type"),
        pytest.param(
            {}, {"hs_tax_rate": "5"}, {"AccountCode": "200", "TaxType": "LOW"}, id="the only tax type with the rate"
        ),
        pytest.param(
            {},
            {"hs_tax_rate": "15.00"},
            {"AccountCode": "200", "TaxType": "OUTPUT2"},
            id="of several the account's",
        ),
        pytest.param(
            {"tax_type": "INPUT2"},
            {"hs_tax_rate": "15"},
            {"AccountCode": "200", "TaxType": "INPUT2"},
            id="of several the route's, before the account's",
        ),
        pytest.param(
            {"tax_type": "LOW"},
            {"hs_tax_rate": "15"},
            {"AccountCode": "200", "TaxType": "OUTPUT2"},
            id="a line's own rate stands before the route's tax type",
        ),
        pytest.param(
            {"tax": (("0.0", "ZERORATED"),)},
            {"hs_tax_rate": "0"},
            {"AccountCode": "200", "TaxType": "ZERORATED"},
            id="of several the one that [tax] names by percentage",
        ),
        pytest.param(
            {"tax": (("15 %", "OUTPUT2"), ("0 %", "ZERORATED"))},
            {"hs_tax_rate": "0"},
            {"AccountCode": "200", "TaxType": "ZERORATED"},
            id="which need not be the first that [tax] names",
        ),
        pytest.param(
            {"tax": (("Export", "NONE"),)},
            {"hs_tax_rate": "0", "hs_tax_label": "Export"},
            {"AccountCode": "200", "TaxType": "NONE"},
            id="or by label",
        ),
        pytest.param(
            {"line_amount_types": "NoTax"}, {"hs_tax_rate": "99"}, {"AccountCode": "200"}, id="no tax is no tax"
        ),
        pytest.param({}, {"hs_sku": "SUPPORT"}, {"AccountCode": "200", "ItemCode": "SUPPORT"}, id="an item it has"),
        pytest.param({}, {"hs_sku": "support"}, {"AccountCode": "200"}, id="an item it does not have is left out"),
        pytest.param(
            {"account_property": "kind"}, {"kind": "260"}, {"AccountCode": "260"}, id="a property that is a code"
        ),
        pytest.param(
            {"account_property": "kind", "accounts": (("Seats", "260"),)},
            {"kind": "Seats"},
            {"AccountCode": "260"},
            id="a property that stands for a code",
        ),
        pytest.param({"account_property": "kind"}, {}, {"AccountCode": "200"}, id="an empty property chooses nothing"),
        pytest.param(
            {"tracking": (("Region", "North"),)},
            {},
            {"AccountCode": "200", "Tracking": [{"Name": "Region", "Option": "North"}]},
            id="the route's tracking",
        ),
        pytest.param(
            {"tracking": (("Region", "Old"),), "tracking_properties": (("Region", "region"),)},
            {"region": "North"},
            {"AccountCode": "200", "Tracking": [{"Name": "Region", "Option": "North"}]},
            id="the line's own tracking before the route's",
        ),
    ],
)
def test_coding(terms: dict[str, Any], properties: dict[str, str | None], body: dict[str, Any]) -> None:
    """What the deal says of a line is found in the books, the more particular before the more general."""
    assert coded(replace(Terms(), **terms), **properties) == (body, [])


DOUBTS = [
    pytest.param(
        {"account_code": "999"},
        {},
        "Line 1 belongs to account 999, which Acme Ltd's Xero does not have. Correct `account_code` of its route, or"
        " activate the account in Xero.",
        id="an account it does not have",
    ),
    pytest.param(
        {"account_code": "300"},
        {},
        "Line 1 belongs to account 300, which Acme Ltd's Xero does not have. Correct `account_code` of its route, or"
        " activate the account in Xero.",
        id="an account that is archived",
    ),
    pytest.param(
        {"account_property": "kind"},
        {"kind": "Seats"},
        "Line 1 belongs to account Seats, which Acme Ltd's Xero does not have. Correct `kind` of the line item, or map"
        " it at `accounts` of its route.",
        id="a word that stands for no account",
    ),
    pytest.param(
        {"tax_type": "GST"},
        {},
        "Line 1 has the tax type GST, which Acme Ltd's Xero does not have for sales. Correct `tax_type` of its route.",
        id="a tax type of the route that it does not have",
    ),
    pytest.param(
        {},
        {"hs_tax_rate": "12.50"},
        "Line 1 has tax rate 12.5 %, which Acme Ltd's Xero does not know. Add it in Xero, or map it under [tax].",
        id="a rate that is archived",
    ),
    pytest.param(
        {},
        {"hs_tax_rate": "7"},
        "Line 1 has tax rate 7 %, which Acme Ltd's Xero does not know. Add it in Xero, or map it under [tax].",
        id="a rate that is not for sales",
    ),
    pytest.param(
        {},
        {"hs_tax_rate": "much"},
        "Line 1 has tax rate “much”, which Acme Ltd's Xero does not know. Add it in Xero, or map it under [tax].",
        id="a rate that is no number",
    ),
    pytest.param(
        {},
        {"hs_tax_rate": "0"},
        "Line 1 has tax rate 0 %, for which Acme Ltd's Xero has several tax types (ZERORATED, NONE). Choose one under"
        " [tax].",
        id="a rate that several have",
    ),
    pytest.param(
        {"tax": (("0", "EXEMPT"),)},
        {"hs_tax_rate": "0"},
        "Line 1 has tax rate 0 %, which [tax] maps to EXEMPT, and Acme Ltd's Xero does not have that for sales. Correct"
        " [tax].",
        id="a rate that is mapped to what it does not have",
    ),
    pytest.param(
        {},
        {"hs_tax_rate_group_id": "77"},
        "Line 1 has a tax rate of which HubSpot does not tell the percentage. Allow the token to read tax rates (scope"
        " tax_rates.read), or choose the rate again.",
        id="a rate of which only the id is known",
    ),
    pytest.param(
        {"tracking": (("Region", "Old"),)},
        {},
        "Line 1 is tracked as Region = Old, which Acme Ltd's Xero does not have. Add it in Xero, or correct the"
        " tracking of its route.",
        id="an option that is archived",
    ),
]


@pytest.mark.parametrize(("terms", "properties", "sentence"), DOUBTS)
def test_doubts(terms: dict[str, Any], properties: dict[str, str | None], sentence: str) -> None:
    """What the books do not know is never sent: the sentence says what it is, whose books they are, and the cure."""
    assert coded(replace(Terms(), **terms), **properties)[1] == [sentence]


def test_what_was_not_read_is_not_checked() -> None:
    """Where the books may not be read, Xero has the last word."""
    terms = Terms(account_code="999", tax_type="GST", tracking=(("Region", "West"),))

    body, doubts = coded(terms, Books("Acme Ltd"), hs_tax_rate="3", hs_sku="X")

    assert doubts == []
    assert body == {
        "AccountCode": "999",
        "TaxType": "GST",
        "Tracking": [{"Name": "Region", "Option": "West"}],
    }


@pytest.mark.parametrize(
    ("terms", "properties", "foreign", "kinds"),
    [
        pytest.param({}, {}, False, {"accounts"}, id="a plain deal asks for the accounts alone"),
        pytest.param({}, {"hs_tax_rate": "15"}, False, {"accounts", "tax_rates"}, id="a rate"),
        pytest.param({"tax_type": "X"}, {}, False, {"accounts", "tax_rates"}, id="a route's tax type"),
        pytest.param({}, {"hs_sku": "A"}, False, {"accounts", "items"}, id="an item"),
        pytest.param({}, {}, True, {"accounts", "currencies"}, id="a foreign currency"),
        pytest.param({"branding_theme": "X"}, {}, False, {"accounts", "branding_themes"}, id="a theme"),
        pytest.param({"tracking": (("A", "B"),)}, {}, False, {"accounts", "tracking"}, id="tracking"),
        pytest.param(
            {"status": "AUTHORISED"},
            {},
            False,
            {"accounts", "organisation", "actions"},
            id="an approved one asks whether it may be made",
        ),
    ],
)
def test_kinds_asked(terms: dict[str, Any], properties: dict[str, str], foreign: bool, kinds: set[str]) -> None:
    """Only what an invoice asks for is read: calls are counted."""
    assert kinds_asked(replace(Terms(), **terms), [item(**properties)], foreign) == kinds


def test_no_property_is_read_that_is_not_asked_for() -> None:
    """HubSpot answers with the properties that were named: those on the list, and those that the route names."""
    terms = Terms(account_property="kind", tracking_properties=(("Region", "region"),), tax=(("x", "Y"),))
    line, asked = watched()

    coding_from_item(line.properties, "Line 1", terms, BOOKS)

    assert asked <= {*LINE_PROPERTIES, *asked_of_line(terms)}
    assert Decimal(0) == BOOKS.tax_rates[2].EffectiveRate  # type: ignore[index]
