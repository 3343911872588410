"""Secrets: sealed by a key that lies outside the database, and worked on by one at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from ledgerloop.errors import Locked, SettingsError
from ledgerloop.secrets.sealed import Sealed, locked, new_key_file, put_new_key_first, reseal
from ledgerloop.secrets.shelf import Shelf
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import DatabaseCells
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

    def all(self) -> dict[str, bytes]:
        """Return what is kept."""
        return dict(self.kept)

    def replace(self, name: str, before: bytes, after: bytes | None) -> bool:
        """Put other bytes in the place of these, or none."""
        if self.kept.get(name) != before:
            return False
        if after is None:
            del self.kept[name]
        else:
            self.kept[name] = after
        return True


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

    def test_takes_the_place_of_one_that_is_there(self, database: Database, key_file: Path) -> None:
        """Only what is still there is replaced, whatever key has sealed it; what somebody else saved stays."""
        sealed = Sealed(DatabaseCells(database), key_file)
        sealed.save("grant", "first")
        key_file.write_text(f"{Fernet.generate_key().decode()}\n{key_file.read_text()}")
        reseal(DatabaseCells(database), key_file)

        assert (True, "second") == (sealed.replace("grant", "first", "second"), sealed.load("grant"))
        assert (False, "second") == (sealed.replace("grant", "first", "third"), sealed.load("grant"))
        assert (True, None) == (sealed.replace("grant", "second", None), sealed.load("grant"))
        assert (False, None) == (sealed.replace("grant", "second", "third"), sealed.load("grant"))

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

    def test_a_new_line_is_taken_up_by_who_runs(self, key_file: Path) -> None:
        """What another process sealed with a new first line opens here too, and what is saved here goes by it."""
        drawer = Drawer()
        running = Sealed(drawer, key_file)
        old, new = key_file.read_text(), Fernet.generate_key().decode()
        key_file.write_text(f"{new}\n{old}")
        Sealed(drawer, key_file).save("token", "theirs")

        assert running.load("token") == "theirs"
        running.save("grant", "ours")
        key_file.write_text(f"{new}\n")
        assert Sealed(drawer, key_file).load("grant") == "ours"

    def test_a_token_is_not_lost_over_a_key_file_that_is_being_edited(self, key_file: Path) -> None:
        """Where there is no key file at the moment, what is saved is sealed with the key as it was."""
        drawer = Drawer()
        sealed = Sealed(drawer, key_file)
        text = key_file.read_text()
        key_file.write_text("")

        sealed.save("grant", "renewed")

        key_file.write_text(text)
        assert Sealed(drawer, key_file).load("grant") == "renewed"

    def test_a_key_that_was_taken_away_too_early_is_remembered(self, key_file: Path) -> None:
        """Who runs goes on, also after it met a secret under the new key; only the next start could not."""
        drawer = Drawer()
        running = Sealed(drawer, key_file)
        running.save("grant", "old")
        key_file.write_bytes(Fernet.generate_key())
        Sealed(drawer, key_file).save("token", "new")

        assert (running.load("token"), running.load("grant")) == ("new", "old")
        assert locked(drawer, key_file) == ["grant"]

    @pytest.mark.parametrize("text", ["", None])
    def test_without_a_key_file_it_is_locked(self, key_file: Path, text: str | None) -> None:
        """A secret of another key is locked too where the file is no key file any more, with what to do."""
        drawer = Drawer()
        running = Sealed(drawer, key_file)
        key_file.write_bytes(Fernet.generate_key())
        Sealed(drawer, key_file).save("token", "theirs")
        key_file.unlink()
        if text is not None:
            key_file.write_text(text)
            key_file.chmod(0o600)

        with pytest.raises(Locked, match="key"):
            running.load("token")
        assert locked(drawer, key_file) == ["token"]

    def test_a_secret_has_its_name_inside(self, key_file: Path) -> None:
        """Whoever can write to the database cannot put one secret in the place of another."""
        drawer = Drawer()
        sealed = Sealed(drawer, key_file)
        sealed.save("hubspot_token", "a")
        drawer.kept["xero_webhook_key"] = drawer.kept["hubspot_token"]

        with pytest.raises(SettingsError):
            sealed.load("xero_webhook_key")


class TestReseal:
    def test_everything_is_sealed_with_the_first_key(self, database: Database, key_file: Path) -> None:
        """After it the first line alone opens everything, and it may be repeated."""
        cells = DatabaseCells(database)
        before = Sealed(cells, key_file)
        before.save("grant", "a")
        before.save("token", "b")
        old, new = key_file.read_text(), Fernet.generate_key().decode()
        key_file.write_text(f"{new}\n{old}")
        Sealed(cells, key_file).save("token", "c")

        done = reseal(cells, key_file)
        again = reseal(cells, key_file)
        key_file.write_text(new)

        assert (done.anew, done.already, done.locked, done.keys) == (("grant",), ("token",), (), 2)
        assert (again.anew, again.already) == ((), ("grant", "token"))
        assert [Sealed(cells, key_file).load(name) for name in ("grant", "token")] == ["a", "c"]

    def test_what_is_saved_meanwhile_stays(self, key_file: Path) -> None:
        """A token that the service renews while its secret is resealed is not put back to what it was."""
        old, new = key_file.read_text(), Fernet.generate_key().decode()

        class Renewed(Drawer):
            """Let the service save between reading and replacing, once."""

            def replace(self, name: str, before: bytes, after: bytes | None) -> bool:
                if self.kept[name] == before and not self.late:
                    self.late = True
                    Sealed(self, key_file).save(name, "renewed")
                return super().replace(name, before, after)

            late = False

        cells = Renewed()
        Sealed(cells, key_file).save("grant", "first")
        key_file.write_text(f"{new}\n{old}")

        reseal(cells, key_file)

        key_file.write_text(new)
        assert Sealed(cells, key_file).load("grant") == "renewed"

    def test_what_no_key_opens_goes_only_when_asked(self, database: Database, key_file: Path) -> None:
        """A secret of a lost key stays, perhaps for the day on which the key is found; forgetting it is asked for."""
        cells = DatabaseCells(database)
        Sealed(cells, key_file).save("grant", "a")
        key_file.write_bytes(Fernet.generate_key())

        assert reseal(cells, key_file).locked == ("grant",)
        assert list(cells.all()) == ["grant"]
        assert reseal(cells, key_file, forget=True).locked == ("grant",)
        assert not cells.all()


class Late(Drawer):
    """Cells in which a new key comes and everything is resealed just before something is kept, once."""

    def __init__(self, key_file: Path) -> None:
        super().__init__()
        self._key_file, self.on = key_file, False

    def save(self, name: str, sealed: bytes) -> None:
        """Keep the bytes after a rotation."""
        if self.on:
            self.on = False
            put_new_key_first(self, self._key_file)
            reseal(self, self._key_file)
        super().save(name, sealed)


class TestNewKeyFirst:
    def test_the_first_line_alone_opens_everything_once_resealed(self, database: Database, key_file: Path) -> None:
        """The new key is above the old one, in a file of the same mode, and seals; nothing is left beside it."""
        cells, old = DatabaseCells(database), key_file.read_text()
        Sealed(cells, key_file).save("grant", "a")

        made = put_new_key_first(cells, key_file)
        lines = key_file.read_text().splitlines(keepends=True)
        reseal(cells, key_file)
        mode = key_file.stat().st_mode & 0o777
        key_file.write_text(lines[0])

        assert (True, 0o600, old) == (made, mode, "".join(lines[1:]))
        assert "a" == Sealed(cells, key_file).load("grant")
        assert [key_file.name] == [one.name for one in key_file.parent.iterdir() if one.name.startswith(key_file.name)]

    def test_an_interrupted_one_goes_on(self, key_file: Path) -> None:
        """No third key is made while the first line has not sealed yet what the second one did; then one is."""
        drawer = Drawer()
        Sealed(drawer, key_file).save("grant", "a")
        beside = key_file.with_name(f"{key_file.name}.new")
        beside.write_text("left by a process that was killed")

        made = [put_new_key_first(drawer, key_file) for _ in range(2)]
        reseal(drawer, key_file)
        made.append(put_new_key_first(drawer, key_file))

        assert ([True, False, True], 3) == (made, len(key_file.read_text().split()))
        assert not beside.exists()

    def test_what_no_key_opens_is_no_interrupted_one(self, key_file: Path) -> None:
        """A secret whose key is lost keeps nobody from a new key."""
        drawer = Drawer()
        Sealed(drawer, key_file).save("grant", "a")
        key_file.write_bytes(Fernet.generate_key())

        assert [put_new_key_first(drawer, key_file) for _ in range(2)] == [True, True]

    def test_a_link_stays_one(self, key_file: Path) -> None:
        """Where the key file is a link, what it leads to is replaced."""
        link = key_file.with_name("link.key")
        link.symlink_to(key_file)

        put_new_key_first(Drawer(), link)

        assert (True, 2) == (link.is_symlink(), len(key_file.read_text().split()))

    def test_a_file_that_cannot_be_replaced_stays(self, key_file: Path) -> None:
        """Where nothing can be put beside the file, it stays as it was, and the sentence says what to do instead."""
        before = key_file.read_text()
        key_file.with_name(f"{key_file.name}.new").mkdir()

        with pytest.raises(SettingsError, match="cannot be put into it from here") as caught:
            put_new_key_first(Drawer(), key_file)

        assert before == key_file.read_text()
        assert "ledgerloop secret reseal" in caught.value.cure

    def test_what_is_kept_in_that_moment_is_sealed_anew(self, key_file: Path) -> None:
        """Who had read the old first line, and keeps something only after all was resealed, seals it once more."""
        cells = Late(key_file)
        sealed = Sealed(cells, key_file)
        cells.on = True
        sealed.save("grant", "kept")
        key_file.write_text(key_file.read_text().split()[0])

        assert "kept" == Sealed(cells, key_file).load("grant")


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
