"""Plan, approve and retry the invoices of deals."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import typer

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.cli.opening import FILE, Config, HubSpotUrl, OnSandbox, XeroUrl, opened
from ledgerloop.cli.show import print_json, print_table, say
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.invoices import approvals, reissue, release
from ledgerloop.invoices.preview import Quote, quote
from ledgerloop.invoices.reissue import Renewal
from ledgerloop.parts import instead
from ledgerloop.store import connections

Deals = Annotated[list[str] | None, typer.Option("--deal", help="A deal's HubSpot id. May be given several times.")]
AllHeld = Annotated[bool, typer.Option("--all", help="Every deal that is held.")]
Anew = Annotated[bool, typer.Option("--new", help="Have a new invoice made where the old one is deleted or voided.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AllInvoices = Annotated[bool, typer.Option("--invoices", help="Every invoice that the brake has stopped.")]
Resting = Annotated[
    str,
    typer.Option("--organisation", help="The id or name of an organisation that rests, its limit raised meanwhile."),
]


def retry(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    deal: Deals = None,
    everything: AllHeld = False,
    organisation: Resting = "",
    new: Anew = False,
    yes: Yes = False,
) -> None:
    """Try again what is held or rests, also where nothing has changed. The service that runs does it.

    With --new a deal gets another invoice, if Xero says that its own is deleted or voided; this asks first.
    """
    if [bool(deal), everything, bool(organisation)].count(True) != 1 or (new and not deal):
        raise LedgerloopError(
            "Say which: --deal ID, --all for every deal that is held, or --organisation NAME for one that rests;"
            " --new wants --deal."
        )
    with opened(config, sandbox, xero_url, hubspot_url) as built, instead(built.parts()):
        if organisation:
            name = retries.go_on(organisation).name
            say(f"{name} goes on in the service that runs; its next call finds out what is left of its quotas.")
            return
        if new and deal:
            chosen = reissue.renewals(deal)
            _show_and_ask(chosen, yes)
            tried = reissue.renew(chosen)
        else:
            if deal:
                retries.check(deal)
            tried = retries.retry(None if everything else deal)
    say(f"The service that runs tries again: {', '.join(tried)}." if tried else "No deal is held.")


def _show_and_ask(chosen: Sequence[Renewal], yes: bool) -> None:
    for one in chosen:
        deal, payer = one.intent.deal, reissue.payer_of(one.intent.deal)
        whom = (
            f"A new one will be made out to “{payer}”." if payer else "A new one will be made once it is sure who pays."
        )
        say(f"Deal {deal}: invoice {one.intent.number} is {one.status}. {whom}", err=True)
        if payer:
            other = f"`ledgerloop link --deal {deal} --customer ID` or `ledgerloop link --deal {deal} --new`"
            say(f"    If another pays, run {other} instead: that has it made, too.", err=True)
        adopted = f"`ledgerloop adopt --deal {deal} --invoice NUMBER`"
        say(f"    If somebody has typed one in Xero by hand, run {adopted} instead: none is made then.", err=True)
    ask("Have new invoices made?", yes)


def plan_deals(built: Ledgerloop, deals: list[str], as_json: bool) -> None:
    """Print the invoices as they would be made, or why not."""
    with built.database.reading() as tx:
        portal = connections.only_portal(tx)
    if portal is None:
        raise LedgerloopError("No HubSpot portal is connected: connect it in the console first.")
    retries.check(deals)
    quotes = quote(portal, deals)
    if as_json:
        print_json(quotes)
        return
    for one in quotes:
        _print(one)
    say("Nothing was written.")


def approve_invoices(built: Ledgerloop, deals: list[str] | None, yes: bool, as_json: bool) -> None:
    """Let invoices leave that wait for approval, those of these deals or what the brake stopped: show them, and ask."""
    with built.database.reading() as tx:
        shown = {portal.id: release.waiting(tx, portal.id, deals) for portal in connections.portals(tx)}
    some = [intent for waiting in shown.values() for intent in waiting]
    if some and not as_json:
        amounts = [(intent.deal, *approvals.amount_of(intent)) for intent in some]
        rows = [(deal, f"{amount:.2f} {currency}") for deal, currency, amount in amounts]
        print_table("Invoices that wait", ("Deal", "Amount"), rows)
    if some:
        ask("Let them be made in Xero?", yes)
    approved: list[str] = []
    for portal, waiting in shown.items():
        approved += release.approve(built.database, portal, built.now(), deals, release.seal_of(waiting))
    if as_json:
        print_json({"approved": approved})
        return
    count = f"{len(approved)} invoice{'' if len(approved) == 1 else 's'}"
    say(f"Approved: {count}. The service makes them." if approved else "No invoice waits for approval.")


def ask(question: str, yes: bool) -> None:
    """Ask before going on, unless a person has said yes already."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise LedgerloopError("Nobody is there to be asked: run it with --yes to accept what it shows.")
    typer.confirm(question, abort=True, err=True)


def _print(one: Quote) -> None:
    if one.reasons:
        say(f"Deal {one.deal}: no invoice would be made now.")
        for reason in (*one.reasons, *filter(None, (one.note,))):
            say(f"    {reason}")
        return
    body = one.invoice
    say(f"Deal {one.deal}: {body['Status']} invoice in {one.organisation} for {one.customer}.")
    say(f"    Dated {body['Date']}, due {body['DueDate']}, reference {body['Reference']}.")
    say(f"    How the customer was found: {one.found}")
    if one.note:
        say(f"    {one.note}")
    print_table(
        f"Lines ({body['LineAmountTypes']}, {body['CurrencyCode']})",
        ("Description", "Quantity", "Unit amount", "Discount", "Account", "Tax type", "Item", "Tracking"),
        [_cells(line) for line in body["LineItems"]],
    )
    if one.totals:
        say(f"    {one.totals.net} and {one.totals.tax} tax: {one.totals.total} {body['CurrencyCode']} in all.")


def _cells(line: dict[str, Any]) -> list[str]:
    rate, amount = line.get("DiscountRate"), line.get("DiscountAmount")
    return [
        str(line["Description"]),
        _number(line["Quantity"]),
        _number(line["UnitAmount"]),
        f"{_number(rate)} %" if rate else _number(amount) if amount else "",
        str(line["AccountCode"]),
        str(line.get("TaxType", "")),
        str(line.get("ItemCode", "")),
        ", ".join(f"{one['Name']} = {one['Option']}" for one in line.get("Tracking", ())),
    ]


def _number(value: Decimal) -> str:
    return f"{value:f}"
