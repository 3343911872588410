"""Frozen nouns that all layers share. Does no I/O and decides nothing.

Amounts are :class:`~decimal.Decimal`, moments are aware UTC, days are days in the
organisation's own zone, ids are text.
A vendor's own words stay in that vendor's package; here only ours are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from ledgerloop.subjects import Subject

Vendor = Literal["xero", "hubspot"]

EventState = Literal["waiting", "done", "skipped", "unreadable"]
"""What became of an event: it waits for its lane, was acted on, is not our business, or was not understood."""


@dataclass(frozen=True, slots=True)
class Event:
    """What a vendor told us, once. ``key`` tells one event from another where the vendor has no id for it."""

    source: Vendor
    key: str
    lane: str
    """The organisation (Xero) or portal (HubSpot) that the event belongs to; empty where unreadable."""
    category: str
    """The kind of record, in the vendor's word: INVOICE, PAYMENT, deal ..."""
    kind: str
    """What happened to it, in the vendor's word, upper case for Xero: CREATE, UPDATE, propertyChange ..."""
    resource: str
    """The id of the record."""
    occurred_at: datetime
    body: str
    """The event as JSON text, all its keys kept; for an unreadable delivery the raw text."""
    state: EventState = "waiting"
    reason: str = ""


_BESIDE = timedelta(minutes=1)
"""How much earlier than a right webhook one may have been refused that is counted after it, by another process.

Where it seems earlier than that, the clock was ahead when the right one came."""


@dataclass(frozen=True, slots=True)
class Signed:
    """How the signatures of a vendor's webhooks were: when the last right one came, and what was refused since then."""

    vendor: Vendor
    right_at: datetime | None = None
    refused: int = 0
    refused_since: datetime | None = None
    refused_at: datetime | None = None
    why: str = ""
    """Why the last of them was refused."""
    ever: int = 0
    """How many were refused at all."""

    def then(self, later: Signed) -> Signed:
        """Return both in one, where the other was counted afterwards."""
        ever = self.ever + later.ever
        if later.right_at is not None:
            return replace(later, ever=ever)
        if not later.refused or self._ended(later):
            return replace(self, ever=ever)
        since = self.refused_since or later.refused_since
        return Signed(
            self.vendor, self.right_at, self.refused + later.refused, since, later.refused_at, later.why, ever
        )

    def _ended(self, refused: Signed) -> bool:
        """Tell whether our right one came after what was refused, though it was counted before."""
        if self.right_at is None or refused.refused_at is None:
            return False
        return timedelta(0) <= self.right_at - refused.refused_at <= _BESIDE


@dataclass(frozen=True, slots=True)
class Rest:
    """From when until when something is left alone.

    One that begins in the future is none: the clock was ahead when it was kept. So nothing rests for longer than it was
    to, whatever the clock did meanwhile.
    """

    began: datetime | None
    """None where an earlier release kept it, which did not say."""
    until: datetime

    def lasts(self, now: datetime) -> bool:
        """Tell whether it has begun and is not over."""
        return (self.began is None or self.began <= now) and now < self.until

    def over_at(self, now: datetime) -> datetime:
        """Return when it is over: now, where it does not last."""
        return self.until if self.lasts(now) else now


