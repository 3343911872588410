"""Know the scopes, broad and granular, and which of them opens which endpoint. Pure."""

IDENTITY = frozenset({"openid", "profile", "email", "offline_access"})
_UNCHANGED = {"contacts", "settings", "attachments"}
_BROAD = {"transactions"}
_GRANULAR = {"invoices", "payments", "banktransactions", "manualjournals"}


def _both(names: set[str]) -> set[str]:
    return {f"accounting.{name}{suffix}" for name in names for suffix in ("", ".read")}


_REPORTS = ("aged", "balancesheet", "banksummary", "budgetsummary", "executivesummary", "profitandloss", "trialbalance")
BROAD = frozenset(_both(_BROAD) | {"accounting.reports.read"})
GRANULAR = frozenset(_both(_GRANULAR) | {f"accounting.reports.{name}.read" for name in (*_REPORTS, "taxreports")})
UNCHANGED = frozenset(_both(_UNCHANGED) | {"accounting.budgets.read"} | IDENTITY)
NEVER_ON_AUTHORIZE = frozenset({"app.connections", "accounting.journals.read"})

_OPENS: dict[str, tuple[str, ...]] = {  # first path segment: scopes, any of which will do
    "Contacts": ("contacts",),
    "Invoices": ("transactions", "invoices"),
    "CreditNotes": ("transactions", "invoices"),
    "Payments": ("transactions", "payments"),
    "BatchPayments": ("transactions", "payments"),
    "Prepayments": ("transactions", "payments"),
    "Overpayments": ("transactions", "payments"),
    "BankTransactions": ("transactions", "banktransactions"),
    "Items": ("transactions", "invoices", "settings"),  # the scope lists and the OpenAPI file differ
    "Organisation": ("settings",),
    "Organisations": ("settings",),
    "Accounts": ("settings",),
    "TaxRates": ("settings",),
    "Currencies": ("settings",),
    "BrandingThemes": ("settings",),
    "TrackingCategories": ("settings",),
}
_IN_ANY_CASE = {endpoint.lower(): names for endpoint, names in _OPENS.items()}


def allowed(mode: str) -> frozenset[str]:
    """Return what an app may ask for: `both`, or as an app of after March 2026 `granular`, or `broad`."""
    groups = {"both": BROAD | GRANULAR, "granular": GRANULAR, "broad": BROAD}
    return groups[mode] | UNCHANGED


def problem(asked: list[str], mode: str) -> str | None:
    """Return the OAuth error for scopes that cannot be asked for, or nothing."""
    if all(scope in allowed(mode) for scope in asked) and asked:
        return None
    known = BROAD | GRANULAR | UNCHANGED | NEVER_ON_AUTHORIZE
    return "unauthorized_client" if asked and all(scope in known for scope in asked) else "invalid_scope"


def problem_of_custom(asked: list[str], mode: str) -> str | None:
    """Return the OAuth error for what a custom connection asks for: nobody signs in, and nothing is renewed."""
    return "invalid_scope" if IDENTITY & set(asked) else problem(asked, mode)


def opens(scopes: frozenset[str], endpoint: str, method: str) -> bool:
    """Tell whether a token with these scopes may call the endpoint."""
    needed = _IN_ANY_CASE.get(endpoint.lower())
    for name in needed or ():
        if f"accounting.{name}" in scopes or (method == "GET" and f"accounting.{name}.read" in scopes):
            return True
    return needed is None
