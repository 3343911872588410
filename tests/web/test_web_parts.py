"""The small parts of the web edge: answers kept for seconds, futures brought to the loop, waits, ages."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import extract_parameters
from clocks import Standing

from ledgerloop.clock import Clock
from ledgerloop.engine.ingest import Delivery, Receiver
from ledgerloop.records import Pulse
from ledgerloop.store.db import Database
from ledgerloop.web.fresh import Fresh
from ledgerloop.web.landing import Landing
from ledgerloop.web.pages import age
from ledgerloop.web.passwords import FREE, Attempts, hash_of, right

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_fresh_asks_again_after_its_time() -> None:
    """An answer is given again for some seconds, then asked for anew, so that a new secret counts soon."""
    clock, answers = Standing(), iter("abc")
    fresh = Fresh(lambda: next(answers), clock, seconds=3.0)

    async def play() -> list[str]:
        heard = [await fresh(), await fresh()]
        clock.passes(seconds=3.1)
        return [*heard, await fresh(), await fresh()]

    assert ["a", "a", "b", "b"] == asyncio.run(play())


def test_fresh_does_not_keep_failures() -> None:
    """A failure is passed on, and the next one asks again."""
    answers = iter([OSError("away"), "a"])

    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def play() -> str:
        fresh = Fresh(ask, Clock())
        with pytest.raises(OSError, match="away"):
            await fresh()
        return await fresh()

    assert "a" == asyncio.run(play())


def test_landing_brings_each_its_own() -> None:
    """Futures of another thread end in the loop as they did there, and one that nobody awaits any more harms nobody."""

    async def play() -> list[object]:
        landing, far = Landing(), [Future[None]() for _ in range(100)]
        near = [landing.of(one) for one in far]
        near[7].cancel()

        def finish() -> None:
            for number, one in enumerate(far):
                if number % 10:
                    one.set_result(None)
                else:
                    one.set_exception(OSError(str(number)))

        thread = threading.Thread(target=finish)
        thread.start()
        ended = await asyncio.wait_for(asyncio.gather(*near, return_exceptions=True), 5)
        thread.join()
        assert not any(one.cancelled() for one in far)
        return ended

    ended = asyncio.run(play())

    assert [str(number) for number in range(0, 100, 10)] == [str(one) for one in ended if isinstance(one, OSError)]
    assert isinstance(ended[7], asyncio.CancelledError)
    assert 89 == ended.count(None)


def test_landing_of_what_is_done_already() -> None:
    """A future that had ended before lands as well."""

    async def play() -> None:
        far = Future[None]()
        far.set_result(None)
        await asyncio.wait_for(Landing().of(far), 5)

    asyncio.run(play())


def test_waits_double_up_to_a_quarter_of_an_hour() -> None:
    """Five wrong passwords are free; from then on the wait is 30 seconds, doubled each time, at most 15 minutes."""
    attempts, waits = Attempts(), []
    for _ in range(FREE + 7):
        waits.append(attempts.wait("1.2.3.4", 0.0))
        attempts.failed("1.2.3.4", 0.0)

    assert [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900] == waits
    assert 0 == attempts.wait("5.6.7.8", 0.0)
    attempts.failed("1.2.3.4", 2 * 60 * 60.0)
    assert 0 == attempts.wait("1.2.3.4", 2 * 60 * 60.0)


def test_a_trial_is_over_by_the_clock_that_only_goes_on(database: Database) -> None:
    """A right webhook that came while the clock was ahead excuses no wrong ones once it was put right."""
    clock = Standing(NOW + timedelta(hours=3))
    receiver = Receiver(database, clock, lambda: None, "one", lambda: Pulse("one", NOW))
    receiver.right("xero")
    clock.is_put(hours=-3)
    receiver.refused("xero", "not right", empty=True)
    tried = receiver.counted()
    clock.passes(seconds=11)
    receiver.refused("xero", "not right", empty=True)

    assert [0] == [one.refused for one in tried]
    assert [1] == [one.refused for one in receiver.counted()]


def test_what_cannot_be_told_is_tried_again_in_its_time(database: Database) -> None:
    """Where a service cannot tell how it does, such as while its database is away, it does not try without end."""
    tried: list[int] = []

    def tell() -> Pulse:
        tried.append(1)
        raise ConnectionError("nobody answers")

    receiver = Receiver(database, Standing(NOW), lambda: None, "one", tell)
    receiver.start()
    for _ in range(5):
        receiver.keep(Delivery("xero", ())).result(60)
    receiver.stop()

    assert [1] == tried


def test_attempts_do_not_fill_the_memory() -> None:
    """Addresses heard of longest ago are forgotten, never the newest."""
    attempts = Attempts()
    for number in range(10_500):
        attempts.failed(str(number), 0.0)

    assert 10_000 == len(attempts.tried)
    assert "10499" in attempts.tried


@pytest.mark.parametrize("drawn", [False, True])
def test_passwords(drawn: bool) -> None:
    """Only the right password fits its hash; no hash, and a hash that is none, fit nothing."""
    kept = hash_of("a good password", drawn=drawn)

    assert right(kept, "a good password")
    assert not right(kept, "a good passwort")
    assert not right(None, "a good password")
    assert not right("", "")
    assert "password" not in kept


def test_a_password_that_somebody_chose_is_costly_to_guess() -> None:
    """A chosen password's hash takes 64 MiB and three rounds, as RFC 9106 advises; a drawn one's next to nothing."""
    chosen, drawn = (extract_parameters(hash_of("a good password", drawn=drawn)) for drawn in (False, True))

    assert (65_536, 3) == (chosen.memory_cost, chosen.time_cost)
    assert (8, 1) == (drawn.memory_cost, drawn.time_cost)


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=-5), "less than a second"),
        (timedelta(seconds=0.4), "less than a second"),
        (timedelta(seconds=1), "1 second"),
        (timedelta(seconds=59), "59 seconds"),
        (timedelta(minutes=1, seconds=30), "1 minute"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(days=2, hours=3), "2 days"),
    ],
)
def test_ages(span: timedelta, said: str) -> None:
    """How long something has lasted is said in its largest unit."""
    assert said == age(span)
