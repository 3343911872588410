"""Try deals again though nothing about them has changed: because a person asks, or because the books did change.

An event of our own goes into the inbox and its lane is woken, so a retry is as durable as a webhook.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Literal

from ledgerloop.flows.parts import parts
from ledgerloop.records import Event
from ledgerloop.store import connections, inbox, journal, lanes

_DEAL = "deal "


Kind = Literal["retry", "look"]
RETRY: Kind = "retry"
"""The kind of event by which a person has a deal tried again. It also says that an edit was settled in Xero."""
LOOK: Kind = "look"
"""The kind by which we look again by ourselves: it settles nothing."""


def again(portal: str, deal: str, reason: str, kind: Kind) -> Event:
    """Make the event by which a deal is tried again, also where nothing about it has changed; once for each reason."""
    now = parts().now()
    return Event(
        source="hubspot",
        key=hashlib.sha256(f"retry {portal} {deal} {reason}".encode()).hexdigest(),
        lane=portal,
        category="deal",
        kind=kind,
        resource=deal,
        occurred_at=now,
        body=json.dumps({"objectId": deal, "reason": reason}),
    )


def retry(deals: Collection[str] | None = None) -> list[str]:
    """Put deals back on the portal's lane, or all that are held; return them. The lane goes on at once."""
    at = parts()
    now = at.now()
    tried: list[str] = []
    with at.database.transaction() as tx:
        held = [one for one in journal.holds(tx) if one.subject.startswith(_DEAL)]
        for portal in connections.portals(tx):
            mine = [one.subject.removeprefix(_DEAL) for one in held if one.lane == portal.id]
            chosen = mine if deals is None else list(deals)
            inbox.keep(tx, [again(portal.id, deal, now.isoformat(), RETRY) for deal in chosen], now)
            if chosen:
                lanes.unpark(tx, "invoicing", portal.id)
                lanes.wake(tx, "invoicing", portal.id, now)
            tried += chosen
    at.nudge()
    return tried
