"""Copy the database while the service runs, check that a copy opens, and put one back while it does not run.

SQLite's own way of copying sees one moment of a file that is written to; PostgreSQL's tools do the same for it. What
is put back takes the place of something, and that is kept aside.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from ledgerloop.errors import LedgerloopError

SERVICE, ENGINE, DUMP, ABOUT = "service.sqlite3", "engine.sqlite3", "database.dump", "about.json"
_WITH = ("", "-wal", "-shm")
"""What SQLite keeps beside a file while it is in use."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A copy that opens: its schema's version, and the secrets in it, sealed."""

    schema: str
    secrets: Mapping[str, bytes]


def save(url: URL, engine: Path | None, folder: Path, now: datetime) -> None:
    """Make a folder with a copy of the database as it is at this moment, readable by its owner alone."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise LedgerloopError(f"{folder} is there already: name a folder that is not.") from None
    except OSError as error:
        raise LedgerloopError(f"{folder} cannot be made: {error.strerror}.") from None
    if url.get_backend_name() == "sqlite":
        _copy(Path(str(url.database)), folder / SERVICE)
        if engine is not None and engine.exists():
            _copy(engine, folder / ENGINE)
    else:
        _private(folder / DUMP)
        _tool("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={folder / DUMP}")
    _private(folder / ABOUT)
    (folder / ABOUT).write_text(json.dumps({"made_at": now.isoformat()}), "utf-8")


def check(folder: Path) -> Checked:
    """Open a copy, and raise an error where it is damaged, or a newer release made it."""
    if (folder / SERVICE).is_file():
        for file in (folder / SERVICE, folder / ENGINE):
            _sound(file)
        checked = _read_sqlite(folder / SERVICE)
    elif (folder / DUMP).is_file():
        checked = _read_dump(folder / DUMP)
    else:
        raise LedgerloopError(f"{folder} holds no backup: it has neither {SERVICE} nor {DUMP}.")
    config = Config()
    config.set_main_option("script_location", "ledgerloop.store:migrations")
    config.set_main_option("path_separator", "os")
    if checked.schema not in {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}:
        raise LedgerloopError(f"A newer Ledgerloop made the backup in {folder}: restore it with that one.")
    return checked


def made_at(folder: Path) -> datetime | None:
    """Return when a backup was made; none where it does not say."""
    try:
        return datetime.fromisoformat(json.loads((folder / ABOUT).read_text("utf-8"))["made_at"])
    except (OSError, ValueError, KeyError):
        return None


def lacks(folder: Path) -> list[str]:
    """Say what a backup that opens has lost since it was made, as far as it can be known."""
    said = []
    if made_at(folder) is None:
        what = "cannot be read" if (folder / ABOUT).exists() else "is missing"
        said.append(f"{folder / ABOUT} {what}: nobody knows when this backup was made.")
    if (folder / SERVICE).is_file() and not (folder / ENGINE).is_file():
        said.append(
            f"{folder / ENGINE} is missing, and the backup of a service that has run has one. If there is a whole"
            " backup, restore that one."
        )
    return said


def in_use(url: URL) -> bool:
    """Tell whether any process works on the database: each holds a lock for as long as it lives."""
    if url.get_backend_name() == "sqlite":
        file = Path(str(url.database)).absolute()
        return any(_held(lock) for lock in file.parent.glob(f"{file.name}-lock-*"))
    query = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
    query += " WHERE locktype = 'advisory' AND d.datname = current_database()"
    engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with _told(), engine.connect() as connection:
        return bool(connection.execute(text(query)).scalar())


def put_back(url: URL, engine: Path | None, folder: Path, now: datetime) -> list[Path]:
    """Put a copy in the place of the database, and return where what it replaces is kept."""
    stamp = f"before-restore-{now:%Y%m%dT%H%M%SZ}"
    if url.get_backend_name() == "sqlite":
        if not (folder / SERVICE).is_file():
            raise LedgerloopError(f"{folder} holds a backup of PostgreSQL, and the settings name a SQLite file.")
        file = Path(str(url.database)).absolute()
        coming = {file: _coming(folder / SERVICE, file)}
        if engine is not None and (folder / ENGINE).exists():
            coming[engine] = _coming(folder / ENGINE, engine)
        kept = [_set_aside(one, stamp) for one in (file, engine) if one is not None and one.exists()]
        for target, copied in coming.items():
            copied.replace(target)
        return kept
    if not (folder / DUMP).is_file():
        raise LedgerloopError(f"{folder} holds a backup of a SQLite file, and the settings name PostgreSQL.")
    aside = folder.absolute().with_name(f"{url.database}-{stamp}.dump")
    _private(aside)
    _tool("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={aside}")
    _replace(url, folder / DUMP, aside)
    return [aside]


def _replace(url: URL, dump: Path, aside: Path) -> None:
    """Empty a PostgreSQL database and fill it from a dump; where that fails, from what was there before."""
    engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool)

    def fill(source: Path) -> None:
        with _told(), engine.begin() as connection:
            for statement in ("DROP SCHEMA IF EXISTS dbos CASCADE", "DROP SCHEMA public CASCADE"):
                connection.execute(text(statement))
            connection.execute(text("CREATE SCHEMA public"))
        # A dump may make the schema that stands again by now.
        wanted = _tool("pg_restore", None, "--list", str(source)).splitlines()
        without = [line for line in wanted if " SCHEMA - public " not in line]
        listed = aside.with_name(f"{aside.name}.list")
        listed.write_text("\n".join(without), "utf-8")
        try:
            _tool(
                "pg_restore",
                url,
                "--no-owner",
                "--no-privileges",
                "--single-transaction",
                f"--use-list={listed}",
                str(source),
            )
        finally:
            listed.unlink()

    try:
        fill(dump)
    except LedgerloopError as problem:
        try:
            fill(aside)
        except LedgerloopError:
            raise LedgerloopError(f"{problem.sentence} What was there before is in {aside}.") from None
        raise LedgerloopError(f"{problem.sentence} The database is as it was before.") from None


@contextmanager
def _told() -> Iterator[None]:
    """Turn what PostgreSQL says into one sentence."""
    try:
        yield
    except DBAPIError as error:
        why = str(error.orig).strip().splitlines()[0]
        raise LedgerloopError(f"The database would not have it: {why}.") from None


def _coming(source: Path, target: Path) -> Path:
    """Copy a file beside the one whose place it is to take: who is killed meanwhile leaves that one whole."""
    coming = target.with_name(f"{target.name}.restoring")
    for end in (*_WITH, "-journal"):  # what a restore that was killed has left
        coming.with_name(f"{coming.name}{end}").unlink(missing_ok=True)
    _copy(source, coming)
    return coming


def _copy(source: Path, target: Path) -> None:
    """Copy a SQLite file as it is at one moment, whoever writes to it."""
    _private(target)
    try:
        with closing(_reading(source)) as from_, closing(sqlite3.connect(target)) as to:
            from_.backup(to)
            to.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
    except sqlite3.DatabaseError as error:
        raise LedgerloopError(f"{source} cannot be copied: {error}.") from None


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def _private(file: Path) -> None:
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
    file.chmod(0o600)


def _sound(file: Path) -> None:
    if not file.exists():
        return
    try:
        with closing(_reading(file)) as opened:
            said = [row[0] for row in opened.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    if said != ["ok"]:
        raise LedgerloopError(f"{file} is damaged: {said[0]}.")


def _read_sqlite(file: Path) -> Checked:
    try:
        with closing(_reading(file)) as opened:
            schema = opened.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            return Checked(schema, dict(opened.execute("SELECT name, sealed FROM secret").fetchall()))
    except (sqlite3.DatabaseError, TypeError):
        raise LedgerloopError(f"{file} is no database of Ledgerloop's.") from None


def _read_dump(file: Path) -> Checked:
    """Read the two tables that are looked at out of a dump, which holds their rows as tab-separated text."""
    told = _tool("pg_restore", None, "--data-only", "--table=alembic_version", "--table=secret", "--file=-", str(file))
    rows: dict[str, list[list[str]]] = {"alembic_version": [], "secret": []}
    into: list[list[str]] | None = None
    for line in told.splitlines():
        if line.startswith("COPY "):
            into = rows.get(line.split()[1].rpartition(".")[2])
        elif line == "\\.":
            into = None
        elif into is not None:
            into.append(line.split("\t"))
    if not rows["alembic_version"]:
        raise LedgerloopError(f"{file} is no dump of Ledgerloop's database.")
    secrets = {name: bytes.fromhex(sealed.removeprefix("\\\\x")) for name, sealed in rows["secret"]}
    return Checked(rows["alembic_version"][0][0], secrets)


def _set_aside(file: Path, stamp: str) -> Path:
    kept = file.with_name(f"{file.name}.{stamp}")
    for end in _WITH:
        beside = file.with_name(f"{file.name}{end}")
        if beside.exists():
            beside.replace(kept.with_name(f"{kept.name}{end}"))
    return kept


def _held(lock: Path) -> bool:
    descriptor = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _tool(name: str, url: URL | None, *words: str) -> str:
    """Run one of PostgreSQL's own tools; a password goes by the environment, where no list of processes shows it."""
    if shutil.which(name) is None:
        raise LedgerloopError(
            f"`{name}` is not on this machine: install PostgreSQL's client tools, of the server's version or newer."
        )
    command: Sequence[str] = [name, *words]
    env = dict(os.environ)
    if url is not None:
        address, password = _without_password(url)
        command = [name, f"--dbname={address}", *words]
        if password:
            env["PGPASSWORD"] = password
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode:
        why = (ended.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise LedgerloopError(f"`{name}` failed: {why}")
    return ended.stdout


def _without_password(url: URL) -> tuple[str, str]:
    """Return an address as PostgreSQL's own tools take it, and the password that stood in it, in either place."""
    query = dict(url.query)
    beside = query.pop("password", "")
    address = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    password = url.password or (beside if isinstance(beside, str) else beside[-1])
    return address.render_as_string(hide_password=False), str(password or "")
