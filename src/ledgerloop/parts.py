"""Hold the parts that steps work with: stores, clients, terms, clock.

Durable workflows are module-level functions, started again by name after a crash, so nothing can be passed to them but
small values. ``bootstrap`` equips this module once, before the engine is launched; flows ask for ``parts()``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ledgerloop.clock import Clock
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.rules.identity.profiles import UNNUMBERED, Numbered
from ledgerloop.rules.ownership import FIELDS, Owner
from ledgerloop.rules.routing import Route
from ledgerloop.store.db import Database
from ledgerloop.store.witness import Witness
from ledgerloop.xero.client import XeroClient


@dataclass(frozen=True, slots=True)
class Brake:
    """How many records an hour may make and change in HubSpot without a plan, for each organisation."""

    create: int = 200
    update: int = 10_000


@dataclass(frozen=True, slots=True)
class Traces:
    """Where other tools wrote which invoice is a deal's, and how far its date may lie from the day of winning it."""

    invoice_id: str = ""
    invoice_number: str = ""
    days: int = 31


@dataclass(frozen=True)
class Parts:
    """All that the flows need from outside."""

    database: Database
    xero: Callable[[str], XeroClient]
    """Gives the client of an organisation."""
    hubspot: Callable[[], HubSpotClient]
    """Gives the client of the portal."""
    clock: Clock
    """Tells the time, waits, and works in threads."""
    new_key: Callable[[], str]
    """Gives a new Idempotency-Key, of at most 128 characters."""
    nudge: Callable[[], None]
    """Tells the engine that a lane may have become ready."""
    random: Callable[[], float]
    """Gives a number from 0 to 1, for jitter."""
    digest: Callable[[str], str]
    """Gives the keyed hash of an address."""
    routes: tuple[Route, ...] = (Route(),)
    names: Mapping[str, str] = field(default_factory=dict)
    """Property names that this portal uses instead of ours."""
    owners: Mapping[str, Owner] = field(default_factory=lambda: dict.fromkeys(FIELDS, "first"))
    """Whose value of a customer's field stands."""
    numbered: Numbered = UNNUMBERED
    """The properties of HubSpot's companies that carry their tax and company numbers."""
    private_people: bool = True
    """Whether a customer who is a person and no firm gets a contact only, and no company of its name."""
    to_xero: bool = False
    """Whether what people change in HubSpot is carried to Xero."""
    write_number: bool = False
    """Whether a customer that was found gets its HubSpot id in Xero, where its ContactNumber is empty."""
    poll_every: timedelta = timedelta(seconds=60)
    """How often won deals are looked for without a webhook."""
    books_floor: timedelta = timedelta(minutes=1)
    """How soon after a reading an organisation's books are read again, because a deal blames them."""
    books_read: dict[tuple[str, str], float] = field(default_factory=dict)
    """When this process last read a kind of an organisation's books, by the clock that only goes on."""
    catch_up_every: timedelta = timedelta(minutes=15)
    """How often every kind of record is pulled without a webhook."""
    most_invoices: int = 1_000
    """How many invoices may be made within an hour without asking anybody."""
    most_amount: Decimal | None = None
    """How much may be invoiced within an hour, in any one currency, without asking anybody."""
    verify_every: timedelta | None = None
    """How often forty customers are compared with Xero's own balances; never where there is nothing."""
    show_all: bool = False
    """Whether contacts are shown that never owed anything: new ones, suppliers, payees of the bank."""
    notes: bool = False
    """Whether notes are written on what happens to invoices."""
    brake: Brake = Brake()
    traces: Traces = Traces()
    figures: Callable[[str], Mapping[str, Any]] = lambda organisation: {}
    """Tells what an organisation's work has cost so far and which quotas are left, for those who watch."""
    look_again: Callable[[str, datetime], None] = lambda organisation, asked: None
    """Lets the next call find out what is left of an organisation's quotas; once for each moment that is given."""
    explain_refusal: Callable[[], Sequence[str]] = lambda: ()
    """Says what may be amiss at the vendors where one of them refused something for good, in sentences."""
    witness: Witness | None = None
    """Keeps outside the database how far it has come."""
    begun: datetime | None = None
    """When this process began: what it knows of the ledger may be older than that."""
    stopping: Callable[[], bool] = lambda: False
    """Tells whether the service is about to stop, so that long work ends at its next batch."""

    def now(self) -> datetime:
        """Tell the moment."""
        return self.clock.now()


_equipped: Parts | None = None
_instead: ContextVar[Parts | None] = ContextVar("parts", default=None)


def equip(given: Parts | None) -> None:
    """Give the flows their parts, or take them away when the service stops."""
    global _equipped
    _equipped = given


def parts() -> Parts:
    """Return the parts; an error where the service was not put together first."""
    given = _instead.get() or _equipped
    if given is None:
        raise RuntimeError("the flows have no parts yet: they must be equipped before the engine is launched")
    return given


@contextmanager
def instead(given: Parts) -> Iterator[None]:
    """Let this thread work with other parts while the block lasts: a client that counts, or one that writes nothing."""
    before = _instead.set(given)
    try:
        yield
    finally:
        _instead.reset(before)
