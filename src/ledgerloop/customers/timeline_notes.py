"""Tell people what happened to an invoice: a note on contact, company and deal. Called inside a step.

HubSpot knows no idempotency for notes, so an event is on disk before its note is sent. What was sent without an answer
is looked for by its mark among the notes of the customer, which are read directly: HubSpot's search would lag behind.
Notes stand behind what shows money: where one fails they rest, and nothing else; what happens meanwhile is put on disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers.claims import in_question, shown_elsewhere
from ledgerloop.errors import LedgerloopError, Missing, RateLimited, Refused, Transient, UnknownOutcome
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import New, Record, To
from ledgerloop.hubspot.paths import plural
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import made_told
from ledgerloop.records import Line, Organisation, Receivable, Rest
from ledgerloop.rules.hold_reasons import refused_notes
from ledgerloop.rules.notes import Happening, body_of, happenings_of, mark_of, marks_in
from ledgerloop.rules.vendor_messages import whole
from ledgerloop.store import cooldowns, intents, journal, links, mirror, notes, pending_customers, single_values
from ledgerloop.store.notes import Key
from ledgerloop.subjects import Subject

BATCH = 100
REST = timedelta(seconds=15)
"""How long notes rest after one has failed, where nothing else is asked."""
REFUSED_REST = timedelta(minutes=15)
"""How long they rest where HubSpot takes none: a person must put something right first."""


@dataclass(frozen=True, slots=True)
class Told:
    """A happening, and the HubSpot records that its note goes on."""

    happening: Happening
    on: tuple[To, ...]

    @property
    def key(self) -> Key:
        """Return what tells it from others."""
        return self.happening.invoice.id, self.happening.event


def note_happenings(organisation: Organisation, customers: Sequence[str]) -> None:
    """look → intend → settle what may have been sent → send → record, for some customers."""
    at = parts()
    now = at.now()
    today = organisation.day(now)
    since = _since(organisation, today)
    if since is None:
        return
    with at.database.reading() as tx:
        found = mirror.receivables_of(tx, organisation.id, customers)
    invoices = [one for some in found.values() for one in some if one.kind == "invoice"]
    with at.database.reading() as tx:
        before = notes.of_receivables(tx, organisation.id, [invoice.id for invoice in invoices])
    events: dict[str, set[str]] = {}
    for note in before:
        events.setdefault(note.receivable, set()).add(note.event)
    happened = {one.key: one for one in _told(organisation, invoices, today, since, events)}
    told = {key: one for key, one in happened.items() if one.on}
    with at.database.transaction() as tx:
        notes.intend(tx, organisation.id, told, now)
        known = notes.of_receivables(tx, organisation.id, [invoice.id for invoice in invoices])
        over = [one.key for one in known if one.state == "intended" and one.key not in happened]
        notes.mark(tx, organisation.id, over, "lapsed", now)
        # What lapsed and is so again may have been sent once: it is looked for like all that may have been.
        notes.mark(
            tx, organisation.id, [one.key for one in known if one.state == "lapsed" and one.key in told], "sent", now
        )
        rest = cooldowns.get(tx, _rest_of(organisation.id))
    if rest is None or not rest.lasts(now):
        _carry(organisation, told, invoices)


def due(tx: Connection, organisation: str, now: datetime) -> bool:
    """Tell whether notes that rested may go on."""
    return cooldowns.due(tx, _rest_of(organisation), now)


def due_at(tx: Connection, organisation: str, now: datetime) -> datetime | None:
    """Return when notes that rest may go on; none where none do."""
    return cooldowns.over_at(tx, [_rest_of(organisation)], now)


def go_on(tx: Connection, organisation: str, now: datetime) -> None:
    """Have the customers looked at whose notes are open, once notes need rest no longer. Called in their own turns."""
    if due(tx, organisation, now):
        pending_customers.mark(tx, organisation, notes.customers_open(tx, organisation))
        cooldowns.put(tx, _rest_of(organisation), None)


def _carry(organisation: Organisation, told: Mapping[Key, Told], invoices: Sequence[Receivable]) -> None:
    """settle → send; where HubSpot fails or refuses, let the notes rest, and ask a person where that is for good."""
    at = parts()
    ids = [invoice.id for invoice in invoices]
    with at.database.reading() as tx:
        sent = [one.key for one in notes.of_receivables(tx, organisation.id, ids) if one.state == "sent"]
    try:
        _settle(organisation, sent, told, invoices)
        with at.database.reading() as tx:
            known = notes.of_receivables(tx, organisation.id, ids)
        pending = [told[one.key] for one in known if one.state == "intended" and one.key in told]
        for start in range(0, len(pending), BATCH):
            _send(organisation, pending[start : start + BATCH])
    except (Transient, UnknownOutcome, Refused) as problem:
        _rest(organisation, problem)
        return
    with at.database.reading() as tx:
        asked = journal.waiting(tx, [_rest_of(organisation.id)])
    if asked:
        with at.database.transaction() as tx:
            journal.clear(tx, asked, at.now())


def _rest(organisation: Organisation, problem: LedgerloopError) -> None:
    """Remember until when notes rest, and hold them for a person where HubSpot would say no again."""
    at = parts()
    now = at.now()
    wait = timedelta(seconds=problem.retry_after) if isinstance(problem, RateLimited) else REST
    logger.warning("notes rest", organisation=organisation.id, why=problem.sentence)
    with at.database.transaction() as tx:
        if isinstance(problem, Refused):
            wait = REFUSED_REST
            journal.hold(tx, organisation.id, _rest_of(organisation.id), (refused_notes(problem.message),), (), now)
        cooldowns.put(tx, _rest_of(organisation.id), Rest(now, now + wait))


def _rest_of(organisation: str) -> Subject:
    """Name the rest of an organisation's notes, and the hold, by which a person is told of it."""
    return cooldowns.name("notes", organisation)


