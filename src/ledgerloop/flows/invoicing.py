"""Turn won deals into invoices: exactly one invoice for each, whatever crashes, retries or duplicates come.

The promise rests on the intent: the whole invoice is on disk before its request leaves, and an intent that may have
left is never sent again before Xero was asked whether the invoice stands. Xero's Idempotency-Key covers the minutes in
which a lost request could still arrive; the marks in Url and Reference cover all the time after.
"""

from __future__ import annotations

from dbos import DBOS

from ledgerloop.flows import deciding, making, polling, showing
from ledgerloop.flows.parts import parts
from ledgerloop.flows.turns import in_turns
from ledgerloop.store import connections, inbox, lanes, mirror

MOST_DEALS = 500
"""Deals taken in one turn; more than that wait for the next."""


@in_turns("invoicing")
def invoicing(portal: str, turn: int) -> None:
    """look → take → (read → decide → customer → intend) → settle → create → write back."""
    look(portal)
    deals = take(portal, turn)
    if deals:
        intend(portal, turn, deals)
        settle(portal, turn)
        create(portal, turn)
        write_back(portal, turn, deals)


@DBOS.step()
def look(portal: str) -> int:
    """Look for won deals that no webhook told of, when it is time to, and put them into the inbox."""
    return polling.look(portal)


@DBOS.step()
def take(portal: str, turn: int) -> list[str]:
    """Take the deals that the waiting events name, each once, in the order in which they were first named."""
    at = parts()
    with at.database.transaction() as tx:
        events = inbox.take(tx, "hubspot", portal, turn, limit=MOST_DEALS)
        if len(events) == MOST_DEALS:
            lanes.wake(tx, "invoicing", portal, at.now())
    return list(dict.fromkeys(event.resource for event in events if event.category == "deal"))


@DBOS.step()
def intend(portal: str, turn: int, deals: list[str]) -> None:
    """Read the deals, decide each one, find its customer, and put intents and holds on disk."""
    deciding.intend(portal, turn, deals)


@DBOS.step()
def settle(portal: str, turn: int) -> None:
    """Ask Xero for the invoices whose request may have left without an answer; adopt those that stand."""
    making.settle(portal, turn)


@DBOS.step()
def create(portal: str, turn: int) -> None:
    """Create the intended invoices, up to fifty a request."""
    making.create(portal, turn)


@DBOS.step()
def write_back(portal: str, turn: int, deals: list[str]) -> None:
    """Show on the deals what became of them, the invoice or the hold's sentence; then wake their customers' lanes."""
    showing.show_deals(portal, deals, turn)
    at = parts()
    with at.database.transaction() as tx:
        for home in connections.organisations(tx):
            if mirror.dirty(tx, home.id, 1):
                lanes.wake(tx, "standing", home.id, at.now())
