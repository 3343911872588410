"""Run both sandboxes as a process of their own, with as many organisations as asked, until standard input ends."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import timedelta

from ledgerloop_sandbox.server import Sandbox, running
from ledgerloop_sandbox.xero.charts import kiwi

_FIRST_SEED = 1000
"""Far from the seeds that the sandbox's own organisations have."""


def main() -> None:
    """Start, print the two addresses as JSON, and wait."""
    reader = argparse.ArgumentParser(prog="python -m bench.vendors", description=__doc__)
    reader.add_argument("--service-url", required=True)
    reader.add_argument("--data", default="empty")
    reader.add_argument("--organisations", type=int, default=1)
    given = reader.parse_args()
    with running(service_url=given.service_url, data=given.data) as both:
        _add_organisations(both, given.organisations - 1)
        print(json.dumps({"xero": both.xero_url, "hubspot": both.hubspot_url}), flush=True)
        sys.stdin.read()


def _add_organisations(both: Sandbox, count: int) -> None:
    """Give the books more organisations like Kiwi Demo Ltd; none is connected before somebody consents."""
    books = both.xero.books
    for number in range(1, count + 1):
        more = kiwi(_FIRST_SEED + number, both.clock.now() - timedelta(days=400))
        more.name = f"Kiwi {number:03d} Ltd"
        books.organisations[more.tenant_id] = more


if __name__ == "__main__":
    main()
