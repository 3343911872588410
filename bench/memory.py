"""Measure the memory of a service process of its own: at rest, and after a burst."""

from __future__ import annotations

from bench.burst import burst
from bench.customers import seed
from bench.figures import Mark, Measure, figures
from bench.scene import scene


def measure(customers: int = 1000) -> Measure:
    """Connect and look; seed the customers, let all of them pay at once, and look again."""
    with scene() as on:
        on.connect()
        on.settle()
        at_rest, _ = on.service.megabytes()
        everybody = seed(on, customers)
        seeded, _ = on.service.megabytes()
        spent, payments = burst(on, everybody)
        after, most = on.service.megabytes()
    ours = figures(spent["xero_calls"], spent["hubspot_calls"], spent["seconds"])
    ours |= {"mb_at_rest": at_rest, "mb_after_seeding": seeded, "mb_after_burst": after, "mb_most_ever": most}
    return Measure(
        name="memory",
        what=f"resident memory of the service, connected and at rest, and after {customers} payments in one burst",
        size={"customers": customers, "payments": len(payments)},
        ours=ours,
        marks=(
            Mark("at rest, MB", at_rest, "<=", 150),
            Mark("after the burst, MB", after, "<=", 200),
        ),
    )
