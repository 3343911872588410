"""Try again though nothing has changed: deals that are held, and organisations that rest for a spent quota.

A person asks, or the books did change. An event of our own goes into the inbox and its lane is woken, so a retry is as
durable as a webhook.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine import backoff
from ledgerloop.errors import LedgerloopError
from ledgerloop.parts import parts
from ledgerloop.records import Event, Organisation, Rest
from ledgerloop.store import connections, cooldowns, deferrals, inbox, intents, journal, lanes, planned, single_values

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


def deals_held(tx: Connection, portal: str) -> list[str]:
    """List the deals that are held, the longest first; also those of which HubSpot refuses what they should show.

    The latter are held by the organisation's lane or by the portal's, whichever wrote; there is one portal only.
    """
    held = journal.holds(tx)
    mine = subjects.deals_of(one.subject for one in held if one.lane == portal)
    shown = [deal for one in held if (deal := subjects.record_of(one.subject, "deal"))]
    return list(dict.fromkeys([*mine, *shown]))


def check(deals: Collection[str]) -> None:
    """Raise an error where a person names a deal that is not there. HubSpot is asked about those we do not know."""
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
        known = set(intents.get(tx, portal.id, deals)) if portal else set()
        unknown = [deal for deal in deals if deal not in known and journal.held(tx, subjects.deal(deal)) is None]
    for deal in unknown:
        if not deal.isdecimal():
            raise LedgerloopError(
                f"“{deal}” is no deal's id: that is the number at the end of the deal's address in HubSpot."
            )
    found = at.hubspot().read("deals", unknown, ("dealname",)) if unknown else {}
    for deal in unknown:
        if deal not in found:
            raise LedgerloopError(f"HubSpot has no deal {deal}: it was deleted, or never was.")
        if found[deal].id != deal:
            raise LedgerloopError(f"Deal {deal} was merged in HubSpot: name {found[deal].id} instead.")


def retry(deals: Collection[str] | None = None) -> list[str]:
    """Put deals back on the portal's lane, or all that are held; return them. The lane goes on at once."""
    at = parts()
    now = at.now()
    tried: list[str] = []
    with at.database.transaction() as tx:
        for portal in connections.portals(tx):
            chosen = deals_held(tx, portal.id) if deals is None else list(deals)
            put_back(tx, portal.id, chosen, now)
            tried += chosen
    at.nudge()
    return tried


def put_back(tx: Connection, portal: str, deals: Collection[str], now: datetime) -> None:
    """Put deals back on the portal's lane, and let that go on, in a transaction that decides more about them."""
    inbox.keep(tx, [again(portal, deal, now.isoformat(), RETRY) for deal in deals], now)
    if deals:
        lanes.unpark(tx, "invoicing", portal)
        lanes.wake(tx, "invoicing", portal, now)


def look_over(tx: Connection, found: Collection[str]) -> None:
    """Have the deals looked at again that are held over any of these customers and records, of which one was found."""
    now, concerned, holds = parts().now(), set(found), journal.holds(tx)
    for portal in connections.portals(tx):
        held = subjects.deals_of(
            one.subject for one in holds if one.lane == portal.id and not concerned.isdisjoint(one.candidates)
        )
        if held:
            inbox.keep(tx, [again(portal.id, deal, f"found {now.isoformat()}", LOOK) for deal in held], now)
            lanes.wake(tx, "invoicing", portal.id, now)


def go_on(given: str) -> Organisation:
    """Let an organisation, by id or name, go on that rests, and let the next calls find out what is left of quotas.

    Whatever of it rests goes on: its lane, planned work, notes, what stands beside, and what makes its invoices.
    """
    at = parts()
    now = at.now()
    with at.database.transaction() as tx:
        organisations = connections.organisations(tx)
        found = [organisation for organisation in organisations if given in (organisation.id, organisation.name)]
        if len(found) != 1:
            known = (
                ", ".join(f"{organisation.name} ({organisation.id})" for organisation in organisations)
                or "none; run `ledgerloop connect xero`"
            )
            raise LedgerloopError(f"There is no one organisation “{given}”. Connected: {known}.")
        single_values.put(tx, single_values.QUOTAS_ASKED.of(found[0].id), now)
        planned.rest(tx, found[0].id, Rest(now, now), "")
        for flow, lane in (
            ("standing", found[0].id),
            *(("invoicing", portal.id) for portal in connections.portals(tx)),
        ):
            cooldowns.end(tx, [cooldowns.name(work, lane) for work in ("notes", *backoff.WORDS)], now)
            lanes.unpark(tx, flow, lane)
            lanes.wake(tx, flow, lane, now)
        for portal in connections.portals(tx):
            deferrals.hurry(tx, portal.id, now)
    at.nudge()
    return found[0]
