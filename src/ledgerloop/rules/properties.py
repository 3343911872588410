"""List every HubSpot property that Ledgerloop writes: the one list that code, docs and checks share. Does no I/O.

Names are lower-case snake_case and case-sensitive in HubSpot; uniqueness is fixed when a property is made, and an
object type has room for ten unique ones (HubSpot: API reference, properties).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, NamedTuple

from ledgerloop.records import LinkKind
from ledgerloop.rules.standing import WORDS

GROUP = "xero"
GROUP_LABEL = "Xero"

CUSTOMER_WORDS = WORDS
DEAL_WORDS = (*WORDS, "DRAFT", "SUBMITTED", "DELETED")

_CUSTOMER: tuple[LinkKind, ...] = ("contact", "company")
_DEAL: tuple[LinkKind, ...] = ("deal",)


HUBSPOTS = frozenset(
    """
    address address2 amount annualrevenue associatedcompanyid city closed_lost_reason closed_won_reason closedate
    company country createdate date_of_birth days_to_close deal_currency_code dealname dealstage dealtype degree
    description domain email fax field_of_study firstname founded_year gender graduation_date industry is_public
    jobtitle job_function lastmodifieddate lastname lifecyclestage marital_status message military_status mobilephone
    name notes_last_contacted notes_last_updated notes_next_activity_date num_associated_contacts num_associated_deals
    num_contacted_notes num_notes numberofemployees owneremail ownername phone pipeline recent_deal_amount
    recent_deal_close_date relationship_status salutation school seniority start_date state timezone total_money_raised
    total_revenue twitterhandle type web_technologies website work_email zip
    """.split()
)
"""Names of properties that HubSpot itself defines on contacts, companies and deals, as far as they are known."""


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
            body["options"] = [
                {"label": word.replace("_", " ").capitalize(), "value": word, "displayOrder": place, "hidden": False}
                for place, word in enumerate(self.words(kind))
            ]
        return body

    def words(self, kind: LinkKind) -> tuple[str, ...]:
        """Return the values that its options must have; none where it is no enumeration."""
        if self.type != "enumeration":
            return ()
        return DEAL_WORDS if kind == "deal" else CUSTOMER_WORDS


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
    Property("xero_lifetime_paid", "Xero lifetime paid", _CUSTOMER, "number", "number", "All money that ever came in, in the organisation's base currency."),
    Property("xero_balances_by_currency", "Xero balances by currency", _CUSTOMER, "string", "text", "Owed today in each currency, where there are several."),
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


class Present(NamedTuple):
    """A property as a portal has it."""

    name: str
    type: str
    field_type: str
    unique: bool
    words: tuple[str, ...] = ()
    """The values of its options, where it has any."""
    hubspots: bool = False
    """Whether HubSpot itself defines it."""


_ANOTHER_NAME = (
    "Map another name under [properties], restart the service, and run `ledgerloop provision`, which makes it: one that"
    " is deleted comes back as it was when its name is used again."
)
"""HubSpot keeps archived properties for 90 days."""


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
    kind: LinkKind, present: Iterable[Present], names: Mapping[str, str]
) -> tuple[list[Property], list[str]]:
    """Compare what a portal has with what is needed: the properties to make, and sentences about the wrong ones.

    A wrong type or field type, a missing uniqueness, an option that is not there or a name that differs by case alone
    is reported and never worked around, and so are two properties that ``names`` maps to one, and one that it
    maps to a property of HubSpot's own.
    """
    has = {one.name: one for one in present}
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
        there = has[name]
        if there.hubspots:
            wrong.append(_hubspots_own(kind, wanted.name, name))
        elif there.type != wanted.type:
            wrong.append(
                f"The {kind} property `{name}` is a {there.type}, and must be a {wanted.type}. {_ANOTHER_NAME}"
            )
        elif wanted.unique and not there.unique:
            wrong.append(
                f"The {kind} property `{name}` does not require unique values, which cannot be changed later."
                f" {_ANOTHER_NAME}"
            )
        elif there.field_type != wanted.field_type:
            wrong.append(
                f"The {kind} property `{name}` has the field type {there.field_type}, and should have"
                f" {wanted.field_type}. Change its field type in HubSpot, or map another name under [properties]."
            )
        elif lacking := [word for word in wanted.words(kind) if word not in there.words]:
            wrong.append(
                f"The {kind} property `{name}` lacks {', '.join(f'`{word}`' for word in lacking)} among its options."
                " Add each in HubSpot with exactly this internal value, or map another name under [properties]."
            )
    return missing, wrong


def hubspots_own(kind: LinkKind, present: Iterable[Present], names: Mapping[str, str]) -> list[str]:
    """Return a sentence for each of our properties that ``names`` maps to one that HubSpot itself defines."""
    theirs = {one.name for one in present if one.hubspots}
    return [
        _hubspots_own(kind, one.name, names[one.name])
        for one in properties_on(kind)
        if one.name in names and names[one.name] in theirs
    ]


def mistaken(names: Mapping[str, str]) -> str:
    """Say what is wrong with a mapping of names before any portal is asked; nothing where nothing is."""
    known = {one.name for one in PROPERTIES}
    for ours, theirs in names.items():
        if ours not in known:
            near = get_close_matches(ours, sorted(known), 1)
            meant = f"; did you mean `{near[0]}`?" if near else "; `ledgerloop docs standing` lists them."
            return f"`{ours}` is no property of Ledgerloop{meant}"
        if theirs in HUBSPOTS or theirs.startswith(("hs_", "hubspot_")):
            return f'`{theirs}` is a property of HubSpot\'s own, which would be overwritten; write {ours} = "xero_…".'
    for kind in ("contact", "company", "deal"):
        first: dict[str, str] = {}
        for one in properties_on(kind):
            name = names.get(one.name, one.name)
            if first.setdefault(name, one.name) != one.name:
                return f"`{first[name]}` and `{one.name}` would both be `{name}`; give each a name of its own."
    return ""


def _hubspots_own(kind: LinkKind, ours: str, name: str) -> str:
    return (
        f"The {kind} property `{name}` is HubSpot's own, and `{ours}` would overwrite it. Map another name under"
        " [properties]."
    )
