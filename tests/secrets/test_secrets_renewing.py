"""Refresh tokens in every store, by real processes: each used once, none lost, whatever is killed or away meanwhile.

`make renewals` renews a thousand times.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from renewing import GRANT, Identity, begun, first, identity, opened, tokens

from aws_server import Aws
from bao_server import Bao
from ledgerloop.errors import SettingsError, StoreAway
from ledgerloop.oauth import TokenSet
from ledgerloop.secrets.sealed import new_key_file

TIMES = int(os.environ.get("RENEWALS", "24"))
Write = Callable[[str, str], Path]


@pytest.fixture
def host() -> Iterator[Identity]:
    """Run an identity host."""
    with identity() as found:
        yield found


@pytest.fixture
def settings(tmp_path: Path) -> Write:
    """Write settings with a key, for a database and a store."""

    def write(database: str, store: str) -> Path:
        file = tmp_path / "ledgerloop.toml"
        file.write_text(f'[service]\ndatabase = "{database}"\n{store}')
        if not (tmp_path / "ledgerloop.key").exists():
            new_key_file(tmp_path / "ledgerloop.key")
        return file

    return write


def in_vault(bao: Bao, folder: Path, path: str) -> str:
    """Choose Vault in the settings, by a token that lies in a file and may go below one path only."""
    (folder / "vault_token").write_text(bao.token(bao.policy(path)))
    return f'[secrets]\nstore = "vault:{path}"\n[vault]\naddress = "{bao.url}"\ntoken = "file:vault_token"\n'


@pytest.fixture(params=["local", "vault", "aws-sm"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the settings of each store."""
    if request.param == "local":
        return ""
    if request.param == "aws-sm":
        request.getfixturevalue("aws_environment")
        return f'[secrets]\nstore = "aws-sm:{request.getfixturevalue("aws").folder()}"\n'
    bao: Bao = request.getfixturevalue("bao")
    return in_vault(bao, tmp_path, bao.folder())


def keep_first(file: Path) -> None:
    """Keep the tokens of a consent."""
    with opened(file) as stores, stores.shelf.lock(GRANT):
        stores.shelf.save(GRANT, first())


def kept(file: Path) -> str:
    """Return the refresh token that is kept."""
    with opened(file) as stores:
        return TokenSet.from_json(stores.shelf.load(GRANT) or "").refresh_token


def there(bao: Bao, path: str) -> str:
    """Return the refresh token that Vault has."""
    return TokenSet.from_json(bao.get(f"{path}/{GRANT}")["value"]).refresh_token


