"""Follow an invoice once it is approved: have Xero email it, once, and learn where its customer sees it.

Called inside a step, and only in the turns of the invoice's organisation: two that followed at once would email twice.
An email that may have been asked for is looked for before it is asked for again: Xero marks an invoice as sent to its
contact. Each email is a call, so many of them stand behind what shows money: some leave at a time, and one that fails
lets the others rest and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ledgerloop import subjects
from ledgerloop.engine.backoff import alone
from ledgerloop.errors import LedgerloopError, Missing, RateLimited, Refused, Transient, UnknownOutcome
from ledgerloop.invoices import write_back
from ledgerloop.parts import parts
from ledgerloop.records import EmailState, Intent, Line, Receivable
from ledgerloop.rules.remarks import note_of, remarks_of
from ledgerloop.rules.standing import GONE
from ledgerloop.rules.vendor_messages import whole
from ledgerloop.store import intents, journal, mirror, pending_customers
from ledgerloop.xero.client import MOST_IDS, XeroClient

AT_ONCE = 20
"""Emails in one step, and addresses: what is live waits for no more than these."""


def follow(organisation: str) -> bool:
    """look → address → email → show, for some of the invoices that are approved; tell whether there are more."""
    at = parts()
    with at.database.reading() as tx:
        open_ = intents.followed(tx, organisation)
        known = mirror.receivables(tx, organisation, [one.invoice for one in open_])
    _end([one for one in open_ if one.email and _is(known, one, "PAID", *GONE)])
    mail = [one for one in open_ if one.email and _is(known, one, "AUTHORISED")]
    unaddressed = [one for one in open_ if one.online_url and _is(known, one, "AUTHORISED", "PAID")]
    client = at.xero(organisation)
    news: list[Intent] = []

    def leave() -> None:
        _addresses(client, unaddressed[:AT_ONCE], news)
        _email(client, mail[:AT_ONCE], news)

    done = alone(organisation, "emails", leave)
    if news and not alone(organisation, "shown emails", lambda: _show(news)):
        with at.database.transaction() as tx:  # with their customers they are shown by a later turn
            pending_customers.mark(tx, organisation, {known[one.invoice].customer for one in news})
    return done and max(len(mail), len(unaddressed)) > AT_ONCE


def _show(intents_: Sequence[Intent]) -> None:
    """Show on the deals what was learnt."""
    for portal in {one.portal for one in intents_}:
        write_back.show_deals(portal, [one.deal for one in intents_ if one.portal == portal])


def _email(client: XeroClient, wanted: Sequence[Intent], refused: list[Intent]) -> None:
    """Ask for each email once, whichever fails; ``refused`` gets the invoices that Xero would not send."""
    failed: LedgerloopError | None = None
    for start in range(0, len(wanted), MOST_IDS):
        some = wanted[start : start + MOST_IDS]
        sent = {one.InvoiceID for one in client.invoices_by_id([one.invoice for one in some]) if one.SentToContact}
        for intent in some:
            if intent.invoice in sent:
                _emailed(intent, "sent", "Xero has sent the invoice to its contact.")
                continue
            with parts().database.transaction() as tx:
                mine = intents.claim_email(tx, intent)
            if not mine:
                continue
            try:
                # The same key for ever: whatever of it still arrives within Xero's minutes sends no second email.
                client.email_invoice(intent.invoice, f"email {intent.invoice}")
            except RateLimited:
                raise
            except (Transient, UnknownOutcome) as problem:
                failed = problem
            except Refused as refusal:
                told = f"Xero would not email invoice {intent.number}: {whole(*refusal.sentences)} Send it from Xero."
                _emailed(intent, "", told, whole(*refusal.sentences), tell=True)
                refused.append(intent)
            else:
                _emailed(intent, "sent", "The route has Xero email approved invoices.")
    if failed is not None:
        raise failed


def _end(settled: Sequence[Intent]) -> None:
    """Ask for no email any more once an invoice is paid or gone."""
    with parts().database.transaction() as tx:
        for intent in settled:
            intents.change(tx, replace(intent, email=""), "email")


def _addresses(client: XeroClient, wanted: Sequence[Intent], learnt: list[Intent]) -> None:
    for intent in wanted:
        try:
            address = client.online_invoice(intent.invoice)
        except Missing:
            address = ""
        with parts().database.transaction() as tx:
            intents.change(tx, replace(intent, online_url=address), "online_url")
        learnt.append(intent)


def _emailed(intent: Intent, email: EmailState, why: str, answer: str = "", *, tell: bool = False) -> None:
    """Keep what became of an email, with its line in the journal; ``tell`` it on the deal where a person must act."""
    at = parts()
    line = Line(
        subject=subjects.deal(intent.deal),
        decision="update",
        rule="invoices.email",
        reason=why,
        target=subjects.xero("invoice", intent.invoice),
        values={"email": email or "refused"},
        answer=answer,
        led_by=(subjects.customer(intent.customer),),
    )
    with at.database.transaction() as tx:
        now = intents.locked(tx, intent.portal, intent.deal) or intent
        intents.change(tx, replace(now, email=email), "email")
        if tell:
            intents.change(tx, replace(now, note=note_of(replace(remarks_of(now.note), email=why))), "note")
        journal.write(tx, [line], at.now())


def _is(known: Mapping[str, Receivable], intent: Intent, *statuses: str) -> bool:
    invoice = known.get(intent.invoice)
    return invoice is not None and invoice.status in statuses
