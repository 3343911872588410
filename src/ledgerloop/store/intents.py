"""Intents: the invoice of a deal, on disk before the request leaves. One for each deal, for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, delete, func, literal, or_, select, text, update

from ledgerloop.records import Intent
from ledgerloop.store.columns import Moment
from ledgerloop.store.statements import Insert, chunks, one_at_a_time, upsert
from ledgerloop.store.tables import FOLLOWED, NOTED
from ledgerloop.store.tables import intent as table

Saying = Literal["basis", "said", "said_currency", "said_tax"]
"""What a deal says of its invoice, by which an edit and a difference show."""
Changing = Saying | Literal["payload", "payload_hash", "note", "email", "online_url", "stood", "deal_name", "accepted"]
"""What may become of a made intent."""
_COLUMNS = [table.c[field.name] for field in fields(Intent)]
_NEVER = datetime.min.replace(tzinfo=UTC)


def put(tx: Connection, intents: Sequence[Intent]) -> dict[str, Intent]:
    """Keep intents, and give back by deal the ones that stand.

    One that was never sent, or that the vendor refused, takes the new values. One that may have reached the vendor
    keeps its own: an invoice may stand behind it. An approval stays with what the deal said when it was given, for the
    same customer and organisation.
    """
    rows = [asdict(intent) for intent in sorted(intents, key=lambda intent: (intent.portal, intent.deal))]
    may = or_(table.c.state == "intended", table.c.state == "refused")
    upsert(tx, table, rows, where=lambda _: may, values=_with_approval)
    standing: dict[str, Intent] = {}
    for portal in {intent.portal for intent in intents}:
        standing |= get(tx, portal, [intent.deal for intent in intents if intent.portal == portal])
    return standing


def _with_approval(new: Insert) -> dict[str, Any]:
    """Take all new values; a person may have approved while they were being worked out."""
    same = and_(*(table.c[name] == new.excluded[name] for name in ("basis", "customer", "organisation")))
    values = {column.name: new.excluded[column.name] for column in table.c if not column.primary_key}
    kept = case((same, func.coalesce(new.excluded.approved_at, table.c.approved_at)), else_=new.excluded.approved_at)
    return {**values, "approved_at": kept}


def claim(tx: Connection, intent: Intent, now: datetime, instead_of: str = "") -> Intent:
    """Let an invoice that others made be a deal's for ever; return the intent that keeps it from that, else this one.

    It stands in the way that an invoice of ours may have left for the deal, or that another deal has this one. Whoever
    is about to send an invoice for the deal learns of it from :func:`mark_sent`. One that the deal has is given up only
    where it is the one named as ``instead_of``.
    """
    settling(tx, intent.portal)
    taken = by_invoice(tx, intent.organisation, [intent.invoice])
    if taken:
        return taken[intent.invoice]
    if instead_of:
        mine = delete(table).where(table.c.portal == intent.portal, table.c.deal == intent.deal)
        tx.execute(mine.where(table.c.state == "made", table.c.invoice == instead_of))
    may = or_(table.c.state == "intended", table.c.state == "refused")
    upsert(tx, table, [{**asdict(intent), "made_at": now}], where=lambda _: may)
    return get(tx, intent.portal, [intent.deal])[intent.deal]


def settling(tx: Connection, portal: str) -> None:
    """Let only one transaction at a time say which deals have which invoices: a person may link while deals merge."""
    one_at_a_time(tx, f"intents {portal}")


def get(tx: Connection, portal: str, deals: Collection[str]) -> dict[str, Intent]:
    """Get the intents of these deals; a deal without one is absent."""
    return {intent.deal: intent for intent in _where(tx, table.c.portal == portal, table.c.deal, deals)}


def by_invoice(tx: Connection, organisation: str, invoice_ids: Collection[str]) -> dict[str, Intent]:
    """Get the intents whose invoices these are, by the id of the invoice."""
    mine = and_(table.c.organisation == organisation, text("intent.invoice <> ''"))  # as the index has it
    return {intent.invoice: intent for intent in _where(tx, mine, table.c.invoice, filter(None, invoice_ids))}


def by_marker(tx: Connection, organisation: str, markers: Collection[str]) -> list[Intent]:
    """Get the made intents of an organisation that have these marks."""
    mine = and_(table.c.organisation == organisation, table.c.state == "made")
    return _where(tx, mine, table.c.marker, markers)


def made_under(tx: Connection, portal: str, keys: Collection[str]) -> set[str]:
    """Return those of these keys under which an invoice stands."""
    mine = and_(table.c.portal == portal, table.c.state == "made")
    return {intent.key for intent in _where(tx, mine, table.c.key, keys)}


def unsettled(tx: Connection, portal: str) -> list[Intent]:
    """List the intents of which nobody knows whether the vendor made them, the oldest first."""
    query = select(*_COLUMNS).where(table.c.portal == portal, table.c.state == "sent")
    return sorted(_listed(tx, query), key=lambda one: (one.sent_at or _NEVER, one.deal))


def pending(tx: Connection, portal: str) -> list[Intent]:
    """List the intents that still need an invoice, sent or not, those of one request next to each other.

    Those that wait for a person's approval are not among them.
    """
    free = or_(table.c.asks == "", table.c.approved_at.is_not(None))
    query = select(*_COLUMNS).where(table.c.portal == portal, table.c.state.in_(("intended", "sent")), free)
    return sorted(_listed(tx, query), key=lambda one: (one.organisation, one.created_at or _NEVER, one.key, one.deal))


def mark_sent(tx: Connection, portal: str, deals: Collection[str], now: datetime) -> set[str]:
    """Say that a request is about to leave. The first moment stays: it is where looking for the invoice begins.

    The last moment says for how long anything of it may still arrive. Returns the deals whose invoices may leave: the
    others were given one meanwhile, and another would be a second.
    """
    leaving: set[str] = set()
    for some in chunks(sorted(deals)):
        mine = update(table).where(table.c.portal == portal, table.c.deal.in_(some))
        first = func.coalesce(table.c.sent_at, literal(now, Moment()))
        may = mine.where(table.c.state.in_(("intended", "sent")))
        marked = may.values(state="sent", sent_at=first, last_sent_at=now).returning(table.c.deal)
        leaving |= set(tx.execute(marked).scalars())
    return leaving


def rekey(tx: Connection, portal: str, deals: Collection[str], key: str) -> None:
    """Give unsettled intents a new Idempotency-Key, where it is known that nothing was made under the last one."""
    for some in chunks(sorted(deals)):
        mine = update(table).where(table.c.portal == portal, table.c.deal.in_(some))
        tx.execute(mine.where(table.c.state.in_(("intended", "sent"))).values(key=key))


def mark_made(
    tx: Connection,
    portal: str,
    deal: str,
    invoice: str,
    number: str,
    now: datetime,
    note: str = "",
    stood: str = "",
) -> bool:
    """Say that the invoice stands, whether we saw it made or found it later; ``note`` is told on the deal.

    Tells whether it is the deal's: one that has an invoice already keeps that.
    """
    mine = update(table).where(table.c.portal == portal, table.c.deal == deal, table.c.state != "made")
    values = {"invoice": invoice, "number": number, "made_at": now, "note": note, "stood": stood}
    return tx.execute(mine.values(state="made", **values)).rowcount == 1


def mark_refused(tx: Connection, portal: str, deal: str, *, anew: bool = False) -> None:
    """Say that the vendor surely made nothing, so that new values may be tried. A made invoice is never unmade.

    With ``anew`` the vendor refused nothing either, so that the same values may be tried too.
    """
    mine = update(table).where(table.c.portal == portal, table.c.deal == deal, table.c.state != "made")
    tx.execute(mine.values(state="refused", **({"payload_hash": ""} if anew else {})))


def withdraw(tx: Connection, portal: str, deals: Collection[str], *, sent: bool = False) -> None:
    """Forget intents that never left: their deals are no longer to be invoiced as they stand.

    With ``sent`` also those that left long ago and that the vendor surely did not make.
    """
    states = ("intended", "sent") if sent else ("intended",)
    for some in chunks(sorted(deals)):
        tx.execute(delete(table).where(table.c.portal == portal, table.c.deal.in_(some), table.c.state.in_(states)))


def remove(tx: Connection, portal: str, deal: str) -> None:
    """Forget a deal's intent, whatever became of it."""
    tx.execute(delete(table).where(table.c.portal == portal, table.c.deal == deal))


