"""Carry the ledger to HubSpot: what changed in Xero becomes each customer's standing on its records.

The same path serves a webhook, the schedule, and the first fill of the mirror: what differs is how far back the cursor
stands. A customer that changed is on the dirty list until its standing has been written, so a crash repeats work and
loses none.
"""

from __future__ import annotations

from dbos import DBOS

from ledgerloop.flows import pulling, showing
from ledgerloop.flows.parts import parts
from ledgerloop.flows.turns import in_turns
from ledgerloop.store import connections, inbox, mirror

BATCH = 100
"""HubSpot takes 100 records in a batch."""


@in_turns("standing")
def standing(organisation: str, turn: int) -> None:
    """take → pull → cover → mirror → (decide → write → record) for each hundred customers touched."""
    pull(organisation, turn)
    while write(organisation, turn):
        pass


@DBOS.step()
def pull(organisation: str, turn: int) -> int:
    """Take the waiting events; pull what changed since the cursors and what the events named beyond it; mirror it all.

    Returns how many records Xero sent. The events stay with the turn until it is finished.
    """
    at = parts()
    with at.database.transaction() as tx:
        events = inbox.take(tx, "xero", organisation, turn)
    return pulling.pull(at.xero(organisation), organisation, events)


@DBOS.step()
def write(organisation: str, turn: int) -> bool:
    """Decide and write the next hundred customers whose standing must be looked at; tell whether there are more."""
    at = parts()
    with at.database.reading() as tx:
        home = connections.organisation(tx, organisation)
        touched = mirror.dirty(tx, organisation, BATCH)
    if home is None or not touched:
        return False
    showing.show_standings(home, list(touched), turn)
    with at.database.transaction() as tx:
        mirror.clean(tx, organisation, touched)
    return len(touched) == BATCH
