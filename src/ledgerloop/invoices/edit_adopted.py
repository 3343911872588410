"""Compare edited deals with invoices that people or other tools made. Called inside a step."""

from __future__ import annotations

from collections.abc import Sequence

from ledgerloop.invoices.edit_remarks import Edited, keep_news, say_on_deal
from ledgerloop.parts import parts
from ledgerloop.records import Portal
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.edits import comes_to_the_same, edit_told, not_changed
from ledgerloop.rules.invoices import currency_of
from ledgerloop.rules.standing import GONE
from ledgerloop.store import intents
from ledgerloop.xero.client import MOST_IDS


def compare_adopted(portal: Portal, organisation: str, edited: Sequence[Edited]) -> None:
    """Say of invoices that people or other tools made that their deals were changed, unless both come to the same."""
    client = parts().xero(organisation)
    ids = [one.intent.invoice for one in edited]
    parts_ = [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)]
    standing = {one.InvoiceID: one for part in parts_ for one in client.invoices_by_id(part)}
    for one in edited:
        invoice, deal = standing.get(one.intent.invoice), one.sale.deal
        with parts().database.reading() as tx:
            before = intents.get(tx, portal.id, [deal.id])[deal.id]
        if invoice is None:
            continue
        if invoice.Status in GONE:
            keep_news(before, invoice)
            say_on_deal(before, before, "")
        elif comes_to_the_same(deal, currency_of(deal, portal), invoice):
            say_on_deal(before, one.intent, "")
        else:
            stands = receivable_from_invoice(organisation, invoice)
            why = not_changed(deal.id, "it was not made by this service.", stands)
            told = edit_told(invoice.InvoiceNumber, invoice.Status, why)
            say_on_deal(before, before, told, held=one.terms.edits == "hold")
