"""Find the deals that an invoice may belong to, so that not every invoice is held against every deal. Does no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ledgerloop.records import Organisation, Receivable
from ledgerloop.rules.pairing.pairs import Sold, Stands, days_between, in_order
from ledgerloop.rules.pairing.references import ids_in, numbers_in, runs_of_words, words_of_name

MOST_TAX = 2
"""With tax, an invoice comes to less than so many times of what it is before tax: no tax is above 100 %."""


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
            if name := words_of_name(deal.name):
                self._longest_name = max(self._longest_name, len(name))
                self._by[f"name {' '.join(name)}"].add(deal.id)
            for organisation, customer in deal.customers.items():
                self._by_customer[organisation, customer].add(deal.id)

    def of(self, invoice: Stands) -> list[Sold]:
        """Return the deals that an invoice may belong to, whatever it comes to before tax."""
        organisation, document = invoice.organisation, invoice.document
        keys = [f"id {document.id.lower()}", f"deal {invoice.marked_for}"]
        keys += [f"number {document.number.casefold()}"] if document.number else []
        keys += [f"deal {one}" for one in numbers_in(document.reference)]
        keys += [f"name {one}" for one in runs_of_words(document.reference, self._longest_name)]
        found = {deal for key in keys for deal in self._by.get(key, ())}
        found |= {
            deal
            for deal in self._by_customer.get((organisation.id, document.customer), ())
            if self._fits(deal, organisation, document)
        }
        return [self.deals[deal] for deal in sorted(found, key=in_order)]

    def _fits(self, deal: str, organisation: Organisation, document: Receivable) -> bool:
        one = self.deals[deal]
        return _may_come_to(one, document) and days_between(one, organisation, document) <= self._days


def _keys_of(deal: Sold) -> Iterator[str]:
    yield from (f"id {one}" for text in deal.ids.values() for one in ids_in(text))
    yield from (f"number {text.strip().casefold()}" for text in deal.numbers.values() if text.strip())
    yield from (f"deal {one}" for one in (deal.id, *deal.merged))


def _may_come_to(deal: Sold, document: Receivable) -> bool:
    """Tell whether an invoice may come to what a deal says, with tax or before it."""
    if not deal.amount or (deal.currency and deal.currency != document.currency):
        return False
    return deal.amount <= document.total <= MOST_TAX * deal.amount
