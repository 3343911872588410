"""Have deals invoiced anew, because a person asks: only where Xero says that the invoice is deleted or voided.

The old intent is the only thing that keeps a second invoice from being made, so it is forgotten last.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ledgerloop.errors import LedgerloopError
from ledgerloop.flows import retrying
from ledgerloop.flows.parts import parts
from ledgerloop.records import Entry, Intent, Link
from ledgerloop.rules.properties import renamed
from ledgerloop.rules.standing import GONE
from ledgerloop.store import connections, fingerprints, intents, journal, links, mirror

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


def renewals(deals: Sequence[str]) -> list[Renewal]:
    """Ask Xero how the deals' invoices stand; an error where one of them may not be made anew."""
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
        known = intents.get(tx, portal.id, deals) if portal else {}
    return [_renewal(deal, known.get(deal)) for deal in dict.fromkeys(deals)]


def renew(chosen: Sequence[Renewal]) -> list[str]:
    """Forget the old invoices, on the deals and here, and try the deals again; return them.

    A person may have taken long to say yes, so each deal must still have the invoice that was shown.
    """
    at = parts()
    empty = renamed(dict.fromkeys(_SHOWN, ""), at.names)
    tried: list[str] = []
    for one in chosen:
        intent = one.intent
        with at.database.reading() as tx:
            _as_shown(intent, intents.get(tx, intent.portal, [intent.deal]).get(intent.deal))
        at.hubspot().update("deals", intent.deal, empty)
        with at.database.transaction() as tx:
            _as_shown(intent, intents.locked(tx, intent.portal, intent.deal))
            fingerprints.forget(tx, intent.portal, "deal", [intent.deal])
            intents.remove(tx, intent.portal, intent.deal)
            links.remove(tx, Link(intent.organisation, intent.invoice, "deal", intent.deal, ""))
            journal.add(tx, [_entry(one)])
        tried += retrying.retry([intent.deal])
    return tried


def _as_shown(intent: Intent, now: Intent | None) -> None:
    if now is None or now.state != "made" or now.invoice != intent.invoice:
        raise LedgerloopError(f"Deal {intent.deal} has changed since it was shown. Look at it again.")


def _renewal(deal: str, intent: Intent | None) -> Renewal:
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
    status = found[0].Status
    if status not in GONE:
        raise LedgerloopError(
            f"Invoice {intent.number} of deal {deal} is {status} in Xero. Delete or void it there first, or make a"
            " further one there."
        )
    with at.database.reading() as tx:
        twin = _twin(tx, intent)
    if twin:
        raise LedgerloopError(
            f"Invoice {twin} in Xero has the reference of deal {deal} too. Change its reference there if it is another"
            " sale's; else nothing needs to be made."
        )
    return Renewal(intent, status)


def _twin(tx: Connection, intent: Intent) -> str:
    """Return the number of another invoice with the deal's reference, such as a copy that finance made."""
    reference = str(json.loads(intent.payload).get("Reference", ""))
    some = mirror.receivables_by_reference(tx, intent.organisation, [reference]).get(reference, [])
    alive = (one for one in some if one.kind == "invoice" and one.id != intent.invoice and one.status not in GONE)
    return next((one.number or one.id for one in alive if reference), "")


def _entry(one: Renewal) -> Entry:
    intent = one.intent
    return Entry(
        at=parts().now(),
        lane=intent.portal,
        turn=0,
        subject=f"deal {intent.deal}",
        decision="skip",
        rule="flows.renewing",
        reason=f"A person asked for a new invoice: {intent.number} is {one.status} in Xero.",
        target=f"xero invoice {intent.invoice}",
    )
