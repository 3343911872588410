"""Settle which pairs are certain and which a person must decide, each held against all others. Does no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from ledgerloop.rules.pairing.candidates import Index
from ledgerloop.rules.pairing.pairs import KINDS, Pair, Plan, Sold, in_order
from ledgerloop.rules.pairing.references import ids_in
from ledgerloop.rules.standing import bills_nothing


def settle(pairs: Iterable[Pair], asked: Collection[str] = ()) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
    """Say which pairs are certain, and which a person must decide. ``asked`` are deals that name what is not there.

    Pairs in which one side names the other come first: what they settle is taken, and what they leave open leaves open
    whatever merely fits.
    """
    left = sorted(pairs, key=lambda one: (in_order(one.deal.id), one.invoice.key))
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
    return tuple(certain), tuple(sorted(uncertain, key=lambda one: (in_order(one.deal.id), one.invoice.key)))


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


def within(found: Plan, organisations: Collection[str]) -> Plan:
    """Return the part of a plan whose invoices are in some organisations, and the deals that have none anywhere."""
    return replace(
        found,
        certain=tuple(one for one in found.certain if one.invoice.organisation.id in organisations),
        uncertain=tuple(one for one in found.uncertain if one.invoice.organisation.id in organisations),
    )


class _Rivals:
    """The pairs that share a deal or an invoice with one. An invoice that bills nothing is nobody's rival."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self._of_deal: defaultdict[str, list[Pair]] = defaultdict(list)
        self._of_invoice: defaultdict[tuple[str, str], list[Pair]] = defaultdict(list)
        for one in pairs:
            if bills_nothing(one.invoice.document):
                continue
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
    organisation = other.invoice.organisation
    return other.invoice.called + (
        f" in {organisation.name}" if organisation.id != pair.invoice.organisation.id else ""
    )


def _listed(some: Sequence[str], most: int = 3) -> str:
    return ", ".join(some[:most]) + (f" and {len(some) - most} more" if len(some) > most else "")


def _left_open(pair: Pair, deals: Collection[str], invoices: Collection[tuple[str, str]]) -> Iterator[str]:
    """Say that a side is in question by a stronger sign already."""
    if pair.deal.id in deals:
        yield "The deal names another invoice, which is in question."
    if pair.invoice.key in invoices:
        yield "Another deal names it, which is in question."


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
