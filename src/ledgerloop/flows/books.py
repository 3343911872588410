"""Read an organisation's books, each kind once an hour and only when something asks for it. Called inside a step.

Deals that wait because of the books are tried again by themselves when a reading shows something else than the last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from ledgerloop.errors import Missing, ScopeMissing
from ledgerloop.flows.apart import Troubles
from ledgerloop.flows.parts import parts
from ledgerloop.flows.retrying import LOOK, again
from ledgerloop.log import logger
from ledgerloop.records import Organisation
from ledgerloop.rules.books import Books, Kind
from ledgerloop.store import books as store
from ledgerloop.store import connections, inbox, journal, lanes
from ledgerloop.xero import models as xero
from ledgerloop.xero.client import XeroClient
from ledgerloop.xero.models import Account, Model, TaxRate
from ledgerloop.xero.reference import Action, BrandingTheme, Currency, Item, TrackingCategory

LAST = timedelta(hours=1)

_MODELS: Mapping[Kind, type[Model]] = {
    "accounts": Account,
    "tax_rates": TaxRate,
    "currencies": Currency,
    "items": Item,
    "branding_themes": BrandingTheme,
    "tracking": TrackingCategory,
    "organisation": xero.Organisation,
    "actions": Action,
}
_READ: Mapping[Kind, Callable[[XeroClient], Sequence[Model]]] = {
    "accounts": XeroClient.accounts,
    "tax_rates": XeroClient.tax_rates,
    "currencies": XeroClient.currencies,
    "items": XeroClient.items,
    "branding_themes": XeroClient.branding_themes,
    "tracking": XeroClient.tracking_categories,
    "organisation": lambda client: [client.organisation()],
    "actions": XeroClient.actions,
}


def books_of(home: Organisation, kinds: Collection[Kind], *, anew: bool = False) -> Books:
    """Return these kinds of an organisation's books, reading what is not known or older than an hour, or all anew."""
    at = parts()
    with at.database.reading() as tx:
        kept = store.get(tx, home.id)
    found: dict[str, Any] = {}
    for kind in sorted(kinds):
        known = kept.get(kind)
        if not anew and known is not None and at.now() - known.read_at < LAST:
            content = known.content
        else:
            content = _read(home, kind)
        found[kind] = _records(kind, content)
    return replace(Books(home.name), **found)


def last_read(tx: Connection, organisation: str) -> Books:
    """Return an organisation's books as they were read last, however long ago that is, and read nothing."""
    kept = store.get(tx, organisation)
    found: dict[str, Any] = {kind: _records(kind, kept[kind].content) for kind in _MODELS if kind in kept}
    return replace(Books(), **found)


def look(portal: str) -> None:
    """Read anew the books that deals of a portal wait for, when they are older than an hour."""
    at = parts()
    with at.database.reading() as tx:
        homes = [one for one in connections.organisations(tx) if journal.caused_by(tx, portal, one.id)]
        kinds = {one.id: [kind for kind in _MODELS if kind in store.get(tx, one.id)] for one in homes}
    troubles = Troubles()
    for home in homes:
        with troubles.apart(home.id):  # those of one that cannot be asked are read in a later turn
            books_of(home, kinds[home.id])


def _records(kind: Kind, content: str) -> tuple[Model, ...] | None:
    records = json.loads(content)
    return None if records is None else tuple(_MODELS[kind].model_validate(one) for one in records)


def _read(home: Organisation, kind: Kind) -> str:
    """Read one kind and keep it. What may not be read is kept as nothing: then Xero has the last word."""
    at = parts()
    try:
        records = _READ[kind](at.xero(home.id))
        content = json.dumps([one.model_dump(mode="json") for one in records], sort_keys=True)
    except (ScopeMissing, Missing) as missing:
        logger.warning("books cannot be read", organisation=home.id, kind=kind, why=missing.sentence)
        content = "null"
    with at.database.transaction() as tx:
        if store.put(tx, home.id, kind, content, at.now()):
            for portal in (one.id for one in connections.portals(tx)):
                waiting = journal.caused_by(tx, portal, home.id)
                deals = [subject.removeprefix("deal ") for subject in waiting]
                reason = f"books {home.id} {kind} {hashlib.sha256(content.encode()).hexdigest()}"
                if inbox.keep(tx, [again(portal, deal, reason, LOOK) for deal in deals], at.now()):
                    lanes.wake(tx, "invoicing", portal, at.now())
    return content
