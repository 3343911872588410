"""Write to HubSpot what differs from what we last wrote there, a hundred records in a call. Called inside a step.

What HubSpot refuses costs one value, else one record: a field with a line in the journal, a value of the standing and a
record with a hold. A record that is gone is followed or its link dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.concurrency import abreast
from ledgerloop.customers import main_person, relink
from ledgerloop.customers.field_diff import remembered
from ledgerloop.hubspot.models import BatchError
from ledgerloop.parts import parts
from ledgerloop.portal import batch_write
from ledgerloop.portal.batch_write import Asked, Dropped, Sent, id_name
from ledgerloop.records import Decision, Line, LinkKind
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.customers import changed
from ledgerloop.rules.ownership import Comparison, after_refusal
from ledgerloop.rules.vendor_messages import whole
from ledgerloop.store import connections, journal, last_compared, last_written, mirror
from ledgerloop.subjects import Subject

BATCH = 100
PLURAL: dict[LinkKind, str] = {"contact": "contacts", "company": "companies", "deal": "deals"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a HubSpot record should show, whom it is about, and why."""

    kind: LinkKind
    id: str
    values: Mapping[str, str]
    subject: Subject
    rule: str
    reason: str
    fields: Mapping[str, str] = field(default_factory=dict)
    """What is written in any case: a customer's fields, settled by comparing and not by what we last wrote."""
    settled: Comparison | None = None
    """What both sides will have said once the fields are written."""
    customer: str = ""
    """Whose record it is, where its fields were compared."""
    led_by: tuple[Subject, ...] = ()
    """Whose events led to it beside those of whom it is about."""

    @property
    def target(self) -> Subject:
        """Name the record as the journal does."""
        return subjects.hubspot(self.kind, self.id)

    def line(self, decision: Decision, reason: str, values: Mapping[str, str] | None = None, answer: str = "") -> Line:
        """Say in the journal what became of it."""
        return Line(self.subject, decision, self.rule, reason, self.target, values or {}, answer, self.led_by)


def show(wanted: Sequence[Wanted], lane: str) -> None:
    """Write what differs from what we last wrote, and the fields; record it."""
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
    if portal is None:
        return
    pending: list[tuple[LinkKind, Sequence[Wanted], Asked]] = []
    for kind in PLURAL:
        mine = [one for one in wanted if one.kind == kind]
        if mine:
            news = _news(portal.id, kind, mine, lane)
            asked = batch_write.ask(at.hubspot(), PLURAL[kind], {one.id: _row(one) for one in news})
            pending += [(kind, news[start : start + BATCH], asked) for start in range(0, len(news), BATCH)]
    failures: list[BaseException] = []
    for (kind, some, _), sent in zip(pending, abreast(at.clock, lambda batch: _send(*batch), pending), strict=True):
        if problem := sent.exception():
            failures.append(problem)  # the others were written all the same, and that is recorded
        else:
            _record(portal.id, kind, some, sent.result(), lane)
    if failures:
        raise failures[0]


def _news(portal: str, kind: LinkKind, mine: Sequence[Wanted], lane: str) -> list[Wanted]:
    """Return what differs from what we last wrote; of the others remember what both sides say, and ask nothing more."""
    at = parts()
    with at.database.reading() as tx:
        written = last_written.get(tx, portal, kind, [one.id for one in mine])
        differing = [replace(one, values=changed(one.values, written.get(one.id, {}))) for one in mine]
        cured = journal.waiting(tx, [one.target for one in differing if not one.values and not one.fields])
    unsent = [one for one in differing if not one.fields and one.settled is not None]
    if unsent or cured:
        with at.database.transaction() as tx:
            _remember(tx, kind, unsent, lane)
            journal.clear(tx, cured, at.now())
    return [one for one in differing if one.values or one.fields]


def _send(kind: LinkKind, some: Sequence[Wanted], asked: Asked) -> Sent:
    return batch_write.update(parts().hubspot(), PLURAL[kind], {one.id: _row(one) for one in some}, asked)


def _record(portal: str, kind: LinkKind, some: Sequence[Wanted], sent: Sent, lane: str) -> None:
    """Record what was written, what was left out and why, and follow what is gone."""
    at = parts()
    now = at.now()
    dropped_of = {one.id: [_with_holder(one, each) for each in sent.dropped.get(one.id, ())] for one in some}
    left_out = {key: {one.name for one in dropped} for key, dropped in dropped_of.items()}
    done = [one for one in some if one.id not in sent.failed]
    held = {one.id: reasons for one in done if (reasons := _reasons(one, dropped_of[one.id], lane))}
    lines: list[Line] = []
    with at.database.transaction() as tx:
        shown = {one.id: _without(one.values, left_out.get(one.id, ())) for one in done}
        last_written.put(tx, portal, kind, shown)
        _remember(tx, kind, [_as_taken(one, dropped_of[one.id]) for one in done], lane)
        journal.clear(tx, [one.target for one in done if one.id not in held], now)
        for one in done:
            values = _without(_row(one), left_out.get(one.id, ()))
            if values:
                lines.append(one.line("update", one.reason, values, "written"))
            for dropped in dropped_of[one.id]:
                if not batch_write.is_ours(dropped.name) and not _is_stage(one, dropped) and not dropped.waits:
                    reason = f"HubSpot refused `{dropped.name}`, which is left out: {whole(dropped.said)}"
                    lines.append(one.line("skip", reason))
            found = [dropped.holder for dropped in dropped_of[one.id] if dropped.holder]
            holders = list(dict.fromkeys(found))
            if one.id in held and journal.hold(tx, lane, one.target, held[one.id], holders, now):
                lines.append(one.line("hold", " ".join(held[one.id])))
        journal.write(tx, lines, now)
    _fail(portal, [(one, sent.failed[one.id]) for one in some if one.id in sent.failed], lane)


