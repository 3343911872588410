"""A service whose secrets lie in Vault, by real processes: served from there, moved there and back, and missed."""

from __future__ import annotations

import itertools
import json
from contextlib import ExitStack
from pathlib import Path

from cli_process import run
from operated import SECRETS, Place, until

from bao_server import Bao
from ledgerloop_sandbox import credentials


def _write(place: Place, *lines: str) -> None:
    """Put sections into the settings, in the place of those that were put there before."""
    file = place.folder / "ledgerloop.toml"
    before = file.read_text().partition("# added\n")[0]
    file.write_text(before + "# added\n" + "".join(f"{line}\n" for line in lines))


def _vault(place: Place, bao: Bao, path: str) -> list[str]:
    """Give the lines that let the service into Vault, by an AppRole whose secret id is sealed here."""
    role_id, secret_id = bao.role(bao.policy(path))
    lines = ["[vault]", f'address = "{bao.url}"', f'role_id = "{role_id}"', 'secret_id = "secret:vault_secret_id"']
    _write(place, *lines)
    place.command("secret", "set", "vault_secret_id", given=secret_id)
    return lines


def _said(place: Place, *more: str) -> str:
    """Return everything that the service and commands have said, and what other users see of the process."""
    return "\n".join([*place.log, *more])


def test_a_service_on_vault(served: Place, bao: Bao) -> None:
    """Everything from Vault: both vendors connect, and while it is sealed what needs it gets 503 and health says so."""
    path = bao.folder()
    file = served.folder / "ledgerloop.toml"
    login = _vault(served, bao, path)
    for name in ("xero_client_secret", "xero_webhook_key", "hubspot_token"):
        _forget(served, name)
    file.write_text(
        file.read_text().replace("[hubspot]\n", f'[hubspot]\nclient_secret = "vault:{path}/app#client_secret"\n')
    )
    _forget(served, "hubspot_client_secret")
    bao.put(f"{path}/app", client_secret=credentials.HUBSPOT_CLIENT_SECRET)
    _write(served, *login, "[secrets]", f'store = "vault:{path}"')
    said = []
    for name in ("xero_client_secret", "xero_webhook_key", "hubspot_token"):
        said.append(served.command("secret", "set", name, given=SECRETS[name]).stdout)
        assert {"value": SECRETS[name]} == bao.get(f"{path}/{name}")
    with served.serving() as service:
        served.connect()
        assert (200, 200) == (served.from_xero(), served.from_hubspot())
        assert "access_token" in bao.get(f"{path}/xero")["value"]
        with bao.sealed():
            until(lambda: 503 == served.from_xero())
            until(lambda: 503 == served.from_hubspot())
            health = until(lambda: (now := served.health())["status"] == "failing" and now)
            page = run(served.folder, "doctor")
            assert 200 == served.page("/login")
        until(lambda: 200 == served.from_xero())
        until(lambda: "ok" == served.health()["status"])
        seen = [Path(f"/proc/{service.pid}/{one}").read_bytes().decode() for one in ("cmdline", "environ")]

    assert 503 == health["code"]
    assert any("the secret store cannot be used" in one for one in health["problems"])
    assert not any(bao.url in one or path in one for one in health["problems"])  # a stranger may ask
    assert "Vault is sealed" in page.stdout
    everything = _said(served, *said, *seen, page.stdout, page.stderr)
    assert "Vault is sealed" in everything
    for secret in (*SECRETS.values(), bao.get(f"{path}/xero")["value"][20:60]):
        assert secret not in everything


