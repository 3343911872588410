"""`backup` and `restore`: a copy that opens, readable by nobody else, put back only while nobody works."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import sqlite3
import stat
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cli_process import COMMAND, begun, run
from sqlalchemy import make_url

import pg_cluster
from forked import Ended, run_to_end
from ledgerloop.records import Pulse
from ledgerloop.store import pulses, single_values
from ledgerloop.store.db import Database
from ledgerloop.store.witness import Witness

FILE = "ledgerloop.sqlite3"


@pytest.fixture
def sealed(place: Path) -> Path:
    """Give a place whose database holds a secret and a value, beside the engine's file."""
    run(place, "secret", "set", "hubspot_token", given="pat-eu1-secret\n")
    _put(place, "before")
    with contextlib.closing(sqlite3.connect(place / "ledgerloop-engine.sqlite3")) as engine:
        engine.execute("CREATE TABLE turn (id INTEGER)")
    return place


def test_a_backup_is_private_whole_and_put_back(sealed: Path) -> None:
    """Both files, modes 0600, a key that fits; after the restore the old values stand, and what was there is kept."""
    made = run(sealed, "backup", "kept")
    assert (0, "") == (made.returncode, made.stderr)
    assert "keep a copy of it elsewhere" in made.stdout
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in (sealed / "kept").iterdir()}
    assert {"service.sqlite3": 0o600, "engine.sqlite3": 0o600, "about.json": 0o600} == modes
    assert 0o700 == stat.S_IMODE((sealed / "kept").stat().st_mode)
    _put(sealed, "after")

    back = run(sealed, "restore", "kept", "--yes")

    assert (0, "") == (back.returncode, back.stderr)
    assert "before" == _get(sealed / FILE)
    asides = list(sealed.glob(f"{FILE}.before-restore-*Z"))
    assert ["after"] == [_get(one) for one in asides]
    assert 0o600 == stat.S_IMODE((sealed / FILE).stat().st_mode)
    assert "not the one that was worked with last" in run(sealed, "doctor").stdout


def test_a_service_that_stopped_before_the_restore_was_not_killed(sealed: Path) -> None:
    """The backup tells of the service that ran when it was made; after the restore nothing is said of that one."""
    database = Database(f"sqlite:///{sealed / FILE}")
    with database.transaction() as tx:
        pulses.put(tx, Pulse("one", datetime.now(UTC) - timedelta(hours=1)))
    database.close()
    assert "it was killed" in run(sealed, "status").stdout
    assert 0 == run(sealed, "backup", "kept").returncode

    assert 0 == run(sealed, "restore", "kept", "--yes").returncode

    assert "it was killed" not in run(sealed, "status").stdout


def test_a_restore_that_is_killed_leaves_a_whole_database(sealed: Path) -> None:
    """Killed while it copies, the database is what it was, or the backup; told again, the restore goes through."""
    with contextlib.closing(sqlite3.connect(sealed / FILE)) as database:
        database.execute("CREATE TABLE large (what BLOB)")
        database.execute("INSERT INTO large VALUES (zeroblob(150000000))")
        database.commit()
    assert 0 == run(sealed, "backup", "kept").returncode
    _put(sealed, "after")

    with begun(sealed, "restore", "kept", "--yes") as process:
        while process.poll() is None and not list(sealed.glob("*restor*")):
            time.sleep(0.001)
        process.kill()
        process.wait()

    assert _get(sealed / FILE) in ("after", "before")
    assert 0 == run(sealed, "restore", "kept", "--yes").returncode
    assert "before" == _get(sealed / FILE)
    assert [] == list(sealed.glob("*.restoring*"))


def test_a_backup_that_does_not_open_is_refused(sealed: Path, tmp_path: Path) -> None:
    """Damage, another key, a newer release, no backup at all: each a sentence, and nothing is touched."""
    assert 0 == run(sealed, "backup", "kept").returncode
    before = (sealed / FILE).read_bytes()
    for name, spoil, sentence in (
        ("damaged", _damage, "damaged"),
        ("newer", _newer, "A newer Ledgerloop made the backup"),
        ("nothing", shutil.rmtree, "holds no backup"),
    ):
        shutil.copytree(sealed / "kept", sealed / name)
        spoil(sealed / name)
        ended = run(sealed, "restore", name, "--yes")
        assert 1 == ended.returncode, name
        assert sentence in ended.stderr
    (sealed / "ledgerloop.key").write_text("A" * 43 + "=\n")
    ended = run(sealed, "restore", "kept", "--yes")
    assert 2 == ended.returncode
    assert "does not open the secret `hubspot_token`" in ended.stderr
    assert before == (sealed / FILE).read_bytes()


def test_what_a_backup_lacks_is_said_before_it_is_put_back(sealed: Path) -> None:
    """Neither keeps a database that opens from being put back, and nobody takes it for whole."""
    assert 0 == run(sealed, "backup", "kept").returncode
    (sealed / "kept" / "engine.sqlite3").unlink()
    (sealed / "kept" / "about.json").write_text("{")

    asked = run(sealed, "restore", "kept")
    back = run(sealed, "restore", "kept", "--yes")

    for ended in (asked, back):
        assert "kept/engine.sqlite3 is missing, and the backup of a service that has run has one." in ended.stderr
        assert "kept/about.json cannot be read: nobody knows when this backup was made." in ended.stderr
    assert (1, 0) == (asked.returncode, back.returncode)
    (sealed / "kept" / "about.json").unlink()
    assert "kept/about.json is missing: " in run(sealed, "restore", "kept", "--yes").stderr


