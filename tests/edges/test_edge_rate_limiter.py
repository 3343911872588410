"""The governor keeps to quotas however they are counted, lets calls go while there are any, and prefers live work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from clocks import Standing
from hypothesis import given, settings
from hypothesis import strategies as st

from ledgerloop.clock import Clock
from ledgerloop.errors import RateLimited
from ledgerloop.hubspot.dialect import LIMITS as HUBSPOT_LIMITS
from ledgerloop.hubspot.dialect import PATIENCE, SEARCH, HubSpotDialect
from ledgerloop.rate_limiter import LOOK_AGAIN, Governor, Limit, Reading
from ledgerloop.vendor_errors import Answer
from ledgerloop.xero.dialect import LIMITS as XERO_LIMITS
from ledgerloop.xero.dialect import XeroDialect

ORG = "org"


class Seen(Clock):
    """The machine's clock, which remembers who has looked at it: who waits for a quota looks first."""

    def __init__(self) -> None:
        self._by: set[int | None] = set()

    def monotonic(self) -> float:
        """Tell the time."""
        self._by.add(threading.get_ident())
        return time.monotonic()

    def start(self, thread: threading.Thread) -> None:
        """Start a thread, and return once it has looked: from then on it waits, or holds the governor's lock."""
        thread.start()
        while thread.ident not in self._by:
            time.sleep(0.001)


@pytest.fixture
def clock() -> Standing:
    """Make a clock that moves when told."""
    return Standing()


def xero(clock: Standing, **more: float) -> Governor:
    """Make Xero's governor on a clock of ours; nobody ever waits, so every wait is seen as an error."""
    return Governor(XERO_LIMITS, day=1000, patience=0.0, clock=clock, **more)


def refused(governor: Governor, lane: str = ORG, priority: str = "live", kind: str = "") -> RateLimited:
    """Return the error of a call that may not go."""
    with pytest.raises(RateLimited) as caught, governor.admit(lane, priority, kind):  # type: ignore[arg-type]
        pass
    return caught.value


def spend(governor: Governor, calls: int, lane: str = ORG, priority: str = "live", kind: str = "") -> None:
    """Make that many calls, one after the other, in no time."""
    for _ in range(calls):
        with governor.admit(lane, priority, kind):  # type: ignore[arg-type]
            pass


