"""The stage for tests: both sandboxes, the real service on a socket, the real engine on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from scene import Scene, showing_all

from ledgerloop.cli.stage import Sections, connect_hubspot, connect_xero, log_in, register_webhooks, stage
from template import migrated


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Give a function that sets a stage, connected or not, and stops it after the test."""
    with ExitStack() as stack:

        def begin(settings: Sections | None = None, *, connected: bool = True, latency_ms: float = 0) -> Scene:
            migrated(tmp_path)
            on = stack.enter_context(stage(tmp_path, latency_ms=latency_ms, settings=showing_all(settings)))
            log_in(on)
            register_webhooks(on)
            scene = Scene(on)
            scene.configure("hubspot", search_lag_create=0, search_lag_update=0)
            if connected:
                connect_xero(on, "Kiwi Demo Ltd")
                connect_hubspot(on)
                scene.settle()
            return scene

        yield begin


@pytest.fixture
def scene(staged: Callable[..., Scene]) -> Scene:
    """Give a stage with one organisation and the portal connected, its mirror filled."""
    return staged()
