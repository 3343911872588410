"""Read and write secrets in HashiCorp Vault or OpenBao: KV version 2, by a token or an AppRole, renewed.

The client library is the extra `vault`, loaded with the first call. No error repeats what the server said, only what
it means and what to do. See https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ledgerloop.clock import Clock
from ledgerloop.errors import SettingsError, StoreAway
from ledgerloop.secrets.stores import Absent, Changed, Denied, Kept

PATIENCE = 5.0
"""Seconds to wait for an answer; a webhook waits no longer for its key."""
_KEY = "value"
"""The key inside each secret that we keep ourselves."""
_AGAIN = 3
"""A login is renewed after this part of its life, so that two renewals may fail before it ends."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the server is and how to log in. With a ``role_id`` by AppRole, else by ``token``."""

    address: str
    file: str
    """The settings file, for sentences."""
    namespace: str
    mount: str
    """The mount of the KV engine; empty where it is the first part of each path."""
    token: Callable[[], str]
    role_id: str
    secret_id: Callable[[], str]
    auth_mount: str


class Vault:
    """One server and one login. Safe to share between threads."""

    def __init__(self, entry: Entry, clock: Clock = Clock()) -> None:
        self._entry, self._clock = entry, clock
        self._mine = clock.lock()
        self._client: Any = None
        self._used = ""
        """The token of the settings that is in use."""
        self._renew_at: float | None = None
        self._engines: set[str] = set()
        """The mounts that were seen to be KV version 2."""

    def read(self, path: str, key: str) -> str:
        """Read one key of a secret. Raises Absent, Denied and StoreAway."""
        data, _ = self.load(path)
        where = f"`{path}` in Vault"
        if data is None:
            raise Absent(f"{where}, which is not there: put the secret there.")
        if key not in data:
            raise Absent(f"{where}, which has no key `{key}`: put the secret there.")
        text = data[key]
        if not isinstance(text, str) or not text.strip():
            raise Absent(f"the key `{key}` of {where}, which is empty or no text: put the secret there.")
        return text.strip()

    def load(self, path: str) -> tuple[dict[str, Any] | None, int]:
        """Read the latest version of a secret, none where it was deleted or never was, and the version's number."""
        mount, inside = self._split(path)

        def ask(client: Any) -> tuple[dict[str, Any] | None, int]:
            from hvac.exceptions import InvalidPath  # type: ignore[import-untyped]

            try:
                told = client.secrets.kv.v2.read_secret_version(
                    inside, mount_point=mount, raise_on_deleted_version=False
                )
            except InvalidPath:
                return None, 0
            return told["data"]["data"], int(told["data"]["metadata"]["version"])

        return self._asked(ask, f"read on `{mount}/data/{inside}`", mount)

    def save(self, path: str, data: dict[str, Any], version: int) -> None:
        """Write a new version in the place of one; raises Changed where that is no longer the latest."""
        mount, inside = self._split(path)

        def ask(client: Any) -> None:
            from hvac.exceptions import InvalidRequest

            try:
                client.secrets.kv.v2.create_or_update_secret(inside, data, cas=version, mount_point=mount)
            except InvalidRequest as error:
                if "check-and-set" in str(error):
                    raise Changed from None
                raise

        self._asked(ask, f"create and update on `{mount}/data/{inside}`", mount)

    def remove(self, path: str) -> None:
        """Forget a secret with all its versions."""
        mount, inside = self._split(path)

        def ask(client: Any) -> None:
            client.secrets.kv.v2.delete_metadata_and_all_versions(inside, mount_point=mount)

        self._asked(ask, f"delete on `{mount}/metadata/{inside}`", mount)

    def renew(self) -> None:
        """Renew the login where it is time to; log in anew where it cannot be renewed any more."""
        with self._mine:
            due = self._client is not None and self._renew_at is not None and self._clock.monotonic() >= self._renew_at
            if not due:
                return
            client = self._client
        try:
            self._lasts(_answered(lambda: client.auth.token.renew_self()["auth"]))
        except Denied:
            self._log_in()

    def _split(self, path: str) -> tuple[str, str]:
        mount = self._entry.mount or path.partition("/")[0]
        inside = path.removeprefix(f"{mount}/")
        if not inside or inside == path:
            raise Absent(
                f"`{path}` in Vault, which is no path below the mount `{mount}`: write it as `vault kv get` takes it,"
                " such as secret/ledgerloop."
            )
        return mount, inside

    def _asked(self, ask: Callable[[Any], T], needs: str, mount: str) -> T:
        """Make a call, and once more with a new login where the old one may have ended."""
        client = self._logged_in()
        try:
            self._see(client, mount)
            return _answered(lambda: ask(client))
        except Denied:
            if not self._log_in(unlike=client.token):
                raise Denied(f"Vault does not let us in: its policy must allow {needs}.") from None
        client = self._logged_in()
        try:
            self._see(client, mount)
            return _answered(lambda: ask(client))
        except Denied:
            raise Denied(f"Vault does not let us in: its policy must allow {needs}.") from None

    def _see(self, client: Any, mount: str) -> None:
        """See that a mount is KV version 2: version 1 would take what we write, and have no versions of it."""
        if mount in self._engines:
            return
        told = _answered(lambda: client.read(f"sys/internal/ui/mounts/{mount}")["data"])
        if told.get("type") != "kv" or (told.get("options") or {}).get("version") != "2":
            raise Absent(
                f"the mount `{mount}` of Vault, which is no KV engine of version 2: name one, or run `vault kv"
                f" enable-versioning {mount}`."
            )
        self._engines.add(mount)

    def _logged_in(self) -> Any:
        with self._mine:
            if self._client is not None:
                return self._client
        self._log_in()
        return self._client

    def _log_in(self, unlike: str = "") -> bool:
        """Log in; tell whether it is another login than one that was refused. Raises Denied and StoreAway."""
        entry = self._entry
        with self._mine:
            if self._client is not None and unlike and self._client.token != unlike:
                return True  # somebody else has just done so
            client = _client(entry)
            if entry.role_id:
                secret_id = entry.secret_id()
                try:
                    auth = _answered(
                        lambda: client.auth.approle.login(entry.role_id, secret_id, mount_point=entry.auth_mount)[
                            "auth"
                        ]
                    )
                except Denied:
                    raise Denied(
                        "Vault refuses the AppRole: see that `vault.role_id` is right, and that the secret id is and"
                        " has not run out."
                    ) from None
                self._lasts(auth)
            else:
                client.token = entry.token()
                if client.token == unlike:
                    return False
                try:
                    told = _answered(lambda: client.auth.token.lookup_self()["data"])
                except Denied:
                    raise Denied("Vault refuses the token: it is wrong, was revoked or has run out.") from None
                self._lasts({"lease_duration": told["ttl"], "renewable": told.get("renewable")})
            self._client = client
            return True

    def _lasts(self, auth: dict[str, Any]) -> None:
        """Note when a login is to be renewed; never where it lasts for good or must not be."""
        seconds = float(auth["lease_duration"])
        self._renew_at = self._clock.monotonic() + seconds / _AGAIN if seconds and auth.get("renewable") else None


