"""An edit of a line item reaches its deal: with the webhooks that the set-up page names, and where there are none."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from polls import poll_now
from scene import LINE, OBJECTS, Scene
from test_invoices_edits import _edit_line

from ledgerloop.invoices import poll
from ledgerloop.parts import instead

SETUP = Path(__file__).parents[2] / "docs" / "setup.md"
SEARCHED = ["deals/search", "line_items/search"]


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        ({"quantity": "20"}, ("Seats", 20, 39.9)),
        ({"price": "41.00"}, ("Seats", 12, 41)),
        ({"description": "For the north wing"}, ("Seats – For the north wing", 12, 39.9)),
    ],
)
def test_without_webhooks_a_draft_follows_an_edited_line(
    scene: Scene, edit: dict[str, str], line: tuple[str, float, float]
) -> None:
    """A line item changes and its deal does not: the poll finds the one and leads to the other."""
    deal = _sold_in_silence(scene)

    _edit_line(scene, deal, "Seats", **edit)
    poll_now(scene)

    scene.on.until("the draft follows", lambda: [line] == _lines(scene, deal) or None, 20)
    assert 1 == len(scene.invoices_of(deal))


def test_without_webhooks_a_draft_follows_an_added_line(scene: Scene) -> None:
    """A new line item is a changed one."""
    deal = _sold_in_silence(scene)

    scene.add_line(deal, {"name": "Travel", "quantity": "1", "price": "55.50"})
    poll_now(scene)

    both = [("Seats", 12, 39.9), ("Travel", 1, 55.5)]
    scene.on.until("the draft follows", lambda: both == _lines(scene, deal) or None, 20)


def test_without_webhooks_a_hold_is_cured_in_its_line(scene: Scene) -> None:
    """A deal that is held for a line goes on once that line is put right."""
    scene.silence("hubspot")
    deal = scene.sell([{"name": "Bolt", "quantity": "1"}])
    poll_now(scene)
    scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    _catch_up(scene)

    _edit_line(scene, deal, "Bolt", price="1.12")
    poll_now(scene)

    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    assert [("Bolt", 1, 1.12)] == _lines(scene, deal)
    assert {} == scene.holds()


def test_without_webhooks_an_approved_invoice_stays_and_its_deal_says_so(scene: Scene) -> None:
    """What the poll finds is told as what a webhook tells: finance must learn that the two differ."""
    deal = _sold_in_silence(scene)
    scene.approve(scene.invoices_of(deal)[0]["InvoiceID"])
    scene.until_shown("deals", deal, "xero_invoice_status", "AUTHORISED", 20)
    _catch_up(scene)

    _edit_line(scene, deal, "Seats", quantity="20")
    poll_now(scene)

    shown = scene.until_shown("deals", deal, "xero_sync_message", seconds=20)
    assert "it is no longer a draft" in shown["xero_sync_message"]
    assert [("Seats", 12, 39.9)] == _lines(scene, deal)


def test_a_look_that_finds_nothing_costs_two_searches(scene: Scene) -> None:
    """Where nothing has changed, deals are searched once and line items once, and nobody is asked for more."""
    _sold_in_silence(scene)
    scene.forget_calls()

    poll_now(scene)
    scene.settle()

    assert SEARCHED == _asked(scene)
    assert [] == scene.calls("xero")


def test_a_line_of_a_deal_that_is_not_ours_costs_one_read(scene: Scene) -> None:
    """A line of a deal that is still being written is asked whose it is, once, and nothing more is read."""
    deal = _sold_in_silence(scene)
    open_ = scene.sell(won=False)
    _catch_up(scene)
    _edit_line(scene, open_, "Seats", quantity="20")
    scene.forget_calls()

    poll_now(scene)
    scene.settle()
    poll_now(scene)
    scene.settle()

    assert [*SEARCHED, "line_items/deals/batch/read", *SEARCHED] == _asked(scene)
    assert [("Seats", 12, 39.9)] == _lines(scene, deal)


@pytest.mark.skipif("CI" not in os.environ, reason="asked where CI is set, for its time")
def test_more_lines_than_a_search_gives_are_all_found(staged: Callable[..., Scene]) -> None:
    """An import changes more line items in a moment than one search gives: none of them is left out."""
    scene = staged({"standing": {"poll_seconds": 3600}})
    scene.silence("hubspot")
    inputs = [{"properties": {"name": "Imported", "quantity": "1", "price": "1"}}] * 100
    for _ in range(101):
        scene.on.at_hubspot("POST", f"{OBJECTS}/line_items/batch/create", {"inputs": inputs})

    with instead(replace(scene.built.parts(), poll_every=timedelta(0))):
        assert 10_100 == poll.look("62515")


@pytest.mark.parametrize("form", ["object", "legacy"])
def test_the_subscriptions_of_the_set_up_page_tell_of_edited_lines(staged: Callable[..., Scene], form: str) -> None:
    """With what docs/setup.md has people subscribe to, in both forms, an edit of a line arrives without a look."""
    scene = staged({"standing": {"poll_seconds": 3600}})
    body = {"subscriptions": _documented() if form == "object" else _as_legacy(_documented())}
    answer = scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json=body)
    assert 200 == answer.status_code, answer.text
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    scene.settle()
    scene.forget_calls()

    _edit_line(scene, deal, "Seats", description="For the north wing")
    scene.add_line(deal, {"name": "Travel", "quantity": "1", "price": "55.50"})

    both = [("Seats – For the north wing", 12, 39.9), ("Travel", 1, 55.5)]
    scene.on.until("the draft follows", lambda: both == _lines(scene, deal) or None, 20)
    assert [] == scene.calls("hubspot", "line_items/search")


def test_the_set_up_page_names_the_same_subscriptions_in_both_forms() -> None:
    """What the example subscribes to is what the owner of a legacy private app is told to."""
    page = SETUP.read_text()
    told = page[page.index("### Webhooks of a legacy private app") :].partition("\n## ")[0]
    for singular, shown in (("deal", "*Deal*"), ("line_item", "*Line item*")):
        names = re.findall(r"`(\w+)`", next(line for line in told.splitlines() if shown in line))
        assert names == [one["propertyName"] for one in _documented() if _of(one, singular) and "propertyName" in one]


def _sold_in_silence(scene: Scene) -> str:
    """Win a deal where there are no webhooks, and let the look catch up with what we wrote on it."""
    scene.silence("hubspot")
    deal = scene.sell(LINE)
    poll_now(scene)
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    _catch_up(scene)
    return deal


def _catch_up(scene: Scene) -> None:
    """Look until there is nothing new: what we wrote ourselves comes once more."""
    for _ in range(2):
        scene.settle()
        poll_now(scene)
        scene.settle()


def _lines(scene: Scene, deal: str) -> list[tuple[str, float, float]]:
    lines = [line for invoice in scene.invoices_of(deal) for line in invoice["LineItems"]]
    return [(line["Description"], line["Quantity"], line["UnitAmount"]) for line in lines]


def _asked(scene: Scene) -> list[str]:
    """Return what HubSpot was asked, by what follows the version in the path."""
    return [call["path"].partition("2026-09/")[2] for call in scene.calls("hubspot")]


def _documented() -> list[dict[str, Any]]:
    """Read the subscriptions out of the set-up page."""
    page = SETUP.read_text()
    whole = page[page.index("webhooks-hsmeta.json") :].partition("```json\n")[2].partition("```")[0]
    found: list[dict[str, Any]] = json.loads(whole)["config"]["subscriptions"]["crmObjects"]
    return found


def _as_legacy(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in one.items() if name != "objectType"}
        | {"subscriptionType": one["subscriptionType"].replace("object", one["objectType"], 1)}
        for one in some
    ]


def _of(one: dict[str, Any], kind: str) -> bool:
    return bool(one["objectType"] == kind)