def _since(organisation: Organisation, today: date) -> date | None:
    """Return the day on which notes were switched on; none while they are off."""
    at = parts()
    key = single_values.NOTES_SINCE.of(organisation.id)
    with at.database.reading() as tx:
        since = single_values.get(tx, key)
    if at.notes and since:
        return since
    if at.notes or since:
        with at.database.transaction() as tx:
            if at.notes:
                single_values.put(tx, key, today)
            else:
                single_values.forget(tx, key)
                journal.clear(tx, [_rest_of(organisation.id)], at.now())
    return today if at.notes else None


def _told(
    organisation: Organisation, invoices: Sequence[Receivable], today: date, since: date, events: Mapping[str, set[str]]
) -> list[Told]:
    """List what has happened, with the records that show it: the customer's contact and company, and its deal."""
    happenings = [
        one
        for invoice in invoices
        for one in happenings_of(invoice, organisation, today, since, events.get(invoice.id, frozenset()))
    ]
    if not happenings:
        return []
    on = _records(organisation, [one.invoice for one in happenings])
    return [Told(one, on[one.invoice.id]) for one in happenings]


def _records(organisation: Organisation, invoices: Sequence[Receivable]) -> dict[str, tuple[To, ...]]:
    customers = {invoice.customer for invoice in invoices}
    with parts().database.reading() as tx:
        contacts = links.find(tx, organisation.id, "contact", customers)
        companies = links.find(tx, organisation.id, "company", customers)
        deals = intents.by_invoice(tx, organisation.id, [invoice.id for invoice in invoices])
    both = [*contacts.values(), *companies.values()]
    elsewhere = shown_elsewhere(organisation, both) | in_question(both)
    return {
        invoice.id: tuple(
            To(kind, record)
            for kind, record in (
                ("deal", deals[invoice.id].deal if invoice.id in deals else ""),
                ("company", companies[invoice.customer].hubspot_id if invoice.customer in companies else ""),
                ("contact", contacts[invoice.customer].hubspot_id if invoice.customer in contacts else ""),
            )
            if record and (kind, record) not in elsewhere
        )
        for invoice in invoices
    }


def _settle(
    organisation: Organisation, sent: Sequence[Key], told: Mapping[Key, Told], invoices: Sequence[Receivable]
) -> None:
    """Look for notes that may have been made, and adopt those that stand. The rest go out again if they still hold."""
    if not sent:
        return
    at = parts()
    by_id = {invoice.id: invoice for invoice in invoices}
    on = _records(organisation, [by_id[receivable] for receivable, _ in sent])
    # On any of them: a note that was refused for the sake of one stands on the others.
    standing = _marks(at.hubspot(), {to for receivable, _ in sent for to in on[receivable]})
    made = {key: standing[mark] for key in sent if (mark := mark_of(organisation.id, *key)) in standing}
    with at.database.transaction() as tx:
        notes.mark_made(tx, organisation.id, made, at.now())
        notes.mark(tx, organisation.id, [key for key in sent if key not in made and key in told], "intended", at.now())
        notes.mark(
            tx, organisation.id, [key for key in sent if key not in made and key not in told], "lapsed", at.now()
        )


