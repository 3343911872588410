"""Read the tiered prices of a line item, and say them in words. Does no I/O.

HubSpot has three models: each tier prices the pieces in it (graduated), the tier reached prices all of them (volume),
or has one price whatever the number (stairstep). Price × quantity holds for none of them, so HubSpot's own net counts.
How the tiers themselves are written is told nowhere, so two forms are read: lists of objects as JSON, and the upper
ends of all tiers but the last with the price of each, both with semicolons.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

MODELS = {"graduated": "graduated prices", "volume": "prices by volume", "stairstep": "stairstep prices"}
"""HubSpot's words for tiered prices, and ours. Every other word, and none, is a price for each piece."""


def model_of(values: Mapping[str, str | None]) -> str:
    """Return how a line item's tiers are called; empty where it has none."""
    return MODELS.get((values.get("hs_pricing_model") or "").strip().lower(), "")


def tiers_told(values: Mapping[str, str | None], currency: str) -> str:
    """Say which tiers a line item has, such as “1 to 10 at 20, from 11 at 15”; nothing where HubSpot does not tell."""
    return _of_objects(values, currency) or _of_numbers(values)


def _of_objects(values: Mapping[str, str | None], currency: str) -> str:
    ranges = [one for one in _listed(values.get("hs_tier_ranges")) if isinstance(one, dict)]
    prices = {
        one.get("index"): one.get("price")
        for one in _listed(values.get("hs_tier_prices"))
        if isinstance(one, dict) and str(one.get("currency") or currency).upper() == currency
    }
    told = list(_told(ranges, prices))
    return ", ".join(told) if len(told) == len(ranges) else ""


def _of_numbers(values: Mapping[str, str | None]) -> str:
    ends, prices = (_numbers(values.get(name)) for name in ("hs_tier_ranges", "hs_tier_prices"))
    if not prices or len(prices) != len(ends) + 1:
        return ""
    starts = [Decimal(1), *(end + 1 for end in ends)]
    told = [f"{start:f} to {end:f} at {price:f}" for start, end, price in zip(starts, ends, prices, strict=False)]
    return ", ".join([*told, f"from {starts[-1]:f} at {prices[-1]:f}"])


def _numbers(text: str | None) -> list[Decimal]:
    """Read numbers with semicolons between them; none where one of them is none."""
    found = [_number(part.strip()) for part in (text or "").split(";") if part.strip()]
    return [Decimal(one) for one in found if one is not None] if None not in found else []


def _told(ranges: list[dict[str, Any]], prices: Mapping[Any, Any]) -> Iterator[str]:
    for place, one in enumerate(ranges):
        start, end, price = (_number(each) for each in (one.get("start"), one.get("end"), prices.get(place)))
        if start is not None and price is not None:
            yield f"{f'{start} to {end}' if end is not None else f'from {start}'} at {price}"


def _listed(text: str | None) -> list[Any]:
    try:
        found = json.loads(text or "[]", parse_float=Decimal)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _number(value: Any) -> str | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return f"{number.normalize():f}" if number.is_finite() else None
