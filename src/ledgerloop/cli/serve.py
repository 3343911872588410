"""Run the service: web and worker in one process, until SIGINT or SIGTERM."""

from __future__ import annotations

from typing import Annotated

import typer

from ledgerloop import log
from ledgerloop.bootstrap import build
from ledgerloop.cli.init import prepare
from ledgerloop.cli.opening import FILE, Config, HubSpotUrl, OnSandbox, XeroUrl, choose
from ledgerloop.cli.password import generate_password
from ledgerloop.cli.show import say
from ledgerloop.errors import SettingsError
from ledgerloop.settings import check_complete
from ledgerloop.store.db import Database
from ledgerloop.web import server
from ledgerloop.web.app import create_app

Host = Annotated[str, typer.Option("--host", help="The address to listen on, instead of the one in the settings.")]
Worker = Annotated[
    str, typer.Option("--worker", help="The name of this process among those that share a PostgreSQL database.")
]
Port = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="The port to listen on, instead of the one in the settings."),
]


def serve(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    host: Host = "",
    port: Port = None,
    worker: Worker = "one",
) -> None:
    """Run the service: webhooks, console and worker in one process. Stop it with Ctrl+C or SIGTERM.

    With --sandbox it makes first what `ledgerloop init` makes, where there are no settings.
    """
    if (sandbox or xero_url or hubspot_url) and not config.exists():
        prepare(config, generate_password)
    settings = choose(config, sandbox, xero_url, hubspot_url)
    check_complete(settings)
    asked = ({"host": host} if host else {}) | ({"port": port} if port else {})
    settings = settings.model_copy(update={"service": settings.service.model_copy(update=asked)})
    log.configure(settings.service.log_level, settings.service.log_format)
    # The socket first: a port that is taken shall stop the start before anything else has begun.
    try:
        sock = server.listening(settings.service.host, settings.service.port, str(settings.file))
    except SettingsError as taken:
        raise (SettingsError("--port", "the command line", taken.cure) if port else taken) from None
    with server.stoppable() as signals:
        Database(settings.service.database, make=False).close()
        built = build(settings, worker=worker)
        # Before the web server, which would tell what stops the start with a traceback.
        built.start()
        say(f"Ledgerloop is at {settings.service.address}. Stop it with Ctrl+C.", err=True)
        server.serve(create_app(built, started=True, looking_over=True), sock, signals)
    say("Ledgerloop has stopped.", err=True)
