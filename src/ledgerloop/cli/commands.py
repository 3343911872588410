"""Every command by name: where it is, and what it is for, without loading it.

Loading them all would take longer than most of them run. A test holds the sentences against the commands' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("ledgerloop.cli.demo:demo", "Run the main job on two sandboxes: won deal, invoice, payment, standing."),
    "init": (
        "ledgerloop.cli.init:init",
        "Write the settings with a comment for each, a key, the database and the console's password.",
    ),
    "serve": ("ledgerloop.cli.serve:serve", "Run the service: webhooks, console and worker in one process."),
    "sandbox": (
        "ledgerloop_sandbox.cli:sandbox",
        "Run both vendors' APIs on this machine, for trying and for proving.",
    ),
    "connect": ("ledgerloop.cli.connect:app", "Connect Xero and HubSpot."),
    "hubspot-app": (
        "ledgerloop.cli.hubspot_app:hubspot_app",
        "Write the project files of a HubSpot app with the scopes and subscriptions that are wanted, to be uploaded.",
    ),
    "disconnect": (
        "ledgerloop.cli.disconnect:app",
        "End the connection of a Xero organisation or of the HubSpot portal; what is known stays.",
    ),
    "provision": (
        "ledgerloop.cli.connect:provision",
        "Make the HubSpot properties that are missing, and name those that are wrong.",
    ),
    "lists": (
        "ledgerloop.cli.connect:lists",
        "Make three lists of contacts in HubSpot: Xero: overdue, Xero: outstanding, Xero: paid up.",
    ),
    "plan": (
        "ledgerloop.cli.plan:plan",
        "Show what showing all customers, or one, would write to HubSpot, or a deal's invoice.",
    ),
    "backfill": (
        "ledgerloop.cli.backfill:backfill",
        "Show every customer's standing in HubSpot: shows what it would write, asks, and does it.",
    ),
    "approve": (
        "ledgerloop.cli.backfill:approve",
        "Let go on what the brake has stopped, or invoices that wait for approval (--deal, --invoices).",
    ),
    "adopt": (
        "ledgerloop.cli.adopt:adopt",
        "Show which invoices in Xero belong to won deals, and link what a person lets go.",
    ),
    "retry": ("ledgerloop.cli.invoices:retry", "Try again what is held or rests, also where nothing has changed."),
    "link": ("ledgerloop.cli.link:link", "Say which HubSpot record a customer is, or who pays for a deal."),
    "unlink": (
        "ledgerloop.cli.link:unlink",
        "End the links of a customer to its HubSpot company and contact, or one of them, where they are wrong.",
    ),
    "links": (
        "ledgerloop.cli.link:links_",
        "List which HubSpot records customers are, by what they were found, and since when.",
    ),
    "doctor": ("ledgerloop.cli.doctor:doctor", "Name what is missing: settings, secrets, scopes, properties."),
    "status": (
        "ledgerloop.cli.status:status",
        "Show how the service does and why, connections, lanes that rest, and events that wait.",
    ),
    "holds": (
        "ledgerloop.cli.status:holds",
        "Show what waits for a person, with every reason, and what deals say though their invoices stand.",
    ),
    "events": ("ledgerloop.cli.status:events", "Show the events that came in last, and what became of them."),
    "journal": (
        "ledgerloop.cli.status:journal",
        "Show what was decided and written last, why, what the vendor answered, and which events led to it.",
    ),
    "secret": ("ledgerloop.cli.secret:app", "Keep the secrets that the settings name, sealed."),
    "keys": ("ledgerloop.cli.keys:app", "Change the key that seals the secrets."),
    "password": ("ledgerloop.cli.password:password", "Set a new password for the console, and end all its sessions."),
    "docs": ("ledgerloop.cli.docs:docs", "Print a page about Ledgerloop, or list all pages."),
    "backup": (
        "ledgerloop.cli.backup:backup",
        "Copy the database into a folder, also while the service runs, and check that the copy opens.",
    ),
    "restore": (
        "ledgerloop.cli.backup:restore",
        "Put a backup in the place of the database, and keep what is there aside.",
    ),
}
"""In the order of the help."""


class Lazy(TyperGroup):
    """Know every command by name and sentence, and load the one that runs."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is meant, and load it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name and command is not None else command, rest


def loaded(name: str) -> Any:
    """Load a command, or a group of them."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        found = alone
    command = get_command(found)
    command.name = name
    return command


def declare(app: typer.Typer) -> None:
    """Give an app a stand-in for each command, for its help and for a shell that completes names."""
    for name, (_, sentence) in COMMANDS.items():
        app.command(name, help=sentence)(_stand_in)


def _stand_in() -> None:
    raise AssertionError("a command runs only once it is loaded")
