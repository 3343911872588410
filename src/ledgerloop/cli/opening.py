"""Open the service for a command: read the settings, point them at the sandbox if asked, and put the parts together.

Nothing is started, so commands may run beside the service. Commands that only look load no more than the database.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from ledgerloop import settings as reading
from ledgerloop.errors import Locked, Transient
from ledgerloop.settings import Settings
from ledgerloop.store.db import Database
from ledgerloop_sandbox import credentials

if TYPE_CHECKING:
    from ledgerloop.bootstrap import Ledgerloop
    from ledgerloop.secret_stores import SecretStores
    from ledgerloop.secrets.sealed import Sealed

FILE = Path("ledgerloop.toml")
SANDBOX_XERO = "http://127.0.0.1:9101"
SANDBOX_HUBSPOT = "http://127.0.0.1:9102"
_A_MOMENT = 2.0
"""Seconds that the sandbox has for taking a connection."""

Config = Annotated[Path, typer.Option("--config", "-c", help="The settings file.")]
OnSandbox = Annotated[bool, typer.Option("--sandbox", help="Work with the sandbox, and with a database of its own.")]
XeroUrl = Annotated[str, typer.Option("--xero-url", help="Where the sandbox's Xero half listens; implies --sandbox.")]
HubSpotUrl = Annotated[
    str, typer.Option("--hubspot-url", help="Where the sandbox's HubSpot half listens; implies --sandbox.")
]
ServicePort = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="The port of a service that was started with --port."),
]
OfOrganisation = Annotated[
    str, typer.Option("--organisation", help="The organisation's id or name, where several are connected.")
]
Customer = Annotated[str | None, typer.Option("--customer", help="Only this customer: its Xero id, email or name.")]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a command that only looks needs."""

    settings: Settings
    database: Database

    def now(self) -> datetime:
        """Return the moment."""
        return datetime.now(UTC)


@contextmanager
def looking(config: Path, sandbox: bool = False) -> Iterator[Looked]:
    """Open the database for a command that only looks. Nothing is made where there is none, and nothing is changed."""
    settings = reading.load(config)
    if sandbox:
        settings = reading.sandbox(settings, SANDBOX_XERO, SANDBOX_HUBSPOT, credentials.XERO_CLIENT_ID)
    database = Database(settings.service.database, make=False, look=True)
    try:
        database.check()
        yield Looked(settings, database)
    finally:
        database.close()


def choose(
    config: Path, sandbox: bool = False, xero_url: str = "", hubspot_url: str = "", port: int | None = None
) -> Settings:
    """Read the settings; for the sandbox, with its addresses, its published credentials and a database of its own."""
    settings = reading.load(config)
    if port:
        settings = settings.model_copy(update={"service": settings.service.model_copy(update={"port": port})})
    if not (sandbox or xero_url or hubspot_url):
        return settings
    trial = reading.sandbox(
        settings, xero_url or SANDBOX_XERO, hubspot_url or SANDBOX_HUBSPOT, credentials.XERO_CLIENT_ID
    )
    # The sandbox can reach this machine only, whatever address the real vendors use.
    trial = trial.model_copy(update={"service": trial.service.model_copy(update={"public_url": ""})})
    _furnish(trial, settings)
    return trial


@contextmanager
def opened(
    config: Path, sandbox: bool = False, xero_url: str = "", hubspot_url: str = "", port: int | None = None
) -> Iterator[Ledgerloop]:
    """Put the service together for one command, and close it afterwards.

    Where the sandbox does not listen, it may listen elsewhere, so the error names the options that say where.
    """
    from ledgerloop.bootstrap import build
    from ledgerloop.rules.vendor_messages import whole

    settings = choose(config, sandbox, xero_url, hubspot_url, port)
    Database(settings.service.database, make=False).close()
    built = build(settings)
    try:
        yield built
    except Transient as error:
        addresses = (settings.xero.api_url, settings.hubspot.api_url)
        if error.status is not None or not reading.on_sandbox(settings) or all(map(_listens, addresses)):
            raise
        cure = "Start the sandbox, or say where it listens with --xero-url and --hubspot-url."
        raise Transient(f"{whole(error.sentence)} {cure}") from error
    finally:
        built.vendors.close()
        built.database.close()


def _listens(address: str) -> bool:
    """Tell whether anything takes connections at an address."""
    parsed = urlsplit(address)
    try:
        socket.create_connection((parsed.hostname, parsed.port or 443), timeout=_A_MOMENT).close()
    except OSError:
        return False
    return True


@contextmanager
def strongroom(config: Path) -> Iterator[tuple[Settings, Database, SecretStores]]:
    """Open the database and the secrets alone, for when a secret keeps the rest from being put together."""
    from ledgerloop.secret_stores import open_stores
    from ledgerloop.setup.connect import GRANT

    settings = reading.load(config)
    Database(settings.service.database, make=False).close()
    with _database(settings) as database:
        yield settings, database, open_stores(settings, database, GRANT)


def _furnish(trial: Settings, settings: Settings) -> None:
    """Put the sandbox's credentials into its own database, and let the console keep its password there."""
    from ledgerloop.secrets.references import kept_name
    from ledgerloop.secrets.sealed import Sealed
    from ledgerloop.store import single_values
    from ledgerloop.store.sealed_secrets import DatabaseCells

    with _database(trial) as database, _database(settings) as real:
        secrets = Sealed(DatabaseCells(database), Path(trial.service.key_file))
        published = (
            credentials.XERO_CLIENT_SECRET,
            credentials.XERO_WEBHOOK_KEY,
            credentials.HUBSPOT_TOKEN,
            credentials.HUBSPOT_CLIENT_SECRET,
        )
        for reference, value in zip(reading.references(trial).values(), published, strict=True):
            name = kept_name(reference)
            if _known(secrets, name) != value:
                secrets.save(name, value)
        with real.reading() as tx:
            password = single_values.get(tx, single_values.PASSWORD)
        with database.reading() as tx:
            known = single_values.get(tx, single_values.PASSWORD)
        if password and password != known:
            with database.transaction() as tx:
                single_values.put(tx, single_values.PASSWORD, password)


def _known(secrets: Sealed, name: str) -> str | None:
    try:
        return secrets.load(name)
    except Locked:
        return None  # sealed with a key that has gone; it is kept anew


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.service.database)
    try:
        database.migrate()
        yield database
    finally:
        database.close()
