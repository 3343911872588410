"""What HubSpot's command line uploads: an app with the scopes and webhook subscriptions that Ledgerloop wants. No I/O.

See https://developers.hubspot.com/docs/apps/developer-platform/build-apps/overview.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ledgerloop.hubspot.scopes import WANTED

PLATFORM = "2026.03"
EXAMPLE = "https://ledgerloop.example.com"
"""Stands for a service's address where it is not known."""
_LINE_VALUES = (
    "name",
    "description",
    "quantity",
    "price",
    "discount",
    "hs_discount_percentage",
    "hs_sku",
    "hs_tax_rate_group_id",
    "hs_line_item_currency_code",
    "recurringbillingfrequency",
    "hs_recurring_billing_period",
    "hs_position_on_quote",
)
_TO_XERO = ("firstname", "lastname", "phone", "address", "address2", "city", "state", "zip", "country")
_OF_PEOPLE = frozenset({"email", "firstname", "lastname"})
_OF_COMPANIES = frozenset({"name", "domain"})


def subscriptions(*, customers: bool = False, to_xero: bool = False) -> list[dict[str, Any]]:
    """Return what HubSpot is to tell: what starts an invoice, and what changes it while it is a draft.

    With ``customers`` also what answers a question about a customer, and what moves or ends its records; with
    ``to_xero`` also what else of a customer may go to Xero.
    """
    found = [
        _change("deal", "dealstage"),
        _change("deal", "amount"),
        _one("object.associationChange", "deal"),
        _one("object.creation", "line_item"),
        *(_change("line_item", name) for name in _LINE_VALUES),
    ]
    if customers:
        found += _changes("xero_contact_id", "email", "name", "domain")
        moves = ("object.merge", "object.deletion", "object.restore")
        found += [_one(what, kind) for what in moves for kind in ("contact", "company")]
        found.append(_one("contact.privacyDeletion", "contact"))
    if to_xero:
        found += _changes(*_TO_XERO)
    return found


def project(address: str = EXAMPLE, *, customers: bool = False, to_xero: bool = False) -> Mapping[str, str]:
    """Return the project's files by path, for the service at ``address``, as `hs project upload` takes them."""
    app = {
        "uid": "ledgerloop_app",
        "type": "app",
        "config": {
            "name": "Ledgerloop",
            "description": "Invoices in Xero for deals that are won, and their payments on the customer.",
            "distribution": "private",
            "auth": {
                "type": "static",
                "requiredScopes": list(WANTED),
                "optionalScopes": [],
                "conditionallyRequiredScopes": [],
            },
            "permittedUrls": {"fetch": [], "iframe": [], "img": []},
            "support": {},
        },
    }
    webhooks = {
        "uid": "ledgerloop_webhooks",
        "type": "webhooks",
        "config": {
            "settings": {"targetUrl": f"{address}/webhooks/hubspot", "maxConcurrentRequests": 10},
            "subscriptions": {
                "crmObjects": subscriptions(customers=customers, to_xero=to_xero),
                "legacyCrmObjects": [],
                "hubEvents": [],
            },
        },
    }
    return {
        "hsproject.json": _text({"name": "ledgerloop", "srcDir": "src", "platformVersion": PLATFORM}),
        "src/app/app-hsmeta.json": _text(app),
        "src/app/webhooks/webhooks-hsmeta.json": _text(webhooks),
    }


def _changes(*names: str) -> list[dict[str, Any]]:
    return [_change(kind, name) for kind in ("contact", "company") for name in names if _has(kind, name)]


def _has(kind: str, name: str) -> bool:
    return name not in (_OF_COMPANIES if kind == "contact" else _OF_PEOPLE)


def _change(kind: str, name: str) -> dict[str, Any]:
    return {
        "subscriptionType": "object.propertyChange",
        "objectType": kind,
        "propertyName": name,
        "active": True,
    }


def _one(what: str, kind: str) -> dict[str, Any]:
    return {"subscriptionType": what, "objectType": kind, "active": True}


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"
