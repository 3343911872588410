"""Read an organisation's books, each kind once an hour and only when something asks for it. Called inside a step.

Deals that wait because of the books are tried again by themselves when a reading shows something else than the last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine.retries import LOOK, again
from ledgerloop.errors import Missing, ScopeMissing
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Organisation, Rest
from ledgerloop.rules.clocks import passed
from ledgerloop.rules.reference_data import Books, Kind
from ledgerloop.rules.totals import books_passed_over
from ledgerloop.rules.vendor_messages import books_blamed
from ledgerloop.store import connections, inbox, journal, lanes
from ledgerloop.store import reference_data as store
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

KINDS: tuple[Kind, ...] = tuple(_MODELS)


def books_of(
    organisation: Organisation, kinds: Collection[Kind], *, anew: bool = False, at_once: bool = False
) -> Books:
    """Return these kinds of an organisation's books, reading what is not known or older than an hour, or all anew.

    What was read less than a minute ago is not read anew for every deal that blames it, unless ``at_once`` for a person
    who has a deal tried again: it is when the minute is over, and then whatever is held for it goes on by itself.
    """
    at = parts()
    with at.database.reading() as tx:
        kept = store.get(tx, organisation.id)
    found: dict[str, Any] = {}
    too_soon: list[str] = []
    for kind in sorted(kinds):
        known = kept.get(kind)
        if (
            known is None
            or passed(known.read_at, LAST, at.now())
            or (anew and (at_once or not _lately(organisation.id, kind)))
        ):
            content = _read(organisation, kind)
        else:
            content = known.content
            too_soon += [kind] if anew else []
        found[kind] = _records(kind, content)
    if too_soon:
        with at.database.transaction() as tx:
            store.want(tx, organisation.id, too_soon, at.now() + at.books_floor)
    return replace(Books(organisation.name), **found)


def blame(tx: Connection, portal: str, organisation: str, problems: Sequence[str]) -> str:
    """Have the books be read anew that would have told of a refusal beforehand, before the next invoice is decided.

    Returns the organisation where there are such books, for the hold to be tried again once they change; else nothing.
    """
    kinds = books_blamed(problems)
    if not kinds:
        return ""
    store.outdate(tx, organisation, kinds)
    lanes.wake(tx, "invoicing", portal, parts().now())
    return organisation


def pass_over(tx: Connection, organisation: str, sent: Mapping[str, Any], invoice: xero.Invoice) -> None:
    """Have the books be read anew from which Xero left something out of an invoice, before the next is decided."""
    if kinds := books_passed_over(sent, invoice):
        store.outdate(tx, organisation, kinds)


def ever_read(organisation: str) -> set[str]:
    """Return the kinds of an organisation's books that were read, or that a refusal has blamed."""
    with parts().database.reading() as tx:
        return set(store.get(tx, organisation))


def due(tx: Connection, organisation: str, now: datetime) -> bool:
    """Tell whether books are to be read again that were blamed too soon after a reading."""
    moment = due_at(tx, organisation, now)
    return moment is not None and moment <= now


def due_at(tx: Connection, organisation: str, now: datetime) -> datetime | None:
    """Return when books are to be read again that were blamed too soon after a reading; none where none were."""
    wanted = store.wanted(tx, organisation)
    return Rest(wanted.at - parts().books_floor, wanted.at).over_at(now) if wanted is not None else None


def last_read(tx: Connection, organisation: str) -> Books:
    """Return an organisation's books as they were read last, however long ago that is, and read nothing."""
    kept = store.get(tx, organisation)
    found: dict[str, Any] = {kind: _records(kind, kept[kind].content) for kind in _MODELS if kind in kept}
    return replace(Books(), **found)


def _lately(organisation: str, kind: str) -> bool:
    """Tell whether this process has read a kind within the floor."""
    at = parts()
    before = at.books_read.get((organisation, kind))
    return before is not None and at.clock.monotonic() - before < at.books_floor.total_seconds()


def _records(kind: Kind, content: str) -> tuple[Model, ...] | None:
    records = json.loads(content)
    return None if records is None else tuple(_MODELS[kind].model_validate(one) for one in records)


def _read(organisation: Organisation, kind: Kind) -> str:
    """Read one kind and keep it. What may not be read is kept as nothing: then Xero has the last word."""
    at = parts()
    try:
        records = _READ[kind](at.xero(organisation.id))
        content = json.dumps([one.model_dump(mode="json") for one in records], sort_keys=True)
    except (ScopeMissing, Missing) as missing:
        logger.warning("books cannot be read", organisation=organisation.id, kind=kind, why=missing.sentence)
        content = "null"
    at.books_read[organisation.id, kind] = at.clock.monotonic()
    with at.database.transaction() as tx:
        if store.put(tx, organisation.id, kind, content, at.now()):
            for portal in (one.id for one in connections.portals(tx)):
                waiting = journal.caused_by(tx, portal, organisation.id)
                deals = subjects.deals_of(waiting)
                reason = f"books {organisation.id} {kind} {hashlib.sha256(content.encode()).hexdigest()}"
                if inbox.keep(tx, [again(portal, deal, reason, LOOK) for deal in deals], at.now()):
                    lanes.wake(tx, "invoicing", portal, at.now())
    return content
