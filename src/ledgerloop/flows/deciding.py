"""Decide what becomes of deals, and put it on disk: an intent for an invoice, or a hold. Called inside a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal
from zoneinfo import ZoneInfo

from ledgerloop.flows.deals import Sale, read_deals, read_sales
from ledgerloop.flows.parts import parts
from ledgerloop.flows.payers import by_link, find_payers, remember
from ledgerloop.flows.polling import won_stages
from ledgerloop.hubspot.models import Record
from ledgerloop.records import Entry, Hold, Intent, Organisation, Portal, Skip
from ledgerloop.rules.customers import contact_for_customer
from ledgerloop.rules.invoices import Draft, hash_of, invoice_from_deal, is_won, payload_of
from ledgerloop.rules.marks import deal_url, marker_of
from ledgerloop.rules.matching import Found
from ledgerloop.rules.routing import route_for
from ledgerloop.store import connections, intents, journal

REQUEST = 50
"""Invoices in one request, as Xero advises. Intents of one request share its Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A deal whose invoice can be made once its customer is known."""

    sale: Sale
    home: Organisation
    draft: Draft


Verdict = Ready | Hold | Skip


def subject_of(deal: str) -> str:
    """Return the name under which the journal and the holds know a deal."""
    return f"deal {deal}"


def intend(portal: str, turn: int, ids: Sequence[str]) -> None:
    """read → decide → customer → intend."""
    at = parts()
    client = at.hubspot()
    with at.database.reading() as tx:
        house = connections.portal(tx, portal)
        homes = connections.organisations(tx)
        before = intents.get(tx, portal, ids)
    if house is None:
        return
    undecided = [deal for deal in ids if deal not in before or before[deal].state in ("intended", "refused")]
    deals = read_deals(client, undecided, [_name("xero_invoice_id")])
    stages = frozenset(won_stages(portal))
    verdicts: dict[str, Verdict] = {}
    for deal in undecided:
        skip = _not_ours(deals.get(deal), stages)
        if skip:
            verdicts[deal] = skip
    sales = read_sales(client, [deals[deal] for deal in undecided if deal not in verdicts])
    verdicts |= _decide(sales, homes, house)
    payers = _find_payers(portal, turn, verdicts)
    _keep(portal, turn, house, verdicts, payers, before)


def _not_ours(deal: Record | None, won_stages: frozenset[str]) -> Skip | None:
    """Say why nothing is to be decided about a deal; None where it needs a decision."""
    if deal is None:
        return Skip("The deal was deleted in HubSpot.")
    if not is_won(deal, won_stages):
        return Skip("The deal is not won.")
    if deal.properties.get(_name("xero_invoice_id")):
        return Skip("The deal names an invoice already, so none is made. Clear its Xero invoice id to have one made.")
    return None


def _decide(sales: Sequence[Sale], homes: Sequence[Organisation], house: Portal) -> dict[str, Verdict]:
    """Make the invoices as they would be, or hold: for what the lines lack and for what the customer lacks at once."""
    at = parts()
    verdicts: dict[str, Verdict] = {}
    for sale in sales:
        deal = sale.deal.id
        routed = route_for(sale.deal.properties, at.routes, homes)
        if isinstance(routed, Hold):
            verdicts[deal] = routed
            continue
        home, terms = routed
        today = at.now().astimezone(ZoneInfo(home.timezone)).date()
        draft = invoice_from_deal(sale.deal, sale.lines, terms, home, house, today)
        customer = None if by_link(home, [sale]) else contact_for_customer(sale.company, sale.contact)
        reasons = [reason for part in (draft, customer) if isinstance(part, Hold) for reason in part.reasons]
        verdicts[deal] = Ready(sale, home, draft) if isinstance(draft, Draft) and not reasons else Hold(tuple(reasons))
    return verdicts


def _find_payers(portal: str, turn: int, verdicts: dict[str, Verdict]) -> dict[str, Found]:
    """Find the customers of the deals that are ready; a deal whose customer is in doubt becomes a hold."""
    at = parts()
    payers: dict[str, Found] = {}
    ready = [one for one in verdicts.values() if isinstance(one, Ready)]
    for home in {one.home.id: one.home for one in ready}.values():
        sales = [one.sale for one in ready if one.home.id == home.id]
        found = find_payers(at.xero(home.id), home, sales, portal, turn)
        remember(home, sales, found)
        for deal, payer in found.items():
            if isinstance(payer, Hold):
                verdicts[deal] = payer
            else:
                payers[deal] = payer
    return payers


def _keep(
    portal: str,
    turn: int,
    house: Portal,
    verdicts: Mapping[str, Verdict],
    payers: Mapping[str, Found],
    before: Mapping[str, Intent],
) -> None:
    """Put the intents and holds on disk, in one transaction, and clear the holds of deals that are no longer held.

    What Xero refused stays held until the invoice would be another: the same request would only be refused again.
    """
    at = parts()
    now = at.now()
    planned = _planned(house, verdicts, payers)
    repeated = {one.deal for one in planned if (last := before.get(one.deal)) and last.payload_hash == one.payload_hash}
    repeated &= {deal for deal, intent in before.items() if intent.state == "refused"}
    entries: list[Entry] = []
    free: list[str] = []
    with at.database.transaction() as tx:
        intents.put(tx, [intent for intent in planned if intent.deal not in repeated])
        for deal, verdict in verdicts.items():
            if isinstance(verdict, Hold):
                if journal.hold(tx, portal, subject_of(deal), verdict.reasons, verdict.candidates, now):
                    entries.append(_entry(portal, turn, deal, "hold", verdict.sentence, now))
            elif deal not in repeated:
                free.append(subject_of(deal))
            if isinstance(verdict, Skip):
                entries.append(_entry(portal, turn, deal, "skip", verdict.reason, now))
        journal.clear(tx, free, now)
        journal.add(tx, entries)


def _planned(house: Portal, verdicts: Mapping[str, Verdict], payers: Mapping[str, Found]) -> list[Intent]:
    """Make the intents, in requests of one organisation and at most fifty invoices."""
    at = parts()
    ready = [one for one in verdicts.values() if isinstance(one, Ready)]
    ready.sort(key=lambda one: (one.home.id, len(one.sale.deal.id), one.sale.deal.id))
    planned: list[Intent] = []
    for _, of_home in groupby(ready, key=lambda one: one.home.id):
        key = ""
        for place, one in enumerate(of_home):
            key = key if place % REQUEST else at.new_key()
            planned.append(_intent(house, one, payers[one.sale.deal.id].id, key, at.now()))
    return planned


def _intent(house: Portal, verdict: Ready, customer: str, key: str, now: datetime) -> Intent:
    deal = verdict.sale.deal.id
    payload = payload_of(verdict.draft, customer)
    return Intent(
        portal=house.id,
        deal=deal,
        organisation=verdict.home.id,
        customer=customer,
        payload=payload,
        payload_hash=hash_of(payload),
        key=key,
        marker=marker_of(deal),
        url=deal_url(house, deal),
        created_at=now,
    )


def _entry(portal: str, turn: int, deal: str, decision: Literal["hold", "skip"], reason: str, now: datetime) -> Entry:
    return Entry(
        at=now,
        lane=portal,
        turn=turn,
        subject=subject_of(deal),
        decision=decision,
        rule="rules.invoices.invoice_from_deal" if decision == "hold" else "flows.deciding",
        reason=reason,
    )


def _name(ours: str) -> str:
    return parts().names.get(ours, ours)
