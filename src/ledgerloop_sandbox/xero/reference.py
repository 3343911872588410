"""Show an organisation's reference data: itself, accounts, tax rates, currencies, themes, items, tracking."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ledgerloop_sandbox.xero import plans, stock
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.envelope import envelope
from ledgerloop_sandbox.xero.errors import Answer, not_found
from ledgerloop_sandbox.xero.filters import order, ordered, where
from ledgerloop_sandbox.xero.records import Account, TaxRate
from ledgerloop_sandbox.xero.selection import modified_since
from ledgerloop_sandbox.xero.wire import Wire, day, moment


def organisation(call: ApiCall) -> Answer:
    """Answer GET /Organisation and its other spelling /Organisations."""
    org = call.organisation
    shown: Wire = {
        "Name": org.name,
        "LegalName": org.legal_name,
        "PaysTax": True,
        "Version": org.country_code,
        "OrganisationType": "COMPANY",
        "BaseCurrency": org.base_currency,
        "CountryCode": org.country_code,
        "IsDemoCompany": False,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 3,
        "SalesTaxBasis": "ACCRUALS",
        "SalesTaxPeriod": "TWOMONTHS",
        "DefaultSalesTax": org.default_sales_tax,
        "DefaultPurchasesTax": "Tax Inclusive",
        "CreatedDateUTC": moment(org.created),
        "OrganisationEntityType": "COMPANY",
        "Timezone": org.timezone,
        "ShortCode": org.short_code,
        "OrganisationID": org.tenant_id,
        "Edition": "BUSINESS",
        "Class": org.organisation_class,
        "Addresses": [],
        "Phones": [],
        "ExternalLinks": [],
        "PaymentTerms": org.payment_terms,
        # A key that no schema names, misspelt as the real one is.
        "TaxNumbeType": "GST Number",
    }
    if org.period_lock_date:
        shown["PeriodLockDate"] = day(org.period_lock_date)
    if org.end_of_year_lock_date:
        shown["EndOfYearLockDate"] = day(org.end_of_year_lock_date)
    return envelope(call, "Organisations", [shown])


def actions(call: ApiCall) -> Answer:
    """Answer GET /Organisation/Actions: what plan and role allow."""
    org = call.organisation
    found = plans.actions(org, org.today(call.now))
    return envelope(
        call,
        "Actions",
        [{"Name": name, "Status": "ALLOWED" if may else "NOT-ALLOWED"} for name, may in sorted(found.items())],
    )


def accounts(call: ApiCall) -> Answer:
    """Answer GET /Accounts and GET /Accounts/{AccountID}."""
    org = call.organisation
    shown = [_account(account, org.base_currency, moment(org.created)) for account in org.accounts.values()]
    return _listed(call, "Accounts", "AccountID", shown)


def tax_rates(call: ApiCall) -> Answer:
    """Answer GET /TaxRates and GET /TaxRates/{TaxType}."""
    return _listed(call, "TaxRates", "TaxType", [_tax_rate(rate) for rate in call.organisation.tax_rates.values()])


def currencies(call: ApiCall) -> Answer:
    """Answer GET /Currencies."""
    shown = [{"Code": code, "Description": name} for code, name in call.organisation.currencies.items()]
    return _listed(call, "Currencies", "Code", shown)


def branding_themes(call: ApiCall) -> Answer:
    """Answer GET /BrandingThemes and GET /BrandingThemes/{BrandingThemeID}."""
    return _listed(call, "BrandingThemes", "BrandingThemeID", call.organisation.branding_themes)


def items(call: ApiCall) -> Answer:
    """Answer GET /Items and GET /Items/{ItemID or Code}."""
    shown = [stock.shown(call.organisation, item) for item in call.organisation.items.values()]
    if call.ids:
        shown = [item for item in shown if call.ids[0] in (item["ItemID"], item["Code"])]
        return envelope(call, "Items", shown) if shown else _missing()
    return _listed(call, "Items", "ItemID", shown)


def tracking_categories(call: ApiCall) -> Answer:
    """Answer GET /TrackingCategories and GET /TrackingCategories/{TrackingCategoryID}."""
    return _listed(call, "TrackingCategories", "TrackingCategoryID", call.organisation.tracking_categories)


def _listed(call: ApiCall, key: str, id_name: str, shown: list[Wire]) -> Answer:
    if call.ids:
        found = [one for one in shown if one[id_name] == call.ids[0]]
        return envelope(call, key, found) if found else _missing()
    if since := modified_since(call):
        shown = [one for one in shown if "UpdatedDateUTC" not in one or _second(one["UpdatedDateUTC"]) > since]
    if expression := call.query.get("where"):
        predicate, _ = where(expression, _reader(shown))
        shown = [one for one in shown if predicate(one)]
    if by := call.query.get("order"):
        shown = ordered(shown, order(by, _reader(shown)))
    return envelope(call, key, shown)


def _reader(shown: list[Wire]) -> Callable[[str], Callable[[Any], Any]]:
    names = {name.lower(): name for one in shown for name in one}

    def read(name: str) -> Callable[[Any], Any]:
        if shown and name.lower() not in names:
            raise KeyError(name)
        return lambda one: one.get(names[name.lower()])

    return read


def _second(shown: str) -> datetime:
    return datetime.fromtimestamp(int(re.findall(r"-?\d+", shown)[0]) // 1000, UTC)


def _missing() -> Answer:
    raise not_found()


def _account(account: Account, base_currency: str, updated: str) -> Wire:
    shown: Wire = {
        "AccountID": account.id,
        "Code": account.code,
        "Name": account.name,
        "Status": account.status,
        "Type": account.type,
        "TaxType": account.tax_type,
        "Class": account.account_class,
        "EnablePaymentsToAccount": account.takes_payments,
        "ShowInExpenseClaims": False,
        "ReportingCode": account.account_class[:3],
        "ReportingCodeName": account.account_class.title(),
        "HasAttachments": False,
        "UpdatedDateUTC": updated,
        "AddToWatchlist": False,
    }
    if account.type == "BANK":
        shown |= {
            "BankAccountNumber": "0612340123456700",
            "BankAccountType": "BANK",
            "CurrencyCode": account.currency or base_currency,
        }
    if account.system:
        shown["SystemAccount"] = account.system
    return shown


def _tax_rate(rate: TaxRate) -> Wire:
    components = [{"Name": rate.name, "Rate": rate.rate, "IsCompound": False, "IsNonRecoverable": False}]
    return {
        "Name": rate.name,
        "TaxType": rate.tax_type,
        "ReportTaxType": rate.report_type,
        "CanApplyToAssets": "ASSET" in rate.applies_to,
        "CanApplyToEquity": "EQUITY" in rate.applies_to,
        "CanApplyToExpenses": "EXPENSES" in rate.applies_to,
        "CanApplyToLiabilities": "LIABILITY" in rate.applies_to,
        "CanApplyToRevenue": "REVENUE" in rate.applies_to,
        "DisplayTaxRate": rate.rate,
        "EffectiveRate": rate.rate if isinstance(rate.rate, Decimal) else Decimal(rate.rate),
        "Status": rate.status,
        "TaxComponents": components,
    }
