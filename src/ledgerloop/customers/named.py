"""Find the organisation and the customers that a person names. Calls no vendor."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from ledgerloop.errors import LedgerloopError
from ledgerloop.ledger.pull import KINDS
from ledgerloop.records import Organisation
from ledgerloop.rules.identity.addresses import email_key
from ledgerloop.rules.identity.names import keys
from ledgerloop.store import connections, cursors, mirror


def organisation_of(tx: Connection, given: str) -> Organisation:
    """Choose the organisation by id or name; the only one where none is given. It must be fit to be shown."""
    homes = connections.organisations(tx)
    found = [home for home in homes if given in (home.id, home.name)] if given else homes
    if len(found) != 1:
        known = ", ".join(f"{home.name} ({home.id})" for home in homes) or "none; run `ledgerloop connect xero`"
        raise LedgerloopError(f"Name one organisation with --organisation. Connected: {known}.")
    if connections.only_portal(tx) is None:
        raise LedgerloopError("No HubSpot portal is connected: run `ledgerloop connect hubspot`.")
    if any(cursors.get(tx, found[0].id, kind).since is None for kind in KINDS):
        raise LedgerloopError(f"The ledger of {found[0].name} is still being read. Try again when that is done.")
    return found[0]


def customers_named(tx: Connection, homes: Sequence[Organisation], text: str) -> list[str]:
    """Find customers of organisations by id, by email or by name as matching compares it."""
    if not text.strip():
        raise LedgerloopError("Name the customer: its Xero id, email or name.")
    found: set[str] = set()
    for home in homes:
        found.update(mirror.customers(tx, home.id, [text]))
        for known in (
            mirror.customers_by_email(tx, home.id, [email_key(text)]),
            mirror.customers_by_keys(tx, home.id, [f"name {key}" for key in keys(text)]),
        ):
            found.update(one.id for some in known.values() for one in some)
    if not found:
        where = " or ".join(home.name for home in homes) or "Nobody"
        raise LedgerloopError(f"{where} has no customer with the id, email or name “{text}”.")
    return sorted(found)
