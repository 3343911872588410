"""`ledgerloop disconnect` by real processes: beside the service and without it, on a terminal, on Vault, and killed."""

from __future__ import annotations

import json
import os
import pwd
import sqlite3
from typing import Any

import httpx2
import pytest
from cli_process import begun, run
from on_terminal import typed
from operated import SECRETS, Place, until

from aws_server import Aws
from bao_server import Bao

KIWI, AUSSIE = "Kiwi Demo Ltd", "Aussie Demo Pty"


def at_xero(place: Place) -> list[str]:
    """Name the organisations that Xero lists as connected to the app."""
    asked = {"method": "GET", "path": "/connections"}
    answer: Any = httpx2.post(f"{place.sandbox.xero_url}/_sandbox/act", json=asked).json()["body"]
    return sorted(one["tenantName"] for one in answer)


def secrets_kept(place: Place) -> set[str]:
    """Name what is sealed in the database."""
    with sqlite3.connect(place.folder / "ledgerloop.sqlite3") as database:
        return {name for (name,) in database.execute("SELECT name FROM secret")}


def test_one_of_two_and_then_the_last_beside_the_service(served: Place) -> None:
    """Several are asked about by words to type; the last one ends the grant, and the doctor finds nothing amiss."""
    with served.serving():
        served.connect()
        asked = run(served.folder, "disconnect", "xero")
        assert 1 == asked.returncode
        assert f'run `ledgerloop disconnect xero "{AUSSIE}"`, or `ledgerloop disconnect xero "{KIWI}"`' in asked.stderr
        unasked = run(served.folder, "disconnect", "xero", AUSSIE)
        assert (1, "") == (unasked.returncode, unasked.stdout)
        assert f"The lane `standing` of {AUSSIE} ends" in unasked.stderr
        assert "run it with --yes" in unasked.stderr
        assert [AUSSIE, KIWI] == at_xero(served)

        ended = typed(served.folder, 100, "disconnect", "xero", AUSSIE, answers=[("[y/N]", "y\n")])

        assert 0 == ended.returncode, ended.text
        assert "The other organisations stay connected." in ended.text
        assert "Xero has ended the connection." in ended.text
        assert [KIWI] == at_xero(served)
        said = served.command("disconnect", "xero", "--yes").stdout
        assert "What Xero had granted is revoked, and its tokens are forgotten." in said
        assert "run `ledgerloop connect xero`" in said
        assert [] == at_xero(served)
        assert "xero" not in secrets_kept(served)
        served.command("disconnect", "hubspot", "--yes")
        told = json.loads(served.command("journal", "--json").stdout)
        me = f"A person ({pwd.getpwuid(os.getuid()).pw_name}, on a command line)"
        found = [one["reason"] for one in told if one["reason"].startswith("A person")]
        assert [f"{me} disconnected {name}." for name in ("HubSpot 62515", KIWI, AUSSIE)] == found
        assert [62515] == [int(one["subject"].removeprefix("portal ")) for one in told if found[0] == one["reason"]]
        until(lambda: {AUSSIE, KIWI} <= set(_disconnected(served)))
        assert (200, 200, "ok") == (served.from_xero(), served.from_hubspot_deal(), served.health()["status"])
        told = run(served.folder, "doctor")
        assert 0 == told.returncode, told.stdout
        assert f"· {KIWI} is disconnected. To connect it again, run `ledgerloop connect xero`" in told.stdout
        assert "To connect it again, save its token where it was forgotten, and then run `ledgerloop" in told.stdout
        assert f"{KIWI} is disconnected already." in served.command("disconnect", "xero", KIWI, "--yes").stdout
        served.command("secret", "set", "hubspot_token", given=SECRETS["hubspot_token"])
        served.connect()
        assert [AUSSIE, KIWI] == at_xero(served)
        assert 0 == run(served.folder, "connect", "choose", KIWI).returncode
        assert "disconnected" not in served.command("status").stdout


def _disconnected(place: Place) -> list[str]:
    shown = place.command("status").stdout.splitlines()
    return [name for name in (AUSSIE, KIWI) for line in shown if name in line and "disconnected" in line]


def test_on_vault_while_the_service_is_stopped(served: Place, bao: Bao) -> None:
    """The tokens go where they lie; a token that the operator put there stays, and that is said."""
    path = bao.folder()
    role_id, secret_id = bao.role(bao.policy(path))
    file = served.folder / "ledgerloop.toml"
    bao.put(f"{path}/app", token=SECRETS["hubspot_token"])
    file.write_text(
        file.read_text().replace("[hubspot]\n", f'[hubspot]\ntoken = "vault:{path}/app#token"\n')
        + f'[vault]\naddress = "{bao.url}"\nrole_id = "{role_id}"\nsecret_id = "secret:vault_secret_id"\n'
    )
    served.command("secret", "set", "vault_secret_id", given=secret_id)
    served.command("secret", "move", "--to", f"vault:{path}")
    file.write_text(file.read_text() + f'[secrets]\nstore = "vault:{path}"\n')
    with served.serving():
        served.connect()
    assert "access_token" in bao.get(f"{path}/xero")["value"]
    served.command("disconnect", "xero", AUSSIE, "--yes")
    with bao.sealed():
        away = run(served.folder, "disconnect", "xero", "--yes")
        assert 1 == away.returncode
        assert "Nothing here uses it any more, but Xero still lets us in" in away.stdout
    assert [KIWI] == at_xero(served)

    done = until(lambda: (now := run(served.folder, "disconnect", "xero", "--yes")).returncode == 0 and now)
    hubspot = served.command("disconnect", "hubspot", "--yes").stdout

    assert "its tokens are forgotten" in done.stdout
    assert 0 == bao.versions(f"{path}/xero")
    assert [] == at_xero(served)
    assert f"The token stays at vault:{path}/app#token, since Ledgerloop did not put it there" in hubspot
    assert {"token": SECRETS["hubspot_token"]} == bao.get(f"{path}/app")


