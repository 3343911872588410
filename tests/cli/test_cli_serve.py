"""`ledgerloop serve` and the commands beside it, as processes, on the sandbox: start, connect, look, stop."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from cli_process import begun, run
from operated import Place, until

from free_ports import free_port
from ledgerloop.hubspot import scopes
from ledgerloop_sandbox.server import Sandbox, running


@pytest.fixture
def port() -> int:
    """Give a port that nobody listens on."""
    return free_port()


@pytest.fixture
def sandbox(port: int) -> Iterator[Sandbox]:
    """Run both vendors, expecting the service at the port."""
    with running(service_url=f"http://127.0.0.1:{port}") as both:
        yield both


def _until_up(address: str) -> httpx2.Response:
    until = time.monotonic() + 60
    while True:
        try:
            return httpx2.get(f"{address}/health", verify=False)
        except httpx2.TransportError:
            assert time.monotonic() < until, "the service did not start"
            time.sleep(0.05)


def test_sandbox_without_an_account(place: Path, sandbox: Sandbox, port: int) -> None:
    """After init, the service runs on the sandbox at once: both are connected by commands, doctor finds all fine."""
    at = ["--port", str(port)]
    urls = ["--xero-url", sandbox.xero_url, "--hubspot-url", sandbox.hubspot_url]
    before = run(place, "doctor", *urls)
    with begun(place, "serve", *urls, *at) as service:
        health = _until_up(f"http://127.0.0.1:{port}")
        with begun(place, "connect", "xero", *urls, *at, "--wait") as consent:
            assert consent.stdout is not None
            address = consent.stdout.readline().strip()
            back = httpx2.get(f"{address}&sandbox_consent=all", follow_redirects=True)
            waited = consent.stdout.readline()
            assert 0 == consent.wait(60)
        hubspot = run(place, "connect", "hubspot", *urls)
        chosen = run(place, "connect", "answer", "--deals", "Kiwi Demo Ltd", "--sandbox")
        after = run(place, "doctor", *urls, *at, "--json")
        status = json.loads(run(place, "status", "--sandbox", "--json").stdout)
        service.send_signal(signal.SIGTERM)
        _, said = service.communicate(timeout=60)

    assert 1 == before.returncode
    assert "✗ No Xero organisation is connected: run `ledgerloop connect xero`" in before.stdout
    assert "✗ HubSpot lacks properties, run `ledgerloop provision`: contact xero_contact_id" in before.stdout
    assert 200 == health.status_code
    assert "Ledgerloop may now work with Kiwi Demo Ltd, Aussie Demo Pty." in back.text
    assert "Connected: Aussie Demo Pty, Kiwi Demo Ltd\n" == waited
    assert 0 == hubspot.returncode, hubspot.stderr
    assert 0 == chosen.returncode, chosen.stderr
    assert "Connected: HubSpot 62515" in hubspot.stdout
    assert "Made the property contact xero_contact_id." in hubspot.stdout
    assert 0 == after.returncode, after.stdout
    findings = json.loads(after.stdout)
    assert {one["verdict"] for one in findings} <= {"fine", "note"}
    scopes = next(one for one in findings if "Xero granted" in one["sentence"])
    assert "offline_access" in scopes["wanted"]
    assert [] == scopes["missing"]
    assert not any("developer.xero.com" in one["sentence"] or "https" in one["sentence"] for one in findings)
    assert {"xero", "hubspot"} == {one["vendor"] for one in status["connections"]}
    assert (0, True) == (service.returncode, "Ledgerloop has stopped." in said)
    assert not {"Traceback", sandbox.xero.name + "-client-secret"} & set(said.split())


def test_serve_ends_by_interrupt(place: Path, sandbox: Sandbox, port: int) -> None:
    """Ctrl+C ends the service with status 0, too."""
    words = ["--xero-url", sandbox.xero_url, "--hubspot-url", sandbox.hubspot_url, "--port", str(port)]
    with begun(place, "serve", *words) as service:
        _until_up(f"http://127.0.0.1:{port}")
        service.send_signal(signal.SIGINT)
        _, said = service.communicate(timeout=60)

    assert (0, "") == (service.returncode, said if "Traceback" in said else "")


def test_what_only_the_user_knows(place: Path) -> None:
    """A missing setting is one sentence, with key, file and what to write, and exit status 2."""
    ended = run(place, "serve")

    assert (2, "") == (ended.returncode, ended.stdout)
    assert 1 == len(ended.stderr.splitlines())
    assert "Setting `xero.client_id` in " in ended.stderr
    assert str(place / "ledgerloop.toml") in ended.stderr
    assert 'write client_id = "…" under [xero]' in ended.stderr


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[service]\nprt = 1\n", "Setting `service.prt` in"),
        ("[service]\nport = 99999999\n", "Setting `service.port` in"),
        ("[xero", "it is not TOML"),
        ('[hubspot]\ntoken = "pat-na1-123"\n', "never the secret"),
        (None, "run `ledgerloop init`"),
    ],
)
def test_wrong_settings(tmp_path: Path, written: str | None, said: str) -> None:
    """A wrong setting is one sentence and exit status 2, whatever the command."""
    if written is not None:
        (tmp_path / "ledgerloop.toml").write_text(written)

    ended = run(tmp_path, "status")

    assert (2, "") == (ended.returncode, ended.stdout)
    assert said in ended.stderr
    assert 1 == len(ended.stderr.splitlines())
    assert "pat-na1-123" not in ended.stderr


def test_port_that_is_taken(place: Path) -> None:
    """A port that another program has is one sentence and exit status 2."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        ended = run(place, "serve", "--sandbox", "--port", str(taken))

    assert 2 == ended.returncode
    assert f"Setting `--port` in the command line: 127.0.0.1:{taken} cannot be listened on" in ended.stderr
    assert 1 == len(ended.stderr.splitlines())
    assert 2 == run(place, "serve", "--sandbox", "--port", "99999").returncode


