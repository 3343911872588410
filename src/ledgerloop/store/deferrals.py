"""Deals put aside: those whose organisation cannot be asked for a while, and until when they are left alone.

Those of an organisation that a person has disconnected wait until it is connected again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop.records import Rest
from ledgerloop.store import single_values


@dataclass(frozen=True, slots=True)
class Aside:
    """What of a portal rests: deals, each with the kind of event by which it is looked at again."""

    rest: Rest
    deals: Mapping[str, str] = field(default_factory=dict)


def get(tx: Connection, portal: str) -> Aside | None:
    """Get what is put aside; none where nothing is."""
    kept = single_values.get(tx, single_values.ASIDE.of(portal))
    if kept is None:
        return None
    began = kept.get("began")  # which an earlier release did not keep
    return Aside(Rest(began and datetime.fromisoformat(began), datetime.fromisoformat(kept["until"])), kept["deals"])


def put(tx: Connection, portal: str, aside: Aside) -> None:
    """Put deals aside, beside those that are so already. The rest that ends earlier counts."""
    before = get(tx, portal)
    if before is not None:
        aside = Aside(min(before.rest, aside.rest, key=lambda rest: rest.until), {**before.deals, **aside.deals})
    _keep(tx, portal, aside)


def hurry(tx: Connection, portal: str, now: datetime) -> None:
    """Leave nothing aside any longer: what it waits for may be over."""
    if (before := get(tx, portal)) is not None:
        _keep(tx, portal, Aside(Rest(now, now), before.deals))


def take(tx: Connection, portal: str, now: datetime) -> Aside | None:
    """Take up what was put aside, once it need not rest any more."""
    aside = get(tx, portal)
    if aside is None or aside.rest.lasts(now):
        return None
    single_values.forget(tx, single_values.ASIDE.of(portal))
    return aside


def wait_for(tx: Connection, organisation: str, portal: str, deals: Mapping[str, str]) -> None:
    """Put deals aside until their organisation is connected again, beside those that wait for it already."""
    before = _waiting_for(tx, organisation)
    kept = {**before, portal: {**before.get(portal, {}), **deals}}
    single_values.put(tx, single_values.UNTIL_CONNECTED.of(organisation), kept)


def waiting_for(tx: Connection) -> set[str]:
    """Name the organisations for which deals wait until they are connected again."""
    return set(single_values.each(tx, single_values.UNTIL_CONNECTED))


def take_waiting_for(tx: Connection, organisation: str, portal: str) -> dict[str, str]:
    """Take up the deals of a portal that waited for an organisation."""
    kept = _waiting_for(tx, organisation)
    taken = kept.pop(portal, {})
    if kept:
        single_values.put(tx, single_values.UNTIL_CONNECTED.of(organisation), kept)
    else:
        single_values.forget(tx, single_values.UNTIL_CONNECTED.of(organisation))
    return taken


def _waiting_for(tx: Connection, organisation: str) -> dict[str, dict[str, str]]:
    return single_values.get(tx, single_values.UNTIL_CONNECTED.of(organisation)) or {}


def _keep(tx: Connection, portal: str, aside: Aside) -> None:
    began = aside.rest.began.isoformat() if aside.rest.began else None
    kept = {"began": began, "until": aside.rest.until.isoformat(), "deals": dict(aside.deals)}
    single_values.put(tx, single_values.ASIDE.of(portal), kept)
