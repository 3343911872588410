"""A service as strangers find it: a process of its own on a socket, set up as an operator would."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))  # signed webhooks are shared with the web edge's tests

from attacked import Attacked
from scene import Scene, showing_all

from ledgerloop.cli.stage import connect_hubspot, connect_xero, log_in, register_webhooks, stage
from template import migrated


@pytest.fixture
def attacked(tmp_path: Path) -> Iterator[Callable[..., Attacked]]:
    """Give a function that sets up a service on a database and starts it; end it after the test."""
    with ExitStack() as stack:

        def begin(
            database_url: str, *, descriptors: tuple[int, int] | None = None, **sections: dict[str, object]
        ) -> Attacked:
            service = Attacked(tmp_path, database_url, sections, descriptors)
            stack.callback(service.close)
            service.start()
            return service

        yield begin


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give both sandboxes and the service, connected, for what a vendor does to it."""
    migrated(tmp_path)
    with stage(tmp_path, settings=showing_all(None)) as on:
        log_in(on)
        register_webhooks(on)
        scene = Scene(on)
        scene.configure("hubspot", search_lag_create=0, search_lag_update=0)
        connect_xero(on, "Kiwi Demo Ltd")
        connect_hubspot(on)
        scene.settle()
        yield scene