def test_moved_there_and_back(served: Place, bao: Bao) -> None:
    """Tokens and secrets go to Vault and back, the connection with them; not while the service runs.

    Until the setting says where they are, nothing starts, and the sentence says what to write.
    """
    path = bao.folder()
    with served.serving():
        served.connect()
        login = _vault(served, bao, path)
        refused = run(served.folder, "secret", "move", "--to", f"vault:{path}")
    moved = served.command("secret", "move", "--to", f"vault:{path}")
    again = run(served.folder, "secret", "move", "--to", f"vault:{path}")
    started = run(served.folder, "serve")

    assert (1, "The service runs, or a command does: stop it first.\n") == (refused.returncode, refused.stderr)
    for name in SECRETS:
        assert f"Moved   `{name}`" in moved.stdout
        assert {"value": SECRETS[name]} == bao.get(f"{path}/{name}")
    assert "Moved   the tokens that Xero gave" in moved.stdout
    assert f'Write store = "vault:{path}" under [secrets]' in moved.stdout
    assert (1, True) == (again.returncode, "already" in again.stderr)
    assert (2, True) == (started.returncode, f'the secrets are in "vault:{path}": write that' in started.stderr)

    _write(served, *login, "[secrets]", f'store = "vault:{path}"')
    with served.serving():
        assert (200, 200) == (served.from_xero(), served.from_hubspot())
        assert "Xero answers for" in run(served.folder, "doctor").stdout
    back = served.command("secret", "move", "--to", "local")
    _write(served, *login)
    with served.serving():
        assert (200, 200) == (served.from_xero(), served.from_hubspot())
        assert "Xero answers for" in run(served.folder, "doctor").stdout

    assert "Moved   the tokens that Xero gave" in back.stdout
    for name in (*SECRETS, "xero"):
        assert bao.versions(f"{path}/{name}") == 0
    assert not any(secret in _said(served, moved.stdout, back.stdout) for secret in SECRETS.values())


def test_a_move_that_cannot_be_done(served: Place, bao: Bao) -> None:
    """A store that is sealed, does not let us in or is none leaves everything where it was, and says why."""
    path = bao.folder()
    login = _vault(served, bao, path)
    with bao.sealed():
        sealed = run(served.folder, "secret", "move", "--to", f"vault:{path}")
    denied = run(served.folder, "secret", "move", "--to", "vault:secret/elsewhere")
    wrong = run(served.folder, "secret", "move", "--to", "vault:secret")
    _write(served, *login[:-1], 'secret_id = "env:NOT_SET_IN_TESTS"')
    missing = run(served.folder, "secret", "move", "--to", f"vault:{path}")

    assert (1, "Vault is sealed, or not ready\n") == (sealed.returncode, sealed.stderr)
    assert (2, True) == (denied.returncode, "its policy must allow" in denied.stderr)
    assert (1, True) == (wrong.returncode, 'write "local", "vault:PATH"' in wrong.stderr)
    assert (2, True) == (missing.returncode, "NOT_SET_IN_TESTS, which is not set" in missing.stderr)
    _write(served)
    with served.serving():
        assert (200, 200) == (served.from_xero(), served.from_hubspot())


def test_the_store_is_away_at_the_start(served: Place, bao: Bao) -> None:
    """The service starts all the same, answers 503 to what needs a secret, and goes on when the store is back."""
    path = bao.folder()
    login = _vault(served, bao, path)
    served.command("secret", "move", "--to", f"vault:{path}")
    _write(served, *login, "[secrets]", f'store = "vault:{path}"')
    with ExitStack() as serving, bao.sealed():
        asked = run(served.folder, "connect", "xero")
        serving.enter_context(served.serving())
        assert 503 == served.from_xero()
        until(lambda: "failing" == served.health()["status"])
        running = serving.pop_all()
    with running:
        until(lambda: 200 == served.from_xero())
        served.connect()
        until(lambda: "ok" == served.health()["status"])
    assert (1, "Vault is sealed, or not ready\n") == (asked.returncode, asked.stderr)


