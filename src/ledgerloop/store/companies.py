"""How far the index of the portal's companies has come: where to look for a name or domain is in ``search_keys``.

What stands there may be out of date. Whoever finds a company by it reads that company anew before deciding anything.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop.store import single_values
from ledgerloop.store.statements import one_at_a_time


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index has come."""

    after: str = ""
    """Where the listing of all companies goes on; empty at its beginning, and once it is done."""
    listed: bool = False
    """Whether all companies were listed once."""
    since: datetime | None = None
    """What changed from here on is still to be searched for; none until the listing has begun."""
    everyone: bool = False
    """Whether companies that are customers already are kept up too, as several organisations need it."""
    looked: datetime | None = None
    """When what had changed was last searched for, by our clock."""


def progress(tx: Connection, portal: str) -> Progress:
    """Say how far the index has come."""
    kept = single_values.get(tx, single_values.COMPANIES.of(portal)) or {}
    since, looked = (datetime.fromisoformat(kept[one]) if kept.get(one) else None for one in ("since", "looked"))
    return Progress(kept.get("after", ""), kept.get("listed", False), since, kept.get("everyone", False), looked)


def advance(tx: Connection, portal: str, before: Progress, now: Progress) -> bool:
    """Note how far the index has come, unless another process has brought it on from ``before`` in the meantime."""
    one_at_a_time(tx, single_values.COMPANIES.of(portal).name)
    if progress(tx, portal) != before:
        return False
    moments = {name: one.isoformat() if one else None for name, one in (("since", now.since), ("looked", now.looked))}
    single_values.put(tx, single_values.COMPANIES.of(portal), asdict(now) | moments)
    return True
