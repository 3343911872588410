"""Stop unplanned work before it becomes more than anybody expects, and ask. Called inside a step.

A mistake in Xero, an import or a merged file of contacts, would otherwise become thousands of HubSpot records within a
minute. Work is looked at before its first write, and what is too much is set aside customer by customer, so that a
payment of somebody shown already waits for nobody. Every batch is counted on disk before it is sent, so that no crash
makes the count forget. Planned work has a count of its own: what its plan showed, and nothing beyond.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers.named import organisation_of
from ledgerloop.customers.relink import KINDS
from ledgerloop.errors import Braked, LedgerloopError, UnknownOutcome
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import BatchResult, New, Record, To
from ledgerloop.hubspot.paths import plural
from ledgerloop.parts import instead, parts
from ledgerloop.records import Organisation
from ledgerloop.rules.clocks import passed
from ledgerloop.rules.customers import further_people
from ledgerloop.safety.dry_run import count, rehearse
from ledgerloop.store import (
    connections,
    contact_persons,
    journal,
    links,
    mirror,
    pending_customers,
    planned,
    write_counts,
)
from ledgerloop.store.statements import one_at_a_time
from ledgerloop.store.write_counts import Written

COUNTED = frozenset({"contacts", "companies", "deals"})
"""Kinds of record that the brake counts."""

AGAIN = timedelta(minutes=15)
"""How soon what was stopped is looked at again: an hour passes, and what is in it may have changed."""
_CHANGES_EACH = 3
"""How many records a customer's change usually means: a contact, a company and a deal."""


def look_ahead(organisation: Organisation) -> None:
    """Set aside, before anything is written, what would write more than an hour may; say so, and ask.

    Who needs new records is set aside, and who is shown already goes on, as long as an hour may change so many. What
    surely fits is let through at once; only what may not fit is rehearsed, to know exactly.
    """
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        since = pending_customers.stopped_since(tx, organisation.id)
        held = journal.held(tx, subjects.brake(organisation.id)) is not None
    if since is not None and passed(since, AGAIN, now):
        with at.database.transaction() as tx:
            pending_customers.let_go(tx, organisation.id)
        since = None
    with at.database.reading() as tx:
        going = pending_customers.unplanned(tx, organisation.id)
        # Beside what was stopped, nobody new is let in: it may be the rest of the same flood.
        strangers = set(going) - _linked(tx, organisation.id, going) if since is not None else set()
        going = [each for each in going if each not in strangers]
        so_far = write_counts.in_the_last_hour(tx, organisation.id, now)
        most = so_far.plus(Written(_may_make(tx, organisation.id, going), _CHANGES_EACH * len(going)))
        rests = any(one.rests_until is not None for one in planned.under_way(tx, organisation.id))
    if strangers:
        set_aside(organisation, strangers)
    if not _fits(most) and _stopped(organisation, going, so_far, news=since is None):
        return
    if since is None and held and not rests:
        release(organisation.id)


def set_aside(organisation: Organisation, customers: Iterable[str]) -> None:
    """Set customers aside whose writing the count has stopped."""
    at = parts()
    with at.database.transaction() as tx:
        pending_customers.stop(tx, organisation.id, customers, at.now())


@contextmanager
def counting(organisation: Organisation, *, planned_work: bool, behind: bool = False) -> Iterator[None]:
    """Count, while the block lasts, what is written, and stop it at the brake; ``behind`` live work where asked."""
    at = parts()
    client = at.hubspot().as_backfill() if behind else at.hubspot()
    with instead(replace(at, hubspot=lambda: Counting(client, organisation, planned_work))):
        yield


def release(organisation: str) -> None:
    """Say that nothing is stopped any more."""
    at = parts()
    with at.database.transaction() as tx:
        journal.clear(tx, [subjects.brake(organisation)], at.now())


@dataclass(slots=True)
class Count:
    """What was counted before a write, and what the write came to."""

    planned: Written
    beyond: Written
    made: Written


