"""Tell which invoice that stands in Xero belongs to which won deal, and on what evidence. Does no I/O.

A pair is certain where the deal names the invoice, or the customer, the amount and the date are the same, and nothing
speaks against it: no other pair, no other currency, amount, customer or mark. Everything else is shown to a person,
with both sides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

from ledgerloop.records import Organisation, Receivable
from ledgerloop.rules.standing import GONE

Kind = Literal["named", "called", "fits"]
"""How a pair was found: one side names the other; the reference is the deal's name; or only the facts agree."""
KINDS: tuple[Kind, ...] = ("named", "called", "fits")

SHORTEST_ID = 6
"""A shorter number in a reference is no deal's id; it may be anything."""
SHORTEST_NAME = 4
"""A shorter name of a deal says nothing where it stands in a reference."""
MOST_TAX = 2
"""With tax, an invoice comes to less than so many times of what it is before tax: no tax is above 100 %."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NUMBERS = re.compile(rf"(?<![\w-])[0-9]{{{SHORTEST_ID},}}(?!\w)")
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Sold:
    """A won deal that has no invoice yet, as far as is known here."""

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
    home: Organisation | None = None
    """Where its route leads; None where none does."""


@dataclass(frozen=True, slots=True)
class Stands:
    """An invoice that stands in Xero."""

    home: Organisation
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
        return self.home.id, self.document.id

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


class Index:
    """Find the deals that an invoice may belong to, so that not every invoice is held against every deal."""

    def __init__(self, deals: Iterable[Sold], days: int) -> None:
        """Take the deals, and how many days may lie between winning one and dating its invoice."""
        self.deals = {deal.id: deal for deal in deals}
        self._days = days
        self._by: defaultdict[str, set[str]] = defaultdict(set)
        self._by_customer: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._longest_name = 0
        for deal in self.deals.values():
            for key in _keys_of(deal):
                self._by[key].add(deal.id)
            if name := _named(deal.name):
                self._longest_name = max(self._longest_name, len(name))
                self._by[f"name {' '.join(name)}"].add(deal.id)
            for organisation, customer in deal.customers.items():
                self._by_customer[organisation, customer].add(deal.id)

    def of(self, invoice: Stands) -> list[Sold]:
        """Return the deals that an invoice may belong to, whatever it comes to before tax."""
        home, document = invoice.home, invoice.document
        keys = [f"id {document.id.lower()}", f"deal {invoice.marked_for}"]
        keys += [f"number {document.number.casefold()}"] if document.number else []
        keys += [f"deal {one}" for one in _NUMBERS.findall(document.reference)]
        keys += [f"name {one}" for one in _runs(document.reference, self._longest_name)]
        found = {deal for key in keys for deal in self._by.get(key, ())}
        found |= {
            deal for deal in self._by_customer.get((home.id, document.customer), ()) if self._fits(deal, home, document)
        }
        return [self.deals[deal] for deal in sorted(found, key=_in_order)]

    def _fits(self, deal: str, home: Organisation, document: Receivable) -> bool:
        one = self.deals[deal]
        return _may_come_to(one, document) and _days_between(one, home, document) <= self._days


def weigh(deal: Sold, invoice: Stands, days: int) -> Pair | None:
    """Weigh a deal and an invoice; None where nothing says that they belong together.

    What only agrees by chance is not shown: a document that is gone or another deal's is asked about only where the
    deal names it.
    """
    document = invoice.document
    named, called = list(_naming(deal, invoice)), _is_called(deal, document)
    whose, what = _whose(deal, invoice), _amount(deal, invoice)
    apart = _days_between(deal, invoice.home, document)
    near = apart <= days
    agrees = [said for said, _ in named] + (["Its reference names the deal."] if called else [])
    agrees += [one for one in (whose[0], what[0]) if one]
    agrees += [_dated(apart)] if near and agrees else []
    against = [one for one in (*_standing(deal, invoice), whose[1], what[1]) if one]
    if any(alone for _, alone in named):
        return Pair(deal, invoice, "named", tuple(agrees), tuple(against))
    elsewhere = _elsewhere(deal, invoice)
    against += elsewhere
    if named:
        return _pair(deal, invoice, "named", agrees, against, "" if whose[0] or what[0] else _NUMBER_ALONE)
    if _is_out(deal, invoice):
        return None
    if called and (whose[0] or what[0]):
        return _pair(deal, invoice, "called", agrees, against, "" if whose[0] and what[0] else _NAME_ALONE)
    if whose[0] and what[0] and near:
        return _pair(deal, invoice, "fits", agrees, elsewhere)
    return None


def chosen(deal: Sold, invoice: Stands, days: int) -> Pair:
    """Weigh a pair that a person names, also where nothing speaks for it."""
    found = weigh(deal, invoice, days)
    if found is not None:
        return found
    against = [one for one in (*_standing(deal, invoice), _whose(deal, invoice)[1], _amount(deal, invoice)[1]) if one]
    agrees = [one for one in (_whose(deal, invoice)[0], _amount(deal, invoice)[0]) if one]
    return _pair(deal, invoice, "fits", agrees, [*against, *_elsewhere(deal, invoice)], _TOO_LITTLE)


def settle(pairs: Iterable[Pair], asked: Collection[str] = ()) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """Say which pairs are certain, and which a person must decide. ``asked`` are deals that name what is not there.

    Pairs in which one side names the other come first: what they settle is taken, and what they leave open leaves open
    whatever merely fits.
    """
    left = sorted(pairs, key=lambda one: (_in_order(one.deal.id), one.invoice.key))
    certain: list[Pair] = []
    uncertain: list[Pair] = []
    open_deals: set[str] = set(asked)
    open_invoices: set[tuple[str, str]] = set()
    for kind in KINDS:
        taken_deals = {one.deal.id for one in certain}
        taken_invoices = {one.invoice.key for one in certain}
        mine = [one for one in left if one.kind == kind]
        mine = [one for one in mine if one.deal.id not in taken_deals and one.invoice.key not in taken_invoices]
        # A reference with the deal's name is no more than a sign: where it does not fit, it makes nobody a rival. Nor
        # does a number that another organisation has given, too.
        rivals = _Rivals([one for one in mine if one.certain or (kind == "named" and not one.elsewhere)])
        weighed = [
            replace(one, doubts=(*one.doubts, *rivals.of(one), *_left_open(one, open_deals, open_invoices)))
            for one in mine
        ]
        certain += [one for one in weighed if one.certain]
        settled_deals = {one.deal.id for one in certain}
        settled_invoices = {one.invoice.key for one in certain}
        rest = [one for one in weighed if not one.certain]
        rest = [one for one in rest if one.deal.id not in settled_deals and one.invoice.key not in settled_invoices]
        uncertain += rest
        open_deals |= {one.deal.id for one in rest}
        open_invoices |= {one.invoice.key for one in rest}
    return tuple(certain), tuple(sorted(uncertain, key=lambda one: (_in_order(one.deal.id), one.invoice.key)))


def plan(index: Index, pairs: Sequence[Pair]) -> Plan:
    """Put the plan together: what is certain, what is asked, which deals name what nobody has, and all others."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for one in pairs:
        seen[one.deal.id] |= {one.invoice.document.id.lower(), one.invoice.document.number.casefold()}
    lost = tuple(
        (deal, said) for deal in index.deals.values() if (said := " ".join(_naming_nothing(deal, seen[deal.id])))
    )
    certain, uncertain = settle(pairs, {deal.id for deal, _ in lost})
    told = {one.deal.id for one in (*certain, *uncertain)} | {deal.id for deal, _ in lost}
    return Plan(certain, uncertain, lost, tuple(one for key, one in index.deals.items() if key not in told))


