"""A database that cannot be worked with: each cause has a sentence with what to do; none is a traceback."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cli_process import COMMAND, Ended, run
from operated import Place, until

LOOKING = ("status", "holds", "events", "journal", "links")
_ELSEWHERE = ["unshare", "--user", "--map-root-user", "--mount"]


def _may_mount() -> bool:
    return (
        shutil.which("unshare") is not None
        and not subprocess.run([*_ELSEWHERE, "true"], capture_output=True).returncode
    )


mounting = pytest.mark.skipif(not _may_mount(), reason="no process may mount anything here")


def _on_a_disk(place: Path, options: str, before: str, words: str) -> Ended:
    """Copy a folder to a disk of its own, do something to that, and run a command there."""
    disk = place.with_name("disk")
    disk.mkdir(exist_ok=True)
    script = f'mount -t tmpfs -o {options} disk "$0" && cp -a "$1"/. "$0" && cd "$0" && {before} && exec "${{@:2}}"'
    command = [*_ELSEWHERE, "bash", "-c", script, str(disk), str(place), *COMMAND, *words.split()]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


_FILL = "{ cat /dev/zero > rest; true; } 2> /dev/null"
_READ_ONLY = "mount -o remount,ro ."


def _damage(file: Path, *tables: str) -> None:
    """Overwrite the beginning of what holds these tables."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = database.execute("PRAGMA page_size").fetchone()[0]
        roots = [
            row[0]
            for table in tables
            for row in database.execute(
                "SELECT rootpage FROM sqlite_master WHERE rootpage > 0 AND tbl_name = ?", [table]
            )
        ]
    with file.open("r+b") as whole:
        for root in roots:
            whole.seek((root - 1) * size)
            whole.write(b"\xff" * 300)


def _sentence(ended: Ended, said: str) -> None:
    assert "Traceback" not in ended.stderr
    assert ended.returncode in (1, 2), ended
    assert said in ended.stderr
    assert 1 == len(ended.stderr.splitlines()), ended.stderr


@mounting
@pytest.mark.parametrize("words", LOOKING)
def test_looking_where_nothing_can_be_written(place: Path, words: str) -> None:
    """A disk that may only be read, or is full, is looked at all the same; `status` says that it is so."""
    for before, said in ((_READ_ONLY, "may only be read"), (_FILL, "make room")):
        ended = _on_a_disk(place, "size=8m", before, words)

        assert (0, "") == (ended.returncode, ended.stderr)
        assert (words == "status") == (said in ended.stdout)


@mounting
@pytest.mark.parametrize(("before", "said"), [(_READ_ONLY, "may only be read"), (_FILL, "make room")])
def test_working_where_nothing_can_be_written(place: Path, before: str, said: str) -> None:
    """Commands that write say what keeps them from it, and what to do."""
    for words in ("doctor", "secret list", "backup elsewhere"):
        _sentence(_on_a_disk(place, "size=8m", before, words), said)


@pytest.mark.parametrize("words", [*LOOKING, "doctor", "secret list"])
def test_a_damaged_database(place: Path, words: str) -> None:
    """Every command says that it is damaged, and what to do."""
    _damage(place / "ledgerloop.sqlite3", "journal", "lane", "inbox", "hold", "link", "secret", "value", "connection")

    _sentence(run(place, *words.split()), "damaged")


@pytest.mark.parametrize("words", [*LOOKING, "doctor"])
def test_what_is_no_database(place: Path, words: str) -> None:
    """A file of another kind, and a folder that is not there, are told apart."""
    for file in place.glob("ledgerloop.sqlite3*"):
        file.unlink()
    (place / "ledgerloop.sqlite3").write_bytes(b"no database at all " * 500)
    _sentence(run(place, *words.split()), "no SQLite file")


def test_a_folder_that_is_not_there(place: Path) -> None:
    """What init would make needs a folder, which is named."""
    (place / "ledgerloop.toml").write_text('[service]\ndatabase = "sqlite:///nowhere/ledgerloop.sqlite3"\n')

    _sentence(run(place, "init", "--password-stdin"), f"the folder {place / 'nowhere'} is not there")


def test_health_says_that_the_database_is_damaged(served: Place) -> None:
    """The service fails with a sentence, without a traceback in its log, and a backup that is put back cures it."""
    file = served.folder / "ledgerloop.sqlite3"
    with served.serving():
        served.connect()
    served.command("backup", "kept")
    _damage(file, "inbox")

    with served.serving():
        failing = until(lambda: (seen := served.health())["code"] == 503 and seen)
        refused = served.from_xero()
    served.command("restore", "kept", "--yes")
    with served.serving():
        until(lambda: served.health()["code"] == 200)

    assert (503, True) == (refused, any("damaged" in one for one in failing["problems"])), failing
    assert not [one for one in served.log if "Traceback" in one]


@mounting
def test_status_says_what_health_says_of_a_full_disk(place: Path) -> None:
    """What the service said before the disk was full does not count."""
    ended = _on_a_disk(
        place, "size=8m", f"{sys.executable} -m ledgerloop status > /dev/null && {_FILL}", "status --json"
    )

    assert '"state": "failing"' in ended.stdout
