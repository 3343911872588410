"""HubSpot's app is one table: the files to upload, the page and the scopes that the doctor wants are the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from subscribed import subscriptions as documented

from ledgerloop.hubspot import scopes
from ledgerloop.hubspot.app_project import project, subscriptions

ROOT = Path(__file__).parents[2]
APP, WEBHOOKS = "src/app/app-hsmeta.json", "src/app/webhooks/webhooks-hsmeta.json"


def test_the_files_to_upload_are_as_written() -> None:
    """deploy/hubspot-app is what `ledgerloop hubspot-app` writes, but for the address."""
    folder = ROOT / "deploy" / "hubspot-app"
    there = {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}

    assert project(customers=True) == there


def test_the_page_shows_the_same() -> None:
    """Who makes the app by hand from docs/setup.md gets the same app, and the same webhooks."""
    page = (ROOT / "docs" / "setup.md").read_text()
    shown = {json.loads(one)["uid"]: json.loads(one) for one in re.findall(r"```json\n(.*?)```", page, re.DOTALL)}

    assert json.loads(project()[APP]) == shown["ledgerloop_app"]
    assert json.loads(project()[WEBHOOKS]) == shown["ledgerloop_webhooks"]
    assert list(scopes.WANTED) == shown["ledgerloop_app"]["config"]["auth"]["requiredScopes"]


@pytest.mark.parametrize("to_xero", [False, True])
def test_what_is_worth_its_while_is_subscribed_to(to_xero: bool) -> None:
    """The list below the page's files, of what is told of customers, is that of the table."""
    assert by_name(documented(answers_told=True, both=to_xero)) == by_name(
        subscriptions(customers=True, to_xero=to_xero)
    )


def by_name(some: list[dict[str, object]]) -> list[str]:
    """Return subscriptions in an order that does not count."""
    return sorted(json.dumps(one, sort_keys=True) for one in some)
