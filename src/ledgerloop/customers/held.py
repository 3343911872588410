"""Know the customers that wait for a person, and have them looked at again now and then: the reason may be gone."""

from __future__ import annotations

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers.relink import KINDS
from ledgerloop.store import journal, links, pending_customers, single_values

MOST_HELD = 50
"""Held customers looked at with each catch-up: with fewer the brake need not rehearse what they might come to."""


def held(tx: Connection) -> list[tuple[str, str, tuple[str, ...]]]:
    """List organisation, customer and candidates of the customers that wait for a person, or whose records do."""
    holds = journal.holds(tx)
    found = [(one.lane, customer, one.candidates) for one in holds if (customer := subjects.customer_of(one.subject))]
    for kind in KINDS:
        of_record = {record: one for one in holds if (record := subjects.record_of(one.subject, kind))}
        found += [
            (link.organisation, link.xero_id, of_record[link.hubspot_id].candidates)
            for link in links.of_records(tx, kind, list(of_record))
            if link.organisation == of_record[link.hubspot_id].lane
        ]
    return found


def customers_held(tx: Connection, organisation: str) -> list[str]:
    """List the customers that wait for a person, to be looked at again now and then: the reason may be gone."""
    return [customer for lane, customer, _ in held(tx) if lane == organisation]


def look_at_held(tx: Connection, organisation: str) -> None:
    """Have the next customers that wait for a person looked at again, going round: no webhook need tell of a cure."""
    waiting = sorted(customers_held(tx, organisation))
    last = single_values.get(tx, single_values.HELD.of(organisation)) or ""
    some = ([key for key in waiting if key > last] + [key for key in waiting if key <= last])[:MOST_HELD]
    if some:
        pending_customers.mark(tx, organisation, some)
        single_values.put(tx, single_values.HELD.of(organisation), some[-1])
