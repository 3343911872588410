"""The main job, as a process: `ledgerloop demo`, told and as JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
DEMO = [sys.executable, "-m", "ledgerloop", "demo"]


def test_demo_as_json() -> None:
    """One JSON object: the records as read back from both vendors, what it cost, how long it took."""
    ended = subprocess.run([*DEMO, "--json"], capture_output=True, text=True, timeout=300)

    assert 0 == ended.returncode, ended.stderr
    told = json.loads(ended.stdout)
    invoice, deal = told["invoice"], told["deal"]["properties"]
    assert ("PAID", 828.30, 952.55) == (invoice["Status"], invoice["SubTotal"], invoice["Total"])
    assert (invoice["InvoiceID"], invoice["InvoiceNumber"]) == (deal["xero_invoice_id"], deal["xero_invoice_number"])
    assert ("PAID", 3) == (deal["xero_invoice_status"], len(invoice["LineItems"]))
    for record in (told["contact"]["properties"], told["company"]["properties"]):
        assert ("0.00", "PAID") == (record["xero_outstanding_balance"], record["xero_invoice_status"])
        assert record["xero_last_payment_date"]
        assert invoice["Contact"]["ContactID"] == record["xero_contact_id"]
    assert {"xero", "hubspot"} == set(told["calls"])
    assert told["calls"]["xero"] <= 8
    assert 0 < told["lag_seconds"] < told["seconds"]


def test_demo_tells_a_story() -> None:
    """A dozen lines that a salesperson understands, and status 0."""
    ended = subprocess.run(DEMO, capture_output=True, text=True, timeout=300)

    assert 0 == ended.returncode, ended.stderr
    for words in ("Closed Won", "One invoice stands in Xero", "Finance approves", "pays", "As told, in"):
        assert words in ended.stdout
    assert len(ended.stdout.splitlines()) <= 14
    told, was = _cost(README.read_text()), _cost(ended.stdout)
    assert [step for step, _, _ in told] == [step for step, _, _ in was]
    # What goes on behind the story, such as the listing of companies, falls into one step or the next.
    for (_, *calls), (step, *others) in zip(told, was, strict=True):
        assert all(abs(int(one) - int(other)) <= 6 for one, other in zip(calls, others, strict=True)), step


def _cost(told: str) -> list[tuple[str, str, str]]:
    """Return the steps of a story, each with the calls that it cost Xero and HubSpot."""
    return re.findall(r"^• (.+?)\.  Xero (\d+) calls, HubSpot (\d+),", told, re.MULTILINE)
