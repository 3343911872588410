"""Link invoices that people or other tools made to their deals, because a person lets them go.

One transaction claims the deals, has the invoices followed and the deals shown, and journals on what evidence; so there
is nothing between done and not done. The claim is the deal's intent: whoever is about to make an invoice for the deal
finds it there, and makes none (see ``store.intents.claim``).

Each deal names its invoice in HubSpot before that. An invoice of others carries no mark, so where the database is put
back to before the link, what the deal itself says is all that keeps a second one from being made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine import epoch
from ledgerloop.engine.retries import LOOK, again
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices.adoption_survey import Survey
from ledgerloop.invoices.decide import invoice_id
from ledgerloop.ledger import duplicate_invoices
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Line, Link, Portal, Receivable
from ledgerloop.rules.customers import receivable_from_invoice
from ledgerloop.rules.edits import FOREIGN, payload_from
from ledgerloop.rules.invoice_markers import deal_linked, deal_of, deal_url, marker_of
from ledgerloop.rules.invoices import hash_of
from ledgerloop.rules.pairing.pairs import Pair
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import GONE
from ledgerloop.store import inbox, intents, journal, lanes, last_written, links, mirror, rulings
from ledgerloop.store.survivors import survivors
from ledgerloop.xero.client import MOST_IDS
from ledgerloop.xero.models import Invoice


@dataclass(slots=True)
class Linked:
    """What came of pairs that a person let go: those that are linked, and why others are not."""

    done: list[Pair] = field(default_factory=list)
    refused: list[tuple[Pair, str]] = field(default_factory=list)


def check(pair: Pair) -> None:
    """Raise an error where an invoice can be followed for no deal, or is another deal's, whoever says so."""
    if why := _unfit(pair, pair.invoice.document, pair.invoice.marked_for):
        raise LedgerloopError(why)
    if pair.invoice.followed_for:
        raise LedgerloopError(_followed(pair.invoice.called, pair.invoice.followed_for))
    former = pair.deal.former
    if former is not None and not former.ended and former.organisation == pair.invoice.organisation.id:
        # It bills the deal, and nobody has said that it does so wrongly: with another beside it there are two.
        raise LedgerloopError(f"Deal {pair.deal.id} has invoice {former.called} already, which is {former.status}.")


def insist(chosen: Sequence[Pair]) -> None:
    """Raise an error while nothing may be linked: after a restore nobody knows yet what else was made."""
    for organisation in dict.fromkeys(one.invoice.organisation.id for one in chosen):
        epoch.insist(organisation)


def link(portal: Portal, survey: Survey, chosen: Sequence[Pair], by: str) -> Linked:
    """read → name → claim → follow → journal → wake, forty at a time; each pair as it was shown, or not at all.

    Raises LedgerloopError where HubSpot cannot be reached; the pairs before are linked then.
    """
    at = parts()
    linked = Linked()
    insist(chosen)
    for organisation in dict.fromkeys(one.invoice.organisation for one in chosen):
        mine = [one for one in chosen if one.invoice.organisation == organisation]
        for start in range(0, len(mine), MOST_IDS):
            some = mine[start : start + MOST_IDS]
            read = at.xero(organisation.id).invoices_by_id([one.invoice.document.id for one in some])
            there = {one.InvoiceID: one for one in read}
            named, failed = _name(portal, [one for one in some if one.invoice.document.id in there])
            linked.refused += [(one, failed[one.deal.id]) for one in some if one.deal.id in failed]
            told = len(linked.refused)
            formers = _formers([one for one in some if one.deal.id not in failed])
            _link(portal, survey.terms, [one for one in some if one.deal.id not in failed], there, formers, by, linked)
            _unname(portal, [one for one, _ in linked.refused[told:] if one.deal.id in named])
    at.nudge()
    return linked


def _name(portal: Portal, some: Sequence[Pair]) -> tuple[set[str], dict[str, str]]:
    """Have deals name their invoices; return those that did not before, and why others cannot.

    Where the deal or the invoice has another by now, nothing is named: the claim refuses the pair.
    """
    with parts().database.reading() as tx:
        kept = intents.get(tx, portal.id, [one.deal.id for one in some])
        taken = {
            key
            for organisation in {one.invoice.organisation.id for one in some}
            for key in intents.by_invoice(tx, organisation, [one.invoice.document.id for one in some])
        }
    free = [one for one in some if one.deal.id not in kept or _may_change(one, kept[one.deal.id])]
    free = [one for one in free if one.invoice.document.id not in taken]
    values = {one.deal.id: one.invoice.document.id for one in free if _named(one) != one.invoice.document.id}
    failed = _write(values)
    return values.keys() - failed.keys(), failed


