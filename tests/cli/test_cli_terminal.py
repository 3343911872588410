"""Every command, installed and run on a pseudo-terminal of 80 columns, and on one of 200: bars, questions, tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from on_terminal import CTRL_C, Hidden, Typed, typed

from free_ports import free_port
from ledgerloop import settings as settings_
from ledgerloop.bootstrap import build
from ledgerloop.cli.reference import reference_text
from ledgerloop.cli.stage import PATIENCE, Stage, connect_hubspot, connect_xero, furnish, log_in, open_browser
from ledgerloop.store import lanes
from ledgerloop.web.app import create_app
from ledgerloop.web.server import listening
from ledgerloop.web.server import running as serving
from ledgerloop_sandbox.server import Sandbox, running

WIDTHS = (80, 200)
PASSWORD = "a long enough password"


@dataclass(frozen=True)
class Connected:
    """Both vendors, and a place that has been connected to them by a service that has stopped."""

    sandbox: Sandbox
    directory: Path


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connected]:
    """Connect a place to both vendors once, with the ledger read and nothing written."""
    directory = tmp_path_factory.mktemp("connected")
    sock = listening("127.0.0.1", 0, "ledgerloop.toml")
    address = f"http://127.0.0.1:{sock.getsockname()[1]}"
    with running(service_url=address) as sandbox:
        password = furnish(directory, sandbox, address, {"standing": {"show": "customers"}})
        built = build(settings_.load(directory / "ledgerloop.toml"))
        with (
            serving(create_app(built), sock),
            open_browser(address) as browser,
            httpx2.Client(timeout=PATIENCE, verify=False) as control,
        ):
            on = Stage(sandbox.xero_url, sandbox.hubspot_url, address, password, built, browser, control)
            log_in(on)
            connect_xero(on, "Kiwi Demo Ltd")
            connect_hubspot(on)

            def filled() -> bool | None:
                read = any(call["path"].endswith("/Overpayments") for call in on.calls()["xero"])
                with built.database.reading() as tx:
                    busy = [one for one in lanes.all_lanes(tx) if one.wanted or one.begun_at]
                return (read and not busy) or None

            on.until("the ledger is read", filled)
        yield Connected(sandbox, directory)


@pytest.fixture
def directory(connected: Connected, tmp_path: Path) -> Path:
    """Give a copy of the connected place."""
    return Path(shutil.copytree(connected.directory, tmp_path / "place"))


def _ended(ended: Typed, status: int, columns: int, *said: str) -> None:
    assert status == ended.returncode, ended.text
    assert "Traceback" not in ended.text
    for words in said:
        assert words in ended.text, ended.text


SHOWN = {
    "status": (0, "Connections"),
    "holds": (0, "Needs a person"),
    "links": (0, "Links"),
    "events": (0, "Events"),
    "journal": (0, "Journal"),
    "secret list": (0, "xero_client_secret"),
    "doctor": (0, "✓ Xero answers for Kiwi Demo Ltd."),
    "plan": (0, "Nothing was written."),
    "adopt": (0, "Nothing was written."),
    "approve": (0, "Nothing waits."),
    "retry --all": (0, "No deal is held."),
    "retry": (1, "Say which"),
    "link": (1, "Say which"),
    "unlink": (1, "Say which"),
    "provision": (0, "All properties are there."),
    "lists": (0, "Xero: overdue"),
    "connect hubspot": (0, "Connected: HubSpot"),
    "connect choose Nobody": (1, "There is no one organisation “Nobody”."),
    "connect answer": (1, "No organisation waits to be told what it is for."),
    "connect hide Nobody": (1, "There is no one organisation “Nobody” here."),
    "connect show Nobody": (1, "There is no connected organisation whose customers are not shown."),
    "secret reseal": (0, "Sealed with the first key of"),
    "keys rotate": (0, "The other lines may go."),
    "connect xero": (0, "/identity/connect/authorize"),
    "backup": (0, "Backed up to"),
    "docs": (0, "Pages"),
    "docs matching": (0, "# Matching"),
}


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("words", SHOWN)
def test_commands_that_end_by_themselves(directory: Path, words: str, columns: int) -> None:
    """A command on a terminal ends with its status and says what it has to say."""
    status, said = SHOWN[words]

    # What is loaded is the same on every terminal: once from a cold start is enough.
    ended = typed(directory, columns, *words.split(), warm=columns != WIDTHS[0])

    _ended(ended, status, columns, said)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_backup_is_put_back(directory: Path, columns: int) -> None:
    """What was copied is put back, with what it replaces kept aside."""
    _ended(typed(directory, columns, "backup", "copy", warm=True), 0, columns, "Backed up to")

    _ended(typed(directory, columns, "restore", "copy", "--yes", warm=columns != WIDTHS[0]), 0, columns, "Restored.")


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize(("vendor", "name"), [("xero", "Kiwi Demo Ltd"), ("hubspot", "HubSpot 62515")])
def test_disconnecting_asks(directory: Path, vendor: str, name: str, columns: int) -> None:
    """What ends is said first, and whoever says no keeps the connection."""
    ended = typed(directory, columns, "disconnect", vendor, answers=[("[y/N]", "n\n")], warm=columns != WIDTHS[0])

    _ended(ended, 1, columns, f"of {name} ends", f"Disconnect {name}?", "Aborted")
    assert "disconnected" not in typed(directory, columns, "status", warm=True).text


@pytest.mark.parametrize("columns", WIDTHS)
def test_backfill_draws_its_bar(directory: Path, columns: int) -> None:
    """Without a service the backfill asks, does the work itself, draws how far it is, and says what it did."""
    ended = typed(
        directory, columns, "backfill", answers=[("Write this to HubSpot?", "y\n")], warm=columns != WIDTHS[0]
    )

    _ended(ended, 0, columns, "Planning", "Writing", "records made", "left: xero", "Done: 3 customers")


def _twice(password: str) -> list[tuple[str, str]]:
    return [("generated)", Hidden(f"{password}\n")), ("epeat", Hidden(f"{password}\n"))]


@pytest.mark.parametrize("columns", WIDTHS)
def test_questions_are_asked_on_a_terminal(tmp_path: Path, columns: int) -> None:
    """Passwords and secrets are asked for, and what is typed is not shown."""
    warm = columns != WIDTHS[0]
    made = typed(tmp_path, columns, "init", answers=_twice(PASSWORD), warm=warm)
    token = [("hubspot_token", Hidden("pat-na1-typed\n"))]
    kept = typed(tmp_path, columns, "secret", "set", "hubspot_token", answers=token, warm=warm)
    changed = typed(tmp_path, columns, "password", answers=_twice(f"another, {PASSWORD}"), warm=warm)

    _ended(made, 0, columns, "The console's password is set.")
    _ended(kept, 0, columns, "`hubspot_token` is kept, sealed.")
    _ended(changed, 0, columns, "The console's password is set.")
    assert PASSWORD not in made.text + changed.text
    assert "pat-na1-typed" not in kept.text


@pytest.mark.parametrize("columns", WIDTHS)
def test_what_runs_until_ctrl_c(directory: Path, connected: Connected, columns: int) -> None:
    """The service and the sandbox run until Ctrl-C, and end well; so does the demo that is left running."""
    port, warm = str(free_port()), columns != WIDTHS[0]
    served = typed(directory, columns, "serve", "--port", port, answers=[("Stop it with Ctrl+C.", CTRL_C)], warm=warm)
    ports = ("--xero-port", "0", "--hubspot-port", "0")
    tried = typed(directory, columns, "sandbox", *ports, answers=[("Stop with Ctrl+C.", CTRL_C)], warm=warm)
    told = typed(directory, columns, "demo", "--keep", answers=[("until Ctrl-C.", CTRL_C)], warm=warm)

    _ended(served, 0, columns, "Ledgerloop has stopped.")
    _ended(tried, 0, columns, "Ledgerloop is expected at")
    _ended(told, 0, columns, "As told, in")


@pytest.mark.parametrize("columns", WIDTHS)
def test_help_fits(tmp_path: Path, columns: int) -> None:
    """The help of the whole names every command and is no wider than the terminal."""
    ended = typed(tmp_path, columns, "--help")

    _ended(ended, 0, columns, "backfill", "Show every customer's standing")
    assert max(map(len, ended.text.splitlines())) <= columns


def test_every_command_is_run() -> None:
    """No command is left out of the tests above."""
    every = {line.removeprefix("## ledgerloop ") for line in reference_text().splitlines() if line.startswith("## ")}
    elsewhere = {
        "disconnect xero",
        "disconnect hubspot",
        "backfill",
        "restore",
        "init",
        "secret set",
        "secret move",
        "password",
        "serve",
        "sandbox",
        "demo",
    }
    elsewhere |= {"hubspot-app"}

    assert every == {
        *elsewhere,
        *(words.partition(" --")[0].removesuffix(" matching").removesuffix(" Nobody") for words in SHOWN),
    }
