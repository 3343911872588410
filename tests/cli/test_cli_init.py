"""`ledgerloop init`, `secret` and `password`, as processes: what they make, keep, say, and never overwrite."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

from cli_process import run

from ledgerloop.secrets.sealed import Sealed, new_key_file
from ledgerloop.settings import load
from ledgerloop.store import single_values
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import DatabaseCells
from ledgerloop.web.passwords import right


def _hash(directory: Path) -> str | None:
    database = Database(load(directory / "ledgerloop.toml").service.database)
    with database.reading() as tx:
        kept = single_values.get(tx, single_values.PASSWORD)
    database.close()
    return kept


def test_init_makes_everything_once(tmp_path: Path) -> None:
    """Settings, a key that only its owner may read, a database, a password shown once; run again it changes nothing."""
    first = run(tmp_path, "init", "--directory", "new")
    new = tmp_path / "new"
    before = {path.name: path.read_bytes() for path in (new / "ledgerloop.toml", new / "ledgerloop.key")}
    password = _hash(new)
    second = run(tmp_path, "init", "--directory", "new")

    assert (0, 0) == (first.returncode, second.returncode), first.stderr + second.stderr
    shown = re.search(r"Console password: (\S+)", first.stdout)
    assert shown
    assert right(password, shown[1])
    assert 0o600 == stat.S_IMODE((new / "ledgerloop.key").stat().st_mode)
    assert 0o600 == stat.S_IMODE((new / "ledgerloop.sqlite3").stat().st_mode)
    assert shown[1] not in second.stdout
    assert "Console password" not in second.stdout
    assert before == {path.name: path.read_bytes() for path in (new / "ledgerloop.toml", new / "ledgerloop.key")}
    assert password == _hash(new)
    assert shown[1].encode() not in (new / "ledgerloop.sqlite3").read_bytes()


def test_init_makes_no_second_key(place: Path) -> None:
    """A key that is gone while its secrets are there must come back from the backup; a new one would open nothing."""
    assert 0 == run(place, "secret", "set", "hubspot_token", given="pat-na1-abc\n").returncode
    (place / "ledgerloop.key").unlink()

    ended = run(place, "init")

    assert 2 == ended.returncode
    assert "service.key_file" in ended.stderr
    assert "bring it back from your backup" in ended.stderr
    assert not (place / "ledgerloop.key").exists()


def test_init_refuses_a_short_password(tmp_path: Path) -> None:
    """A password of a few letters is refused in one sentence; an empty one is not taken for a generated one."""
    short = run(tmp_path, "init", "--password-stdin", given="short\n")
    empty = run(tmp_path, "init", "--password-stdin", given="")

    assert (1, "The password is too short: use at least 10 characters.\n") == (short.returncode, short.stderr)
    assert (1, "No password came on standard input.\n") == (empty.returncode, empty.stderr)


def test_secrets_are_kept_sealed_and_never_shown(place: Path) -> None:
    """A secret comes from standard input and is listed by name only; nothing of it is readable on the disk."""
    ended = run(place, "secret", "set", "hubspot_token", given="  pat-na1-very-secret \n")
    listed = run(place, "secret", "list", "--json")

    assert 0 == ended.returncode, ended.stderr
    assert "very-secret" not in ended.stdout + ended.stderr + listed.stdout
    kept = {one["name"]: one["kept"] for one in json.loads(listed.stdout)}
    assert {
        "xero_client_secret": False,
        "xero_webhook_key": False,
        "hubspot_token": True,
        "hubspot_client_secret": False,
    } == kept
    database = Database(load(place / "ledgerloop.toml").service.database)
    assert "pat-na1-very-secret" == Sealed(DatabaseCells(database), place / "ledgerloop.key").load("hubspot_token")
    database.close()
    assert not any(b"very-secret" in path.read_bytes() for path in place.iterdir())


def test_secret_that_no_setting_names(place: Path) -> None:
    """A misspelt name is refused with the one that was meant, and so is an empty secret."""
    misspelt = run(place, "secret", "set", "xero_webhok_key", given="abc")
    empty = run(place, "secret", "set", "xero_webhook_key", given=" \n")

    assert 1 == misspelt.returncode
    assert "No setting refers to `secret:xero_webhok_key`. Did you mean `xero_webhook_key`?" in misspelt.stderr
    assert (1, "The secret is empty, so nothing was kept.\n") == (empty.returncode, empty.stderr)


def test_new_password(place: Path) -> None:
    """A new password takes the place of the old one."""
    ended = run(place, "password", "--password-stdin", given="another good password\n")

    assert 0 == ended.returncode, ended.stderr
    assert right(_hash(place), "another good password")


def test_secrets_can_be_saved_anew_under_another_key(place: Path) -> None:
    """When the key was lost for good, the cure that the sentence names works: save the secrets anew."""
    assert 0 == run(place, "secret", "set", "xero_client_secret", given="old").returncode
    (place / "ledgerloop.key").unlink()
    new_key_file(place / "ledgerloop.key")

    stopped = run(place, "secret", "list")
    saved = run(place, "secret", "set", "xero_client_secret", given="new")
    again = run(place, "secret", "list")

    assert 1 == stopped.returncode
    assert "this key does not open the secret `xero_client_secret`" in stopped.stderr
    assert 0 == saved.returncode, saved.stderr
    assert (0, False) == (again.returncode, "this key" in again.stderr)
