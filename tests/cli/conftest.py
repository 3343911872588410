"""A place that `ledgerloop init` has made, copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_process import run
from operated import Place
from staged import scene, staged

from free_ports import free_port
from ledgerloop_sandbox.server import running

__all__ = ["scene", "staged"]

PASSWORD = "a good password for tests"


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("made")
    ended = run(directory, "init", "--password-stdin", given=f"{PASSWORD}\n")
    assert 0 == ended.returncode, ended.stderr
    return directory


@pytest.fixture
def place(_made: Path, tmp_path: Path) -> Path:
    """Give a directory with settings, key, database and password."""
    directory = tmp_path / "place"
    shutil.copytree(_made, directory)
    return directory


@pytest.fixture
def served(place: Path) -> Iterator[Place]:
    """Give a place whose service works with the sandbox."""
    port = free_port()
    with running(service_url=f"http://127.0.0.1:{port}") as sandbox:
        found = Place(place, sandbox, port)
        found.furnish()
        yield found
