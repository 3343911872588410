"""`link` and `links` while no service runs: what is said is kept for its next start; and on a terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_process import COMMAND, run

from ledgerloop.ledger.pull import KINDS
from ledgerloop.records import Customer, Link, Organisation, Portal
from ledgerloop.store import connections, cursors, journal, lanes, links, mirror, pending_customers, rulings
from ledgerloop.store.connections import Connected
from ledgerloop.store.cursors import Cursor
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PORTAL = Portal("62515", "HubSpot 62515", "NZD", "UTC")
KIWI, AUSSIE = (
    Organisation("kiwi", "Kiwi Demo Ltd", "NZD", "Pacific/Auckland"),
    Organisation("aussie", "Aussie Demo Pty", "AUD", "Australia/Sydney"),
)


def _opened(place: Path) -> Database:
    return Database(f"sqlite:///{place}/ledgerloop.sqlite3")


@pytest.fixture
def asked(place: Path) -> Path:
    """Give a place with a portal, an organisation, a customer in question, and one that is linked."""
    database = _opened(place)
    with database.transaction() as tx:
        connections.put(tx, Connected("hubspot", PORTAL.id, PORTAL.name, "hubspot", PORTAL, NOW))
        _connect(tx, KIWI)
        known = [Customer(KIWI.id, "c1", "Rata Roofing"), Customer(KIWI.id, "c2", "Weka Wines")]
        known += [
            Customer(KIWI.id, "c3", "Gone Ltd", active=False),
            Customer(KIWI.id, "c4", "Lost Ltd", merged_into="c2"),
        ]
        mirror.store_customers(tx, known, touch=False)
        links.put(tx, [Link(KIWI.id, "c2", "company", "512", "name and domain")], NOW)
        journal.hold(tx, KIWI.id, "customer c1", ["Which one?"], ["9"], NOW)
    database.close()
    return place


def _connect(tx: object, home: Organisation) -> None:
    connections.put(tx, Connected("xero", home.id, home.name, "xero", home, NOW))  # type: ignore[arg-type]
    for kind in KINDS:
        cursors.put(tx, Cursor(home.id, kind, NOW, 1, NOW))  # type: ignore[arg-type]


def test_what_is_said_waits_for_the_service(asked: Path) -> None:
    """The answer is kept, the customer is to be looked at, its lane is woken; the sentence says when that happens."""
    ended = run(asked, "link", "--customer", "c1", "--new")

    assert (0, "") == (ended.returncode, ended.stderr)
    assert ended.stdout == (
        "“Rata Roofing” is none of the HubSpot companies that there are, and a company of its own is made for it. That"
        " is done when the service runs next.\n"
    )
    database = _opened(asked)
    with database.reading() as tx:
        assert {"customer c1 company": ""} == rulings.get(tx, KIWI.id, ["customer c1 company"])
        assert ["c1"] == pending_customers.every(tx, KIWI.id)
        assert [("standing", KIWI.id)] == [(one.flow, one.lane) for one in lanes.all_lanes(tx) if one.wanted]
    database.close()


def test_a_link_is_ended(asked: Path) -> None:
    """The link is gone at once, and what stands on the record is emptied with the customer's next turn."""
    ended = run(asked, "unlink", "--customer", "c2", "--json")

    told = json.loads(ended.stdout)
    assert ("c2", KIWI.id, False) == (told["customer"], told["organisation"], told["service_runs"])
    database = _opened(asked)
    with database.reading() as tx:
        assert [] == links.listed(tx, KIWI.id)
        assert [("c2", "company", "512")] == rulings.to_empty(tx, KIWI.id, ["c2"])
        assert ["c2"] == pending_customers.every(tx, KIWI.id)
    database.close()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["link", "--customer", "c3", "--new"], "“Gone Ltd” is archived in Xero. Restore it there first."),
        (["link", "--customer", "c4", "--new"], "“Lost Ltd” was merged in Xero: name c2 instead."),
        (["link", "--customer", "c9", "--new"], "has no customer with the id, email or name “c9”."),
        (["link", "--customer", "c1", "--new", "--organisation", "Nowhere"], "Name one organisation"),
        (["link", "--customer", "c1", "--new", "--not", "c3"], "--not goes with --deal ID and --new alone."),
        (["unlink"], "Say which: --customer ID"),
        (["unlink", "--customer", "c1"], "“Rata Roofing” has no HubSpot company or contact"),
    ],
)
def test_what_cannot_be_is_refused(asked: Path, words: list[str], why: str) -> None:
    """One sentence says what is wrong, and nothing is kept."""
    ended = run(asked, *words)

    assert 1 == ended.returncode
    assert why in ended.stderr
    database = _opened(asked)
    with database.reading() as tx:
        assert {} == rulings.get(tx, KIWI.id, [f"customer {key} company" for key in ("c1", "c3", "c4")])
        assert [] == pending_customers.every(tx, KIWI.id)
    database.close()


def test_several_organisations_want_a_name(asked: Path) -> None:
    """Where several organisations have a customer of a name, a person says whose it is; an id says it by itself."""
    database = _opened(asked)
    with database.transaction() as tx:
        _connect(tx, AUSSIE)
        mirror.store_customers(tx, [Customer(AUSSIE.id, "c8", "Twin", keys=("name twin",))], touch=False)
        mirror.store_customers(tx, [Customer(KIWI.id, "c7", "Twin", keys=("name twin",))], touch=False)
    database.close()

    unnamed = run(asked, "link", "--customer", "Twin", "--new")
    named = run(asked, "link", "--customer", "Twin", "--new", "--organisation", KIWI.name)
    by_id = run(asked, "link", "--customer", "c1", "--new")

    assert (1, 0, 0) == (unnamed.returncode, named.returncode, by_id.returncode), named.stderr + by_id.stderr
    assert f'add `--organisation "{AUSSIE.name}"` or `--organisation "{KIWI.name}"`.' in unnamed.stderr


def test_on_a_terminal(asked: Path) -> None:
    """On a terminal the list is a table that folds and cuts nothing off."""
    reader, writer = pty.openpty()
    words = [*COMMAND, "links", "--customer", "c2"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEDGERLOOP_")}
    process = subprocess.Popen(words, cwd=asked, stdin=writer, stdout=writer, stderr=writer, env=environment)
    os.close(writer)
    seen = b""
    while True:
        try:
            some = os.read(reader, 4096)
        except OSError:  # the other end is closed
            break
        if not some:
            break
        seen += some
    assert 0 == process.wait(60)
    os.close(reader)
    told = seen.decode()
    assert "Links" in told
    assert "name and" in told
    assert "company" in told
    assert "…" not in told
