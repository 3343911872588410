"""Which scopes open which of Xero's calls, and which must be granted before anything can be connected. Does no I/O.

See https://developer.xero.com/documentation/guides/oauth2/scopes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

TO_READ_BOOKS = ("accounting.settings.read", "accounting.settings")
"""One of them, or Xero tells nothing of an organisation, its accounts and its tax rates."""

_OPENED_BY: Mapping[str, tuple[str, ...]] = {
    "Organisation": ("settings",),
    "Accounts": ("settings",),
    "TaxRates": ("settings",),
    "Currencies": ("settings",),
    "BrandingThemes": ("settings",),
    "TrackingCategories": ("settings",),
    "Items": ("invoices", "settings", "transactions"),
    "Contacts": ("contacts",),
    "Invoices": ("invoices", "transactions"),
    "CreditNotes": ("invoices", "transactions"),
    "Payments": ("payments", "transactions"),
    "Prepayments": ("payments", "transactions"),
    "Overpayments": ("payments", "transactions"),
}
"""By the first part of a path, the narrower scope first. Xero's lists of scopes have items under invoices, and its
OpenAPI file under settings."""


def reads_books(granted: Collection[str]) -> bool:
    """Tell whether a list of scopes is enough for that."""
    return any(one in granted for one in TO_READ_BOOKS)


def opening(method: str, path: str) -> tuple[str, ...]:
    """Return the scopes of which any one opens a call, the narrowest first; none where that is not known."""
    names = _OPENED_BY.get(path.strip("/").removeprefix("api.xro/2.0/").partition("/")[0], ())
    return tuple(
        scope
        for name in names
        for scope in ([f"accounting.{name}.read"] if method == "GET" else []) + [f"accounting.{name}"]
    )
