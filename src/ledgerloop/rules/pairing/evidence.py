"""Weigh a deal and an invoice: what says that they belong together, and what speaks against it. Does no I/O.

A pair is certain where the deal names the invoice, or the customer, the amount and the date are the same, and nothing
speaks against it: no other currency, amount, customer or mark. Whether another pair does is settled afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ledgerloop.records import Receivable
from ledgerloop.rules.pairing.pairs import Kind, Pair, Sold, Stands, days_between
from ledgerloop.rules.pairing.references import ids_in, numbers_in, runs_of_words, words_of_name
from ledgerloop.rules.standing import GONE, bills_nothing
from ledgerloop.rules.telling_apart import called

_NUMBER_ALONE = "A number alone is too little: neither the customer nor the amount is known to agree."
_NAME_ALONE = "Beside the name, the customer and the amount would have to agree."
_TOO_LITTLE = "Nothing that is known says that the two belong together."


def weigh(deal: Sold, invoice: Stands, days: int) -> Pair | None:
    """Weigh a deal and an invoice; None where nothing says that they belong together.

    What only agrees by chance is not shown: a document that bills nothing, or is another deal's, is asked about only
    where the deal names it.
    """
    document = invoice.document
    named, is_called = list(_naming(deal, invoice)), _is_called(deal, document)
    whose, what = _whose(deal, invoice), _amount(deal, invoice)
    apart = days_between(deal, invoice.organisation, document)
    near = apart <= days
    agrees = [said for said, _ in named] + (["Its reference names the deal."] if is_called else [])
    agrees += [one for one in (whose[0], what[0]) if one]
    agrees += [_dated(apart)] if near and agrees else []
    against = [one for one in (*_standing(deal, invoice), whose[1], what[1], *_in_place(deal, invoice)) if one]
    if any(alone for _, alone in named):
        return Pair(deal, invoice, "named", tuple(agrees), tuple(against))
    elsewhere = _elsewhere(deal, invoice)
    against += elsewhere
    if named:
        return _pair(deal, invoice, "named", agrees, against, "" if whose[0] or what[0] else _NUMBER_ALONE)
    if _is_out(deal, invoice):
        return None
    if is_called and (whose[0] or what[0]):
        return _pair(deal, invoice, "called", agrees, against, "" if whose[0] and what[0] else _NAME_ALONE)
    if whose[0] and what[0] and near:
        return _pair(deal, invoice, "fits", agrees, [*_in_place(deal, invoice), *elsewhere])
    return None


def chosen(deal: Sold, invoice: Stands, days: int) -> Pair:
    """Weigh a pair that a person names, also where nothing speaks for it."""
    found = weigh(deal, invoice, days)
    if found is not None:
        return found
    against = [one for one in (*_standing(deal, invoice), _whose(deal, invoice)[1], _amount(deal, invoice)[1]) if one]
    agrees = [one for one in (_whose(deal, invoice)[0], _amount(deal, invoice)[0]) if one]
    return _pair(
        deal, invoice, "fits", agrees, [*against, *_in_place(deal, invoice), *_elsewhere(deal, invoice)], _TOO_LITTLE
    )


def _pair(
    deal: Sold, invoice: Stands, kind: Kind, agrees: Sequence[str], against: Sequence[str], too_little: str = ""
) -> Pair:
    doubts = (*against, *([too_little] if too_little else []))
    return Pair(deal, invoice, kind, tuple(agrees), doubts, bool(_elsewhere(deal, invoice)))


def _in_place(deal: Sold, invoice: Stands) -> Iterator[str]:
    """Say whose place an invoice would take: nobody takes that for granted, so a person names the two."""
    if deal.former is not None:
        former = deal.former
        stands = "credited in full" if former.ended and former.status not in GONE else former.status
        own = called(former.called, former.organisation, invoice.organisation.id, {former.organisation: former.where})
        yield f"The deal has {own}, which is {stands} in Xero: this one would take its place."


def _elsewhere(deal: Sold, invoice: Stands) -> list[str]:
    """Say that an invoice is not where the deal's route leads: customers, numbers and sums may be the same in both."""
    if deal.organisation is None or deal.organisation.id == invoice.organisation.id:
        return []
    return [f"It is in {invoice.organisation.name}, and the deal's route leads to {deal.organisation.name}."]


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
    if {deal.id, *deal.merged} & set(numbers_in(document.reference)):
        yield "Its reference has the deal's id.", False


def _is_called(deal: Sold, document: Receivable) -> bool:
    name = words_of_name(deal.name)
    return bool(name) and " ".join(name) in set(runs_of_words(document.reference, len(name)))


def _whose(deal: Sold, invoice: Stands) -> tuple[str, str]:
    """Say that the customer is the same, or that it is another; neither where it is not known."""
    known = deal.customers.get(invoice.organisation.id)
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
    elif bills_nothing(document):
        yield "It is credited in full in Xero."
    if invoice.followed_for and invoice.followed_for != deal.id:
        yield f"It is followed for deal {invoice.followed_for} already."
    if _is_anothers(deal, invoice):
        yield f"It carries the mark of deal {invoice.marked_for}."
    if deal.currency and deal.currency != document.currency:
        yield f"It is in {document.currency}, and the deal is in {deal.currency}."


def _is_out(deal: Sold, invoice: Stands) -> bool:
    """Tell whether an invoice that the deal does not name is out of the question."""
    return bills_nothing(invoice.document) or bool(invoice.followed_for) or _is_anothers(deal, invoice)


def _is_anothers(deal: Sold, invoice: Stands) -> bool:
    return invoice.marked_for not in ("", deal.id, *deal.merged)
