"""One process from which every proof forks its services; databases of each kind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stage"))  # the words of a scene are shared

from served import Host


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """Give the process from which services are forked."""
    with Host() as ready:
        yield ready


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Give the address of an empty database, as the settings name it: a SQLite file, then PostgreSQL."""
    if request.param == "sqlite":
        return "sqlite:///ledgerloop.sqlite3"
    return str(request.getfixturevalue("postgres_url"))
