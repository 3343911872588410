"""Intents: the invoice of a deal, on disk before the request leaves. One for each deal, for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, func, literal, or_, select, update

from ledgerloop.records import Intent
from ledgerloop.store.statements import chunks, upsert
from ledgerloop.store.tables import Moment
from ledgerloop.store.tables import intent as table

_COLUMNS = [table.c[field.name] for field in fields(Intent)]


def put(tx: Connection, intents: Sequence[Intent]) -> dict[str, Intent]:
    """Keep intents, and give back by deal the ones that stand.

    One that was never sent, or that the vendor refused, takes the new values. One that may have reached the vendor
    keeps its own: an invoice may stand behind it.
    """
    rows = [asdict(intent) for intent in sorted(intents, key=lambda intent: (intent.portal, intent.deal))]
    upsert(tx, table, rows, where=lambda _: or_(table.c.state == "intended", table.c.state == "refused"))
    standing: dict[str, Intent] = {}
    for portal in {intent.portal for intent in intents}:
        standing |= get(tx, portal, [intent.deal for intent in intents if intent.portal == portal])
    return standing


def get(tx: Connection, portal: str, deals: Collection[str]) -> dict[str, Intent]:
    """Get the intents of these deals; a deal without one is absent."""
    return {intent.deal: intent for intent in _where(tx, table.c.portal == portal, table.c.deal, deals)}


def by_invoice(tx: Connection, organisation: str, invoice_ids: Collection[str]) -> dict[str, Intent]:
    """Get the intents whose invoices these are, by the id of the invoice."""
    mine = table.c.organisation == organisation
    return {intent.invoice: intent for intent in _where(tx, mine, table.c.invoice, filter(None, invoice_ids))}


def unsettled(tx: Connection, portal: str) -> list[Intent]:
    """List the intents of which nobody knows whether the vendor made them, the oldest first."""
    query = select(*_COLUMNS).where(table.c.portal == portal, table.c.state == "sent")
    return [Intent(*row) for row in tx.execute(query.order_by(table.c.sent_at, table.c.deal))]


def pending(tx: Connection, portal: str) -> list[Intent]:
    """List the intents that still need an invoice, sent or not, those of one request next to each other."""
    query = select(*_COLUMNS).where(table.c.portal == portal, table.c.state.in_(("intended", "sent")))
    order = (table.c.organisation, table.c.created_at, table.c.key, table.c.deal)
    return [Intent(*row) for row in tx.execute(query.order_by(*order))]


def mark_sent(tx: Connection, portal: str, deals: Collection[str], now: datetime) -> None:
    """Say that a request is about to leave. The first moment stays: it is where looking for the invoice begins."""
    for some in chunks(sorted(deals)):
        mine = update(table).where(table.c.portal == portal, table.c.deal.in_(some))
        first = func.coalesce(table.c.sent_at, literal(now, Moment()))
        tx.execute(mine.where(table.c.state.in_(("intended", "sent"))).values(state="sent", sent_at=first))


def rekey(tx: Connection, portal: str, deals: Collection[str], key: str) -> None:
    """Give unsettled intents a new Idempotency-Key, where it is known that nothing was made under the last one."""
    for some in chunks(sorted(deals)):
        mine = update(table).where(table.c.portal == portal, table.c.deal.in_(some))
        tx.execute(mine.where(table.c.state.in_(("intended", "sent"))).values(key=key))


def mark_made(tx: Connection, portal: str, deal: str, invoice: str, number: str, now: datetime) -> None:
    """Say that the invoice stands, whether we saw it made or found it later."""
    mine = update(table).where(table.c.portal == portal, table.c.deal == deal)
    tx.execute(mine.values(state="made", invoice=invoice, number=number, made_at=now))


def mark_refused(tx: Connection, portal: str, deal: str) -> None:
    """Say that the vendor surely made nothing, so that new values may be tried. A made invoice is never unmade."""
    mine = update(table).where(table.c.portal == portal, table.c.deal == deal, table.c.state != "made")
    tx.execute(mine.values(state="refused"))


def _where(tx: Connection, mine: ColumnElement[bool], column: ColumnElement[str], ids: Iterable[str]) -> list[Intent]:
    found: list[Intent] = []
    for some in chunks(ids):
        found += [Intent(*row) for row in tx.execute(select(*_COLUMNS).where(mine, column.in_(some)))]
    return found