@dataclass(frozen=True, slots=True)
class Outage:
    """Since when something that must go on does not, and why."""

    since: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a service that runs says of itself, for those who look from outside."""

    worker: str
    at: datetime
    receiving: bool = True
    outage: Outage | None = None
    """Since when it cannot write what it must."""
    unopened: tuple[str, ...] = ()
    """The secrets that its key file does not open."""
    clock_off: timedelta | None = None
    """By how much the vendors' clocks are ahead of its own; none before one answered."""
    key: str = ""
    """What is wrong with the key file itself, and what cures it."""
    store: str = ""
    """What is wrong with a secret store elsewhere."""
    landed: tuple[str, ...] = ()
    """The secrets that wait here, sealed, for that store to take them."""


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that a turn of a lane has taken from the inbox."""

    id: int
    category: str
    kind: str
    resource: str
    occurred_at: datetime
    body: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A further person of a customer, beside the one it is called by."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    email_key: str = ""
    """The email as matching compares it; made by ``rules.identity``."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A contact of an organisation, as the ledger knows it: a customer, a supplier, or a payee of the bank."""

    organisation: str
    id: str
    name: str
    email: str = ""
    number: str = ""
    """Xero's ContactNumber, the slot where the customer carries its HubSpot id."""
    active: bool = True
    merged_into: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    updated_at: datetime | None = None
    email_key: str = ""
    """The email as matching compares it; made by ``rules.identity``."""
    persons: tuple[Person, ...] = ()
    is_customer: bool = False
    """Whether the ledger says that it was sold to. It may say so late: a sale does not touch the contact."""
    is_supplier: bool = False
    tax_number: str = ""
    """ABN, GST, VAT or tax id, as it was typed."""
    company_number: str = ""
    """The number in a register of companies, as it was typed."""
    keys: tuple[str, ...] = ()
    """What the customer is looked for by; made by ``rules.identity.profiles``."""


ReceivableKind = Literal["invoice", "credit_note", "prepayment", "overpayment"]


@dataclass(frozen=True, slots=True)
class Payment:
    """Money received on a receivable."""

    id: str
    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Receivable:
    """A sales document that bears on what a customer owes.

    ``due`` is what is still to be paid; ``remaining`` is credit that is not allocated yet (credit notes, prepayments,
    overpayments). ``rate`` is units of ``currency`` for one unit of the organisation's base currency, as Xero has it.
    """

    organisation: str
    id: str
    kind: ReceivableKind
    customer: str
    status: str
    currency: str
    total: Decimal
    rate: Decimal = Decimal(1)
    due: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    credited: Decimal = Decimal(0)
    remaining: Decimal = Decimal(0)
    number: str = ""
    reference: str = ""
    url: str = ""
    issued_on: date | None = None
    due_on: date | None = None
    paid_on: date | None = None
    payments: tuple[Payment, ...] = ()
    updated_at: datetime | None = None
    mark: str = ""
    """A deal's mark in the reference; found by ``rules.invoice_markers``."""
    credit_notes: Decimal = Decimal(0)
    """What of ``credited`` credit notes took off; the rest are prepayments and overpayments, which are money."""


@dataclass(frozen=True, slots=True)
class Organisation:
    """What we need to know of a Xero organisation."""

    id: str
    name: str
    base_currency: str
    timezone: str
    """IANA name, such as Pacific/Auckland."""
    short_code: str = ""
    """Used in deep links into Xero."""
    country: str = ""
    shown: bool = True
    """Whether its customers are shown in HubSpot; its invoices are, on their deals, in any case."""

    def day(self, moment: datetime) -> date:
        """Return the day that it is there at a moment: days begin and end where the books are kept."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()


@dataclass(frozen=True, slots=True)
class Portal:
    """What we need to know of a HubSpot account."""

    id: str
    name: str
    currency: str
    timezone: str
    ui_domain: str = "app.hubspot.com"
    app_id: str = ""
    """Our own app's id: an INTEGRATION change by it is an echo of our own write."""


IntentState = Literal["intended", "sent", "made", "refused"]
"""``intended``: on disk, not sent. ``sent``: a request may have left, so look before sending again.
``made``: the invoice stands, made or adopted. ``refused``: the vendor said no; new values may be tried."""


