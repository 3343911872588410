"""Which scopes open which of Xero's calls, what stops without them, and which connecting needs. Does no I/O.

See https://developer.xero.com/documentation/guides/oauth2/scopes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

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

NEEDED_FOR: Mapping[str, tuple[tuple[str, str], ...]] = {
    "no organisation can be connected, since nothing is told of its accounts and its tax rates": (
        ("GET", "Organisation"),
        ("GET", "Organisation/Actions"),
        ("GET", "Accounts"),
        ("GET", "TaxRates"),
        ("GET", "Currencies"),
        ("GET", "BrandingThemes"),
        ("GET", "TrackingCategories"),
    ),
    "lines that name an item are held": (("GET", "Items"),),
    "no customer is shown in HubSpot or found for a deal": (("GET", "Contacts"),),
    "no customer is made for a deal, or kept up to date": (("PUT", "Contacts"), ("POST", "Contacts")),
    "no customer shows what it owes": (
        ("GET", "Invoices"),
        ("GET", "Invoices/{InvoiceID}/OnlineInvoice"),
        ("GET", "CreditNotes"),
    ),
    "no invoice is made, corrected or emailed": (
        ("PUT", "Invoices"),
        ("POST", "Invoices"),
        ("POST", "Invoices/{InvoiceID}/Email"),
    ),
    "no payment is seen, and no credit of a customer's": (
        ("GET", "Payments"),
        ("GET", "Payments/{PaymentID}"),
        ("GET", "Prepayments"),
        ("GET", "Overpayments"),
    ),
}
"""What stops where a call is refused, and the calls, by method and the path within the accounting API."""


@dataclass(frozen=True, slots=True)
class Lack:
    """Tell what stops for want of a scope."""

    any_of: tuple[str, ...]
    """Each of them would do."""
    stops: str

    @property
    def sentence(self) -> str:
        """Say it."""
        return f"Without {' or '.join(self.any_of)} {self.stops}."


def reads_books(granted: Collection[str]) -> bool:
    """Tell whether a list of scopes is enough for that."""
    return any(one in granted for one in TO_READ_BOOKS)


def lacks(granted: Collection[str]) -> tuple[Lack, ...]:
    """Return what stops where only these scopes were granted: nothing where they open every call that is made."""
    found: dict[Lack, None] = {}
    for stops, calls in NEEDED_FOR.items():
        for method, path in calls:
            some = opening(method, path)
            if not any(one in granted for one in some):
                found[Lack(some, stops)] = None
    return tuple(found)


def opening(method: str, path: str) -> tuple[str, ...]:
    """Return the scopes of which any one opens a call, the narrowest first; none where that is not known."""
    names = _OPENED_BY.get(path.strip("/").removeprefix("api.xro/2.0/").partition("/")[0], ())
    return tuple(
        scope
        for name in names
        for scope in ([f"accounting.{name}.read"] if method == "GET" else []) + [f"accounting.{name}"]
    )
