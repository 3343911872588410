"""Vault, on a real OpenBao: what references name is read, every no is a sentence, and the login is renewed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bao_server import Bao
from ledgerloop.clock import Clock
from ledgerloop.errors import Locked, SettingsError, StoreAway
from ledgerloop.secrets.lookup import AWAY, REMEMBERED, Lookup
from ledgerloop.secrets.stores import Changed, Denied
from ledgerloop.secrets.vault import Entry, Vault, VaultStore


class Ticks(Clock):
    """A clock that only goes on when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def monotonic(self) -> float:
        """Tell the time."""
        return self.at


def vault(
    bao: Bao,
    token: str = "",
    *,
    role: tuple[str, str] = ("", ""),
    clock: Clock | None = None,
    **more: str,
) -> Vault:
    """Open a Vault by a token or an AppRole."""
    entry = Entry(
        address=more.get("address", bao.url),
        file="ledgerloop.toml",
        namespace="",
        mount=more.get("mount", ""),
        token=lambda: token,
        role_id=role[0],
        secret_id=lambda: role[1],
        auth_mount=more.get("auth_mount", "approle"),
    )
    return Vault(entry, clock) if clock else Vault(entry)


def lookup(one: Vault, clock: Clock | None = None) -> Lookup:
    """Look secrets up there."""
    more = {"clock": clock} if clock else {}
    return Lookup(None, Path("ledgerloop.toml"), {"vault": one.read}, **more)


def test_a_secret_is_read(bao: Bao) -> None:
    """A reference is a path as `vault kv get` takes it, and a key; the token needs no more than to read there."""
    path = bao.folder()
    bao.put(path, token="hunter2\n", other="x")
    token = bao.token(bao.policy(path, "read"))

    assert "hunter2" == lookup(vault(bao, token)).read(f"vault:{path}#token", "hubspot.token")


def test_a_mount_with_a_slash(bao: Bao) -> None:
    """Where the name of the mount has a slash, the setting names it."""
    bao.root.sys.enable_secrets_engine("kv", path="team/kv", options={"version": "2"})
    bao.root.secrets.kv.v2.create_or_update_secret("app/hubspot", {"token": "hunter2"}, mount_point="team/kv")

    found = lookup(vault(bao, bao.root.token, mount="team/kv")).read("vault:team/kv/app/hubspot#token", "hubspot.token")
    assert "hunter2" == found


@pytest.mark.parametrize(
    ("reference", "cure"),
    [
        ("{path}/missing#token", "missing` in Vault, which is not there: put the secret there."),
        ("{path}#missing", "has no key `missing`: put the secret there."),
        ("{path}#empty", "`empty` of"),
        ("{path}#number", "is empty or no text: put the secret there."),
        ("{path}/deleted#token", "deleted` in Vault, which is not there"),
        ("cubbyhole/app#token", "`cubbyhole` of Vault, which is no KV engine of version 2"),
        ("old/app#token", "run `vault kv enable-versioning old`."),
    ],
)
def test_none_there(bao: Bao, reference: str, cure: str) -> None:
    """Missing, empty, deleted, and a path that leads elsewhere: each is a sentence with what to do."""
    path = bao.folder()
    bao.put(path, token="hunter2", empty=" ", number=7)
    bao.put(f"{path}/deleted", token="hunter2")
    bao.root.secrets.kv.v2.delete_latest_version_of_secret(f"{path}/deleted".removeprefix("secret/"))
    if "old/" not in bao.root.sys.list_mounted_secrets_engines()["data"]:
        bao.root.sys.enable_secrets_engine("kv", path="old", options={"version": "1"})

    with pytest.raises(SettingsError) as caught:
        lookup(vault(bao, bao.root.token)).read("vault:" + reference.format(path=path), "hubspot.token")

    assert (SettingsError, "hubspot.token") == (type(caught.value), caught.value.key)
    assert cure in caught.value.cure
    assert "hunter2" not in caught.value.sentence


