"""Turn won deals into invoices: exactly one invoice for each, whatever crashes, retries or duplicates come.

The promise rests on the intent: the whole invoice is on disk before its request leaves, and an intent that may have
left is never sent again before Xero was asked whether the invoice stands. Xero's Idempotency-Key covers the minutes in
which a lost request could still arrive; the marks in Url and Reference cover all the time after.
"""

from __future__ import annotations

from typing import TypedDict

from ledgerloop.customers import hubspot_changes
from ledgerloop.engine.backoff import alone
from ledgerloop.engine.durable import step
from ledgerloop.engine.retries import LOOK, RETRY
from ledgerloop.engine.turns import in_turns, take
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.webhooks import records_named
from ledgerloop.invoices import deferrals, edits, outbox, poll, restored, stranded, submit
from ledgerloop.invoices.deferrals import Told, Troubles
from ledgerloop.invoices.held_deals import concerned, look_again, look_into_books
from ledgerloop.invoices.write_back import show_deals
from ledgerloop.parts import parts
from ledgerloop.records import Taken
from ledgerloop.store import connections, inbox, intents, lanes, last_written, pending_customers

MOST_DEALS = 500
"""Deals taken in one turn; more than that wait for the next."""


class Named(TypedDict):
    """The deals that events name, each once, in the order in which they were first named. The engine keeps it."""

    deals: list[str]
    again: list[str]
    """Those to be tried again also where nothing about them has changed."""
    settled: list[str]
    """Those that a person has tried again: what was held of them has been seen to."""


@in_turns("invoicing")
def invoicing(portal: str, turn: int) -> None:
    """look → take → (read → decide → customer → intend) → edit → (settle → create) → write back → put aside.

    What is to follow, such as an email, is the affair of the organisation's own turns, and of nobody else's.
    """
    look(portal)
    named = take_named(portal, turn)
    troubles = Troubles()
    try:
        stopped = make(portal, named, troubles)
    except LedgerloopError:
        write_back(portal, named["deals"])  # what is held is told even while Xero cannot be reached
        raise
    if stopped is not None:
        write_back(portal, list(dict.fromkeys([*named["deals"], *stopped])))
    if troubles.of:
        put_aside(portal, turn, troubles, named)
        troubles.rest()


def make(portal: str, named: Named, troubles: Troubles) -> list[str] | None:
    """Make what is to be made; return the deals that say something else now, None where there was nothing to do."""
    if named["deals"]:
        troubles.add(intend(portal, named))
        troubles.add(edit(portal, named))
    if not named["deals"] and not waits(portal):
        return None
    stopped, others = create(portal, list(troubles.deals))
    troubles.add(others)
    return stopped


@step
def look(portal: str) -> None:
    """Look for won deals that no webhook told of, into books that deals wait for, and at holds, when it is time to.

    A search that fails stops no deal that a webhook told of.
    """
    deferrals.take_up(portal)
    restored.take_up(portal)
    stranded.look(portal)
    look_into_books(portal)
    look_again(portal)
    alone(portal, "polling", lambda: poll.look(portal))


@step
def take_named(portal: str, turn: int) -> Named:
    """Take the deals that the waiting events name, by themselves or by a line item or a customer of theirs.

    What events tell of customers is noted for the turns of their organisations.
    """
    at = parts()
    with at.database.transaction() as tx:
        events = take(tx, "invoicing", portal, turn, MOST_DEALS)
        if (connected := connections.get(tx, "hubspot", portal)) is None:
            inbox.skip(tx, [event.id for event in events], "this portal is not connected")
        if connected is None or connected.off:  # what came before a person ended it waits until it is connected again
            return Named(deals=[], again=[], settled=[])
        hubspot_changes.note(tx, events)
        named = [deal for event in events if event.category == "deal" for deal in _deals_in(event)]
        last_written.forget_gone(tx, portal, "deal", named)
    hanging = concerned(portal, events)
    if not hanging:
        with at.database.transaction() as tx:
            inbox.skip(tx, hubspot_changes.unheard(events), "it tells nothing of a customer or of a deal that is held")
    named += hanging
    again = [event.resource for event in events if event.kind in (RETRY, LOOK)]
    settled = [event.resource for event in events if event.kind == RETRY]
    return Named(deals=_each_once(named), again=_each_once(again), settled=_each_once(settled))


def _each_once(deals: list[str]) -> list[str]:
    return list(dict.fromkeys(deals))


def _deals_in(event: Taken) -> tuple[str, ...]:
    """Return the deals that an event names: of a merge also the one that HubSpot made anew."""
    return records_named(event.body) if event.kind == "merge" else (event.resource,)


@step
def intend(portal: str, named: Named) -> Told:
    """Read the deals, decide each one, find its customer, and put intents and holds on disk."""
    return outbox.intend(portal, named["deals"], named["again"], named["settled"]).told()


@step
def edit(portal: str, named: Named) -> Told:
    """Change the drafts of deals that were edited since, or say why they stay."""
    return edits.edit(portal, named["deals"], named["settled"]).told()


@step
def waits(portal: str) -> bool:
    """Tell whether any intent waits that may leave: a person has approved it."""
    with parts().database.reading() as tx:
        waiting = {one.organisation for one in intents.pending(tx, portal)}
        return not waiting.isdisjoint(one.id for one in connections.organisations(tx))


@step
def create(portal: str, aside: list[str]) -> tuple[list[str], Told]:
    """Look for invoices that may have been made already, create the others; return the deals to be shown.

    One step for both, so that whoever goes on after a crash looks first, however long it has been.
    """
    stopped, troubles = submit.create(portal, aside)
    return stopped, troubles.told()


@step
def put_aside(portal: str, turn: int, troubles: Troubles, named: Named) -> None:
    """Have the deals whose organisation could not be asked looked at again in a later turn, and no others."""
    deferrals.put_aside(portal, turn, troubles, named["settled"])


@step
def write_back(portal: str, deals: list[str]) -> None:
    """Show on the deals what became of them, the invoice or the hold's sentence; then wake their customers' lanes."""
    show_deals(portal, deals)
    at = parts()
    with at.database.transaction() as tx:
        for organisation in connections.organisations(tx):
            if pending_customers.first(tx, organisation.id, 1):
                lanes.wake(tx, "standing", organisation.id, at.now())
