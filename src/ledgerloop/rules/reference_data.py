"""Look things up in an organisation's books: accounts, tax rates, currencies, items, themes, tracking. Does no I/O.

A kind that is None was not read, so nothing can be said about it; Xero has the last word then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from ledgerloop.hubspot.models import Record
from ledgerloop.rules.routing import Terms
from ledgerloop.xero.models import Account, Organisation, TaxRate, Term
from ledgerloop.xero.reference import Action, BrandingTheme, Currency, Item, TrackingCategory

Kind = Literal["accounts", "tax_rates", "currencies", "items", "branding_themes", "tracking", "organisation", "actions"]

ACTIVE = "ACTIVE"
_APPROVED = "CreateApprovedInvoice"


@dataclass(frozen=True, slots=True)
class Books:
    """What we know of an organisation's books. ``name`` is the organisation's, for sentences."""

    name: str = ""
    accounts: tuple[Account, ...] | None = None
    tax_rates: tuple[TaxRate, ...] | None = None
    currencies: tuple[Currency, ...] | None = None
    items: tuple[Item, ...] | None = None
    branding_themes: tuple[BrandingTheme, ...] | None = None
    tracking: tuple[TrackingCategory, ...] | None = None
    organisation: tuple[Organisation, ...] | None = None
    """The organisation itself: one, where it was read."""
    actions: tuple[Action, ...] | None = None

    def account(self, code: str) -> Account | None:
        """Find an active account by its code."""
        return next((one for one in self.accounts or () if one.Code == code and one.Status == ACTIVE), None)

    def rounding_account(self) -> str:
        """Return the code of the account that Xero keeps for rounding; empty where there is none."""
        return next((one.Code for one in self.accounts or () if one.SystemAccount == "ROUNDING"), "")

    def tax_type(self, tax_type: str) -> TaxRate | None:
        """Find an active tax rate for sales by its TaxType."""
        return next((one for one in self._for_sales() if one.TaxType == tax_type), None)

    def tax_types_at(self, rate: Decimal) -> list[str]:
        """List the TaxTypes for sales whose rate is this one, in their order in Xero."""
        return [one.TaxType for one in self._for_sales() if one.EffectiveRate == rate]

    def may_approve(self) -> bool:
        """Tell whether invoices may be made as approved: Xero's small plans allow so many in a month."""
        return not any(one.Name == _APPROVED and one.Status == "NOT-ALLOWED" for one in self.actions or ())

    def locked_until(self) -> date | None:
        """Return the last day that is locked; Xero refuses documents of it and of any day before."""
        days = [day for one in self.organisation or () for day in (one.PeriodLockDate, one.EndOfYearLockDate) if day]
        return max(days, default=None)

    def sales_terms(self) -> Term:
        """Return the payment terms that customers have who have none of their own."""
        return next((one.PaymentTerms.Sales for one in self.organisation or ()), Term())

    def has_currency(self, code: str) -> bool:
        """Tell whether the organisation has a currency besides its own."""
        return any(one.Code.upper() == code for one in self.currencies or ())

    def item(self, code: str) -> Item | None:
        """Find an item by its code, to the letter."""
        return next((one for one in self.items or () if one.Code == code), None)

    def theme(self, name: str) -> BrandingTheme | None:
        """Find a branding theme by its name."""
        return next((one for one in self.branding_themes or () if _same(one.Name, name)), None)

    def has_option(self, category: str, option: str) -> bool:
        """Tell whether a tracking category has an option, both active."""
        return any(
            _same(one.Name, category)
            and one.Status in ("", ACTIVE)
            and any(_same(each.Name, option) and each.Status in ("", ACTIVE) for each in one.Options)
            for one in self.tracking or ()
        )

    def has_category(self, category: str) -> bool:
        """Tell whether there is an active tracking category of that name."""
        return any(_same(one.Name, category) and one.Status in ("", ACTIVE) for one in self.tracking or ())

    def _for_sales(self) -> list[TaxRate]:
        return [one for one in self.tax_rates or () if one.Status == ACTIVE and one.CanApplyToRevenue]


def kinds_asked(terms: Terms, lines: Iterable[Record], foreign: bool) -> set[Kind]:
    """Say which kinds an invoice asks for, so that no other is read; ``foreign`` is a deal in another currency."""
    lines = list(lines)
    kinds: set[Kind] = {"accounts"}
    if terms.tax_type or any(item.properties.get("hs_tax_rate") for item in lines):
        kinds.add("tax_rates")
    if terms.status == "AUTHORISED":
        kinds |= {"organisation", "actions"}
    if foreign:
        kinds.add("currencies")
    if any(item.properties.get("hs_sku") for item in lines):
        kinds.add("items")
    if terms.branding_theme:
        kinds.add("branding_themes")
    if terms.tracking or terms.tracking_properties:
        kinds.add("tracking")
    return kinds


def _same(one: str, other: str) -> bool:
    return one.strip() == other.strip()
