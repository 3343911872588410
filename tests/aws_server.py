"""AWS Secrets Manager as moto plays it, on loopback, that tests may halt and close to themselves."""

from __future__ import annotations

import importlib.util
import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from free_ports import free_port

_numbers = itertools.count(1)


def installed() -> bool:
    """Tell whether moto and what its server needs are here."""
    return all(importlib.util.find_spec(one) for one in ("moto", "flask", "flask_cors", "boto3"))


@dataclass(frozen=True)
class Aws:
    """A server that runs."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def environment(self) -> dict[str, str]:
        """What lets the SDK in: where the server is, and credentials that it takes as it takes any."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_DEFAULT_REGION": "ap-southeast-2",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "hunter2-of-aws",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def client(self) -> Any:
        """A client that may do everything."""
        import boto3  # every test loads this module, and few need that

        return boto3.client(
            "secretsmanager",
            endpoint_url=self.url,
            region_name="ap-southeast-2",
            aws_access_key_id="testing",
            aws_secret_access_key="hunter2-of-aws",
        )

    def folder(self) -> str:
        """Give a beginning of names of a test's own."""
        return f"test{next(_numbers)}"

    def put(self, name: str, text: str) -> None:
        """Write a secret."""
        client = self.client
        try:
            client.create_secret(Name=name, SecretString=text)
        except client.exceptions.ResourceExistsException:
            client.put_secret_value(SecretId=name, SecretString=text)

    def get(self, name: str) -> str:
        """Read a secret; nothing where it is not there."""
        client = self.client
        try:
            return str(client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")["SecretString"])
        except client.exceptions.ResourceNotFoundException:
            return ""

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Let nobody in while the block lasts whose credentials are not known here, such as ours."""
        httpx2.post(f"{self.url}/moto-api/reset-auth", content=b"0").raise_for_status()
        try:
            yield
        finally:
            httpx2.post(f"{self.url}/moto-api/reset-auth", content=b"inf").raise_for_status()

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let it stand still while the block lasts: connections open, and nobody answers."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def serving() -> Iterator[Aws]:
    """Run a server while the block lasts."""
    port = free_port()
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running, end = Aws(f"http://127.0.0.1:{port}", process), time.monotonic() + 120
    try:
        while not _ready(running.url):
            assert process.poll() is None, "moto's server ended"
            assert time.monotonic() < end, "moto's server did not start"
            time.sleep(0.05)
        yield running
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def _ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/moto-api/data.json").is_success
    except httpx2.TransportError:
        return False
