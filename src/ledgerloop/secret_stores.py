"""Put together where secrets are: sealed here, in the store that the settings choose, or where references say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ledgerloop.clock import Clock
from ledgerloop.errors import LedgerloopError, Locked, SettingsError
from ledgerloop.log import logger
from ledgerloop.secrets.aws import AwsStore, SecretsManager
from ledgerloop.secrets.chosen import LOCAL, Chosen
from ledgerloop.secrets.elsewhere import Elsewhere
from ledgerloop.secrets.keeper import Keeper
from ledgerloop.secrets.keyed import HASH_KEY
from ledgerloop.secrets.lookup import Lookup
from ledgerloop.secrets.references import REMOTE, kept_name, parse, store_of
from ledgerloop.secrets.sealed import Sealed
from ledgerloop.secrets.shelf import SESSION_KEY, Shelf
from ledgerloop.secrets.stores import Told
from ledgerloop.secrets.vault import Entry, Vault, VaultStore
from ledgerloop.settings import Settings, logins, references
from ledgerloop.store import single_values
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import DatabaseCells

_OWN = (SESSION_KEY, HASH_KEY)
"""What the service makes for itself and what belongs with the database: it stays here, sealed, whatever is chosen."""


@dataclass(frozen=True)
class SecretStores:
    """Where secrets are."""

    cells: DatabaseCells
    here: Sealed
    elsewhere: Elsewhere | None
    """The chosen store, where it is not the one here."""
    secrets: Chosen
    """The chosen store."""
    shelf: Shelf
    """The chosen store, with a lock for each secret."""
    own: Shelf
    """The sealed store here, for what stays here."""
    lookup: Lookup
    keeper: Keeper


def open_stores(settings: Settings, database: Database, grant: str, clock: Clock = Clock()) -> SecretStores:
    """Open them; nothing is asked of a store elsewhere before it is needed. ``grant`` names the vendor's tokens."""
    cells = DatabaseCells(database)
    here = Sealed(cells, Path(settings.service.key_file))
    far, place = _far(settings, here, clock), settings.secrets.store
    elsewhere = Elsewhere(_store(place, far, settings), here, cells) if place != LOCAL else None
    _adopt(settings, database, cells)
    secrets = Chosen(elsewhere or here, place, partial(_kept_in, database), str(settings.file))
    shelf = Shelf(secrets, database.lock)
    remembered = (*REMOTE, "secret") if elsewhere else REMOTE
    lookup = Lookup(secrets, settings.file, {"vault": far.vault.read, "aws-sm": far.aws.read}, remembered, clock)
    chores: list[Callable[[], None]] = [
        partial(_read_anew, lookup, key, one)
        for key, one in references(settings).items()
        if parse(one).kind in remembered
    ]
    if elsewhere:
        chores.append(partial(_bring_over, elsewhere, shelf, grant))
    if chores:
        chores.append(far.vault.renew)
    return SecretStores(
        cells, here, elsewhere, secrets, shelf, Shelf(here, database.lock), lookup, Keeper(chores, clock)
    )


def move(settings: Settings, database: Database, to: str, names: Iterable[str]) -> list[str]:
    """Move secrets to another store, and remember that they are there; return which there were.

    Each is read back before anything is forgotten, so an interrupted move is done by moving again. Raises StoreAway,
    with everything where it was.
    """
    cells = DatabaseCells(database)
    here = Sealed(cells, Path(settings.service.key_file))
    far, left = _far(settings, here, Clock()), _kept_in(database) or LOCAL
    if left == to:
        raise LedgerloopError(f'The secrets are in "{to}" already.')
    origin: Sealed | Elsewhere = here if left == LOCAL else Elsewhere(_store(left, far, settings), here, cells)
    target = None if to == LOCAL else _store(to, far, settings)
    with ExitStack() as locks:
        for name in sorted(names):
            locks.enter_context(database.lock(f"secret {name}"))
        found = {name: text for name in sorted(names) if (text := origin.load(name)) is not None}
        for name, text in found.items():
            _put(here, target, name, text)
        with database.transaction() as tx:
            single_values.put(tx, single_values.SECRETS_IN, to)
        for name, text in found.items():
            _forget(origin, name, text)
    return list(found)


def _put(here: Sealed, target: Told | None, name: str, text: str) -> None:
    """Keep a copy, and see that it is read as it was written."""
    if target is None:
        here.save(name, text)
        back = here.load(name)
    else:
        target.save(name, text, target.load(name).version)
        back = target.load(name).text
    if back != text:
        raise LedgerloopError(f"`{name}` is not read as it was written, so everything stays where it was.")


def _forget(origin: Sealed | Elsewhere, name: str, text: str) -> None:
    if isinstance(origin, Sealed):
        origin.replace(name, text, None)
        return
    try:
        origin.forget(name)
    except LedgerloopError as problem:
        logger.error("a copy is left where a secret was moved from", name=name, why=problem.sentence)


@dataclass(frozen=True)
class _Far:
    """What reads the stores that may be named; each is asked nothing, nor loaded, before it is needed."""

    vault: Vault
    aws: SecretsManager


def _far(settings: Settings, here: Sealed, clock: Clock) -> _Far:
    wanted, lookup = settings.vault, Lookup(here, settings.file)
    vault = Vault(
        Entry(
            address=wanted.address,
            file=str(settings.file),
            namespace=wanted.namespace,
            mount=wanted.mount,
            token=lambda: lookup.read(wanted.token, "vault.token"),
            role_id=wanted.role_id,
            secret_id=lambda: lookup.read(wanted.secret_id, "vault.secret_id"),
            auth_mount=wanted.auth_mount,
        ),
        clock,
    )
    return _Far(vault, SecretsManager("secrets.store", str(settings.file), clock))


def _store(place: str, far: _Far, settings: Settings) -> Told:
    kind, path = store_of(place)
    return Told(VaultStore(far.vault, path) if kind == "vault" else AwsStore(far.aws, path), str(settings.file))


def _read_anew(lookup: Lookup, key: str, reference: str) -> None:
    try:
        lookup.read(reference, key, anew=True)
    except Locked:
        raise
    except SettingsError:
        return  # the store answers: what is missing is told by who needs it


def _bring_over(elsewhere: Elsewhere, shelf: Shelf, grant: str) -> None:
    elsewhere.probe(grant)
    for name in elsewhere.waiting():
        with shelf.lock(name):
            elsewhere.bring(name)


def _kept_in(database: Database) -> str:
    with database.reading() as tx:
        return single_values.get(tx, single_values.SECRETS_IN) or ""


def _adopt(settings: Settings, database: Database, cells: DatabaseCells) -> None:
    """Remember the store of a new installation, which has nothing to move."""
    place = settings.secrets.store
    if place == LOCAL or _kept_in(database):
        return
    stay = {*_OWN, *(kept_name(reference) for reference in logins(settings).values())}
    if not set(cells.all()) - stay:
        with database.transaction() as tx:
            single_values.put(tx, single_values.SECRETS_IN, place)
