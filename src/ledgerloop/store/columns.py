"""Columns whose values are more than the database's own: money, moments, people and lists of texts."""

from __future__ import annotations

import json
from dataclasses import astuple
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Dialect, Numeric, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from ledgerloop.records import Person


class Money(TypeDecorator[Decimal]):
    """Keep a Decimal to the last digit: NUMERIC without a scale on PostgreSQL, text on SQLite, which would round."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose text on SQLite."""
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else Numeric())

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Write without an exponent, so that the column reads like money."""
        return format(value, "f") if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read back what was written."""
        return Decimal(value) if value is not None and dialect.name == "sqlite" else value


class Moment(TypeDecorator[datetime]):
    """Keep an aware moment, UTC in and out. SQLite has no zones, so there it is stored as UTC without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone: nobody could tell later which one was meant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone: {value}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back aware UTC, whatever zone the server's session has."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Persons(TypeDecorator[tuple[Person, ...]]):
    """Keep the further people of a customer as one JSON text: they are only ever read together."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Person, ...] | None, dialect: Dialect) -> str:
        """Write a list for each person, of its fields in their order."""
        return json.dumps([astuple(person) for person in value or ()], ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[Person, ...]:
        """Read back what was written."""
        return tuple(Person(*fields) for fields in json.loads(value or "[]"))


class Texts(TypeDecorator[tuple[str, ...]]):
    """Keep texts as one JSON list: they are only ever read together."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str:
        """Write a list."""
        return json.dumps(list(value or ()), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        """Read back what was written."""
        return tuple(json.loads(value or "[]"))
