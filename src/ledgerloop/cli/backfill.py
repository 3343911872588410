"""Show all customers in HubSpot: plan, ask, run, with progress. Also lets go on what the brake has stopped.

The work is kept in the database, so it goes on after Ctrl-C or a kill, in this command or in the service.
Where the service runs, it does the work and this command watches; else this command brings an engine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import typer

from ledgerloop import subjects
from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.cli.invoices import AllInvoices, Deals, approve_invoices, ask
from ledgerloop.cli.opening import FILE, Config, HubSpotUrl, OfOrganisation, OnSandbox, XeroUrl, opened
from ledgerloop.cli.plan import planned_with_progress, print_totals, progress, totals_of
from ledgerloop.cli.show import Json, print_json, say
from ledgerloop.customers import admit
from ledgerloop.customers.named import organisation_of
from ledgerloop.errors import LedgerloopError
from ledgerloop.parts import instead
from ledgerloop.records import Organisation
from ledgerloop.report.wording import moment
from ledgerloop.safety import backfill_plan
from ledgerloop.safety.backfill_plan import Totals
from ledgerloop.safety.circuit_breaker import organisation_stopped
from ledgerloop.store import connections, journal, lanes, pending_customers, planned
from ledgerloop.store.planned import Allowance
from ledgerloop.store.write_counts import Written

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; accept what the plan shows.")]

_LOOK_EVERY = 0.25
_STOPPED = 130


def backfill(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    organisation: OfOrganisation = "",
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Show every customer's standing in HubSpot: shows what it would write, asks, and does it.

    It stands behind live work and leaves it a part of each quota. Stopped at any moment, it goes on when it is run
    again, or when the service runs.
    """
    with opened(config, sandbox, xero_url, hubspot_url) as built, instead(built.parts()):
        with built.database.reading() as tx:
            home = organisation_of(tx, organisation)
            left = planned.left(tx, home.id, asked=True)
            everybody = admit.everybody(tx, home)
        if left:
            say(f"{home.name}: a backfill is under way, {left} customers are left.", err=True)
        else:
            totals, _ = planned_with_progress(home, everybody, keep=0)
            nothing = totals.written.created + totals.written.updated == 0
            held = _held(built, home)
            if nothing and totals.holds <= held:
                said = f"There is nothing to write.{_waiting(held)}"
                _tell(as_json, home, totals, None, said if held else "All is in step; there is nothing to write.")
                return
            if not nothing:  # questions alone write nothing that anybody must accept, and are kept for `holds`
                _ask(home, totals, yes, as_json)
            backfill_plan.accept(home, everybody, totals.written)
        _done(built, home, as_json)


def approve(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    organisation: OfOrganisation = "",
    deal: Deals = None,
    invoices: AllInvoices = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Let go on what the brake has stopped, or invoices that wait for approval (--deal, --invoices).

    It shows what waits, and asks. Without those two that is what waits to be written to HubSpot, and it is taken on as
    planned work.
    """
    with opened(config, sandbox, xero_url, hubspot_url) as built, instead(built.parts()):
        if deal or invoices:
            approve_invoices(built, None if invoices else deal, yes, as_json)
            return
        with built.database.reading() as tx:
            home = organisation_stopped(tx, organisation)
            waiting = pending_customers.every(tx, home.id)
        totals, _ = planned_with_progress(home, waiting, keep=0)
        if waiting:
            _ask(home, totals, yes, as_json)
        backfill_plan.accept(home, waiting, totals.written)
    _tell(as_json, home, totals, None, "Approved. The service goes on with it." if waiting else "Nothing waits.")


def _ask(organisation: Organisation, totals: Totals, yes: bool, quiet: bool) -> None:
    if not quiet:
        print_totals(organisation, totals)
    ask("Write this to HubSpot?", yes)


def _done(built: Ledgerloop, organisation: Organisation, as_json: bool) -> None:
    """Do the accepted work, or watch the service do it, and tell how it went."""
    try:
        with _worked(built):
            try:
                allowance = _watch(built, organisation)
            except KeyboardInterrupt:
                say("Stopping; what is on its way comes to its end first.", err=True)
                raise
    except KeyboardInterrupt:
        say("Stopped. It goes on when this is run again, or when the service runs.", err=True)
        raise typer.Exit(_STOPPED) from None
    written = allowance.written
    held = _held(built, organisation)
    said = f"Done: {allowance.customers} customers, {written.created} records made, {written.updated} changed."
    if held and written == Written():
        said = "There is nothing to write."
    _tell(as_json, organisation, None, allowance, said + _waiting(held), held)


def _held(built: Ledgerloop, organisation: Organisation) -> int:
    """Count the customers that are not shown as they should be, because a person must decide first."""
    with built.database.reading() as tx:
        return len(journal.waiting(tx, {subjects.customer(one) for one in admit.everybody(tx, organisation)}))


def _waiting(held: int) -> str:
    if not held:
        return ""
    return f" {held} of the customers {'waits' if held == 1 else 'wait'} for a person: see `ledgerloop holds`."


@contextmanager
def _worked(built: Ledgerloop) -> Iterator[None]:
    """See to it that somebody works: the service if it runs, else an engine of our own while the block lasts."""
    if built.engine.taken:
        say("The service runs and does the work.", err=True)
        yield
    else:
        with built.working():
            yield


def _watch(built: Ledgerloop, organisation: Organisation) -> Allowance:
    """Show how far it is, until it is done."""
    with progress("Writing", 0) as bar:
        task = bar.task_ids[0]
        while True:
            with built.database.reading() as tx:
                left, allowance = planned.left(tx, organisation.id, asked=True), planned.allowance(tx, organisation.id)
                resting = [one for one in lanes.parked(tx) if (one.flow, one.lane) == ("standing", organisation.id)]
                gone = connections.organisation(tx, organisation.id) is None
            if gone:
                raise LedgerloopError(f"{organisation.name} was disconnected. The backfill goes on once it is back.")
            if allowance is None:
                raise LedgerloopError("There is no accepted backfill.")
            until = resting[0] if resting and resting[0].rests(built.now()) else None
            written, calls = allowance.written, sum(allowance.figures.get("calls", {}).values())
            why = f"{until.why} Until {moment(until.until)}." if until else _resting(allowance, built.now())
            bar.said = [
                f"{written.created} records made, {written.updated} changed, {calls} calls",
                f"left: {_quotas(allowance.figures)}",
                *([why] if why else []),
            ]
            bar.update(task, total=allowance.customers, completed=allowance.customers - left)
            if not left:
                return allowance
            time.sleep(_LOOK_EVERY)


def _quotas(figures: Mapping[str, Any]) -> str:
    """Say which quotas are left, as far as is known."""
    said = [
        f"{vendor} {name} {left}" for vendor, some in figures.get("left", {}).items() for name, left in some.items()
    ]
    return ", ".join(said) or "–"


def _resting(allowance: Allowance, now: datetime) -> str:
    if allowance.rests_until is None or not allowance.rests(now):
        return ""
    return f"{allowance.rests_why} Until {moment(allowance.rests_until)}."


def _tell(
    as_json: bool,
    organisation: Organisation,
    totals: Totals | None,
    allowance: Allowance | None,
    said: str,
    held: int = 0,
) -> None:
    if not as_json:
        say(said)
        return
    told: dict[str, Any] = {"organisation": organisation.id, "said": said}
    if totals is not None:
        told["plan"] = totals_of(totals)
    if allowance is not None:
        told["done"] = {
            "customers": allowance.customers,
            "created": allowance.written.created,
            "updated": allowance.written.updated,
            "held": held,
            **allowance.figures,
        }
    print_json(told)
