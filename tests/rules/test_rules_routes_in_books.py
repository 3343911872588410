"""What a route names and an organisation's books lack is worded with its place in the settings, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.routes_in_books import kinds_named, misfits
from ledgerloop.rules.routing import Conditions, Route, Terms
from ledgerloop.xero.models import Account, TaxRate
from ledgerloop.xero.reference import BrandingTheme, Currency, TrackingCategory, TrackingOption

NAME = "[[routes]] 2"
BOOKS = Books(
    name="Acme Ltd",
    accounts=(Account(Code="200", Status="ACTIVE"), Account(Code="300", Status="ARCHIVED")),
    tax_rates=(TaxRate(TaxType="OUTPUT2", Status="ACTIVE", CanApplyToRevenue=True),),
    currencies=(Currency(Code="USD"),),
    branding_themes=(BrandingTheme(Name="Plain"),),
    tracking=(TrackingCategory(Name="Region", Status="ACTIVE", Options=[TrackingOption(Name="North")]),),
)


def said(terms: dict[str, Any], currency: str = "", books: Books = BOOKS, alone: bool = True) -> list[tuple[str, bool]]:
    """Compare a route with the books."""
    route = Route("", Terms(**terms), Conditions(currency=currency), NAME)
    return list(misfits(route, books, "NZD", alone))


@pytest.mark.parametrize(
    ("terms", "currency", "sentence"),
    [
        ({"account_code": "300"}, "", "names account 300 at `account_code`, which Acme Ltd's Xero does not have or"),
        ({"accounts": (("Books", "9"),)}, "", "names account 9 at `accounts, for “Books”`"),
        ({"rounding_account": "9"}, "", "names account 9 at `rounding_account`"),
        ({"rounding": "line"}, "", "Acme Ltd's Xero keeps no account for rounding. Name one at `rounding_account`."),
        (
            {"tax_type": "INPUT"},
            "",
            "names tax type INPUT at `tax_type`, which Acme Ltd's Xero does not have",
        ),
        ({"tax": (("15", "OLD"),)}, "", "names tax type OLD at `tax, for 15`"),
        ({}, "eur", "is for deals in EUR, which Acme Ltd's Xero does not have."),
        ({"branding_theme": "Gold"}, "", "names the branding theme “Gold”, which is not in Acme Ltd's Xero."),
        (
            {"tracking": (("Region", "South"),)},
            "",
            "tracks lines as Region = South, which Acme Ltd's Xero",
        ),
        (
            {"tracking_properties": (("Team", "team"),)},
            "",
            "takes Team from line items, and Acme Ltd's Xero has no",
        ),
    ],
)
def test_what_is_lacking(terms: dict[str, Any], currency: str, sentence: str) -> None:
    """Each is one sentence that names the route, and its deals would be held."""
    [(worded, held)] = said(terms, currency)

    assert worded.startswith(f"{NAME} ")
    assert sentence in worded
    assert held


@pytest.mark.parametrize(
    ("terms", "currency"),
    [
        ({}, ""),
        ({}, "NZD"),
        ({}, " usd "),
        ({"accounts": (("Books", "200"),), "rounding": "line", "rounding_account": "200"}, ""),
        ({"tax_type": "OUTPUT2", "tax": (("15", "OUTPUT2"),)}, ""),
        ({"branding_theme": "Plain", "tracking": (("Region", "North"),)}, ""),
        ({"tracking_properties": (("Region", "region"),)}, ""),
    ],
)
def test_what_is_there(terms: dict[str, Any], currency: str) -> None:
    """Nothing is said of it."""
    assert [] == said(terms, currency)


def test_what_was_not_read() -> None:
    """Of books that nobody has read nothing is said."""
    everything = {
        "account_code": "9", "tax_type": "X", "branding_theme": "Gold", "rounding": "line",
        "tracking": (("Region", "South"),), "tracking_properties": (("Team", "team"),),
    }  # fmt: skip
    assert [] == said(everything, "EUR", Books("Acme Ltd"))


def test_a_tax_type_of_another_organisation() -> None:
    """[tax] is for all organisations, so what this one lacks may be right for another."""
    assert [False] == [held for _, held in said({"tax": (("15", "OLD"),)}, alone=False)]


def test_only_what_is_named_is_read() -> None:
    """Accounts are named by every route; the rest by some."""
    assert {"accounts"} == kinds_named(Route())
    assert {"accounts", "tax_rates", "currencies", "branding_themes", "tracking"} == kinds_named(
        Route(
            terms=Terms(tax=(("15", "X"),), branding_theme="Gold", tracking_properties=(("Team", "team"),)),
            conditions=Conditions(currency="USD"),
        )
    )
