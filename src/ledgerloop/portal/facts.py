"""Know what seldom changes in the portal: won stages, owners, tax rates. Read once an hour. Called inside a step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ledgerloop.errors import ScopeMissing
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.rules.clocks import passed
from ledgerloop.store import single_values
from ledgerloop.store.single_values import Key

LAST = timedelta(hours=1)


def won_stages(portal: str) -> list[str]:
    """Return the stages with probability 1.0, in any pipeline."""
    stages: list[str] = _kept(single_values.WON_STAGES.of(portal), "stages", _read_won_stages)
    return stages


def route_stages() -> list[str]:
    """Return the stages that routes name: a deal is invoiced there as well, whatever the stage's probability."""
    return sorted({route.conditions.stage for route in parts().routes if route.conditions.stage})


def owners(portal: str) -> dict[str, str]:
    """Return the emails of the portal's people by their owner id."""
    found: dict[str, str] = _kept(single_values.OWNERS.of(portal), "owners", _read_owners)
    return found


def tax_rates(portal: str) -> dict[str, str]:
    """Return the portal's tax rates, as percentages by the id that line items carry."""
    found: dict[str, str] = _kept(single_values.TAX_RATES.of(portal), "rates", _read_tax_rates)
    return found


def _kept(key: Key[dict[str, Any]], what: str, read: Callable[[], Any]) -> Any:
    at = parts()
    with at.database.reading() as tx:
        known = single_values.get(tx, key)
    if known is not None and not passed(datetime.fromisoformat(known["at"]), LAST, at.now()):
        return known[what]
    fresh = read()
    with at.database.transaction() as tx:
        single_values.put(tx, key, {"at": at.now().isoformat(), what: fresh})
    return fresh


def _read_won_stages() -> list[str]:
    return sorted(stage.id for line in parts().hubspot().pipelines("deals") for stage in line.stages if stage.won)


def _read_owners() -> dict[str, str]:
    return {one.id: one.email for one in parts().hubspot().owners()}


def _read_tax_rates() -> dict[str, str]:
    """Without the scope nothing is known: a rate that only its id names is a hold then."""
    try:
        return {one.id: f"{one.percentage_rate:f}" for one in parts().hubspot().tax_rates()}
    except ScopeMissing as missing:
        logger.warning("tax rates cannot be read", why=missing.sentence)
        return {}
