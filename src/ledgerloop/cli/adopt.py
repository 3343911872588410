"""Adopt invoices that stand in Xero: show which belong to which won deals, and link what a person lets go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.cli.invoices import Deals, Yes, ask
from ledgerloop.cli.opening import FILE, Config, HubSpotUrl, OfOrganisation, OnSandbox, XeroUrl, opened
from ledgerloop.cli.show import Json, print_json, say
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import adoption, adoption_survey
from ledgerloop.invoices.adoption import Linked
from ledgerloop.invoices.adoption_survey import Survey
from ledgerloop.parts import instead
from ledgerloop.records import Organisation, Portal
from ledgerloop.rules.pairing.pairs import Pair, Plan, Sold
from ledgerloop.rules.standing import GONE
from ledgerloop.store import connections

OfInvoice = Annotated[
    str, typer.Option("--invoice", help="The Xero invoice that is the one deal's: its number or its id.")
]
All = Annotated[bool, typer.Option("--all", help="Show everything, not only the first of each.")]

FIRST = 25
"""Pairs shown where not all are asked for."""
_BY = "command"


def adopt(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    organisation: OfOrganisation = "",
    deal: Deals = None,
    invoice: OfInvoice = "",
    yes: Yes = False,
    everything: All = False,
    as_json: Json = False,
) -> None:
    """Show which invoices in Xero belong to won deals, and link what a person lets go. Alone it writes nothing.

    With --yes all that is certain is linked, with --deal what is certain of these deals, and with --invoice beside one
    --deal that pair, also where it is not certain; the latter two show what it is, and ask. A linked invoice is
    followed like our own from then on, and its deal never gets another. Named so, it may also take the place of the
    deal's own invoice that is deleted or voided in Xero.
    """
    deals = list(dict.fromkeys(deal or ()))
    if invoice and len(deals) != 1:
        raise LedgerloopError("Say which: --invoice NUMBER wants the one --deal ID that it belongs to.")
    with opened(config, sandbox, xero_url, hubspot_url) as built, instead(built.parts()):
        portal = _portal(built)
        organisations = adoption_survey.homes_of(organisation)
        if not organisations:
            raise LedgerloopError("No Xero organisation is connected: run `ledgerloop connect xero`.")
        survey = adoption_survey.survey(portal, organisations, deals, invoice)
        chosen = _chosen(survey, deals, yes)
        for one in [survey.named] if survey.named else []:
            adoption.check(one)
        adoption.insist(chosen)
        if not as_json:
            _show(_of(survey, deals), everything)
        if not chosen:
            _nothing(survey, deals, as_json)
            return
        ask(_question(chosen), yes)
        linked = adoption.link(portal, survey, chosen, _BY)
        _tell(linked, service_runs=built.engine.taken, as_json=as_json)
    if linked.refused:
        raise typer.Exit(1)


def _portal(built: Ledgerloop) -> Portal:
    with built.database.reading() as tx:
        portal = connections.only_portal(tx)
    if portal is None:
        raise LedgerloopError("No HubSpot portal is connected: run `ledgerloop connect hubspot`.")
    return portal


def _chosen(survey: Survey, deals: Sequence[str], yes: bool) -> list[Pair]:
    """Return what a person lets go: a named pair, else what is certain of the named deals, else all that is."""
    if survey.named:
        return [survey.named]
    return [one for one in survey.plan.certain if one.deal.id in deals or (yes and not deals)]


def _question(chosen: Sequence[Pair]) -> str:
    """Ask for what was shown, and say so where something speaks against it: a link cannot be taken back."""
    some = "this invoice" if len(chosen) == 1 else f"these {len(chosen)} invoices"
    against = any(not one.certain for one in chosen)
    return f"Link {some}{', against which something speaks' if against else ''}? It cannot be undone."


def _of(survey: Survey, deals: Sequence[str]) -> Plan:
    """Return the part of the plan that is about the named deals; all of it where none are."""
    if survey.named:
        one = survey.named
        return Plan((one,) if one.certain else (), () if one.certain else (one,))
    plan = survey.plan
    if not deals:
        return plan
    return Plan(
        tuple(one for one in plan.certain if one.deal.id in deals),
        tuple(one for one in plan.uncertain if one.deal.id in deals),
        tuple(one for one in plan.lost if one[0].id in deals),
        tuple(one for one in plan.without if one.id in deals),
    )


def _show(plan: Plan, everything: bool) -> None:
    most = None if everything else FIRST
    for one in plan.certain[:most]:
        say(f"✓ {_deal_told(one.deal, one.invoice.organisation)}")
        say(f"    {_invoice_told(one)}")
        say(f"    {' '.join(one.agrees)}\n")
    _more(len(plan.certain), most)
    before = ""
    for one in plan.uncertain[:most]:
        if one.deal.id != before:
            say(f"? {_deal_told(one.deal, one.invoice.organisation)}")
        before = one.deal.id
        say(f"    {_invoice_told(one)}")
        say(f"        for it: {' '.join(one.agrees) or 'nothing that is known.'}")
        say(f"        against it: {' '.join(one.doubts)}\n")
    _more(len(plan.uncertain), most)
    for deal, said in plan.lost[:most]:
        say(f"? {_deal_told(deal, deal.organisation)}\n    {said}\n")
    _more(len(plan.lost), most)
    if everything:
        for deal in plan.without:
            say(f"– {_deal_told(deal, deal.organisation)}\n    No invoice in Xero is known to be its.\n")


def _more(count: int, most: int | None) -> None:
    if most is not None and count > most:
        say(f"… and {count - most} more; --all shows them, --json for programs.\n")


def _deal_told(deal: Sold, organisation: Organisation | None) -> str:
    """Say what a deal is; its day is the organisation's, as an invoice's is."""
    amount = f", {deal.amount:.2f} {deal.currency}" if deal.amount is not None else ""
    won = f", won {organisation.day(deal.won_at) if organisation else f'{deal.won_at:%Y-%m-%d}'}" if deal.won_at else ""
    return f"deal {deal.id} “{deal.name}”{amount}{won}"


def _invoice_told(pair: Pair) -> str:
    one = pair.invoice.document
    net = f" ({pair.invoice.net:.2f} before tax)" if pair.invoice.net not in (None, one.total) else ""
    dated = f" of {one.issued_on}" if one.issued_on else ""
    reference = f", reference “{one.reference}”" if one.reference else ""
    whose = pair.invoice.customer or one.customer
    return (
        f"invoice {pair.invoice.called}, {one.status}, {one.total:.2f} {one.currency}{net}{dated}, made out to"
        f" “{whose}” in {pair.invoice.organisation.name}{reference}"
    )


def _nothing(survey: Survey, deals: Sequence[str], as_json: bool) -> None:
    """Tell the plan where nothing of it is let go."""
    plan = _of(survey, deals)
    if as_json:
        print_json(_plan_told(plan))
        return
    counts = (
        f"{len(plan.certain)} certain, {len({one.deal.id for one in plan.uncertain} | _lost(plan))} in question,"
        f" {len(plan.without)} without an invoice here."
    )
    say(f"Won deals that are not linked to an invoice: {counts}")
    if plan.certain:
        say("`ledgerloop adopt --yes` links what is certain, `ledgerloop adopt --deal ID` what is certain of one deal.")
    if any(one.invoice.document.status not in GONE for one in plan.uncertain):
        say("What is in question is linked where you name the pair: `ledgerloop adopt --deal ID --invoice NUMBER`.")
    say("Nothing was written.")


def _lost(plan: Plan) -> set[str]:
    return {deal.id for deal, _ in plan.lost}


def _tell(linked: Linked, *, service_runs: bool, as_json: bool) -> None:
    """Say what was linked, what was not and why, and what happens next."""
    if as_json:
        refused = [{**_pair_told(one), "why": why} for one, why in linked.refused]
        print_json(
            {"linked": [_pair_told(one) for one in linked.done], "refused": refused, "service_runs": service_runs}
        )
        return
    for one, why in linked.refused:
        say(f"Deal {one.deal.id} was not linked: {why}", err=True)
    if linked.done:
        count, it, on = len(linked.done), "them", "their deals"
        some = f"{count} invoices"
        if count == 1:
            some, it, on = "1 invoice", "it", "its deal"
        when = f"now shows {it} on {on}" if service_runs else f"shows {it} on {on} once it runs"
        say(f"Linked {some}. The service {when}.")


def _plan_told(plan: Plan) -> dict[str, Any]:
    """Return the plan for programs."""
    return {
        "certain": [_pair_told(one) for one in plan.certain],
        "uncertain": [_pair_told(one) for one in plan.uncertain],
        "lost": [{"deal": deal.id, "name": deal.name, "said": said} for deal, said in plan.lost],
        "without": [{"deal": deal.id, "name": deal.name} for deal in plan.without],
    }


def _pair_told(pair: Pair) -> dict[str, Any]:
    one = pair.invoice.document
    return {
        "deal": pair.deal.id,
        "name": pair.deal.name,
        "amount": pair.deal.amount,
        "deal_currency": pair.deal.currency,
        "organisation": one.organisation,
        "invoice": one.id,
        "number": one.number,
        "status": one.status,
        "total": one.total,
        "before_tax": pair.invoice.net,
        "currency": one.currency,
        "dated": one.issued_on,
        "customer": one.customer,
        "customer_name": pair.invoice.customer,
        "reference": one.reference,
        "certain": pair.certain,
        "agrees": pair.agrees,
        "doubts": pair.doubts,
    }
