"""Start the turns of lanes that are ready, and keep the schedule.

A turn's workflow id is made of flow, lane and turn, so starting it again, here or in another process, only attaches to
the one that runs. The dispatcher looks when it is nudged, when somebody has written to the database, in whatever
process, which it asks twice a second, and at the next moment at which something is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledgerloop.clock import Clock
from ledgerloop.engine import durable, epoch
from ledgerloop.engine.recovery import end_old_turns, lock_of, pass_over, take_over
from ledgerloop.engine.retention import forget
from ledgerloop.engine.turns import turn_id
from ledgerloop.errors import LedgerloopError, Transient
from ledgerloop.log import logger
from ledgerloop.records import Outage
from ledgerloop.store import lanes
from ledgerloop.store.changes import Changes
from ledgerloop.store.commits import Commits
from ledgerloop.store.db import Database
from ledgerloop.store.lanes import Lane, Ready

APPLICATION_VERSION = "7"
"""Changes when a turn that began before an upgrade could not go on after it, because its steps or their order changed.

Such turns are ended at the launch, and the next turns of their lanes do the rest."""

Flows = Mapping[str, Callable[[str, int], None]]
"""The work of a turn by the name of its flow; it is handed the lane and the number of the turn."""

PACE = timedelta(seconds=1)
"""A lane's turns begin at least this far apart: the first event of a burst is acted on at once, the rest together."""
TICK = 0.5
"""Seconds after which it is asked whether somebody else has written, and looked again where looking failed."""
SCHEDULE = timedelta(seconds=5)
"""At most so often it is asked what is due, and whether turns or workers have died, while there is any work."""
SAFETY = timedelta(minutes=1)
"""So often it is asked in any case: a clock may have been put forward, and a lock may be lost without a word."""
STUCK = timedelta(seconds=30)
HUNG = 60.0
"""Seconds after which a dispatcher that has not looked is told of: the longest wait for a lock, twice."""
KEEP_TURNS = timedelta(days=1)
"""How long turns are kept that have ended: what they did is in the journal and the inbox, for longer."""
PRUNE = timedelta(hours=1)
PRUNED_AT_ONCE = 200
"""Turns forgotten at one look. The next look goes on until none is left: a lane makes one a second at most."""
AGAIN = timedelta(minutes=5)
"""Until when forgetting is tried again where our clock and the vendors' do not agree, or were not compared yet."""
LAST_LOOK = 1.0
"""Seconds within which the database says, when the engine stops, whether a turn still runs."""
LAST_BREATH = 3.0
"""Seconds after which the lock of a worker that was killed is surely free."""


@dataclass(slots=True)
class Started:
    """A turn that this process has started, and when."""

    turn: int
    at: float
    """By the clock that only goes on."""


