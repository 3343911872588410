"""Stop unplanned work before it becomes more than anybody expects, and ask. Called inside a step.

A mistake in Xero, an import or a merged file of contacts, would otherwise become thousands of HubSpot records within a
minute. Work is looked at before its first write; and every batch is counted on disk before it is sent, so that no crash
makes the count forget. Planned work has a count of its own: what its plan showed, and nothing beyond.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from ledgerloop.errors import Braked, LedgerloopError, UnknownOutcome
from ledgerloop.flows.parts import instead, parts
from ledgerloop.flows.rehearsing import count, rehearse
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import BatchResult, New, Record, To
from ledgerloop.hubspot.paths import plural
from ledgerloop.records import Organisation
from ledgerloop.store import journal, links, mirror, planned, spent
from ledgerloop.store.spent import Written

COUNTED = frozenset({"contacts", "companies", "deals"})
"""Kinds of record that the brake counts."""

_RECORDS_EACH = 3
"""How many records a customer usually means: a contact, a company, a deal or a further person."""


def subject_of(organisation: str) -> str:
    """Name the brake of an organisation as holds and the journal do."""
    return f"brake {organisation}"


def look_ahead(home: Organisation) -> None:
    """Stop, before anything is written, what would write more than an hour may; say so, and ask.

    What surely fits is let through at once. Only what may not fit is rehearsed, to know exactly.
    """
    at = parts()
    with at.database.reading() as tx:
        waiting = _unplanned(tx, home.id)
        so_far = spent.in_the_last_hour(tx, home.id, at.now())
        strangers = len(waiting) - len(links.find(tx, home.id, "company", waiting))
        stopped = journal.held(tx, subject_of(home.id)) is not None
    most = so_far.plus(Written(_RECORDS_EACH * strangers, _RECORDS_EACH * len(waiting)))
    if not _fits(most):
        for lines in rehearse(home, waiting):
            so_far = so_far.plus(count(lines))
        if not _fits(so_far):
            raise _stop(home, so_far)
    if stopped:
        release(home.id)


@contextmanager
def counting(home: Organisation, *, planned_work: bool, behind: bool = False) -> Iterator[None]:
    """Count, while the block lasts, what is written, and stop it at the brake; ``behind`` live work where asked."""
    at = parts()
    client = at.hubspot().as_backfill() if behind else at.hubspot()
    with instead(replace(at, hubspot=lambda: Counting(client, home, planned_work))):
        yield


def release(organisation: str) -> None:
    """Say that nothing is stopped any more."""
    at = parts()
    with at.database.transaction() as tx:
        journal.clear(tx, [subject_of(organisation)], at.now())


@dataclass(slots=True)
class Count:
    """What was counted before a write, and what the write came to."""

    planned: Written
    beyond: Written
    made: Written


class Counting(HubSpotClient):
    """Write as the real client does, and count before; what HubSpot surely did not write is taken off again."""

    def __init__(self, real: HubSpotClient, home: Organisation, planned_work: bool) -> None:
        """Take the client that writes, and whose work it is."""
        super().__init__(real.api, real.version)
        self._home, self._planned = home, planned_work

    def create(self, kind: str, values: Mapping[str, str], associations: Sequence[To] = ()) -> Record:
        """Create a record."""
        with self._counted(kind, Written(created=1)):
            return super().create(kind, values, associations)

    def update(self, kind: str, id: str, values: Mapping[str, str]) -> Record:  # noqa: A002
        """Change a record."""
        with self._counted(kind, Written(updated=1)):
            return super().update(kind, id, values)

    def create_batch(self, kind: str, inputs: Sequence[New]) -> BatchResult:
        """Create records."""
        with self._counted(kind, Written(created=len(inputs))) as count_:
            result = super().create_batch(kind, inputs)
            count_.made = Written(created=len(result.results))
            return result

    def update_batch(self, kind: str, inputs: Sequence[tuple[str, Mapping[str, str]]]) -> BatchResult:
        """Change records."""
        with self._counted(kind, Written(updated=len(inputs))) as count_:
            result = super().update_batch(kind, inputs)
            count_.made = Written(updated=len(result.results))
            return result

    def upsert_batch(self, kind: str, id_property: str, inputs: Sequence[tuple[str, Mapping[str, str]]]) -> BatchResult:
        """Change or create records, counted as created."""
        with self._counted(kind, Written(created=len(inputs))) as count_:
            result = super().upsert_batch(kind, id_property, inputs)
            count_.made = Written(created=len(result.results))
            return result

    @contextmanager
    def _counted(self, kind: str, wanted: Written) -> Iterator[Count]:
        if plural(kind) not in COUNTED:
            yield Count(Written(), Written(), Written())
            return
        count_ = self._count(wanted)
        try:
            yield count_
        except LedgerloopError as problem:
            if not isinstance(problem, UnknownOutcome):
                count_.made = Written()
            raise
        finally:
            self._give_back(count_)

    def _count(self, wanted: Written) -> Count:
        at = parts()
        with at.database.transaction() as tx:
            beyond = planned.spend(tx, self._home.id, wanted) if self._planned else wanted
            so_far = spent.in_the_last_hour(tx, self._home.id, at.now()).plus(beyond)
            fits = beyond == Written() or _fits(so_far)
            if fits:
                spent.add(tx, self._home.id, beyond, at.now())
        if not fits:
            raise _stop(self._home, so_far)
        return Count(wanted.less(beyond), beyond, wanted)

    def _give_back(self, count_: Count) -> None:
        """Take off the count what was not written, first what went beyond the plan."""
        unwritten = count_.planned.plus(count_.beyond).less(count_.made)
        if unwritten == Written():
            return
        at = parts()
        beyond = Written(
            min(unwritten.created, count_.beyond.created),
            min(unwritten.updated, count_.beyond.updated),
        )
        with at.database.transaction() as tx:
            spent.add(tx, self._home.id, Written().less(beyond), at.now())
            if self._planned:
                planned.give_back(tx, self._home.id, unwritten.less(beyond))


def _unplanned(tx: Connection, organisation: str) -> list[str]:
    waiting = mirror.all_dirty(tx, organisation)
    accepted = planned.among(tx, organisation, waiting)
    return [each for each in waiting if each not in accepted]


def _fits(written: Written) -> bool:
    brake = parts().brake
    return written.created <= brake.create and written.updated <= brake.update


def _stop(home: Organisation, so_far: Written) -> Braked:
    """Hold the organisation's work for a person, and return the error that parks its lane."""
    at = parts()
    sentence = (
        f"{so_far.created} HubSpot records would be made and {so_far.updated} changed within an hour for {home.name},"
        f" and nobody planned it; {at.brake.create} and {at.brake.update} are allowed without a plan. The rest waits."
        " See what it is with `ledgerloop plan --waiting`, and let it go on with `ledgerloop approve`."
    )
    with at.database.transaction() as tx:
        journal.hold(tx, home.id, subject_of(home.id), (sentence,), (), at.now())
    return Braked(sentence)
