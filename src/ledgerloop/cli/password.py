"""Set the console's password: chosen by a person, given on standard input, or generated and shown once."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated

import typer

from ledgerloop.cli.opening import FILE, Config, strongroom
from ledgerloop.cli.show import say
from ledgerloop.errors import LedgerloopError
from ledgerloop.store import single_values
from ledgerloop.store.db import Database
from ledgerloop.web.passwords import SHORTEST, hash_of

FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the console's password from standard input.")]

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def password(config: Config = FILE, password_stdin: FromStdin = False) -> None:
    """Set a new password for the console, and end all its sessions."""
    with strongroom(config) as (_, database, _):
        set_password(database, password_stdin)


def set_password(database: Database, from_stdin: bool) -> None:
    """Ask for a password or generate one, keep its hash, and say what was done."""
    chosen = _given(from_stdin)
    if not chosen:
        generate_password(database)
        return
    if len(chosen) < SHORTEST:
        raise LedgerloopError(f"The password is too short: use at least {SHORTEST} characters.")
    _keep(database, chosen)
    say("The console's password is set.")


def generate_password(database: Database) -> None:
    """Generate a password, keep its hash, and show it this once."""
    generated = "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
    _keep(database, generated)
    say(f"Console password: {generated}   (shown only now; `ledgerloop password` sets another one)")


def _keep(database: Database, chosen: str) -> None:
    with database.transaction() as tx:
        single_values.put(tx, single_values.PASSWORD, hash_of(chosen))


def _given(from_stdin: bool) -> str:
    if from_stdin:
        given = sys.stdin.readline().strip()
        if not given:
            raise LedgerloopError("No password came on standard input.")
        return given
    if not sys.stdin.isatty():
        return ""
    asked = "Console password (leave it empty to have one generated)"
    return str(typer.prompt(asked, default="", hide_input=True, confirmation_prompt=True, show_default=False))