def _may_change(pair: Pair, kept: Intent) -> bool:
    """Tell whether a deal has no invoice, or the one that was shown with the pair."""
    former = pair.deal.former
    return kept.state in ("intended", "refused") or (former is not None and kept.invoice == former.invoice)


def _formers(some: Sequence[Pair]) -> dict[str, Receivable]:
    """Ask Xero, by deal, for the invoices whose places others are to take: they must be as they were shown."""
    asked = [(one.deal.id, one.deal.former) for one in some if one.deal.former is not None]
    found: dict[str, Receivable] = {}
    for organisation in {former.organisation for _, former in asked}:
        mine = {former.invoice: deal for deal, former in asked if former.organisation == organisation}
        for invoice in parts().xero(organisation).invoices_by_id(list(mine)):
            stands = receivable_from_invoice(organisation, invoice)
            if stands is not None and stands.id in mine:
                found[mine[stands.id]] = stands
    return found


def _unname(portal: Portal, some: Sequence[Pair]) -> None:
    """Have deals that were not linked after all name the invoice that they have by now, else what they named before."""
    with parts().database.reading() as tx:
        kept = intents.get(tx, portal.id, [one.deal.id for one in some])
    invoices = {deal: one.invoice for deal, one in kept.items()}
    _write({one.deal.id: invoices.get(one.deal.id) or _named(one) for one in some})


def _named(pair: Pair) -> str:
    """Return what a deal named as its invoice when the pair was shown."""
    return pair.deal.ids.get(invoice_id(), "")


def _write(invoices: Mapping[str, str]) -> dict[str, str]:
    """Write the ids of invoices on deals; return in a sentence what HubSpot would not have."""
    if not invoices:
        return {}
    values = [(deal, {invoice_id(): invoice}) for deal, invoice in invoices.items()]
    answer = parts().hubspot().update_batch("deals", values)
    return {
        deal: f"HubSpot did not take the invoice's id: {error.message}"
        for error in answer.errors
        for deal in {*error.ids, *error.trace_ids}
    }


def _link(
    portal: Portal,
    terms: Mapping[str, Terms],
    some: Sequence[Pair],
    read: Mapping[str, Invoice],
    formers: Mapping[str, Receivable],
    by: str,
    linked: Linked,
) -> None:
    """Claim, follow, journal and wake for some pairs, all at once."""
    at = parts()
    now = at.now()
    done: list[Pair] = []
    refused: list[tuple[Pair, str]] = []
    if not some:
        return
    with at.database.transaction() as tx:
        merged = survivors(tx, some[0].invoice.organisation.id, {one.Contact.ContactID for one in read.values()})
        for pair in some:
            invoice = read.get(pair.invoice.document.id)
            stands = receivable_from_invoice(pair.invoice.organisation.id, invoice) if invoice else None
            if invoice is None or stands is None:
                refused.append((pair, f"Xero has no sales invoice {pair.invoice.called} any more."))
                continue
            stands = replace(stands, customer=merged.get(stands.customer, stands.customer))
            intent = _intent(portal, terms.get(pair.deal.id), pair, invoice, now)
            why = _changed(portal, pair, stands, formers.get(pair.deal.id)) or _follow(tx, intent, pair, stands, by)
            if why:
                refused.append((pair, why))
            else:
                done.append(pair)
        _wake(tx, portal, done, now)
    linked.done += done
    linked.refused += refused


