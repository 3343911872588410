"""AWS Secrets Manager, on moto's server: what references name is read, and every no is a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aws_server import Aws
from bao_server import Bao
from ledgerloop.errors import Locked, SettingsError, StoreAway
from ledgerloop.secrets.aws import AwsStore, SecretsManager
from ledgerloop.secrets.lookup import Lookup
from ledgerloop.secrets.stores import Changed, Denied


def manager() -> SecretsManager:
    """Open one as the environment says."""
    return SecretsManager("secrets.store", "ledgerloop.toml")


def lookup() -> Lookup:
    """Look secrets up there."""
    return Lookup(None, Path("ledgerloop.toml"), {"aws-sm": manager().read})


@pytest.mark.usefixtures("aws_environment")
class TestRead:
    def test_a_secret_and_a_key_of_one(self, aws: Aws) -> None:
        """A whole secret is named by its name or ARN; a key, where it is a JSON object as AWS's console writes it."""
        folder = aws.folder()
        aws.put(f"{folder}/plain", "hunter2\n")
        aws.put(f"{folder}/json", json.dumps({"token": "hunter3"}))
        arn = aws.client.describe_secret(SecretId=f"{folder}/plain")["ARN"]

        found = [
            lookup().read(f"aws-sm:{one}", "hubspot.token") for one in (f"{folder}/plain", arn, f"{folder}/json#token")
        ]

        assert ["hunter2", "hunter2", "hunter3"] == found

    @pytest.mark.parametrize(
        ("reference", "cure"),
        [
            ("missing", "missing` in AWS Secrets Manager, which is not there, or is no text: put the secret there."),
            ("json#missing", "which has no key `missing`: put the secret there."),
            ("json#empty", "which is empty or no text: put the secret there."),
            ("json#number", "which is empty or no text: put the secret there."),
            ("plain#token", "which is no JSON object: leave `#token` out, or put the secret there as one."),
            ("blank", "which is empty or no text: put the secret there."),
            ("binary", "which is not there, or is no text: put the secret there."),
        ],
    )
    def test_none_there(self, aws: Aws, reference: str, cure: str) -> None:
        """Missing, empty and not what it should be: each is a sentence with what to do."""
        folder = aws.folder()
        aws.put(f"{folder}/json", json.dumps({"token": "hunter2", "empty": "", "number": 7}))
        aws.put(f"{folder}/plain", "hunter2")
        aws.put(f"{folder}/blank", " ")
        aws.client.create_secret(Name=f"{folder}/binary", SecretBinary=b"hunter2")

        with pytest.raises(SettingsError) as caught:
            lookup().read(f"aws-sm:{folder}/{reference}", "hubspot.token")

        assert (SettingsError, "hubspot.token") == (type(caught.value), caught.value.key)
        assert cure in caught.value.cure
        assert "hunter2" not in caught.value.sentence

    def test_no_permission(self, aws: Aws) -> None:
        """Credentials that AWS does not know, or that may not, are Locked, with what must be allowed."""
        one = manager()
        aws.put(folder := aws.folder(), "hunter2")
        with aws.closed(), pytest.raises(Denied, match="must allow secretsmanager:GetSecretValue on") as caught:
            one.read(folder, "")

        assert "hunter2" not in str(caught.value)
        assert "hunter2" == one.read(folder, "")

    def test_away(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where nobody answers or listens it is away, which is neither missing nor Locked; then it is back."""
        one = manager()
        aws.put(folder := aws.folder(), "hunter2")
        with aws.halted(), pytest.raises(StoreAway, match="does not answer"):
            one.read(folder, "")
        assert "hunter2" == one.read(folder, "")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        with pytest.raises(StoreAway, match="does not answer"):
            manager().read(folder, "")

    def test_no_credentials(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Without credentials, region or profile the sentence says what the SDK looks for."""
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(Locked, match="the AWS SDK finds no credentials: give the machine a role"):
            lookup().read("aws-sm:any", "hubspot.token")
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        with pytest.raises(Locked, match="finds no region: set AWS_DEFAULT_REGION"):
            lookup().read("aws-sm:any", "hubspot.token")
        monkeypatch.setenv("AWS_PROFILE", "not-there")
        with pytest.raises(Locked, match="configuration is wrong"):
            lookup().read("aws-sm:any", "hubspot.token")


@pytest.mark.usefixtures("aws_environment")
def test_versions(aws: Aws) -> None:
    """A version takes the place of the one that was read and of no other, and the one before stays as the previous."""
    folder = aws.folder()
    one = AwsStore(manager(), folder)
    nothing = one.load("xero")
    one.save("xero", "first", nothing.version)
    first = one.load("xero")
    one.save("xero", "second", first.version)

    for stale in (nothing, first):
        with pytest.raises(Changed):
            one.save("xero", "third", stale.version)
    assert ("second", "second") == (one.load("xero").text, aws.get(f"{folder}/xero"))
    previous = aws.client.get_secret_value(SecretId=f"{folder}/xero", VersionStage="AWSPREVIOUS")
    assert "first" == previous["SecretString"]
    one.save("xero", "third", one.load("xero").version)
    assert "third" == one.load("xero").text
    one.remove("xero")
    one.remove("xero")
    assert one.load("xero").text is None
    one.save("xero", "again", "")
    assert "again" == one.load("xero").text


@pytest.mark.usefixtures("aws_environment")
def test_nothing_of_a_secret_is_logged(aws: Aws, bao: Bao) -> None:
    """Where everything is logged, the clients of the stores, which would log whole bodies, stay silent."""
    script = """
import sys
from ledgerloop import log
from ledgerloop.secrets.aws import SecretsManager
from ledgerloop.secrets.vault import Entry, Vault

log.configure("debug")
log.logger.debug("begun")
manager = SecretsManager("secrets.store", "")
manager.save(sys.argv[1], "hunter2", "")
manager.save(sys.argv[1], "hunter3", manager.load(sys.argv[1]).version)
vault = Vault(Entry(sys.argv[3], "", "", "", lambda: sys.argv[4], "", lambda: "", "approle"))
vault.save(sys.argv[2], {"value": "hunter4"}, 0)
print(manager.read(sys.argv[1], ""), vault.read(sys.argv[2], "value"))
"""
    words = [sys.executable, "-c", script, aws.folder(), bao.folder(), bao.url, bao.root.token]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=120)

    assert "hunter3 hunter4\n" == ended.stdout, ended.stderr
    assert "begun" in ended.stderr
    for secret in ("hunter", bao.root.token, aws.environment["AWS_SECRET_ACCESS_KEY"]):
        assert secret not in ended.stderr
