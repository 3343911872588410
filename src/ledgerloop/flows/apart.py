"""Let an organisation that cannot be asked hold back no other's deals. Called inside a step.

One lane carries all deals of a portal, whichever organisation they go to. What goes wrong with one of several is put
aside until the others are done. Then the lane rests, for a minute at most, and takes up what was put aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ledgerloop.errors import ConsentNeeded, LedgerloopError, RateLimited, Refused, Transient
from ledgerloop.flows.parts import parts
from ledgerloop.flows.retrying import LOOK, RETRY, again
from ledgerloop.log import logger
from ledgerloop.records import Hold
from ledgerloop.store import connections, inbox

_LONG = 60.0
"""Seconds after which a deal tells that it waits for its organisation."""


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
            logger.warning("an organisation is put aside", organisation=organisation, why=problem.sentence)
            self.of.setdefault(organisation, problem)
            self.deals |= dict.fromkeys(deals, organisation)

    def holds(self) -> dict[str, Hold]:
        """Word, by deal, why it waits for its organisation, unless that is over within the minute."""
        words = {key: Hold((_waits(_name(key), problem),)) for key, problem in self.of.items() if _is_long(problem)}
        return {deal: words[organisation] for deal, organisation in self.deals.items() if organisation in words}

    def add(self, others: Troubles) -> None:
        """Take in the troubles of another step."""
        self.of = others.of | self.of
        self.deals |= others.deals

    def insist(self) -> None:
        """Raise what went wrong: all must be known here."""
        for problem in self.of.values():
            raise problem

    def rest(self) -> None:
        """Raise an error that lets the lane rest for a while, where something went wrong."""
        sentences = [f"{_name(key)}: {problem.sentence}" for key, problem in self.of.items()]
        if sentences:
            raise Transient(" ".join(sentences))


def _waits(name: str, problem: LedgerloopError) -> str:
    return f"{name} cannot be asked at present, so this deal waits, and goes on by itself. {problem.sentence}"


def _is_long(problem: LedgerloopError) -> bool:
    spent = isinstance(problem, RateLimited) and problem.retry_after > _LONG
    return spent or isinstance(problem, ConsentNeeded | Refused)


def _name(organisation: str) -> str:
    with parts().database.reading() as tx:
        home = connections.organisation(tx, organisation)
    return home.name if home else organisation


def put_aside(portal: str, turn: int, troubles: Troubles, settled: Iterable[str]) -> None:
    """End the turn's events, and have the deals that were held back looked at again in a later turn.

    Otherwise all deals of the turn would be read again each time, for as long as one organisation rests. Those that a
    person has ``settled`` stay so.
    """
    at = parts()
    asked = set(settled)
    with at.database.transaction() as tx:
        inbox.finish(tx, "hubspot", portal, turn, at.now())
        reason = f"put aside in turn {turn}"
        later = [again(portal, deal, reason, RETRY if deal in asked else LOOK) for deal in troubles.deals]
        inbox.keep(tx, later, at.now())
