"""Measure how long a planned backfill takes to show every customer in HubSpot, against the time its quota takes.

Nobody is in HubSpot before, so each customer is looked for, made as contact and company, and associated.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from bench.backfill import Watch
from bench.figures import Figures, Mark, Measure, figures
from bench.processes import Broken
from bench.scene import Scene, moment, scene, span
from ledgerloop.hubspot.dialect import LIMITS
from ledgerloop.store import clientele, lanes, links, planned
from ledgerloop.store.write_counts import Written
from ledgerloop_sandbox.hubspot.settings import TIERS, Settings

_EVERYTHING = Written(10**9, 10**9)
_SLOWEST = 10
"""Customers a second below which it makes no sense to wait for the end."""


def measure(customers: int = 4_000) -> Measure:
    """Fill the mirror with so many customers of two invoices each, have all of them shown, and wait for the last."""
    with scene(data=f"large:{2 * customers}") as on, Watch(on.service) as watch:
        on.configure("xero", quotas=False)
        on.connect()
        on.settle(60 + customers / _SLOWEST)
        on.rest()
        worked, begun = on.service.cpu_seconds(), time.time()
        _show_all(on, 60 + customers / _SLOWEST)
        worked = on.service.cpu_seconds() - worked
        spent, lacking = on.spent(), _lacking(on)
        most = max(mb for at, mb in watch.seen if at >= begun)
    calls = [call for call in spent.hubspot if call["status"] != 429]
    searches = [call for call in calls if call["path"].endswith("/search")]
    bound = _bound(len(calls) - len(searches), len(searches))
    seconds = span(calls) - min(moment(call["at"]) for call in calls)
    ours = figures(
        len(spent.xero),
        len(calls),
        seconds,
        searches=len(searches),
        refused_by_quota=len(spent.hubspot) - len(calls),
        customers_a_second=round(customers / seconds, 1),
        cpu_ms_a_customer=round(worked / customers * 1000, 2),
        mb_most=most,
        **spent.kilobytes,
    )
    return Measure(
        name="showing",
        what=f"a planned backfill shows {customers} customers in HubSpot, none of them known there; quotas on, 50 ms",
        size={"customers": customers},
        ours={**ours, "calls": spent.kinds()},
        bound=bound,
        marks=(
            Mark("times the time that the quota takes", seconds / max(bound["seconds"], 1.0), "<=", 1.1),
            Mark("contacts and companies that are lacking", lacking, "<=", 0),
            Mark("most memory, MB", most, "<=", 300),
        ),
    )


def _show_all(on: Scene, patience: float) -> None:
    """Accept, as `ledgerloop backfill` does once a person has said yes, and wait until the service has done it."""
    database, organisation, end = on.on.built.database, on.organisations[0], time.monotonic() + patience
    with database.transaction() as tx:
        everybody = clientele.everybody(tx, organisation)
        planned.accept(tx, organisation, everybody, _EVERYTHING, datetime.now(UTC))
        lanes.wake(tx, "standing", organisation, datetime.now(UTC))
    left = len(everybody)
    while left:
        if time.monotonic() > end:
            raise Broken(f"{left} of {len(everybody)} customers are not shown after {patience:.0f} s")
        time.sleep(0.2)
        with database.reading() as tx:
            left = planned.left(tx, organisation, asked=True)


def _lacking(on: Scene) -> int:
    """Count the customers' contacts and companies that are not linked."""
    organisation = on.organisations[0]
    with on.on.built.database.reading() as tx:
        everybody = clientele.everybody(tx, organisation)
        linked = [links.find(tx, organisation, kind, everybody) for kind in ("contact", "company")]
    return sum(len(everybody) - len(some) for some in linked)


def _bound(calls: int, searches: int) -> Figures:
    """Say how long the quotas take that we allow ourselves: what fits in a window goes at once, the rest a window on.

    They are four fifths of what HubSpot grants; backfill leaves another fifteenth of them to live work, which counts
    against us.
    """
    usual, search = LIMITS
    most = int(TIERS[Settings().tier][0] * usual.share)
    waits = (max(calls - 1, 0) // most * usual.seconds, max(searches - 1, 0) // search.calls * search.seconds)
    return figures(0, calls + searches, max(waits))
