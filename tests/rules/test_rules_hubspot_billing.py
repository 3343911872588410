"""Deals that HubSpot bills by itself."""

from __future__ import annotations

import pytest
from rules_samples import record

from ledgerloop.rules.hubspot_billing import billed_by_invoice, billed_by_subscription, brought_by


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"hs_invoice_status": "draft"}, "HubSpot has invoice 9 (draft) of its own", id="a draft"),
        pytest.param(
            {"hs_invoice_status": "open", "hs_number": "INV-7"}, "HubSpot has invoice INV-7 (open)", id="an open one"
        ),
        pytest.param({"hs_invoice_status": "paid", "hs_invoice_billable": "true"}, "(paid)", id="a paid one"),
        pytest.param({"hs_invoice_status": "voided"}, "", id="a void one"),
        pytest.param(
            {"hs_invoice_status": "open", "hs_invoice_billable": "false"}, "", id="a mirror that bills nothing"
        ),
        pytest.param(
            {"hs_invoice_status": "open", "hs_invoice_source": "data_sync", "hs_invoice_billable": "false"},
            "HubSpot's data sync brought invoice 9",
            id="the data sync's",
        ),
        pytest.param(
            {"hs_invoice_status": "voided", "hs_invoice_source": "data_sync"}, "", id="a void one of the sync"
        ),
        pytest.param({}, "(no status)", id="one of which nothing is told"),
    ],
)
def test_invoices(values: dict[str, str], said: str) -> None:
    """An invoice that bills the deal is said; what is void or bills nothing is not."""
    told = billed_by_invoice(record("9", **values))

    assert said in told
    assert bool(told) is bool(said)


@pytest.mark.parametrize(
    ("source", "tool"),
    [
        ("data_sync", "HubSpot's data sync"),
        ("Data Sync", "HubSpot's data sync"),
        ("LEGACY_XERO", "HubSpot's older integration with Xero"),
        ("quickbooks_integration", "HubSpot's older integration with QuickBooks"),
        ("hubspot", ""),
        ("", ""),
    ],
)
def test_who_brought_an_invoice(source: str, tool: str) -> None:
    """A source that names another tool is told from HubSpot's own."""
    assert tool == brought_by(record("9", hs_invoice_source=source))


@pytest.mark.parametrize(
    ("values", "billed"),
    [
        ({"hs_status": "active"}, True),
        ({"hs_status": "active", "hs_invoice_creation": "on"}, True),
        ({}, True),
        ({"hs_status": "past_due"}, True),
        ({"hs_status": "scheduled"}, True),
        ({"hs_status": "canceled"}, False),
        ({"hs_status": "Expired"}, False),
        ({"hs_status": "active", "hs_invoice_creation": "off"}, False),
    ],
)
def test_subscriptions(values: dict[str, str], billed: bool) -> None:
    """A subscription bills its deal until it has ended, unless it makes no invoices."""
    assert bool(billed_by_subscription(record("9", **values))) is billed