def test_processes_use_each_token_once(settings: Write, database_url: str, store: str, host: Identity) -> None:
    """Two processes renew all the time: no refresh token is used twice, none is lost, and the last one is kept.

    On PostgreSQL they share nothing but the database and the store, as two machines do.
    """
    file = settings(database_url, store)
    keep_first(file)

    both = [begun(file, host.url, TIMES // 2) for _ in range(2)]
    ended = [(one.communicate(timeout=1800), one.returncode) for one in both]

    assert [0, 0] == [code for _, code in ended], ended
    assert [] == host.refused
    assert {1} == set(host.used.values())
    assert TIMES // 2 * 2 == len(host.used)
    assert host.latest == kept(file)


@pytest.mark.parametrize("when", ["before_answer", "after_answer"])
def test_killed_around_the_answer(settings: Write, sqlite_url: str, store: str, host: Identity, when: str) -> None:
    """Killed before its answer came, or as it came: the next process has a token that still counts at the vendor."""
    file = settings(sqlite_url, store)
    keep_first(file)
    host.lenient = True  # as Xero is, for thirty minutes, because an answer may be lost
    process = begun(file, host.url, 1000)
    setattr(host, when, lambda: process.kill() if host.number == 5 else None)
    process.communicate(timeout=120)
    assert -9 == process.returncode

    with opened(file) as stores:
        tokens(stores, host.url)()

    assert [] == host.refused
    assert sum(host.used.values()) - len(host.used) <= 1  # the answer that nobody heard was asked for again
    assert host.latest == kept(file)


def test_killed_before_the_store_has_it(
    settings: Write, sqlite_url: str, tmp_path: Path, bao: Bao, host: Identity
) -> None:
    """Killed while the store does not answer, with the new token on disk alone: it counts, and is brought over."""
    path = bao.folder()
    file = settings(sqlite_url, in_vault(bao, tmp_path, path))
    keep_first(file)
    with ExitStack() as halted, opened(file) as stores:
        host.before_answer = lambda: halted.enter_context(bao.halted())
        process = begun(file, host.url, 1)
        _until(lambda: stores.elsewhere.waiting() == (GRANT,))
        process.kill()
        process.communicate(timeout=60)
        assert host.latest == TokenSet.from_json(stores.shelf.load(GRANT) or "").refresh_token
    host.before_answer = lambda: None

    assert "refresh-hunter2-1" == there(bao, path)
    with opened(file) as stores:
        stores.keeper.look()
        assert (host.latest, host.latest, ()) == (kept(file), there(bao, path), stores.elsewhere.waiting())
        tokens(stores, host.url)()
    assert {1} == set(host.used.values())


@pytest.mark.usefixtures("aws_environment")
@pytest.mark.parametrize("gone", ["closed", "halted"])
def test_aws_that_goes_away_and_comes_back(
    settings: Write, sqlite_url: str, aws: Aws, host: Identity, gone: str
) -> None:
    """The same where AWS does not answer, or does not let us in any more, as after a change of its policy."""
    folder = aws.folder()
    file = settings(sqlite_url, f'[secrets]\nstore = "aws-sm:{folder}"\n')
    keep_first(file)
    with opened(file) as stores:
        give = tokens(stores, host.url)
        with ExitStack() as away:
            host.before_answer = lambda: away.enter_context(getattr(aws, gone)())
            give()
            host.before_answer = lambda: None
            assert (GRANT,) == stores.elsewhere.waiting()
            give()
            stores.keeper.look()
            assert "AWS" in stores.keeper.trouble
        stores.keeper.look()

        assert ("", ()) == (stores.keeper.trouble, stores.elsewhere.waiting())
        assert host.latest == TokenSet.from_json(aws.get(f"{folder}/{GRANT}")).refresh_token
    assert {1} == set(host.used.values())


@pytest.mark.parametrize("gone", ["sealed", "halted"])
def test_a_store_that_goes_away_and_comes_back(
    settings: Write, sqlite_url: str, tmp_path: Path, bao: Bao, host: Identity, gone: str
) -> None:
    """What was renewed while it was away is on the disk, sealed, and serves; when it is back, the store has it."""
    path = bao.folder()
    file = settings(sqlite_url, in_vault(bao, tmp_path, path))
    keep_first(file)
    with opened(file) as stores:
        give = tokens(stores, host.url)
        give()
        with ExitStack() as away:
            host.before_answer = lambda: away.enter_context(getattr(bao, gone)())
            give()
            host.before_answer = lambda: None
            assert (GRANT,) == stores.elsewhere.waiting()
            give()  # with what landed, which needs no store
            stores.keeper.look()
            assert "Vault" in stores.keeper.trouble
            with pytest.raises(StoreAway):
                stores.shelf.load("another")
        stores.keeper.look()

        assert ("", ()) == (stores.keeper.trouble, stores.elsewhere.waiting())
        assert host.latest == there(bao, path)
        give()
    assert {1} == set(host.used.values())
    assert not any(b"hunter2" in one.read_bytes() for one in tmp_path.iterdir() if one.is_file())


def test_a_kill_between_the_store_and_here(
    settings: Write, sqlite_url: str, tmp_path: Path, bao: Bao, host: Identity
) -> None:
    """Where the store has the token already and it still lies here, the next one takes the place of either."""
    path = bao.folder()
    file = settings(sqlite_url, in_vault(bao, tmp_path, path))
    keep_first(file)
    with opened(file) as stores:
        give = tokens(stores, host.url)
        with ExitStack() as away:
            host.before_answer = lambda: away.enter_context(bao.sealed())
            give()
        host.before_answer = lambda: None
        bao.put(f"{path}/{GRANT}", value=stores.shelf.load(GRANT))  # it got there, and a kill came before the answer
        assert (GRANT,) == stores.elsewhere.waiting()

        give()

        assert ((), host.latest, host.latest) == (stores.elsewhere.waiting(), kept(file), there(bao, path))


def test_theirs_stays(settings: Write, sqlite_url: str, tmp_path: Path, bao: Bao, host: Identity) -> None:
    """What somebody else put into the store while ours waited here is newer, and is used from then on."""
    path = bao.folder()
    file = settings(sqlite_url, in_vault(bao, tmp_path, path))
    keep_first(file)
    with opened(file) as stores:
        with ExitStack() as away:
            host.before_answer = lambda: away.enter_context(bao.sealed())
            tokens(stores, host.url)()
        bao.put(f"{path}/{GRANT}", value=first().replace("refresh-hunter2-1", "theirs"))

        stores.keeper.look()

        assert ("theirs", ()) == (kept(file), stores.elsewhere.waiting())


def test_the_setting_alone_moves_nothing(settings: Write, sqlite_url: str, tmp_path: Path, bao: Bao) -> None:
    """Whoever changes where secrets are kept without moving them is told, both ways; a new installation just begins."""
    path = bao.folder()
    file = settings(sqlite_url, "")
    keep_first(file)
    settings(sqlite_url, in_vault(bao, tmp_path, path))
    with opened(file) as stores, pytest.raises(SettingsError, match=f"move --to vault:{path}"):
        stores.shelf.load(GRANT)

    with opened(file) as stores:
        stores.here.replace(GRANT, stores.here.load(GRANT) or "", None)
    keep_first(file)
    assert "refresh-hunter2-1" == kept(file)
    settings(sqlite_url, "")
    with opened(file) as stores, pytest.raises(SettingsError, match=f'in "vault:{path}": write that'):
        stores.shelf.load(GRANT)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
