"""Show on deals what became of them: their invoice, or why there is none. Called inside a step.

A write is the difference between what should be there and what we last wrote there, so showing twice writes once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from ledgerloop import subjects
from ledgerloop.customers.update import Wanted, show
from ledgerloop.hubspot.models import Record
from ledgerloop.invoices.deals import entered, entered_at
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Organisation, Receivable
from ledgerloop.rules.edits import FOREIGN
from ledgerloop.rules.invoices import properties_from_invoice
from ledgerloop.rules.properties import renamed
from ledgerloop.rules.recipients import still_taken
from ledgerloop.rules.remarks import note_of, remarks_of
from ledgerloop.rules.standing import bills_nothing
from ledgerloop.store import connections, intents, journal, last_written, mirror


def show_invoices(organisation: Organisation, invoices: Sequence[Receivable]) -> None:
    """Show invoices on the deals they were made for; other invoices have no deal.

    Who was taken for the recipient is said no longer once finance has named another, or the invoice is paid.
    """
    at = parts()
    today = organisation.day(at.now())
    by_id = {invoice.id: invoice for invoice in invoices}
    with at.database.reading() as tx:
        made = intents.by_invoice(tx, organisation.id, list(by_id))
        told = [one for one in made.values() if remarks_of(one.note).recipient]
        customers = mirror.customers(tx, organisation.id, {by_id[one.invoice].customer for one in told}) if told else {}
    for intent in told:
        invoice = by_id[intent.invoice]
        email = customers[invoice.customer].email if invoice.customer in customers else ""
        if not still_taken(remarks_of(intent.note).recipient, email, invoice.status):
            made[intent.invoice] = _settled(intent)
    _keep_moved([intent for invoice, intent in made.items() if _moves(intent, by_id[invoice])])
    show([_of_deal(intent, by_id[invoice], organisation, today) for invoice, intent in made.items()], organisation.id)


def _settled(intent: Intent) -> Intent:
    """Say no longer who was taken for the recipient."""
    with parts().database.transaction() as tx:
        now = intents.locked(tx, intent.portal, intent.deal) or intent
        now = replace(now, note=note_of(replace(remarks_of(now.note), recipient="")))
        intents.change(tx, now, "note")
    return now


def show_deals(portal: str, deals: Sequence[str]) -> None:
    """Show on deals what became of them: their invoice, or why there is none."""
    at = parts()
    with at.database.reading() as tx:
        made = {deal: intent for deal, intent in intents.get(tx, portal, deals).items() if intent.state == "made"}
        organisations = {organisation.id: organisation for organisation in connections.known_organisations(tx)}
        waiting = journal.held_among(tx, [subjects.deal(deal) for deal in deals])
        held = {deal: waiting[subjects.deal(deal)] for deal in deals if subjects.deal(deal) in waiting}
        silent = last_written.get(tx, portal, "deal", [deal for deal in deals if deal not in made and deal not in held])
        invoices = {
            organisation: mirror.receivables(
                tx, organisation, [one.invoice for one in made.values() if one.organisation == organisation]
            )
            for organisation in organisations
        }
    wanted: list[Wanted] = []
    shown = {deal: invoices.get(one.organisation, {}).get(one.invoice) for deal, one in made.items()}
    _keep_moved([one for deal, one in made.items() if (invoice := shown[deal]) is not None and _moves(one, invoice)])
    for deal in deals:
        intent = made.get(deal)
        if intent is not None and intent.organisation in organisations:
            invoice = shown[deal]
            if invoice is not None:
                organisation = organisations[intent.organisation]
                wanted.append(_of_deal(intent, invoice, organisation, organisation.day(at.now())))
        elif deal in held:
            message = " ".join(held[deal].reasons)
            wanted.append(_message(deal, message, "The deal is held for a person."))
        elif deal in silent:
            wanted.append(_message(deal, "", "The deal is no longer held."))
    show(wanted, portal)


def _moves(intent: Intent, invoice: Receivable) -> bool:
    """Tell whether a deal goes to the stage of those that are paid; credit in full is no payment."""
    return bool(intent.paid_stage) and invoice.status == "PAID" and not bills_nothing(invoice)


def _keep_moved(paid: Sequence[Intent]) -> None:
    """Keep of paid deals as written that they were moved, where HubSpot says so and our database forgot it.

    Somebody may have moved such a deal on since, and it is not to go back.
    """
    at = parts()
    for portal in {one.portal for one in paid}:
        mine = {one.deal: one for one in paid if one.portal == portal}
        with at.database.reading() as tx:
            written = last_written.get(tx, portal, "deal", list(mine))
        new = {deal: one for deal, one in mine.items() if written.get(deal, {}).get("dealstage") != one.paid_stage}
        if not new:
            continue
        read = at.hubspot().read("deals", list(new), sorted({entered(one.paid_stage) for one in new.values()}))
        moved = [one for deal, one in new.items() if deal in read and _was_there(one, read[deal])]
        if moved:
            with at.database.transaction() as tx:
                last_written.put(tx, portal, "deal", {one.deal: {"dealstage": one.paid_stage} for one in moved})


def _was_there(intent: Intent, deal: Record) -> bool:
    """Tell whether a deal has come to the stage of paid deals since its invoice was made, as far as that is known.

    An invoice that was found may have been paid at any time before.
    """
    came = entered_at(deal, intent.paid_stage)
    made = intent.sent_at or (intent.created_at if intent.stood == FOREIGN else None)
    return came is not None and (made is None or came >= made)


def _of_deal(intent: Intent, invoice: Receivable, organisation: Organisation, today: date) -> Wanted:
    said = f"Invoice {invoice.number} is {invoice.status}; {invoice.due} {invoice.currency} of {invoice.total} is due."
    online = "" if intent.online_url == "wanted" else intent.online_url
    values = renamed(
        properties_from_invoice(invoice, organisation, today, note=intent.note, online_url=online, deal=intent.deal),
        parts().names,
    )
    if _moves(intent, invoice):
        values["dealstage"] = intent.paid_stage  # written once: what was written is not written again
    return Wanted(
        "deal",
        intent.deal,
        values,
        subjects.deal(intent.deal),
        "rules.invoices.properties_from_invoice",
        said,
        led_by=(subjects.customer(invoice.customer),),
    )


def _message(deal: str, message: str, reason: str) -> Wanted:
    values = renamed({"xero_sync_message": message}, parts().names)
    return Wanted("deal", deal, values, subjects.deal(deal), "rules.invoices.invoice_from_deal", reason)
