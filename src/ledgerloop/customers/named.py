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
    organisations = connections.organisations(tx)
    found = (
        [organisation for organisation in organisations if given in (organisation.id, organisation.name)]
        if given
        else organisations
    )
    if not organisations:
        raise LedgerloopError("No Xero organisation is connected: run `ledgerloop connect xero`.")
    if len(found) != 1:
        raise LedgerloopError(f"Name one organisation: add {_choices(organisations)}.")
    if connections.only_portal(tx) is None:
        raise LedgerloopError("No HubSpot portal is connected: run `ledgerloop connect hubspot`.")
    if any(cursors.get(tx, found[0].id, kind).since is None for kind in KINDS):
        raise LedgerloopError(f"The ledger of {found[0].name} is still being read. Try again when that is done.")
    return found[0]


def organisation_of_customer(tx: Connection, given: str, customer: str) -> Organisation:
    """Choose the organisation that is given; else the one whose customer is meant, by its id, email or name.

    An error where several know that customer, or none does. It must be fit to be shown.
    """
    organisations = connections.organisations(tx)
    if given or len(organisations) < 2:
        return organisation_of(tx, given)
    by_id = [organisation for organisation in organisations if mirror.customers(tx, organisation.id, [customer])]
    knowing = by_id or [organisation for organisation in organisations if _meant(tx, organisation, customer)]
    if len(knowing) > 1:
        raise LedgerloopError(f"Several organisations have a customer “{customer}”: add {_choices(knowing)}.")
    if not knowing:
        for organisation in organisations:
            organisation_of(tx, organisation.id)  # which says where a ledger is still being read
        customers_named(tx, organisations, customer)
    return organisation_of(tx, knowing[0].id)


def _choices(organisations: Sequence[Organisation]) -> str:
    """Return the words that name each of these organisations; by their ids where two are called alike."""
    names = [organisation.name for organisation in organisations]
    words = (
        organisation.name if names.count(organisation.name) == 1 else organisation.id for organisation in organisations
    )
    return " or ".join(f'`--organisation "{one}"`' for one in words)


def customers_named(tx: Connection, organisations: Sequence[Organisation], text: str) -> list[str]:
    """Find customers of organisations by id, by email or by name as matching compares it."""
    if not text.strip():
        raise LedgerloopError("Name the customer: its Xero id, email or name.")
    found = {one for organisation in organisations for one in _meant(tx, organisation, text)}
    if not found:
        where = " or ".join(organisation.name for organisation in organisations) or "Nobody"
        raise LedgerloopError(f"{where} has no customer with the id, email or name “{text}”.")
    return sorted(found)


def _meant(tx: Connection, organisation: Organisation, text: str) -> set[str]:
    found = set(mirror.customers(tx, organisation.id, [text]))
    for known in (
        mirror.customers_by_email(tx, organisation.id, [email_key(text)]),
        mirror.customers_by_keys(tx, organisation.id, [f"name {key}" for key in keys(text)]),
    ):
        found.update(one.id for some in known.values() for one in some)
    return found
