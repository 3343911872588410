"""Run the service: web and worker in one process, until SIGINT or SIGTERM."""

from __future__ import annotations

from typing import Annotated

import typer

from ledgerloop import log
from ledgerloop.cli.opening import FILE, Config, HubSpotUrl, OnSandbox, XeroUrl, choose
from ledgerloop.settings import check_complete
from ledgerloop.web import server
from ledgerloop.web.app import create_app
from ledgerloop.wiring import build

Host = Annotated[str, typer.Option("--host", help="The address to listen on, instead of the one in the settings.")]
Worker = Annotated[
    str, typer.Option("--worker", help="The name of this process among those that share a PostgreSQL database.")
]
Port = Annotated[int, typer.Option("--port", help="The port to listen on, instead of the one in the settings.")]


def serve(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    host: Host = "",
    port: Port = 0,
    worker: Worker = "one",
) -> None:
    """Run the service: webhooks, console and worker in one process. Stop it with Ctrl+C or SIGTERM."""
    settings = choose(config, sandbox, xero_url, hubspot_url)
    check_complete(settings)
    asked = ({"host": host} if host else {}) | ({"port": port} if port else {})
    settings = settings.model_copy(update={"service": settings.service.model_copy(update=asked)})
    log.configure(settings.service.log_level, settings.service.log_format)
    # The socket first: a port that is taken shall stop the start before anything else has begun.
    sock = server.listening(settings.service.host, settings.service.port, str(settings.file))
    app = create_app(build(settings, worker=worker))
    typer.echo(f"Ledgerloop is at {settings.service.address}. Stop it with Ctrl+C.", err=True)
    server.serve(app, sock)
    typer.echo("Ledgerloop has stopped.", err=True)
