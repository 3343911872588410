"""Show in HubSpot what the ledger says: standings on contacts and companies, invoices on deals. Called inside a step.

A write is the difference between what should be there and what we last wrote there, so showing twice writes once. What
HubSpot refuses for one record costs that record alone, and becomes a hold with its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from ledgerloop.flows import joining
from ledgerloop.flows.deciding import subject_of
from ledgerloop.flows.parts import parts
from ledgerloop.hubspot.models import BatchError
from ledgerloop.records import Entry, Intent, LinkKind, Organisation, Receivable
from ledgerloop.rules.customers import changed, properties_from_standing
from ledgerloop.rules.invoices import properties_from_invoice
from ledgerloop.rules.properties import renamed
from ledgerloop.rules.standing import Standing, standing_of
from ledgerloop.store import connections, fingerprints, intents, journal, links, mirror

BATCH = 100
PLURAL: dict[LinkKind, str] = {"contact": "contacts", "company": "companies", "deal": "deals"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a HubSpot record should show, whom it is about, and why."""

    kind: LinkKind
    id: str
    values: Mapping[str, str]
    subject: str
    rule: str
    reason: str

    @property
    def target(self) -> str:
        """Name the record as the journal does."""
        return f"hubspot {self.kind} {self.id}"


def show_standings(home: Organisation, ids: Sequence[str], turn: int) -> None:
    """stand → join → decide → write → record, for up to a hundred customers and the deals of their invoices."""
    at = parts()
    today = _today(home)
    with at.database.reading() as tx:
        customers = mirror.customers(tx, home.id, ids)
        receivables = mirror.receivables_of(tx, home.id, ids)
    standings = {key: standing_of(receivables.get(key, ()), today, home.base_currency) for key in customers}
    values = {key: _named(properties_from_standing(standings[key], customers[key], home)) for key in customers}
    joined = joining.join(home, customers, values, turn)
    wanted = [
        Wanted(
            kind=link.kind,
            id=link.hubspot_id,
            values=values[link.xero_id],
            subject=f"customer {link.xero_id}",
            rule="rules.standing.standing_of",
            reason=_said(standings[link.xero_id]),
        )
        for link in joined
    ]
    show(wanted, home.id, turn)
    show_invoices(home, [one for some in receivables.values() for one in some if one.kind == "invoice"], turn)


def show_invoices(home: Organisation, invoices: Sequence[Receivable], turn: int) -> None:
    """Show invoices on the deals they were made for; other invoices have no deal."""
    at = parts()
    today = _today(home)
    by_id = {invoice.id: invoice for invoice in invoices}
    with at.database.reading() as tx:
        made = intents.by_invoice(tx, home.id, list(by_id))
    show([_of_deal(intent, by_id[invoice], home, today) for invoice, intent in made.items()], home.id, turn)


def show_deals(portal: str, deals: Sequence[str], turn: int) -> None:
    """Show on deals what became of them: their invoice, or why there is none."""
    at = parts()
    with at.database.reading() as tx:
        made = {deal: intent for deal, intent in intents.get(tx, portal, deals).items() if intent.state == "made"}
        homes = {home.id: home for home in connections.organisations(tx)}
        held = {deal: hold for deal in deals if (hold := journal.held(tx, subject_of(deal)))}
        silent = fingerprints.get(tx, portal, "deal", [deal for deal in deals if deal not in made and deal not in held])
        invoices = {
            home: mirror.receivables(tx, home, [one.invoice for one in made.values() if one.organisation == home])
            for home in homes
        }
    wanted: list[Wanted] = []
    for deal in deals:
        intent = made.get(deal)
        if intent is not None and intent.organisation in homes:
            invoice = invoices[intent.organisation].get(intent.invoice)
            if invoice is not None:
                home = homes[intent.organisation]
                wanted.append(_of_deal(intent, invoice, home, _today(home)))
        elif deal in held:
            message = " ".join(held[deal].reasons)
            wanted.append(_message(deal, message, "The deal is held for a person."))
        elif deal in silent:
            wanted.append(_message(deal, "", "The deal is no longer held."))
    show(wanted, portal, turn)


