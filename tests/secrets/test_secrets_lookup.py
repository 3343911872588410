"""References: each kind leads to its secret, and each way in which there is none is a sentence that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ledgerloop.errors import Locked, SettingsError
from ledgerloop.secrets.lookup import LARGEST, Lookup
from ledgerloop.secrets.references import kept_name, parse

NAME = "TEST_OF_A_SECRET"


class Kept:
    """A place that keeps one secret."""

    def load(self, name: str) -> str | None:
        """Return it."""
        return "kept" if name == "there" else None

    def save(self, name: str, text: str) -> None:
        """Keep nothing."""


@pytest.fixture
def lookup(tmp_path: Path) -> Lookup:
    """Look secrets up beside settings that lie in a folder of their own."""
    return Lookup(Kept(), tmp_path / "ledgerloop.toml")


class TestReferences:
    @pytest.mark.parametrize(
        ("text", "kind", "place"),
        [
            ("secret:hubspot_token", "secret", "hubspot_token"),
            ("env:HUBSPOT_TOKEN", "env", "HUBSPOT_TOKEN"),
            ("file:/run/secrets/hubspot token", "file", "/run/secrets/hubspot token"),
            ("file:keys/token", "file", "keys/token"),
            ("vault:secret/app#token", "vault", "secret/app"),
            ("aws-sm:app/hubspot#token", "aws-sm", "app/hubspot"),
            ("aws-sm:arn:aws:secretsmanager:x:1:secret:app-Ab1", "aws-sm", "arn:aws:secretsmanager:x:1:secret:app-Ab1"),
        ],
    )
    def test_each_kind(self, text: str, kind: str, place: str) -> None:
        """A reference is a kind and a place."""
        assert (kind, place) == (parse(text).kind, parse(text).place)
        assert (place if kind == "secret" else "") == kept_name(text)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "pat-na1-hunter2",
            "secret:",
            "secret:Hunter2",
            "env:",
            "env:a-hunter2",
            "env:1",
            "file:",
            "file:hunter2/",
            "file:a\nhunter2",
            "vault:secret/hunter2",
            "vault:hunter2#token",
            "aws-sm:hunter2#",
            "aws-sm:hunter 2",
            "password:hunter2",
            "SECRET:hunter2",
            " secret:hunter2",
        ],
    )
    def test_what_is_none_is_not_repeated(self, text: str) -> None:
        """Whatever else stands there may be the secret itself: the sentence says what to write, not what stood."""
        with pytest.raises(ValueError) as caught:
            parse(text)

        assert '"secret:NAME"' in str(caught.value)
        assert "hunter2" not in str(caught.value).lower()

    @pytest.mark.parametrize("name", ["LEDGERLOOP_HUBSPOT_TOKEN", "LEDGERLOOP_HUBSPOT__TOKEN", "ledgerloop_token"])
    def test_a_variable_that_would_be_a_setting(self, name: str) -> None:
        """A variable of ours would be read as a setting, and refused or shown as one."""
        with pytest.raises(ValueError, match="is a setting; give it another name"):
            parse(f"env:{name}")


class TestRead:
    def test_each_kind(self, lookup: Lookup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each kind is read where it says, without the line end that editors and `echo` leave."""
        (tmp_path / "token").write_text("from the file\n")
        monkeypatch.setenv(NAME, "from the environment\n")

        found = [
            lookup.read(one, "hubspot.token")
            for one in ("secret:there", f"env:{NAME}", "file:token", f"file:{tmp_path}/token")
        ]

        assert ["kept", "from the environment", "from the file", "from the file"] == found

    def test_a_new_file_counts_at_once(self, lookup: Lookup, tmp_path: Path) -> None:
        """Kubernetes swaps a link to change a mounted secret; nobody restarts us for it."""
        for number in (1, 2):
            (tmp_path / f"v{number}").write_text(f"secret {number}")
        (tmp_path / "token").symlink_to("v1")
        first = lookup.read("file:token", "hubspot.token")
        (tmp_path / "token").unlink()
        (tmp_path / "token").symlink_to("v2")

        assert ("secret 1", "secret 2") == (first, lookup.read("file:token", "hubspot.token"))

    @pytest.mark.parametrize(
        ("reference", "cure"),
        [
            ("secret:missing", "it refers to the secret `missing`: run `ledgerloop secret set missing`."),
            (f"env:{NAME}_NOT_SET", f"{NAME}_NOT_SET, which is not set: set it for Ledgerloop, and start it again."),
            (f"env:{NAME}", f"{NAME}, which is empty: put the secret there, and start it again."),
            ("file:missing", "missing, which is not there: put the secret there."),
            ("file:empty/inside", "inside, which is not there: put the secret there."),
            ("file:empty", "empty, which is empty: put the secret there."),
            ("file:folder", "folder, which is no file: name the file that holds the secret."),
            ("file:pipe", "pipe, which is no file: name the file that holds the secret."),
            ("file:large", "large, which holds no secret: it is no text, or above 64 KiB."),
            ("file:bytes", "bytes, which holds no secret: it is no text, or above 64 KiB."),
        ],
    )
    def test_none_there(
        self, lookup: Lookup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, cure: str
    ) -> None:
        """Missing, empty and not what it should be: the setting is named, and what to do, and it is not Locked."""
        monkeypatch.setenv(NAME, " \n")
        (tmp_path / "empty").write_text(" \n")
        (tmp_path / "folder").mkdir()
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "large").write_text("x" * (LARGEST + 1))
        (tmp_path / "bytes").write_bytes(b"\xff\xfe")

        with pytest.raises(SettingsError) as caught:
            lookup.read(reference, "hubspot.token")

        assert (SettingsError, "hubspot.token") == (type(caught.value), caught.value.key)
        assert caught.value.file == str(tmp_path / "ledgerloop.toml")
        assert caught.value.cure.endswith(cure)

    @pytest.mark.parametrize("close", [lambda path: path.chmod(0), lambda path: path.parent.chmod(0)])
    def test_not_let_in(self, tmp_path: Path, close: Callable[[Path], None]) -> None:
        """A file of another user is Locked: it is there, so nothing is called missing or wrongly signed."""
        script = """
import os, sys
from pathlib import Path
from ledgerloop.errors import Locked
from ledgerloop.secrets.lookup import Lookup

if os.geteuid() == 0:
    os.setuid(65534)
try:
    Lookup(None, Path("/ledgerloop.toml")).read("file:" + sys.argv[1], "hubspot.token")
except Locked as problem:
    print(problem.cure)
"""
        folder = tmp_path / "theirs"
        folder.mkdir()
        (folder / "token").write_text("hunter2")
        for above in tmp_path.parents[:2]:
            above.chmod(0o755)
        tmp_path.chmod(0o755)
        close(folder / "token")
        said = subprocess.run([sys.executable, "-c", script, f"{folder}/token"], capture_output=True, text=True)
        folder.chmod(0o700)

        assert said.stdout.endswith(
            "which cannot be read (Permission denied): let the user Ledgerloop runs as read it.\n"
        )
        assert "hunter2" not in said.stdout + said.stderr

    def test_a_link_to_itself(self, lookup: Lookup, tmp_path: Path) -> None:
        """Whatever else keeps a file from being read is told as the system tells it."""
        (tmp_path / "token").symlink_to("token")

        with pytest.raises(Locked, match="symbolic links"):
            lookup.read("file:token", "hubspot.token")
