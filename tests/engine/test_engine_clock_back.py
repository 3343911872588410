"""A clock that is put back while the service runs: what comes then does not wait until the clock has caught up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clocks import Told

from ledgerloop import settings
from ledgerloop.bootstrap import FLOWS, build
from ledgerloop.cli.init import prepare
from ledgerloop.engine.dispatcher import Engine
from ledgerloop.flows.schedule import wake_due
from ledgerloop.records import Organisation
from ledgerloop.store import connections, lanes
from ledgerloop.store.connections import Connected

HOME = "org-1"


def test_turns_go_on_though_the_clock_was_put_back(tmp_path: Path) -> None:
    """The clock stands 45 seconds before the last turn began, and stays there: the next turn begins all the same."""
    file = tmp_path / "ledgerloop.toml"
    prepare(file, lambda database: None)
    built = build(settings.load(file))
    told = [datetime.now(UTC)]
    home = Organisation(HOME, "Kiwi", "NZD", "Pacific/Auckland")
    with built.database.transaction() as tx:
        connections.put(tx, Connected("xero", HOME, home.name, "xero", home, told[0]))
        lanes.wake(tx, "standing", HOME, told[-1])

    def lane() -> lanes.Lane:
        with built.database.reading() as tx:
            return next(one for one in lanes.all_lanes(tx) if one.lane == HOME)

    try:
        clock = Told(lambda: told[-1])
        engine = Engine(built.database, clock, FLOWS, wake_due)
        with replace(built, clock=clock, engine=engine).working():
            for _ in range(3):
                _until(lambda: lane().begun_at is None and (lane().parked_until is not None or not lane().wanted))
                before = lane().turn
                told.append(told[-1] - timedelta(seconds=45))
                with built.database.transaction() as tx:
                    lanes.unpark(tx, "standing", HOME)
                    lanes.wake(tx, "standing", HOME, told[-1])
                _until(lambda before=before: lane().turn > before)
    finally:
        built.vendors.close()
        built.database.close()


def _until(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end
        time.sleep(0.05)