class VaultStore:
    """Keep secrets below one path, each as a secret of its own."""

    def __init__(self, vault: Vault, path: str) -> None:
        self._vault, self._path = vault, path

    def load(self, name: str) -> Kept:
        """Read the latest version."""
        data, version = self._vault.load(self._of(name))
        text = data.get(_KEY) if data else None
        return Kept(text if isinstance(text, str) else None, str(version))

    def save(self, name: str, text: str, version: str) -> None:
        """Keep a text durably in the place of a version; raises Changed where that is no longer the latest."""
        self._vault.save(self._of(name), {_KEY: text}, int(version or 0))

    def remove(self, name: str) -> None:
        """Forget a secret with all its versions."""
        self._vault.remove(self._of(name))

    def _of(self, name: str) -> str:
        return f"{self._path}/{name}"


def _client(entry: Entry) -> Any:
    try:
        import hvac  # type: ignore[import-untyped]
    except ImportError:
        raise SettingsError(
            "vault.address",
            entry.file,
            'what reads Vault is not installed: run `pip install "ledgerloop[vault]"`.',
        ) from None
    if not entry.address:
        raise SettingsError(
            "vault.address", entry.file, 'write where Vault is, such as "https://vault.example.com:8200".'
        )
    return hvac.Client(url=entry.address, namespace=entry.namespace or None, timeout=PATIENCE)


def _answered(ask: Callable[[], T]) -> T:
    """Translate what can go wrong into what happens next."""
    import requests
    from hvac import exceptions as said

    try:
        return ask()
    except (said.Forbidden, said.Unauthorized, said.InvalidRequest):
        raise Denied from None
    except said.InvalidPath:
        raise Absent("a path that Vault does not have: see that the mounts in the settings are right.") from None
    except said.VaultDown:
        raise StoreAway("Vault is sealed, or not ready") from None
    except said.VaultError as error:
        raise StoreAway(f"Vault cannot answer just now ({type(error).__name__})") from None
    except requests.RequestException as error:
        raise StoreAway(f"Vault does not answer ({type(error).__name__})") from None
    except (AttributeError, KeyError, TypeError, ValueError):
        raise StoreAway("Vault's address gives answers that are not Vault's") from None
