"""Find values that somebody changed in HubSpot after we wrote them, to have them written again. Called inside a step.

What we last wrote is known without a call, and a person may have written over it. A plan and planned work look at all
records they concern; besides, every catch-up looks at a hundred contacts and a hundred companies, one after the other.
What stands there now takes the place of what we last wrote, and the usual comparing does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers import moved_ids
from ledgerloop.customers.claims import shown_elsewhere
from ledgerloop.customers.relink import KINDS
from ledgerloop.customers.update import PLURAL
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Line, LinkKind, Organisation
from ledgerloop.rules.clocks import passed
from ledgerloop.rules.properties import differing, properties_on
from ledgerloop.store import (
    connections,
    intents,
    journal,
    last_written,
    links,
    mirror,
    pending_customers,
    single_values,
)

RULE = "rules.properties.differing"
AT_ONCE = 100
"""Records of a kind that a catch-up looks at: what one call reads."""


def look_at(organisation: Organisation, customers: Sequence[str]) -> None:
    """Look at the records of these customers, and at the deals of their invoices."""
    at = parts()
    with at.database.reading() as tx:
        mine = [link for kind in KINDS for link in links.find(tx, organisation.id, kind, customers).values()]
        invoices = [one.id for some in mirror.receivables_of(tx, organisation.id, customers).values() for one in some]
        deals = [intent.deal for intent in intents.by_invoice(tx, organisation.id, invoices).values()]
    elsewhere = shown_elsewhere(organisation, mine)
    ids: dict[LinkKind, dict[str, str]] = {"contact": {}, "company": {}, "deal": dict.fromkeys(deals, "")}
    for link in mine:
        if (link.kind, link.hubspot_id) not in elsewhere:
            ids[link.kind][link.hubspot_id] = link.xero_id
    for kind, some in ids.items():
        _compare(at.hubspot(), organisation, kind, some)


def look_round(organisation: Organisation) -> bool:
    """Look at the next hundred contacts and companies, and have those written that differ; tell whether it was time.

    It is as often as a catch-up.
    """
    at = parts()
    key = single_values.LOOKED_AT.of(organisation.id)
    with at.database.reading() as tx:
        kept = single_values.get(tx, key) or {}
        if kept and not passed(datetime.fromisoformat(kept["at"]), at.catch_up_every, at.now()):
            return False
        some = {kind: links.after(tx, organisation.id, kind, kept.get(kind, ""), AT_ONCE) for kind in KINDS}
    # A record that shows another organisation is looked at in that one's rounds: its values are none of ours.
    elsewhere = shown_elsewhere(organisation, [link for mine in some.values() for link in mine])
    try:
        for kind, mine in some.items():
            ids = {link.hubspot_id: link.xero_id for link in mine if (kind, link.hubspot_id) not in elsewhere}
            changed = _compare(at.hubspot().as_backfill(), organisation, kind, ids)
            with at.database.transaction() as tx:
                _mark(tx, organisation, [link.xero_id for link in mine if link.hubspot_id in changed])
    except LedgerloopError as problem:  # it stands behind everything else, and must not keep that from its turn
        logger.warning("HubSpot's values not compared", organisation=organisation.id, why=problem.sentence)
        return True
    ends = {kind: mine[-1].hubspot_id if len(mine) == AT_ONCE else "" for kind, mine in some.items()}
    with at.database.transaction() as tx:
        single_values.put(tx, key, {"at": at.now().isoformat(), **ends})
    return True


def _mark(tx: Connection, organisation: Organisation, customers: Sequence[str]) -> None:
    if customers:
        pending_customers.mark(tx, organisation.id, customers)


def _compare(
    client: HubSpotClient, organisation: Organisation, kind: LinkKind, customer_of: Mapping[str, str]
) -> set[str]:
    """Keep what stands on records in the place of what we wrote, and tell on which it differs. What is gone is not.

    A record from which somebody has moved the customer's id to another one is that customer's no more.
    """
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
        written = last_written.get(tx, portal.id, kind, list(customer_of)) if portal else {}
        asked = journal.waiting(tx, [subjects.hubspot(kind, key) for key in written])
    for key, values in written.items():  # whose it is, the link says; what was heard of its id is kept as written
        if id_name() in values and customer_of[key] and subjects.hubspot(kind, key) not in asked:
            values[id_name()] = customer_of[key]
    if portal is None or not written:
        return set()
    names = [at.names.get(one.name, one.name) for one in properties_on(kind)]
    there = client.read(PLURAL[kind], list(written), names)
    found = {
        key: changed
        for key, values in written.items()
        if key in there
        and there[key].id == key
        and (changed := differing(kind, values, there[key].properties, at.names))
    }
    if kind != "deal" and (astray := [key for key, now in found.items() if id_name() in now]):
        kept = moved_ids.follow(organisation, kind, astray)
        found = {key: now for key, now in found.items() if key not in astray or key in kept}
    if found:
        with at.database.transaction() as tx:
            last_written.put(tx, portal.id, kind, found)
            journal.write(tx, [_changed(kind, key, written[key], now) for key, now in found.items()], at.now())
    return set(found)


def _changed(kind: LinkKind, record: str, written: dict[str, str], now: dict[str, str]) -> Line:
    said = ", ".join(
        f"`{name}` is {value or 'empty'} and was {written[name] or 'empty'}" for name, value in now.items()
    )
    target = subjects.hubspot(kind, record)
    return Line(
        subject=target,
        decision="skip",
        rule=RULE,
        reason=f"Somebody changed what Ledgerloop had written: {said}. It is written again.",
        target=target,
        values=now,
    )
