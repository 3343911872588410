"""Ask a person before more invoices leave within an hour than anybody expects, or before a cautious route's do.

A mistake in HubSpot, an import or a moved pipeline, would otherwise become a thousand invoices within a minute. What is
approved is approved for good: the deal is invoiced as it said when it was approved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from ledgerloop import subjects
from ledgerloop.parts import parts
from ledgerloop.records import Intent
from ledgerloop.rules.invoices import body_of
from ledgerloop.rules.totals import lines_come_to
from ledgerloop.store import inbox, intents, journal, lanes

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Brake:
    """Whether invoices that nobody approved must wait, and the deals that are held because of it."""

    on: bool
    held: list[str]


def look(portal: str) -> Brake:
    """Stop the invoices that nobody approved where they are too many, and hold each; or let them go.

    Nothing else rests because of it: the poll looks again, and what fits into an hour by then goes on. Stopping comes
    before the first invoice of a flood, so deals that wait unread are counted as well; only once all are read it is
    known how many invoices they are.
    """
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        left = intents.left_since(tx, portal, now - HOUR)
        ready = [intent for intent in intents.unapproved(tx, portal) if not intent.asks]
        unread = inbox.untaken(tx, "hubspot", portal, "deal")
        braked = journal.held(tx, subjects.brake(portal)) is not None
    many = _too_many(len(left) + len(ready))
    why = (many or _too_much([*left, *ready])) if ready else ""
    if not why:
        if ready and unread and _too_many(len(left) + len(ready) + unread):
            # No reason to ask anybody yet: more deals wait to be read, and together they may be too many.
            with at.database.transaction() as tx:
                lanes.wake(tx, "invoicing", portal, now)
            return Brake(True, [])
        if braked:
            with at.database.transaction() as tx:
                journal.clear(tx, [subjects.brake(portal), *(subjects.deal(one.deal) for one in ready)], now)
        return Brake(False, [])
    sentence = (
        f"{len(ready)} invoices wait: {why} See them with `ledgerloop holds`, and let them go with `ledgerloop approve"
        " --invoices`, or in the console."
    )
    with at.database.transaction() as tx:
        journal.hold(tx, portal, subjects.brake(portal), (sentence,), (), now)
        for one in ready:
            journal.hold(
                tx, portal, subjects.deal(one.deal), (_held(one, "too many" if many else "too much"),), (), now
            )
    return Brake(True, [one.deal for one in ready])


def amount_of(intent: Intent) -> tuple[str, Decimal]:
    """Return an intent's currency, and what it comes to: what its lines or its deal say, whichever is more."""
    body = body_of(intent.payload)
    return str(body["CurrencyCode"]), max(intent.said or Decimal(0), lines_come_to(body))


def _held(intent: Intent, what: str) -> str:
    currency, amount = amount_of(intent)
    return (
        f"The invoice of {amount:.2f} {currency} waits with others that are {what} for an hour. Let it go in"
        f" the console, or with `ledgerloop approve --deal {intent.deal}`."
    )


def _too_many(count: int) -> str:
    most = parts().most_invoices
    if count <= most:
        return ""
    return f"{count} were made within the last hour or are about to be; {most} are allowed without asking."


def _too_much(some: Iterable[Intent]) -> str:
    most = parts().most_amount
    if not most:
        return ""
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for intent in some:
        currency, amount = amount_of(intent)
        sums[currency] += amount
    over = {currency: total for currency, total in sums.items() if total > most}
    return " ".join(
        f"{total:.2f} {currency} were invoiced within the last hour or are about to be; {most} are allowed without"
        " asking."
        for currency, total in sorted(over.items())
    )