class Counting(HubSpotClient):
    """Write as the real client does, and count before; what HubSpot surely did not write is taken off again."""

    def __init__(self, real: HubSpotClient, organisation: Organisation, planned_work: bool) -> None:
        """Take the client that writes, and whose work it is."""
        super().__init__(real.api, real.version, real.survivors)
        self._home, self._planned = organisation, planned_work

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
            one_at_a_time(tx, subjects.brake(self._home.id))  # several batches are counted at the same time
            beyond = planned.spend(tx, self._home.id, wanted) if self._planned else wanted
            so_far = write_counts.in_the_last_hour(tx, self._home.id, at.now()).plus(beyond)
            fits = beyond == Written() or _fits(so_far)
            if fits:
                write_counts.add(tx, self._home.id, beyond, at.now())
        if not fits:
            raise Braked(_ask(self._home, so_far, "The rest waits."))
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
            write_counts.add(tx, self._home.id, Written().less(beyond), at.now())
            if self._planned:
                planned.give_back(tx, self._home.id, unwritten.less(beyond))


def _linked(tx: Connection, organisation: str, customers: Sequence[str]) -> set[str]:
    """Name those that have a record in HubSpot."""
    return {key for kind in KINDS for key in links.find(tx, organisation, kind, customers)}


def _may_make(tx: Connection, organisation: str, customers: Sequence[str]) -> int:
    """Count the records that these customers lack: no more than these can be made."""
    contacts, companies = (links.find(tx, organisation, kind, customers) for kind in KINDS)
    known = contact_persons.of_customers(tx, organisation, customers)
    return sum(
        (key not in companies)
        + (key not in contacts and bool(one.email_key))
        + sum((key, email) not in known for email in further_people(one))
        for key, one in mirror.customers(tx, organisation, customers).items()
        if one.active and not one.merged_into
    )


def _stopped(organisation: Organisation, going: Sequence[str], so_far: Written, *, news: bool) -> bool:
    """Rehearse what goes, and set aside what is too much of it; tell whether there was any."""
    at = parts()
    lines = [line for some in rehearse(organisation, going) for line in some]
    if _fits(so_far.plus(count(lines))):
        return False
    makers = {subjects.customer_of(line.subject) for line in lines if line.decision == "create"}
    others = [line for line in lines if subjects.customer_of(line.subject) not in makers]
    go_on = bool(makers) and _fits(so_far.plus(count(others)))
    with at.database.transaction() as tx:
        stopped = makers if go_on else set(going)
        stopped -= planned.among(tx, organisation.id, list(stopped))  # a person may have approved meanwhile
        pending_customers.stop(tx, organisation.id, stopped, at.now())
    if news and stopped:
        _ask(organisation, so_far.plus(count(lines)), "What needs new records waits." if go_on else "All of it waits.")
    return bool(stopped)


def organisation_stopped(tx: Connection, given: str) -> Organisation:
    """Choose the organisation that is given; else the only one whose work the brake has stopped, or that there is."""
    stopped = [
        organisation.id
        for organisation in connections.organisations(tx)
        if journal.held(tx, subjects.brake(organisation.id))
    ]
    return organisation_of(tx, given or (stopped[0] if len(stopped) == 1 else ""))


def _fits(written: Written) -> bool:
    brake = parts().brake
    return written.created <= brake.create and written.updated <= brake.update


def _ask(organisation: Organisation, so_far: Written, what_waits: str) -> str:
    """Hold an organisation's work for a person, and return the sentence."""
    at = parts()
    sentence = (
        f"{so_far.created} HubSpot records would be made and {so_far.updated} changed within an hour for"
        f" {organisation.name}, and nobody planned it; {at.brake.create} and {at.brake.update} are allowed without"
        f" a plan. {what_waits} See what it is with `ledgerloop plan --waiting`, and let it go on with"
        " `ledgerloop approve`."
    )
    with at.database.transaction() as tx:
        journal.hold(tx, organisation.id, subjects.brake(organisation.id), (sentence,), (), at.now())
    return sentence
