"""Secrets: sealed by a key that lies outside the database, and worked on by one at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from ledgerloop.errors import SettingsError
from ledgerloop.secrets.sealed import Sealed, new_key_file
from ledgerloop.secrets.shelf import Shelf
from ledgerloop.store.cells import DatabaseCells
from ledgerloop.store.db import Database
from ledgerloop.store.tables import secret


class Drawer:
    """Cells in memory: what Vault or AWS would be."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load(self, name: str) -> bytes | None:
        """Return the bytes, or None if there are none."""
        return self.kept.get(name)

    def save(self, name: str, sealed: bytes) -> None:
        """Keep the bytes."""
        self.kept[name] = sealed


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Write a new key."""
    path = tmp_path / "ledgerloop.key"
    new_key_file(path)
    return path


class TestSealed:
    def test_gives_back_what_was_saved(self, key_file: Path) -> None:
        """A secret comes back as it was saved, whatever is in it, and a later one replaces it."""
        drawer = Drawer()
        sealed = Sealed(drawer, key_file)
        sealed.save("grant", "first")
        sealed.save("grant", "line one\nZeile zwei: ü")

        assert Sealed(drawer, key_file).load("grant") == "line one\nZeile zwei: ü"
        assert sealed.load("unknown") is None

    def test_the_database_cannot_read_it(self, database: Database, key_file: Path) -> None:
        """No column of the database holds a secret in the clear."""
        Sealed(DatabaseCells(database), key_file).save("grant", "refresh-me-not")

        with database.reading() as tx:
            rows = [bytes(row.sealed) for row in tx.execute(select(secret))]
        assert len(rows) == 1
        assert b"refresh-me-not" not in rows[0]
        assert Sealed(DatabaseCells(database), key_file).load("grant") == "refresh-me-not"

    def test_a_new_first_line_is_a_rotation(self, key_file: Path) -> None:
        """After a new key was put first, old secrets open, new ones need the new key, and old keys may then go."""
        drawer = Drawer()
        Sealed(drawer, key_file).save("grant", "old")
        old, new = key_file.read_text(), Fernet.generate_key().decode()
        key_file.write_text(f"{new}\n{old}")
        rotated = Sealed(drawer, key_file)
        assert rotated.load("grant") == "old"
        rotated.save("grant", rotated.load("grant") or "")

        key_file.write_text(f"{new}\n")

        assert Sealed(drawer, key_file).load("grant") == "old"

    def test_a_secret_has_its_name_inside(self, key_file: Path) -> None:
        """Whoever can write to the database cannot put one secret in the place of another."""
        drawer = Drawer()
        sealed = Sealed(drawer, key_file)
        sealed.save("hubspot_token", "a")
        drawer.kept["xero_webhook_key"] = drawer.kept["hubspot_token"]

        with pytest.raises(SettingsError):
            sealed.load("xero_webhook_key")


class TestKeyFile:
    def test_is_its_owner_s_alone(self, key_file: Path) -> None:
        """A new key can be read by its owner alone."""
        assert key_file.stat().st_mode & 0o777 == 0o600

    def test_is_never_overwritten(self, key_file: Path) -> None:
        """A key that is there stays: without it, nothing that it sealed could be opened."""
        before = key_file.read_bytes()
        with pytest.raises(SettingsError):
            new_key_file(key_file)

        assert key_file.read_bytes() == before

    def test_wrong(self, key_file: Path) -> None:
        """A key that did not seal the secret is named in a sentence, with the secret and without its text."""
        drawer = Drawer()
        Sealed(drawer, key_file).save("grant", "refresh-me-not")
        key_file.write_bytes(Fernet.generate_key())

        with pytest.raises(SettingsError) as caught:
            Sealed(drawer, key_file).load("grant")
        assert "`grant`" in caught.value.sentence
        assert "refresh-me-not" not in caught.value.sentence

    @pytest.mark.parametrize(
        ("break_it", "cure"),
        [
            (lambda path: path.unlink(), "ledgerloop init"),
            (lambda path: path.chmod(0o640), "chmod 600"),
            (lambda path: path.write_text("short"), "44 characters"),
            (lambda path: path.write_text(""), "44 characters"),
            (lambda path: (path.unlink(), path.mkdir()), "cannot be read"),
        ],
    )
    def test_unusable(self, key_file: Path, break_it: object, cure: str) -> None:
        """A key that is missing, open to others or no key at all is one sentence with the file and what to do."""
        break_it(key_file)  # type: ignore[operator]

        with pytest.raises(SettingsError) as caught:
            Sealed(Drawer(), key_file)
        assert (caught.value.key, caught.value.file) == ("service.key_file", str(key_file))
        assert cure in caught.value.cure

    def test_of_another_user(self, key_file: Path) -> None:
        """A key that our user may not read is one sentence, and no traceback."""
        script = """
import os, sys
from pathlib import Path
from ledgerloop.errors import SettingsError
from ledgerloop.secrets.sealed import Sealed

os.chmod(sys.argv[1], 0)
if os.geteuid() == 0:
    os.setuid(65534)
try:
    Sealed(None, Path(sys.argv[1]))
except SettingsError as problem:
    print(problem.cure)
"""
        said = subprocess.run([sys.executable, "-c", script, str(key_file)], capture_output=True, text=True)

        assert said.stdout.startswith("it cannot be read"), said.stderr


class TestShelf:
    def test_renewing_is_done_by_one(self, database: Database, key_file: Path) -> None:
        """Under its lock, a secret that every thread reads, changes and saves loses no change."""
        shelf = Shelf(Sealed(DatabaseCells(database), key_file), database.lock)
        shelf.save("grant", "0")

        def renew() -> None:
            for _ in range(5):
                with shelf.lock("grant"):
                    shelf.save("grant", str(int(shelf.load("grant") or "") + 1))

        threads = [threading.Thread(target=renew) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert shelf.load("grant") == "20"
