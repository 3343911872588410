"""Plan what a backfill or one customer's sync would write, field by field, and take it on when a person accepts it.

A plan is a rehearsal, told field by field. Accepting it puts its customers on the planned list, with what the plan
showed as the most that may be written for them; the standing's turns do the rest, behind what is live.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ledgerloop import subjects
from ledgerloop.customers.drift import RULE
from ledgerloop.hubspot.dry_run import made_up
from ledgerloop.parts import parts
from ledgerloop.records import Entry, Organisation
from ledgerloop.safety.dry_run import AT_ONCE, count, rehearse
from ledgerloop.store import connections, journal, lanes, last_written, mirror, pending_customers, planned
from ledgerloop.store.write_counts import Written


@dataclass(frozen=True, slots=True)
class Field:
    """One property as it would be written, and what stands there; None where nothing was ever written."""

    name: str
    before: str | None
    after: str


@dataclass(frozen=True, slots=True)
class Line:
    """One record that would be made or changed, or a question for a person."""

    subject: str
    """What it is about, such as ``customer 5f3c…``."""
    name: str
    """The customer's name, where it is about one."""
    decision: str
    kind: str
    """contact, company or deal; nothing for a question."""
    id: str
    """The HubSpot record's id; nothing for one that would be made."""
    reason: str
    fields: tuple[Field, ...] = ()


@dataclass(slots=True)
class Totals:
    """What a plan comes to."""

    customers: int = 0
    records: Counter[str] = field(default_factory=Counter)
    """By decision and kind, such as ``create contact``."""
    written: Written = field(default_factory=Written)

    @property
    def holds(self) -> int:
        """How many questions a person would be asked."""
        return self.records["hold"]


def plan(organisation: Organisation, customers: Sequence[str], totals: Totals) -> Iterator[list[Line]]:
    """Give the lines of each group of customers, and add them to the totals. Writes nothing anywhere."""
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
    told = 0
    for entries in rehearse(organisation, customers, anew=True):
        stands = {entry.target: entry.values for entry in entries if entry.rule == RULE}
        lines = [
            _line(organisation, portal.id if portal else "", entry, stands.get(entry.target, {}))
            for entry in entries
            if entry.decision != "skip"
        ]
        told = min(told + AT_ONCE, len(customers))
        totals.customers = told
        totals.records.update(f"{line.decision} {line.kind}".strip() for line in lines)
        totals.written = totals.written.plus(count(entries))
        yield lines


def accept(organisation: Organisation, customers: Iterable[str], may: Written) -> None:
    """Take on what a plan showed, and let the organisation's work go on where the brake had stopped it."""
    at = parts()
    now = at.now()
    with at.database.transaction() as tx:
        planned.accept(tx, organisation.id, list(customers), may, now)
        pending_customers.let_go(tx, organisation.id)
        if journal.held(tx, subjects.brake(organisation.id)) is not None:
            journal.clear(tx, [subjects.brake(organisation.id)], now)
            lanes.unpark(tx, "standing", organisation.id)
        lanes.wake(tx, "standing", organisation.id, now)
    at.nudge()


def _line(organisation: Organisation, portal: str, entry: Entry, stands: Mapping[str, str]) -> Line:
    """Tell a line of the rehearsal's journal field by field, beside what was last written, or stands there instead."""
    kind, record = _target(entry.target)
    at = parts()
    with at.database.reading() as tx:
        before = last_written.get(tx, portal, kind, [record]).get(record, {}) if record else {}
        named = mirror.customers(tx, organisation.id, [subjects.customer_of(entry.subject)])
    return Line(
        subject=entry.subject,
        name=next((customer.name for customer in named.values()), ""),
        decision=entry.decision,
        kind=kind,
        id=record,
        reason=entry.reason,
        fields=_fields({**before, **stands}, entry.values),
    )


def _target(target: str) -> tuple[str, str]:
    words = target.removeprefix("hubspot ").split()
    if len(words) != 2:
        return "", ""
    return words[0], "" if made_up(words[1]) else words[1]


def _fields(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Field, ...]:
    return tuple(Field(name, before.get(name), value) for name, value in after.items())
