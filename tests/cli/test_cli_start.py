"""What a command loads and makes before it does its work: no more than it needs, and nothing where it only looks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_process import run

from free_ports import free_port
from ledgerloop.cli.commands import COMMANDS, loaded
from ledgerloop.settings import load
from ledgerloop.store.db import Database

HEAVY = {
    "alembic",
    "argon2",
    "authlib",
    "dbos",
    "httpx2",
    "jinja2",
    "ledgerloop.cli.stage",
    "ledgerloop.engine.dispatcher",
    "ledgerloop.hubspot.client",
    "ledgerloop.bootstrap",
    "ledgerloop_sandbox.server",
    "sqlalchemy.orm",
    "starlette",
    "uvicorn",
}
LOOKING = ("status", "holds", "events", "journal")


def _loads(directory: Path, *words: str) -> set[str]:
    command = [sys.executable, "-X", "importtime", "-m", "ledgerloop", *words]
    ended = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=120)
    assert 0 == ended.returncode, ended.stderr
    return set(re.findall(r"\| +(\S+)$", ended.stderr, re.MULTILINE))


def test_help_loads_next_to_nothing(tmp_path: Path) -> None:
    """The help is there before the database, the settings or the log are loaded."""
    assert set() == _loads(tmp_path, "--help") & {*HEAVY, "pydantic", "sqlalchemy", "structlog"}


@pytest.mark.parametrize("words", LOOKING)
def test_looking_loads_the_database_alone(place: Path, words: str) -> None:
    """A command that only looks loads no engine, no ORM, no web, no vendor and no sandbox."""
    assert set() == _loads(place, words) & HEAVY


def test_who_asks_for_no_token_loads_no_oauth(place: Path) -> None:
    """What asks for tokens is loaded by whoever asks for one, though the service is put together of all its parts."""
    assert "authlib" not in _loads(place, "secret", "list")


def test_help_says_what_commands_say() -> None:
    """The sentences of the help are the commands' own."""
    said = {name: str(loaded(name).help).replace("\n", " ").split(". ")[0].rstrip(".") + "." for name in COMMANDS}

    assert said == {name: sentence for name, (_, sentence) in COMMANDS.items()}


def test_version(tmp_path: Path) -> None:
    """The version is told without anything being there."""
    ended = run(tmp_path, "--version")

    assert (0, "") == (ended.returncode, ended.stderr)
    assert re.fullmatch(r"ledgerloop \d+\.\d+\.\d+\n", ended.stdout)


@pytest.mark.parametrize(("words", "completed"), [("ledgerloop st", "status"), ("ledgerloop backfill --y", "--yes")])
def test_completion(tmp_path: Path, words: str, completed: str) -> None:
    """A shell completes commands, and the options of the one that is meant."""
    asked = {"_LEDGERLOOP_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    installed = Path(sys.executable).with_name("ledgerloop")

    ended = subprocess.run(
        [str(installed)], cwd=tmp_path, env=os.environ | asked, capture_output=True, text=True, timeout=120
    )

    assert [completed] == ended.stdout.split(), ended.stderr


@pytest.mark.parametrize("words", [*LOOKING, "links", "doctor", "plan", "secret list", "serve", "status --sandbox"])
def test_a_database_that_is_not_there(place: Path, words: str) -> None:
    """A database that is gone is told in a sentence; none is made in its place, which would look as if all was well."""
    for file in place.glob("ledgerloop.sqlite3*"):
        file.unlink()
    settings = place / "ledgerloop.toml"
    written = settings.read_text().replace('client_id = ""', 'client_id = "an app"')
    settings.write_text(written.replace("# port = 8080", f"port = {free_port()}"))  # the usual one may be taken
    before = sorted(place.iterdir())

    ended = run(place, *words.split())

    assert (2, "") == (ended.returncode, ended.stdout)
    assert "is not there" in ended.stderr
    assert "ledgerloop init" in ended.stderr
    assert 1 == len(ended.stderr.splitlines())
    assert before == sorted(place.iterdir())


@pytest.mark.parametrize(
    ("version", "said"),
    [("0001", "bring it up to date"), ("9999", "a newer Ledgerloop made this database")],
)
def test_looking_changes_no_database(place: Path, version: str, said: str) -> None:
    """A database of another release is told in a sentence, and left as it is."""
    database = Database(load(place / "ledgerloop.toml").service.database)
    with database.transaction() as tx:
        tx.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
    database.close()

    ended = run(place, "status")

    assert 2 == ended.returncode
    assert said in ended.stderr
    database = Database(load(place / "ledgerloop.toml").service.database)
    with database.reading() as tx:
        assert version == tx.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    database.close()