def test_no_permission(bao: Bao) -> None:
    """A policy that does not let us in is Locked, and says what it must allow; the token is in no sentence."""
    path, other = bao.folder(), bao.folder()
    bao.put(path, token="hunter2")
    for token in (bao.token(bao.policy(other)), "hvs.not-a-token"):
        with pytest.raises(Locked) as caught:
            lookup(vault(bao, token)).read(f"vault:{path}#token", "hubspot.token")
        assert "Vault" in caught.value.cure
        assert not {token, "hunter2"} & set(caught.value.sentence.split())
    with pytest.raises(Locked, match=f"must allow read on `secret/data/{path.removeprefix('secret/')}`"):
        lookup(vault(bao, bao.token(bao.policy(other)))).read(f"vault:{path}#token", "hubspot.token")
    with pytest.raises(Locked, match="Vault refuses the token"):
        lookup(vault(bao, "hvs.not-a-token")).read(f"vault:{path}#token", "hubspot.token")


def test_no_address(bao: Bao) -> None:
    """Without an address the setting is named."""
    with pytest.raises(SettingsError) as caught:
        lookup(vault(bao, "t", address="")).read("vault:secret/app#token", "hubspot.token")

    assert "vault.address" == caught.value.key


class TestApprole:
    def test_logs_in_and_again_when_it_must(self, bao: Bao) -> None:
        """A login that ended, as by its revocation, is made anew with the next call; nobody notices."""
        path = bao.folder()
        bao.put(path, token="hunter2")
        one = vault(bao, role=bao.role(bao.policy(path)))
        assert "hunter2" == one.read(path, "token")

        bao.root.sys.revoke_prefix("auth/approle/login")

        assert "hunter2" == one.read(path, "token")

    def test_refused(self, bao: Bao) -> None:
        """A wrong or used up secret id is Locked, and says which setting to look at."""
        role_id, _ = bao.role(bao.policy(bao.folder()))
        with pytest.raises(Denied, match="refuses the AppRole"):
            vault(bao, role=(role_id, "not-a-secret-id")).read("secret/app", "token")

    def test_is_renewed_before_it_ends(self, bao: Bao) -> None:
        """After a third of its life a login is renewed, and it is the same login; after its longest life, a new one."""
        path, ticks = bao.folder(), Ticks()
        bao.put(path, token="hunter2")
        one = vault(bao, role=bao.role(bao.policy(path), ttl="1h", longest="2h"), clock=ticks)
        one.read(path, "token")
        first = one._client.token
        before = bao.root.auth.token.lookup(first)["data"]

        one.renew()
        assert "last_renewal" not in bao.root.auth.token.lookup(first)["data"]
        ticks.at += 1201
        one.renew()

        after = bao.root.auth.token.lookup(first)["data"]
        assert (None, True) == (before.get("last_renewal"), bool(after["last_renewal"]))
        assert first == one._client.token
        bao.root.auth.token.revoke(first)
        ticks.at += 1201
        one.renew()
        assert first != one._client.token
        assert "hunter2" == one.read(path, "token")


def test_a_token_is_renewed(bao: Bao) -> None:
    """A token of the settings that may be renewed is; one that lasts for good is left alone."""
    path, ticks = bao.folder(), Ticks()
    bao.put(path, token="hunter2")
    token = bao.token(bao.policy(path), period="1h")
    one = vault(bao, token, clock=ticks)
    one.read(path, "token")
    ticks.at += 1201
    one.renew()

    assert bao.root.auth.token.lookup(token)["data"]["last_renewal"]


