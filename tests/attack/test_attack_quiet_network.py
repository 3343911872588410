"""PostgreSQL behind a network that forgets connections, or one that stands still: nobody waits for ever."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from attacked import LONG, Attacked, until
from own_process import Command, running_process, until_held_up
from quiet_proxy import Network
from scene import DAY
from sqlalchemy import make_url, text

import pg_cluster
from ledgerloop.errors import Transient
from ledgerloop.store.db import Database

Begin = Callable[..., Attacked]


@pytest.fixture
def network(postgres: pg_cluster.Cluster) -> Iterator[Network]:
    """Give the network between the service and PostgreSQL."""
    with Network(postgres.port) as between:
        yield between


@pytest.fixture
def far_url(network: Network, postgres_url: str) -> str:
    """Give the address of a database as it is reached through the network."""
    return make_url(postgres_url).set(port=network.port).render_as_string(hide_password=False)


def test_webhooks_are_taken_again_after_a_network_that_forgot(
    attacked: Begin, network: Network, far_url: str, postgres: pg_cluster.Cluster
) -> None:
    """While nothing comes through each webhook is answered 503; when the network is back they are kept as before."""
    service = attacked(far_url)
    assert 200 == service.webhook().status_code

    network.forget()

    assert [503, 503, 503] == [service.webhook().status_code for _ in range(3)]
    assert 503 == service.client.get("/health").status_code
    network.heal()
    until("a webhook is kept", lambda: service.webhook().status_code == 200 or None)
    until("all is well", lambda: service.client.get("/health").status_code == 200 or None)
    assert 0 == service.terminate()


def test_it_ends_while_nothing_comes_through(attacked: Begin, network: Network, far_url: str) -> None:
    """SIGTERM ends the process, though the database will never answer again."""
    service = attacked(far_url)
    network.forget()
    assert 503 == service.webhook().status_code

    assert 0 == service.terminate(), service.log()


def test_a_backfill_is_stopped_in_the_middle_of_a_turn(network: Network, far_url: str, tmp_path: Path) -> None:
    """Ctrl-C ends a command that does a turn itself, though the database will never answer again."""
    with running_process(tmp_path, far_url) as served:
        served.kill()
        held = served.fault("hubspot", kind="delay", delay_ms=DAY, path="batch/create")
        backfill = Command(served, tmp_path, "backfill", "--yes")
        served.until_met("hubspot", held)
        network.forget()

        backfill.process.send_signal(signal.SIGINT)

        _, told = backfill.process.communicate(timeout=LONG)
        assert 130 == backfill.process.returncode, told
        assert "Stopped. It goes on when this is run again" in told


def test_it_ends_in_the_middle_of_a_turn(network: Network, far_url: str, tmp_path: Path) -> None:
    """SIGTERM ends the process also while a turn waits for the database, and nothing is lost: it goes on next time."""
    with running_process(tmp_path, far_url) as served:
        served.fault("xero", kind="delay", method="PUT", path="/Invoices$", delay_ms=3_000, times=1)
        deal = served.sell()
        until_held_up(served, "xero")
        network.forget()
        assert served.process is not None

        served.process.send_signal(signal.SIGTERM)

        assert 0 == served.process.wait(3 * LONG)  # each of what it still tries waits until it gives up
        network.heal()
        network.tell_the_server()
        served.start()
        shown = served.until_shown("deals", deal, "xero_invoice_id", seconds=LONG)
        assert [shown["xero_invoice_id"]] == [one["InvoiceID"] for one in served.invoices_of(deal)]


def test_a_server_that_stands_still(attacked: Begin, postgres_binaries: Path) -> None:
    """PostgreSQL is stopped as by SIGSTOP: webhooks get their 503, and are kept when it goes on."""
    with pg_cluster.cluster(postgres_binaries) as own:
        url = own.create("still")
        Database(url).migrate()
        service = attacked(url)
        assert 200 == service.webhook().status_code
        with standing_still(own.process.pid):
            assert [503, 503] == [service.webhook().status_code for _ in range(2)]
        until("a webhook is kept", lambda: service.webhook().status_code == 200 or None)
        own.stop()
        assert 503 == service.webhook().status_code
        own.start()
        until("a webhook is kept", lambda: service.webhook().status_code == 200 or None)
        assert 0 == service.terminate()


def test_a_commit_without_an_answer_is_a_failure(network: Network, far_url: str) -> None:
    """What was sent may have happened and is told as a failure; the next transaction has a connection of its own."""
    database = Database(far_url)

    def work() -> None:
        with database.transaction() as tx:
            tx.execute(text("SELECT 1"))
            network.forget()

    with pytest.raises(Transient, match="did not answer"):
        work()
    network.heal()

    with database.transaction() as tx:
        assert 1 == tx.execute(text("SELECT 1")).scalar()
    database.close()


def test_a_lock_without_an_answer_is_a_failure(network: Network, far_url: str) -> None:
    """Whoever asks for a lock, or waits for one that somebody holds, is told when nothing comes through any more."""
    database = Database(far_url)
    network.forget()
    with pytest.raises(Transient), database.lock("token"):
        pytest.fail("there was no answer")
    with pytest.raises(Transient), database.lock_at_once("token"):
        pytest.fail("there was no answer")
    database.close()


def test_the_server_forgets_what_was_left_behind(far_url: str, postgres: pg_cluster.Cluster) -> None:
    """Each connection has the server end what stands still in a transaction, or takes too long, or is gone."""
    database = Database(far_url)
    with database.reading() as tx:
        names = ("statement_timeout", "idle_in_transaction_session_timeout", "tcp_keepalives_idle")
        said = {name: tx.execute(text(f"SHOW {name}")).scalar() for name in names}
    database.close()

    assert {
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "1min",
        "tcp_keepalives_idle": "10",
    } == said


def test_a_lock_is_waited_for(postgres_url: str) -> None:
    """A lock that somebody holds for longer than one try takes is asked for again, and got when it is free."""
    database = Database(postgres_url)
    asked: set[object] = set()
    got: list[bool] = []

    def want() -> None:
        with database.lock("token"):
            got.append(True)

    def look() -> bool | None:
        query = "SELECT query_start FROM pg_stat_activity WHERE wait_event = 'advisory'"
        asked.update(watching.execute(query).fetchall())
        return len(asked) > 1 or None

    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as watching:
        with database.lock("token"):
            wanting = threading.Thread(target=want)
            wanting.start()
            until("it is asked for again", look)
            assert not got
        wanting.join(LONG)
    assert [True] == got
    database.close()


@contextmanager
def standing_still(postmaster: int) -> Iterator[None]:
    """Stop a server and all that work for it, and let them go on afterwards."""
    every = [postmaster, *_children(postmaster)]
    for one in every:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in every:
            os.kill(one, signal.SIGCONT)


def _children(parent: int) -> list[int]:
    tasks = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(one) for one in tasks.read_text().split()]
