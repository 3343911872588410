"""Rests: until when a kind of work of an organisation is left alone, because it failed and stands behind the rest."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop.store import connections


def name(work: str, organisation: str) -> str:
    """Name a rest, and the hold by which a person is told of it."""
    return f"{work} {organisation}"


def until(tx: Connection, rest: str) -> datetime | None:
    """Return the moment to which work rests, or rested and has not gone on since; none where it need not."""
    kept = connections.get_value(tx, rest)
    return datetime.fromisoformat(kept) if kept else None


def due(tx: Connection, rest: str, now: datetime) -> bool:
    """Tell whether work that rested may go on."""
    moment = until(tx, rest)
    return moment is not None and moment <= now


def any_due(tx: Connection, names: Collection[str], now: datetime) -> bool:
    """Tell whether any of these rests is over."""
    kept = connections.get_values(tx, names).values()
    return any(datetime.fromisoformat(moment) <= now for moment in kept if moment)


def put(tx: Connection, rest: str, moment: datetime | None) -> None:
    """Let work rest until a moment; with none, it rests no more."""
    connections.put_value(tx, rest, moment.isoformat() if moment else "")


def end(tx: Connection, names: Collection[str], now: datetime) -> None:
    """Let what rests by these names go on: a person asks for it."""
    for rest, moment in connections.get_values(tx, names).items():
        if moment:
            put(tx, rest, now)
