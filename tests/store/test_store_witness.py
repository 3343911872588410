"""The count beside the key only grows, survives, and belongs to one database."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from ledgerloop.store.witness import Reached, Witness, witness_of

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def test_what_is_kept_only_grows(tmp_path: Path) -> None:
    """A lower count and an earlier moment change nothing; the file is private."""
    witness = Witness(tmp_path / "ledgerloop.sqlite3.epoch")
    assert witness.read() is None
    assert witness.keep(3, NOW)
    assert witness.keep(2, NOW - timedelta(hours=1))
    assert Reached(3, NOW) == witness.read()
    assert witness.keep(4)
    assert Reached(4, NOW) == witness.read()
    assert 0o600 == stat.S_IMODE(witness.file.stat().st_mode)


@pytest.mark.parametrize("text", ["", "{}", "no JSON", '{"count": "many", "left": null}', "[1]"])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, text: str) -> None:
    """A spoilt file tells nothing, and is written anew."""
    witness = Witness(tmp_path / "x.epoch")
    witness.file.write_text(text)
    assert witness.read() is None
    assert witness.keep(1)
    assert Reached(1) == witness.read()


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    """Nothing is raised: invoices go on, and a restore would not be noticed."""
    assert not Witness(tmp_path / "absent" / "x.epoch").keep(1)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:///var/ledgerloop.sqlite3", "ledgerloop.sqlite3.epoch"),
        ("sqlite:///ledgerloop-sandbox.sqlite3", "ledgerloop-sandbox.sqlite3.epoch"),
        ("postgresql+psycopg://me@host/books", "books.epoch"),
    ],
)
def test_each_database_has_its_own(tmp_path: Path, url: str, name: str) -> None:
    """It lies beside the key, and is named after the database."""
    assert tmp_path / name == witness_of(make_url(url), tmp_path / "ledgerloop.key").file
