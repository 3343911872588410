"""Receive webhooks: verify, keep, wake, answer. Nothing else happens before the vendor has its answer.

What is kept is kept durably before the answer, and waking the lane is part of the same transaction, so an accepted
event is never lost and never forgotten. Events that arrive together share one commit: the disk, not the processor, is
what a burst of webhooks waits for.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

from ledgerloop.flows.turns import Flow
from ledgerloop.records import Event, Vendor
from ledgerloop.store import gaps, inbox, lanes
from ledgerloop.store.db import Database

_MOST = 500
"""Deliveries that share one commit."""

_FLOW: dict[Vendor, Flow] = {"xero": "standing", "hubspot": "invoicing"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one webhook brought: its events, and the numbers by which a gap shows."""

    source: Vendor
    events: Sequence[Event]
    first: int | None = None
    last: int | None = None
    kept: Future[None] = field(default_factory=Future)
    """Done when the events are on disk."""


class Receiver:
    """Keep deliveries, many to a commit, in a thread of its own."""

    def __init__(self, database: Database, now: Callable[[], datetime], nudge: Callable[[], None]) -> None:
        self._database, self._now, self._nudge = database, now, nudge
        self._waiting: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether what is handed in will be kept."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to keep what is received."""
        self._thread.start()

    def stop(self) -> None:
        """Keep what was handed in so far, then end."""
        self._waiting.put(None)
        self._thread.join()

    def keep(self, delivery: Delivery) -> Future[None]:
        """Hand in a delivery. The future is done when it is on disk, and fails if it could not be put there."""
        self._waiting.put(delivery)
        return delivery.kept

    def _run(self) -> None:
        open_ = True
        while open_:
            some = [self._waiting.get()]
            while len(some) < _MOST and not self._waiting.empty():
                some.append(self._waiting.get())
            open_ = None not in some
            self._commit([delivery for delivery in some if delivery is not None])

    def _commit(self, some: Sequence[Delivery]) -> None:
        if not some:
            return
        try:
            with self._database.transaction() as tx:
                now = self._now()
                inbox.keep(tx, [event for delivery in some for event in delivery.events], now)
                for (source, lane), latest in _latest(some).items():
                    inbox.note_delivery(tx, source, lane, latest.first, latest.last, now)
                if numbered := [(one.first, one.last) for one in some if one.first and one.last]:
                    gaps.note(tx, "xero", numbered, now)  # HubSpot does not number what it sends
                for source, lane in sorted(
                    {(one.source, event.lane) for one in some for event in one.events if event.state == "waiting"}
                ):
                    lanes.wake(tx, _FLOW[source], lane, now)
        except Exception as problem:  # the vendor must not get a 200 for what is not on disk
            for delivery in some:
                delivery.kept.set_exception(problem)
            return
        for delivery in some:
            delivery.kept.set_result(None)
        self._nudge()


def _latest(some: Sequence[Delivery]) -> dict[tuple[Vendor, str], Delivery]:
    """Return each lane's delivery with the highest number; those behind it in the same commit need not be noted.

    A count that begins again at 1 goes on from there.
    """
    latest: dict[tuple[Vendor, str], Delivery] = {}
    for delivery in some:
        for lane in {event.lane for event in delivery.events if event.lane}:
            before = latest.get((delivery.source, lane))
            if before is None or delivery.first == 1 or (delivery.last or 0) >= (before.last or 0):
                latest[delivery.source, lane] = delivery
    return latest
