"""The database: transactions, locks and migrations."""

from __future__ import annotations

import contextlib
import stat
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, make_url, select, text
from sqlalchemy.exc import DBAPIError, StatementError

import pg_cluster
from ledgerloop.errors import SettingsError, Transient
from ledgerloop.store import cursors, single_values
from ledgerloop.store.db import Database, sqlite_lack
from ledgerloop.store.tables import metadata, value

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def _other_process(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True)


class TestTransaction:
    def test_inside_another_is_refused(self, database: Database) -> None:
        """Two at once in one thread would wait for each other; the mistake is told at once, and the first goes on."""
        with database.transaction() as tx:
            single_values.put(tx, single_values.text("name"), "kept")
            with pytest.raises(RuntimeError, match="inside another"), database.transaction():
                pass

        with database.reading() as tx:
            assert "kept" == single_values.get(tx, single_values.text("name"))

    def test_leaving_commits(self, database: Database) -> None:
        """What a transaction wrote is there for the next one."""
        with database.transaction() as tx:
            single_values.put(tx, single_values.text("name"), "kept")

        with database.reading() as tx:
            assert single_values.get(tx, single_values.text("name")) == "kept"

    def test_raising_rolls_back(self, database: Database) -> None:
        """Nothing of a transaction that raised is left."""
        with contextlib.suppress(ZeroDivisionError), database.transaction() as tx:
            single_values.put(tx, single_values.text("name"), "lost")
            raise ZeroDivisionError

        with database.reading() as tx:
            assert single_values.get(tx, single_values.text("name")) is None

    def test_reading_cannot_write(self, database: Database) -> None:
        """A transaction for reading refuses to write, the next one on its connection may, and one for reading not."""
        for written in ("y", "z"):
            with pytest.raises(DBAPIError), database.reading() as tx:
                single_values.put(tx, single_values.text("name"), "x")

            with database.transaction() as tx:
                single_values.put(tx, single_values.text("name"), written)

    def test_reading_does_not_wait_for_a_writer(self, database: Database) -> None:
        """Whoever reads sees the last committed state at once, even while someone writes."""
        with database.transaction() as writing:
            single_values.put(writing, single_values.text("name"), "not yet")
            with database.reading() as tx:
                assert single_values.get(tx, single_values.text("name")) is None

    def test_threads_queue(self, database: Database) -> None:
        """Transactions of several threads that lock, read and then write lose no update to each other."""
        with database.transaction() as tx:
            single_values.put(tx, single_values.text("count"), "0")

        def count_up() -> None:
            for _ in range(20):
                with database.transaction() as tx:
                    counted = select(value.c.value).where(value.c.name == "count").with_for_update()
                    single_values.put(tx, single_values.text("count"), str(int(tx.execute(counted).scalar_one()) + 1))

        threads = [threading.Thread(target=count_up) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        with database.reading() as tx:
            assert single_values.get(tx, single_values.text("count")) == "80"


class TestMigrate:
    def test_makes_what_the_tables_say(self, database: Database) -> None:
        """The migrations and the tables module describe the same schema."""
        with database.reading() as tx:
            context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": False})
            assert compare_metadata(context, metadata) == []

    def test_makes_the_same_indexes(self, database: Database) -> None:
        """Every index of the tables module is made, with its columns in the same order."""
        with database.reading() as tx:
            found = {
                (table, index["name"], tuple(index["column_names"]))
                for table in metadata.tables
                for index in inspect(tx).get_indexes(table)
                if not index.get("duplicates_constraint")
            }

        expected = {
            (table.name, index.name, tuple(column.name for column in index.columns))
            for table in metadata.tables.values()
            for index in table.indexes
        }
        assert expected == found

    def test_again_changes_nothing(self, database: Database) -> None:
        """Migrating an up-to-date database is harmless."""
        with database.transaction() as tx:
            single_values.put(tx, single_values.text("name"), "kept")

        database.migrate()

        with database.reading() as tx:
            assert single_values.get(tx, single_values.text("name")) == "kept"

    def test_nothing_is_loaded_for_nothing(self, database_url: str) -> None:
        """What migrates takes long to load: it is not loaded where the schema is up to date."""
        script = (
            "import sys; from ledgerloop.store.db import Database; d = Database(sys.argv[1]); d.migrate(); d.close();"
            " sys.exit('alembic' in sys.modules)"
        )

        assert 0 == _other_process(script, database_url).wait(120)

    @pytest.mark.parametrize("kind", ["sqlite", "postgres"])
    def test_two_processes_at_once(self, kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        """Several processes that start at once on an empty database all end with the schema."""
        if kind == "sqlite":
            url = f"sqlite:///{tmp_path}/new.sqlite3"
        else:
            url = request.getfixturevalue("postgres").create(f"new_{tmp_path.name}")
        script = (
            "import sys; from ledgerloop.store.db import Database; d = Database(sys.argv[1]); d.migrate(); d.close()"
        )

        starting = [_other_process(script, url) for _ in range(3)]

        assert [process.wait(120) for process in starting] == [0, 0, 0]
        migrated = Database(url)
        with migrated.reading() as tx:
            assert set(metadata.tables) < set(inspect(tx).get_table_names())
        migrated.close()


class TestLock:
    HOLDER = """
import sys, time
from ledgerloop.store.db import Database
with Database(sys.argv[1]).lock("grant"):
    print("held", flush=True)
    time.sleep(60)
"""

    def test_excludes_another_process_and_dies_with_it(self, database: Database) -> None:
        """A lock held by another process is waited for, and is free as soon as that process is killed."""
        holder = _other_process(self.HOLDER, database.url.render_as_string(hide_password=False))
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        got = threading.Event()

        def wait_for_it() -> None:
            with database.lock("grant"):
                got.set()

        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        with database.lock("another grant"):
            assert not got.wait(0.1)
        holder.kill()
        holder.wait()

        waiting.join(60)
        assert got.is_set()

    def test_excludes_another_thread(self, database: Database) -> None:
        """Two threads of one process do not hold a lock together."""
        inside, most = 0, 0

        def hold() -> None:
            nonlocal inside, most
            with database.lock("grant"):
                inside += 1
                most = max(most, inside)
                time.sleep(0.01)
                inside -= 1

        threads = [threading.Thread(target=hold) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert most == 1


class TestMoments:
    def test_come_back_as_utc(self, database: Database) -> None:
        """A moment of any zone comes back as the same moment in UTC, to the microsecond."""
        auckland = NOW.replace(microsecond=123456).astimezone(timezone(timedelta(hours=13)))
        with database.transaction() as tx:
            cursors.put(tx, cursors.Cursor("org", "invoices", since=auckland))

        with database.reading() as tx:
            since = cursors.get(tx, "org", "invoices").since

        assert auckland == since
        assert since is not None
        assert since.tzinfo is UTC

    def test_need_a_zone(self, database: Database) -> None:
        """A moment without a zone is refused: nobody could say later which one was meant."""
        with pytest.raises(StatementError), database.transaction() as tx:
            cursors.put(tx, cursors.Cursor("org", "invoices", since=datetime(2026, 1, 1)))  # noqa: DTZ001


class TestFile:
    def test_is_its_owner_s_alone(self, tmp_path: Path) -> None:
        """The SQLite file and what SQLite puts beside it can be read by no other user."""
        database = Database(f"sqlite:///{tmp_path}/new.sqlite3")
        database.migrate()

        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

        database.close()
        assert {0o600} == modes

    def test_survives_a_power_cut(self, sqlite_url: str) -> None:
        """SQLite writes ahead and syncs at every commit."""
        database = Database(sqlite_url)
        with database.reading() as tx:
            modes = tx.execute(text("PRAGMA journal_mode")).scalar(), tx.execute(text("PRAGMA synchronous")).scalar()
        database.close()

        assert modes == ("wal", 2)


class TestUnusable:
    @pytest.mark.parametrize(
        "url", ["mysql://host/name", "sqlite://", "nonsense", "postgresql+psycopg://host:notaport/name"]
    )
    def test_address(self, url: str) -> None:
        """An address that is neither a SQLite file nor PostgreSQL is a settings error that names the setting."""
        with pytest.raises(SettingsError) as caught:
            Database(url)

        assert caught.value.key == "service.database"

    @pytest.mark.parametrize(
        ("end", "said"), [("?connect_timeout=abc", "abc"), ("?foo=bar", "foo"), ("?target_session_attrs=any", "")]
    )
    def test_parameters(self, end: str, said: str) -> None:
        """What libpq would not take of an address is named, and what it would is fine."""
        url = f"postgresql+psycopg://user@host/name{end}"
        if not said:
            Database(url).close()
            return
        with pytest.raises(SettingsError, match=said):
            Database(url)

    @pytest.mark.parametrize("place", ["missing/new.sqlite3", "text.sqlite3"])
    def test_file(self, tmp_path: Path, place: str) -> None:
        """A file that cannot be made, or is no database, is a settings error that names the file."""
        (tmp_path / "text.sqlite3").write_text("This is no database, though it is long enough for one. " * 20)
        with pytest.raises(SettingsError) as caught:
            Database(f"sqlite:///{tmp_path / place}")

        assert str(tmp_path / place) in caught.value.cure

    def test_newer_schema(self, database: Database) -> None:
        """A database that a later version has migrated is refused with a sentence, and not changed."""
        with database.transaction() as tx:
            tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))

        with pytest.raises(SettingsError) as caught:
            database.migrate()
        assert "newer" in caught.value.cure

    def test_server_is_transient(self, postgres: pg_cluster.Cluster) -> None:
        """A database that cannot be reached is tried again, so the error is transient."""
        nobody_there = Database("postgresql+psycopg://postgres@127.0.0.1:1/none")
        with pytest.raises(Transient), nobody_there.transaction():
            pass

    def test_connection_that_broke_is_replaced(self, postgres: pg_cluster.Cluster, postgres_url: str) -> None:
        """After the server ended our connection, the next transaction opens another one."""
        database = Database(postgres_url)
        with database.reading() as tx:
            ours = tx.execute(select(func.pg_backend_pid())).scalar_one()
        with psycopg.connect(postgres.dsn("postgres")) as operator:
            operator.execute("SELECT pg_terminate_backend(%s)", [ours])

        with database.reading() as tx:
            assert tx.execute(text("SELECT 1")).scalar() == 1
        database.close()


@pytest.mark.parametrize(
    ("version", "fits"), [((3, 34, 1), False), ((3, 35, 0), True), ((3, 40, 1), True), ((3, 50, 4), True)]
)
def test_sqlite_that_is_too_old(version: tuple[int, int, int], fits: bool) -> None:
    """A SQLite that nothing can work with is named with its version and with what to do, on every Python."""
    said = sqlite_lack(version)

    assert fits == (said == "")
    if said:
        assert "Python has SQLite 3.34.1 here, and 3.35 or newer is needed; install a newer SQLite" in said


def test_opening_a_file_again_takes_no_locks_from_who_has_it_open(sqlite_url: str) -> None:
    """Another process that looks and goes does not take the log away from connections of this one."""
    looking = "import sys; from ledgerloop.store.db import Database; Database(sys.argv[1]).close()"
    with contextlib.closing(Database(sqlite_url)) as first:
        with first.transaction() as tx:
            tx.execute(text("CREATE TABLE seen (what TEXT)"))
        Database(sqlite_url).close()

        subprocess.run([sys.executable, "-c", looking, sqlite_url], check=True, timeout=60)

        with first.transaction() as tx:
            tx.execute(text("INSERT INTO seen VALUES ('kept')"))
        told = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]))",
                make_url(sqlite_url).database,
                "SELECT what FROM seen",
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )

    assert "('kept',)\n" == told.stdout
