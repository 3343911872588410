"""A new sealing key while the service runs, by real processes: as operate.md says it, and as it may go wrong."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from cli_process import begun, run
from cryptography.fernet import Fernet
from operated import Place, until

from ledgerloop.secrets.sealed import Sealed, locked
from ledgerloop.settings import load
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import DatabaseCells

MANY = 400
"""Secrets enough for a kill among them."""


def test_a_new_sealing_key_as_documented(served: Place) -> None:
    """New line first, a secret saved anew, all resealed, the old line away: nothing is refused at any step."""
    file = served.folder / "ledgerloop.key"
    old, new = file.read_text(), Fernet.generate_key().decode()
    answers = []
    with served.serving():
        served.connect()
        answers.append(served.from_xero())

        file.write_text(f"{new}\n{old}")
        served.command("secret", "set", "hubspot_client_secret", given="another")
        until(lambda: 200 == served.from_hubspot("another"))  # the secret is taken up within seconds
        answers.append(served.from_xero())
        resealed = served.command("secret", "reseal").stdout
        file.write_text(f"{new}\n")
        again = served.command("secret", "reseal").stdout
        answers += [served.from_xero(), served.from_hubspot("another")]
        well = served.health()
    with served.serving():
        answers += [served.from_xero(), served.from_hubspot("another")]

    assert [200] * 6 == answers
    assert (200, []) == (well["code"], well["unopened"])
    assert "The other lines may go." in resealed
    assert ("of which 0 anew" in again, "may go" in again) == (True, False)


def test_what_cannot_be_opened_is_never_called_wrongly_signed(served: Place) -> None:
    """Sealed with a key that the service cannot read, webhooks get 503 and health says why, until the key is back."""
    file = served.folder / "ledgerloop.key"
    old, new = file.read_text(), Fernet.generate_key().decode()
    with served.serving():
        assert 200 == served.from_xero()
        file.write_text(f"{new}\n{old}")
        served.command("secret", "set", "xero_webhook_key", given="another")
        file.write_text(old)
        seen = []
        until(lambda: seen.append(served.from_xero("another")) or seen[-1] == 503)
        failing = served.health()
        file.write_text(f"{new}\n{old}")
        until(lambda: seen.append(served.from_xero("another")) or seen[-1] == 200)
        well = served.health()

    assert {503, 200} == set(seen[seen.index(503) :])
    assert (503, "failing", ["xero_webhook_key"]) == (failing["code"], failing["status"], failing["unopened"])
    assert any("xero_webhook_key" in one for one in failing["problems"])
    assert (200, []) == (well["code"], well["unopened"])


def test_a_key_that_is_lost_for_good(served: Place) -> None:
    """Reseal says what no key opens and keeps it; with --forget it goes, and each sentence says what brings it back."""
    file = served.folder / "ledgerloop.key"
    file.write_text(Fernet.generate_key().decode())

    kept = run(served.folder, "secret", "reseal")
    forgotten = served.command("secret", "reseal", "--forget")
    for name in ("xero_client_secret", "xero_webhook_key", "hubspot_token", "hubspot_client_secret"):
        assert f"✗ `{name}` is opened by no key there: `ledgerloop secret set {name}` saves it anew." in kept.stdout
        assert f"`ledgerloop secret set {name}` saves it anew." in forgotten.stdout
        served.command("secret", "set", name, given="new")

    assert (1, True) == (kept.returncode, "Keep every line of the key file" in kept.stderr)
    assert "may go" not in kept.stdout
    assert "of which 0 anew" in served.command("secret", "reseal").stdout


def test_rotating_with_one_command(served: Place) -> None:
    """While the service runs and keeps tokens, one command does it all; the old line goes, and nothing is refused."""
    file = served.folder / "ledgerloop.key"
    old, answers = file.read_text(), []
    with served.serving():
        served.connect()
        answers.append(served.from_xero())
        said = served.command("keys", "rotate").stdout
        answers.append(served.from_xero())
        lines = file.read_text().splitlines(keepends=True)
        file.write_text(lines[0])
        served.command("secret", "set", "hubspot_client_secret", given="another")
        until(lambda: 200 == served.from_hubspot("another"))
        well = served.health()
    with served.serving():
        answers += [served.from_xero(), served.from_hubspot("another")]

    assert ([200] * 4, old) == (answers, "".join(lines[1:]))
    assert (200, []) == (well["code"], well["unopened"])
    assert f"A new key is the first line of {file}." in said
    assert "The other lines may go." in said
    assert "Copy the file" not in said, "this machine alone has it"


@pytest.mark.parametrize("where", ["before anything is resealed", "among the secrets"])
def test_rotating_is_killed(served: Place, where: str) -> None:
    """SIGKILL in the middle leaves every secret to be opened; the next one goes on with the key that was made."""
    file = served.folder / "ledgerloop.key"
    first = file.read_text().split()
    with closing(Database(load(served.folder / "ledgerloop.toml").service.database)) as database, served.serving():
        cells = DatabaseCells(database)
        some = Sealed(cells, file)
        for number in range(MANY):
            some.save(f"secret-{number}", str(number))
        with database.transaction(), begun(served.folder, "keys", "rotate") as killed:
            until(lambda: len(file.read_text().split()) == 2)  # what it reseals waits for this transaction
            killed.kill()
            killed.wait()
        lines = file.read_text().split()
        if where == "among the secrets":
            with begun(served.folder, "keys", "rotate") as killed:
                until(lambda: _open(cells, file, lines[0]))
                killed.kill()
                killed.wait()
        opened = _open(cells, file, lines[0])

        assert [] == locked(cells, file)
        assert 200 == served.from_xero()
        again = served.command("keys", "rotate").stdout
        assert (lines, lines[1:]) == (file.read_text().split(), first), "no third key"
        file.write_text(lines[0])
        assert [] == locked(cells, file)
        assert (200, []) == (served.from_xero(), served.health()["unopened"])

    assert 0 == opened if where == "before anything is resealed" else 0 < opened < MANY
    assert "is a new key already" in again
    assert "The other lines may go." in again


def _open(cells: DatabaseCells, file: Path, key: str) -> int:
    """Count the secrets that a key opens alone."""
    alone = file.with_name("alone.key")
    alone.touch(0o600)
    alone.write_text(key)
    return len(cells.all()) - len(locked(cells, alone))