def _row(one: Wanted) -> dict[str, str]:
    return {**one.fields, **one.values}


def _remember(tx: Connection, kind: LinkKind, some: Sequence[Wanted], organisation: str) -> None:
    """Remember what both sides say now."""
    settled = {one.customer: remembered(one.settled) for one in some if one.settled is not None and one.customer}
    if settled:
        last_compared.put(tx, organisation, kind, settled)


def _as_taken(one: Wanted, dropped: Sequence[Dropped]) -> Wanted:
    """Return what is wanted with what HubSpot refused of it unsettled; an email that another has is tried again."""
    if one.settled is None or not dropped:
        return one
    held = [each.name for each in dropped if each.waits]
    return replace(one, settled=after_refusal(one.kind, one.settled, [each.name for each in dropped], held))


def _reasons(one: Wanted, dropped: Sequence[Dropped], lane: str) -> tuple[str, ...]:
    """Word what a person must cure of the values that were left out."""
    reasons = []
    for each in dropped:
        if _is_taken_id(each):
            holder = each.holder or "of another customer"
            reasons.append(hold_reasons.id_taken(one.kind, one.id, holder, one.values[id_name()]))
        elif _is_stage(one, each):
            reasons.append(hold_reasons.refused_stage(one.id, one.values[each.name], each.said))
        elif each.waits:
            reasons += [_why_not(one, each, lane)] if each.name == "email" else []
        elif batch_write.is_ours(each.name):
            reasons.append(hold_reasons.refused_value(one.kind, one.id, each.name, each.said))
    return tuple(reasons)


def _why_not(one: Wanted, email: Dropped, lane: str) -> str:
    """Word why a contact did not get its new email: who has it, or that it was erased."""
    at = parts()
    with at.database.reading() as tx:
        organisation = connections.organisation(tx, lane)
        customer = mirror.customers(tx, lane, [one.customer])[one.customer]
    if email.holder and organisation is not None:
        return main_person.taken(organisation, customer, one.id, email.holder)
    return hold_reasons.email_erased(customer, one.id)


def _is_stage(one: Wanted, dropped: Dropped) -> bool:
    """Tell whether it is the stage to which a deal should go: a wrong setting, and no fault of the deal."""
    return one.kind == "deal" and dropped.name == "dealstage"


def _is_taken_id(dropped: Dropped) -> bool:
    return dropped.name == id_name() and dropped.code == batch_write.TAKEN


def _with_holder(one: Wanted, dropped: Dropped) -> Dropped:
    """Name the record that carries the customer's Xero id, where HubSpot only said that one does."""
    if dropped.holder or not _is_taken_id(dropped):
        return dropped
    customer = one.values[id_name()]
    found = parts().hubspot().read(PLURAL[one.kind], [customer], (), id_property=id_name())
    return replace(dropped, holder=found[customer].id) if customer in found else dropped


def _fail(portal: str, failed: Sequence[tuple[Wanted, BatchError]], lane: str) -> None:
    """Follow records that are gone; hold what is refused."""
    at = parts()
    gone = [one for one, error in failed if error.category in ("OBJECT_NOT_FOUND", "MERGED")]
    if not failed:
        return
    with at.database.transaction() as tx:
        for one, error in failed:
            if one.kind == "deal" and one in gone:
                last_written.mark_gone(tx, portal, "deal", one.id, one.values)
            else:
                last_written.forget(tx, portal, one.kind, [one.id])
            if one not in gone:
                reason = hold_reasons.refused_update(one.kind, one.id, batch_write.said(error))
                if journal.hold(tx, lane, one.target, (reason,), (), at.now()):
                    journal.write(tx, [one.line("hold", reason)], at.now())
            elif one.kind == "deal":
                reason = f"The deal {one.id} is no longer in HubSpot under this id."
                journal.write(tx, [one.line("skip", reason)], at.now())
        organisation = connections.organisation(tx, lane)
    if organisation is not None:
        for kind in relink.KINDS:
            relink.look_again(organisation, kind, [one.id for one in gone if one.kind == kind])


def _without(values: Mapping[str, str], names: Sequence[str] | set[str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name not in names}