def _marks(client: HubSpotClient, records: set[To]) -> dict[str, str]:
    """Read the notes on these records, and give their ids by the marks in them."""
    ids: set[str] = set()
    for kind in {one.kind for one in records}:
        of_kind = client.associated(kind, "notes", [one.id for one in records if one.kind == kind])
        ids |= {each.to_id for some in of_kind.values() for each in some}
    found = client.read("notes", sorted(ids), ["hs_note_body"]) if ids else {}
    bodies = {record.id: record.properties.get("hs_note_body") or "" for record in found.values()}
    return {mark: key for key, body in bodies.items() for mark in marks_in(body)}


def _send(organisation: Organisation, some: Sequence[Told]) -> None:
    """send → once more, on the records that still stand, what was refused → record."""
    at = parts()
    try:
        refused = _create(organisation, some)
    except Missing as gone:  # for a record of one; nobody knows whether a part of them was made before
        standing = _standing(some)
        if standing == list(some):
            raise
        made = _marks(at.hubspot(), {to for one in standing for to in one.on})
        there = {one.key: made[mark] for one in some if (mark := mark_of(organisation.id, *one.key)) in made}
        with at.database.transaction() as tx:
            notes.mark_made(tx, organisation.id, there, at.now())
        refused = {one.key: gone.message for one in some if one.key not in there}
        again = [one for one in standing if one.on and one.key in refused]
    else:
        before = [one for one in some if one.key in refused]
        again = [now for now, one in zip(_standing(before), before, strict=True) if now.on and now.on != one.on]
    if again:
        sent = {one.key for one in again}
        refused = {key: said for key, said in refused.items() if key not in sent} | _create(organisation, again)
    with at.database.transaction() as tx:
        notes.mark(tx, organisation.id, refused, "refused", at.now())
        journal.write(tx, [_line(one, None, refused[one.key]) for one in some if one.key in refused], at.now())


def _create(organisation: Organisation, some: Sequence[Told]) -> dict[Key, str]:
    """Send notes once and record those that were made; return what HubSpot said of those that it refused."""
    at = parts()
    stamp = str(int(at.now().timestamp() * 1000))
    traces = {mark_of(organisation.id, *one.key): one for one in some}
    rows = [
        New(mark, {"hs_timestamp": stamp, "hs_note_body": body_of(one.happening, organisation)}, one.on)
        for mark, one in traces.items()
    ]
    with at.database.transaction() as tx:
        notes.mark(tx, organisation.id, [one.key for one in some], "sent", at.now())
    answer = at.hubspot().create_batch("notes", rows)
    made = {traces[mark].key: record for mark, record in answer.by_trace().items() if mark in traces}
    with at.database.transaction() as tx:
        notes.mark_made(tx, organisation.id, {key: record.id for key, record in made.items()}, at.now())
        journal.write(tx, [_line(one, made[one.key]) for one in some if one.key in made], at.now())
    return {traces[mark].key: error.message for error in answer.errors for mark in error.trace_ids if mark in traces}


def _standing(some: Sequence[Told]) -> list[Told]:
    """Read which of the records still stand that notes go on, and as which; a merged one stands as its survivor."""
    client = parts().hubspot()
    wanted = {to for one in some for to in one.on}
    present = {
        To(kind, key): To(kind, record.id)
        for kind in sorted({to.kind for to in wanted})
        for key, record in client.read(plural(kind), sorted(to.id for to in wanted if to.kind == kind), ()).items()
    }
    return [replace(one, on=tuple(dict.fromkeys(present[to] for to in one.on if to in present))) for one in some]


def _line(one: Told, made: Record | None, refused: str = "") -> Line:
    return Line(
        subject=subjects.customer(one.happening.invoice.customer),
        decision="create" if made else "skip",
        rule="rules.notes.happenings_of",
        reason=f"Invoice {one.happening.invoice.number} {one.happening.words}."
        + (f" HubSpot refused the note: {whole(refused)}" if refused else ""),
        target=f"hubspot note {made.id}" if made else "",
        answer=made_told(made) if made else "",
    )
