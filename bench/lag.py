"""Measure the lag of single payments: from the webhook in to the write arriving at HubSpot, over many organisations.

One payment at a time, five a second. Each customer pays 1.00 of its invoice at a time, so that the balance names the
payment: HubSpot's own history of the property says when it was taken, which is its answering time after the write
arrived there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from bench.customers import Customer, pay, seed
from bench.figures import Figures, Mark, Measure, figures, percentile
from bench.recipe import figures_of_one_by_one, recipe_of
from bench.scene import LATENCY_MS, Scene, moment, scene

ORGANISATIONS = 50
A_SECOND = 5.0
OWES = 1000
SAMPLE = 15
Arrivals = dict[tuple[str, int], float]
"""When a balance arrived, by the customer's address and the balance."""


def measure(seconds: int = 30) -> Measure:
    """Pay for so many seconds, one organisation after the other, and compare the moments; then the recipe."""
    payments = int(seconds * A_SECOND)
    organisations = min(ORGANISATIONS, payments)
    with scene(organisations=organisations) as on:
        on.connect()
        on.settle(120)
        customers = seed(on, 1, f"{OWES}.00")
        ours = _ours(on, customers, payments)
        recipe = _recipe(on, customers, min(SAMPLE, payments))
    return Measure(
        name="lag",
        what=f"one payment at a time, {A_SECOND:g} a second over {organisations} organisations; quotas on, 50 ms",
        size={"payments": payments, "organisations": organisations, "seconds": seconds},
        ours=ours,
        recipe=recipe,
        bound=figures(1, 1, 0.05, median_ms=50.0, p99_ms=50.0),
        marks=(
            Mark("median, milliseconds", ours["median_ms"], "<=", 100),
            Mark("99th percentile, milliseconds", ours["p99_ms"], "<=", 250),
            Mark("payments that did not arrive", ours["missing"], "<=", 0),
        ),
    )


def _ours(on: Scene, customers: Sequence[Customer], payments: int) -> Figures:
    begun, worked = time.monotonic(), on.service.cpu_seconds()
    paid: list[tuple[Customer, int]] = []
    for number in range(payments):
        one = customers[number % len(customers)]
        time.sleep(max(0.0, begun + number / A_SECOND - time.monotonic()))
        pay(on, [one], "1.00")
        paid.append((one, OWES - 1 - number // len(customers)))
    on.settle()
    worked, spent = on.service.cpu_seconds() - worked, on.spent()
    posted = _posted(on, customers)
    people = _arrived(on, "contacts", "email", {one.email: one.email for one in customers})
    companies = _arrived(on, "companies", "xero_contact_id", {one.xero: one.email for one in customers})
    lags = _lags(paid, posted, people)
    shown = figures(
        len(spent.xero),
        len(spent.hubspot),
        max(lags, default=None),
        **in_milliseconds(lags),
        missing=2 * payments - len(lags) - len(both := _lags(paid, posted, companies)),
        companies_too_median_ms=in_milliseconds(both)["median_ms"],
        companies_too_p99_ms=in_milliseconds(both)["p99_ms"],
        webhook_answered_median_ms=percentile([one["milliseconds"] for one in on.attempts("xero")], 0.5),
        cpu_seconds_a_payment=round(worked / payments, 4),
        **spent.kilobytes,
    )
    return {**shown, "calls": spent.kinds()}


def in_milliseconds(lags: Sequence[float]) -> dict[str, float | None]:
    """Return the middle and the far end of some lags."""
    found = {"median_ms": percentile(lags, 0.5), "p99_ms": percentile(lags, 0.99)}
    return {name: None if value is None else round(value * 1000, 1) for name, value in found.items()}


def _posted(on: Scene, customers: Sequence[Customer]) -> Arrivals:
    """Say when the service was sent the webhook of each payment: an invoice's events come in the order of payments."""
    owner = {one.invoice: one.email for one in customers}
    left = dict.fromkeys(owner, OWES)
    found: Arrivals = {}
    for attempt in sorted(on.attempts("xero"), key=lambda one: float(one["posted"])):
        for invoice in owner:
            for _ in range(attempt["body"].count(f'"resourceId":"{invoice}"')):
                left[invoice] -= 1
                found[owner[invoice], left[invoice]] = attempt["posted"]
    return found


def _arrived(on: Scene, kind: str, by: str, email_of: Mapping[str, str]) -> Arrivals:
    """Read from HubSpot when the write of each balance arrived: it was taken the vendor's answering time later."""
    name = "xero_outstanding_balance"
    read = on.in_hubspot(
        kind, "read", [{"id": one} for one in email_of], idProperty=by, properties=[by], propertiesWithHistory=[name]
    )
    return {
        (email_of[one["properties"][by]], int(float(past["value"]))): moment(past["timestamp"]) - LATENCY_MS / 1000
        for one in read
        for past in one["propertiesWithHistory"][name]
    }


def _lags(paid: Sequence[tuple[Customer, int]], posted: Arrivals, arrived: Arrivals) -> list[float]:
    keys = [(one.email, balance) for one, balance in paid]
    return [arrived[key] - posted[key] for key in keys if key in arrived and key in posted]


def _recipe(on: Scene, customers: Sequence[Customer], sample: int) -> Figures:
    """Let the recipe carry some payments of the first organisation, each on its own."""
    worker, lags = recipe_of(on), []
    for payment in (pay(on, customers[:1], "1.00")[0] for _ in range(sample)):
        begun = time.time()
        worker.payment(payment)
        lags.append(moment(on.spent().hubspot[-1]["at"]) - begun)
    return figures_of_one_by_one(worker, sample, max(lags), **in_milliseconds(lags))
