"""After a long scene no secret lies in a database, a log, a journal, a page, a backup, or a list of processes."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from own_process import Served, running_process
from searching import Arguments, Search

import pg_cluster
from forked import Ended, run_to_end
from ledgerloop import settings
from ledgerloop.oauth import TokenSet
from ledgerloop.records import Line
from ledgerloop.secret_stores import open_stores
from ledgerloop.secrets.keyed import HASH_KEY
from ledgerloop.secrets.shelf import SESSION_KEY
from ledgerloop.setup.connect import GRANT
from ledgerloop.store import journal
from ledgerloop.store.db import Database
from ledgerloop.subjects import DATABASE
from ledgerloop_sandbox import credentials

OF_POSTGRES, OF_HUBSPOT = "hunter2-of-postgres", "another-client-secret-of-hubspot"
GIVEN = {
    "Xero's client secret": credentials.XERO_CLIENT_SECRET,
    "Xero's webhook key": credentials.XERO_WEBHOOK_KEY,
    "HubSpot's token": credentials.HUBSPOT_TOKEN,
    "HubSpot's client secret": credentials.HUBSPOT_CLIENT_SECRET,
    "HubSpot's next client secret": OF_HUBSPOT,
    "the database's password": OF_POSTGRES,
}
SHOWING: tuple[tuple[str, ...], ...] = (
    ("doctor",),
    ("doctor", "--json"),
    ("status", "--json"),
    ("holds", "--json"),
    ("journal", "--json"),
    ("events", "--json"),
    ("secret", "list", "--json"),
    ("plan", "--all", "--json"),
    ("adopt", "--json"),
)
PAGES = ("/", "/login", "/health", "/doctor", "/connect/purpose", "/connect/xero/callback?code=no&state=no", "/nowhere")


@pytest.fixture
def postgres_alone(
    postgres_binaries: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[pg_cluster.Cluster]:
    """Run a PostgreSQL that no other test has written to, and have its tools found, which note how they are called."""
    tools, called = tmp_path / "tools", tmp_path / "called.txt"
    tools.mkdir()
    for name in ("pg_dump", "pg_restore"):
        tool = tools / name
        tool.write_text(f'#!/bin/sh\necho "{name} $*" >>{called}\nexec {postgres_binaries / name} "$@"\n')
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    with pg_cluster.cluster(postgres_binaries) as running:
        yield running


def test_on_sqlite(tmp_path: Path) -> None:
    """Every file of the main database and of the engine's, their logs of writes and the backup are searched whole."""
    files = _searched(tmp_path, "sqlite:///ledgerloop.sqlite3", list)

    names = {file.name for file in files}
    assert {"ledgerloop.sqlite3", "ledgerloop.sqlite3-wal", "ledgerloop-engine.sqlite3", "serve.log"} <= names
    assert any(file.parent.name == "copy" for file in files)


