"""Let the totals that a caller sends round an approved invoice, where the organisation has opted in. Pure."""

from decimal import Decimal

from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import ZERO, Invoice
from ledgerloop_sandbox.xero.wire import Wire, read_number

MOST = Decimal("0.10")
_SUB_TOTAL = "The document sub total does not equal the sub total of the lines"
_TOTAL = "The invoice total does not equal the sum of the lines."
_RANGE = "The RoundingAmount must be between -0.10 and 0.10"


def apply(org: Organisation, invoice: Invoice, given: Wire, problems: list[str]) -> None:
    """Check what was sent of SubTotal, TotalTax and Total, and round the total; a draft keeps EnteredTotal alone.

    Lines that are sent without all three are added up anew, without rounding.
    """
    if not org.rounding:
        return
    try:
        sent = {
            name: read_number(given[name])
            for name in ("SubTotal", "TotalTax", "Total", "RoundingAmount", "EnteredTotal")
            if given.get(name) is not None
        }
    except ValueError:
        problems.append("A total is not a number")
        return
    if invoice.status == "DRAFT":
        invoice.entered_total = sent.get("EnteredTotal", invoice.entered_total)
        return
    if {"SubTotal", "TotalTax", "Total"} <= sent.keys():
        if sent["SubTotal"] != invoice.sub_total:
            problems.append(_SUB_TOTAL)
        rounded = sent["Total"] - sent["SubTotal"] - sent["TotalTax"]
        if sent["TotalTax"] != invoice.total_tax or sent.get("RoundingAmount", rounded) != rounded:
            problems.append(_TOTAL)
        if abs(rounded) > MOST:
            problems.append(_RANGE)
        invoice.rounding = rounded
    elif given.get("LineItems") is not None:
        invoice.rounding = ZERO
    invoice.total += invoice.rounding


def shown(org: Organisation, invoice: Invoice) -> Wire:
    """Return what a single invoice shows of it."""
    if not org.rounding:
        return {}
    entered = {} if invoice.entered_total is None else {"EnteredTotal": invoice.entered_total}
    return {"RoundingAmount": invoice.rounding, **entered}
