"""Rests: from when until when something is left alone, and those of work that failed and stands behind all else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Column, ColumnElement, Connection, and_, or_

from ledgerloop.records import Rest
from ledgerloop.store import single_values
from ledgerloop.subjects import Subject


def lasts(began: Column[datetime], until: Column[datetime], now: datetime) -> ColumnElement[bool]:
    """Ask the database what :meth:`Rest.lasts` tells; no where there is no rest."""
    return and_(until.is_not(None), until > now, or_(began.is_(None), began <= now))


def name(work: str, organisation: str) -> Subject:
    """Name a rest, and the hold by which a person is told of it."""
    return Subject(f"{work} {organisation}")


def get(tx: Connection, rest: str) -> Rest | None:
    """Return how work rests, or rested and has not gone on since; none where it need not."""
    return single_values.get(tx, single_values.rest(rest))


def due(tx: Connection, rest: str, now: datetime) -> bool:
    """Tell whether work that rested may go on."""
    kept = get(tx, rest)
    return kept is not None and not kept.lasts(now)


def over_at(tx: Connection, names: Collection[str], now: datetime) -> datetime | None:
    """Return when the first of these rests is over; none where nothing rests."""
    kept = single_values.some(tx, map(single_values.rest, names)).values()
    return min((rest.over_at(now) for rest in kept), default=None)


def put(tx: Connection, rest: str, kept: Rest | None) -> None:
    """Let work rest; with none, it rests no more."""
    if kept is None:
        single_values.forget(tx, single_values.rest(rest))
    else:
        single_values.put(tx, single_values.rest(rest), kept)


def end(tx: Connection, names: Collection[str], now: datetime) -> None:
    """Let what rests by these names go on: a person asks for it."""
    for rest in single_values.some(tx, map(single_values.rest, names)):
        put(tx, rest, Rest(now, now))
