"""Know what a price plan lets an organisation approve in a month, and which actions it has."""

from datetime import date

from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import BILL, SALE, Invoice

REACHED = "You have reached the limit of invoices you can approve"
_MONTHLY = {"STARTER": {SALE: 20, BILL: 5}, "IGNITE": {SALE: 20, BILL: 5}, "SIMPLE": {SALE: 10, BILL: 5}}
_APPROVED = ("AUTHORISED", "PAID", "VOIDED")
_ALWAYS = (
    "CreateDraftInvoice",
    "CreateRepeatingInvoice",
    "CreateSentQuote",
    "CreateDraftQuote",
    "CreateInvoicePayment",
    "AttachFilesIntoInvoice",
    "CreateDraftBill",
    "CreateRepeatingBill",
    "CreateDraftPurchaseOrder",
    "CreateApprovedPurchaseOrder",
)


def limit_reached(org: Organisation, invoice: Invoice) -> bool:
    """Tell whether the month of an invoice already has as many other approved ones as the plan allows."""
    return _full(org, invoice.type, invoice.date, invoice.id)


def actions(org: Organisation, today: date) -> dict[str, bool]:
    """Return what may be done in the organisation today."""
    return {
        "CreateApprovedInvoice": not _full(org, SALE, today, ""),
        "CreateApprovedBill": not _full(org, BILL, today, ""),
        "UseMulticurrency": len(org.currencies) > 1,
        **dict.fromkeys(_ALWAYS, True),
    }


def _full(org: Organisation, kind: str, dated: date, own: str) -> bool:
    limit = _MONTHLY.get(org.organisation_class, {}).get(kind)
    if limit is None:
        return False
    month = (dated.year, dated.month)
    approved = [
        one
        for one in org.invoices
        if one.type == kind and one.id != own and one.status in _APPROVED and (one.date.year, one.date.month) == month
    ]
    return len(approved) >= limit
