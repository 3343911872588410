"""Tell whether HubSpot itself bills a deal: by an invoice, a subscription, or its own data sync. Does no I/O."""

from __future__ import annotations

from ledgerloop.hubspot.models import Record

SOURCE = "hs_invoice_source"
INVOICE_PROPERTIES = ("hs_number", "hs_invoice_status", "hs_invoice_billable", SOURCE)
SUBSCRIPTION_PROPERTIES = ("hs_status", "hs_invoice_creation")

_ENDED = ("cancel", "expire")
"""HubSpot's guide names active, past_due, canceled, expired and scheduled, and others were seen: ended ones say so.

https://developers.hubspot.com/docs/api-reference/latest/crm/objects/commerce-subscriptions/guide
"""


DATA_SYNC = "HubSpot's data sync"
_TOOLS = {
    "sync": DATA_SYNC,
    "xero": "HubSpot's older integration with Xero",
    "quickbooks": "HubSpot's older integration with QuickBooks",
}
"""What brings invoices, by a word in their source: HubSpot tells its labels, and of its values only `data_sync`."""


def brought_by(invoice: Record) -> str:
    """Name the tool that brought an invoice into HubSpot; nothing where it was made there."""
    source = _text(invoice, SOURCE).lower()
    return next((tool for word, tool in _TOOLS.items() if word in source), "")


def billed_by_invoice(invoice: Record) -> str:
    """Say that HubSpot has an invoice of its own for a deal; nothing for one that is void or bills nothing."""
    name = _text(invoice, "hs_number") or invoice.id
    status = _text(invoice, "hs_invoice_status").lower()
    if status == "voided":
        return ""
    if brought_by(invoice) == DATA_SYNC:
        return (
            f"HubSpot's data sync brought invoice {name} to this deal, so Xero has one for it already, or gets it from"
            " there. Void it, or take its association with the deal away, if this service shall invoice the deal."
        )
    if _text(invoice, "hs_invoice_billable").lower() == "false":
        return ""
    return (
        f"HubSpot has invoice {name} ({status or 'no status'}) of its own for this deal, and another would bill it"
        " twice. Void that one, or take its association with the deal away, if this service shall invoice the deal."
    )


def billed_by_subscription(subscription: Record) -> str:
    """Say that HubSpot bills a deal by a subscription; nothing for one that has ended or makes no invoices."""
    status = _text(subscription, "hs_status").lower()
    if _text(subscription, "hs_invoice_creation").lower() == "off" or any(word in status for word in _ENDED):
        return ""
    return (
        f"HubSpot bills this deal by its subscription {subscription.id}, and an invoice would bill it twice. Cancel"
        " that one, or take its association with the deal away, if this service shall invoice the deal."
    )


def _text(record: Record, name: str) -> str:
    return (record.properties.get(name) or "").strip()
