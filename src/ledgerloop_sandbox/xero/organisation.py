"""Hold one organisation's books: its tables, their indexes, and changes that can be taken back."""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from ledgerloop_sandbox.xero.records import (
    SALE,
    Account,
    BatchPayment,
    Contact,
    Credit,
    Document,
    Invoice,
    Payment,
    TaxRate,
)


class Record(Protocol):
    """Be anything that has an id and a time of its last change."""

    id: str
    updated: datetime


R = TypeVar("R", bound=Record)


class Table(Generic[R]):
    """Hold records by id, in the order of their last change."""

    def __init__(self) -> None:
        self.rows: dict[str, R] = {}

    def put(self, record: R) -> None:
        """Add a record, or move it to the end because it changed."""
        self.rows.pop(record.id, None)
        self.rows[record.id] = record

    def get(self, record_id: str | None) -> R | None:
        """Return a record by its id, in either case."""
        return self.rows.get((record_id or "").lower())

    def changed_since(self, moment: datetime) -> list[R]:
        """Return what changed in a later second than this one, oldest first."""
        newest: list[R] = []
        for record in reversed(self.rows.values()):
            if record.updated.replace(microsecond=0) <= moment:
                break
            newest.append(record)
        newest.reverse()
        return newest

    def __iter__(self) -> Iterator[R]:
        return iter(list(self.rows.values()))  # all at once: tests look at them beside the thread that changes them

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Happening:
    """Be something that a webhook may tell."""

    category: str
    type: str
    record: Any


