"""Lay out the books of the demo organisations: accounts, tax rates, currencies, themes, items, tracking."""

import random
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import Account, TaxRate

_ACCOUNTS: tuple[tuple[str, str, str, str, str, str | None, bool], ...] = (
    # code, name, type, side of tax, class, system account, takes payments
    ("090", "Business Bank Account", "BANK", "none", "ASSET", None, False),
    ("091", "US Dollar Account", "BANK", "none", "ASSET", None, False),
    ("200", "Sales", "REVENUE", "out", "REVENUE", None, False),
    ("260", "Other Revenue", "REVENUE", "out", "REVENUE", None, False),
    ("270", "Interest Income", "REVENUE", "none", "REVENUE", None, False),
    ("400", "Advertising", "EXPENSE", "in", "EXPENSE", None, False),
    ("429", "General Expenses", "EXPENSE", "in", "EXPENSE", None, False),
    ("610", "Accounts Receivable", "CURRENT", "none", "ASSET", "DEBTORS", False),
    ("630", "Inventory", "INVENTORY", "none", "ASSET", None, False),
    ("800", "Accounts Payable", "CURRLIAB", "none", "LIABILITY", "CREDITORS", False),
    ("820", "GST", "CURRLIAB", "none", "LIABILITY", "GST", False),
    ("860", "Rounding", "EXPENSE", "none", "EXPENSE", "ROUNDING", False),
    ("970", "Owner Funds Introduced", "EQUITY", "none", "EQUITY", None, True),
)
_NZ_TAX = (
    TaxRate("OUTPUT2", "15% GST on Income", Decimal("15.0000")),
    TaxRate("INPUT2", "15% GST on Expenses", Decimal("15.0000"), "INPUT"),
    TaxRate("ZERORATED", "Zero Rated", Decimal("0.0000"), "ZERORATEDOUTPUT"),
    TaxRate("NONE", "No GST", Decimal("0.0000"), "NONE"),
    TaxRate("OUTPUT", "12.5% GST on Income", Decimal("12.5000"), status="ARCHIVED"),
)
_AU_TAX = (
    TaxRate("OUTPUT", "GST on Income", Decimal("10.0000")),
    TaxRate("INPUT", "GST on Expenses", Decimal("10.0000"), "INPUT"),
    TaxRate("EXEMPTOUTPUT", "GST Free Income", Decimal("0.0000"), "EXEMPTOUTPUT"),
    TaxRate("BASEXCLUDED", "BAS Excluded", Decimal("0.0000"), "BASEXCLUDED"),
    TaxRate("NONE", "Tax Exempt", Decimal("0.0000"), "NONE"),
)


def kiwi(seed: int, created: datetime) -> Organisation:
    """Return Kiwi Demo Ltd, without any documents."""
    org = Organisation(
        tenant_id=str(uuid.UUID(int=random.Random(f"{seed} kiwi").getrandbits(128), version=4)),
        name="Kiwi Demo Ltd",
        legal_name="Kiwi Demo Limited",
        country_code="NZ",
        base_currency="NZD",
        timezone="NEWZEALANDSTANDARDTIME",
        zone=ZoneInfo("Pacific/Auckland"),
        short_code="!kwiD1",
        created=created,
        random=random.Random(f"{seed} kiwi books"),
        currencies={"NZD": "New Zealand Dollar", "USD": "United States Dollar"},
        exchange_rates={"NZD": Decimal("1.0"), "USD": Decimal("0.600000")},
    )
    return _filled(org, _NZ_TAX, {"out": "OUTPUT2", "in": "INPUT2", "none": "NONE"})


def aussie(seed: int, created: datetime) -> Organisation:
    """Return Aussie Demo Pty, without any documents."""
    org = Organisation(
        tenant_id=str(uuid.UUID(int=random.Random(f"{seed} aussie").getrandbits(128), version=4)),
        name="Aussie Demo Pty",
        legal_name="Aussie Demo Pty Ltd",
        country_code="AU",
        base_currency="AUD",
        timezone="AUSEASTERNSTANDARDTIME",
        zone=ZoneInfo("Australia/Sydney"),
        short_code="!ozzD2",
        created=created,
        random=random.Random(f"{seed} aussie books"),
        currencies={"AUD": "Australian Dollar"},
        exchange_rates={"AUD": Decimal("1.0")},
    )
    return _filled(org, _AU_TAX, {"out": "OUTPUT", "in": "INPUT", "none": "BASEXCLUDED"})


def _filled(org: Organisation, tax_rates: tuple[TaxRate, ...], tax: dict[str, str]) -> Organisation:
    org.tax_rates = {rate.tax_type: rate for rate in tax_rates}
    for code, name, kind, side, account_class, system, takes_payments in _ACCOUNTS:
        currency = "USD" if code == "091" else None
        if currency is None or currency in org.currencies:
            org.accounts[code] = Account(
                org.new_id(), code, name, kind, tax[side], account_class, system, takes_payments, currency
            )
    org.branding_themes = [
        {
            "BrandingThemeID": org.new_id(),
            "Name": name,
            "SortOrder": number,
            "CreatedDateUTC": "/Date(1546300800000+0000)/",
        }
        for number, name in enumerate(("Standard", "Special Projects"))
    ]
    org.items = {
        code: _item(org, code, name, price, tax)
        for code, name, price in (("SUPPORT", "Support hour", "120.00"), ("LICENCE", "Annual licence", "1450.00"))
    }
    org.tracking_categories = [
        {
            "Name": "Region",
            "Status": "ACTIVE",
            "TrackingCategoryID": org.new_id(),
            "Options": [
                {"TrackingOptionID": org.new_id(), "Name": name, "Status": "ACTIVE"}
                for name in ("North", "South", "Overseas")
            ],
        }
    ]
    return org


def _item(org: Organisation, code: str, name: str, price: str, tax: dict[str, str]) -> dict[str, Any]:
    return {
        "ItemID": org.new_id(),
        "Code": code,
        "Name": name,
        "Description": name,
        "IsTrackedAsInventory": False,
        "IsSold": True,
        "IsPurchased": True,
        "SalesDetails": {"UnitPrice": Decimal(price), "AccountCode": "200", "TaxType": tax["out"]},
        "PurchaseDetails": {"UnitPrice": Decimal(price) / 2, "AccountCode": "429", "TaxType": tax["in"]},
        "UpdatedDateUTC": "/Date(1546300800000+0000)/",
    }
