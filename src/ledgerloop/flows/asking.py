"""Ask a person before more invoices leave within an hour than anybody expects, or before a cautious route's do.

A mistake in HubSpot, an import or a moved pipeline, would otherwise become a thousand invoices within a minute. What is
approved is approved for good: the deal is invoiced as it said when it was approved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from ledgerloop.flows.parts import parts
from ledgerloop.records import Intent
from ledgerloop.rules.invoices import body_of
from ledgerloop.rules.totals import lines_come_to
from ledgerloop.store import connections, inbox, intents, journal, lanes
from ledgerloop.store.db import Database

HOUR = timedelta(hours=1)
WAITING = ""
"""No reason to ask anybody yet: more deals wait to be read, and together they may be too many."""


def subject_of(portal: str) -> str:
    """Name the brake of a portal as holds and the journal do."""
    return f"brake {portal}"


def stopped(portal: str) -> str | None:
    """Say why no invoice may leave that nobody approved; None where they may.

    Stopping comes before the first invoice of a flood, so deals that wait unread are counted as well; only once all are
    read it is known how many invoices they are.
    """
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        left = intents.left_since(tx, portal, now - HOUR)
        ready = [intent for intent in intents.unapproved(tx, portal) if not intent.asks]
        unread = inbox.untaken(tx, "hubspot", portal, "deal")
        braked = journal.held(tx, subject_of(portal)) is not None
    why = _too_many(len(left) + len(ready)) or _too_much([*left, *ready]) if ready else ""
    if not why:
        if ready and unread and _too_many(len(left) + len(ready) + unread):
            with at.database.transaction() as tx:
                lanes.wake(tx, "invoicing", portal, now)
            return WAITING
        if braked:
            with at.database.transaction() as tx:
                journal.clear(tx, [subject_of(portal)], now)
        return None
    sentence = (
        f"{len(ready)} invoices wait, and with them {why} See them with `ledgerloop"
        " holds`, and let them go with `ledgerloop approve --invoices`, or in the console."
    )
    with at.database.transaction() as tx:
        journal.hold(tx, portal, subject_of(portal), (sentence,), (), now)
    return sentence


def approve(database: Database, portal: str, now: datetime, deals: Collection[str] | None = None) -> list[str]:
    """Let the invoices of these deals leave, or all that wait; return the deals. Wakes the portal's lane."""
    with database.transaction() as tx:
        waiting = [one.deal for one in intents.unapproved(tx, portal) if deals is None or one.deal in deals]
        intents.approve(tx, portal, waiting, now)
        journal.clear(tx, [f"deal {deal}" for deal in waiting], now)
        if deals is None:
            journal.clear(tx, [subject_of(portal)], now)
        if waiting:
            lanes.unpark(tx, "invoicing", portal)
            lanes.wake(tx, "invoicing", portal, now)
    return waiting


def approve_everywhere(database: Database, now: datetime, deals: Collection[str] | None = None) -> list[str]:
    """Approve in every portal."""
    with database.reading() as tx:
        portals = [one.id for one in connections.portals(tx)]
    return [deal for portal in portals for deal in approve(database, portal, now, deals)]


def amount_of(intent: Intent) -> tuple[str, Decimal]:
    """Return an intent's currency, and what it comes to: what its lines or its deal say, whichever is more."""
    body = body_of(intent.payload)
    return str(body["CurrencyCode"]), max(intent.said or Decimal(0), lines_come_to(body))


def _too_many(count: int) -> str:
    most = parts().most_invoices
    return f"{count} would be made within an hour; {most} are allowed without asking." if count > most else ""


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
        f"{total:.2f} {currency} would be invoiced within an hour; {most} are allowed without asking."
        for currency, total in sorted(over.items())
    )
