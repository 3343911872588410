"""Follow the other invoice of a deal whose own bills nothing any more, where one with its mark does. Inside a step.

So it is where somebody copied a deal's invoice in Xero, and then deleted or voided the one that the deal shows, or
credited it in full.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.invoices import existing
from ledgerloop.invoices.deferrals import Troubles
from ledgerloop.ledger import duplicate_invoices
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Line, Link, Portal, Receivable
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.edits import UNSEEN, payload_from
from ledgerloop.rules.invoices import hash_of
from ledgerloop.rules.standing import bills_nothing
from ledgerloop.rules.telling_apart import called
from ledgerloop.store import connections, intents, journal, links, mirror
from ledgerloop.xero.client import MOST_IDS
from ledgerloop.xero.models import Invoice


def follow(portal: Portal, made: Collection[Intent], troubles: Troubles) -> None:
    """Have deals follow the invoices that stand with their marks, where those that they have bill nothing any more.

    One transaction takes the other in the place of the one that ended, so that at no moment a deal has none, and
    nobody makes a third. Our copy may be behind, so Xero is asked whether the other stands.
    """
    with parts().database.reading() as tx:
        gone = {one.deal: one for one in _gone(tx, made)}
    others = existing.standing(portal, gone) if gone else {}
    with parts().database.reading() as tx:
        others = {deal: one for deal, one in others.items() if not _followed(tx, one)}
    for organisation in {one.organisation for one in others.values()}:
        mine = {one.id: deal for deal, one in others.items() if one.organisation == organisation}
        ids = list(mine)
        for start in range(0, len(ids), MOST_IDS):
            some = ids[start : start + MOST_IDS]
            with troubles.apart(organisation, [mine[one] for one in some]):
                for invoice in parts().xero(organisation).invoices_by_id(some):
                    _take(gone[mine[invoice.InvoiceID]], organisation, invoice)


def _gone(tx: Connection, made: Iterable[Intent]) -> list[Intent]:
    """Return those of made intents whose invoices bill nothing any more by our copy."""
    found: list[Intent] = []
    by_home: dict[str, list[Intent]] = {}
    for one in made:
        by_home.setdefault(one.organisation, []).append(one)
    for organisation, some in by_home.items():
        known = mirror.receivables(tx, organisation, [one.invoice for one in some])
        found += [one for one in some if one.invoice in known and bills_nothing(known[one.invoice])]
    return found


def _followed(tx: Connection, invoice: Receivable) -> bool:
    return bool(intents.by_invoice(tx, invoice.organisation, [invoice.id]))


def _take(before: Intent, organisation: str, invoice: Invoice) -> None:
    """Take an invoice in the place of a deal's own. What the deal says of it is compared in the same turn."""
    at, now = parts(), parts().now()
    stands = receivable_from_invoice(organisation, invoice)
    with at.database.transaction() as tx:
        mirror.store_receivables(tx, [stands] if stands is not None else [])
        if stands is None or bills_nothing(stands):
            return
        kept = intents.claim(tx, _intent(before, organisation, invoice), now, before.invoice)
        if (kept.deal, kept.invoice) != (before.deal, invoice.InvoiceID):
            return
        links.remove(tx, Link(before.organisation, before.invoice, "deal", before.deal, ""))
        links.put(tx, [Link(organisation, invoice.InvoiceID, "deal", before.deal, "adopt")], now)
        journal.clear(tx, [subjects.deal(before.deal)], now)
        duplicate_invoices.look(tx, [stands])
        names = {one.id: one.name for one in connections.known_organisations(tx)}
        own = called(before.number, before.organisation, organisation, names)
        other = called(invoice.InvoiceNumber, organisation, before.organisation, names)
        why = (
            f"Its invoice {own} bills nothing any more in Xero, and {other} stands there with the deal's mark, so that"
            " one is followed, and no other is made."
        )
        answer = f"{invoice.InvoiceNumber} {invoice.Status} {invoice.Total} {invoice.CurrencyCode}"
        target = subjects.xero("invoice", invoice.InvoiceID)
        line = Line(subjects.deal(before.deal), "adopt", "invoices.other_invoice", why, target, answer=answer)
        journal.write(tx, [line], now, lane=before.portal)


def _intent(before: Intent, organisation: str, invoice: Invoice) -> Intent:
    """Make the intent of an invoice whose lines nobody here knows. Nobody emails it: somebody made it by hand."""
    payload = payload_from(invoice)
    return replace(
        before,
        organisation=organisation,
        customer=invoice.Contact.ContactID,
        payload=payload,
        payload_hash=hash_of(payload),
        key="",
        invoice=invoice.InvoiceID,
        number=invoice.InvoiceNumber,
        basis="",
        said=None,
        note="",
        asks="",
        email="",
        paid_stage=before.paid_stage if invoice.Status != "PAID" else "",
        online_url="wanted" if before.online_url else "",
        stood=UNSEEN,
        accepted="",
    )