def test_a_new_token_is_taken_up(bao: Bao) -> None:
    """A token that ran out and was replaced, in the file or variable that holds it, is taken up with the next call."""
    path = bao.folder()
    bao.put(path, token="hunter2")
    tokens = [bao.token(bao.policy(path))]
    one = Vault(Entry(bao.url, "", "", "", lambda: tokens[-1], "", lambda: "", "approle"))
    assert "hunter2" == one.read(path, "token")
    bao.root.auth.token.revoke(tokens[-1])
    with pytest.raises(Denied):
        one.read(path, "token")

    tokens.append(bao.token(bao.policy(path)))

    assert "hunter2" == one.read(path, "token")


class TestAway:
    def test_sealed_and_halted(self, bao: Bao) -> None:
        """Sealed, and where nobody answers or listens, it is away: neither missing nor Locked; then back."""
        path = bao.folder()
        bao.put(path, token="hunter2")
        one = vault(bao, bao.root.token)
        with bao.sealed(), pytest.raises(StoreAway, match="sealed"):
            one.read(path, "token")
        assert "hunter2" == one.read(path, "token")
        with bao.halted(), pytest.raises(StoreAway, match="does not answer"):
            one.read(path, "token")
        assert "hunter2" == one.read(path, "token")
        with pytest.raises(StoreAway, match="does not answer"):
            vault(bao, "t", address="http://127.0.0.1:1").read(path, "token")

    def test_a_store_that_is_away_is_not_waited_for_again_at_once(self, bao: Bao) -> None:
        """Who needs another secret from it a moment later is told at once, so that a page does not wait four times."""
        path, ticks = bao.folder(), Ticks()
        bao.put(path, token="hunter2", other="hunter3")
        looked = lookup(vault(bao, bao.root.token), ticks)
        with bao.sealed(), pytest.raises(StoreAway):
            looked.read(f"vault:{path}#token", "hubspot.token")

        with pytest.raises(StoreAway, match="sealed"):
            looked.read(f"vault:{path}#other", "xero.client_secret")
        assert "hunter2" == looked.read(f"vault:{path}#token", "hubspot.token", anew=True)
        assert "hunter3" == looked.read(f"vault:{path}#other", "xero.client_secret")

    def test_a_secret_is_remembered_for_seconds(self, bao: Bao) -> None:
        """With every call one is needed, and asked for now and then; one that was refused is asked for at once."""
        path, ticks = bao.folder(), Ticks()
        bao.put(path, token="first")
        looked, reference = lookup(vault(bao, bao.root.token), ticks), f"vault:{path}#token"
        assert "first" == looked.read(reference, "hubspot.token")
        bao.put(path, token="second")

        assert "first" == looked.read(reference, "hubspot.token")
        assert "second" == looked.read(reference, "hubspot.token", unlike="first")
        bao.put(path, token="third")
        ticks.at += REMEMBERED + 1
        assert "third" == looked.read(reference, "hubspot.token")
        ticks.at += REMEMBERED + 1
        with bao.sealed(), pytest.raises(StoreAway):
            looked.read(reference, "hubspot.token")
        ticks.at += AWAY + 1
        assert "third" == looked.read(reference, "hubspot.token")


def test_versions(bao: Bao) -> None:
    """A version takes the place of the one that was read and of no other; also after it was deleted."""
    path = bao.folder()
    one = VaultStore(vault(bao, bao.token(bao.policy(path))), path)
    nothing = one.load("xero")
    one.save("xero", "first", nothing.version)
    first = one.load("xero")
    one.save("xero", "second", first.version)

    for stale in (nothing, first):
        with pytest.raises(Changed):
            one.save("xero", "third", stale.version)
    assert ("second", {"value": "second"}) == (one.load("xero").text, bao.get(f"{path}/xero"))
    bao.root.secrets.kv.v2.delete_latest_version_of_secret(f"{path}/xero".removeprefix("secret/"))
    deleted = one.load("xero")
    one.save("xero", "fourth", deleted.version)
    assert (None, "fourth") == (deleted.text, one.load("xero").text)
    one.remove("xero")
    one.remove("xero")
    assert one.load("xero").text is None
