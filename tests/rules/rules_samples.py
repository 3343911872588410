"""Plain values for the rules' tests: an organisation, a portal, and documents as Xero would have them. No fixtures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Organisation, Payment, Portal, Receivable, ReceivableKind
from ledgerloop.rules.identity.profiles import keys_of_customer

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The machine that runs the tests may be busy with others."""

TODAY = date(2026, 11, 22)
HOME = Organisation(
    id="1a2b",
    name="Harbour Supplies Ltd",
    base_currency="NZD",
    timezone="Pacific/Auckland",
    short_code="!mBdtL",
    country="NZ",
)
PORTAL = Portal(id="4711", name="Harbour", currency="NZD", timezone="Pacific/Auckland", ui_domain="app-eu1.hubspot.com")

UPDATED = datetime(2026, 11, 2, 16, 36, 32, tzinfo=UTC)
_numbers = count(1)


def day(offset: int) -> date:
    """Return the day so many days after today."""
    return TODAY + timedelta(days=offset)


def invoice(
    total: str = "100.00",
    *,
    paid: Sequence[tuple[int, str]] = (),
    credited: str = "0.00",
    due: int | None = 10,
    status: str = "",
    currency: str = "NZD",
    rate: str = "1",
    number: str = "",
) -> Receivable:
    """Return a sales invoice whose amounts agree; payments and the due date are given as days from today."""
    payments = tuple(Payment(f"p{next(_numbers)}", day(offset), Decimal(amount)) for offset, amount in paid)
    received = sum((payment.amount for payment in payments), Decimal("0.00"))
    rest = Decimal(total) - received - Decimal(credited)
    return Receivable(
        organisation=HOME.id,
        id=f"i{next(_numbers)}",
        kind="invoice",
        customer="c1",
        status=status or ("AUTHORISED" if rest else "PAID"),
        currency=currency,
        total=Decimal(total),
        rate=Decimal(rate),
        due=rest,
        paid=received,
        credited=Decimal(credited),
        number=number,
        issued_on=day(-60),
        due_on=None if due is None else day(due),
        payments=payments,
    )


def credit(
    kind: ReceivableKind,
    total: str = "50.00",
    *,
    remaining: str | None = None,
    status: str = "AUTHORISED",
    issued: int | None = -5,
    currency: str = "NZD",
    rate: str = "1",
) -> Receivable:
    """Return a credit note, prepayment or overpayment; without ``remaining`` nothing of it is allocated."""
    return Receivable(
        organisation=HOME.id,
        id=f"k{next(_numbers)}",
        kind=kind,
        customer="c1",
        status=status,
        currency=currency,
        total=Decimal(total),
        rate=Decimal(rate),
        remaining=Decimal(total if remaining is None else remaining),
        issued_on=None if issued is None else day(issued),
    )


def customer(**values: Any) -> Customer:
    """Return a customer with all that a customer can have, unless told otherwise."""
    given: dict[str, Any] = {
        "organisation": HOME.id,
        "id": "c1",
        "name": "Acme Ltd",
        "email": "Kat@Acme.nz",
        "first_name": "Kat",
        "last_name": "Warren",
        "phone": "64 9 5551234",
        "street": "1 Quay St, Level 2",
        "city": "Auckland",
        "region": "AKL",
        "postcode": "1010",
        "country": "New Zealand",
        "email_key": "kat@acme.nz",
    }
    made = Customer(**(given | values))
    return replace(made, keys=keys_of_customer(made))


def record(id_: str = "1", /, **properties: str | None) -> Record:
    """Return a HubSpot record."""
    return Record(id=id_, properties=properties)


def item(id_: str = "1", /, **properties: str | None) -> Record:
    """Return a line item: one widget for 10, unless told otherwise."""
    values: dict[str, str | None] = {"name": "Widget", "quantity": "1", "price": "10"}
    return record(id_, **(values | properties))


class _Watched(dict[str, str | None]):
    """Properties that note which of them are looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        """Note the name."""
        self.asked.add(name)
        return default


def watched() -> tuple[Record, set[str]]:
    """Return an empty HubSpot record, and the names of the properties that will have been looked at."""
    properties = _Watched()
    return Record.model_construct(id="1", properties=properties), properties.asked