def show(wanted: Sequence[Wanted], lane: str, turn: int) -> None:
    """Write what differs from what we last wrote, a hundred records at a time, and record it."""
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
    if portal is None:
        return
    for kind in PLURAL:
        mine = [one for one in wanted if one.kind == kind]
        with at.database.reading() as tx:
            written = fingerprints.get(tx, portal.id, kind, [one.id for one in mine])
        pending = [
            replace(one, values=difference)
            for one in mine
            if (difference := changed(one.values, written.get(one.id, {})))
        ]
        for start in range(0, len(pending), BATCH):
            _write(portal.id, kind, pending[start : start + BATCH], lane, turn)


def _write(portal: str, kind: LinkKind, some: Sequence[Wanted], lane: str, turn: int) -> None:
    at = parts()
    now = at.now()
    answer = at.hubspot().update_batch(PLURAL[kind], [(one.id, one.values) for one in some])
    failed = {record: error for error in answer.errors for record in error.ids}
    done = [one for one in some if one.id not in failed]
    with at.database.transaction() as tx:
        fingerprints.put(tx, portal, kind, {one.id: one.values for one in done})
        journal.clear(tx, [one.target for one in done], now)
        journal.add(tx, [_entry(one, "update", one.reason, lane, turn, answer="written") for one in done])
    for one in some:
        if one.id in failed:
            _failed(portal, one, failed[one.id], lane, turn)


def _failed(portal: str, one: Wanted, error: BatchError, lane: str, turn: int) -> None:
    """Drop the link to a record that is gone, so that the next turn finds or makes another; hold what is refused."""
    at = parts()
    gone = error.category in ("OBJECT_NOT_FOUND", "MERGED")
    with at.database.transaction() as tx:
        fingerprints.forget(tx, portal, one.kind, [one.id])
        if gone:
            reason = f"The {one.kind} {one.id} is no longer in HubSpot under this id, so its link is dropped."
            journal.add(tx, [_entry(one, "skip", reason, lane, turn)])
            link = links.find_by_hubspot(tx, lane, one.kind, [one.id]).get(one.id)
            if link is not None and one.kind != "deal":
                links.remove(tx, link)
                mirror.mark_dirty(tx, lane, [link.xero_id])
        else:
            reason = f"HubSpot would not update the {one.kind} {one.id}: {error.message} Correct it in HubSpot."
            journal.add(tx, [_entry(one, "hold", reason, lane, turn)])
            journal.hold(tx, lane, one.target, (reason,), (), at.now())


def _of_deal(intent: Intent, invoice: Receivable, home: Organisation, today: date) -> Wanted:
    said = f"Invoice {invoice.number} is {invoice.status}; {invoice.due} {invoice.currency} of {invoice.total} is due."
    online = "" if intent.online_url == "wanted" else intent.online_url
    values = _named(properties_from_invoice(invoice, home, today, note=intent.note, online_url=online))
    if intent.paid_stage and invoice.status == "PAID":
        values["dealstage"] = intent.paid_stage  # written once: what was written is not written again
    return Wanted("deal", intent.deal, values, subject_of(intent.deal), "rules.invoices.properties_from_invoice", said)


def _message(deal: str, message: str, reason: str) -> Wanted:
    values = _named({"xero_sync_message": message})
    return Wanted("deal", deal, values, subject_of(deal), "rules.invoices.invoice_from_deal", reason)


def _said(standing: Standing) -> str:
    return (
        f"{standing.status}: {standing.outstanding} {standing.currency} outstanding, {standing.overdue} overdue,"
        f" {standing.open_invoices} open invoices."
    )


def _entry(
    one: Wanted, decision: Literal["update", "skip", "hold"], reason: str, lane: str, turn: int, answer: str = ""
) -> Entry:
    return Entry(
        at=parts().now(),
        lane=lane,
        turn=turn,
        subject=one.subject,
        decision=decision,
        rule=one.rule,
        reason=reason,
        target=one.target,
        values=one.values,
        answer=answer,
    )


def _named(values: Mapping[str, str]) -> dict[str, str]:
    return renamed(values, parts().names)


def _today(home: Organisation) -> date:
    return parts().now().astimezone(ZoneInfo(home.timezone)).date()