@dataclass
class Organisation:
    """Be one organisation: what Xero knows about it and everything in its books."""

    tenant_id: str
    name: str
    legal_name: str
    country_code: str
    base_currency: str
    timezone: str
    zone: ZoneInfo
    short_code: str
    created: datetime
    random: random.Random
    accounts: dict[str, Account] = field(default_factory=dict)
    tax_rates: dict[str, TaxRate] = field(default_factory=dict)
    currencies: dict[str, str] = field(default_factory=dict)
    exchange_rates: dict[str, Decimal] = field(default_factory=dict)
    branding_themes: list[dict[str, Any]] = field(default_factory=list)
    tracking_categories: list[dict[str, Any]] = field(default_factory=list)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    organisation_class: str = "PREMIUM"
    default_sales_tax: str = "Tax Exclusive"
    period_lock_date: date | None = None
    end_of_year_lock_date: date | None = None
    payment_terms: dict[str, Any] = field(default_factory=dict)
    offline: bool = False
    rounding: bool = False
    """Whether it has opted in to rounded totals."""
    opening_stock: dict[str, Decimal] = field(default_factory=dict)
    """By item code, what there was of those that are tracked before any document."""
    next_number: dict[str, int] = field(default_factory=lambda: {"INV": 1, "CN": 1})
    history: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    edition: int = 0
    """Grows with every change; whoever remembers a selection compares it."""

    def __post_init__(self) -> None:
        self.contacts: Table[Contact] = Table()
        self.invoices: Table[Invoice] = Table()
        self.payments: Table[Payment] = Table()
        self.batch_payments: Table[BatchPayment] = Table()
        self.credits: dict[str, Table[Credit]] = {
            "CreditNote": Table(),
            "Prepayment": Table(),
            "Overpayment": Table(),
        }
        self.contact_names: dict[str, str] = {}
        self.contact_numbers: dict[str, str] = {}
        self.sales_numbers: dict[str, str] = {}
        self.documents: dict[str, list[Document]] = {}

    def new_id(self) -> str:
        """Return an id from the organisation's seed."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def today(self, now: datetime) -> date:
        """Return the day it is for the organisation."""
        return now.astimezone(self.zone).date()

    def document(self, document_id: str) -> Invoice | Credit | None:
        """Return the invoice or credit with this id."""
        return self.invoices.get(document_id) or self.credit(document_id)

    def credit(self, credit_id: str) -> Credit | None:
        """Return the credit note, prepayment or overpayment with this id."""
        return next((found for table in self.credits.values() if (found := table.get(credit_id))), None)

    def number(self, prefix: str) -> str:
        """Return the next automatic number that is free."""
        while True:
            number = f"{prefix}-{self.next_number[prefix]:04d}"
            self.next_number[prefix] += 1
            if number.lower() not in self.sales_numbers:
                return number

    def locked_until(self) -> date | None:
        """Return the last day that documents may no longer be dated on."""
        dates = [day for day in (self.period_lock_date, self.end_of_year_lock_date) if day]
        return max(dates, default=None)

    def index(self, record: Record) -> None:
        """Make a record findable by what must be unique, and by its contact; what another one holds stays its own."""
        if isinstance(record, Contact):
            if record.status == "ACTIVE":
                self.contact_names.setdefault(record.name.lower(), record.id)
            if record.number:
                self.contact_numbers.setdefault(record.number.lower(), record.id)
        elif isinstance(record, Document):
            if isinstance(record, Invoice) and record.type == SALE:
                self.sales_numbers.setdefault(record.number.lower(), record.id)
            self.documents.setdefault(record.contact_id, []).append(record)

    def unindex(self, record: Record) -> None:
        """Take a record out of the indexes."""
        if isinstance(record, Contact):
            _drop(self.contact_names, record.name.lower(), record.id)
            _drop(self.contact_numbers, (record.number or "").lower(), record.id)
        elif isinstance(record, Document):
            if isinstance(record, Invoice):
                _drop(self.sales_numbers, record.number.lower(), record.id)
            self.documents[record.contact_id] = [
                other for other in self.documents.get(record.contact_id, ()) if other is not record
            ]


class Change:
    """Collect what one call changes, so that it can be kept as a whole or taken back."""

    def __init__(self, organisation: Organisation, now: datetime) -> None:
        self.organisation = organisation
        self.now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self.warnings: list[str] = []
        self._undo: list[Callable[[], None]] = []
        self._seen: set[str] = set()
        self._touched: dict[str, tuple[Table[Any], Any]] = {}
        self._happened: dict[tuple[str, str], Happening] = {}

    def add(self, table: Table[R], record: R, category: str | None = None) -> R:
        """Add a new record."""
        table.put(record)
        self.organisation.index(record)
        self._seen.add(record.id)

        def undo() -> None:
            self.organisation.unindex(record)
            del table.rows[record.id]

        self._undo.append(undo)
        self.tell(category, "CREATE", record)
        return record

    def edit(self, record: Record) -> None:
        """Take a record out of the indexes before it is changed; `touch` or `quietly` puts it back."""
        if record.id not in self._seen:
            self._seen.add(record.id)
            before = {f.name: getattr(record, f.name) for f in fields(record)}  # type: ignore[arg-type]

            def undo() -> None:
                self.organisation.unindex(record)
                for name, value in before.items():
                    setattr(record, name, value)
                self.organisation.index(record)

            self._undo.append(undo)
        self.organisation.unindex(record)

    def touch(self, table: Table[R], record: R, category: str | None = None) -> None:
        """Finish an edit that counts as a change: UpdatedDateUTC moves and the webhook tells."""
        record.updated = self.now
        self._touched[record.id] = (table, record)
        self.quietly(record)
        self.tell(category, "UPDATE", record)

    def quietly(self, record: Record) -> None:
        """Finish an edit that If-Modified-Since does not see."""
        if isinstance(record, Document):
            record.text = None
        self.organisation.index(record)

    def keep(self) -> list[Happening]:
        """Make the change final; return what the webhooks may tell."""
        self.organisation.edition += 1
        for table, record in self._touched.values():
            table.put(record)
        return list(self._happened.values())

    def take_back(self) -> None:
        """Undo everything."""
        for undo in reversed(self._undo):
            undo()

    def tell(self, category: str | None, kind: str, record: Record) -> None:
        """Note what the webhooks may tell; the first word about a record stands."""
        if category:
            self._happened.setdefault((category, record.id), Happening(category, kind, record))


def _drop(index: dict[str, str], key: str, record_id: str) -> None:
    if index.get(key) == record_id:
        del index[key]
