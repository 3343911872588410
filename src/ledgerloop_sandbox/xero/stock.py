"""Keep the stock of tracked items: approved bills and credit notes bring it in, approved sales take it out."""

from collections.abc import Iterable
from decimal import Decimal

from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import BILL, SALE, ZERO, Document, Invoice
from ledgerloop_sandbox.xero.wire import Wire

_STANDS = ("AUTHORISED", "PAID")
_BRINGS = {BILL: 1, SALE: -1, "ACCRECCREDIT": 1, "ACCPAYCREDIT": -1}
_TOO_LITTLE = "There is not enough stock of the item '{code}' on hand."
_ACCOUNT = "Account code '{given}' is not that of the item '{code}', which is tracked as inventory: '{own}'."


def track(org: Organisation, quantities: dict[str, Decimal]) -> None:
    """Have items be tracked, with what was there before any document; the others are not."""
    org.opening_stock = quantities


def at_hand(org: Organisation, code: str, but: str = "") -> Decimal:
    """Return the quantity of a tracked item, below zero where it is owed; ``but`` one document is left out."""
    moved = (
        _BRINGS[document.type] * (line.quantity or ZERO)
        for document in _documents(org)
        if document.id != but and document.status in _STANDS
        for line in document.lines
        if line.item_code == code
    )
    return org.opening_stock[code] + sum(moved, ZERO)


def shown(org: Organisation, item: Wire) -> Wire:
    """Return an item with its stock, where it is tracked."""
    code = item["Code"]
    if code not in org.opening_stock:
        return item
    there = at_hand(org, code)
    on_hand = max(there, ZERO)
    cost = item["PurchaseDetails"]["UnitPrice"]
    return {
        **item,
        "IsTrackedAsInventory": True,
        "InventoryAssetAccountCode": "630",
        "TotalCostPool": on_hand * cost,
        "QuantityOnHand": on_hand,
        "QuantityOnBackOrder": on_hand - there,
        "QuantityAvailable": there,
    }


def account_of(org: Organisation, code: str, own: str, given: str | None, mode: str, problems: list[str]) -> str | None:
    """Return the account of a sales line: that of a tracked item is its own, and another is refused or replaced."""
    if code not in org.opening_stock or given in (None, own):
        return given or own
    if mode == "refused":
        problems.append(_ACCOUNT.format(given=given, code=code, own=own))
    return own


def require(org: Organisation, invoice: Invoice, problems: list[str]) -> None:
    """Refuse a sale of more than there is."""
    wanted: dict[str, Decimal] = {}
    for line in invoice.lines:
        if line.item_code in org.opening_stock:
            wanted[line.item_code] = wanted.get(line.item_code, ZERO) + (line.quantity or ZERO)
    problems += [
        _TOO_LITTLE.format(code=code)
        for code, quantity in wanted.items()
        if quantity > 0 and at_hand(org, code, invoice.id) < quantity
    ]


def _documents(org: Organisation) -> Iterable[Document]:
    yield from org.invoices
    yield from org.credits["CreditNote"]
