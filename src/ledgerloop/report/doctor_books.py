"""Compare what the settings name with the organisations' books: accounts, tax types, currencies, themes, tracking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.errors import LedgerloopError
from ledgerloop.records import Organisation
from ledgerloop.report.finding import Finding
from ledgerloop.rules.reference_data import Books, Kind
from ledgerloop.rules.routes_in_books import kinds_named, misfits
from ledgerloop.rules.routing import home_of_open, leading_to
from ledgerloop.store import connections

_CALLS: Mapping[Kind, str] = {
    "accounts": "accounts",
    "tax_rates": "tax_rates",
    "currencies": "currencies",
    "branding_themes": "branding_themes",
    "tracking": "tracking_categories",
}
"""The client's call for each kind that settings may name."""


def look_over_books(built: Ledgerloop, organisation: Organisation) -> Iterator[Finding]:
    """Tell what the routes that lead to an organisation name and its books lack: a call for each kind that is named."""
    routes = built.parts().routes
    with built.database.reading() as tx:
        organisations, chosen = connections.organisations(tx), connections.chosen(tx)
    home = home_of_open(routes, organisations, chosen)
    leading = [route for route in routes if route.name in leading_to(routes, organisation, home)]
    if not leading:
        return
    client, read_now = built.vendors.xero(organisation.id), dict[str, Any]()
    for kind in sorted(set().union(*map(kinds_named, leading))):
        read: Callable[[], Any] = getattr(client, _CALLS[kind])
        try:
            read_now[kind] = tuple(read())
        except LedgerloopError as error:
            yield Finding("note", f"What the settings name could not be compared: {error.sentence}")
    books = replace(Books(organisation.name), **read_now)
    found = {
        sentence: held
        for route in leading
        for sentence, held in misfits(route, books, organisation.base_currency, alone=len(organisations) == 1)
    }
    yield from (Finding("missing" if held else "note", sentence) for sentence, held in found.items())
    if not found:
        names = ", ".join(route.name for route in leading)
        yield Finding("fine", f"{organisation.name}'s Xero has everything that the settings name for it: {names}.")
