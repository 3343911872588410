"""A count beside the key, outside the database, by which a database that is not the latest is told.

The database keeps the same count. Outside it is raised after the database and before a request leaves, so it is never
ahead, unless the database was restored, emptied or exchanged. Processes of one machine share the file.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the database had come, and when a request that makes an invoice left for the last time."""

    count: int
    left: datetime | None = None


class Witness:
    """Keep the count in a file; where it cannot be kept there, nothing is told apart."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> Reached | None:
        """Return what was kept last; none where there is no file, or it says nothing that can be read."""
        try:
            kept = json.loads(self.file.read_text("utf-8"))
            left = datetime.fromisoformat(kept["left"]) if kept["left"] else None
            return Reached(int(kept["count"]), left)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, count: int, left: datetime | None = None) -> bool:
        """Raise the count, durably; a lower one changes nothing. Tells whether it could be written."""
        try:
            with self._alone():
                before = self.read() or Reached(-1)
                after = Reached(max(count, before.count), _later(left, before.left))
                if after != before:
                    self._write(after)
        except OSError:
            return False
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        descriptor = os.open(self.file.with_name(f"{self.file.name}-lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write(self, reached: Reached) -> None:
        """Put a whole new file in the place of the old one, so that a power cut leaves the one or the other."""
        new = self.file.with_name(f"{self.file.name}-new")
        text = json.dumps({"count": reached.count, "left": reached.left.isoformat() if reached.left else None})
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        new.replace(self.file)
        folder = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def witness_of(database: URL, key_file: Path) -> Witness:
    """Return the witness of a database: a file of its name beside the key."""
    name = Path(database.database or "ledgerloop").name
    return Witness(key_file.absolute().with_name(f"{name}.epoch"))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