def move(tx: Connection, portal: str, deal: str, to: str) -> None:
    """Let a deal's intent be another deal's; the intent which that one had is forgotten."""
    remove(tx, portal, to)
    tx.execute(update(table).where(table.c.portal == portal, table.c.deal == deal).values(deal=to))


def unapproved(tx: Connection, portal: str) -> list[Intent]:
    """List the intents that nobody has approved and that have not left yet, whether or not anybody must."""
    query = select(*_COLUMNS).where(table.c.portal == portal, table.c.state == "intended")
    return sorted(_listed(tx, query.where(table.c.approved_at.is_(None))), key=lambda one: one.deal)


def approve(tx: Connection, portal: str, deals: Collection[str], now: datetime) -> None:
    """Let the intents of these deals leave."""
    for some in chunks(sorted(deals)):
        mine = update(table).where(table.c.portal == portal, table.c.deal.in_(some), table.c.state == "intended")
        tx.execute(mine.values(approved_at=now))


def left_since(tx: Connection, portal: str, moment: datetime) -> list[Intent]:
    """List the intents that left without anybody's approval since a moment."""
    query = select(*_COLUMNS).where(table.c.portal == portal, table.c.sent_at >= moment, table.c.approved_at.is_(None))
    return sorted((one for one in _listed(tx, query) if one.state in ("sent", "made")), key=lambda one: one.deal)


