"""Write the project files of HubSpot's app, with this service's address, for HubSpot's own command line to upload."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledgerloop import settings as reading
from ledgerloop.cli.opening import FILE, Config
from ledgerloop.cli.show import say
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.app_project import project

Folder = Annotated[Path, typer.Argument(help="The folder to make.")]


def hubspot_app(folder: Folder = Path("hubspot-app"), config: Config = FILE) -> None:
    """Write the project files of a HubSpot app with the scopes and subscriptions that are wanted, to be uploaded.

    The folder must not be there yet. Its webhooks go to service.public_url.
    """
    settings = reading.load(config)
    address = settings.service.address
    if not address.startswith("https://"):
        raise LedgerloopError(
            f"HubSpot sends webhooks to https addresses only, and {address} is none: write service.public_url first."
        )
    to_xero = bool(settings.fields.to_xero)
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise LedgerloopError(f"{folder} is there already. Name another folder, or take it away first.") from None
    for name, text in project(address, customers=True, to_xero=to_xero).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    say(f"Written to {folder}. Run `hs project upload` there, install the app, and take the token from its page.")
