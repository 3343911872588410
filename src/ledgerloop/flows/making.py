"""Make the intended invoices in Xero, and settle what is not known. Called inside a step.

An intent that may have left is looked for before it is sent again. When it is not found it goes out once more in the
same request with the same Idempotency-Key, so that even a first request that arrives late makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from itertools import groupby
from typing import Literal, TypeVar

from ledgerloop.errors import UnknownOutcome
from ledgerloop.flows.deciding import subject_of
from ledgerloop.flows.parts import parts
from ledgerloop.log import logger
from ledgerloop.records import Entry, Hold, Intent, Link
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.invoices import body_of, deal_of
from ledgerloop.store import intents, journal, links, mirror
from ledgerloop.xero.client import XeroClient
from ledgerloop.xero.models import Invoice

Decided = Literal["create", "adopt"]
Key = TypeVar("Key")

LOOK_BACK = timedelta(minutes=10)
"""How long before an intent was sent its invoice is looked for, in case clocks differ."""


def settle(portal: str, turn: int) -> None:
    """Look for the invoices of intents that were sent without an answer, and adopt those that stand."""
    with parts().database.reading() as tx:
        unsettled = intents.unsettled(tx, portal)
    for organisation, some in _by(unsettled, lambda intent: intent.organisation):
        for intent, invoice in _found(parts().xero(organisation), some):
            _made(portal, turn, intent, invoice, "adopt", "Xero had made it, though its answer was lost.")


def create(portal: str, turn: int) -> None:
    """Send every intent that is not settled, one request for each key. An unknown outcome is looked into at once."""
    try:
        _send(portal, turn)
    except UnknownOutcome as lost:
        logger.warning("outcome unknown", lane=portal, turn=turn, why=lost.sentence)
        settle(portal, turn)
        _send(portal, turn)


def _send(portal: str, turn: int) -> None:
    at = parts()
    with at.database.reading() as tx:
        waiting = intents.pending(tx, portal)
    for (organisation, key), some in _by(waiting, lambda intent: (intent.organisation, intent.key)):
        with at.database.transaction() as tx:
            intents.mark_sent(tx, portal, [intent.deal for intent in some], at.now())
        outcomes = at.xero(organisation).create_invoices([body_of(intent.payload) for intent in some], key)
        for intent, outcome in zip(some, outcomes, strict=True):
            if outcome.ok and outcome.record is not None:
                _made(portal, turn, intent, outcome.record, "create", "The deal is won.")
            else:
                _refused(portal, turn, intent, outcome.problems)


def _found(client: XeroClient, wanted: Sequence[Intent]) -> Iterable[tuple[Intent, Invoice]]:
    """Look through what this app made since, by either mark: nobody has proved that Url comes back in lists."""
    since = min(intent.sent_at for intent in wanted if intent.sent_at) - LOOK_BACK
    by_deal = {intent.deal: intent for intent in wanted}
    by_url = {intent.url: intent for intent in wanted}
    page = 1
    while True:
        answer = client.invoices(changed_since=since, page=page, created_by_my_app=True)
        for invoice in answer.items:
            intent = by_url.get(invoice.Url) or by_deal.get(deal_of(invoice.Reference))
            if intent is not None and invoice.Status not in ("DELETED", "VOIDED"):
                yield intent, invoice
        if page >= answer.page_count:
            return
        page += 1


def _made(portal: str, turn: int, intent: Intent, invoice: Invoice, decision: Decided, reason: str) -> None:
    at = parts()
    now = at.now()
    receivable = receivable_from_invoice(intent.organisation, invoice)
    entry = Entry(
        at=now,
        lane=portal,
        turn=turn,
        subject=subject_of(intent.deal),
        decision=decision,
        rule="rules.invoices.invoice_from_deal",
        reason=reason,
        target=f"xero invoice {invoice.InvoiceID}",
        values={"payload": intent.payload},
        answer=f"{invoice.InvoiceNumber} {invoice.Status} {invoice.Total} {invoice.CurrencyCode}",
    )
    with at.database.transaction() as tx:
        intents.mark_made(tx, portal, intent.deal, invoice.InvoiceID, invoice.InvoiceNumber, now)
        if receivable is not None:
            mirror.store_receivables(tx, [receivable])
        links.put(tx, [Link(intent.organisation, invoice.InvoiceID, "deal", intent.deal, decision)], now)
        journal.add(tx, [entry])


def _refused(portal: str, turn: int, intent: Intent, problems: Sequence[str]) -> None:
    """Hold a deal whose invoice Xero refused; the others of its request are not touched."""
    at = parts()
    now = at.now()
    said = " ".join(problems) or "it gave no reason."
    hold = Hold((f"Xero would not make the invoice: {said} Correct the deal or the settings; it is tried again then.",))
    entry = Entry(
        at=now,
        lane=portal,
        turn=turn,
        subject=subject_of(intent.deal),
        decision="hold",
        rule="xero",
        reason=hold.sentence,
        values={"payload": intent.payload},
    )
    with at.database.transaction() as tx:
        intents.mark_refused(tx, portal, intent.deal)
        journal.hold(tx, portal, subject_of(intent.deal), hold.reasons, hold.candidates, now)
        journal.add(tx, [entry])


def _by(some: Iterable[Intent], key: Callable[[Intent], Key]) -> Iterable[tuple[Key, list[Intent]]]:
    """Group intents; each group in the order of its deals, so that a repeated request is the same to the letter."""
    ordered = sorted(some, key=lambda intent: (str(key(intent)), len(intent.deal), intent.deal))
    return ((found, list(group)) for found, group in groupby(ordered, key=key))