EmailState = Literal["", "wanted", "asked", "sent"]
"""``wanted``: once it is approved. ``asked``: a request may have left, so look before asking again."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An invoice we are about to create, on disk before the request leaves. One for each deal, for ever."""

    portal: str
    deal: str
    organisation: str
    customer: str
    payload: str
    """The invoice as JSON text, exactly as it is sent."""
    payload_hash: str
    key: str
    """The Idempotency-Key. A new one is made whenever the vendor is known to have refused the last."""
    marker: str
    """Stands in the invoice's Reference."""
    url: str
    """The deal's address, stands in the invoice's Url."""
    state: IntentState = "intended"
    invoice: str = ""
    number: str = ""
    created_at: datetime | None = None
    sent_at: datetime | None = None
    basis: str = ""
    """A hash of what the deal said: an edit shows by another one, whatever happened to the settings meanwhile."""
    said: Decimal | None = None
    """What the deal says the invoice comes to, in ``said_currency``; ``said_tax`` tells how tax is meant."""
    note: str = ""
    """What the deal shall say though its invoice stands: a difference, or an edit that came too late."""
    asks: str = ""
    """Why a person must approve before this is sent; empty where nobody needs to."""
    approved_at: datetime | None = None
    email: EmailState = ""
    paid_stage: str = ""
    """The stage the deal moves to once its invoice is paid; empty for none."""
    online_url: str = ""
    """Where the customer sees the invoice; ``wanted`` until it is known, empty where nobody asked."""
    last_sent_at: datetime | None = None
    """When its request left for the last time; ``sent_at`` is the first."""
    stood: str = ""
    """The invoice's lines as Xero returned them when it was made or last changed by us; made by ``rules.edits``."""
    said_currency: str = ""
    """The currency in which the deal says what the invoice comes to."""
    said_tax: str = ""
    """How tax is meant there, in Xero's word: Exclusive, Inclusive or NoTax."""
    deal_name: str = ""
    """What the deal is called in HubSpot, for people."""
    accepted: str = ""
    """The differences between deal and invoice that a person called right, as they were told."""


LinkKind = Literal["contact", "company", "deal"]


@dataclass(frozen=True, slots=True)
class Link:
    """That a Xero record and a HubSpot record are the same thing; ``how`` says how we know: email, created ..."""

    organisation: str
    xero_id: str
    kind: LinkKind
    """The kind of the HubSpot record; contact and company link a customer, deal links an invoice."""
    hubspot_id: str
    how: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Decide that nothing is to be done, and say why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Name a record that a person may choose as the answer to a question about who is who."""

    kind: Literal["contact", "company", "customer"]
    """A customer where it is asked who pays for a deal; else the kind of the HubSpot record."""
    id: str
    name: str
    """What people know it by, and what it has in common."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Decide that a person must decide. ``reasons`` are whole sentences, all at once: what is wrong, what to do."""

    reasons: tuple[str, ...]
    candidates: tuple[str, ...] = ()
    books: bool = False
    """Whether the organisation's books are among the reasons, so that a change there may cure it."""
    choices: tuple[Choice, ...] = ()
    """The records that a person may choose among; where there are any, “a new one” is an answer as well."""

    @property
    def sentence(self) -> str:
        """Join the reasons for a field that has room for one text."""
        return " ".join(self.reasons)


Decision = Literal["create", "update", "skip", "hold", "adopt"]
"""What was done about a subject, as the journal has it."""


@dataclass(frozen=True, slots=True)
class Line:
    """What is said in the journal of one decision; whose turn said it, and when, the journal adds itself."""

    subject: Subject
    """What it is about, such as ``deal 123`` or ``customer 5f3c…``."""
    decision: Decision
    rule: str
    """The function that decided."""
    reason: str
    target: str = ""
    """What was written to, such as ``hubspot contact 512`` or ``xero invoice 046d…``."""
    values: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    """What the vendor answered to a write, in its own words where it has any."""
    led_by: tuple[Subject, ...] = ()
    """Other subjects whose events led to it too, such as the deals for which a customer was made."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the journal: which event, which rule, which values, when, and what the vendor answered."""

    at: datetime
    lane: str
    turn: int
    """The turn of the lane that wrote it; 0 where a command or the console did."""
    subject: Subject
    """What it is about, such as ``deal 123`` or ``customer 5f3c…``."""
    decision: Decision
    rule: str
    """The function that decided."""
    reason: str
    target: str = ""
    """What was written to, such as ``hubspot contact 512`` or ``xero invoice 046d…``."""
    values: Mapping[str, str] = field(default_factory=dict)
    answer: str = ""
    events: tuple[int, ...] = ()
    """The inbox's ids of the events that led to it, the oldest first; no more than ``store.journal.MOST_EVENTS``."""
    more_events: int = 0
    """How many events led to it beside those."""
