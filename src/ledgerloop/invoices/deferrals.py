"""Let an organisation that cannot be asked hold back no other's deals. Called inside a step.

One lane carries all deals of a portal, whichever organisation they go to. What goes wrong with one of several is put
aside until the others are done. What is over soon, the lane waits for; other deals are taken up again later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import Connection

from ledgerloop.engine.durable_json import Plain, error_from, error_told
from ledgerloop.engine.retries import LOOK, RETRY, Kind, again
from ledgerloop.errors import ConsentNeeded, LedgerloopError, RateLimited, Refused, Transient
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Hold, Rest
from ledgerloop.store import connections, deferrals, inbox, provenance

_SHORT = timedelta(minutes=1)
"""What is over by then is waited for by the lane; what takes longer is told on the deals, and holds up nobody."""
LATER = timedelta(minutes=15)
"""When those are looked at again, at the latest."""


class Told(TypedDict):
    """Troubles as plain data: what went wrong by organisation, and the organisation by deal."""

    of: dict[str, Plain]
    deals: dict[str, str]


@dataclass(slots=True)
class Troubles:
    """What went wrong with which organisation, by its id, and which deals wait for which organisation therefore."""

    of: dict[str, LedgerloopError] = field(default_factory=dict)
    deals: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def apart(self, organisation: str, deals: Iterable[str] = ()) -> Iterator[None]:
        """Put aside what goes wrong with one of several organisations, and the ``deals`` that were to be worked on.

        Where there is only one, nobody else waits for it, and the error ends the turn.
        """
        try:
            yield
        except LedgerloopError as problem:
            with parts().database.reading() as tx:
                if len(connections.organisations(tx)) == 1:
                    raise
            if provenance.turn():  # a command raises it, and says it in its own sentence
                logger.warning("an organisation is put aside", organisation=organisation, why=problem.sentence)
            self.of.setdefault(organisation, problem)
            self.deals |= dict.fromkeys(deals, organisation)

    def holds(self) -> dict[str, Hold]:
        """Word, by deal, why it waits for its organisation, unless that is over within the minute."""
        words = {key: Hold((_waits(_name(key), problem),)) for key, problem in self.of.items() if _is_long(problem)}
        return {deal: words[organisation] for deal, organisation in self.deals.items() if organisation in words}

    def told(self) -> Told:
        """Tell them as plain data, for the engine to keep."""
        return Told(of={key: error_told(problem) for key, problem in self.of.items()}, deals=self.deals)

    def add(self, others: Told) -> None:
        """Take in the troubles that another step has told."""
        for organisation, told in others["of"].items():
            problem = error_from(told)
            assert isinstance(problem, LedgerloopError)
            self.of.setdefault(organisation, problem)
        self.deals |= others["deals"]

    def insist(self) -> None:
        """Raise what went wrong: all must be known here."""
        for problem in self.of.values():
            raise problem

    def rest(self) -> None:
        """Raise an error that lets the lane rest for a moment, where something went wrong that is over soon."""
        sentences = [f"{_name(key)}: {problem.sentence}" for key, problem in self.of.items() if not _is_long(problem)]
        if sentences:
            raise Transient(" ".join(sentences))


def put_aside(portal: str, turn: int, troubles: Troubles, settled: Collection[str]) -> None:
    """End the turn's events, and have the deals that were held back looked at again later; no other waits for them.

    Those that a person has ``settled`` stay so.
    """
    at = parts()
    now = at.now()
    kinds: dict[str, Kind] = {deal: RETRY if deal in settled else LOOK for deal in troubles.deals}
    waits = [_wait(problem) for problem in troubles.of.values() if _is_long(problem)]
    long = {deal: kind for deal, kind in kinds.items() if _is_long(troubles.of[troubles.deals[deal]])}
    with at.database.transaction() as tx:
        inbox.finish(tx, "hubspot", portal, turn, now)
        soon = [again(portal, deal, f"put aside in turn {turn}", kind) for deal, kind in kinds.items()]
        inbox.keep(tx, [event for event in soon if event.resource not in long], now)
        if waits:
            deferrals.put(tx, portal, deferrals.Aside(Rest(now, now + min(waits)), long))


def take_up(portal: str) -> None:
    """Have the deals looked at again that were put aside, once their moment has come."""
    at = parts()
    now = at.now()
    with at.database.transaction() as tx:
        if (taken := deferrals.take(tx, portal, now)) is not None:
            reason = f"put aside until {taken.rest.until.isoformat()}"
            kinds = {deal: RETRY if kind == RETRY else LOOK for deal, kind in taken.deals.items()}
            inbox.keep(tx, [again(portal, deal, reason, kind) for deal, kind in kinds.items()], now)


def due_at(tx: Connection, portal: str, now: datetime) -> datetime | None:
    """Return when deals that were put aside are to be looked at again; none where none are."""
    kept = deferrals.get(tx, portal)
    return kept.rest.over_at(now) if kept is not None else None


def _waits(name: str, problem: LedgerloopError) -> str:
    # A quota's own sentence tells the seconds that are left, which would be news each time.
    why = "the calls that Xero allows it are used up" if isinstance(problem, RateLimited) else problem.sentence
    return f"{name} cannot be asked at present ({why.rstrip('.')}), so this deal waits, and goes on by itself."


def _is_long(problem: LedgerloopError) -> bool:
    spent = isinstance(problem, RateLimited) and problem.retry_after > _SHORT.total_seconds()
    return spent or isinstance(problem, ConsentNeeded | Refused)


def _wait(problem: LedgerloopError) -> timedelta:
    return min(timedelta(seconds=problem.retry_after), LATER) if isinstance(problem, RateLimited) else LATER


def _name(organisation: str) -> str:
    with parts().database.reading() as tx:
        known = connections.get(tx, "xero", organisation)
    return known.name if known else organisation
