"""Measure how many signed webhooks one process accepts in a second, each on disk before its 200; then kill it.

The events are of invoices that the service knows, so the worker works beside: it takes them, pulls once a second, and
finds nothing to write. The bound is the same server checking the signature and storing nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select

from bench.customers import seed
from bench.figures import Figures, Mark, Measure, figures
from bench.processes import bare_server, cpu_seconds, loader
from bench.scene import Scene, scene
from bench.signing import PATH, event_moment
from ledgerloop.store.tables import inbox

CONNECTIONS = 32
KNOWN = 100
_KILLED_AFTER = 0.5
"""The part of the second load after which the service is killed."""


def measure(seconds: int = 8) -> Measure:
    """Load the bound, then the service, then the service once more while it is killed."""
    with TemporaryDirectory(prefix="ledgerloop-bench-") as folder, scene() as on:
        directory = Path(folder)
        on.connect()
        on.settle()
        customers = seed(on, KNOWN)
        invoices = directory / "invoices"
        invoices.write_text("\n".join(one.invoice for one in customers))
        with bare_server(directory, PATH) as (url, pid):
            bound, _ = _load(on, url, lambda: cpu_seconds(pid), seconds, invoices, 0)
        ours, accepted = _load(on, on.service.url + PATH, on.service.cpu_seconds, seconds, invoices, 0)
        spent = on.spent()
        accepted |= _killed(on, seconds, invoices, max(accepted) + 1)
        lost = _lost(on, accepted)
    share = ours["accepted_a_second"] / bound["accepted_a_second"]
    ours |= {"xero_calls": len(spent.xero), "hubspot_calls": len(spent.hubspot)}
    ours |= {"share_of_bound": round(share, 3), "accepted_before_the_kill": len(accepted), "lost": lost}
    return Measure(
        name="ingest",
        what=f"signed webhooks of one event, {CONNECTIONS} connections, {seconds} s; then SIGKILL in the middle",
        size={"seconds": seconds, "connections": CONNECTIONS, "known_invoices": KNOWN},
        ours=ours,
        bound=bound,
        marks=(
            Mark("share of the bound", share, ">=", 0.5),
            Mark("refused", ours["refused"], "<=", 0),
            Mark("accepted and lost", lost, "<=", 0),
        ),
    )


def _load(
    on: Scene, url: str, cpu: Callable[[], float], seconds: int, invoices: Path, first: int
) -> tuple[Figures, set[int]]:
    """Load a server, and return the figures and the numbers it accepted."""
    worked = cpu()
    with loader(url, seconds, CONNECTIONS, on.organisations[0], invoices, first) as loading:
        counted = loading.result()
    worked = cpu() - worked
    accepted = _numbers(counted)
    rate = figures(
        seconds=counted["seconds"],
        accepted_a_second=round(len(accepted) / counted["seconds"], 1),
        accepted=len(accepted),
        refused=counted["refused"],
        median_ms=round(counted["median_ms"], 2),
        p99_ms=round(counted["p99_ms"], 2),
        cpu_ms_each=round(worked / max(len(accepted), 1) * 1000, 3),
    )
    return rate, accepted


def _killed(on: Scene, seconds: int, invoices: Path, first: int) -> set[int]:
    """Kill the service in the middle of a load, and return the numbers it had accepted by then."""
    url = on.service.url + PATH
    with loader(url, seconds, CONNECTIONS, on.organisations[0], invoices, first) as loading:
        time.sleep(seconds * _KILLED_AFTER)
        on.service.kill()
        return _numbers(loading.result())


def _numbers(counted: Mapping[str, Any]) -> set[int]:
    return {number for start, end in counted["accepted"] for number in range(start, end)}


def _lost(on: Scene, accepted: Iterable[int]) -> int:
    """Count the accepted events that are not in the inbox."""
    moments = {datetime.fromisoformat(event_moment(number)).replace(tzinfo=UTC) for number in accepted}
    with on.on.built.database.reading() as tx:
        kept = set(tx.execute(select(inbox.c.occurred_at)).scalars())
    return len(moments - kept)
