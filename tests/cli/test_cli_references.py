"""A service whose secrets lie in files and variables, by real processes: read, taken up anew, and missed."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta

from cli_process import COMMAND, run
from operated import Place, until

from ledgerloop_sandbox import credentials


def _refer(place: Place) -> None:
    """Let the settings name files for all but one secret, and write the files."""
    files = {
        "hubspot_token": credentials.HUBSPOT_TOKEN,
        "hubspot_client_secret": credentials.HUBSPOT_CLIENT_SECRET,
        "xero_client_secret": credentials.XERO_CLIENT_SECRET,
    }
    for name, value in files.items():
        (place.folder / name).write_text(f"{value}\n")
    settings = (place.folder / "ledgerloop.toml").read_text()
    settings = settings.replace("[xero]\n", '[xero]\nclient_secret = "file:xero_client_secret"\n')
    settings = settings.replace("[xero]\n", '[xero]\nwebhook_key = "env:XERO_KEY_OF_TESTS"\n')
    settings = settings.replace("[hubspot]\n", '[hubspot]\nclient_secret = "file:hubspot_client_secret"\n')
    settings = settings.replace("[hubspot]\n", '[hubspot]\ntoken = "file:hubspot_token"\n')
    (place.folder / "ledgerloop.toml").write_text(settings)


def test_files_and_variables_serve(served: Place) -> None:
    """Both vendors connect by secrets in files, webhooks are verified by one in the environment, and a new one counts.

    What cannot be had is answered 503 and never called wrongly signed; what is gone closes the endpoint.
    """
    _refer(served)
    os.environ["XERO_KEY_OF_TESTS"] = credentials.XERO_WEBHOOK_KEY
    secret = served.folder / "hubspot_client_secret"
    try:
        with served.serving():
            served.connect()
            assert (200, 200) == (served.from_xero(), served.from_hubspot())
            secret.write_text("another")
            until(lambda: 200 == served.from_hubspot("another"))
            secret.unlink()
            secret.symlink_to(secret.name)  # there, and not to be read
            until(lambda: 503 == served.from_hubspot("another"))
            secret.unlink()
            until(lambda: 401 == served.from_hubspot("another"))
            listed = json.loads(served.command("secret", "list", "--json").stdout)
    finally:
        del os.environ["XERO_KEY_OF_TESTS"]

    assert {
        "file:xero_client_secret": True,
        "env:XERO_KEY_OF_TESTS": True,
        "file:hubspot_token": True,
        "file:hubspot_client_secret": False,
    } == {one["name"]: one["kept"] for one in listed}
    for value in (credentials.XERO_CLIENT_SECRET, credentials.XERO_WEBHOOK_KEY, credentials.HUBSPOT_TOKEN):
        assert not any(value in line for line in served.log)


def test_what_a_file_does_not_give_is_said(served: Place) -> None:
    """The doctor names the setting, the file and what to do; nothing can be kept for a setting that names a file."""
    _refer(served)
    (served.folder / "hubspot_token").write_text("")

    doctor = run(served.folder, "doctor")
    kept = run(served.folder, "secret", "set", "hubspot_token", given="anything")

    assert 1 == doctor.returncode
    assert "Setting `hubspot.token`" in doctor.stdout
    assert "hubspot_token, which is empty: put the secret there." in doctor.stdout
    assert "XERO_KEY_OF_TESTS, which is not set" in doctor.stdout
    assert "No setting refers to `secret:hubspot_token`. There are none." in kept.stderr


def test_a_lane_looks_again_soon_for_a_secret_that_was_not_there(served: Place) -> None:
    """A token that is saved late need not wait for a quarter of an hour, as what a vendor refused does."""
    _refer(served)
    token = served.folder / "hubspot_token"
    os.environ["XERO_KEY_OF_TESTS"] = credentials.XERO_WEBHOOK_KEY
    try:
        with served.serving():
            served.connect()
            until(lambda: "ok" == served.health()["status"])
            token.rename(served.folder / "elsewhere")
            assert 200 == served.from_hubspot_deal()
            until(lambda: _resting(served))
            began = datetime.now(UTC)
            rests = _resting(served)
    finally:
        del os.environ["XERO_KEY_OF_TESTS"]

    assert ["hubspot_token, which is not there: put the secret there." in one["why"] for one in rests] == [True]
    assert datetime.fromisoformat(rests[0]["until"]) - began <= timedelta(minutes=1)


def _resting(place: Place) -> list[dict[str, str]]:
    return [one for one in json.loads(place.command("status", "--json").stdout)["parked"] if one["flow"] == "invoicing"]


def test_a_new_client_secret_counts_in_a_service_that_runs(served: Place) -> None:
    """A Xero app's secret that was wrong is put right beside the service, which connects without a new start."""
    served.command("secret", "set", "xero_client_secret", given="wrong")
    with served.serving():
        served.command("secret", "set", "xero_client_secret", given=credentials.XERO_CLIENT_SECRET)
        served.connect()
        assert "ok" == served.health()["status"]


def test_the_help_loads_no_extra() -> None:
    """The default installation stays small: asking for help imports no client of a secret store."""
    said = subprocess.run(
        [COMMAND[0], "-X", "importtime", "-m", "ledgerloop", "--help"], capture_output=True, text=True
    )

    assert 0 == said.returncode
    assert "ledgerloop.cli" in said.stderr
    assert not [name for name in ("hvac", "boto3", "botocore", "requests") if f" {name}\n" in said.stderr]
