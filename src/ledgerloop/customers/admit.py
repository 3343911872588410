"""Admit to HubSpot who is a customer, and nobody else. Called inside a step.

Whatever brings contacts here, an event, the schedule, a plan or a backfill: who owes nothing, owed nothing and is
linked to nothing makes no record, and no question about it waits for anybody. A person who writes a contact's id on a
HubSpot record links it by that.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers.claims import Customers
from ledgerloop.customers.hubspot_records import PLURAL
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Organisation
from ledgerloop.store import clientele, journal


def everybody(tx: Connection, organisation: Organisation) -> list[str]:
    """List all who are to be shown."""
    return clientele.everybody(tx, organisation.id, show_all=parts().show_all) if organisation.shown else []


def admit(organisation: Organisation, contacts: Customers) -> Customers:
    """Return those of these contacts who are customers, and clear what was asked about the others."""
    at = parts()
    with at.database.reading() as tx:
        inside = clientele.among(tx, organisation.id, list(contacts), show_all=at.show_all)
    outside = [key for key in contacts if key not in inside]
    if outside:
        inside |= _carried(outside)
        with at.database.transaction() as tx:
            journal.clear(tx, [subjects.customer(key) for key in outside if key not in inside], at.now())
    return {key: one for key, one in contacts.items() if key in inside}


def _carried(ids: Sequence[str]) -> set[str]:
    """Tell whose ids stand on HubSpot records: two calls for a hundred of them."""
    client = parts().hubspot()
    found: set[str] = set()
    for plural in PLURAL.values():
        found |= set(client.read(plural, ids, (id_name(),), id_property=id_name())) & set(ids)
    return found
