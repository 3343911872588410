"""Make what the service needs before its first start: settings, key, database, password. What is there is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ledgerloop.cli.opening import FILE
from ledgerloop.cli.password import FromStdin, set_password
from ledgerloop.cli.show import say
from ledgerloop.errors import SettingsError
from ledgerloop.secrets.sealed import new_key_file
from ledgerloop.settings import load
from ledgerloop.settings.text import toml_text
from ledgerloop.store import single_values
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import any_secret

Directory = Annotated[Path, typer.Option("--directory", "-d", help="Where to put it all.")]

_NEXT = """
Try it without any account, in two terminals:
    ledgerloop sandbox
    ledgerloop serve --sandbox
Or set it up for good: `ledgerloop docs setup` tells how, and `ledgerloop doctor` what is still missing."""


def init(directory: Directory = Path(), password_stdin: FromStdin = False) -> None:
    """Write the settings with a comment for each, a key, the database and the console's password.

    Nothing that is there is overwritten, so this may be run again to make what is missing.
    """
    prepare(directory / FILE, lambda database: set_password(database, password_stdin))
    say(_NEXT)


def prepare(file: Path, choose_password: Callable[[Database], None]) -> None:
    """Make what is missing of the settings, the key, the database and the console's password, and say what."""
    file.parent.mkdir(parents=True, exist_ok=True)
    _write_settings(file)
    settings = load(file)
    key = Path(settings.service.key_file)
    database = Database(settings.service.database)
    try:
        database.migrate()
        _write_key(key, database)
        say(f"Ready   {database.file or database.url.render_as_string()}, the database")
        with database.reading() as tx:
            has_password = single_values.get(tx, single_values.PASSWORD) is not None
        if has_password:
            say("Left    the console's password as it is; `ledgerloop password` sets another one")
        else:
            choose_password(database)
    finally:
        database.close()


def _write_settings(file: Path) -> None:
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(toml_text())
    except FileExistsError:
        say(f"Left    {file} as it is")
    except OSError as error:
        raise SettingsError("(the whole file)", str(file), f"it cannot be written ({error.strerror}).") from None
    else:
        say(f"Wrote   {file}, the settings")


def _write_key(key: Path, database: Database) -> None:
    """Make a key, unless secrets are kept already that only the lost one would open."""
    if key.exists():
        say(f"Left    {key} as it is")
        return
    with database.reading() as tx:
        if any_secret(tx):
            cure = "it is gone, and the database holds secrets that only it opens; bring it back from your backup."
            raise SettingsError("service.key_file", str(key), cure)
    new_key_file(key)
    say(f"Wrote   {key}, the key that seals secrets: back it up, apart from the database")
