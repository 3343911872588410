"""Hold requests and answers against Xero's own OpenAPI file, and the file's strictness against itself."""

from typing import Any

import httpx2
import pytest
from openapi_core.exceptions import OpenAPIError
from xero_app import App, line, payment, sale
from xero_contract import Contract


def request(app: App, method: str, path: str, body: Any = None, **params: Any) -> httpx2.Request:
    """Return a request as a client would send it."""
    return httpx2.Request(
        method,
        f"{app.sandbox.xero_url}/api.xro/2.0/{path}",
        params=params,
        json=body,
        headers={"xero-tenant-id": app.tenant, "Accept": "application/json"},
    )


def test_requests_of_these_tests_are_strictly_within_the_file(app: App, xero_contract: Contract) -> None:
    """What the sandbox is told here is what Xero's file allows, with no key or parameter that it does not know."""
    contact = app.contact()
    invoice = app.invoice(contact)

    xero_contract.check_request(request(app, "PUT", "Invoices", {"Invoices": [sale(contact)]}, summarizeErrors="false"))
    xero_contract.check_request(request(app, "PUT", "Payments", {"Payments": [payment(invoice, 1)]}))
    xero_contract.check_request(request(app, "GET", "Invoices", page=1, pageSize=1000, Statuses="PAID"))
    xero_contract.check_request(request(app, "PUT", "Contacts", {"Contacts": [{"Name": "A"}]}))


@pytest.mark.parametrize(
    ("method", "path", "body", "params"),
    [
        ("PUT", "Invoices", {"Invoices": [{"Typ": "ACCREC"}]}, {}),
        ("PUT", "Invoices", {"Invoices": [{"Type": "NONSENSE"}]}, {}),
        ("PUT", "Invoices", {"Invoices": [{"LineItems": [line(Quantity="two")]}]}, {}),
        ("GET", "Invoices", None, {"page": "abc"}),
        ("GET", "Invoices", None, {"nonsense": "1"}),
        ("GET", "Nothing", None, {}),
    ],
)
def test_the_strict_check_catches_what_is_wrong(
    app: App, xero_contract: Contract, method: str, path: str, body: Any, params: dict[str, str]
) -> None:
    """The request check is no rubber stamp: wrong keys, enums, types, parameters and paths fail."""
    with pytest.raises((OpenAPIError, AssertionError)):
        xero_contract.check_request(request(app, method, path, body, **params))


@pytest.mark.parametrize(
    "path",
    [
        "Organisation",
        "Accounts",
        "TaxRates",
        "Currencies",
        "BrandingThemes",
        "Items",
        "TrackingCategories",
        "Contacts?page=1",
        "Invoices?page=1&pageSize=1000",
        "Invoices",
        "Invoices?summaryOnly=true",
        "Payments?page=1",
        "CreditNotes?page=1",
        "Prepayments?page=1",
        "Overpayments?page=1",
    ],
)
def test_every_list_of_both_organisations_is_within_the_file(app: App, path: str) -> None:
    """Each list answer fits its schema; `App.call` checks every other answer of these tests in the same way."""
    for tenant in app.tenants:
        assert app.call("GET", path, tenant=tenant).status_code == 200


def test_the_answer_check_catches_what_is_wrong(app: App) -> None:
    """The answer check is no rubber stamp either: an unknown enum value fails it."""
    app.fault("rewrite", find='"Type":"ACCREC"', put='"Type":"NONSENSE"')
    with pytest.raises(AssertionError, match="NONSENSE"):
        app.get("Invoices")
