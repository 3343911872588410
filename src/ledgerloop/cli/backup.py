"""Back the database up while the service runs, and put a backup back while it does not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import URL, make_url

from ledgerloop.cli.invoices import Yes, ask
from ledgerloop.cli.opening import FILE, Config, OnSandbox, choose, opened
from ledgerloop.cli.show import say
from ledgerloop.engine import epoch
from ledgerloop.engine.durable import engine_file_of
from ledgerloop.errors import LedgerloopError
from ledgerloop.parts import instead
from ledgerloop.secrets.sealed import Sealed
from ledgerloop.store import backups, pulses
from ledgerloop.store.db import Database
from ledgerloop.store.witness import witness_of

To = Annotated[Path | None, typer.Argument(help="A folder to make; else one is named for the moment.")]
From = Annotated[Path, typer.Argument(help="The folder that `ledgerloop backup` made.")]


def backup(folder: To = None, config: Config = FILE, sandbox: OnSandbox = False) -> None:
    """Copy the database into a folder, also while the service runs, and check that the copy opens.

    The key is not among it: keep that elsewhere.
    """
    with opened(config, sandbox) as built:
        now = built.now()
        to = folder or Path(f"ledgerloop-backup-{now:%Y%m%dT%H%M%SZ}")
        backups.save(built.database.url, engine_file_of(built.database.url), to, now)
        _check(to, Path(built.settings.service.key_file))
        if not epoch.doubt(built.database, built.witness):
            # From here on the copy is an earlier state, and is known for one when it is put back.
            with instead(built.parts()):
                epoch.raise_count()
    say(f"Backed up to {to}; it opens, and the key fits.")
    say(f"The key, {built.settings.service.key_file}, is not in it: keep a copy of it elsewhere.")


def restore(folder: From, config: Config = FILE, sandbox: OnSandbox = False, yes: Yes = False) -> None:
    """Put a backup in the place of the database, and keep what is there aside. The service must not run.

    At its next start the service reads the books before it makes anything.
    """
    settings = choose(config, sandbox)
    url, key = make_url(settings.service.database), Path(settings.service.key_file)
    _check(folder, key)
    refuse_in_use(url)
    for lack in backups.lacks(folder):
        say(lack, err=True)
    made = backups.made_at(folder)
    when = f" of {made:%Y-%m-%d %H:%M} UTC" if made else ""
    ask(f"Put the backup{when} in the place of {url.render_as_string()}?", yes)
    refuse_in_use(url)
    kept = backups.put_back(url, engine_file_of(url), folder, datetime.now(UTC))
    witness = witness_of(url, key)
    before = witness.read()
    if before is not None:
        witness.keep(before.count + 1)
    _forget_services(url)
    for one in kept:
        say(f"Kept    {one}, which was there before")
    say("Restored. Start the service: it reads the books before it makes anything.")


def _check(folder: Path, key: Path) -> None:
    """Raise an error where a backup does not open, or the key does not open what is sealed in it."""
    checked = backups.check(folder)
    sealed = Sealed(_Held(checked.secrets), key)
    for name in checked.secrets:
        sealed.load(name)


def _forget_services(url: URL) -> None:
    """Forget the services that ran when the backup was made: nobody killed them since."""
    database = Database(url.render_as_string(hide_password=False))
    try:
        with database.transaction() as tx:
            pulses.forget_silent(tx, datetime.max.replace(tzinfo=UTC))
    finally:
        database.close()


def refuse_in_use(url: URL) -> None:
    """Raise where anybody works on the database."""
    if backups.in_use(url):
        raise LedgerloopError("The service runs, or a command does: stop it first.")


class _Held:
    """Hold the secrets of a backup, to see whether they open."""

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        self._secrets = secrets

    def load(self, name: str) -> bytes | None:
        """Return the sealed bytes."""
        return self._secrets.get(name)

    def save(self, name: str, sealed: bytes) -> None:
        """Refuse: a backup stays as it was made."""
        raise LedgerloopError(f"A backup is not written to: {name}.")

    def replace(self, name: str, before: bytes, after: bytes | None) -> bool:
        """Refuse: a backup stays as it was made."""
        raise LedgerloopError(f"A backup is not written to: {name}.")
