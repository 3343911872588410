"""Read the XML that a request may send instead of JSON into the same shape. Pure.

A list is an element whose children carry its singular: <LineItems><LineItem>…</LineItem></LineItems>.
Texts stay texts, as numbers and dates may in JSON too; only the names in `_BOOLEANS` become true or false.
"""

from typing import Any
from xml.etree import ElementTree

from ledgerloop_sandbox.xero.wire import singular

_BOOLEANS = frozenset({"SentToContact", "IncludeInEmails", "IsReconciled", "IsCustomer", "IsSupplier", "IncludeOnline"})
_LISTS = frozenset(
    {
        "Addresses",
        "Allocations",
        "BankTransactions",
        "BatchPayments",
        "ContactPersons",
        "Contacts",
        "CreditNotes",
        "HistoryRecords",
        "Invoices",
        "LineItems",
        "Payments",
        "Phones",
        "Tracking",
    }
)


def from_xml(body: bytes) -> Any:
    """Return what the body says, a list where its root is one; a body that cannot be read is a ValueError."""
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("a document type is not read")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  # without a document type there is no entity to expand
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    read = _read(root)
    return {root.tag: read} if root.tag in _LISTS else read


def _read(element: ElementTree.Element) -> Any:
    children = list(element)
    if element.tag in _LISTS and all(child.tag in (singular(element.tag), "TrackingCategory") for child in children):
        return [_read(child) for child in children]
    if children:
        return {child.tag: _read(child) for child in children}
    text = element.text or ""
    return text.strip().lower() == "true" if element.tag in _BOOLEANS else text
