"""A store that nobody may write to: whoever only looks is given this one, whatever the service writes meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sqlalchemy import Connection

from ledgerloop.parts import Parts
from ledgerloop.store.db import Database


class OnlyReads(Database):
    """A store that fails whoever would write in it."""

    @contextmanager
    def transaction(self, patience: float = 0) -> Iterator[Connection]:
        """Refuse to begin one."""
        raise AssertionError("the plan writes here")
        yield


def only_reading(parts: Parts) -> Parts:
    """Return the same parts with such a store."""
    return replace(parts, database=OnlyReads(parts.database.url.render_as_string(False)))
