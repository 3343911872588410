"""Change the key that seals the secrets, with one command."""

from __future__ import annotations

from pathlib import Path

import typer

from ledgerloop.cli.opening import FILE, Config, OnSandbox
from ledgerloop.cli.secret import sealing, tell_resealed
from ledgerloop.cli.show import say
from ledgerloop.secrets.sealed import put_new_key_first, reseal
from ledgerloop.store.sealed_secrets import DatabaseCells

app = typer.Typer(help="Change the key that seals the secrets.", no_args_is_help=True)


@app.callback()
def _keys() -> None:
    """Keep `rotate` a command of a group, though it is the only one."""


@app.command()
def rotate(config: Config = FILE, sandbox: OnSandbox = False) -> None:
    """Put a new key into the first line of the key file, seal every secret with it, and say when the others may go.

    The service may run meanwhile. Where this is interrupted, run it again: it goes on with the same key.
    """
    with sealing(config, sandbox) as (settings, database):
        cells, key_file = DatabaseCells(database), Path(settings.service.key_file)
        if put_new_key_first(cells, key_file):
            say(f"A new key is the first line of {key_file}.")
        else:
            say(f"The first line of {key_file} is a new key already; what it had not sealed is sealed now.")
        done = reseal(cells, key_file)
    tell_resealed(done, settings)
    if database.file is None:
        say("Copy the file to every other machine that has one: until then those cannot open what is sealed anew.")
