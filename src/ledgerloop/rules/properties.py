"""List every HubSpot property that Ledgerloop writes: the one list that code, docs and checks share. Does no I/O.

Names are lower-case snake_case and case-sensitive in HubSpot; uniqueness is fixed when a property is made, and an
object type has room for ten unique ones (HubSpot: API reference, properties).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ledgerloop.records import LinkKind
from ledgerloop.rules.standing import WORDS

GROUP = "xero"
GROUP_LABEL = "Xero"

CUSTOMER_WORDS = WORDS
DEAL_WORDS = (*WORDS, "DRAFT", "SUBMITTED", "DELETED")

_CUSTOMER: tuple[LinkKind, ...] = ("contact", "company")
_DEAL: tuple[LinkKind, ...] = ("deal",)


@dataclass(frozen=True, slots=True)
class Property:
    """A custom property: where it lives and how HubSpot must define it."""

    name: str
    label: str
    on: tuple[LinkKind, ...]
    type: str
    field_type: str
    description: str
    unique: bool = False

    def definition(self, kind: LinkKind, name: str) -> dict[str, Any]:
        """Return the body that creates this property on ``kind`` under the name the portal uses for it."""
        body: dict[str, Any] = {
            "name": name,
            "label": self.label,
            "groupName": GROUP,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "hasUniqueValue": self.unique,
        }
        if self.type == "enumeration":
            words = DEAL_WORDS if kind == "deal" else CUSTOMER_WORDS
            body["options"] = [
                {"label": word.replace("_", " ").capitalize(), "value": word, "displayOrder": place, "hidden": False}
                for place, word in enumerate(words)
            ]
        return body


PROPERTIES: tuple[Property, ...] = (
    Property("xero_contact_id", "Xero contact id", _CUSTOMER, "string", "text", "The Xero contact this is.", unique=True),
    Property("xero_outstanding_balance", "Xero outstanding balance", _CUSTOMER, "number", "number", "Owed today, in the organisation's base currency."),
    Property("xero_overdue_balance", "Xero overdue balance", _CUSTOMER, "number", "number", "The part of the balance whose due date has gone by."),
    Property("xero_available_credit", "Xero available credit", _CUSTOMER, "number", "number", "Credit not yet allocated to an invoice."),
    Property("xero_invoice_status", "Xero invoice status", (*_CUSTOMER, *_DEAL), "enumeration", "select", "The worst word that applies; on a deal, that of its own invoice."),
    Property("xero_last_payment_date", "Xero last payment date", _CUSTOMER, "date", "date", "The day of the latest payment."),
    Property("xero_last_payment_amount", "Xero last payment amount", _CUSTOMER, "number", "number", "What came in on that day."),
    Property("xero_oldest_due_date", "Xero oldest due date", _CUSTOMER, "date", "date", "The earliest due date among open invoices."),
    Property("xero_days_overdue", "Xero days overdue", _CUSTOMER, "number", "number", "Days since the oldest overdue invoice was due."),
    Property("xero_open_invoices", "Xero open invoices", _CUSTOMER, "number", "number", "How many approved invoices are not fully paid."),
    Property("xero_currency", "Xero currency", _CUSTOMER, "string", "text", "The currency of the amounts."),
    Property("xero_contact_url", "Xero contact link", _CUSTOMER, "string", "text", "Opens the contact in Xero."),
    Property("xero_invoice_id", "Xero invoice id", _DEAL, "string", "text", "The invoice made for this deal.", unique=True),
    Property("xero_invoice_number", "Xero invoice number", _DEAL, "string", "text", "The number on the invoice."),
    Property("xero_invoice_url", "Xero invoice link", _DEAL, "string", "text", "Opens the invoice in Xero."),
    Property("xero_online_invoice_url", "Xero online invoice", _DEAL, "string", "text", "Where the customer sees the invoice, if its route asks for it."),
    Property("xero_amount_due", "Xero amount due", _DEAL, "number", "number", "What is still to be paid, in the invoice's currency."),
    Property("xero_amount_paid", "Xero amount paid", _DEAL, "number", "number", "What has been paid, in the invoice's currency."),
    Property("xero_due_date", "Xero due date", _DEAL, "date", "date", "When the invoice is due."),
    Property("xero_paid_date", "Xero paid date", _DEAL, "date", "date", "When the invoice was fully paid."),
    Property("xero_sync_message", "Xero sync message", _DEAL, "string", "textarea", "What needs a person: why there is no invoice, or what differs."),
)  # fmt: skip


def properties_on(kind: LinkKind) -> tuple[Property, ...]:
    """Return the properties that live on contacts, companies or deals."""
    return tuple(wanted for wanted in PROPERTIES if kind in wanted.on)


def renamed(values: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Return values under the names the portal uses; names that are not mapped stay as they are."""
    return {names.get(name, name): value for name, value in values.items()}


def differing(
    kind: LinkKind, written: Mapping[str, str], present: Mapping[str, str | None], names: Mapping[str, str]
) -> dict[str, str]:
    """Return what stands in a record in the place of what was last written, for each property where that differs.

    ``written`` and ``present`` have the portal's names. Numbers are compared as numbers, however they are spelt.
    """
    found: dict[str, str] = {}
    for one in properties_on(kind):
        name = names.get(one.name, one.name)
        if name not in written or name not in present:
            continue
        there, wanted = (present[name] or "").strip(), written[name].strip()
        if there != wanted and not (one.type == "number" and _number(there) == _number(wanted) is not None):
            found[name] = there
    return found


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def differences(
    kind: LinkKind, present: Iterable[tuple[str, str, str, bool]], names: Mapping[str, str]
) -> tuple[list[Property], list[str]]:
    """Compare what a portal has with what is needed: the properties to make, and sentences about the wrong ones.

    ``present`` holds (name, type, fieldType, hasUniqueValue) of the portal's properties. A wrong type or field type, a
    missing uniqueness or a name that differs by case alone is reported and never worked around (S76), and so are two
    properties that ``names`` maps to one.
    """
    has = {name: (type_, field_type, unique) for name, type_, field_type, unique in present}
    folded = {name.casefold(): name for name in has}
    missing: list[Property] = []
    wrong: list[str] = []
    named: dict[str, Property] = {}
    for wanted in properties_on(kind):
        name = names.get(wanted.name, wanted.name)
        first = named.setdefault(name, wanted)
        if first is not wanted:
            wrong.append(
                f"The {kind} properties `{first.name}` and `{wanted.name}` would both be `{name}`. Give each a name of"
                " its own under [properties]."
            )
            continue
        if name not in has:
            variant = folded.get(name)
            if variant:
                wrong.append(
                    f"The {kind} property `{variant}` differs from `{name}` by case alone. HubSpot names are"
                    " case-sensitive: delete it, or map the name under [properties]."
                )
            else:
                missing.append(wanted)
            continue
        type_, field_type, unique = has[name]
        if type_ != wanted.type:
            wrong.append(
                f"The {kind} property `{name}` is a {type_}, and must be a {wanted.type}. Delete it in HubSpot so that"
                " it can be made anew, or map another name under [properties]."
            )
        elif wanted.unique and not unique:
            wrong.append(
                f"The {kind} property `{name}` does not require unique values, which cannot be changed later. Delete it"
                " in HubSpot so that it can be made anew, or map another name under [properties]."
            )
        elif field_type != wanted.field_type:
            wrong.append(
                f"The {kind} property `{name}` has the field type {field_type}, and should have {wanted.field_type}."
                " Change its field type in HubSpot, or map another name under [properties]."
            )
    return missing, wrong
