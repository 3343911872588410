"""The journal: what was decided and written, and why; and the holds: decisions that wait for a person.

A line says what happened; which turn wrote it, and which events led to it, is bound once a turn: see ``provenance``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from ledgerloop.records import Choice, Entry, Line
from ledgerloop.store import provenance
from ledgerloop.store.provenance import Provenance
from ledgerloop.store.statements import chunks, upsert
from ledgerloop.store.tables import hold as hold_table
from ledgerloop.store.tables import journal as table
from ledgerloop.subjects import Subject

MOST_EVENTS = 20
"""How many of the events that led to it a line names; of more it has the number."""


@dataclass(frozen=True, slots=True)
class Held:
    """A decision that waits for a person: every reason at once, in whole sentences."""

    lane: str
    subject: Subject
    reasons: tuple[str, ...]
    candidates: tuple[str, ...]
    since: datetime
    changed_at: datetime
    """When the reasons or candidates last changed."""
    choices: tuple[Choice, ...] = ()
    """The records that a person may choose among."""


def add(tx: Connection, entries: Sequence[Entry]) -> None:
    """Add lines to the journal."""
    if entries:
        tx.execute(insert(table), [_row(entry) for entry in entries])


def write(tx: Connection, lines: Sequence[Line], now: datetime, lane: str = "") -> None:
    """Write lines to the journal, as those of the turn that is under way.

    ``lane`` says whose they are where none is: the organisation or portal for which a command or the console acts.
    """
    if lines:
        by = provenance.current() or Provenance(lane)
        add(tx, [_whole(tx, line, now, by) for line in lines])


def recent(tx: Connection, limit: int, *subjects: Subject) -> list[Entry]:
    """List the newest lines, newest first, of everything or of these subjects."""
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if subjects:
        query = query.where(table.c.subject.in_(subjects))
    return [_entry(row) for row in tx.execute(query)]


def reasons_said(tx: Connection, subject: Subject, reasons: Collection[str]) -> set[str]:
    """Tell which of these reasons the journal has of a subject, however long ago."""
    return {reason for _, reason in said(tx, [(subject, reason) for reason in reasons])}


def said(tx: Connection, some: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Tell which of these reasons the journal has of their subjects, however long ago."""
    found: set[tuple[str, str]] = set()
    for pairs in chunks(sorted(some)):
        subjects, reasons = ({pair[place] for pair in pairs} for place in (0, 1))
        mine = select(table.c.subject, table.c.reason).where(table.c.subject.in_(sorted(subjects)))
        rows = tx.execute(mine.where(table.c.reason.in_(sorted(reasons))).distinct())
        found |= {(row.subject, row.reason) for row in rows} & set(pairs)
    return found


def oldest(tx: Connection) -> datetime | None:
    """Say when the oldest line was written."""
    return tx.execute(select(func.min(table.c.at))).scalar()


def prune(tx: Connection, before: datetime) -> int:
    """Forget lines written before a moment, and say how many went."""
    return tx.execute(delete(table).where(table.c.at < before)).rowcount


def latest_value(tx: Connection, subjects: Collection[Subject], name: str) -> dict[str, str]:
    """Return what the journal last said under a name about each of these subjects, where it said anything."""
    found: dict[str, str] = {}
    for some in chunks(sorted(subjects)):
        mine = select(table.c.subject, table.c.written).where(table.c.subject.in_(some), table.c.written.contains(name))
        for subject, written in tx.execute(mine.order_by(table.c.id)):
            if value := json.loads(written).get(name):
                found[subject] = value
    return found


def hold(
    tx: Connection,
    lane: str,
    subject: Subject,
    reasons: Sequence[str],
    candidates: Sequence[str],
    now: datetime,
    cause: str = "",
    choices: Sequence[Choice] = (),
) -> bool:
    """Hold a subject for a person, and answer whether that is news: a new hold, or other reasons or candidates.

    ``cause`` is the organisation whose books are among the reasons, so that a change there may cure it; or what else
    is waited for.
    """
    before = held(tx, subject)
    if before and (before.reasons, before.candidates, before.choices) == (
        tuple(reasons),
        tuple(candidates),
        tuple(choices),
    ):
        if cause:
            mine = update(hold_table).where(hold_table.c.subject == subject, hold_table.c.cause != cause)
            tx.execute(mine.values(cause=cause))
        return False
    row = {"subject": subject, "lane": lane, "reasons": json.dumps(list(reasons))}
    row |= {"candidates": json.dumps(list(candidates)), "cause": cause}
    row |= {"choices": json.dumps([asdict(one) for one in choices])}
    moments = {"since": before.since if before else now, "changed_at": now, "cleared_at": None}
    upsert(tx, hold_table, [row | moments])
    return True


