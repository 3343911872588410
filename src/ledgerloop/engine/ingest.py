"""Receive webhooks: verify, keep, wake, answer. Nothing else happens before the vendor has its answer.

What is kept is kept durably before the answer, and waking the lane is part of the same transaction, so an accepted
event is never lost and never forgotten. Events that arrive together share one commit: the disk, not the processor, is
what a burst of webhooks waits for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ledgerloop.clock import Clock
from ledgerloop.engine.turns import Flow
from ledgerloop.records import Event, Pulse, Signed, Vendor
from ledgerloop.rules.health import alike
from ledgerloop.store import connections, gaps, inbox, lanes, pulses, signatures
from ledgerloop.store.commits import Commits
from ledgerloop.store.db import Database

_MOST = 500
"""Deliveries that share one commit."""
BEAT, BEAT_AGAIN = 30.0, 1.0
"""How many seconds pass between two writes of what the service says of itself; and while it cannot be written."""
GLANCE = 2.0
"""How many seconds pass between two looks at whether that has changed, so that it is written before its time."""
_TRIAL = 10.0
"""How many seconds after a right webhook wrong ones may belong to Xero's “intent to receive”."""

PATIENCE = 10.0
"""Seconds that the database may take for one statement. Whoever sent has long been told to send again by then."""

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
    """Keep deliveries, many to a commit, in a thread of its own; and write what the service says of itself.

    That is written now and then also where nothing is received, so that a disk which is full is noticed without
    traffic; and soon where it has changed, since commands that run beside the service go by it. What was refused is
    counted in memory and written along: whoever sends a thousand webhooks that are wrongly signed has nothing written
    for each.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        nudge: Callable[[], None],
        worker: str,
        tell: Callable[[], Pulse],
        grounds: Callable[[], object] = lambda: None,
    ) -> None:
        """Take the parts. ``tell`` gives what the service, under its name as a ``worker``, says of itself.

        ``grounds`` gives for next to nothing something that is another whenever that may be.
        """
        self._database, self._clock, self._nudge = database, clock, nudge
        self._worker, self._tell, self._grounds = worker, tell, grounds
        self._waiting: deque[Delivery | None] = deque()
        self._arrived = clock.condition()
        self._thread = clock.thread(self._run, "receiver")
        self._counting = clock.lock()
        self._counted: dict[Vendor, Signed] = {}
        self._right_at: dict[Vendor, float] = {}
        self._well_signed: dict[Vendor, bool] = {}
        """Of whose webhooks the last that was written was right."""
        self._beat_at: float | None = None
        self._glanced_at = 0.0
        self._told: Pulse | None = None
        self._told_on: object = None
        self.commits = Commits(clock.now, "nothing can be written")

    @property
    def alive(self) -> bool:
        """Whether what is handed in will be kept."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to keep what is received."""
        self._thread.start()

    def stop(self) -> None:
        """Keep what was handed in so far, then end."""
        self._hand_in(None)
        self._thread.join()

    def keep(self, delivery: Delivery) -> Future[None]:
        """Hand in a delivery. The future is done when it is on disk, and fails if it could not be put there."""
        self._hand_in(delivery)
        return delivery.kept

    def _hand_in(self, delivery: Delivery | None) -> None:
        with self._arrived:
            self._waiting.append(delivery)
            self._arrived.notify_all()

    def right(self, vendor: Vendor) -> None:
        """Count a webhook that was rightly signed. Cheap, and never waits."""
        now = self._clock.now()
        with self._counting:
            self._right_at[vendor] = self._clock.monotonic()
            self._count(Signed(vendor, now))

    def refused(self, vendor: Vendor, why: str, *, closed: bool = False, empty: bool = False) -> None:
        """Count a webhook that was refused for its signature. Cheap, and never waits.

        Nothing is amiss where the address is ``closed`` because nobody has saved a secret, nor where the vendor tries
        us out, with ``empty`` webhooks that are wrongly signed on purpose beside right ones.
        """
        now = self._clock.now()
        with self._counting:
            last = self._right_at.get(vendor)
            tried = empty and last is not None and self._clock.monotonic() - last <= _TRIAL
            self._count(Signed(vendor, ever=1) if closed or tried else Signed(vendor, None, 1, now, now, why, 1))

    def counted(self) -> list[Signed]:
        """Return what was counted and is not written yet."""
        with self._counting:
            return list(self._counted.values())

    def _count(self, one: Signed) -> None:
        before = self._counted.get(one.vendor)
        self._counted[one.vendor] = before.then(one) if before else one

    def _run(self) -> None:
        open_ = True
        while open_:
            self._speak()
            some = self._next()
            open_ = None not in some
            self._commit([delivery for delivery in some if delivery is not None])
        self._end()

    def _next(self) -> list[Delivery | None]:
        """Take what was handed in, all that shares a commit; wait for it until the next beat or glance at most."""
        with self._arrived:
            if not self._waiting:
                self._arrived.wait(min(self._until_next_beat(), self._until_next_glance()))
            return [self._waiting.popleft() for _ in range(min(_MOST, len(self._waiting)))]

    def _until_next_beat(self) -> float:
        """Tell how many seconds may pass before something is written again; few, where an outage was told last."""
        outage = self.commits.outage or (self._told and self._told.outage)
        span = BEAT_AGAIN if outage else BEAT
        return 0.0 if self._beat_at is None else max(0.0, self._beat_at + span - self._clock.monotonic())

    def _until_next_glance(self) -> float:
        return max(0.0, self._glanced_at + GLANCE - self._clock.monotonic())

    def _speak(self) -> None:
        """Write what the service says of itself where it is time to, or where it says something else than before."""
        due = self._until_next_beat() <= 0
        if not due and self._until_next_glance() > 0:
            return
        self._glanced_at = self._clock.monotonic()
        due = due or self._signed_otherwise()
        if due:
            self._beat_at = self._glanced_at  # also where it goes wrong: it is tried again in its time
        with suppress(Exception), self.commits.watched():  # what went wrong is remembered there
            grounds = self._grounds()
            if not due and grounds == self._told_on:
                return
            told = self._tell()
            if due or self._told is None or not alike(told, self._told):
                self._beat(told)
            self._told_on = grounds

    def _beat(self, told: Pulse) -> None:
        self._beat_at = self._clock.monotonic()
        with self._taken() as counted, self._database.transaction() as tx:
            signatures.add(tx, counted)
            pulses.put(tx, told)
        self._told = told
        self._well_signed |= {one.vendor: not one.refused for one in counted if one.refused or one.right_at}

    def _signed_otherwise(self) -> bool:
        """Tell whether webhooks were refused since the last write, or right ones came after refused ones or none."""
        return any(one.refused or (one.right_at and not self._well_signed.get(one.vendor)) for one in self.counted())

    def _end(self) -> None:
        """Write what was counted, and that this service has ended."""
        with suppress(Exception), self._taken() as counted, self._database.transaction() as tx:
            signatures.add(tx, counted)
            pulses.forget(tx, self._worker)

    @contextmanager
    def _taken(self) -> Iterator[list[Signed]]:
        """Take what was counted, and put it back where it cannot be written."""
        with self._counting:
            counted, self._counted = list(self._counted.values()), {}
        try:
            yield counted
        except BaseException:
            with self._counting:
                later, self._counted = self._counted, {one.vendor: one for one in counted}
                for one in later.values():
                    self._count(one)
            raise

    def _commit(self, some: Sequence[Delivery]) -> None:
        if not some:
            return
        try:
            with self.commits.watched(), self._database.transaction(PATIENCE) as tx:
                now = self._clock.now()
                # What is disconnected may be so for ever; once it is connected again, all that changed is looked for.
                off = {(one.vendor, one.id) for one in connections.all_connected(tx) if one.off}
                kept = [event for one in some for event in one.events if (one.source, event.lane) not in off]
                inbox.keep(tx, kept, now)
                for (source, lane), latest in _latest(some).items():
                    inbox.note_delivery(tx, source, lane, latest.first, latest.last, now)
                if numbered := [(one.first, one.last) for one in some if one.first and one.last]:
                    gaps.note(tx, "xero", numbered, now)  # HubSpot does not number what it sends
                for source, lane in sorted({(event.source, event.lane) for event in kept if event.state == "waiting"}):
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