class TestWindows:
    def test_a_burst_goes_at_once(self, clock: Standing) -> None:
        """Sixty calls go without any wait; the next goes when the first is a minute old."""
        governor = xero(clock)
        spend(governor, 60)

        error = refused(governor)
        assert (error.retry_after, error.limit) == (60.0, "minute")
        clock.ticks += 60
        spend(governor, 60)

    def test_organisations_do_not_share_a_minute(self, clock: Standing) -> None:
        """Each organisation has its own 60."""
        governor = xero(clock)
        spend(governor, 60)
        spend(governor, 60, lane="other")

    def test_all_organisations_share_the_app_minute(self, clock: Standing) -> None:
        """Over 10,000 calls a minute the app is refused, in whatever organisation."""
        governor = Governor([Limit("appminute", 100, 60.0, shared=True)], patience=0.0, clock=clock)
        for lane in range(10):
            spend(governor, 10, lane=str(lane))

        assert refused(governor, lane="new").limit == "appminute"

    def test_five_at_once(self, clock: Standing) -> None:
        """A sixth call does not go while five are under way, and goes when one returns."""
        governor = xero(clock)
        with ExitStack() as five:
            for _ in range(5):
                five.enter_context(governor.admit(ORG))
            assert refused(governor).limit == "concurrent"
        spend(governor, 1)

    def test_search_has_its_own_quota(self, clock: Standing) -> None:
        """HubSpot's searches are four a second and do not count among the others."""
        governor = Governor(HUBSPOT_LIMITS, patience=0.0, clock=clock)
        spend(governor, 4, kind=SEARCH)

        assert refused(governor, kind=SEARCH).limit == SEARCH
        spend(governor, 80)
        assert refused(governor).limit == "ten_secondly"

    def test_a_call_under_way_counts_until_its_answer_is_old(self, clock: Standing) -> None:
        """The vendor may count a call as late as it answers it, so a slow call holds its place that much longer."""
        governor = xero(clock)
        with governor.admit(ORG):
            clock.ticks += 30
        spend(governor, 59)

        clock.ticks += 59
        assert refused(governor).retry_after == pytest.approx(1.0)

    @settings(max_examples=40, deadline=None)
    @given(st.data())
    def test_no_reading_of_the_minute_is_exceeded(self, data: st.DataObject) -> None:
        """Sliding or fixed, and whenever within a call the vendor counts it: it never sees more than it allows."""
        clock = Standing()
        governor = Governor([Limit("minute", 6, 60.0), Limit("concurrent", 3, 0.0)], patience=0.0, clock=clock)
        open_calls: list[tuple[float, ExitStack]] = []
        counted: list[float] = []
        for _ in range(60):
            clock.ticks += data.draw(st.sampled_from([0.0, 0.1, 3.0, 11.0, 40.0]))
            for call in [one for one in open_calls if one[0] <= clock.ticks]:
                call[1].close()
                open_calls.remove(call)
            stack = ExitStack()
            try:
                stack.enter_context(governor.admit(ORG))
            except RateLimited:
                continue
            lasts = data.draw(st.sampled_from([0.0, 0.2, 5.0]))
            counted.append(clock.ticks + lasts * data.draw(st.sampled_from([0.0, 0.5, 1.0])))
            open_calls.append((clock.ticks + lasts, stack))
            assert len(open_calls) <= 3
        # Answers come when the loop next looks, which is never before the vendor has counted.
        offset = data.draw(st.floats(0, 60))
        for start in counted:
            assert sum(start <= one < start + 60 for one in counted) <= 6
        fixed = [int((one + offset) // 60) for one in counted]
        assert all(fixed.count(minute) <= 6 for minute in fixed)


class TestVendorsFigures:
    def test_others_calls_are_seen(self, clock: Standing) -> None:
        """Where the vendor has counted more than we made, the difference was made by others and counts too."""
        governor = xero(clock)
        with governor.admit(ORG):
            governor.observe(ORG, Reading({"minute": 10}))
        spend(governor, 10)

        assert refused(governor).limit == "minute"

    def test_a_new_minute_of_the_vendors_changes_nothing(self, clock: Standing) -> None:
        """Where the vendor's minute began anew we still count ours, which is right if it slides after all."""
        governor = xero(clock)
        spend(governor, 59)
        with governor.admit(ORG):
            governor.observe(ORG, Reading({"minute": 59}))

        assert refused(governor).limit == "minute"

    def test_the_tier_is_learned(self, clock: Standing) -> None:
        """HubSpot's Max raises the limit; a fifth of it is left unused."""
        governor = Governor(HUBSPOT_LIMITS, patience=0.0, clock=clock)
        with governor.admit("portal"):
            governor.observe("portal", Reading({"ten_secondly": 189}, {"ten_secondly": 190}))

        assert governor.left("portal")["ten_secondly"] == 151

    def test_a_429_closes_until_it_says(self, clock: Standing) -> None:
        """After a 429 of the day nothing goes for as long as it says, and then goes again."""
        governor = xero(clock)
        with governor.admit(ORG):
            governor.observe(ORG, Reading(spent="day", wait=66975.0))

        error = refused(governor)
        assert (error.retry_after, error.limit) == (66975.0, "day")
        clock.ticks += 66975
        spend(governor, 1)

    def test_a_429_of_the_app_closes_every_organisation(self, clock: Standing) -> None:
        """The app's minute is one for all."""
        governor = xero(clock)
        with governor.admit(ORG):
            governor.observe(ORG, Reading(spent="appminute", wait=30.0))

        assert refused(governor, lane="other").limit == "appminute"


class TestDay:
    def test_the_day_is_counted_down(self, clock: Standing) -> None:
        """The vendor's figure is taken; with none left nothing goes until it is time to look again."""
        governor = xero(clock)
        with governor.admit(ORG):
            governor.observe(ORG, Reading({"day": 2}))
        spend(governor, 2)

        error = refused(governor)
        assert (error.limit, error.retry_after) == ("day", LOOK_AGAIN)

    def test_one_call_looks_whether_the_day_is_new(self, clock: Standing) -> None:
        """When the day resets nobody tells, so one call in fifteen minutes looks, and the others wait for it."""
        governor = xero(clock)
        with governor.admit(ORG):
            governor.observe(ORG, Reading({"day": 0}))
        clock.ticks += LOOK_AGAIN

        with governor.admit(ORG):
            assert refused(governor).limit == "day"
            governor.observe(ORG, Reading({"day": 999}))
        spend(governor, 20)

    def test_a_person_lets_the_next_call_look(self, clock: Standing) -> None:
        """Asked to look again, one call goes at once, though the vendor named a moment; the others wait for it."""
        governor = xero(clock)
        with governor.admit(ORG):
            governor.observe(ORG, Reading({"day": 0}, spent="day", wait=66975.0))
        assert refused(governor).retry_after == 66975.0

        governor.look_again(ORG)

        with governor.admit(ORG):
            assert refused(governor).limit == "day"
            governor.observe(ORG, Reading({"day": 3000}))
        spend(governor, 20)

    def test_calls_under_way_are_not_counted_yet(self, clock: Standing) -> None:
        """The vendor's figure does not know the calls that have not arrived, so they come off it."""
        governor = xero(clock)
        with governor.admit(ORG), governor.admit(ORG):
            governor.observe(ORG, Reading({"day": 5}))

        assert governor.left(ORG)["day"] == 4


class TestPriority:
    def test_backfill_leaves_a_reserve_of_the_day(self, clock: Standing) -> None:
        """With a fifth of the day left backfill stops and live work goes on."""
        governor = xero(clock)
        with governor.admit(ORG):
            governor.observe(ORG, Reading({"day": 200}))

        assert refused(governor, priority="backfill").limit == "day"
        spend(governor, 1)

    def test_backfill_leaves_headroom_in_the_minute(self, clock: Standing) -> None:
        """Backfill uses 56 of the 60, so that live work finds a place without waiting for the minute."""
        governor = xero(clock)
        spend(governor, 56, priority="backfill")

        assert refused(governor, priority="backfill").limit == "minute"
        spend(governor, 4)

    def test_live_work_waits_first(self) -> None:
        """While live work waits for a place, backfill gets none, even if it came before."""
        seen = Seen()
        governor = Governor([Limit("concurrent", 2, 0.0)], patience=60.0, headroom=0.0, clock=seen)
        order: list[str] = []

        def call(priority: str) -> None:
            with governor.admit(ORG, priority):  # type: ignore[arg-type]
                order.append(priority)

        with governor.admit(ORG), governor.admit(ORG):
            threads = [threading.Thread(target=call, args=(one,)) for one in ("backfill", "live")]
            for thread in threads:
                seen.start(thread)
        for thread in threads:
            thread.join(60)

        assert order == ["live", "backfill"]


class TestWaiting:
    def test_short_waits_block_and_nothing_is_exceeded(self) -> None:
        """Threads wait their turn, all get through, and no window ever holds too many."""
        governor = Governor([Limit("small", 5, 0.1), Limit("concurrent", 2, 0.0)], patience=60.0, clock=Clock())
        came: list[float] = []

        def call() -> None:
            for _ in range(4):
                with governor.admit(ORG):
                    came.append(time.monotonic())

        threads = [threading.Thread(target=call) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert len(came) == 16
        assert all(sum(start <= one < start + 0.1 for one in came) <= 5 for start in came)

    def test_long_waits_are_raised(self, clock: Standing) -> None:
        """A wait beyond the patience is raised at once, so that the caller parks the lane."""
        governor = Governor([Limit("minute", 1, 60.0)], patience=59.9, clock=clock)
        spend(governor, 1)

        assert 60 == refused(governor).retry_after  # on a clock that stands still, whoever waits waits for ever

    def test_patience_outlasts_hubspots_window(self) -> None:
        """A step that needs more calls than ten seconds have comes to its end, and does not begin anew for ever."""
        assert PATIENCE > max(limit.seconds for limit in HUBSPOT_LIMITS)
        governor = Governor([Limit("minute", 5, 0.3)], patience=0.4, clock=Clock())
        came: list[float] = []

        for _ in range(17):
            with governor.admit(ORG):
                came.append(time.monotonic())

        assert all(sum(start <= one < start + 0.3 for one in came) <= 5 for start in came)

    def test_nobody_waits_once_the_service_ends(self) -> None:
        """Who waits for a window is turned away at once, so that the service ends in time."""
        seen = Seen()
        governor = Governor([Limit("minute", 1, 3600.0)], patience=7200.0, clock=seen)
        spend(governor, 1)
        said: list[RateLimited] = []
        waiting = threading.Thread(target=lambda: said.append(refused(governor)))
        seen.start(waiting)

        governor.hurry()

        waiting.join(60)
        assert 1 == len(said)

    def test_a_place_is_given_back_after_an_error(self, clock: Standing) -> None:
        """A call that fails gives its place back like any other."""
        governor = Governor([Limit("concurrent", 1, 0.0)], patience=0.0, clock=clock)

        @contextmanager
        def failing() -> Iterator[None]:
            with governor.admit(ORG):
                raise OSError
            yield

        for _ in range(3):
            with pytest.raises(OSError), failing():
                pass
        spend(governor, 1)


class TestReadings:
    @pytest.mark.parametrize(
        ("said", "limit", "wait"),
        [
            ("minute", "minute", 10.0),
            ("Minute", "minute", 10.0),
            ("day", "day", 900.0),
            ("daily", "day", 900.0),
            ("DayLimit", "day", 900.0),
            ("concurrent", "concurrent", 1.0),
            ("appminute", "appminute", 10.0),
            ("", "minute", 10.0),
        ],
    )
    def test_xero_names_its_limits_in_many_ways(self, said: str, limit: str, wait: float) -> None:
        """The beginning of X-Rate-Limit-Problem counts, without case; a wait is given even where Xero names none."""
        reading = XeroDialect().reading(Answer(429, {"X-Rate-Limit-Problem": said}), "")

        assert (reading.spent, reading.wait) == (limit, wait)

    def test_xero_tells_what_is_left(self) -> None:
        """The three Remaining headers stand on every answer."""
        headers = {"X-MinLimit-Remaining": "59", "X-DayLimit-Remaining": "4998", "X-AppMinLimit-Remaining": "9999"}
        reading = XeroDialect().reading(Answer(200, headers), "")

        assert reading == Reading({"minute": 59, "day": 4998, "appminute": 9999})

    @pytest.mark.parametrize(
        ("body", "kind", "limit", "wait"),
        [
            ({"policyName": "TEN_SECONDLY_ROLLING", "errorType": "RATE_LIMIT"}, "", "ten_secondly", 10.0),
            ({"policyName": "DAILY", "errorType": "RATE_LIMIT"}, "", "day", 3600.0),
            ({"message": "You have reached your secondly limit.", "category": "RATE_LIMITS"}, SEARCH, SEARCH, 1.0),
            (None, "", "ten_secondly", 10.0),
        ],
    )
    def test_hubspot_names_a_policy_and_no_time(self, body: object, kind: str, limit: str, wait: float) -> None:
        """Each of HubSpot's three 429s is told from the others, and gets the time that fits it."""
        reading = HubSpotDialect().reading(Answer(429, {}, body), kind)

        assert (reading.spent, reading.wait) == (limit, wait)

    def test_hubspot_retry_after_wins_if_it_comes(self) -> None:
        """Retry-After is neither documented nor seen, and honoured if it comes."""
        reading = HubSpotDialect().reading(Answer(429, {"Retry-After": "4"}, {"policyName": "DAILY"}), "")

        assert (reading.spent, reading.wait) == ("day", 4.0)
