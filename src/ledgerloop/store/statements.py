"""Statements that SQLite and PostgreSQL spell alike but SQLAlchemy keeps apart: insert or ignore, and upsert."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
Row = Mapping[str, Any]
Insert = postgresql.Insert | sqlite.Insert

CHUNK = 1000
"""Ids in one statement. SQLite takes at most 32,766 variables."""


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Cut a sequence of any length into lists that one statement can take."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


def insert(tx: Connection, table: Table) -> Insert:
    """Begin an INSERT that knows ON CONFLICT, in the dialect of the connection."""
    return _insert(tx.dialect.name, table)


def insert_or_ignore(tx: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert what is new by any unique key, leave what is there alone, and say how many were new."""
    if not rows:
        return 0
    statement = _ignoring(tx.dialect.name, table)
    return tx.execute(statement, list(rows), execution_options={"preserve_rowcount": True}).rowcount


def upsert(
    tx: Connection,
    table: Table,
    rows: Sequence[Row],
    where: Callable[[Insert], ColumnElement[bool]] | None = None,
    values: Callable[[Insert], Mapping[str, Any]] | None = None,
) -> None:
    """Insert, or on the same primary key replace all other columns, or set ``values``, where ``where`` allows it."""
    if rows:
        tx.execute(_replacing(tx.dialect.name, table, where, values), list(rows))


@cache
def _ignoring(dialect: str, table: Table) -> Insert:
    """Build it once: the webhook path runs it for every delivery."""
    return _insert(dialect, table).on_conflict_do_nothing()


@lru_cache(maxsize=64)
def _replacing(
    dialect: str,
    table: Table,
    where: Callable[[Insert], ColumnElement[bool]] | None,
    values: Callable[[Insert], Mapping[str, Any]] | None,
) -> Insert:
    """Build it once where the functions are the module's own, not made for the call."""
    statement = _insert(dialect, table)
    new = values(statement) if values else {c.name: statement.excluded[c.name] for c in table.c if not c.primary_key}
    condition = where(statement) if where else None
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=new, where=condition)


def _insert(dialect: str, table: Table) -> Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def one_at_a_time(tx: Connection, name: str) -> None:
    """Let only one transaction of this name go on at a time, until it ends. On SQLite every writer is alone anyway."""
    if tx.dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
