"""Hold what an organisation's books contain, as compact records. Money is Decimal, ids are text."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ZERO = Decimal("0.00")
ONE = Decimal("1.0")
NO_ID = "00000000-0000-0000-0000-000000000000"

SALE, BILL = "ACCREC", "ACCPAY"


@dataclass(slots=True, eq=False)
class LineItem:
    """Be one line of a document."""

    id: str
    description: str | None
    quantity: Decimal | None
    unit_amount: Decimal | None
    account_code: str | None
    tax_type: str
    tax_amount: Decimal
    line_amount: Decimal
    item_code: str | None = None
    discount_rate: Decimal | None = None
    discount_amount: Decimal | None = None
    tracking: tuple[dict[str, Any], ...] = ()


@dataclass(slots=True, eq=False)
class Contact:
    """Be a customer or supplier."""

    id: str
    name: str
    updated: dt.datetime
    number: str | None = None
    account_number: str | None = None
    status: str = "ACTIVE"
    first_name: str | None = None
    last_name: str | None = None
    company_number: str | None = None
    email: str = ""
    tax_number: str | None = None
    default_currency: str | None = None
    addresses: tuple[dict[str, str], ...] = ()
    phones: tuple[dict[str, str], ...] = ()
    persons: tuple[dict[str, Any], ...] = ()
    payment_terms: dict[str, Any] | None = None
    is_customer: bool = False
    is_supplier: bool = False
    merged_to: str | None = None


@dataclass(slots=True, eq=False)
class Allocation:
    """Be a part of a credit that was set off against an invoice."""

    id: str
    credit_id: str
    invoice_id: str
    amount: Decimal
    date: dt.date


@dataclass(slots=True, eq=False)
class Payment:
    """Be money that moved for a document; it can only be made and deleted."""

    id: str
    type: str
    document_id: str
    account_id: str
    date: dt.date
    amount: Decimal
    updated: dt.datetime
    rate: Decimal = ONE
    reference: str = ""
    status: str = "AUTHORISED"
    is_reconciled: bool = False
    batch_id: str | None = None


@dataclass(slots=True, eq=False)
class BatchPayment:
    """Be several payments made as one."""

    id: str
    account_id: str
    date: dt.date
    payment_ids: tuple[str, ...]
    updated: dt.datetime
    reference: str = ""
    status: str = "AUTHORISED"


@dataclass(slots=True, eq=False)
class Document:
    """Be what invoices and credits have in common."""

    id: str
    type: str
    number: str
    contact_id: str
    date: dt.date
    line_amount_types: str
    currency: str
    status: str
    updated: dt.datetime
    lines: tuple[LineItem, ...] = ()
    sub_total: Decimal = ZERO
    total_tax: Decimal = ZERO
    total: Decimal = ZERO
    rate: Decimal = ONE
    reference: str = ""
    branding_theme_id: str | None = None
    payments: tuple[str, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    fully_paid_on: dt.date | None = None
    sent_to_contact: bool = False
    text: str | None = None
    """The list form as JSON, kept until something changes."""


@dataclass(slots=True, eq=False)
class Invoice(Document):
    """Be a sales invoice (ACCREC) or a bill (ACCPAY)."""

    due_date: dt.date | None = None
    expected_payment_date: dt.date | None = None
    planned_payment_date: dt.date | None = None
    url: str | None = None
    client_id: str | None = None
    total_discount: Decimal | None = None
    amount_due: Decimal = ZERO
    amount_paid: Decimal = ZERO
    amount_credited: Decimal = ZERO
    rounding: Decimal = ZERO
    entered_total: Decimal | None = None


@dataclass(slots=True, eq=False)
class Credit(Document):
    """Be a credit note, a prepayment or an overpayment."""

    kind: str = "CreditNote"
    remaining: Decimal = ZERO


@dataclass(slots=True, frozen=True)
class Account:
    """Be an account of the chart of accounts."""

    id: str
    code: str
    name: str
    type: str
    tax_type: str
    account_class: str
    system: str | None = None
    takes_payments: bool = False
    currency: str | None = None
    status: str = "ACTIVE"


@dataclass(slots=True, frozen=True)
class TaxRate:
    """Be a tax rate."""

    tax_type: str
    name: str
    rate: Decimal
    report_type: str = "OUTPUT"
    applies_to: frozenset[str] = field(default=frozenset({"ASSET", "EQUITY", "EXPENSES", "LIABILITY", "REVENUE"}))
    status: str = "ACTIVE"
