"""Read and write secrets in AWS Secrets Manager, with the credentials, region and address that the SDK itself finds.

The SDK is the extra `aws`, loaded with the first call. No error repeats what the service said, only what it means and
what to do. See https://docs.aws.amazon.com/secretsmanager/latest/apireference/Welcome.html.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from ledgerloop.clock import Clock
from ledgerloop.errors import SettingsError, StoreAway
from ledgerloop.secrets.stores import Absent, Changed, Denied, Kept

PATIENCE = 4.0
"""Seconds to wait for a connection, and for an answer."""
_COMING = "LEDGERLOOP"
"""The label of a version that is not yet the current one."""
_AWAY = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestTimeout", "LimitExceeded"})

T = TypeVar("T")


class SecretsManager:
    """One account and region. Safe to share between threads."""

    def __init__(self, key: str, file: str, clock: Clock = Clock()) -> None:
        """``key`` and ``file`` name the settings, for sentences."""
        self._key, self._file = key, file
        self._mine = clock.lock()
        self._client: Any = None

    def read(self, name: str, key: str) -> str:
        """Read a secret, or one key of one that is a JSON object. Raises Absent, Denied and StoreAway."""
        where, text = f"`{name}` in AWS Secrets Manager", self.load(name).text
        if text is None:
            raise Absent(f"{where}, which is not there, or is no text: put the secret there.")
        if key:
            try:
                told = json.loads(text)
            except ValueError:
                told = None
            if not isinstance(told, dict):
                raise Absent(f"{where}, which is no JSON object: leave `#{key}` out, or put the secret there as one.")
            if key not in told:
                raise Absent(f"{where}, which has no key `{key}`: put the secret there.")
            text, where = told[key], f"the key `{key}` of {where}"
        if not isinstance(text, str) or not text.strip():
            raise Absent(f"{where}, which is empty or no text: put the secret there.")
        return text.strip()

    def load(self, name: str) -> Kept:
        """Read the current version; no text where there is none."""

        def ask(client: Any) -> Kept:
            try:
                told = client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
            except client.exceptions.ResourceNotFoundException:
                return Kept(None, "")
            return Kept(told.get("SecretString"), told["VersionId"])

        return self._asked(ask, f"secretsmanager:GetSecretValue on `{name}`")

    def save(self, name: str, text: str, version: str) -> None:
        """Keep a text as the current version in the place of another; raises Changed where that is not current.

        A version is written without being current, and made it where the one that was read still is: moving the label
        names both, and is refused where the old one has it no longer.
        """

        def ask(client: Any) -> None:
            if not version:
                try:
                    client.create_secret(Name=name, SecretString=text, Description="Kept by Ledgerloop.")
                except client.exceptions.ResourceExistsException:
                    raise Changed from None
                return
            new = client.put_secret_value(SecretId=name, SecretString=text, VersionStages=[_COMING])["VersionId"]
            try:
                client.update_secret_version_stage(
                    SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=new, RemoveFromVersionId=version
                )
            except client.exceptions.InvalidParameterException:
                raise Changed from None

        needs = "secretsmanager:CreateSecret, PutSecretValue and UpdateSecretVersionStage"
        self._asked(ask, f"{needs} on `{name}`")

    def remove(self, name: str) -> None:
        """Forget a secret for good: one that waits to be deleted would be in the way when it is moved back."""

        def ask(client: Any) -> None:
            try:
                client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
            except client.exceptions.ResourceNotFoundException:
                return

        self._asked(ask, f"secretsmanager:DeleteSecret on `{name}`")

    def _asked(self, ask: Callable[[Any], T], needs: str) -> T:
        """Translate what can go wrong into what happens next."""
        client = self._ready()
        from botocore import exceptions as said  # type: ignore[import-untyped]

        try:
            return ask(client)
        except said.ClientError as error:
            code, status = _told(error)
            if code in _AWAY or status >= 500:
                raise StoreAway(f"AWS Secrets Manager cannot answer just now ({code})") from None
            if code == "InvalidRequestException":
                raise Denied(
                    f"AWS Secrets Manager does not do this to the secret as it is, such as one that waits to be deleted"
                    f" ({needs.rpartition(' ')[2]}): restore it, or wait until it is gone."
                ) from None
            raise Denied(f"AWS does not let us in ({code}): its policy must allow {needs}.") from None
        except (said.NoCredentialsError, said.PartialCredentialsError, said.CredentialRetrievalError):
            raise Denied(
                "the AWS SDK finds no credentials: give the machine a role, or set AWS_ACCESS_KEY_ID and"
                " AWS_SECRET_ACCESS_KEY or AWS_PROFILE for Ledgerloop, and start it again."
            ) from None
        except said.BotoCoreError as error:
            raise StoreAway(f"AWS Secrets Manager does not answer ({type(error).__name__})") from None
        except (KeyError, TypeError, ValueError):
            raise StoreAway("the address of AWS Secrets Manager gives answers that are not its own") from None

    def _ready(self) -> Any:
        with self._mine:
            if self._client is None:
                self._client = self._made()
            return self._client

    def _made(self) -> Any:
        try:
            from boto3.session import Session  # type: ignore[import-untyped]
            from botocore import exceptions as said
            from botocore.config import Config  # type: ignore[import-untyped]
        except ImportError:
            cure = 'what reads AWS Secrets Manager is not installed: run `pip install "ledgerloop[aws]"`.'
            raise SettingsError(self._key, self._file, cure) from None
        times = {"total_max_attempts": 2, "mode": "standard"}
        try:
            return Session().client(
                "secretsmanager", config=Config(connect_timeout=PATIENCE, read_timeout=PATIENCE, retries=times)
            )
        except said.NoRegionError:
            raise Denied(
                "the AWS SDK finds no region: set AWS_DEFAULT_REGION for Ledgerloop, and start it again."
            ) from None
        except said.BotoCoreError as error:  # such as a profile that is not there
            raise Denied(f"the AWS SDK's own configuration is wrong ({type(error).__name__}): correct it.") from None


class AwsStore:
    """Keep secrets under names that begin alike, each as a secret of its own."""

    def __init__(self, manager: SecretsManager, prefix: str) -> None:
        self._manager, self._prefix = manager, prefix

    def load(self, name: str) -> Kept:
        """Read the current version."""
        return self._manager.load(self._of(name))

    def save(self, name: str, text: str, version: str) -> None:
        """Keep a text durably in the place of a version; raises Changed where that is no longer the current one."""
        self._manager.save(self._of(name), text, version)

    def remove(self, name: str) -> None:
        """Forget a secret with all its versions."""
        self._manager.remove(self._of(name))

    def _of(self, name: str) -> str:
        return f"{self._prefix}/{name}"


def _told(error: Any) -> tuple[str, int]:
    """Read the code and the status of an answer that is an error; the code is one of AWS's own words."""
    told = error.response
    code = str(told.get("Error", {}).get("Code", ""))
    return code if code.isalnum() else "no code", int(told.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
