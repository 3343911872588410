"""Connect Xero and HubSpot from the command line, and make the HubSpot properties and lists."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated

import typer

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.cli.invoices import Yes, ask
from ledgerloop.cli.opening import FILE, Config, HubSpotUrl, OnSandbox, ServicePort, XeroUrl, opened
from ledgerloop.cli.show import say
from ledgerloop.errors import LedgerloopError
from ledgerloop.portal.lists import make_lists
from ledgerloop.portal.properties import Provisioned, survey, tell
from ledgerloop.portal.properties import provision as make_properties
from ledgerloop.records import Organisation
from ledgerloop.report.finding import HOW_TO_ANSWER
from ledgerloop.settings import check_complete
from ledgerloop.setup.connect import GRANT, connect_custom, connect_portal, short, undecided_in
from ledgerloop.setup.connect import choose as choose_organisation
from ledgerloop.setup.purpose import answer as answer_purpose
from ledgerloop.setup.purpose import asked as asked_of
from ledgerloop.setup.purpose import hide as hide_customers
from ledgerloop.setup.purpose import hiding
from ledgerloop.setup.purpose import show as show_customers
from ledgerloop.store import connections
from ledgerloop.web.connect import consent_address

app = typer.Typer(help="Connect Xero and HubSpot.", no_args_is_help=True)

Wait = Annotated[bool, typer.Option("--wait", help="Wait until the consent has been given.")]

_LOOK_EVERY = 0.5


@app.command()
def xero(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    port: ServicePort = None,
    wait: Wait = False,
) -> None:
    """Print the address at which a person allows access to Xero. The service must run, to take the answer.

    A custom connection needs nobody's consent: its organisation is connected at once.
    """
    with opened(config, sandbox, xero_url, hubspot_url, port) as built:
        if built.settings.xero.connection == "custom":
            check_complete(built.settings)
            say(f"Connected: {connect_custom(built.desk).name}.")
            _say_short(built)
            return
        before = built.shelf.load(GRANT)
        address = consent_address(built)
        say("Open this address in a browser, within ten minutes:", err=True)
        say(address)
        if wait:
            say(f"Connected: {_waited(built, before)}")
            _say_short(built)
            with built.database.reading() as tx:
                waits = undecided_in(tx, built.parts().routes)
                asked = [one.why for one in connections.unanswered(tx)]
            for why in asked:
                say(f"{why} {HOW_TO_ANSWER}", err=True)
            if waits:
                say(f"{waits} Choose one with `ledgerloop connect choose`, or in the console.", err=True)


@app.command()
def hubspot(
    config: Config = FILE, sandbox: OnSandbox = False, xero_url: XeroUrl = "", hubspot_url: HubSpotUrl = ""
) -> None:
    """Connect the portal of the saved token, and make the properties that it lacks."""
    with opened(config, sandbox, xero_url, hubspot_url) as built:
        portal, done = connect_portal(built.desk)
    say(f"Connected: {portal.name}, currency {portal.currency}, time zone {portal.timezone}.")
    _report(done)


@app.command()
def choose(
    organisation: Annotated[
        str, typer.Argument(help="The organisation's name or id; without it, those to choose from are listed.")
    ] = "",
    config: Config = FILE,
    sandbox: OnSandbox = False,
) -> None:
    """Choose the organisation in which deals are invoiced whose route names none. Those that wait go on.

    Organisations that wait to be told what they are for begin, and their customers are shown.
    """
    with opened(config, sandbox) as built:
        if not organisation:
            _list_choices(built)
            return
        with built.database.reading() as tx:
            unanswered = connections.unanswered(tx)
        begun = answer_purpose(built.desk, [], organisation) if unanswered else []
        home = choose_organisation(built.desk, organisation)
    _say_begun(begun)
    say(f"Deals whose route names no organisation are invoiced in {home.name}.")


@app.command()
def answer(
    deals: Annotated[
        str,
        typer.Option(
            "--deals",
            help="The organisation in which deals are invoiced whose route names none. Empty leaves them where they"
            " go.",
        ),
    ] = "",
    hide: Annotated[
        list[str] | None, typer.Option("--hide", help="One whose customers are not shown in HubSpot; may be repeated.")
    ] = None,
    yes: Yes = False,
    config: Config = FILE,
    sandbox: OnSandbox = False,
) -> None:
    """Say what organisations are for that were connected beside others. They begin; those not hidden are shown.

    Without --deals and --hide it says first what that comes to, and asks.
    """
    with opened(config, sandbox) as built:
        with built.database.reading() as tx:
            waiting = [one.name for one in connections.unanswered(tx)]
        if waiting and not (deals or hide):
            say(f"These begin, and their customers are shown in HubSpot: {', '.join(waiting)}.", err=True)
            ask("Begin so?", yes)
        with built.database.reading() as tx:
            home = deals or asked_of(tx, built.parts().routes).home  # nobody moves these deals without a word
        begun = answer_purpose(built.desk, hide or [], home)
        with built.database.reading() as tx:
            waits = undecided_in(tx, built.parts().routes)
    _say_begun(begun)
    if waits:
        say(f"{waits} Choose one with `ledgerloop connect choose`, or in the console.", err=True)


@app.command()
def show(
    organisation: Annotated[str, typer.Argument(help="The organisation's name or id.")],
    config: Config = FILE,
    sandbox: OnSandbox = False,
) -> None:
    """Show an organisation's customers in HubSpot that was hidden: each when something happens to it."""
    with opened(config, sandbox) as built:
        shown = show_customers(built.desk, organisation)
    say(f"The customers of {shown.name} are shown when something happens to them; `ledgerloop backfill` shows all.")