def followed(tx: Connection, organisation: str) -> list[Intent]:
    """List the made intents of which something is still to be done: an email, or the online address."""
    query = select(*_COLUMNS).where(table.c.organisation == organisation, text(FOLLOWED))
    return [Intent(*row) for row in tx.execute(query.order_by(table.c.made_at, table.c.deal))]


class Noted(NamedTuple):
    """A deal that says something of its invoice."""

    portal: str
    deal: str
    deal_name: str
    organisation: str
    invoice: str
    number: str
    note: str


def noted(tx: Connection) -> list[Noted]:
    """List the deals that say something of their invoices, those first whose invoices were made first."""
    query = select(*(table.c[name] for name in Noted._fields)).where(text(NOTED))
    return [Noted(*row) for row in tx.execute(query.order_by(table.c.made_at, table.c.deal))]


def change(tx: Connection, intent: Intent, *names: Changing) -> None:
    """Keep what happened to a made intent: another payload, a note, an email. What is not named stays as it is.

    Two lanes work on made intents, so neither may write back what it read of the other's.
    """
    values = asdict(intent)
    mine = update(table).where(table.c.portal == intent.portal, table.c.deal == intent.deal, table.c.state == "made")
    tx.execute(mine.values({name: values[name] for name in names}))


def claim_email(tx: Connection, intent: Intent) -> bool:
    """Say that an email is about to be asked for; false where somebody else has said so first, or it is not wanted."""
    mine = update(table).where(table.c.portal == intent.portal, table.c.deal == intent.deal, table.c.state == "made")
    return tx.execute(mine.where(table.c.email == intent.email).values(email="asked")).rowcount == 1


def locked(tx: Connection, portal: str, deal: str) -> Intent | None:
    """Get the intent of a deal, and let nobody else change it until the transaction ends."""
    mine = select(*_COLUMNS).where(table.c.portal == portal, table.c.deal == deal).with_for_update()
    row = tx.execute(mine).first()
    return Intent(*row) if row else None


def restage(tx: Connection, portal: str, deal: str, stage: str) -> None:
    """Let a deal go to another stage once its invoice is paid: HubSpot would not have the one that was named."""
    tx.execute(update(table).where(table.c.portal == portal, table.c.deal == deal).values(paid_stage=stage))


def _listed(tx: Connection, query: Select[Any]) -> list[Intent]:
    """List intents in no order. For the sake of one SQLite would read all of a portal's; few are not made."""
    return [Intent(*row) for row in tx.execute(query)]


def _where(tx: Connection, mine: ColumnElement[bool], column: ColumnElement[str], ids: Iterable[str]) -> list[Intent]:
    found: list[Intent] = []
    for some in chunks(ids):
        found += [Intent(*row) for row in tx.execute(select(*_COLUMNS).where(mine, column.in_(some)))]
    return found
