"""Show in HubSpot what the ledger says: standings on contacts and companies, invoices on deals. Called inside a step.

A write is the difference between what should be there and what we last wrote there, so showing twice writes once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from ledgerloop.flows import admitting, joining, succeeding
from ledgerloop.flows.approving import deal_subject as subject_of
from ledgerloop.flows.claiming import with_rivals
from ledgerloop.flows.fields import compare_fields
from ledgerloop.flows.parts import parts
from ledgerloop.flows.updating import Wanted, show
from ledgerloop.records import Customer, Intent, LinkKind, Organisation, Receivable
from ledgerloop.rules.customers import properties_from_standing
from ledgerloop.rules.invoices import properties_from_invoice
from ledgerloop.rules.ownership import Comparison, values_of
from ledgerloop.rules.properties import renamed
from ledgerloop.rules.standing import Standing, standing_of
from ledgerloop.store import connections, dirty, fingerprints, intents, journal, mirror


def show_standings(home: Organisation, ids: Sequence[str], turn: int) -> None:
    """succeed → admit → stand → join → decide → write → record, for some customers and the deals of their invoices."""
    at = parts()
    today = home.day(at.now())
    asked, ids = ids, with_rivals(home, ids)
    rivals: dict[str, int] = {}
    if more := set(ids) - set(asked):
        with at.database.transaction() as tx:  # whoever dies in between leaves the rivals to the next look
            rivals = dirty.mark_new(tx, home.id, more)
    with at.database.reading() as tx:
        contacts = mirror.customers(tx, home.id, ids)
        receivables = mirror.receivables_of(tx, home.id, ids)
    unsure = succeeding.succeed(home, contacts, turn)
    customers = admitting.admit(home, contacts)
    standings = {key: standing_of(receivables.get(key, ()), today, home.base_currency) for key in customers}
    values = {key: _named(properties_from_standing(standings[key], customers[key], home)) for key in customers}
    joined = joining.join(home, customers, values, turn, unsure, lambda: succeeding.unseen(home, customers, standings))
    settled = compare_fields(home, customers, joined.links, joined.records, joined.in_question)
    wanted = [
        Wanted(
            kind=link.kind,
            id=link.hubspot_id,
            values=values[link.xero_id],
            subject=f"customer {link.xero_id}",
            rule="rules.standing.standing_of",
            reason=_said(standings[link.xero_id]),
            fields=_fields(link.kind, settled.get((link.kind, link.hubspot_id)), customers[link.xero_id]),
            settled=settled.get((link.kind, link.hubspot_id)),
            customer=link.xero_id,
        )
        for link in joined.links
    ]
    show(wanted, home.id, turn)
    show_invoices(home, [one for some in receivables.values() for one in some if one.kind == "invoice"], turn)
    if rivals:
        with at.database.transaction() as tx:
            dirty.clean(tx, home.id, rivals)


def show_invoices(home: Organisation, invoices: Sequence[Receivable], turn: int) -> None:
    """Show invoices on the deals they were made for; other invoices have no deal."""
    at = parts()
    today = home.day(at.now())
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
        waiting = journal.held_among(tx, [subject_of(deal) for deal in deals])
        held = {deal: waiting[subject_of(deal)] for deal in deals if subject_of(deal) in waiting}
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
                wanted.append(_of_deal(intent, invoice, home, home.day(at.now())))
        elif deal in held:
            message = " ".join(held[deal].reasons)
            wanted.append(_message(deal, message, "The deal is held for a person."))
        elif deal in silent:
            wanted.append(_message(deal, "", "The deal is no longer held."))
    show(wanted, portal, turn)


def _of_deal(intent: Intent, invoice: Receivable, home: Organisation, today: date) -> Wanted:
    said = f"Invoice {invoice.number} is {invoice.status}; {invoice.due} {invoice.currency} of {invoice.total} is due."
    online = "" if intent.online_url == "wanted" else intent.online_url
    values = _named(
        properties_from_invoice(invoice, home, today, note=intent.note, online_url=online, deal=intent.deal)
    )
    if intent.paid_stage and invoice.status == "PAID":
        values["dealstage"] = intent.paid_stage  # written once: what was written is not written again
    return Wanted("deal", intent.deal, values, subject_of(intent.deal), "rules.invoices.properties_from_invoice", said)


def _message(deal: str, message: str, reason: str) -> Wanted:
    values = _named({"xero_sync_message": message})
    return Wanted("deal", deal, values, subject_of(deal), "rules.invoices.invoice_from_deal", reason)


def _fields(kind: LinkKind, settled: Comparison | None, customer: Customer) -> dict[str, str]:
    return values_of(kind, settled.to_hubspot, customer) if settled is not None else {}


def _said(standing: Standing) -> str:
    return (
        f"{standing.status}: {standing.outstanding} {standing.currency} outstanding, {standing.overdue} overdue,"
        f" {standing.open_invoices} open invoices."
    )


def _named(values: Mapping[str, str]) -> dict[str, str]:
    return renamed(values, parts().names)