@app.command()
def hide(
    organisation: Annotated[str, typer.Argument(help="The organisation's name or id.")],
    yes: Yes = False,
    config: Config = FILE,
    sandbox: OnSandbox = False,
) -> None:
    """Show an organisation's customers in HubSpot no more, and take off their records what they owe.

    It says first what that comes to, and asks. `ledgerloop connect show` shows them again.
    """
    with opened(config, sandbox) as built:
        with built.database.reading() as tx:
            found = hiding(tx, organisation)
        for sentence in found.sentences:
            say(sentence, err=True)
        ask(f"Hide the customers of {found.organisation.name}?", yes)
        hidden = hide_customers(built.desk, found.organisation.id)
    say(f"The customers of {hidden.name} are not shown any more. The service takes off what stands there.")


def provision(
    config: Config = FILE, sandbox: OnSandbox = False, xero_url: XeroUrl = "", hubspot_url: HubSpotUrl = ""
) -> None:
    """Make the HubSpot properties that are missing, and name those that are wrong. May be repeated."""
    with opened(config, sandbox, xero_url, hubspot_url) as built:
        client = built.vendors.hubspot()
        done = make_properties(client, survey(client), built.settings.properties, built.clock.sleep)
        with built.database.transaction() as tx:
            if portal := connections.only_portal(tx):
                tell(tx, portal.id, done.wrong, built.now())
    _report(done)


def lists(
    config: Config = FILE, sandbox: OnSandbox = False, xero_url: XeroUrl = "", hubspot_url: HubSpotUrl = ""
) -> None:
    """Make three lists of contacts in HubSpot: Xero: overdue, Xero: outstanding, Xero: paid up. May be repeated.

    The token needs the scopes crm.lists.read and crm.lists.write for this.
    """
    with opened(config, sandbox, xero_url, hubspot_url) as built:
        done = make_lists(built.vendors.hubspot(), built.settings.properties)
    for verb, names in (("Made", done.made), ("Changed", done.changed), ("There already", done.there)):
        for name in names:
            say(f"{verb}: {name}.")
    for wrong in done.wrong:
        say(wrong, err=True)
    if done.wrong:
        raise typer.Exit(1)


def _say_begun(organisations: Sequence[Organisation]) -> None:
    for one in organisations:
        say(f"{one.name} begins; its customers are {'shown' if one.shown else 'not shown'} in HubSpot.")


def _say_short(built: Ledgerloop) -> None:
    for sentence in short(built.desk):
        say(sentence, err=True)


def _list_choices(built: Ledgerloop) -> None:
    with built.database.reading() as tx:
        chosen = connections.chosen(tx)
        waiting = [one.facts for one in connections.unanswered(tx) if isinstance(one.facts, Organisation)]
        organisations = [*connections.organisations(tx), *waiting]
    for organisation in organisations:
        say(f"{organisation.name} ({organisation.id})" + (", chosen" if organisation.id == chosen else ""))
    if not organisations:
        say("No organisation is connected. Connect one with `ledgerloop connect xero`, or in the console.", err=True)
        raise typer.Exit(1)


def _report(done: Provisioned) -> None:
    for made in done.made:
        say(f"Made the property {made}.")
    if not done.made and not done.wrong:
        say("All properties are there.")
    for wrong in done.wrong:
        say(wrong, err=True)
    if done.wrong:
        raise typer.Exit(1)


def _waited(built: Ledgerloop, before: str | None) -> str:
    """Wait for new tokens and for what they reach; the service that takes the consent writes both."""
    until = time.monotonic() + connections.CONSENT_LASTS.total_seconds()
    while time.monotonic() < until:
        if built.shelf.load(GRANT) != before:
            with built.database.reading() as tx:
                found = [
                    one.name
                    for one in connections.all_connected(tx, "xero")
                    if one.state in ("connected", "unanswered")
                ]
            if found:
                return ", ".join(found)
        time.sleep(_LOOK_EVERY)
    raise LedgerloopError("Nobody allowed access within ten minutes. Run the command again for a new address.")
