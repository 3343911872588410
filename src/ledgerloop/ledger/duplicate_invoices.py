"""Report a second invoice for a deal: one that carries the deal's mark and is not the one we know. Does no call.

Nothing of ours should ever make one. Where one stands all the same, in whichever organisation, a person must know
before its customer does: it is held, and the deal says so. Both are worked out anew from what stands whenever either
invoice is stored, and once at the first start of a release that tells them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Receivable
from ledgerloop.rules.doubles import double_told, doubles
from ledgerloop.rules.remarks import note_of, remarks_of
from ledgerloop.rules.standing import bills_nothing
from ledgerloop.store import connections, intents, journal, lanes, mirror, pending_customers, rulings, single_values


def look(tx: Connection, invoices: Sequence[Receivable]) -> None:
    """Hold each invoice that doubles the one made for its deal; let go what was put right.

    The invoices are in our copy already.
    """
    names = {one.id: one.name for one in connections.known_organisations(tx)}
    marks = {one.mark for one in invoices if one.mark} | _marks_before(tx, names, invoices)
    if not marks:
        return
    made = [one for organisation in names for one in intents.by_marker(tx, organisation, marks)]
    marked = _marked(tx, names, marks)
    ended = {one.id for one in invoices if bills_nothing(one)}
    found: dict[str, tuple[Intent, Receivable, str]] = {}
    for intent in sorted(made, key=lambda one: (one.portal, one.deal)):
        others = any(one.mark == intent.marker and one.id != intent.invoice for one in marked)
        if others or intent.invoice in ended or remarks_of(intent.note).twice:
            found |= _tell(tx, names, intent)
    now = parts().now()
    here = {one.id for one in (*invoices, *marked)}
    journal.clear(tx, [subjects.invoice(one) for one in here - found.keys()], now)
    for intent, other, told in found.values():
        journal.hold(tx, other.organisation, subjects.invoice(other.id), (told,), (intent.invoice, other.id), now)


def begin() -> None:
    """Look once at all of which several carry one mark: an earlier release may have stored them without looking."""
    at = parts()
    with at.database.reading() as tx:
        if single_values.get(tx, single_values.DOUBLES_LOOKED_AT) is not None:
            return
    with at.database.transaction() as tx:
        names = [one.id for one in connections.known_organisations(tx)]
        look(tx, _marked(tx, names, mirror.marks_twice(tx)))
        single_values.put(tx, single_values.DOUBLES_LOOKED_AT, at.now())


def _marks_before(tx: Connection, organisations: Iterable[str], invoices: Sequence[Receivable]) -> set[str]:
    """Return the marks of the deals that have these invoices, or that one of them was told to double until now."""
    held = journal.held_among(tx, [subjects.invoice(one.id) for one in invoices])
    owns = {one.candidates[0] for one in held.values() if one.candidates} | {one.id for one in invoices}
    return {one.marker for each in organisations for one in intents.by_invoice(tx, each, owns).values()}


def _marked(tx: Connection, organisations: Iterable[str], marks: Iterable[str]) -> list[Receivable]:
    some = sorted(marks)
    found = [one for each in organisations for one in mirror.receivables_marked(tx, each, some, ())]
    return [one for one in found if one.kind == "invoice"]


def _tell(
    tx: Connection, organisations: Mapping[str, str], before: Intent
) -> dict[str, tuple[Intent, Receivable, str]]:
    """Have a deal say which other invoices it has, and return these by their ids, each with what is told of it.

    One in whose place a person has named the deal's is its no longer, whatever still stands in its reference.
    Two organisations may be pulled at once: who holds the intent sees what the other has stored.
    """
    intent = intents.locked(tx, before.portal, before.deal)
    if intent is None or intent.state != "made":
        return {}
    own = mirror.receivables(tx, intent.organisation, [intent.invoice]).get(intent.invoice)
    others = doubles(intent, own, _marked(tx, organisations, [intent.marker]))
    replaced = {one.id: rulings.not_invoice(intent.deal, one.id) for one in others}
    known = rulings.get(tx, intent.portal, list(replaced.values()))
    others = [one for one in others if replaced[one.id] not in known]
    told = {one.id: (intent, one, double_told(intent, own, one, organisations)) for one in others}
    note = note_of(replace(remarks_of(intent.note), twice=" ".join(text for _, _, text in told.values())))
    if note != intent.note:
        intents.change(tx, replace(intent, note=note), "note")
        if own is not None:
            pending_customers.mark(tx, own.organisation, [own.customer])
            lanes.wake(tx, "standing", own.organisation, parts().now())
    return told