def test_the_list_while_the_store_is_away(served: Place, bao: Bao) -> None:
    """What is here is listed all the same; of the rest it is said that the store is away, and the exit status is 1."""
    path = bao.folder()
    _vault(served, bao, path)
    bao.put(f"{path}/app", token=credentials.HUBSPOT_TOKEN)
    file = served.folder / "ledgerloop.toml"
    file.write_text(file.read_text().replace("[hubspot]\n", f'[hubspot]\ntoken = "vault:{path}/app#token"\n'))
    with bao.sealed():
        listed, table = run(served.folder, "secret", "list", "--json"), run(served.folder, "secret", "list")
    kept = {one["setting"]: one["kept"] for one in json.loads(listed.stdout)}

    assert (1, 1) == (listed.returncode, table.returncode)
    assert (None, True, True) == (kept["hubspot.token"], kept["xero.webhook_key"], kept["vault.secret_id"])
    assert "Vault is sealed, or not ready\n" == listed.stderr == table.stderr
    assert "not known" in table.stdout
    assert 0 == until(lambda: (now := run(served.folder, "secret", "list")).returncode == 0 and now).returncode


def test_a_token_that_cannot_be_read_with_nothing_connected(served: Place, bao: Bao) -> None:
    """Settings that refer to what Vault does not let us read are amiss, connected or not: health and doctor agree."""
    with served.serving():
        served.connect()
        served.command("disconnect", "hubspot", "--yes")
    for name in ("Aussie Demo Pty", "Kiwi Demo Ltd"):
        served.command("disconnect", "xero", name, "--yes")
    forgotten = run(served.folder, "doctor")
    path = bao.folder()
    _vault(served, bao, path)
    file = served.folder / "ledgerloop.toml"
    elsewhere = f"{bao.folder()}/app"
    bao.put(elsewhere, token=credentials.HUBSPOT_TOKEN)
    file.write_text(file.read_text().replace("[hubspot]\n", f'[hubspot]\ntoken = "vault:{elsewhere}#token"\n'))
    with served.serving():
        health = until(lambda: (now := served.health())["code"] == 503 and now)
        doctor = run(served.folder, "doctor")

    assert 0 == forgotten.returncode, forgotten.stdout  # a token that was forgotten with its connection is not missed
    assert any("the secret store cannot be used" in one for one in health["problems"])
    assert (1, True) == (doctor.returncode, "its policy must allow" in doctor.stdout)


def test_lanes_go_on_soon_after_the_store_is_back(served: Place, bao: Bao) -> None:
    """A lane that failed because the store was away does not rest as if a person had to put something right."""
    path = bao.folder()
    login = _vault(served, bao, path)
    bao.put(f"{path}/app", token=credentials.HUBSPOT_TOKEN)
    file = served.folder / "ledgerloop.toml"
    file.write_text(file.read_text().replace("[hubspot]\n", f'[hubspot]\ntoken = "vault:{path}/app#token"\n'))
    _write(served, *login)
    with served.serving():
        served.connect()
        with bao.sealed():
            until(lambda: 200 == _deal_changed(served) and _failing(served))
        until(lambda: "ok" == served.health()["status"])


_MOMENTS = itertools.count(1795337999000)


def _deal_changed(place: Place) -> int:
    """Tell the service of a change of a deal's, each time another one, and return the status code."""
    told = {"portalId": 62515, "subscriptionType": "deal.propertyChange", "objectId": 999, "eventId": next(_MOMENTS)}
    return place.from_hubspot(credentials.HUBSPOT_CLIENT_SECRET, told | {"occurredAt": next(_MOMENTS)})


def _failing(place: Place) -> bool:
    return any("has failed" in one for one in place.health()["problems"])


def _forget(place: Place, name: str) -> None:
    """Take a secret away that the fixture has kept, as in an installation where nobody has set any."""
    from ledgerloop.settings import load
    from ledgerloop.store.db import Database
    from ledgerloop.store.sealed_secrets import DatabaseCells

    database = Database(load(place.folder / "ledgerloop.toml").service.database)
    cells = DatabaseCells(database)
    sealed = cells.load(name)
    assert sealed is not None
    cells.replace(name, sealed, None)
    database.close()
