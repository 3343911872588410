"""Show what would be written to HubSpot, field by field, and write nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from ledgerloop.cli.invoices import Deals, plan_deals
from ledgerloop.cli.opening import FILE, Config, Customer, HubSpotUrl, OfOrganisation, OnSandbox, XeroUrl, opened
from ledgerloop.cli.show import Json, print_json, print_table, safe, say
from ledgerloop.customers import admit
from ledgerloop.customers.named import customers_named, organisation_of, organisation_of_customer
from ledgerloop.parts import instead
from ledgerloop.records import Organisation
from ledgerloop.rules.identity.wording import by
from ledgerloop.safety import backfill_plan
from ledgerloop.safety.backfill_plan import Line, Totals
from ledgerloop.safety.circuit_breaker import organisation_stopped
from ledgerloop.store import links, pending_customers
from ledgerloop.store.links import Kept

Waiting = Annotated[bool, typer.Option("--waiting", help="Only the customers that wait to be shown.")]
All = Annotated[bool, typer.Option("--all", help="Every record in full, not only the first.")]

FIRST = 25
"""Records shown in full where not all are asked for."""


def plan(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    organisation: OfOrganisation = "",
    customer: Customer = None,
    waiting: Waiting = False,
    deal: Deals = None,
    everything: All = False,
    as_json: Json = False,
) -> None:
    """Show what showing all customers, or one, would write to HubSpot, or a deal's invoice. Writes nothing.

    It goes the way of the real work with writes turned off, so it reads from HubSpot and costs calls there.
    """
    with opened(config, sandbox, xero_url, hubspot_url) as built, instead(built.parts()):
        if deal:
            plan_deals(built, deal, as_json)
            return
        with built.database.reading() as tx:
            if customer is not None:
                home = organisation_of_customer(tx, organisation, customer)
            else:
                home = organisation_stopped(tx, organisation) if waiting else organisation_of(tx, organisation)
            if customer is not None:
                chosen = customers_named(tx, [home], customer)
            else:
                chosen = pending_customers.every(tx, home.id) if waiting else admit.everybody(tx, home)
        totals, lines = planned_with_progress(home, chosen, keep=None if everything or as_json or customer else FIRST)
        with built.database.reading() as tx:
            linked = links.listed(tx, home.id, chosen) if customer is not None else []
    if as_json:
        told = {"links": [_link_told(one) for one in linked]} if customer is not None else {}
        print_json({"organisation": home.id, **totals_of(totals), "lines": [asdict(line) for line in lines], **told})
        return
    for one in linked:
        where = f"{one.link.kind} {one.link.hubspot_id}"
        say(f"linked {where}  since {one.made_at:%Y-%m-%d}\n    {by(one.link.how)}\n")
    for line in lines:
        _print(line)
    hidden = totals.records.total() - len(lines)
    if hidden > 0:
        say(f"… and {hidden} more; --all shows them, --json for programs.\n")
    print_totals(home, totals)
    say("Nothing was written.")


def planned_with_progress(
    organisation: Organisation, chosen: Sequence[str], keep: int | None
) -> tuple[Totals, list[Line]]:
    """Plan, with a bar on standard error, and keep the first lines, or all of them."""
    totals = Totals()
    lines: list[Line] = []
    with progress("Planning", len(chosen)) as bar:
        for some in backfill_plan.plan(organisation, chosen, totals):
            lines += some if keep is None else some[: max(0, keep - len(lines))]
            bar.advance(bar.task_ids[0], totals.customers - int(bar.tasks[0].completed))
    return totals, lines


class Bar(Progress):
    """A bar, and below it what is said about the work, whole however narrow the terminal is."""

    said: Sequence[str] = ()

    def get_renderables(self) -> Iterable[RenderableType]:
        """Return the bar and the lines below it. They may hold vendors' words, so they are text and no markup."""
        yield from super().get_renderables()
        for line in self.said:
            yield Text(safe(f"  {line}"))


@contextmanager
def progress(what: str, total: int) -> Iterator[Bar]:
    """Show a bar on standard error while the block lasts; nothing where that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        bar.add_task(what, total=total)
        yield bar


def totals_of(totals: Totals) -> dict[str, object]:
    """Return the totals for programs."""
    return {
        "customers": totals.customers,
        "create": totals.written.created,
        "update": totals.written.updated,
        "holds": totals.holds,
        "records": dict(sorted(totals.records.items())),
    }


def print_totals(organisation: Organisation, totals: Totals) -> None:
    """Print what a plan comes to."""
    print_table(
        f"{organisation.name}: {totals.customers} customers",
        ("What", "Records"),
        [(what, str(number)) for what, number in sorted(totals.records.items())],
        none="nothing to write; all is in step.",
    )


def _link_told(one: Kept) -> dict[str, object]:
    link = one.link
    return {
        "customer": link.xero_id,
        "kind": link.kind,
        "hubspot_id": link.hubspot_id,
        "how": link.how,
        "since": one.made_at,
    }


def _print(line: Line) -> None:
    where = f"{line.kind} {line.id or '(new)'}" if line.kind else line.subject
    say(f"{line.decision} {where}  {line.name}")
    if not line.fields:
        say(f"    {line.reason}")
    for one in line.fields:
        before = "" if one.before is None else f"{one.before or '(empty)'} → "
        say(f"    {one.name}: {before}{one.after or '(empty)'}")
    say("")