@pytest.mark.usefixtures("aws_environment")
def test_on_aws(served: Place, aws: Aws) -> None:
    """The tokens are deleted where they lie; while AWS lets nobody in, or is away, that is said and done later."""
    folder, file = aws.folder(), served.folder / "ledgerloop.toml"
    aws.put(f"{folder}-theirs", json.dumps({"token": SECRETS["hubspot_token"]}))
    token = f"aws-sm:{folder}-theirs#token"
    file.write_text(file.read_text().replace("[hubspot]\n", f'[hubspot]\ntoken = "{token}"\n'))
    served.command("secret", "move", "--to", f"aws-sm:{folder}")
    file.write_text(file.read_text() + f'[secrets]\nstore = "aws-sm:{folder}"\n')
    with served.serving():
        served.connect()
    assert "access_token" in aws.get(f"{folder}/xero")
    served.command("disconnect", "xero", AUSSIE, "--yes")
    with aws.closed():
        denied = run(served.folder, "disconnect", "xero", "--yes")
    with aws.halted():
        away = run(served.folder, "disconnect", "xero", "--yes")
    for ended in (denied, away):
        assert 1 == ended.returncode
        assert "Nothing here uses it any more, but Xero still lets us in" in ended.stdout
    assert "access_token" in aws.get(f"{folder}/xero")
    assert [KIWI] == at_xero(served)

    done = served.command("disconnect", "xero", "--yes").stdout
    hubspot = served.command("disconnect", "hubspot", "--yes").stdout

    assert "What Xero had granted is revoked, and its tokens are forgotten." in done
    assert ("", []) == (aws.get(f"{folder}/xero"), at_xero(served))
    assert f"The token stays at {token}, since Ledgerloop did not put it there" in hubspot
    assert {"token": SECRETS["hubspot_token"]} == json.loads(aws.get(f"{folder}-theirs"))


@pytest.mark.usefixtures("aws_environment")
def test_a_token_of_hubspot_s_that_lies_on_aws(served: Place, aws: Aws) -> None:
    """What `ledgerloop secret set` put there is deleted there, and the others stay."""
    folder, file = aws.folder(), served.folder / "ledgerloop.toml"
    served.command("secret", "move", "--to", f"aws-sm:{folder}")
    file.write_text(file.read_text() + f'[secrets]\nstore = "aws-sm:{folder}"\n')
    served.command("connect", "hubspot")
    with aws.closed():
        denied = run(served.folder, "disconnect", "hubspot", "--yes")
    assert 1 == denied.returncode
    assert "The token `hubspot_token` could not be forgotten" in denied.stdout
    assert "AWS does not let us in" in denied.stdout
    assert SECRETS["hubspot_token"] == aws.get(f"{folder}/hubspot_token")

    said = served.command("disconnect", "hubspot", "--yes").stdout

    assert "The token `hubspot_token` that `ledgerloop secret set` kept is forgotten." in said
    assert ["", SECRETS["xero_webhook_key"]] == [
        aws.get(f"{folder}/{one}") for one in ("hubspot_token", "xero_webhook_key")
    ]


def test_a_command_that_was_killed_is_run_again(served: Place) -> None:
    """Nothing goes on here from the first moment, and the next run tells Xero what the killed one did not."""
    with served.serving():
        served.connect()
        served.command("disconnect", "xero", AUSSIE, "--yes")
        faults = f"{served.sandbox.xero_url}/_sandbox/faults"
        stuck = {"kind": "delay", "method": "DELETE", "path": "/connections", "delay_ms": 86_400_000}
        assert 201 == httpx2.post(faults, json=stuck).status_code
        with begun(served.folder, "disconnect", "xero", "--yes") as command:
            until(lambda: any(one["taken"] for one in httpx2.get(faults).json()["faults"]))
            command.kill()
        assert 200 == served.from_xero()
        until(lambda: "Ledgerloop stopped before it had told Xero. Disconnect it once more." in _status(served))
        httpx2.delete(faults)

        done = served.command("disconnect", "xero").stdout

        assert "What Xero had granted is revoked, and its tokens are forgotten." in done
        assert ([], "ok") == (at_xero(served), until(lambda: served.health()["status"]))


def _status(place: Place) -> str:
    return " ".join(place.command("status").stdout.split())