def beside(pair: Pair, found: Plan) -> Pair:
    """Return the pair that a person names as a plan has it, else with what the plan has for its deal and invoice."""
    some = (*found.certain, *found.uncertain)
    same = next((one for one in some if (one.deal.id, one.invoice.key) == (pair.deal.id, pair.invoice.key)), None)
    if same is not None:
        return same
    known, asked = _Rivals(found.certain), _Rivals(found.uncertain)
    deals = known.deals_of(pair)
    invoices = known.invoices_of(pair)
    doubts = [f"It is certain to be that of {_listed(deals)}."] if deals else []
    doubts += [f"The deal is certain to have {_listed(invoices)}."] if invoices else []
    return replace(pair, doubts=(*pair.doubts, *doubts, *asked.of(pair)))


def within(found: Plan, homes: Collection[str]) -> Plan:
    """Return the part of a plan whose invoices are in some organisations, and the deals that have none anywhere."""
    return replace(
        found,
        certain=tuple(one for one in found.certain if one.invoice.home.id in homes),
        uncertain=tuple(one for one in found.uncertain if one.invoice.home.id in homes),
    )


def ids_in(text: str) -> list[str]:
    """Return the ids of Xero's that stand in a text, alone or in an address."""
    return _ID.findall(text.lower())


_NUMBER_ALONE = "A number alone is too little: neither the customer nor the amount is known to agree."
_NAME_ALONE = "Beside the name, the customer and the amount would have to agree."
_TOO_LITTLE = "Nothing that is known says that the two belong together."


