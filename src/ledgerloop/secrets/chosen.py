"""See that secrets are looked for where they are: which store keeps them is remembered, and the setting must agree.

Whoever changed the setting alone would find no token, or an old one that the vendor no longer takes.
"""

from __future__ import annotations

from collections.abc import Callable

from ledgerloop.errors import SettingsError
from ledgerloop.secrets.shelf import Secrets

LOCAL = "local"
"""How the settings call the sealed store."""


class Chosen:
    """Pass on to the store of the settings, as long as that is where the secrets are."""

    def __init__(self, secrets: Secrets, place: str, kept_in: Callable[[], str], file: str) -> None:
        """``kept_in`` tells where the secrets were put last; nothing where nobody has said so."""
        self._secrets, self._place, self._kept_in, self._file = secrets, place, kept_in, file

    def load(self, name: str) -> str | None:
        """Return the secret, or None if there is none."""
        text = self._secrets.load(name)
        if text is None:
            self.check()
        return text

    def save(self, name: str, text: str) -> None:
        """Keep the secret durably before returning."""
        self.check()
        self._secrets.save(name, text)

    def replace(self, name: str, before: str, after: str) -> bool:
        """Keep a secret in the place of another, durably before returning; tell whether that one was still there."""
        self.check()
        return self._secrets.replace(name, before, after)

    def forget(self, name: str) -> None:
        """Keep a secret no longer; one that is not there is right."""
        self.check()
        self._secrets.forget(name)

    def check(self) -> None:
        """Raise SettingsError where the secrets are in another store than the settings say."""
        kept_in = self._kept_in() or LOCAL
        if kept_in != self._place:
            raise SettingsError(
                "secrets.store",
                self._file,
                f'the secrets are in "{kept_in}": write that and start again, or move them to where it says with'
                f" `ledgerloop secret move --to {self._place}`.",
            )
