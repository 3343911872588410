"""Put decisions on disk: the intent of every invoice that is ready, the hold of every deal that is not.

Called inside a step. The whole invoice is on disk before its request leaves; what waits for a person says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from ledgerloop import subjects
from ledgerloop.engine.retries import LOOK, again
from ledgerloop.invoices import other_invoice, payment_terms, restored, submit
from ledgerloop.invoices.deals import Sale
from ledgerloop.invoices.decide import Decided, Ready, Verdict, basis, decide
from ledgerloop.invoices.deferrals import Troubles
from ledgerloop.invoices.payers import find_payers
from ledgerloop.parts import parts
from ledgerloop.records import Hold, Intent, Line, Portal, Receivable, Skip
from ledgerloop.rules.identity.payers import Found, Payer
from ledgerloop.rules.invoice_markers import deal_url, marker_of
from ledgerloop.rules.invoices import hash_of, payload_of
from ledgerloop.rules.recipients import taken
from ledgerloop.rules.remarks import Remarks, note_of, remarks_of
from ledgerloop.store import connections, inbox, intents, journal, lanes
from ledgerloop.subjects import Subject

REQUEST = 50
"""Invoices in one request, as Xero advises. Intents of one request share its Idempotency-Key."""


def intend(portal: str, ids: Sequence[str], again: Collection[str], settled: Collection[str] = ()) -> Troubles:
    """decide → customer → intend, for the deals without an invoice; ``again`` are tried also where nothing changed.

    Returns what went wrong with some organisation, for whose deals nothing was decided.
    """
    at = parts()
    with at.database.reading() as tx:
        connected = connections.portal(tx, portal)
        before = intents.get(tx, portal, ids)
    if connected is None:
        return Troubles()
    undecided = [deal for deal in ids if deal not in before or before[deal].state in ("intended", "refused")]
    decided = decide(connected, undecided, settled=settled)
    troubles = decided.troubles
    other_invoice.follow(connected, [one for one in before.values() if one.state == "made"], troubles)
    adopted = adopt(connected, decided)
    decided = replace(decided, verdicts={d: one for d, one in decided.verdicts.items() if d not in adopted})
    ready = Decided({deal: one for deal, one in decided.verdicts.items() if isinstance(one, Ready)}, {}, decided.names)
    others: dict[str, Verdict] = {deal: one for deal, one in decided.verdicts.items() if not isinstance(one, Ready)}
    _keep(
        portal, Decided(others, decided.causes, decided.names), [], before, again
    )  # also where Xero cannot be reached
    if early := restored.hold_back(ready.verdicts):
        _keep(portal, _held_back(early, decided), [], before, again, withdraw=False)
        for deal in early:
            del ready.verdicts[deal]
    payers = find_customers(ready.verdicts, troubles)
    planned = [_kept_approval(one, before.get(one.deal)) for one in _planned(connected, ready.verdicts, payers, before)]
    _keep(portal, ready, planned, before, again)
    waits: dict[str, Verdict] = {deal: hold for deal, hold in troubles.holds().items() if deal not in before}
    _keep(portal, Decided(waits, {}, decided.names), [], before, again)
    return troubles


def _held_back(early: Mapping[str, tuple[Hold, str]], decided: Decided) -> Decided:
    verdicts: dict[str, Verdict] = {deal: hold for deal, (hold, _) in early.items()}
    return Decided(verdicts, {deal: cause for deal, (_, cause) in early.items()}, decided.names)


def adopt(portal: Portal, decided: Decided) -> set[str]:
    """Take up the invoices that stand for deals, whatever else is to be said of them.

    Returns the deals of which nothing more is to be said now: what they say is compared with what stands afterwards,
    as it is after an edit.
    """
    now = parts().now()
    found: list[Intent] = []
    for deal, stands in decided.standing.items():
        verdict = decided.verdicts.get(deal)
        if isinstance(verdict, Ready) and verdict.organisation.id == stands.organisation:
            found.append(_intent(portal, verdict, stands.customer, "", now, ""))
        else:
            found.append(_stranger(portal, deal, stands, now, decided.names.get(deal, "")))
    adopted = submit.adopt(portal.id, found, {deal: one.id for deal, one in decided.standing.items()})
    gone = {deal: one for deal, one in decided.standing.items() if deal not in adopted}
    if gone:  # our copy was behind, and no longer is: what becomes of these deals is decided anew
        with parts().database.transaction() as tx:
            events = [again(portal.id, deal, f"invoice {one.id} is gone", LOOK) for deal, one in gone.items()]
            inbox.keep(tx, events, now)
            lanes.wake(tx, "invoicing", portal.id, now)
    return set(decided.standing)


def _stranger(portal: Portal, deal: str, invoice: Receivable, now: datetime, name: str) -> Intent:
    """Make the intent of an invoice of which nothing is known but that it stands."""
    return Intent(
        portal=portal.id,
        deal=deal,
        organisation=invoice.organisation,
        customer=invoice.customer,
        payload="",
        payload_hash="",
        key="",
        marker=marker_of(deal),
        url=deal_url(portal, deal),
        created_at=now,
        deal_name=name,
    )


def find_customers(verdicts: dict[str, Verdict], troubles: Troubles) -> dict[str, Found]:
    """Find the customers of the deals that are ready; a deal whose customer is in doubt becomes a hold.

    Those whose organisation cannot be asked are ready no longer, and have no verdict.
    """
    at = parts()
    payers: dict[str, Found] = {}
    ready = [one for one in verdicts.values() if isinstance(one, Ready)]
    for organisation in {one.organisation.id: one.organisation for one in ready}.values():
        sales = [one.sale for one in ready if one.organisation.id == organisation.id]
        deals = [sale.deal.id for sale in sales]
        found: dict[str, Payer] = {}
        with troubles.apart(organisation.id, deals):
            found = find_payers(at.xero(organisation.id), organisation, sales)
            payment_terms.set_due(
                organisation, verdicts, {deal: one for deal, one in found.items() if isinstance(one, Found)}
            )
        for deal in deals:
            payer = found.get(deal)
            if payer is None:
                del verdicts[deal]
            elif isinstance(payer, Hold):
                verdicts[deal] = payer
            elif isinstance(verdicts[deal], Ready):
                payers[deal] = payer
    return payers


def _planned(
    portal: Portal, verdicts: Mapping[str, Verdict], payers: Mapping[str, Found], before: Mapping[str, Intent]
) -> list[Intent]:
    """Make the intents, in requests of one organisation and at most fifty invoices."""
    at = parts()
    ready = [one for one in verdicts.values() if isinstance(one, Ready)]
    ready.sort(key=lambda one: (one.organisation.id, len(one.sale.deal.id), one.sale.deal.id))
    planned: list[Intent] = []
    for _, of_home in groupby(ready, key=lambda one: one.organisation.id):
        key = ""
        for place, one in enumerate(of_home):
            key = key if place % REQUEST else at.new_key()
            payer = payers[one.sale.deal.id]
            told = remark(one.sale, payer, before.get(one.sale.deal.id))
            planned.append(_intent(portal, one, payer.id, key, at.now(), told))
    return planned


def remark(sale: Sale, payer: Found, before: Intent | None = None) -> str:
    """Return what is to be told beside an invoice: that its customer was made with a contact that nobody named.

    It stays told where the invoice is planned ``before`` and once more, and its customer is no longer new by then.
    """
    told = taken(sale.left) if sale.left else ""
    kept = before is not None and remarks_of(before.note).recipient == told and before.customer == payer.id
    return told if payer.how == "created" or kept else ""


def _intent(portal: Portal, verdict: Ready, customer: str, key: str, now: datetime, recipient: str) -> Intent:
    deal, terms = verdict.sale.deal, verdict.terms
    payload = payload_of(verdict.draft, customer)
    asks = ""
    if terms.approval and terms.status == "AUTHORISED":
        asks = (
            f"The invoice of {verdict.draft.expected:.2f} {verdict.draft.body['CurrencyCode']} waits for approval."
            f" Approve it in the console, or with `ledgerloop approve --deal {deal.id}`."
        )
    return Intent(
        portal=portal.id,
        deal=deal.id,
        organisation=verdict.organisation.id,
        customer=customer,
        payload=payload,
        payload_hash=hash_of(payload),
        key=key,
        marker=marker_of(deal.id),
        url=deal_url(portal, deal.id),
        created_at=now,
        basis=basis(verdict.sale, terms),
        said=verdict.draft.said,
        said_currency=verdict.draft.body["CurrencyCode"],
        said_tax=verdict.draft.body["LineAmountTypes"],
        note=note_of(Remarks(billed=verdict.draft.billed, recipient=recipient)),
        asks=asks,
        email="wanted" if terms.email else "",
        paid_stage=terms.paid_stage,
        online_url="wanted" if terms.online_invoice else "",
        deal_name=deal.properties.get("dealname") or "",
    )


def _kept_approval(intent: Intent, before: Intent | None) -> Intent:
    """Keep an approval for as long as the deal says what was approved, for the same customer and organisation."""
    if before is None or (before.basis, before.customer, before.organisation) != (
        intent.basis,
        intent.customer,
        intent.organisation,
    ):
        return intent
    return replace(intent, approved_at=before.approved_at)


def _keep(
    portal: str,
    decided: Decided,
    planned: Sequence[Intent],
    before: Mapping[str, Intent],
    again: Collection[str],
    *,
    withdraw: bool = True,
) -> None:
    """Put the intents and holds on disk, in one transaction, and clear the holds of deals that are no longer held.

    Without ``withdraw`` the deals keep the intents that they have, and what a person approved of them.

    What Xero refused stays held until the invoice would be another, or a person asks for it again: the same request
    would only be refused again. An invoice that waits for approval is a hold as well.
    """
    at = parts()
    now = at.now()
    refused = {deal: intent.payload_hash for deal, intent in before.items() if intent.state == "refused"}
    repeated = {one.deal for one in planned if refused.get(one.deal) == one.payload_hash and one.deal not in again}
    asking = {one.deal: one.asks for one in planned if one.asks and not one.approved_at and one.deal not in repeated}
    lines: list[Line] = []
    free: list[Subject] = []
    with at.database.transaction() as tx:
        intents.put(tx, [intent for intent in planned if intent.deal not in repeated])
        called = journal.latest_value(tx, [subjects.deal(deal) for deal in decided.names], "dealname")
        for deal, verdict in decided.verdicts.items():
            hold = Hold((asking[deal],)) if deal in asking else verdict
            if isinstance(hold, Hold):
                subject, name, cause = subjects.deal(deal), decided.names.get(deal, ""), decided.causes.get(deal, "")
                news = journal.hold(tx, portal, subject, hold.reasons, hold.candidates, now, cause, hold.choices)
                named = {"dealname": name} if name else {}
                if news:
                    lines.append(Line(subject, "hold", "rules.invoices.invoice_from_deal", hold.sentence, values=named))
                elif name and name != called.get(subject):
                    why = f"The deal is called “{name}” now, and still held."
                    lines.append(Line(subject, "skip", "rules.invoices.invoice_from_deal", why, values=named))
            elif deal not in repeated:
                free.append(subjects.deal(deal))
            if isinstance(hold, Skip):
                lines.append(Line(subjects.deal(deal), "skip", "invoices.decide", hold.reason))
        gone = [deal for deal, one in decided.verdicts.items() if not isinstance(one, Ready)] if withdraw else []
        intents.withdraw(tx, portal, gone)
        journal.clear(tx, free, now)
        journal.write(tx, lines, now)
