"""Measure deals won at once: how many calls, how long, and is there exactly one right invoice for each?"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

from bench.figures import Figures, Mark, Measure, figures
from bench.recipe import extrapolated, recipe_of
from bench.scene import AT_ONCE, Scene, parts, scene, span

SAMPLE = 8
"""Deals that the recipe carries: with three calls to Xero each, what we left of the minute's quota holds them."""
LINES = 2
"""Line items of each deal. HubSpot gives a hundred in a call, so more of them cost more calls."""
_ASSOCIATE = "/crm/associations/2026-09/{}/{}/batch/associate/default"


def measure(deals: int = 500) -> Measure:
    """Make the deals with their customers, whom Xero does not know yet, win all at once, and count; then the recipe."""
    sample = min(SAMPLE, deals // 4)
    with scene() as on:
        on.connect()
        on.configure("hubspot", burst=100_000, search_lag_create=0)
        on.settle()
        ids = make(on, deals + sample)
        on.settle()
        on.configure("hubspot", burst=None)
        on.rest()
        ours = _ours(on, ids[:deals])
        recipe = _recipe(on, ids[deals:], deals)
    return Measure(
        name="deals",
        what=f"{deals} deals of {LINES} lines are won at once, all of new customers; quotas on, vendors after 50 ms",
        size={"deals": deals, "lines_per_deal": LINES, "new_customers": deals},
        ours=ours,
        recipe=recipe,
        bound=_bound(deals),
        marks=(
            Mark("Xero calls", ours["xero_calls"], "<=", 30),
            Mark("HubSpot calls", ours["hubspot_calls"], "<=", 60),
            Mark("invoices made", ours["invoices"], ">=", deals),
            Mark("deals without exactly one invoice that is right to the cent", ours["wrong"], "<=", 0),
        ),
    )


def make(on: Scene, count: int) -> list[str]:
    """Make deals that are not won yet, each with a company, a contact and line items, and return their ids."""
    people = [
        {"email": f"buyer{n}@buyer{n}.example.com", "lastname": f"Buyer {n}", "address": f"{n} High Street"}
        for n in range(count)
    ]
    wanted: dict[str, list[dict[str, str]]] = {
        "companies": [{"name": f"Buyer {n} Ltd"} for n in range(count)],
        "contacts": people,
        "deals": [
            {
                "dealname": f"Deal {n}",
                "pipeline": "default",
                "dealstage": "contractsent",
                "amount": str(sum(quantity * price for quantity, price in _lines(n))),
            }
            for n in range(count)
        ],
        "line_items": [
            {"name": f"Item {place}", "quantity": str(quantity), "price": str(price)}
            for n in range(count)
            for place, (quantity, price) in enumerate(_lines(n))
        ],
    }
    made = {kind: _create(on, kind, rows) for kind, rows in wanted.items()}
    deals = made["deals"]
    for start, end, pairs in (
        ("deals", "companies", zip(deals, made["companies"], strict=True)),
        ("deals", "contacts", zip(deals, made["contacts"], strict=True)),
        ("contacts", "companies", zip(made["contacts"], made["companies"], strict=True)),
        ("line_items", "deals", zip(made["line_items"], (deal for deal in deals for _ in range(LINES)), strict=True)),
    ):
        rows = [{"from": {"id": one}, "to": {"id": other}} for one, other in pairs]
        for some in parts(rows, AT_ONCE):
            on.on.at_hubspot("POST", _ASSOCIATE.format(start, end), {"inputs": some})
    return deals


def _ours(on: Scene, ids: Sequence[str]) -> Figures:
    worked = on.service.cpu_seconds()
    on.in_hubspot("deals", "update", [{"id": deal, "properties": {"dealstage": "closedwon"}} for deal in ids])
    on.settle(120)
    worked = on.service.cpu_seconds() - worked
    spent, attempts = on.spent(), on.attempts("hubspot")
    first = min(one["posted"] for one in attempts)
    made = _invoices(on)
    shown = on.in_hubspot("deals", "read", [{"id": deal} for deal in ids], properties=["xero_invoice_id"])
    return figures(
        len(spent.xero),
        len(spent.hubspot),
        span([call for call in spent.hubspot if call["path"].endswith("/deals/batch/update")]) - first,
        invoices=sum(len(some) for some in made.values()),
        wrong=_wrong(ids, made, {one["id"]: one["properties"].get("xero_invoice_id") for one in shown}),
        cpu_seconds=round(worked, 2),
        webhooks=len(attempts),
        **spent.kilobytes,
        calls=spent.kinds(),
    )


def _wrong(ids: Sequence[str], made: dict[str, list[dict[str, Any]]], shown: dict[str, str | None]) -> int:
    """Count the deals that have not exactly one invoice, of their own amount, named on the deal."""
    wrong = 0
    for number, deal in enumerate(ids):
        amount = sum(quantity * price for quantity, price in _lines(number))
        found = [(Decimal(str(one["SubTotal"])), one["InvoiceID"]) for one in made.get(deal, [])]
        wrong += found != [(amount, shown.get(deal))]
    return wrong


def _invoices(on: Scene) -> dict[str, list[dict[str, Any]]]:
    """Return the invoices that carry a deal's mark, by deal."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    page = 1
    while some := on.on.in_xero("GET", "/Invoices", query={"page": str(page), "pageSize": "1000"})["Invoices"]:
        for one in some:
            found[str(one.get("Reference", "")).rpartition("HS-")[2].split(" ")[0]].append(one)
        page += 1
    return found


def _recipe(on: Scene, ids: Sequence[str], whole: int) -> Figures:
    worker, begun = recipe_of(on), time.monotonic()
    for deal in ids:
        worker.deal(deal)
    return extrapolated(worker, time.monotonic() - begun, len(ids), whole)


def _bound(deals: int) -> Figures:
    """Invoices fifty a request; reading the deals, their lines and what they hang on, and writing back, in batches."""
    batches, requests = -(-deals // 100), -(-deals // 50)
    hubspot = 5 * batches + (LINES - 1) * batches + 3 * -(-deals // 1000)
    return figures(requests, hubspot, (requests + hubspot) * 0.05, invoices=deals)


def _create(on: Scene, kind: str, rows: Sequence[dict[str, str]]) -> list[str]:
    """Make records and return their ids in the order of the rows: the answers come in any order."""
    traced = [{"properties": row, "objectWriteTraceId": str(place)} for place, row in enumerate(rows)]
    made = on.in_hubspot(kind, "create", traced)
    by_trace = {int(one["objectWriteTraceId"]): str(one["id"]) for one in made}
    return [by_trace[place] for place in range(len(rows))]


def _lines(number: int) -> list[tuple[int, Decimal]]:
    """Return quantity and price of a deal's lines; whole quantities, so that every line is exact to the cent."""
    cents = [(number * 7919 + place * 104_729) % 100_000 + 1 for place in range(LINES)]
    return [(one % 9 + 1, Decimal(one).scaleb(-2)) for one in islice(cycle(cents), LINES)]
