"""Measure a burst: many customers pay at once. How many calls, and how long until HubSpot shows all of them right?"""

from __future__ import annotations

import time

from bench.customers import Customer, not_showing, pay, seed
from bench.figures import Figures, Mark, Measure, figures
from bench.recipe import extrapolated, recipe_of
from bench.scene import Scene, scene, span

SAMPLE = 15
"""Payments that the recipe carries: with two calls to Xero each, what we left of the quota holds them."""


def measure(customers: int = 1000) -> Measure:
    """Seed the customers, let all of them pay at once, and count; then the recipe on a sample."""
    with scene() as on:
        on.connect()
        everybody = seed(on, customers)
        ours, payments = burst(on, everybody)
        recipe = _recipe(on, payments[: min(SAMPLE, customers // 8)], customers)
    return Measure(
        name="burst",
        what=f"{customers} customers pay in one burst; quotas on, both vendors answer after 50 ms",
        size={"customers": customers, "payments": len(payments)},
        ours=ours,
        recipe=recipe,
        bound=_bound(customers),
        marks=(
            Mark("Xero calls", ours["xero_calls"], "<=", 3),
            Mark("HubSpot calls for contacts", ours["hubspot_contact_calls"], "<=", 15),
            Mark("HubSpot calls, companies included", ours["hubspot_calls"], "<=", 25),
            Mark("seconds from the first webhook until HubSpot is right", ours["seconds"], "<=", 3.0),
            Mark("contacts and companies that are wrong", ours["wrong"], "<=", 0),
        ),
    )


def burst(on: Scene, everybody: list[Customer]) -> tuple[Figures, list[str]]:
    """Let everybody pay, wait until it is quiet, and return our figures and the payments' ids."""
    begun, worked = time.monotonic(), on.service.cpu_seconds()
    payments = pay(on, everybody)
    posting = time.monotonic() - begun
    on.settle()
    worked = on.service.cpu_seconds() - worked
    spent, attempts = on.spent(), on.attempts("xero")
    first = min(one["posted"] for one in attempts)
    updates = [call for call in spent.hubspot if call["path"].endswith("/batch/update")]
    contacts = [call for call in spent.hubspot if "/contacts/" in call["path"]]
    ours = figures(
        len(spent.xero),
        len(spent.hubspot),
        span(updates) - first,
        hubspot_contact_calls=len(contacts),
        wrong=len(not_showing(on, everybody, "PAID", "0.00")),
        seconds_until_contacts=round(span([one for one in updates if "/contacts/" in one["path"]]) - first, 3),
        cpu_seconds=round(worked, 2),
        webhooks=len(attempts),
        payments_posted_within_seconds=round(posting, 3),
        **spent.kilobytes,
        calls=spent.kinds(),
    )
    return ours, payments


def _recipe(on: Scene, payments: list[str], whole: int) -> Figures:
    worker, begun = recipe_of(on), time.monotonic()
    for payment in payments:
        worker.payment(payment)
    return extrapolated(worker, time.monotonic() - begun, len(payments), whole)


def _bound(customers: int) -> Figures:
    """One page of a thousand invoices, batches of a hundred, one after the other: contacts, and companies too."""
    pages, batches = -(-customers // 1000), -(-customers // 100)
    return figures(pages, 2 * batches, (pages + 2 * batches) * 0.05, hubspot_contact_calls=batches)