def test_nothing_is_put_back_while_somebody_works(sealed: Path) -> None:
    """The lock of the living is held: restore says to stop the service first."""
    assert 0 == run(sealed, "backup", "kept").returncode
    database = Database(f"sqlite:///{sealed / FILE}")
    with database.lock_at_once("worker one") as free:
        assert free
        ended = run(sealed, "restore", "kept", "--yes")
    database.close()
    assert (1, "The service runs, or a command does: stop it first.\n") == (ended.returncode, ended.stderr)


def test_nobody_is_there_to_be_asked(sealed: Path) -> None:
    """Without a terminal restore asks for --yes; a folder that is there is not written over."""
    assert 0 == run(sealed, "backup", "kept").returncode
    assert "is there already" in run(sealed, "backup", "kept").stderr
    assert "run it with --yes" in run(sealed, "restore", "kept").stderr


def test_on_a_terminal(sealed: Path) -> None:
    """Both as a person types them: the folder is named for the moment, and `n` changes nothing."""
    said = _typed(sealed, "backup")
    assert "it opens, and the key fits" in said
    folder = next(sealed.glob("ledgerloop-backup-*"))
    _put(sealed, "after")
    assert "Aborted" in _typed(sealed, "restore", folder.name, answer="n\n")
    assert "after" == _get(sealed / FILE)
    assert "Restored." in _typed(sealed, "restore", folder.name, answer="y\n")
    assert "before" == _get(sealed / FILE)


def test_a_restore_is_noticed_though_nothing_came_since(sealed: Path) -> None:
    """A backup is an earlier state from the moment it was made: the count outside goes on at once."""
    witness = Witness(sealed / f"{FILE}.epoch")
    assert 0 == run(sealed, "backup", "kept").returncode
    with contextlib.closing(sqlite3.connect(sealed / "kept/service.sqlite3")) as kept:
        inside = kept.execute("SELECT count(*) FROM value WHERE name = 'epoch'").fetchone()[0]
    assert 0 == inside
    found = witness.read()
    assert found is not None
    assert 1 == found.count


def test_postgresql_by_its_own_tools(sealed: Path, postgres_url: str) -> None:
    """A dump and its restore; what was there before is kept as a dump; a table that came later is gone."""
    tools = pg_cluster.binaries()
    assert tools is not None
    _name_database(sealed, postgres_url)
    run(sealed, "secret", "set", "hubspot_token", given="pat-eu1-secret\n")
    _put(sealed, "before", postgres_url)
    made = _with_path(sealed, tools, "backup", "kept")
    assert (0, "") == (made.returncode, made.stderr)
    assert 0o600 == stat.S_IMODE((sealed / "kept/database.dump").stat().st_mode)
    _put(sealed, "after", postgres_url)
    address = make_url(postgres_url).set(drivername="postgresql").render_as_string()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE TABLE later (id integer)")

    back = _with_path(sealed, tools, "restore", "kept", "--yes")

    assert (0, "") == (back.returncode, back.stderr)
    database = Database(postgres_url)
    with database.reading() as tx:
        assert "before" == single_values.get(tx, single_values.text("mark"))
    database.close()
    assert 1 == len(list(sealed.glob("*before-restore-*.dump")))
    with psycopg.connect(address) as connection:
        assert (None,) == connection.execute("SELECT to_regclass('later')").fetchone()
    database = Database(postgres_url)
    with database.lock_at_once("worker one"):
        held = _with_path(sealed, tools, "restore", "kept", "--yes")
    database.close()
    assert (1, "The service runs, or a command does: stop it first.\n") == (held.returncode, held.stderr)
    (sealed / "ledgerloop.key").write_text("A" * 43 + "=\n")
    assert "does not open the secret" in _with_path(sealed, tools, "restore", "kept", "--yes").stderr


def test_postgresql_without_its_tools(sealed: Path, postgres_url: str) -> None:
    """Where pg_dump is missing, one sentence says what to install."""
    _name_database(sealed, postgres_url)
    ended = _with_path(sealed, Path("/nowhere"), "backup", "kept")
    assert 1 == ended.returncode
    assert "`pg_dump` is not on this machine" in ended.stderr


def _name_database(place: Path, url: str) -> None:
    """Write the address of a PostgreSQL database into the settings."""
    settings = place / "ledgerloop.toml"
    text = settings.read_text()
    line = next(one for one in text.splitlines() if one.removeprefix("# ").startswith("database = "))
    settings.write_text(text.replace(line, f'database = "{url}"'))


def _with_path(place: Path, path: Path, *words: str) -> Ended:
    """Run a command to its end where the system's tools are in one folder."""
    return run_to_end(place, words, environment={"PATH": str(path)})


def _typed(place: Path, *words: str, answer: str = "") -> str:
    outer, inner = pty.openpty()
    with subprocess.Popen([*COMMAND, *words], cwd=place, stdin=inner, stdout=inner, stderr=inner) as process:
        os.close(inner)
        os.write(outer, answer.encode())
        said = b""
        with contextlib.suppress(OSError):  # so the terminal ends when the process does
            while part := os.read(outer, 4096):
                said += part
        process.wait(60)
    os.close(outer)
    return said.decode()


def _put(place: Path, value: str, url: str = "") -> None:
    database = Database(url or f"sqlite:///{place / FILE}")
    with database.transaction() as tx:
        single_values.put(tx, single_values.text("mark"), value)
    database.close()


def _get(file: Path) -> str:
    with contextlib.closing(sqlite3.connect(file)) as opened:
        return str(opened.execute("SELECT value FROM value WHERE name = 'mark'").fetchone()[0])


def _damage(folder: Path) -> None:
    file = folder / "service.sqlite3"
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * 8192 + whole[16384:])


def _newer(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "service.sqlite3")) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '9999'")
        opened.commit()
