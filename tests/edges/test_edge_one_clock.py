"""A service that is put together on a clock goes by it wherever it waits: no part asks the machine instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clocks import Standing
from scripted import Reply, Script, playing

from ledgerloop.bootstrap import Ledgerloop, build
from ledgerloop.cli.init import prepare
from ledgerloop.errors import RateLimited
from ledgerloop.oauth import TokenSet
from ledgerloop.settings import load, reading
from ledgerloop.setup.connect import GRANT

LONG_AGO = datetime(2020, 2, 29, 12, 0, tzinfo=UTC)

Begin = Callable[..., tuple[Ledgerloop, Standing, Script]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """Put a service together whose clock stands in 2020, and whose vendors play a script."""
    with ExitStack() as opened:

        def begin(*steps: Reply) -> tuple[Ledgerloop, Standing, Script]:
            script = opened.enter_context(playing(*steps))
            file = tmp_path / "ledgerloop.toml"
            prepare(file, lambda database: None)
            clock = Standing(LONG_AGO)
            built = build(reading.sandbox(load(file), script.url, script.url, "client"), clock=clock)
            opened.callback(built.database.close)
            opened.callback(built.vendors.close)
            built.secrets.save("sandbox_hubspot_token", "pat")
            built.shelf.save(GRANT, TokenSet("a1", "r1", LONG_AGO + timedelta(hours=1)).to_json())
            return built, clock, script

        yield begin


def test_tokens_are_as_old_as_it_says(begin: Begin) -> None:
    """A token that ended years ago by the machine's clock is used while it is good by the service's."""
    built, _, script = begin(Reply(body=[]))

    built.vendors.list_connections("")

    assert ["Bearer a1"] == [one.headers["authorization"] for one in script.requests]


def test_a_call_is_repeated_by_it(begin: Begin) -> None:
    """What a vendor asks to wait goes by on the service's clock."""
    busy = Reply(429, headers={"Retry-After": "4"})
    built, clock, script = begin(busy, Reply(body={"portalId": 1}))

    assert "1" == built.vendors.hubspot().account().portal_id

    assert [4.0] == clock.slept
    assert 2 == len(script.requests)


def test_quotas_come_back_by_it(begin: Begin) -> None:
    """The calls of a minute are spent until a minute has gone by on the service's clock."""
    built, clock, script = begin(Reply(body=[]))
    for _ in range(60):
        built.vendors.list_connections("")
    with pytest.raises(RateLimited):
        built.vendors.list_connections("")
    spent = len(script.requests)

    clock.passes(minutes=1)
    built.vendors.list_connections("")

    assert (60, 61) == (spent, len(script.requests))


def test_a_person_has_as_long_as_it_says(begin: Begin) -> None:
    """A consent that was begun is waited for by it, as is what the service says of the moment."""
    built, clock, _ = begin(Reply())

    assert (LONG_AGO, LONG_AGO) == (built.desk.now(), built.parts().now())
    clock.is_put(days=1)

    assert LONG_AGO + timedelta(days=1) == built.pulse().at == built.desk.now() == built.parts().now()