def test_second_service_on_one_database(place: Path, sandbox: Sandbox, port: int) -> None:
    """A second service on the same database ends with one sentence and status 1, and does not say where it is."""
    words = ["serve", "--xero-url", sandbox.xero_url, "--hubspot-url", sandbox.hubspot_url, "--port"]
    another = str(free_port())
    with begun(place, *words, str(port)):
        _until_up(f"http://127.0.0.1:{port}")
        ended = run(place, *words, another)

    assert (1, "") == (ended.returncode, ended.stdout)
    assert ["Another process already works on this database as worker `one`; stop it first."] == (
        ended.stderr.splitlines()
    )
    modes = {oct(file.stat().st_mode & 0o777) for file in place.glob("*.sqlite3*")}
    assert {"0o600"} == modes


def test_vendor_that_does_not_answer(place: Path, port: int) -> None:
    """What a vendor does not do is one sentence and exit status 1."""
    ended = run(place, "provision", "--hubspot-url", f"http://127.0.0.1:{port}")

    assert (1, "") == (ended.returncode, ended.stdout)
    assert 1 == len(ended.stderr.splitlines())
    assert "HubSpot" in ended.stderr


def test_serve_on_the_sandbox_without_init(tmp_path: Path, sandbox: Sandbox, port: int) -> None:
    """As the README shows it, without init: the service makes what it needs, says the password once, and runs."""
    words = ["--xero-url", sandbox.xero_url, "--hubspot-url", sandbox.hubspot_url, "--port", str(port)]
    with begun(tmp_path, "serve", *words) as service:
        health = _until_up(f"http://127.0.0.1:{port}")
        service.send_signal(signal.SIGTERM)
        said, _ = service.communicate(timeout=60)

    assert (200, 0) == (health.status_code, service.returncode)
    assert "Console password: " in said
    assert (tmp_path / "ledgerloop.toml").exists()


def test_a_damaged_engine_file_is_a_sentence(place: Path, sandbox: Sandbox, port: int) -> None:
    """What is no database any more is named with what to do, and nothing is written over it."""
    damaged = place / "ledgerloop-sandbox-engine.sqlite3"
    damaged.write_bytes(b"no database at all " * 500)

    words = ["--xero-url", sandbox.xero_url, "--hubspot-url", sandbox.hubspot_url, "--port", str(port)]
    ended = run(place, "serve", *words)

    assert (1, 1) == (ended.returncode, len(ended.stderr.splitlines())), ended.stderr
    assert f"{damaged} is damaged" in ended.stderr
    assert damaged.read_bytes().startswith(b"no database at all")


def test_what_is_missing_is_said_at_the_start(served: Place) -> None:
    """A service that starts looks over what is set up and logs what is missing; once an hour, for the quotas."""
    with served.serving():
        served.connect()
    scopes_left = [one for one in scopes.WANTED if one != "crm.objects.deals.write"]
    made = httpx2.post(f"{served.sandbox.hubspot_url}/_sandbox/tokens", json={"kind": "static", "scopes": scopes_left})
    served.command("secret", "set", "hubspot_token", given=made.json()["token"])
    said = "Without crm.objects.deals.write no deal shows its invoice, or why it is held."

    with served.serving():
        until(lambda: [line for line in served.log if said in line])
    looks = _looks(served.sandbox)
    served.log.clear()
    with served.serving():
        until(lambda: [line for line in served.log if said in line])

    assert looks == _looks(served.sandbox) > 0


def _looks(sandbox: Sandbox) -> int:
    calls = httpx2.get(f"{sandbox.hubspot_url}/_sandbox/calls").json()["calls"]
    return sum("access-token-info" in one["path"] for one in calls)
