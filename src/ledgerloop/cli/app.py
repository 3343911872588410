"""Put the commands together, and turn every error of ours into one sentence and an exit status."""

from __future__ import annotations

import os
import sys
import threading
from importlib.metadata import version
from typing import Annotated

import typer

from ledgerloop.cli import streams
from ledgerloop.cli.commands import Lazy, declare
from ledgerloop.errors import LedgerloopError, SettingsError

app = typer.Typer(name="ledgerloop", cls=Lazy, no_args_is_help=True, pretty_exceptions_enable=False)
declare(app)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"ledgerloop {version('ledgerloop')}")
        raise typer.Exit


@app.callback()
def _ledgerloop(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Keep a HubSpot portal and a Xero organisation telling the same story."""


def main() -> None:
    """Run a command, and end. A wrong setting ends with status 2, whatever else cannot be done with 1.

    What standard output did not take is a failure too: nobody has heard it.
    """
    out, _ = streams.make_fit()
    try:
        _run()
    except SystemExit as ended:
        status = ended.code
        sys.stdout.flush()
        if out.refused:
            sys.stderr.write(f"Standard output cannot be written to: {out.refused}.\n")
            status = 1
        _leave(status)
        sys.exit(status)


def _run() -> None:
    if sys.argv[1:2] and not sys.argv[1].startswith("-"):  # a command is named, which may log
        from ledgerloop import log

        log.configure("warning", "console")
    try:
        app(prog_name="ledgerloop")
    except LedgerloopError as error:
        from ledgerloop.cli.show import say

        say(error.sentence, err=True)
        sys.exit(2 if isinstance(error, SettingsError) else 1)


def _leave(status: object) -> None:
    """End the process though a turn still waits, such as for a database that never answers: it goes on next time."""
    waiting = [one for one in threading.enumerate() if one is not threading.current_thread() and not one.daemon]
    if waiting and (status is None or isinstance(status, int)):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status or 0)
