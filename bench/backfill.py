"""Measure the first fill of the mirror: records in a second, how near to the quota, and whether memory stays flat.

The service keeps to sixty calls a minute by itself, whatever the vendor would allow. So what it can do with quotas off
is seen as long as the fill needs fewer calls than that; a larger fill is measured against the quota.
"""

from __future__ import annotations

import threading
import time

from sqlalchemy import func, select

from bench.figures import Figures, Mark, Measure, figures
from bench.processes import Service
from bench.recipe import MINUTE_LIMIT
from bench.scene import Scene, scene, span
from ledgerloop.store.tables import customer, receivable

PAGE = 1000
FLAT = 50
"""Megabytes by which a process may differ from itself."""
_PATIENCE, _SLOWEST = 60, 500
"""Seconds to wait, and records a second below which it makes no sense to wait for the end."""
_WARM = 0.2
"""The part of a fill after which its memory should have reached its level."""


class Watch:
    """Look at a service's memory ten times a second."""

    def __init__(self, service: Service) -> None:
        self._service, self._stop = service, threading.Event()
        self.seen: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        """Begin to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def at(self, moment: float) -> float:
        """Return the memory at a moment."""
        return min(self.seen, key=lambda one: abs(one[0] - moment))[1]

    def _run(self) -> None:
        while not self._stop.wait(0.1):
            self.seen.append((time.time(), self._service.megabytes()[0]))


def measure(invoices: int = 34_000) -> Measure:
    """Connect an organisation with so many invoices and half as many contacts, and watch the mirror fill."""
    with scene(data=f"large:{invoices}") as on, Watch(on.service) as watch:
        on.configure("xero", quotas=False)
        on.slow()
        at_rest = on.service.megabytes()[0]
        ours = _fill(on, invoices, watch) | {"mb_before": at_rest}
    bound = _bound(invoices)
    if bound["seconds_of_quota"]:
        share = ours["seconds"] / bound["seconds_of_quota"]
        speed = Mark("times the time that the quota takes", share, "<=", 1.1)
    else:
        speed = Mark("records a second", ours["records_a_second"], ">=", 3000)
    return Measure(
        name="backfill",
        what=f"the first fill of the mirror with {invoices} invoices and {invoices // 2} contacts; quotas off, 50 ms",
        size={"invoices": invoices, "contacts": invoices // 2},
        ours=ours,
        bound=bound,
        marks=(
            speed,
            Mark("records that are not in the mirror", ours["missing"], "<=", 0),
            Mark("most memory, MB", ours["mb_most"], "<=", 300),
            Mark("growth of memory after the first fifth, MB", ours["mb_growth"], "<=", FLAT),
        ),
    )


def _fill(on: Scene, invoices: int, watch: Watch) -> Figures:
    records, worked = invoices + invoices // 2, on.service.cpu_seconds()
    on.connect()
    on.settle(_PATIENCE + records / _SLOWEST)
    worked = on.service.cpu_seconds() - worked
    spent = on.spent()
    pulls = [call for call in spent.xero if call["method"] == "GET" and "pageSize" in call["query"]]
    begun, ended = min(_began(call) for call in pulls), _last_stored(on, pulls)
    kept = _kept(on)
    return figures(
        len(pulls),
        len([call for call in spent.hubspot if "/crm/objects/" in call["path"] and call["method"] != "GET"]),
        ended - begun,
        records_a_second=round(kept / (ended - begun), 1),
        records=kept,
        missing=records - kept,
        cpu_ms_a_record=round(worked / records * 1000, 3),
        mb_most=max(mb for _, mb in watch.seen),
        mb_growth=round(watch.at(ended) - watch.at(begun + _WARM * (ended - begun)), 1),
        **spent.kilobytes,
    )


def _began(call: dict[str, object]) -> float:
    return span([{**call, "milliseconds": 0.0}])


def _last_stored(on: Scene, pulls: list[dict[str, object]]) -> float:
    """Say when the last page was on disk: the next call left only then, and the last kinds are empty."""
    full = [place for place, call in enumerate(pulls) if str(call["path"]).endswith(("/Contacts", "/Invoices"))]
    after = pulls[full[-1] + 1 :]
    return min((_began(call) for call in after), default=span(pulls))


def _kept(on: Scene) -> int:
    with on.on.built.database.reading() as tx:
        return sum(tx.execute(select(func.count()).select_from(table)).scalar_one() for table in (customer, receivable))


def _bound(invoices: int) -> Figures:
    """Full pages one after the other, and a look at each of the three kinds of credit; sixty calls go in a minute."""
    pages = -(-invoices // PAGE) + -(-invoices // 2 // PAGE) + 3
    records = invoices + invoices // 2
    return figures(pages, 0, pages * 0.05, seconds_of_quota=(pages - 1) // MINUTE_LIMIT * 60, records=records)
