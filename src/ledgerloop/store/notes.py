"""Notes: what was told of an invoice's events, on disk before the request leaves. One for each event, for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Update, select, text, tuple_, update

from ledgerloop.store.statements import chunks, insert_or_ignore
from ledgerloop.store.tables import UNFINISHED
from ledgerloop.store.tables import note as table
from ledgerloop.store.tables import receivable as receivable_table

State = Literal["intended", "sent", "made", "lapsed", "refused"]
"""``intended``: on disk. ``sent``: a request may have left, so look before sending again. ``made``: the note stands.
``lapsed``: nobody knows of a note and the event is no longer so. ``refused``: HubSpot said no."""

Key = tuple[str, str]
"""A receivable and the name of its event."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of the note on an event."""

    receivable: str
    event: str
    state: State
    hubspot_id: str = ""

    @property
    def key(self) -> Key:
        """Return what tells it from others."""
        return self.receivable, self.event


def intend(tx: Connection, organisation: str, events: Iterable[Key], now: datetime) -> None:
    """Put the events on disk that are new; those that are known stay as they are."""
    rows = [
        {"organisation": organisation, "receivable": receivable, "event": event, "state": "intended", "at": now}
        for receivable, event in sorted(set(events))
    ]
    insert_or_ignore(tx, table, rows)


def of_receivables(tx: Connection, organisation: str, receivables: Collection[str]) -> list[Note]:
    """List the notes on these receivables."""
    found: list[Note] = []
    columns = (table.c.receivable, table.c.event, table.c.state, table.c.hubspot_id)
    for some in chunks(receivables):
        mine = select(*columns).where(table.c.organisation == organisation, table.c.receivable.in_(some))
        found += [Note(*row) for row in tx.execute(mine.order_by(table.c.receivable, table.c.event))]
    return found


def customers_open(tx: Connection, organisation: str) -> list[str]:
    """List the customers with a note that is still to be sent, or may have been."""
    theirs = (receivable_table.c.organisation == table.c.organisation) & (receivable_table.c.id == table.c.receivable)
    mine = select(receivable_table.c.customer).join(table, theirs).where(table.c.organisation == organisation)
    open_ = mine.where(text(UNFINISHED))
    return list(tx.execute(open_.distinct().order_by(receivable_table.c.customer)).scalars())


def mark(tx: Connection, organisation: str, keys: Iterable[Key], state: State, now: datetime) -> None:
    """Say what became of notes."""
    both = tuple_(table.c.receivable, table.c.event)
    for some in chunks(keys):
        mine = update(table).where(table.c.organisation == organisation, both.in_(some))
        tx.execute(mine.values(state=state, at=now))


def mark_made(tx: Connection, organisation: str, ids: dict[Key, str], now: datetime) -> None:
    """Say that notes stand, and under which id."""
    for (receivable, event), hubspot_id in ids.items():
        made = _this(organisation, receivable, event).values(state="made", hubspot_id=hubspot_id, at=now)
        tx.execute(made)


def _this(organisation: str, receivable: str, event: str) -> Update:
    return update(table).where(
        table.c.organisation == organisation, table.c.receivable == receivable, table.c.event == event
    )