def clear(tx: Connection, subjects: Collection[Subject], now: datetime) -> None:
    """Say that these subjects wait no more."""
    for some in chunks(sorted(subjects)):
        waiting = update(hold_table).where(hold_table.c.subject.in_(some), hold_table.c.cleared_at.is_(None))
        tx.execute(waiting.values(cleared_at=now))


def waiting(tx: Connection, subjects: Collection[Subject]) -> set[Subject]:
    """Tell which of these subjects wait for a person."""
    found: set[Subject] = set()
    for some in chunks(sorted(subjects)):
        mine = select(hold_table.c.subject).where(hold_table.c.subject.in_(some), hold_table.c.cleared_at.is_(None))
        found |= set(tx.execute(mine).scalars())
    return found


def holds(tx: Connection) -> list[Held]:
    """List what waits for a person, the longest first."""
    query = select(hold_table).where(hold_table.c.cleared_at.is_(None))
    return [_held(row) for row in tx.execute(query.order_by(hold_table.c.since, hold_table.c.subject))]


def held(tx: Connection, subject: Subject) -> Held | None:
    """Look up whether a subject waits for a person."""
    return held_among(tx, [subject]).get(subject)


def held_among(tx: Connection, subjects: Collection[Subject]) -> dict[Subject, Held]:
    """Look up which of these subjects wait for a person, and with what."""
    found: dict[Subject, Held] = {}
    for some in chunks(sorted(subjects)):
        mine = select(hold_table).where(hold_table.c.subject.in_(some), hold_table.c.cleared_at.is_(None))
        found |= {row.subject: _held(row) for row in tx.execute(mine)}
    return found


def caused_by(tx: Connection, lane: str, cause: str) -> list[Subject]:
    """List the subjects of a lane that wait because of an organisation's books, or of what else was named so."""
    mine = select(hold_table.c.subject).where(hold_table.c.cause == cause, hold_table.c.lane == lane)
    return list(tx.execute(mine.where(hold_table.c.cleared_at.is_(None)).order_by(hold_table.c.subject)).scalars())


def caused_among(tx: Connection, lane: str, causes: Collection[str]) -> dict[str, list[Subject]]:
    """List, by what is waited for, the subjects of a lane that wait for any of these."""
    found: dict[str, list[Subject]] = {}
    for some in chunks(sorted(causes)):
        mine = select(hold_table.c.cause, hold_table.c.subject).where(hold_table.c.cause.in_(some))
        rows = tx.execute(mine.where(hold_table.c.lane == lane, hold_table.c.cleared_at.is_(None)))
        for cause, subject in rows:
            found.setdefault(cause, []).append(subject)
    return found


def forget_cause(tx: Connection, lane: str, cause: str) -> None:
    """Say that what the subjects of a lane waited for is over. They stay held until they were looked at again."""
    mine = update(hold_table).where(hold_table.c.cause == cause, hold_table.c.lane == lane)
    tx.execute(mine.where(hold_table.c.cleared_at.is_(None)).values(cause=""))


def _whole(tx: Connection, line: Line, now: datetime, by: Provenance) -> Entry:
    events = by.led_to(tx, (line.subject, *line.led_by))
    return Entry(
        at=now,
        lane=by.lane,
        turn=by.turn,
        subject=line.subject,
        decision=line.decision,
        rule=line.rule,
        reason=line.reason,
        target=line.target,
        values=line.values,
        answer=line.answer,
        events=tuple(events[:MOST_EVENTS]),
        more_events=max(0, len(events) - MOST_EVENTS),
    )


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.at,
        "lane": entry.lane,
        "turn": entry.turn,
        "subject": entry.subject,
        "decision": entry.decision,
        "rule": entry.rule,
        "reason": entry.reason,
        "target": entry.target,
        "written": json.dumps(dict(entry.values)),
        "answer": entry.answer,
        "events": json.dumps(entry.events),
        "more_events": entry.more_events,
    }


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        at=row.at,
        lane=row.lane,
        turn=row.turn,
        subject=row.subject,
        decision=row.decision,
        rule=row.rule,
        reason=row.reason,
        target=row.target,
        values=json.loads(row.written),
        answer=row.answer,
        events=tuple(json.loads(row.events)),
        more_events=row.more_events,
    )


def _held(row: Row[Any]) -> Held:
    return Held(
        lane=row.lane,
        subject=row.subject,
        reasons=tuple(json.loads(row.reasons)),
        candidates=tuple(json.loads(row.candidates)),
        since=row.since,
        changed_at=row.changed_at,
        choices=tuple(Choice(**one) for one in json.loads(row.choices)),
    )
