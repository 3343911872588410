"""Look at deals that changed after their invoice was made: change the draft, or say why it stays. Called inside a step.

There is never a second invoice. One that finance has approved is never touched, and neither is one whose lines somebody
changed in Xero, or that was not made by this service: the deal says so instead. Nothing is sent where the invoice would
be the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.hubspot.models import Record
from ledgerloop.invoices import merged_deals, stranded
from ledgerloop.invoices.deals import read_deals, read_sales
from ledgerloop.invoices.decide import Decided, basis, by_home, invoice_id, route
from ledgerloop.invoices.deferrals import Troubles
from ledgerloop.invoices.edit_adopted import compare_adopted
from ledgerloop.invoices.edit_drafts import change_drafts
from ledgerloop.invoices.edit_remarks import (
    Edited,
    billed_now,
    call_right,
    finish_retry,
    note_after,
    say_on_deal,
    sayings,
)
from ledgerloop.parts import parts
from ledgerloop.portal.facts import route_stages, won_stages
from ledgerloop.records import Intent, Receivable
from ledgerloop.rules.edits import (
    FOREIGN,
    edit_told,
    elsewhere,
    found_told,
    lost_told,
    merged_told,
    not_compared,
    not_won,
)
from ledgerloop.rules.invoices import hash_of, is_won
from ledgerloop.rules.remarks import Remarks, note_of, remarks_of
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import GONE
from ledgerloop.rules.telling_apart import called
from ledgerloop.rules.totals import credited
from ledgerloop.store import connections, intents, journal, mirror
from ledgerloop.subjects import Subject
from ledgerloop.xero.client import MOST_IDS


def edit(portal: str, deals: Sequence[str], settled: Collection[str]) -> Troubles:
    """read → compare → (change the draft | tell); return what went wrong with some organisation.

    Where the deal says that its invoice differs or was left as it is, and how a person says that this is right, who has
    it tried again has ``settled`` that; everywhere else the edit itself is tried again.
    """
    at = parts()
    with at.database.reading() as tx:
        waiting = journal.waiting(tx, [subjects.deal(deal) for deal in settled])
        held = {deal for deal in settled if subjects.deal(deal) in waiting}
        connected = connections.portal(tx, portal)
        made = {deal: one for deal, one in intents.get(tx, portal, deals).items() if one.state == "made"}
    made = stranded.put_by(portal, made, settled)
    troubles = Troubles()
    if connected is None or not made:
        return troubles
    found = read_deals(at.hubspot(), list(made), [invoice_id()])
    merged = merged_deals.follow(portal, list(found.values()))
    with at.database.reading() as tx:
        made |= intents.get(tx, portal, list(merged.moved))
        stands = _standing(tx, [*made.values(), *merged.twice.values()])
        waiting = journal.waiting(tx, [name(deal) for deal in made for name in (subjects.deal, _record_of)])
    _rename(made, found)

    def tell(before: Intent, after: Intent, edit: str, *, held: bool = False) -> None:
        # Nearly every deal says so already, and writing that would be a commit for each.
        waits = subjects.deal(before.deal) in waiting
        if (sayings(after), note_after(before, after, edit), held) != (sayings(before), before.note, waits):
            say_on_deal(before, after, edit, held=held)

    stages = frozenset(won_stages(portal))
    sales = read_sales(at.hubspot(), portal, [found[deal] for deal in made if deal in found], customers=False)
    gone_by_credit = _credited([*made.values()], stands, troubles)
    # An invoice was made of each, so whether it is still won decides nothing any more.
    for home, mine in by_home(Decided({}, {}), route(connected, sales, made), sales):
        edited: list[Edited] = []
        strange: list[Edited] = []
        for sale, terms in mine:
            before = made[sale.deal.id]
            foreign = before.stood == FOREIGN
            told_before = remarks_of(before.note).edit
            stands_now = stands.get(before.invoice)
            gone = stands_now is not None and stands_now.status in GONE
            # What is held, or an edit that was told, is what a person has tried again first.
            first = gone or told_before or not waiting.isdisjoint((subjects.deal(before.deal), _record_of(before.deal)))
            if sale.deal.id in settled and remarks_of(before.note).differs and not first:
                before = call_right(before)
            if _record_of(before.deal) in waiting:
                _restage(before, terms)
            now = replace(before, basis=basis(sale, terms))
            new = not_compared(before)
            edit_left = not foreign and before.basis not in ("", now.basis)
            left = billed_now(Edited(sale, terms, before), connected, home) if edit_left else before
            other = merged.twice.get(sale.deal.id)
            if other is not None:
                both = replace(now, basis=hash_of(f"{now.basis} {other.invoice}"))
                right = sale.deal.id in held or both.basis == before.basis
                told = "" if right else _merged_told(before, other, stands)
                tell(before, both if right else before, told, held=not right)
            elif gone:
                tell(before, before, "")
            elif sale.deal.properties.get("hs_is_closed_lost") == "true":
                lost = replace(left, basis=hash_of(f"{now.basis} lost"))
                told = "" if before.invoice in gone_by_credit else lost_told(before.deal, before.number, stands_now)
                read = sale.deal.id in settled and note_of(Remarks(edit=told)) == note_of(Remarks(edit=told_before))
                if told and read:
                    say_on_deal(before, lost, "", right=True)
                else:
                    right = lost.basis == before.basis
                    tell(before, lost if right else left, "" if right else told)
            elif not (before.basis or new) or (foreign and sale.deal.id in settled):
                tell(before, now, "")
                if sale.deal.id in settled:
                    with at.database.transaction() as tx:
                        finish_retry(tx, before)
            elif now.basis == before.basis and (foreign or not told_before or home.id != before.organisation):
                tell(before, before, "")
            elif foreign:
                strange.append(Edited(sale, terms, now))
            elif now.basis == before.basis:  # what was edited is undone: the deal says again what it said
                edited.append(Edited(sale, terms, now))
            elif not is_won(sale.deal, stages) and sale.deal.properties.get("dealstage") not in route_stages():
                told = edit_told(before.number, stands_now.status if stands_now else "", not_won(stands_now))
                tell(before, left, "" if new or before.invoice in gone_by_credit else told)
            elif home.id == before.organisation:
                edited.append(Edited(sale, terms, now))
            else:
                away = before.invoice in gone_by_credit
                why = elsewhere(before.deal, home.name, stands_now, credited=away, found=new)
                say = found_told if new else edit_told
                told = say(before.number, stands_now.status if stands_now else "", why)
                if sale.deal.id in settled and note_of(Remarks(edit=told)) == note_of(Remarks(edit=told_before)):
                    say_on_deal(before, replace(left, basis=now.basis, said=None), "", (), right=True)
                else:
                    tell(before, left, told)
        for start in range(0, len(edited), MOST_IDS):
            some = edited[start : start + MOST_IDS]
            with troubles.apart(home.id, [one.intent.deal for one in some]):
                change_drafts(connected, home, some, settled)
        for organisation in {one.intent.organisation for one in strange}:
            some = [one for one in strange if one.intent.organisation == organisation]
            with troubles.apart(organisation, [one.intent.deal for one in some]):
                compare_adopted(connected, organisation, some)
    return troubles


def _merged_told(own: Intent, other: Intent, stands: Mapping[str, Receivable]) -> str:
    with parts().database.reading() as tx:
        names = {one.id: one.name for one in connections.known_organisations(tx)}
    both = [
        (called(one.number, one.organisation, beside.organisation, names), stands.get(one.invoice))
        for one, beside in ((own, other), (other, own))
    ]
    return merged_told(own.deal, *both)


def _rename(made: Mapping[str, Intent], found: Mapping[str, Record]) -> None:
    """Keep what deals are called by now: holds and the journal name them so."""
    called = {deal: found[deal].properties.get("dealname") or "" for deal in made if deal in found}
    renamed = [replace(made[deal], deal_name=name) for deal, name in called.items() if name != made[deal].deal_name]
    if renamed:
        with parts().database.transaction() as tx:
            for one in renamed:
                intents.change(tx, one, "deal_name")


def _restage(intent: Intent, terms: Terms) -> None:
    """Let a deal that HubSpot would not move go where its route says now."""
    at = parts()
    subject = _record_of(intent.deal)
    with at.database.transaction() as tx:
        if journal.held(tx, subject) is not None:
            intents.restage(tx, intent.portal, intent.deal, terms.paid_stage)
            journal.clear(tx, [subject], at.now())


def _record_of(deal: str) -> Subject:
    """Name the deal's record as holds do that are about what HubSpot would not take."""
    return subjects.hubspot("deal", deal)


def _standing(tx: Connection, made: Sequence[Intent]) -> dict[str, Receivable]:
    """Return, by their ids, the invoices as our copy has them."""
    known = [
        mirror.receivables(tx, organisation, [one.invoice for one in made if one.organisation == organisation])
        for organisation in {one.organisation for one in made}
    ]
    return {invoice.id: invoice for some in known for invoice in some.values()}


def _credited(made: Sequence[Intent], stands: Mapping[str, Receivable], troubles: Troubles) -> set[str]:
    """Return the ids of the invoices that credit notes took off in full; our copy does not tell these from prepayments.

    Where Xero cannot be asked, nothing is known of it, and the deals are looked at again.
    """
    found: set[str] = set()
    some = [one for one in made if (known := stands.get(one.invoice)) and 0 < known.total <= known.credited]
    for organisation in sorted({one.organisation for one in some}):
        of_home = [one for one in some if one.organisation == organisation]
        for start in range(0, len(of_home), MOST_IDS):
            part = of_home[start : start + MOST_IDS]
            with troubles.apart(organisation, [one.deal for one in part]):
                invoices = parts().xero(organisation).invoices_by_id([one.invoice for one in part])
                found |= {one.InvoiceID for one in invoices if credited(one) == one.Total}
    return found
