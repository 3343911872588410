"""End the connection of a Xero organisation or of the HubSpot portal: say what ends, ask, and do it."""

from __future__ import annotations

import os
import pwd
from typing import Annotated

import typer
from sqlalchemy import Connection

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.cli.invoices import ask
from ledgerloop.cli.opening import FILE, Config, HubSpotUrl, OnSandbox, XeroUrl, opened
from ledgerloop.cli.show import say
from ledgerloop.errors import LedgerloopError
from ledgerloop.setup.disconnect import disconnect, survey
from ledgerloop.store import connections
from ledgerloop.store.connections import Connected

app = typer.Typer(
    help="End the connection of a Xero organisation or of the HubSpot portal; what is known stays.",
    no_args_is_help=True,
)

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@app.command()
def xero(
    organisation: Annotated[
        str, typer.Argument(help="The organisation's name or id, where several are connected.")
    ] = "",
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    yes: Yes = False,
) -> None:
    """End the connection of an organisation, here and at Xero. With the last one the tokens are revoked and forgotten.

    The service may run meanwhile or not. What Xero was not told is said, and told when it is run again.
    """
    with opened(config, sandbox, xero_url, hubspot_url) as built:
        with built.database.reading() as tx:
            found = _organisation(tx, organisation)
        _end(built, found, yes)


@app.command()
def hubspot(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    yes: Yes = False,
) -> None:
    """End the connection of the portal, forget its token where it was kept by `ledgerloop secret set`, and say where in
    HubSpot it is ended."""
    with opened(config, sandbox, xero_url, hubspot_url) as built:
        with built.database.reading() as tx:
            some = connections.all_connected(tx, "hubspot")
        if not some:
            raise LedgerloopError("No HubSpot portal is connected.")
        _end(built, some[0], yes)


def _end(built: Ledgerloop, found: Connected, yes: bool) -> None:
    token, routes = built.settings.hubspot.token, built.parts().routes
    if found.ended and not found.why:
        say(f"{found.name} is disconnected already.")
        return
    if not found.ended:
        with built.database.reading() as tx:
            leaving = survey(tx, found, routes, token)
        for sentence in leaving.sentences:
            say(sentence, err=True)
        ask(f"Disconnect {found.name}?", yes)
    for sentence in disconnect(built.desk, found, routes, token, _who()):
        say(sentence)
    with built.database.reading() as tx:
        after = connections.get(tx, found.vendor, found.id)
    say(_again(found, token))
    if after is not None and after.why:
        raise typer.Exit(1)


def _who() -> str:
    """Name the user of this machine, for the journal."""
    try:
        return f"{pwd.getpwuid(os.getuid()).pw_name}, on a command line"
    except KeyError:  # a container may run as nobody that it knows
        return f"user {os.getuid()}, on a command line"


def _organisation(tx: Connection, given: str) -> Connected:
    """Find the organisation that is meant: by name or id, else the only one; LedgerloopError with words to type."""
    known = connections.all_connected(tx, "xero")
    going = [one for one in known if not one.ended]
    if given:
        found = [one for one in known if given in (one.id, one.name)]
    else:
        found = going or [one for one in known if one.why] or known[:1]
    if len(found) == 1:
        return found[0]
    if not known:
        raise LedgerloopError("No Xero organisation is connected.")
    among = found or going or known
    names = [one.name for one in among]
    words = [
        f'`ledgerloop disconnect xero "{one.name}"`'
        if names.count(one.name) == 1
        else f"`ledgerloop disconnect xero {one.id}` ({one.name})"
        for one in among
    ]
    why = "Several organisations are connected" if found else f"There is no organisation “{given}”"
    raise LedgerloopError(f"{why}: run {', or '.join(words)}.")


def _again(found: Connected, token: str) -> str:
    if found.vendor == "xero":
        return "To connect it again, run `ledgerloop connect xero`, or use the console; the same links go on."
    name = token.removeprefix("secret:")
    saved = f"run `ledgerloop secret set {name}` and then" if name != token else "run"
    return f"To connect it again, {saved} `ledgerloop connect hubspot`; the same links go on."
