"""Read the secrets that the settings refer to, wherever each of them is. Shows none of them, not in an error either."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ledgerloop.errors import Locked, SettingsError
from ledgerloop.secrets.references import parse
from ledgerloop.secrets.shelf import Secrets

LARGEST = 65_536
"""Bytes of a file that may be a secret; tokens and keys have hundreds."""


class Lookup:
    """Read what a setting refers to, anew each time, so that a new secret counts at once."""

    def __init__(self, secrets: Secrets, settings_file: Path) -> None:
        self._secrets, self._file = secrets, settings_file

    def read(self, reference: str, key: str) -> str:
        """Return the secret that the setting ``key`` refers to.

        Raises SettingsError where there is none yet, and Locked where there is one that we are not let in to; each
        with what to do. Spaces and line ends around it are no part of it.
        """
        wanted = parse(reference)
        match wanted.kind:
            case "env":
                text = self._variable(wanted.place, key)
            case "file":
                text = self._content(self._file.parent / wanted.place, key)
            case _:
                text = self._kept(wanted.place, key)
        return text

    def _kept(self, name: str, key: str) -> str:
        text = self._secrets.load(name)
        if text is None:
            raise self._missing(key, f"the secret `{name}`: run `ledgerloop secret set {name}`.")
        return text

    def _variable(self, name: str, key: str) -> str:
        text = os.environ.get(name)
        if text is None:
            raise self._missing(
                key, f"the environment variable {name}, which is not set: set it for Ledgerloop, and start it again."
            )
        if not text.strip():
            raise self._missing(
                key, f"the environment variable {name}, which is empty: put the secret there, and start it again."
            )
        return text.strip()

    def _content(self, path: Path, key: str) -> str:
        try:
            # A pipe would be waited for, and could be read once only.
            if not stat.S_ISREG(path.stat().st_mode):
                raise self._missing(key, f"{path}, which is no file: name the file that holds the secret.")
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(key, f"the file {path}, which is not there: put the secret there.") from None
        except OSError as error:
            raise Locked(
                key,
                str(self._file),
                f"it refers to the file {path}, which cannot be read ({error.strerror}): let the user Ledgerloop runs"
                " as read it.",
            ) from None
        try:
            text = content.decode().strip() if len(content) <= LARGEST else ""
        except UnicodeDecodeError:
            text = ""
        if not text and content.strip():
            raise self._missing(key, f"the file {path}, which holds no secret: it is no text, or above 64 KiB.")
        if not text:
            raise self._missing(key, f"the file {path}, which is empty: put the secret there.")
        return text

    def _missing(self, key: str, what: str) -> SettingsError:
        return SettingsError(key, str(self._file), f"it refers to {what}")
