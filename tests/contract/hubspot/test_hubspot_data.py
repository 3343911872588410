"""What the sandbox's portal holds at the start, and that its documentation is true."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.hubspot.app import HubSpotSandbox
from ledgerloop_sandbox.server import running

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "sandbox-hubspot.md"


def test_demo_data(portal: Any) -> None:
    """The demo account has companies, contacts with addresses, and open deals with line items, all associated."""
    query = {"associations": "contacts,companies,line_items", "properties": "hs_is_closed_won,deal_currency_code"}
    deals = portal.ok("GET", "/crm/objects/2026-09/deals", params=query)["results"]
    people = portal.ok("GET", "/crm/objects/2026-09/contacts", params={"properties": "email,city,zip,country"})[
        "results"
    ]

    assert {one["properties"]["hs_is_closed_won"] for one in deals} == {"false"}
    assert all({"contacts", "companies", "line items"} == one["associations"].keys() for one in deals)
    assert {one["properties"]["deal_currency_code"] for one in deals} == {"NZD", "AUD"}
    assert all(all(one["properties"].values()) for one in people)


def test_empty_data() -> None:
    """An empty account has pipelines, owners and tax rates, and no record."""
    portal = HubSpotSandbox("", Clock(), data="empty").portal

    assert {len(shelf.live) for shelf in portal.shelves.values()} == {0}
    assert (len(portal.owners), len(portal.tax_rates)) == (3, 3)


def test_unknown_data_is_refused() -> None:
    """Any other word is a ValueError that says what there is."""
    with pytest.raises(ValueError, match="demo, empty or large:N"):
        HubSpotSandbox("", Clock(), data="much")


def test_large_data_takes_steps_for_each_record_and_no_more() -> None:
    """`large:N` brings N/2 contacts, and the calls that it takes grow as their number does, not as its square."""
    base, once, twice = (_calls_to_load(size) for size in (0, 2_000, 4_000))

    assert len(HubSpotSandbox("", Clock(), data="large:4000").portal.contacts.live) == 2_000
    assert abs((twice - base) - 2 * (once - base)) < (once - base) / 10


def _calls_to_load(size: int) -> int:
    """Count the calls of functions, ours and built in, that it takes to load so much."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        HubSpotSandbox("", Clock(), data=f"large:{size}")
    finally:
        sys.setprofile(None)
    return calls


def test_large_data_has_the_same_addresses_in_both_halves() -> None:
    """A customer of the large Xero organisation is found by email among the large portal's contacts."""
    with running(data="large:60") as both:
        there = {one.email for org in both.xero.books.organisations.values() for one in org.contacts.rows.values()}
        here = set(both.hubspot.portal.contacts.unique["email"])

    assert len(here & there) == 30


def test_every_test_that_the_page_names_exists() -> None:
    """The rules in docs/sandbox-hubspot.md name tests; each of them is here."""
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text("utf-8")))
    known = {
        name
        for path in HERE.glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.M)
    }

    assert len(named) > 50
    assert named <= known


def test_every_switch_is_on_the_page(portal: Any) -> None:
    """Each setting of the HubSpot half is described in docs/sandbox-hubspot.md."""
    text = PAGE.read_text("utf-8")

    assert [name for name in portal.control("GET", "settings") if f"`{name}`" not in text] == []
