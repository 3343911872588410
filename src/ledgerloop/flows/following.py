"""Follow an invoice once it is approved: have Xero email it, once, and learn where its customer sees it.

Called inside a step, and only in the turns of the invoice's organisation: two that followed at once would email twice.
An email that may have been asked for is looked for before it is asked for again: Xero marks an invoice as sent to its
contact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ledgerloop.errors import Invalid, Missing, Refused
from ledgerloop.flows import showing
from ledgerloop.flows.deciding import subject_of
from ledgerloop.flows.parts import parts
from ledgerloop.records import EmailState, Entry, Intent, Receivable
from ledgerloop.rules.saying import whole
from ledgerloop.rules.standing import GONE
from ledgerloop.store import intents, journal, mirror
from ledgerloop.xero.client import MOST_IDS, XeroClient


def follow(organisation: str, turn: int) -> list[Intent]:
    """look → email → address, for the invoices that are approved; return those of which the deals say something new."""
    at = parts()
    with at.database.reading() as tx:
        open_ = intents.followed(tx, organisation)
        known = mirror.receivables(tx, organisation, [one.invoice for one in open_])
    client = at.xero(organisation)
    news = _email(client, [one for one in open_ if one.email and _is(known, one, "AUTHORISED")], turn)
    _end([one for one in open_ if one.email and _is(known, one, "PAID", *GONE)])
    return news + _addresses(client, [one for one in open_ if one.online_url and _is(known, one, "AUTHORISED", "PAID")])


def show_addresses(intents_: Sequence[Intent], turn: int) -> None:
    """Show on the deals what was learnt."""
    for portal in {one.portal for one in intents_}:
        showing.show_deals(portal, [one.deal for one in intents_ if one.portal == portal], turn)


def _email(client: XeroClient, wanted: Sequence[Intent], turn: int) -> list[Intent]:
    """Ask for each email once; return the invoices that Xero would not send."""
    refused: list[Intent] = []
    for start in range(0, len(wanted), MOST_IDS):
        some = wanted[start : start + MOST_IDS]
        sent = {one.InvoiceID for one in client.invoices_by_id([one.invoice for one in some]) if one.SentToContact}
        for intent in some:
            if intent.invoice in sent:
                _emailed(turn, intent, "sent", "Xero has sent the invoice to its contact.")
                continue
            with parts().database.transaction() as tx:
                mine = intents.claim_email(tx, intent)
            if not mine:
                continue
            try:
                # The same key for ever: whatever of it still arrives within Xero's minutes sends no second email.
                client.email_invoice(intent.invoice, f"email {intent.invoice}")
            except Refused as refusal:
                said = whole(*([sentence for _, _, sentence in _problems(refusal)] or [refusal.message]))
                told = f"Xero would not email invoice {intent.number}: {said} Send it from Xero."
                _emailed(turn, intent, "", told, tell=True)
                refused.append(intent)
            else:
                _emailed(turn, intent, "sent", "The route has Xero email approved invoices.")
    return refused


def _problems(refusal: Refused) -> tuple[tuple[str, str, str], ...]:
    return refusal.problems if isinstance(refusal, Invalid) else ()


def _end(settled: Sequence[Intent]) -> None:
    """Ask for no email any more once an invoice is paid or gone."""
    with parts().database.transaction() as tx:
        for intent in settled:
            intents.change(tx, replace(intent, email=""), "email")


def _addresses(client: XeroClient, wanted: Sequence[Intent]) -> list[Intent]:
    for intent in wanted:
        try:
            address = client.online_invoice(intent.invoice)
        except Missing:
            address = ""
        with parts().database.transaction() as tx:
            intents.change(tx, replace(intent, online_url=address), "online_url")
    return list(wanted)


def _emailed(turn: int, intent: Intent, email: EmailState, why: str, *, tell: bool = False) -> None:
    """Keep what became of an email, with its line in the journal; ``tell`` it on the deal where a person must act."""
    at = parts()
    entry = Entry(
        at=at.now(),
        lane=intent.portal,
        turn=turn,
        subject=subject_of(intent.deal),
        decision="update",
        rule="flows.following",
        reason=why,
        target=f"xero invoice {intent.invoice}",
        values={"email": email or "refused"},
    )
    with at.database.transaction() as tx:
        now = intents.locked(tx, intent.portal, intent.deal) or intent
        first, _, rest = now.note.partition("\n")
        intents.change(tx, replace(now, email=email), "email")
        if tell:
            intents.change(tx, replace(now, note=f"{first} {why}\n{rest}".strip()), "note")
        journal.add(tx, [entry])


def _is(known: Mapping[str, Receivable], intent: Intent, *statuses: str) -> bool:
    invoice = known.get(intent.invoice)
    return invoice is not None and invoice.status in statuses
