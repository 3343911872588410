"""Remember what both sides said of a customer when it was made of a deal's records. Called inside a step.

The customer has its address from one of the records, and the other keeps its own. That difference is nobody's edit: it
moves nothing until somebody changes one of the two.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from ledgerloop.hubspot.models import Record
from ledgerloop.records import LinkKind
from ledgerloop.rules.ownership import made_of
from ledgerloop.store import last_compared, links, mirror
from ledgerloop.store.last_compared import Compared


def remember_made(tx: Connection, organisation: str, kind: LinkKind, made: Mapping[str, Record]) -> None:
    """Keep what both sides say of customers that were just made, by their ids, and of the records linked to them."""
    known = last_compared.get(tx, organisation, kind, list(made))
    linked = links.find(tx, organisation, kind, list(made))
    customers = mirror.customers(tx, organisation, [one for one in made if one not in known])
    said = {
        key: made_of(kind, customer, made[key])
        for key, customer in customers.items()
        if key in linked and linked[key].hubspot_id == made[key].id
    }
    last_compared.put(
        tx, organisation, kind, {key: Compared(one.xero, one.hubspot, one.first) for key, one in said.items()}
    )
