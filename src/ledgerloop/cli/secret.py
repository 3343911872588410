"""Keep the secrets that the settings name, sealed; and list which of them are kept. Shows none of them."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from typing import Annotated

import typer

from ledgerloop.cli.opening import FILE, Config, vault
from ledgerloop.cli.show import Json, print_json, print_table, say
from ledgerloop.errors import LedgerloopError
from ledgerloop.settings import Settings

app = typer.Typer(help="Keep the secrets that the settings name, sealed.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The name that the settings use, without `secret:`.")]


@app.command("set")
def set_secret(name: Name, config: Config = FILE) -> None:
    """Ask for a secret, or read it from standard input, and keep it sealed."""
    with vault(config) as (settings, _, secrets):
        known = named(settings)
        if name not in known:
            near = get_close_matches(name, known, 1)
            meant = f" Did you mean `{near[0]}`?" if near else ""
            raise LedgerloopError(f"No setting refers to `secret:{name}`.{meant} There are {', '.join(known)}.")
        given = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
        text = str(given).strip()
        if not text:
            raise LedgerloopError("The secret is empty, so nothing was kept.")
        secrets.save(name, text)
    taken_up = "at its next start" if known[name] == "xero.client_secret" else "within seconds"
    say(f"`{name}` is kept, sealed. A service that runs takes it up {taken_up}.")


@app.command("list")
def list_secrets(config: Config = FILE, as_json: Json = False) -> None:
    """List the secrets that the settings name, and whether each is kept."""
    with vault(config) as (settings, _, secrets):
        rows = [(name, key, secrets.load(name) is not None) for name, key in named(settings).items()]
    if as_json:
        print_json([{"name": name, "setting": key, "kept": kept} for name, key, kept in rows])
    else:
        print_table(
            "Secrets", ("Name", "Setting", "Kept"), [(name, key, "yes" if kept else "no") for name, key, kept in rows]
        )


def named(settings: Settings) -> dict[str, str]:
    """Return the names of the secrets, each with the setting that refers to it."""
    return {
        reference.removeprefix("secret:"): key
        for key, reference in (
            ("xero.client_secret", settings.xero.client_secret),
            ("xero.webhook_key", settings.xero.webhook_key),
            ("hubspot.token", settings.hubspot.token),
            ("hubspot.client_secret", settings.hubspot.client_secret),
        )
    }
