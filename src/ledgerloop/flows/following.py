"""Follow an invoice once it is approved: have Xero email it, once, and learn where its customer sees it.

Called inside a step. An email that may have been asked for is looked for before it is asked for again: Xero marks an
invoice as sent to its contact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ledgerloop.errors import Invalid, Missing, Refused
from ledgerloop.flows import showing
from ledgerloop.flows.deciding import subject_of
from ledgerloop.flows.parts import parts
from ledgerloop.records import Entry, Intent, Receivable
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
                _keep(turn, replace(intent, email="sent"), "Xero has sent the invoice to its contact.")
                continue
            _keep(turn, replace(intent, email="asked"))
            try:
                client.email_invoice(intent.invoice)
            except Refused as refusal:
                said = whole(*([sentence for _, _, sentence in _problems(refusal)] or [refusal.message]))
                told = f"Xero would not email invoice {intent.number}: {said} Send it from Xero."
                first, _, rest = intent.note.partition("\n")
                _keep(turn, replace(intent, email="", note=f"{first} {told}\n{rest}".strip()), told)
                refused.append(intent)
            else:
                _keep(turn, replace(intent, email="sent"), "The route has Xero email approved invoices.")
    return refused


def _problems(refusal: Refused) -> tuple[tuple[str, str, str], ...]:
    return refusal.problems if isinstance(refusal, Invalid) else ()


def _end(settled: Sequence[Intent]) -> None:
    """Ask for no email any more once an invoice is paid or gone."""
    with parts().database.transaction() as tx:
        for intent in settled:
            intents.change(tx, replace(intent, email=""))


def _addresses(client: XeroClient, wanted: Sequence[Intent]) -> list[Intent]:
    for intent in wanted:
        try:
            address = client.online_invoice(intent.invoice)
        except Missing:
            address = ""
        with parts().database.transaction() as tx:
            now = intents.get(tx, intent.portal, [intent.deal])[intent.deal]
            intents.change(tx, replace(now, online_url=address))
    return list(wanted)


def _keep(turn: int, intent: Intent, why: str = "") -> None:
    at = parts()
    with at.database.transaction() as tx:
        intents.change(tx, intent)
        if why:
            journal.add(
                tx,
                [
                    Entry(
                        at=at.now(),
                        lane=intent.portal,
                        turn=turn,
                        subject=subject_of(intent.deal),
                        decision="update",
                        rule="flows.following",
                        reason=why,
                        target=f"xero invoice {intent.invoice}",
                        values={"email": intent.email or "refused"},
                    )
                ],
            )


def _is(known: Mapping[str, Receivable], intent: Intent, *statuses: str) -> bool:
    invoice = known.get(intent.invoice)
    return invoice is not None and invoice.status in statuses