class Engine:
    """Start turns and keep the schedule, in one thread beside DBOS's own."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        flows: Flows,
        wake_due: Callable[[], datetime | None],
        worker: str = "one",
        clock_off: Callable[[], timedelta | None] = lambda: None,
    ) -> None:
        """Take the parts. ``flows`` are what is run in turns, ``wake_due`` wakes the lanes whose time has come and
        returns the next moment at which one's will have.

        ``clock_off`` tells by how much the vendors' clocks are ahead of ours, once they told.
        """
        self._database, self._clock, self._worker = database, clock, worker
        self._flows, self._wake_due = flows, wake_due
        self._clock_off = clock_off
        self._started: dict[tuple[str, str], Started] = {}
        self._begun: dict[tuple[str, str], Started] = {}
        self._nudged, self._stopping = clock.event(), clock.event()
        self._thread = clock.thread(self._run, "dispatcher")
        self._alone = ExitStack()
        self._changes = Changes(database)
        self._due = clock.monotonic()
        self._scheduled_at: float | None = None
        self._schedule_due = self._due
        self._stirred = True
        """Whether there was any work since it was last asked what is due."""
        self.stirs = 0
        """How many times somebody was found to have written, or nudged."""
        self._forgot_at: float | None = None
        self._pruning = False
        self._looked_at: float | None = None
        self._commits = Commits(clock.now, "no turn can be started")

    @property
    def outage(self) -> Outage | None:
        """Since when turns cannot be started, where they cannot, and why; nothing before the launch."""
        if self._looked_at is None or self.stopping:
            return None
        silent = self._clock.monotonic() - self._looked_at
        if self._commits.outage is None and (silent > HUNG or not self._thread.is_alive()):
            return Outage(self._clock.now() - timedelta(seconds=silent), "no turn is looked for any more")
        return self._commits.outage

    @property
    def stopping(self) -> bool:
        """Tell whether the engine was asked to stop."""
        return self._stopping.is_set()

    @property
    def taken(self) -> bool:
        """Tell whether another process works under this name."""
        with self._database.lock_at_once(lock_of(self._worker)) as free:
            return not free

    def launch(self) -> None:
        """Go on with what a crash interrupted, and begin to dispatch.

        Raises LedgerloopError where another process works under the same name: both would go on with the same turns.
        """
        self._be_alone()
        if epoch.check():
            durable.set_aside(self._database)
        self._alone.callback(durable.launch(self._database, self._worker, APPLICATION_VERSION).dispose)
        end_old_turns(self._database, self._worker, APPLICATION_VERSION, self._clock.now())
        self._begin_again()
        self._looked_at = self._clock.monotonic()
        self._thread.start()

    def next_due(self) -> datetime:
        """Return the moment at which it looks again, though nobody nudges it and nothing is written."""
        return self._clock.now() + timedelta(seconds=max(0.0, self._due - self._clock.monotonic()))

    def nudge(self) -> None:
        """Say that a lane may have become ready. Cheap, and never waits."""
        self._nudged.set()

    def close(self, patience: float = 10.0) -> None:
        """Stop starting turns, and let those that run come to an end. What does not end in time goes on at the next
        launch."""
        self._stopping.set()
        self._nudged.set()
        self._thread.join(patience)  # it may ask a database that never answers
        # It is waited for in whole seconds, a first one also where nothing runs.
        durable.close(0 if self._still() else int(patience))
        if not self._thread.is_alive():
            self._changes.close()
        self._alone.close()

    def _still(self) -> bool:
        """Tell whether no turn runs here; not where the database does not answer, which would be asked for ever."""
        running: list[bool | None] = []
        asking = self._clock.thread(lambda: running.append(durable.runs_any(self._worker)), "last look")
        asking.start()
        asking.join(LAST_LOOK)
        return running == [False]

    def _be_alone(self) -> None:
        end = self._clock.monotonic() + LAST_BREATH
        while not self._alone.enter_context(self._database.lock_at_once(lock_of(self._worker))):
            self._alone.close()
            if self._clock.monotonic() > end:
                raise LedgerloopError(
                    f"Another process already works on this database as worker `{self._worker}`; stop it first."
                )
            self._clock.sleep(0.1)

    def _begin_again(self) -> None:
        """Have lanes taken up whose turn the engine does not know: it, or the database, was put back from a backup."""
        with self._database.reading() as tx:
            begun = [one for one in lanes.all_lanes(tx) if one.begun_at and not one.wanted]
        unknown = [one for one in begun if not durable.known(turn_id(one.flow, one.lane, one.turn))]
        if unknown:
            with self._database.transaction() as tx:
                for one in unknown:
                    lanes.wake(tx, one.flow, one.lane, self._clock.now())

    def _stay_alone(self) -> None:
        """Take the lock again where the connection that held it broke: others would take this worker for dead."""
        again = ExitStack()
        if again.enter_context(self._database.lock_at_once(lock_of(self._worker))):
            broken, self._alone = self._alone, again
            with suppress(Transient):
                broken.close()
        else:
            again.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            known = self._commits.outage
            try:
                with self._commits.watched():
                    self._rest()
                    wait = self._dispatch()
            except Exception as problem:  # the database may be away for a while; the next look finds it again
                if known is None and not isinstance(problem, LedgerloopError):  # what went wrong is logged already
                    logger.exception("dispatcher could not look")
                self._scheduled_at = None  # the next look shall be a whole one: only that tells that all is well again
                wait = TICK
            self._looked_at = self._clock.monotonic()
            self._due = self._looked_at + wait

    def _rest(self) -> None:
        """Wait until the next look is due, until somebody nudges, or until something was written by whomever."""
        while (left := self._due - self._clock.monotonic()) > 0 and not self._nudged.wait(min(left, TICK)):
            self._looked_at = self._clock.monotonic()
            if self._changes.any():
                self._stir()
                break
        if self._nudged.is_set():
            self._nudged.clear()
            self._stir()

    def _stir(self) -> None:
        self._stirred = True
        self.stirs += 1

    def _dispatch(self) -> float:
        """Start the turns that are ready, and return how many seconds may pass before the next look."""
        now = self._clock.now()
        ticks = self._clock.monotonic()  # intervals in here are not moved by a clock that is put right
        if self._scheduled_at is None or ticks >= self._schedule_at():
            self._scheduled_at, self._stirred = ticks, False
            due = self._wake_due()
            self._stay_alone()
            others = take_over(self._database, self._worker, APPLICATION_VERSION, now)
            self._end_broken(now)
            epoch.check_now_and_then(now)
            # Who dies while at work writes nothing more.
            self._stirred = bool(others or self._begun)
            self._schedule_due = ticks + SAFETY.total_seconds()
            if due is not None:
                self._schedule_due = min(self._schedule_due, ticks + max((due - now).total_seconds(), 0.0))
        if self._forgot_at is None or ticks - self._forgot_at >= PRUNE.total_seconds():
            self._pruning = forget(self._database, now, self._clock_off())
            self._forgot_at = ticks if self._pruning else ticks - (PRUNE - AGAIN).total_seconds()
        if self._pruning:
            self._pruning = _prune(now)
        with self._database.reading() as tx:
            ready, goes_on = lanes.ready(tx, now), lanes.goes_on_at(tx, now)
        wait = TICK if self._pruning else self._schedule_at() - ticks
        if goes_on is not None:
            wait = min(wait, (goes_on - now).total_seconds())
        for one in ready:
            wait = min(wait, self._start(one, now))
        return wait

    def _schedule_at(self) -> float:
        """Return when it is asked again what is due: soon while there is work, else at the moment that was named."""
        soon = (self._scheduled_at or 0.0) + SCHEDULE.total_seconds()
        return max(soon, self._schedule_due) if not self._stirred else soon

    def _start(self, one: Ready, now: datetime) -> float:
        """Start a turn unless it runs already or would follow the last one too closely.

        Returns how many seconds may pass before the lane is looked at again: what begins and ends a turn is written.
        """
        key, ticks = (one.flow, one.lane), self._clock.monotonic()
        last = self._started.get(key)
        if last is not None and last.turn == one.turn:
            if ticks - last.at > STUCK.total_seconds():
                self._unstick(one, now)
            return SCHEDULE.total_seconds()
        if last is not None and ticks - last.at < PACE.total_seconds():
            return PACE.total_seconds() - (ticks - last.at)
        if last is None and durable.ended(turn_id(one.flow, one.lane, one.turn)):
            # A database that was brought back from a backup names turns that have long ended.
            pass_over(self._database, one.flow, one.lane, one.turn, now)
            return 0.0
        durable.start(turn_id(one.flow, one.lane, one.turn), self._flows[one.flow], one.lane, one.turn)
        self._started[key] = Started(one.turn, ticks)
        return SCHEDULE.total_seconds()

    def _unstick(self, one: Ready | Lane, now: datetime) -> None:
        """End a turn whose workflow ended without doing so itself: cancelled by hand, or recovered too often."""
        if durable.ended(turn_id(one.flow, one.lane, one.turn)):
            logger.error("turn ended without finishing", flow=one.flow, lane=one.lane, turn=one.turn)
            why = "Its last turn was broken off: the disk may have been full, or somebody cancelled it."
            pass_over(self._database, one.flow, one.lane, one.turn, now, why)

    def _end_broken(self, now: datetime) -> None:
        """End turns whose workflow ended without doing so itself, where nothing else wants their lanes.

        What such a turn had taken would wait until something comes: a row of the engine's that cannot be read ends it.
        """
        with self._database.reading() as tx:
            begun = {(one.flow, one.lane): one for one in lanes.all_lanes(tx) if one.begun_at and not one.wanted}
        ticks = self._clock.monotonic()
        self._begun = {
            key: last if (last := self._begun.get(key)) and last.turn == one.turn else Started(one.turn, ticks)
            for key, one in begun.items()
        }
        for key, seen in self._begun.items():
            if ticks - seen.at > STUCK.total_seconds():
                self._unstick(begun[key], now)


def _prune(now: datetime) -> bool:
    """Forget some of the turns that ended a day ago; tell whether there may be more."""
    return durable.forget(now - KEEP_TURNS, PRUNED_AT_ONCE) == PRUNED_AT_ONCE
