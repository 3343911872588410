"""Keep the secrets that the settings name, sealed; and list which of them are kept. Shows none of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from ledgerloop.cli.opening import FILE, Config, OnSandbox, choose, strongroom
from ledgerloop.cli.show import Json, print_json, print_table, say
from ledgerloop.errors import LedgerloopError, Locked, SettingsError, StoreAway
from ledgerloop.secrets.elsewhere import LANDED
from ledgerloop.secrets.lookup import Lookup
from ledgerloop.secrets.references import kept_name, store_of
from ledgerloop.secrets.sealed import Resealed, reseal
from ledgerloop.settings import Settings, load, logins, references
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import DatabaseCells

app = typer.Typer(help="Keep the secrets that the settings name, sealed.", no_args_is_help=True)

Forget = Annotated[
    bool, typer.Option("--forget", help="Forget those secrets that no key opens, because the key is lost for good.")
]
Name = Annotated[str, typer.Argument(help="The name that the settings use, without `secret:`.")]


@app.command("set")
def set_secret(name: Name, config: Config = FILE) -> None:
    """Ask for a secret, or read it from standard input, and keep it sealed."""
    with strongroom(config) as (settings, _, stores):
        known = named(settings)
        if name not in known:
            near = get_close_matches(name, known, 1)
            meant = f" Did you mean `{near[0]}`?" if near else ""
            raise LedgerloopError(
                f"No setting refers to `secret:{name}`.{meant} There are {', '.join(known) or 'none'}."
            )
        given = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
        text = str(given).strip()
        if not text:
            raise LedgerloopError("The secret is empty, so nothing was kept.")
        # What lets us into a store elsewhere stays here.
        shelf = stores.own if known[name] in logins(settings) else stores.shelf
        with shelf.lock(name):
            shelf.save(name, text)
        waits = stores.elsewhere is not None and name in stores.elsewhere.waiting()
    if waits:
        say(
            f"`{name}` is kept here, sealed: {settings.secrets.store} does not take it now. The service brings it over."
        )
        return
    where = "sealed" if shelf is stores.own or stores.elsewhere is None else f"in {settings.secrets.store}"
    say(f"`{name}` is kept, {where}. A service that runs takes it up within seconds.")


@app.command("list")
def list_secrets(config: Config = FILE, as_json: Json = False) -> None:
    """List the secrets that the settings name, and whether each is kept, or can be read where it is.

    Exit status 1 where that is not known of all, as while a secret store is away.
    """
    with strongroom(config) as (settings, _, stores):
        lookups = [(references(settings), stores.lookup), (logins(settings), Lookup(stores.own, settings.file))]
        rows = [
            (kept_name(reference) or reference, key, *_there(lookup, reference, key))
            for some, lookup in lookups
            for key, reference in some.items()
        ]
    if as_json:
        print_json([{"name": name, "setting": key, "kept": kept} for name, key, kept, _ in rows])
    else:
        said = {True: "yes", False: "no", None: "not known"}
        print_table("Secrets", ("Name", "Setting", "Kept"), [(name, key, said[kept]) for name, key, kept, _ in rows])
    unknown = dict.fromkeys(why for *_, why in rows if why)
    for why in unknown:
        say(why, err=True)
    if unknown:
        raise typer.Exit(1)


@app.command("move")
def move_secrets(
    to: Annotated[str, typer.Option("--to", help='Where to: "local", or a store as `secrets.store` names it.')],
    config: Config = FILE,
) -> None:
    """Move the secrets and tokens that are kept to another store, and say what to write in the settings.

    The service must not run. Each secret is read back before it is forgotten where it was.
    """
    from ledgerloop.cli.backup import refuse_in_use  # what it brings takes longer than the others need
    from ledgerloop.secret_stores import move
    from ledgerloop.setup.connect import GRANT

    settings = load(config)
    try:
        store_of(to)
    except ValueError as error:
        raise LedgerloopError(f"--to: {error}") from None
    refuse_in_use(make_url(settings.service.database))
    Database(settings.service.database, make=False).close()
    with closing(Database(settings.service.database)) as database:
        database.check()
        stay = {kept_name(reference) for reference in logins(settings).values()}
        moved = move(settings, database, to, [*(set(named(settings)) - stay), GRANT])
    for name in moved:
        say(f"Moved   {_called(name)}")
    say(f'The secrets are in "{to}" now.')
    if settings.secrets.store != to:
        say(f'Write store = "{to}" under [secrets] in {settings.file}; until then nothing that needs them starts.')


@app.command("reseal")
def reseal_secrets(config: Config = FILE, sandbox: OnSandbox = False, forget: Forget = False) -> None:
    """Seal every secret with the first key of the key file, and say whether the other lines may go.

    The service may run meanwhile.
    """
    with sealing(config, sandbox) as (settings, database):
        done = reseal(DatabaseCells(database), Path(settings.service.key_file), forget=forget)
    tell_resealed(done, settings, forget)


@contextmanager
def sealing(config: Path, sandbox: bool) -> Iterator[tuple[Settings, Database]]:
    """Open the database alone, for one at a time who seals its secrets anew."""
    settings = choose(config, sandbox)
    Database(settings.service.database, make=False).close()
    with closing(Database(settings.service.database)) as database:
        database.check()
        with database.lock("sealing key"):
            yield settings, database


def tell_resealed(done: Resealed, settings: Settings, forgotten: bool = False) -> None:
    """Say what became of each secret, and whether the other lines of the key file may go."""
    and_went = ", and was forgotten" if forgotten else ""
    for name in done.locked:
        say(f"✗ `{name}` is opened by no key there{and_went}: {cure_of(name, settings)}")
    kept = len(done.anew) + len(done.already)
    say(f"Sealed with the first key of {settings.service.key_file}: {kept}, of which {len(done.anew)} anew.")
    if done.locked and not forgotten:
        raise LedgerloopError(
            "Keep every line of the key file, and bring back the one that is missing. Where it is lost for good, run"
            " `ledgerloop secret reseal --forget`."
        )
    if done.keys > 1:
        say("The other lines may go. Backups that were made before need them: keep a copy with those.")


def cure_of(name: str, settings: Settings) -> str:
    """Say how a secret is made anew whose key is lost."""
    from ledgerloop.setup.connect import GRANT  # with what it brings, it takes longer than the others need

    if name in named(settings):
        return f"`ledgerloop secret set {name}` saves it anew."
    if name.removeprefix(LANDED) == GRANT:
        return "connect Xero again, in the console or with `ledgerloop connect xero`."
    return "a new one is made by itself; who was erased in HubSpot before is not known any more."


def named(settings: Settings) -> dict[str, str]:
    """Return the names of the secrets that are kept here, each with the setting that refers to it."""
    refer = references(settings) | logins(settings)
    return {name: key for key, reference in refer.items() if (name := kept_name(reference))}


def _called(name: str) -> str:
    from ledgerloop.setup.connect import GRANT

    return "the tokens that Xero gave" if name == GRANT else f"`{name}`"


def _there(lookup: Lookup, reference: str, key: str) -> tuple[bool | None, str]:
    """Tell whether there is a secret; None, and why, where nobody can know or there is one that cannot be had."""
    try:
        lookup.read(reference, key)
    except (Locked, StoreAway) as problem:
        return None, problem.sentence
    except SettingsError:
        return False, ""
    return True, ""
