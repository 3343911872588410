"""Take a copy of the service's database and put it back later, as an operator does by hand."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from served import Served
from sqlalchemy import URL

BOTH = ("", "-engine")
"""The service's own SQLite file, and the engine's."""


@dataclass(frozen=True)
class Copy:
    """A copy of the database as it was at one moment."""

    scene: Served
    name: str

    def put_back(self, parts: Sequence[str] = BOTH) -> None:
        """Put it, or some of its files, in the place of what is there. The service must have stopped."""
        self.scene.built.database.close()
        url = self.scene.built.database.url
        if self.scene.built.database.file is None:
            _clone(url, self.name, str(url.database))
            return
        for part in parts:
            file = _file(self.scene, part)
            for left in (file, *(file.with_name(f"{file.name}{end}") for end in ("-wal", "-shm"))):
                left.unlink(missing_ok=True)
            kept = _kept(self.scene, self.name, part)
            if kept.exists():
                _backup(kept, file)


def copy(scene: Served, name: str = "kept") -> Copy:
    """Copy the database while the service runs; PostgreSQL, which has no way for it but a dump, while it is stopped."""
    if scene.built.database.file is not None:
        return copy_at_rest(scene, name)
    scene.kill()
    kept = copy_at_rest(scene, name)
    scene.start(watch=True)
    return kept


def copy_at_rest(scene: Served, name: str = "kept") -> Copy:
    """Copy the database of a service that was killed, or a SQLite file at any time."""
    url = scene.built.database.url
    if scene.built.database.file is None:
        scene.built.database.close()
        name = f"{url.database}_{name}"
        _clone(url, str(url.database), name)
        return Copy(scene, name)
    for part in BOTH:
        if _file(scene, part).exists():
            _backup(_file(scene, part), _kept(scene, name, part))
    return Copy(scene, name)


def _file(scene: Served, part: str) -> Path:
    file = scene.built.database.file
    assert file is not None
    return file.with_name(f"{file.stem}{part}{file.suffix}")


def _kept(scene: Served, name: str, part: str) -> Path:
    return scene.directory / f"{name}{part}.copy"


def _backup(source: Path, target: Path) -> None:
    with contextlib.closing(sqlite3.connect(source)) as from_, contextlib.closing(sqlite3.connect(target)) as to:
        from_.backup(to)


def _clone(url: URL, source: str, target: str) -> None:
    address = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')  # type: ignore[call-overload]
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        connection.execute(ended, (source,))
        clone = f'CREATE DATABASE "{target}" TEMPLATE "{source}" STRATEGY file_copy'
        connection.execute(clone)  # type: ignore[call-overload]