def _follow(tx: Connection, intent: Intent, pair: Pair, stands: Receivable, by: str) -> str:
    """Claim a deal for an invoice, link the two, and journal it; say why where something stands in the way."""
    now, former = parts().now(), pair.deal.former
    kept = intents.claim(tx, intent, now, former.invoice if former else "")
    if kept.state == "sent":
        return f"An invoice for deal {intent.deal} is under way. Look again in ten minutes."
    if kept.deal != intent.deal:
        return _followed(pair.invoice.called, kept.deal)
    if kept.invoice != intent.invoice:
        return f"Deal {intent.deal} has invoice {kept.number or kept.invoice} by now."
    if kept == intent:  # else somebody has linked the two before
        if former is not None:
            links.remove(tx, Link(former.organisation, former.invoice, "deal", intent.deal, ""))
            rulings.put(tx, intent.portal, rulings.not_invoice(intent.deal, former.invoice), intent.invoice, now, by)
        rulings.forget(tx, intent.portal, rulings.not_invoice(intent.deal, intent.invoice))
        links.put(tx, [Link(intent.organisation, intent.invoice, "deal", intent.deal, "adopt")], now)
        mirror.store_receivables(tx, [stands])
        duplicate_invoices.look(tx, [stands])
        last_written.put(tx, intent.portal, "deal", {intent.deal: {invoice_id(): intent.invoice}})
        journal.clear(tx, [subjects.deal(intent.deal)], now)
        journal.write(tx, [_let_go(intent, pair, stands, by)], now, lane=intent.portal)
    return ""


def _intent(portal: Portal, terms: Terms | None, pair: Pair, invoice: Invoice, now: datetime) -> Intent:
    """Make the intent of an invoice whose lines are not ours. What the deal says is taken with its next look.

    Nobody emails it once more, and a deal whose invoice was paid long ago stays where it is.
    """
    deal, payload = pair.deal.id, payload_from(invoice)
    paid_stage = terms.paid_stage if terms is not None and invoice.Status != "PAID" else ""
    return Intent(
        portal=portal.id,
        deal=deal,
        organisation=pair.invoice.organisation.id,
        customer=invoice.Contact.ContactID,
        payload=payload,
        payload_hash=hash_of(payload),
        key="",
        marker=marker_of(deal),
        url=deal_url(portal, deal),
        state="made",
        invoice=invoice.InvoiceID,
        number=invoice.InvoiceNumber,
        created_at=now,
        paid_stage=paid_stage,
        online_url="wanted" if terms is not None and terms.online_invoice else "",
        stood=FOREIGN,
        deal_name=pair.deal.name,
    )


def _wake(tx: Connection, portal: Portal, done: Sequence[Pair], now: datetime) -> None:
    """Have the deals shown by the service, in their own lane."""
    reasons = {one.deal.id: f"adopted {one.invoice.document.id} {now.isoformat()}" for one in done}
    if inbox.keep(tx, [again(portal.id, deal, reason, LOOK) for deal, reason in reasons.items()], now):
        lanes.wake(tx, "invoicing", portal.id, now)


def _changed(portal: Portal, pair: Pair, now: Receivable, former: Receivable | None) -> str:
    """Say why a pair is not linked: its invoice, or its deal's, is no longer as it was when somebody looked at it."""
    shown = pair.deal.former
    if shown is not None and (former is None or former.status != shown.status):
        return f"Invoice {shown.called} of the deal has changed since it was shown. Look at it again."
    marked = deal_of(now.mark) if now.mark else deal_linked(portal, now.url)
    if why := _unfit(pair, now, marked):
        return why
    before = pair.invoice.document
    if (before.customer, before.currency, before.total) != (now.customer, now.currency, now.total):
        return f"Invoice {pair.invoice.called} has changed since it was shown. Look at it again."
    return ""


def _unfit(pair: Pair, document: Receivable, marked_for: str) -> str:
    called = pair.invoice.called
    if document.status in GONE:
        return f"Invoice {called} is {document.status} in Xero, so there is nothing to follow."
    if marked_for not in ("", pair.deal.id, *pair.deal.merged):
        return (
            f"Invoice {called} carries the mark of deal {marked_for}. Take it out of its reference in Xero first if it"
            f" is deal {pair.deal.id}'s."
        )
    return ""


def _followed(called: str, deal: str) -> str:
    return f"Invoice {called} is followed for deal {deal} already."


def _let_go(intent: Intent, pair: Pair, stands: Receivable, by: str) -> Line:
    against = f" Against it: {' '.join(pair.doubts)}" if pair.doubts else ""
    evidence = f"{' '.join(pair.agrees) or 'Nothing else says so.'}{against}"
    return Line(
        subject=subjects.deal(intent.deal),
        decision="adopt",
        rule="rules.pairing",
        reason=f"A person ({by}) let it go: it is followed, and no other is made. {evidence}",
        target=subjects.xero("invoice", stands.id),
        values={invoice_id(): stands.id},
        answer=f"{stands.number} {stands.status} {stands.total} {stands.currency}",
    )
