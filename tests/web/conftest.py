"""The web edge on a real database: the service put together, its receiver running, its engine left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from web_scene import Visit, furnish


@pytest.fixture
def visiting(sqlite_url: str, tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Give a function that sets up a service with settings of the test's own, and closes it after the test."""
    with ExitStack() as stack:

        def begin(**sections: dict[str, object]) -> Visit:
            visit = Visit(furnish(tmp_path, sqlite_url, sections))
            stack.callback(visit.close)
            return visit

        yield begin


@pytest.fixture
def visit(visiting: Callable[..., Visit]) -> Visit:
    """Give a service with the usual settings."""
    return visiting()