class _Rivals:
    """The pairs that share a deal or an invoice with one."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._of_deal: defaultdict[str, list[Pair]] = defaultdict(list)
        self._of_invoice: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
        for one in pairs:
            self._of_deal[one.deal.id].append(one)
            self._of_invoice[one.invoice.key].append(one)

    def of(self, pair: Pair) -> Iterator[str]:
        """Say which others there are."""
        if invoices := self.invoices_of(pair):
            yield f"The deal may have {_listed(invoices)} as well."
        if deals := self.deals_of(pair):
            yield f"It may be that of {_listed(deals)} as well."

    def invoices_of(self, pair: Pair) -> list[str]:
        """Name the other invoices of a pair's deal."""
        return [_beside(pair, one) for one in self._of_deal[pair.deal.id] if one.invoice.key != pair.invoice.key]

    def deals_of(self, pair: Pair) -> list[str]:
        """Name the other deals of a pair's invoice."""
        return [f"deal {one.deal.id}" for one in self._of_invoice[pair.invoice.key] if one.deal.id != pair.deal.id]


def _beside(pair: Pair, other: Pair) -> str:
    """Name another invoice, and its organisation where that is another one."""
    home = other.invoice.home
    return other.invoice.called + (f" in {home.name}" if home.id != pair.invoice.home.id else "")


def _listed(some: Sequence[str], most: int = 3) -> str:
    return ", ".join(some[:most]) + (f" and {len(some) - most} more" if len(some) > most else "")


def _left_open(pair: Pair, deals: Collection[str], invoices: Collection[tuple[str, str]]) -> Iterator[str]:
    """Say that a side is in question by a stronger sign already."""
    if pair.deal.id in deals:
        yield "The deal names another invoice, which is in question."
    if pair.invoice.key in invoices:
        yield "Another deal names it, which is in question."


def _pair(
    deal: Sold, invoice: Stands, kind: Kind, agrees: Sequence[str], against: Sequence[str], too_little: str = ""
) -> Pair:
    doubts = (*against, *([too_little] if too_little else []))
    return Pair(deal, invoice, kind, tuple(agrees), doubts, bool(_elsewhere(deal, invoice)))


def _elsewhere(deal: Sold, invoice: Stands) -> list[str]:
    """Say that an invoice is not where the deal's route leads: customers, numbers and sums may be the same in both."""
    if deal.home is None or deal.home.id == invoice.home.id:
        return []
    return [f"It is in {invoice.home.name}, and the deal's route leads to {deal.home.name}."]


def _naming(deal: Sold, invoice: Stands) -> Iterator[tuple[str, bool]]:
    """Say by what one side names the other, and whether that is enough alone."""
    document = invoice.document
    for name, text in deal.ids.items():
        if document.id.lower() in ids_in(text):
            yield f"The deal's `{name}` has its id.", True
    if invoice.marked_for in (deal.id, *deal.merged):
        yield "It carries the deal's mark.", True
    for name, text in deal.numbers.items():
        if document.number and text.strip().casefold() == document.number.casefold():
            yield f"The deal's `{name}` has its number.", False
    if {deal.id, *deal.merged} & set(_NUMBERS.findall(document.reference)):
        yield "Its reference has the deal's id.", False


def _naming_nothing(deal: Sold, seen: Collection[str]) -> Iterator[str]:
    """Say which invoices a deal names that are not among those that were seen of it."""
    for name, text in deal.ids.items():
        named = ids_in(text)
        if named and not set(named) & set(seen):
            yield _names_nothing(name, named[0])
    for name, text in deal.numbers.items():
        if text.strip() and text.strip().casefold() not in seen:
            yield _names_nothing(name, text.strip())


