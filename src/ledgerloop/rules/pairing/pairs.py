"""A pair: a won deal, an invoice that stands in Xero, and what speaks for and against the two. Does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from ledgerloop.records import Organisation, Receivable

Kind = Literal["named", "called", "fits"]
"""How a pair was found: one side names the other; the reference is the deal's name; or only the facts agree."""
KINDS: tuple[Kind, ...] = ("named", "called", "fits")


@dataclass(frozen=True, slots=True)
class Former:
    """The invoice that a deal has, and whose place another may take because a person names the two."""

    organisation: str
    invoice: str
    number: str
    status: str
    """As Xero has it: deleted, voided, or with money on it, so that it can be neither."""
    ended: bool
    """Whether it bills nothing any more: it may also be credited in full."""
    where: str = ""
    """What its organisation is called."""

    @property
    def called(self) -> str:
        """Return its number, else its id."""
        return self.number or self.invoice


@dataclass(frozen=True, slots=True)
class Sold:
    """A won deal that has no invoice yet that stands, as far as is known here."""

    id: str
    name: str = ""
    amount: Decimal | None = None
    """What it says it comes to, to the cent; None where it says nothing."""
    currency: str = ""
    won_at: datetime | None = None
    ids: Mapping[str, str] = field(default_factory=dict)
    """By property: the text in which it names an invoice by Xero's id, such as an address that ends with it."""
    numbers: Mapping[str, str] = field(default_factory=dict)
    """By property: the number of an invoice."""
    merged: tuple[str, ...] = ()
    """The ids of deals that were merged into it."""
    customers: Mapping[str, str] = field(default_factory=dict)
    """By organisation: the customer that it belongs to, where that is known."""
    organisation: Organisation | None = None
    """Where its route leads; None where none does."""
    former: Former | None = None
    """The invoice that it has all the same."""


@dataclass(frozen=True, slots=True)
class Stands:
    """An invoice that stands in Xero."""

    organisation: Organisation
    document: Receivable
    customer: str = ""
    """What its customer is called."""
    net: Decimal | None = None
    """What it comes to before tax; None where that was not read."""
    marked_for: str = ""
    """The deal whose mark or address it carries."""
    followed_for: str = ""
    """The deal that has it already."""

    @property
    def key(self) -> tuple[str, str]:
        """Tell it from every other: its organisation and its id."""
        return self.organisation.id, self.document.id

    @property
    def called(self) -> str:
        """Return its number, else its id: Xero gives a draft a number too, but need not."""
        return self.document.number or self.document.id


@dataclass(frozen=True, slots=True)
class Pair:
    """A deal and an invoice that may belong to it: what speaks for that, and what against it."""

    deal: Sold
    invoice: Stands
    kind: Kind
    agrees: tuple[str, ...]
    doubts: tuple[str, ...] = ()
    elsewhere: bool = False
    """It is not where the deal's route leads, and no id says that it is the deal's all the same."""

    @property
    def certain(self) -> bool:
        """Tell whether nothing speaks against it."""
        return not self.doubts


@dataclass(frozen=True, slots=True)
class Plan:
    """What belongs to what, and what a person must decide; the deals of neither have no invoice here."""

    certain: tuple[Pair, ...] = ()
    uncertain: tuple[Pair, ...] = ()
    lost: tuple[tuple[Sold, str], ...] = ()
    """Deals that name an invoice which nobody has, each with a sentence that says so."""
    without: tuple[Sold, ...] = ()


def in_order(deal: str) -> tuple[int, str]:
    """Sort ids as the numbers that they are."""
    return len(deal), deal


def days_between(deal: Sold, organisation: Organisation, document: Receivable) -> float:
    """Return how many days lie between winning a deal and the date of an invoice; endless where either is not known."""
    if deal.won_at is None or document.issued_on is None:
        return float("inf")
    return abs((document.issued_on - organisation.day(deal.won_at)).days)
