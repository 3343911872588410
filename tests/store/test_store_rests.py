"""Rests last from when they began until they are over, for the service and for the database alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledgerloop.records import Rest
from ledgerloop.store import cooldowns, deferrals, lanes, planned, single_values
from ledgerloop.store.db import Database
from ledgerloop.store.deferrals import Aside
from ledgerloop.store.write_counts import Written

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)

CASES = [
    pytest.param(Rest(NOW, NOW + SECOND), True, id="it begins"),
    pytest.param(Rest(NOW - HOUR, NOW + SECOND), True, id="it lasts"),
    pytest.param(Rest(NOW - HOUR, NOW), False, id="it is over"),
    pytest.param(Rest(NOW, NOW), False, id="a person ended it"),
    pytest.param(Rest(NOW + SECOND, NOW + 2 * SECOND), False, id="by a clock that was ahead"),
    pytest.param(Rest(NOW + 3 * HOUR, NOW + 4 * HOUR), False, id="by one that was hours ahead"),
    pytest.param(Rest(None, NOW + HOUR), True, id="an earlier release kept it"),
    pytest.param(Rest(None, NOW), False, id="... and it is over"),
]


@pytest.mark.parametrize(("rest", "says"), CASES)
def test_everything_that_rests(database: Database, rest: Rest, says: bool) -> None:
    """A lane, planned work, work beside and deals put aside all rest by the same rule, read from the store."""
    with database.transaction() as tx:
        lanes.park(tx, "standing", "org", rest, "why")
        planned.accept(tx, "org", ["a"], Written(1, 1), NOW)
        planned.rest(tx, "org", rest, "why")
        cooldowns.put(tx, "notes org", rest)
        deferrals.put(tx, "p", Aside(rest, {"1": "look"}))
    with database.reading() as tx:
        allowance = planned.allowance(tx, "org")
        assert allowance is not None
        (parked,), (lane,) = lanes.parked(tx), lanes.all_lanes(tx)

        assert says == rest.lasts(NOW)
        assert [says] * 3 == [parked.rests(NOW), lane.rests(NOW), allowance.rests(NOW)]
        assert says == ([] == lanes.ready(tx, NOW))
        assert says == ([] == planned.organisations(tx, NOW))
        assert says == (not cooldowns.due(tx, "notes org", NOW))
        over = cooldowns.over_at(tx, ["notes org"], NOW)
        assert over is not None
        assert says == (over > NOW)
        assert rest == cooldowns.get(tx, "notes org")
        assert Aside(rest, {"1": "look"}) == deferrals.get(tx, "p")
    with database.transaction() as tx:
        assert says == (deferrals.take(tx, "p", NOW) is None)


def test_what_an_earlier_release_kept(database: Database) -> None:
    """It kept the end of a rest alone."""
    with database.transaction() as tx:
        single_values.put(tx, single_values.text("notes org"), (NOW + HOUR).isoformat())
        single_values.put(
            tx, single_values.text("aside p"), f'{{"until": "{(NOW + HOUR).isoformat()}", "deals": {{"1": "look"}}}}'
        )

        assert Rest(None, NOW + HOUR) == cooldowns.get(tx, "notes org")
        assert Aside(Rest(None, NOW + HOUR), {"1": "look"}) == deferrals.get(tx, "p")


def test_ended_by_a_person(database: Database) -> None:
    """What rests goes on; what does not stays as it is."""
    with database.transaction() as tx:
        cooldowns.put(tx, "notes org", Rest(NOW, NOW + HOUR))
        cooldowns.put(tx, "emails org", None)
        cooldowns.end(tx, ["notes org", "emails org"], NOW)

        assert cooldowns.due(tx, "notes org", NOW)
        assert cooldowns.get(tx, "emails org") is None