def test_on_postgresql(tmp_path: Path, postgres_alone: pg_cluster.Cluster) -> None:
    """Beside the server's own files, the database and its backup are searched as text, for both keep some of it short.

    The settings name the password, where nothing else does.
    """
    with psycopg.connect(postgres_alone.dsn("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE service SUPERUSER LOGIN PASSWORD '{OF_POSTGRES}'")
    url = postgres_alone.create("service").replace("postgres@", f"service:{OF_POSTGRES}@")

    def dumped() -> list[Path]:
        for name, words in (
            ("dump.txt", ["pg_dump", "--dbname", postgres_alone.dsn("service")]),
            ("backup.txt", ["pg_restore", "--file=-", *map(str, (tmp_path / "copy").glob("*.dump"))]),
        ):
            with (tmp_path / name).open("wb") as file:
                subprocess.run(words, stdout=file, check=True)
            assert b"COPY public.journal" in (tmp_path / name).read_bytes()
        return [postgres_alone.home / "data" / name for name in ("base", "pg_wal", "global")]

    _searched(tmp_path, url, dumped)

    assert "--dbname=postgresql://service@127.0.0.1" in (tmp_path / "called.txt").read_text()


def _searched(folder: Path, database: str, also: Callable[[], list[Path]]) -> list[Path]:
    """Play the scene, search for every secret that was used in it, and return the files in its folder."""
    arguments = Arguments()
    more = {"service": {"log_level": "debug"}}
    with arguments.watched(), running_process(folder, database, more=more) as served:
        words, pages = _scene(served, folder), _pages(served)
        secrets = GIVEN | _used(served, folder)
        ended = [_run(folder, "disconnect", "xero", "--yes"), _run(folder, "disconnect", "hubspot", "--yes")]
        pages.append(served.on.browser.get("/").text)
        served.kill()  # what SQLite has not written to the file itself stays in its log
        for name in ("ledgerloop.key", "ledgerloop.toml"):
            (folder / name).rename(folder.parent / f"{folder.name}-{name}")
        files = [file for file in folder.rglob("*") if file.is_file()]
        search = Search(secrets)
        assert {} == search.files(folder, *also())
    for one in (*words, *ended):
        assert [] == search.within(one.stdout + one.stderr), one
    for page in pages:
        assert [] == search.within(page), page
    for called in arguments.seen:
        assert [] == search.within(called), called
    assert search.searched > 1_000_000
    return files


def _scene(served: Served, folder: Path) -> list[Ended]:
    """Win, invoice, pay, hold, be refused in many ways, change secrets, back up; return what commands said."""
    deal = served.sell()
    invoice = str(served.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_id"])
    served.approve(invoice)
    served.pay(invoice, "10.00")
    served.settle()
    bare = served.sell(company=None, contact=None)
    served.until_shown("deals", bare, "xero_sync_message")

    echo = {"status": "error", "category": "VALIDATION_ERROR", "message": f"Bearer {credentials.HUBSPOT_TOKEN} is odd"}
    served.fault("xero", kind="expire_tokens")
    served.fault("xero", kind="html", status=502, times=1, path="/Invoices")
    served.fault("xero", kind="status", status=503, times=1, path="/connect/token")
    served.fault("hubspot", kind="status", status=429, times=1, headers={"Retry-After": "1"}, path="/search")
    served.fault("hubspot", kind="status", status=400, times=1, body=echo, path="/deals/batch/update")
    served.fault("hubspot", kind="reset_after", times=1, path="/batch/update")
    served.pay(invoice, "20.00")
    other = served.sell()
    served.until_shown("deals", other, "xero_invoice_id")
    assert 401 == served.deliver("/webhooks/xero", b"{}", {"x-xero-signature": "forged"}).status_code
    served.on.browser.get("/logout")
    served.settle()

    said = [_run(folder, *words) for words in SHOWING]
    said += [
        _run(folder, "keys", "rotate"),
        _run(folder, "secret", "set", "hubspot_client_secret", given=OF_HUBSPOT),
        _run(folder, "secret", "set", "hubspot_token", given="pat-na1-that-nobody-gave"),
        _run(folder, "doctor"),
        _run(folder, "connect", "hubspot"),
        _run(folder, "secret", "set", "hubspot_token", given=credentials.HUBSPOT_TOKEN),
        _run(folder, "connect", "hubspot"),
        _run(folder, "backup", "copy"),
    ]
    assert served.holds()
    assert [0] * 2 == [one.returncode for one in said[-2:]], said[-2:]
    return said


def _pages(served: Served) -> list[str]:
    """Return what the console and everything else that answers shows, signed in and not."""
    ended = [f"/disconnect?vendor=xero&id={served.on.organisation}", "/disconnect?vendor=hubspot&id=62515"]
    shown = [served.on.browser.get(path) for path in (*PAGES, *ended)]
    shown += [served.on.control.get(served.on.service_url + path) for path in (*PAGES, *ended)]
    wrong = {"password": served.on.password[:-1]}
    shown.append(served.on.control.post(f"{served.on.service_url}/login", data=wrong))
    assert 200 == shown[0].status_code
    return ["".join(f"{name}: {value}\n" for name, value in one.headers.items()) + one.text for one in shown]


def _used(served: Served, folder: Path) -> Mapping[str, str]:
    """Gather what was given out or made in the scene."""
    configured = settings.load(folder / "ledgerloop.toml")
    with closing(Database(configured.service.database)) as database:
        own = open_stores(configured, database, GRANT).own
        made = {name: own.load(name) or "" for name in (SESSION_KEY, HASH_KEY)}
        kept = TokenSet.from_json(own.load(GRANT) or "")
    with served.sandbox.still():
        grants = served.sandbox.xero.books.grants
        refresh, access = list(grants.refresh_tokens), list(grants.access_tokens)
    keys = (folder / "ledgerloop.key").read_text().split()
    assert len(refresh) > 1, "tokens were renewed"
    assert (kept.refresh_token in refresh, kept.access_token in access, len(keys)) == (True, True, 2)
    many = {"a refresh token": refresh, "an access token": access, "a sealing key": keys}
    numbered = {f"{name} ({number})": one for name, some in many.items() for number, one in enumerate(some)}
    return made | numbered | {"the console's password": served.on.password}


def _run(folder: Path, *words: str, given: str = "") -> Ended:
    return run_to_end(folder, words, given=given)


class TestTheSearch:
    """It finds what is planted, so that finding nothing tells something."""

    SECRET = "a/secret+of ours"

    @pytest.mark.parametrize(
        "planted",
        [
            f"… {SECRET} …",
            "token=a%2Fsecret%2Bof+ours&",
            "token=a%2Fsecret%2Bof%20ours",
            b64encode(f"client id:{SECRET}".encode()).decode(),
            b64encode(f"client i:{SECRET}!".encode()).decode(),
            b64encode(f"client:{SECRET}!!".encode()).decode(),
            SECRET.encode().hex(),
        ],
    )
    def test_in_every_spelling(self, planted: str) -> None:
        """As it is, in an address, in a form, in what HTTP calls basic, and in figures."""
        assert ["ours"] == Search({"ours": self.SECRET}).within(planted)

    def test_in_a_database(self, sqlite_url: str, tmp_path: Path) -> None:
        """A journal that repeats a secret is found out, in the file or in its log of writes."""
        with closing(Database(sqlite_url)) as database, database.transaction() as tx:
            line = Line(DATABASE, "skip", "a test", f"it said {self.SECRET}")
            journal.write(tx, [line], datetime.now(UTC), lane="nobody's")

        assert ["ours"] in Search({"ours": self.SECRET}).files(tmp_path).values()

    def test_in_a_list_of_processes(self) -> None:
        """What a process that has long ended was called with is known."""
        arguments = Arguments()
        with arguments.watched():
            program = "import sys; sys.stdin.read()"
            with subprocess.Popen([sys.executable, "-c", program, self.SECRET], stdin=subprocess.PIPE) as process:
                while not any(self.SECRET.encode() in one for one in arguments.seen):
                    assert process.poll() is None
                process.communicate()

        assert [["ours"]] == [found for one in arguments.seen if (found := Search({"ours": self.SECRET}).within(one))]
