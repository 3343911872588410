"""Deals put aside: those whose organisation cannot be asked for a while, and until when they are left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop.store import connections


@dataclass(frozen=True, slots=True)
class Aside:
    """What of a portal waits until a moment: deals, each with the kind of event by which it is looked at again."""

    until: datetime
    deals: Mapping[str, str] = field(default_factory=dict)


def get(tx: Connection, portal: str) -> Aside | None:
    """Get what is put aside; none where nothing is."""
    kept = json.loads(connections.get_value(tx, _name(portal)) or "null")
    return Aside(datetime.fromisoformat(kept["until"]), kept["deals"]) if kept else None


def put(tx: Connection, portal: str, aside: Aside) -> None:
    """Put deals aside, beside those that are so already. The earlier moment counts."""
    before = get(tx, portal)
    if before is not None:
        aside = Aside(min(before.until, aside.until), {**before.deals, **aside.deals})
    _keep(tx, portal, aside)


def hurry(tx: Connection, portal: str, now: datetime) -> None:
    """Leave nothing aside any longer: what it waits for may be over."""
    if (before := get(tx, portal)) is not None:
        _keep(tx, portal, Aside(now, before.deals))


def take(tx: Connection, portal: str, now: datetime) -> Aside | None:
    """Take up what was put aside, once its moment has come."""
    aside = get(tx, portal)
    if aside is None or aside.until > now:
        return None
    connections.put_value(tx, _name(portal), "")
    return aside


def _keep(tx: Connection, portal: str, aside: Aside) -> None:
    kept = {"until": aside.until.isoformat(), "deals": dict(aside.deals)}
    connections.put_value(tx, _name(portal), json.dumps(kept))


def _name(portal: str) -> str:
    return f"aside {portal}"
