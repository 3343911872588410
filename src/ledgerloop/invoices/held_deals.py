"""Wake held deals when what they hang on changes: a customer, a line item, the books; and all of them now and then.

Called inside a step, but for ``begin``. While nothing is held, events of customers cost no call.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import Connection

from ledgerloop.engine.retries import LOOK, again, deals_held
from ledgerloop.invoices.deferrals import Troubles
from ledgerloop.ledger import reference_data
from ledgerloop.parts import parts
from ledgerloop.records import Taken
from ledgerloop.rules.clocks import passed
from ledgerloop.store import connections, cursors, inbox, intents, journal, lanes, single_values
from ledgerloop.store import reference_data as kept_books
from ledgerloop.store.cursors import Cursor

EVERY = timedelta(hours=6)
"""How often everything that is held is looked at again: what would cure it may have been done where nobody tells us."""

MOST = 500
"""Held deals looked at again at once; where there are more, the others have their turn next time."""

CURSOR = "holds"
_PLURAL: Mapping[str, str] = {"line_item": "line_items", "contact": "contacts", "company": "companies"}


def concerned(portal: str, events: Sequence[Taken]) -> list[str]:
    """Return the deals that hang on the records that events name: those held, and of line items those with an intent.

    Other deals that are not won are still being written, and a customer's change makes no invoice another.
    """
    at = parts()
    with at.database.reading() as tx:
        held = set(deals_held(tx, portal))
    found: list[str] = []
    for kind, plural in _PLURAL.items():
        ids = list(dict.fromkeys(event.resource for event in events if event.category == kind and event.resource))
        if not ids or (kind != "line_item" and not held):
            continue
        tied = at.hubspot().associated(plural, "deals", ids)
        deals = list(dict.fromkeys(one.to_id for some in tied.values() for one in some))
        with at.database.reading() as tx:
            known = intents.get(tx, portal, deals) if kind == "line_item" else {}
        found += [deal for deal in deals if deal in held or deal in known]
    return found


def look_again(portal: str) -> None:
    """Put the deals that are held into the inbox again, every six hours; also what Xero refused is tried again.

    All of them at once where an organisation was connected or the routes changed: that cures what no record tells of.
    """
    at = parts()
    now = at.now()
    with at.database.transaction() as tx:
        cursor = cursors.get(tx, portal, CURSOR)
        known, grounds = single_values.GROUNDS.of(portal), _grounds(tx)
        before = single_values.get(tx, known)
        if before != grounds:
            single_values.put(tx, known, grounds)
        anew = before is not None and before != grounds
        if not anew and not passed(cursor.highest, EVERY, now):
            return
        held = deals_held(tx, portal)
        if anew:
            inbox.keep(tx, [again(portal, deal, f"grounds {grounds} {now.isoformat()}", LOOK) for deal in held], now)
            return
        first = (cursor.page - 1) * MOST
        some = held[first : first + MOST] if cursor.highest is not None else []
        inbox.keep(tx, [again(portal, deal, f"held {now.isoformat()}", LOOK) for deal in some], now)
        page = cursor.page + 1 if first + MOST < len(held) else 1
        cursors.put(tx, Cursor(portal, CURSOR, None, page, now))


def look_into_books(portal: str) -> None:
    """Read anew the books that deals of a portal wait for: older than an hour, or blamed too soon after a reading."""
    at = parts()
    with at.database.reading() as tx:
        organisations = connections.organisations(tx)
        wanted = {
            one.id: kept_books.wanted(tx, one.id) for one in organisations if reference_data.due(tx, one.id, at.now())
        }
        waiting = {one.id for one in organisations if journal.caused_by(tx, portal, one.id)}
        kinds = {
            one.id: [kind for kind in reference_data.KINDS if kind in kept_books.get(tx, one.id)]
            for one in organisations
        }
    troubles = Troubles()
    for organisation in organisations:
        blamed = wanted.get(organisation.id)
        with troubles.apart(organisation.id):  # those of one that cannot be asked are read in a later turn
            if blamed is not None:
                with at.database.transaction() as tx:
                    kept_books.had(tx, organisation.id)
                reference_data.books_of(
                    organisation, [kind for kind in kinds[organisation.id] if kind in blamed.kinds], anew=True
                )
            if organisation.id in waiting:
                reference_data.books_of(organisation, kinds[organisation.id])


def begin() -> None:
    """Wake the portals that were last looked at under other routes: their next look tries all that is held."""
    at = parts()
    with at.database.transaction() as tx:
        for portal in connections.portals(tx):
            if single_values.get(tx, single_values.GROUNDS.of(portal.id)) not in (None, _grounds(tx)):
                lanes.wake(tx, "invoicing", portal.id, at.now())


def _grounds(tx: Connection) -> str:
    """Return a hash of what deals are decided on besides themselves and the books: routes and organisations.

    The one that a person chose is among it once there is one: a hash that an earlier release kept stays right.
    """
    organisations = sorted((organisation.id, organisation.name) for organisation in connections.organisations(tx))
    chosen = connections.chosen(tx)
    grounds = (parts().routes, organisations, chosen) if chosen else (parts().routes, organisations)
    return hashlib.sha256(repr(grounds).encode()).hexdigest()
