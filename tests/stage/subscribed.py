"""Read from the set-up page what HubSpot is to tell, as an operator does who follows it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_PAGE = Path(__file__).parents[2] / "docs" / "setup.md"
_WORTH = "More subscriptions are worth their while"


def subscriptions(*, answers_told: bool, both: bool) -> list[dict[str, Any]]:
    """Return the subscriptions of the page; with ``answers_told`` those too that it calls worth their while.

    ``both`` tells whether changes go to Xero, for which the page has some more.
    """
    page = _PAGE.read_text(encoding="utf-8")
    block = next(one for one in re.findall(r"```json\n(.*?)```", page, re.DOTALL) if "ledgerloop_webhooks" in one)
    found: list[dict[str, Any]] = json.loads(block)["config"]["subscriptions"]["crmObjects"]
    if answers_told:
        more = page.partition(_WORTH)[2].partition("\n\n")[2].partition("\n\n")[0]
        found += [one for line in more.splitlines() for one in _of(line) if both or "fields.to_xero" not in line]
    return found


def _of(line: str) -> list[dict[str, Any]]:
    """Return what one line of the list subscribes to, on contacts and companies."""
    words = re.findall(r"`([\w.]+)`", line)
    if "object.propertyChange" in words:
        named = [word for word in words if "." not in word and word != "propertyName"]
        return [_change(kind, name) for kind in ("contact", "company") for name in named if _has(kind, name)]
    plain = [word for word in words if word.startswith("object.")]
    found = [_one(what, kind) for what in plain for kind in ("contact", "company")]
    return found + [_one("contact.privacyDeletion", "contact") for word in words if word == "contact.privacyDeletion"]


def _has(kind: str, name: str) -> bool:
    """Tell whether records of a kind have the property that the line names."""
    only = {"contact": ("email", "firstname", "lastname"), "company": ("name", "domain")}
    return name not in only["company" if kind == "contact" else "contact"]


def _change(kind: str, name: str) -> dict[str, Any]:
    return {**_one("object.propertyChange", kind), "propertyName": name}


def _one(what: str, kind: str) -> dict[str, Any]:
    return {"subscriptionType": what, "objectType": kind, "active": True}
