"""Put the commands together, and turn every error of ours into one sentence and an exit status."""

from __future__ import annotations

import sys

import typer

from ledgerloop import log
from ledgerloop.cli import (
    backfill,
    backup,
    connect,
    demo,
    doctor,
    init,
    invoices,
    link,
    password,
    plan,
    secret,
    serve,
    status,
)
from ledgerloop.errors import LedgerloopError, SettingsError
from ledgerloop_sandbox.cli import sandbox

app = typer.Typer(
    name="ledgerloop",
    help="Keep a HubSpot portal and a Xero organisation telling the same story.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(demo.demo)
app.command()(init.init)
app.command()(serve.serve)
app.command()(sandbox)
app.add_typer(connect.app, name="connect")
app.command()(connect.provision)
app.command()(connect.lists)
app.command()(plan.plan)
app.command()(backfill.backfill)
app.command()(backfill.approve)
app.command()(invoices.retry)
app.command()(link.link)
app.command()(link.unlink)
app.command("links")(link.links_)
app.command()(doctor.doctor)
app.command()(status.status)
app.command()(status.holds)
app.command()(status.events)
app.command()(status.journal)
app.add_typer(secret.app, name="secret")
app.command()(password.password)
app.command()(backup.backup)
app.command()(backup.restore)


def main() -> None:
    """Run a command. A wrong setting ends with status 2, whatever else cannot be done with 1."""
    log.configure("warning", "console")
    try:
        app(prog_name="ledgerloop")
    except LedgerloopError as error:
        print(error.sentence, file=sys.stderr)
        sys.exit(2 if isinstance(error, SettingsError) else 1)
