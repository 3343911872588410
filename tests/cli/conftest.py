"""A place that `ledgerloop init` has made, copied for each test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli_process import run

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