def _names_nothing(name: str, text: str) -> str:
    return f"The deal's `{name}` names invoice {text}, and no connected organisation has such a sales invoice."


def _is_called(deal: Sold, document: Receivable) -> bool:
    name = _named(deal.name)
    return bool(name) and " ".join(name) in set(_runs(document.reference, len(name)))


def _whose(deal: Sold, invoice: Stands) -> tuple[str, str]:
    """Say that the customer is the same, or that it is another; neither where it is not known."""
    known = deal.customers.get(invoice.home.id)
    called = invoice.customer or invoice.document.customer
    if not known:
        return "", ""
    if known == invoice.document.customer:
        return f"“{called}” is the deal's customer.", ""
    return "", f"It is made out to “{called}”, which is not the deal's customer."


def _amount(deal: Sold, invoice: Stands) -> tuple[str, str]:
    """Say that the amount is the same to the cent, with tax or before it, or that it is another."""
    document = invoice.document
    if deal.amount is None or (deal.currency and deal.currency != document.currency):
        return "", ""
    if deal.amount == document.total:
        return f"It comes to {document.total:.2f} {document.currency}, as the deal says.", ""
    if deal.amount == invoice.net:
        return f"It comes to {invoice.net:.2f} {document.currency} before tax, as the deal says.", ""
    before = f" ({invoice.net:.2f} before tax)" if invoice.net not in (None, document.total) else ""
    sums = f"{document.total:.2f} {document.currency}{before}"
    return "", f"It comes to {sums}, and the deal says {deal.amount:.2f}."


def _dated(apart: float) -> str:
    if apart == 0:
        return "It is dated on the day on which the deal was won."
    return f"It is dated {'a day' if apart == 1 else f'{apart:.0f} days'} from when the deal was won."


def _standing(deal: Sold, invoice: Stands) -> Iterator[str]:
    """Say what of the invoice itself speaks against a pair."""
    document = invoice.document
    if document.status in GONE:
        yield f"It is {document.status} in Xero."
    if invoice.followed_for and invoice.followed_for != deal.id:
        yield f"It is followed for deal {invoice.followed_for} already."
    if _is_anothers(deal, invoice):
        yield f"It carries the mark of deal {invoice.marked_for}."
    if deal.currency and deal.currency != document.currency:
        yield f"It is in {document.currency}, and the deal is in {deal.currency}."


def _is_out(deal: Sold, invoice: Stands) -> bool:
    """Tell whether an invoice that the deal does not name is out of the question."""
    return invoice.document.status in GONE or bool(invoice.followed_for) or _is_anothers(deal, invoice)


def _is_anothers(deal: Sold, invoice: Stands) -> bool:
    return invoice.marked_for not in ("", deal.id, *deal.merged)


def _may_come_to(deal: Sold, document: Receivable) -> bool:
    """Tell whether an invoice may come to what a deal says, with tax or before it."""
    if not deal.amount or (deal.currency and deal.currency != document.currency):
        return False
    return deal.amount <= document.total <= MOST_TAX * deal.amount


def _days_between(deal: Sold, home: Organisation, document: Receivable) -> float:
    """Return how many days lie between winning a deal and the date of an invoice; endless where either is not known."""
    if deal.won_at is None or document.issued_on is None:
        return float("inf")
    return abs((document.issued_on - home.day(deal.won_at)).days)


def _keys_of(deal: Sold) -> Iterator[str]:
    yield from (f"id {one}" for text in deal.ids.values() for one in ids_in(text))
    yield from (f"number {text.strip().casefold()}" for text in deal.numbers.values() if text.strip())
    yield from (f"deal {one}" for one in (deal.id, *deal.merged))


def _named(name: str) -> list[str]:
    """Return the words of a deal's name, where there is enough of them to know it by."""
    words = _WORDS.findall(name.casefold())
    return words if sum(map(len, words)) >= SHORTEST_NAME else []


def _runs(text: str, longest: int) -> Iterator[str]:
    """Yield every run of words of a text, up to so many of them."""
    words = _WORDS.findall(text.casefold())
    for start in range(len(words)):
        for end in range(start + 1, min(start + longest, len(words)) + 1):
            yield " ".join(words[start:end])


def _in_order(deal: str) -> tuple[int, str]:
    """Sort ids as the numbers that they are."""
    return len(deal), deal
