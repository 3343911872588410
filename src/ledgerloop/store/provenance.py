"""Whose turn writes the journal's lines, and which events led to them: bound once a turn, as a logger's context is.

Nothing is decided by it. The events of a turn are read when its first line is written, in that line's transaction, so a
turn that goes on after a crash finds the same, and one that has nothing to say asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from sqlalchemy import Connection, and_, func, select

from ledgerloop import subjects
from ledgerloop.records import Vendor
from ledgerloop.store.mirror import payers
from ledgerloop.store.tables import inbox, receivable
from ledgerloop.store.tables import lane as lane_table
from ledgerloop.subjects import Subject

MOST_READ = 10_000
"""The newest events that are looked at: as many as a turn takes."""
_DEALS_HANG_ON = ("line_item", "contact", "company")
"""What HubSpot's events name beside deals."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the events of a turn are about."""

    of: Mapping[str, Sequence[int]]
    """The events by the subject that they name."""
    any_deal: Sequence[int]
    """Those that name what deals hang on: whose they led to, HubSpot said once and nobody keeps."""


@dataclass(slots=True)
class Provenance:
    """The turn that writes, or the lane for which a command or the console does."""

    lane: str
    turn: int = 0
    flow: str = ""
    source: Vendor | None = None
    """Whose events wake the lane; none where no turn writes."""
    _told: Told | None = field(default=None, init=False, repr=False)
    _heard: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False)

    def led_to(self, tx: Connection, about: Iterable[Subject]) -> list[int]:
        """Return the events that led to what is said of these subjects, the oldest first.

        They are those of this turn, and of the turns that failed just before: what these pulled is still to be written.
        A subject that no event names was not led to by any: it came with the clock, a plan or another's turn.
        """
        some = tuple(about)
        told = self._read(tx)
        found = {event for one in some for event in (*told.of.get(one, ()), *self._heard.get(one, ()))}
        if not found and subjects.deals_of(some):
            found = set(told.any_deal)
        return sorted(found)

    def take(self) -> None:
        """Know that the turn has taken its events only now."""
        self._told = None

    def hear(self, events: Iterable[tuple[str, int]]) -> None:
        """Add events, by subject, that were noted for this turn when a turn of another lane took them."""
        for subject, event in events:
            self._heard.setdefault(subject, []).append(event)

    def _read(self, tx: Connection) -> Told:
        if self._told is None:
            self._told = _told(tx, self.lane, self.turn, self.flow, self.source) if self.source else Told({}, ())
        return self._told


_bound: ContextVar[Provenance | None] = ContextVar("provenance", default=None)


def current() -> Provenance | None:
    """Return who writes lines in this context; none outside of turns, where nobody was bound."""
    return _bound.get()


def turn() -> int:
    """Return the number of the turn that is under way; 0 where none is."""
    writer = current()
    return writer.turn if writer is not None else 0


@contextmanager
def bound(writer: Provenance) -> Iterator[None]:
    """Let the lines that are written while the block lasts be of this writer. Threads see it in a copied context."""
    before = _bound.set(writer)
    try:
        yield
    finally:
        _bound.reset(before)


def _told(tx: Connection, lane: str, turn: int, flow: str, source: Vendor) -> Told:
    mine = and_(lane_table.c.flow == flow, lane_table.c.lane == lane)
    failed = func.coalesce(select(lane_table.c.failures).where(mine).scalar_subquery(), 0)
    in_copy = and_(receivable.c.organisation == inbox.c.lane, receivable.c.id == inbox.c.resource)
    rows = tx.execute(
        select(inbox.c.id, inbox.c.category, inbox.c.kind, inbox.c.resource, receivable.c.customer)
        .select_from(inbox)
        .outerjoin(receivable, in_copy)
        .where(inbox.c.source == source, inbox.c.lane == lane, inbox.c.state != "skipped")
        .where(inbox.c.turn >= turn - failed, inbox.c.turn <= turn)
        .order_by(inbox.c.id.desc())
        .limit(MOST_READ)
    ).all()
    paid = payers(tx, lane, [row.resource for row in rows if row.category == "PAYMENT"])
    of: dict[str, list[int]] = {}
    any_deal: list[int] = []
    for row in rows:
        if row.category == "deal":
            of.setdefault(subjects.deal(row.resource), []).append(row.id)
        elif row.category == "CONTACT":
            of.setdefault(subjects.customer(row.resource), []).append(row.id)
        elif customer := row.customer or paid.get(row.resource):
            of.setdefault(subjects.customer(customer), []).append(row.id)
        if row.category in _DEALS_HANG_ON or row.kind == "merge":  # which names the deals that it made one
            any_deal.append(row.id)
    return Told(of, any_deal)
