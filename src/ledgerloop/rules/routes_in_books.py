"""Say what a route of the settings names that an organisation's books lack, before a deal meets it. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterator

from ledgerloop.rules.reference_data import Books, Kind
from ledgerloop.rules.routing import Route


def kinds_named(route: Route) -> set[Kind]:
    """Say which kinds of books tell whether the organisation has what a route names."""
    terms = route.terms
    kinds: set[Kind] = {"accounts"}
    if terms.tax_type or terms.tax:
        kinds.add("tax_rates")
    if route.conditions.currency:
        kinds.add("currencies")
    if terms.branding_theme:
        kinds.add("branding_themes")
    if terms.tracking or terms.tracking_properties:
        kinds.add("tracking")
    return kinds


def misfits(route: Route, books: Books, own_currency: str, alone: bool = True) -> Iterator[tuple[str, bool]]:
    """Word each thing that a route names and the books lack, and tell whether its deals will be held for it.

    ``own_currency`` is the organisation's. A tax type under [tax] may be another organisation's, unless this one is
    ``alone``.
    """
    yield from ((sentence, True) for sentence in _accounts(route, books))
    yield from _tax_types(route, books, alone)
    yield from ((sentence, True) for sentence in _others(route, books, own_currency))


def _accounts(route: Route, books: Books) -> Iterator[str]:
    if books.accounts is None:
        return
    terms = route.terms
    named = [("account_code", terms.account_code), ("rounding_account", terms.rounding_account)]
    named += [(f"accounts, for “{value}”,", code) for value, code in terms.accounts]
    for where, code in named:
        if code and books.account(code) is None:
            yield (
                f"{route.name} names account {code} at `{where.strip(',')}`, which {books.name}'s Xero does not have or"
                " has archived. Correct it there, or activate the account in Xero."
            )
    if terms.rounding == "line" and not terms.rounding_account and not books.rounding_account():
        yield (
            f"{route.name} closes differences with a line, and {books.name}'s Xero keeps no account for rounding. Name"
            " one at `rounding_account`."
        )


def _tax_types(route: Route, books: Books, alone: bool) -> Iterator[tuple[str, bool]]:
    if books.tax_rates is None:
        return
    terms = route.terms
    named = [("tax_type", terms.tax_type, True)] if terms.tax_type else []
    named += [(f"tax, for {rate},", tax_type, alone) for rate, tax_type in terms.tax]
    for where, tax_type, held in named:
        if books.tax_type(tax_type) is None:
            yield (
                f"{route.name} names tax type {tax_type} at `{where.strip(',')}`, which {books.name}'s Xero does not"
                " have for sales. Correct it there.",
                held,
            )


def _others(route: Route, books: Books, own_currency: str) -> Iterator[str]:
    terms, currency = route.terms, route.conditions.currency.strip().upper()
    if books.currencies is not None and currency not in ("", own_currency) and not books.has_currency(currency):
        yield (
            f"{route.name} is for deals in {currency}, which {books.name}'s Xero does not have. Add the currency in"
            " Xero, or correct `currency` there."
        )
    if terms.branding_theme and books.branding_themes is not None and books.theme(terms.branding_theme) is None:
        yield (
            f"{route.name} names the branding theme “{terms.branding_theme}”, which is not in {books.name}'s Xero."
            " Correct `branding_theme` there, or make the theme in Xero."
        )
    if books.tracking is None:
        return
    for category, option in terms.tracking:
        if not books.has_option(category, option):
            yield (
                f"{route.name} tracks lines as {category} = {option}, which {books.name}'s Xero does not have. Add it"
                " in Xero, or correct `tracking` there."
            )
    for category, _ in terms.tracking_properties:
        if not books.has_category(category):
            yield (
                f"{route.name} takes {category} from line items, and {books.name}'s Xero has no such tracking category."
                " Add it in Xero, or correct `tracking_properties` there."
            )
