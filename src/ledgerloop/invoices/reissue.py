"""Have deals invoiced anew, because a person asks: only where Xero says that the invoice is deleted or voided.

The old intent is the only thing that keeps a second invoice from being made, so it is forgotten last: in the one
transaction that keeps the person's word and puts the deal back on its lane. By that word a deal is invoiced that was
won before HubSpot was connected.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import decide, existing, payers
from ledgerloop.invoices.deals import read_deals, sides
from ledgerloop.invoices.decide import invoice_id
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Line, Link, Portal
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.edits import gone_first, payload_from
from ledgerloop.rules.invoice_markers import deal_url, marker_of
from ledgerloop.rules.pairing.references import ids_in
from ledgerloop.rules.properties import renamed
from ledgerloop.rules.standing import GONE, bills_nothing
from ledgerloop.store import connections, intents, journal, last_written, links, mirror, rulings

_SHOWN = (
    "xero_invoice_id",
    "xero_invoice_number",
    "xero_invoice_status",
    "xero_invoice_url",
    "xero_amount_due",
    "xero_amount_paid",
    "xero_due_date",
    "xero_paid_date",
    "xero_online_invoice_url",
    "xero_sync_message",
)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A deal that may have a new invoice, and what became of its old one."""

    intent: Intent
    status: str
    forgotten: bool = False
    """Whether only the deal names the invoice, because the database forgot it."""


def renewals(deals: Sequence[str]) -> list[Renewal]:
    """Ask Xero how the deals' invoices stand; an error where one of them may not be made anew."""
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
        known = intents.get(tx, portal.id, deals) if portal else {}
    renewed: list[Renewal] = []
    for deal in dict.fromkeys(deals):
        intent, found = known.get(deal), None
        if portal is not None and (intent is None or intent.state in ("intended", "refused")):
            found = _forgotten(portal, deal)
        renewed.append(_renewal(deal, found or intent, forgotten=found is not None))
    return renewed


def of_gone(deal: str, again: str) -> Renewal | None:
    """Return a deal's invoice that is no more in Xero; None where the deal has none.

    An error where one stands, or may: it names what is to be done there before the command ``again`` is run.
    """
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
        intent = intents.get(tx, portal.id, [deal]).get(deal) if portal else None
    if intent is None or intent.state in ("intended", "refused"):
        return None
    if intent.state == "sent":
        raise LedgerloopError(
            f"Deal {deal} has an invoice already, of which it is not known yet whether Xero made it. Once the deal"
            f" shows it, delete or void it in Xero, and then run `{again}`."
        )
    for invoice in at.xero(intent.organisation).invoices_by_id([intent.invoice]):
        if invoice.Status in GONE:
            continue
        cure = _sentence(gone_first(receivable_from_invoice(intent.organisation, invoice)))
        raise LedgerloopError(
            f"Deal {deal} has an invoice already: {intent.number} is {invoice.Status} in Xero. {cure}, and then run"
            f" `{again}`."
        )
    return _renewal(deal, intent, forgotten=False)


def payer_of(deal: str) -> str:
    """Return the name of the customer that a deal belongs to for certain, by what is known here; empty where none."""
    with parts().database.reading() as tx:
        portal = connections.only_portal(tx)
    sale, organisation = decide.routed_sale(portal, deal) if portal else (None, None)
    if sale is None or organisation is None or not sides(sale):
        return ""
    customer = payers.known(organisation, [sale]).get(deal, "")
    with parts().database.reading() as tx:
        known = mirror.customers(tx, organisation.id, [customer]).get(customer)
    return known.name if known else ""


def renew(chosen: Sequence[Renewal]) -> list[str]:
    """Forget the old invoices, on the deals and here, and try the deals again; return them.

    A person may have taken long to say yes, so each deal must still have the invoice that was shown.
    """
    for one in chosen:
        forget(one)
    parts().nudge()
    return [one.intent.deal for one in chosen]


def forget(one: Renewal) -> None:
    """Forget a deal's old invoice, on the deal and here, and have another made.

    An error where the deal has another than was shown; then nothing is forgotten.
    """
    at, intent = parts(), one.intent
    with at.database.reading() as tx:
        _as_shown(one, intents.get(tx, intent.portal, [intent.deal]).get(intent.deal))
    if one.forgotten and _named(intent.deal) != intent.invoice:
        raise LedgerloopError(_CHANGED.format(intent.deal))
    at.hubspot().update("deals", intent.deal, renamed(dict.fromkeys(_SHOWN, ""), at.names))
    with at.database.transaction() as tx:
        _as_shown(one, intents.locked(tx, intent.portal, intent.deal))
        last_written.forget(tx, intent.portal, "deal", [intent.deal])
        intents.remove(tx, intent.portal, intent.deal)
        links.remove(tx, Link(intent.organisation, intent.invoice, "deal", intent.deal, ""))
        why = f"A person asked for a new invoice: {intent.number} is {one.status} in Xero."
        target = subjects.xero("invoice", intent.invoice)
        line = Line(subjects.deal(intent.deal), "skip", "invoices.reissue", why, target)
        journal.write(tx, [line], at.now(), lane=intent.portal)
        rulings.put(tx, intent.portal, rulings.another_of(intent.deal), intent.invoice, at.now())
        for past in existing.credited_in_full(tx, intent):  # else the deal would take that up instead of a new one
            rulings.put(tx, intent.portal, rulings.renewed_past(intent.deal, past.id), intent.invoice, at.now())
        retries.put_back(tx, intent.portal, [intent.deal], at.now())


_CHANGED = "Deal {} has changed since it was shown. Look at it again."


def _as_shown(one: Renewal, now: Intent | None) -> None:
    if one.forgotten:
        same = now is None or now.state in ("intended", "refused")
    else:
        same = now is not None and now.state == "made" and now.invoice == one.intent.invoice
    if not same:
        raise LedgerloopError(_CHANGED.format(one.intent.deal))


def _named(deal: str) -> str:
    """Return the invoice that a deal names in HubSpot."""
    found = read_deals(parts().hubspot(), [deal], [invoice_id()]).get(deal)
    return (found.properties.get(invoice_id()) or "") if found is not None else ""


def _forgotten(portal: Portal, deal: str) -> Intent | None:
    """Make up the intent of the invoice that a deal names and nobody here knows of; Xero is asked for it by its id."""
    at = parts()
    named = ids_in(_named(deal))
    if not named:
        return None
    with at.database.reading() as tx:
        organisations = connections.organisations(tx)
        owners = [
            one.deal
            for organisation in connections.known_organisations(tx)
            for one in intents.by_invoice(tx, organisation.id, named).values()
        ]
        standing = existing.standing(portal, [deal]).get(deal)
    if owners:
        raise LedgerloopError(
            f"The invoice that deal {deal} names is deal {owners[0]}'s. Clear the Xero invoice id of deal {deal} if it"
            " shall have one of its own."
        )
    if standing is not None:
        raise LedgerloopError(
            f"Invoice {standing.number or standing.id} in Xero has the mark of deal {deal}, so nothing needs to be"
            f" made: `ledgerloop retry --deal {deal}` has it followed."
        )
    for organisation in organisations:
        for invoice in at.xero(organisation.id).invoices_by_id(named[:1]):
            return Intent(
                portal=portal.id,
                deal=deal,
                organisation=organisation.id,
                customer=invoice.Contact.ContactID,
                payload=payload_from(invoice),
                payload_hash="",
                key="",
                marker=marker_of(deal),
                url=deal_url(portal, deal),
                state="made",
                invoice=invoice.InvoiceID,
                number=invoice.InvoiceNumber,
            )
    raise LedgerloopError(
        f"No connected organisation has invoice {named[0]}, which deal {deal} names. Connect the one that has it, or"
        f" clear the deal's Xero invoice id and run `ledgerloop retry --deal {deal}`."
    )


def _renewal(deal: str, intent: Intent | None, *, forgotten: bool) -> Renewal:
    at = parts()
    if intent is None or intent.state != "made":
        raise LedgerloopError(
            f"Deal {deal} has no invoice to replace. `ledgerloop retry --deal {deal}` tries it again."
        )
    found = at.xero(intent.organisation).invoices_by_id([intent.invoice])
    if not found:
        raise LedgerloopError(
            f"Xero does not find invoice {intent.number} of deal {deal}, so it may stand. Look there."
        )
    status, cure = found[0].Status, gone_first(receivable_from_invoice(intent.organisation, found[0]))
    if status not in GONE and forgotten:
        raise LedgerloopError(
            f"Invoice {intent.number} of deal {deal} is {status} in Xero. `ledgerloop adopt --deal {deal} --invoice"
            f" {intent.number or intent.invoice}` has it followed; or {cure} first."
        )
    if status not in GONE:
        raise LedgerloopError(
            f"Invoice {intent.number} of deal {deal} is {status} in Xero. {_sentence(cure)} first, or make a"
            " further one there."
        )
    with at.database.reading() as tx:
        twin = _twin(tx, intent)
    if twin:
        raise LedgerloopError(
            f"Invoice {twin} in Xero has the reference of deal {deal} too. Change its reference there if it is another"
            " sale's; else nothing needs to be made."
        )
    return Renewal(intent, status, forgotten)


def _sentence(cure: str) -> str:
    return cure[0].upper() + cure[1:]


def _twin(tx: Connection, intent: Intent) -> str:
    """Return the number of another invoice with the deal's reference, such as a copy that finance made."""
    reference = str(json.loads(intent.payload).get("Reference", ""))
    some = mirror.receivables_by_reference(tx, intent.organisation, [reference]).get(reference, [])
    alive = [one for one in some if one.kind == "invoice" and one.id != intent.invoice and not bills_nothing(one)]
    past = existing.put_aside(tx, intent.portal, {intent.deal: ((intent.deal,), alive)})
    return next((one.number or one.id for one in alive if reference and (intent.deal, one.id) not in past), "")
