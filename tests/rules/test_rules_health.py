"""How well the service does: every sign, what it makes of it, and which words are for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ledgerloop.records import Outage, Pulse, Signed
from ledgerloop.rules.health import BOUND, SILENT, Reason, Signs, State, Struggling, came, judge, state_of

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
WELL = Pulse("one", NOW)
FULL = Outage(NOW - MINUTE, "nothing can be written: database or disk is full")


def _lane(since: datetime = NOW, tries: int = 1, problem: str = "Transient", until: datetime | None = None) -> Signs:
    return Signs(NOW, lanes=[Struggling("standing", "org", since, tries, problem, "Jane Doe has no email.", until)])


@pytest.mark.parametrize(
    ("signs", "state", "words"),
    [
        (Signs(NOW), "ok", ""),
        (Signs(NOW, pulses=[WELL]), "ok", ""),
        # the service itself
        (Signs(NOW, answers=False), "failing", "the database does not answer"),
        (Signs(NOW, answers=False, trouble="the database is damaged"), "failing", "the database is damaged"),
        (Signs(NOW, unwritable="nothing can be written"), "failing", "nothing can be written"),
        (Signs(NOW, pulses=[Pulse("one", NOW, receiving=False)]), "failing", "webhooks are not being received"),
        (
            Signs(NOW, pulses=[Pulse("one", NOW, outage=FULL)]),
            "failing",
            "since 2026-11-22 08:59:00 UTC nothing can be written: database or disk is full",
        ),
        (Signs(NOW, pulses=[Pulse("one", NOW, unopened=("xero", "b"))]), "failing", "does not open `xero`, `b`"),
        (
            Signs(NOW, pulses=[Pulse("one", NOW, unopened=("xero", "b"), key="it is gone; bring it back.")]),
            "failing",
            "the key file cannot be used: it is gone; bring it back.",
        ),
        (
            Signs(NOW, pulses=[Pulse("one", NOW, store="Vault at 10.0.0.5")]),
            "failing",
            "needs a secret from there waits",
        ),
        (
            Signs(NOW, pulses=[Pulse("one", NOW, store="Vault is sealed", landed=("a", "xero"))]),
            "failing",
            "the secret store cannot be used; what needs a secret from there waits; kept here, sealed, until it can:"
            " `a`, `xero`",
        ),
        (Signs(NOW, pulses=[Pulse("one", NOW, clock_off=MINUTE)]), "ok", ""),
        (Signs(NOW, pulses=[Pulse("one", NOW, clock_off=MINUTE + SECOND)]), "degraded", "61 seconds behind"),
        (Signs(NOW, pulses=[Pulse("one", NOW, clock_off=-2 * MINUTE)]), "degraded", "120 seconds ahead of"),
        # services that are not heard of
        (Signs(NOW, pulses=[Pulse("one", NOW - SILENT)]), "ok", ""),
        (Signs(NOW, pulses=[Pulse("one", NOW - SILENT - SECOND)]), "failing", "nothing was heard of the service `one`"),
        (Signs(NOW, pulses=[WELL, Pulse("two", NOW - SILENT - SECOND)]), "degraded", "of the service `two`"),
        (Signs(NOW, pulses=[Pulse("one", NOW + SILENT)]), "ok", ""),  # on another machine, whose clock may differ
        (
            Signs(NOW, pulses=[Pulse("one", NOW + timedelta(days=1))]),
            "failing",
            "nothing was heard",
        ),  # its clock was wrong
        # what waits
        (Signs(NOW, late=True), "failing", "an event has waited for more than 300 seconds"),
        (Signs(NOW, behind=True), "failing", "a turn has been due for more than 300 seconds"),
        (Signs(NOW, put_back="It was emptied."), "degraded", "nothing is made before the books were read"),
        (
            Signs(NOW, put_back="It was emptied.", until=NOW + MINUTE),
            "degraded",
            "the database was put back, and no invoice is made before 2026-11-22 09:01:00 UTC, for one",
        ),
        # lanes: until a try succeeded, whatever they do just now
        (_lane(until=NOW + MINUTE), "degraded", "standing of org has failed once since 2026-11-22 09:00:00 UTC"),
        (_lane(NOW - BOUND, 6), "degraded", "has failed 6 times in a row since 2026-11-22 08:55:00 UTC"),
        (_lane(NOW - BOUND - SECOND, 6), "failing", "has failed 6 times"),
        (_lane(NOW + SECOND, 1), "degraded", "has failed once"),  # on another machine
        (_lane(NOW + timedelta(hours=3), 1), "failing", "has failed once"),  # by a clock that was ahead
        (_lane(NOW - BOUND - SECOND, 2, "Refused"), "failing", "has failed 2 times"),
        (_lane(NOW - BOUND - SECOND, 2, "KeyError"), "failing", "has failed 2 times"),
        (_lane(NOW - timedelta(days=1), 9, "RateLimited", NOW + MINUTE), "degraded", "rests until 2026-11-22 09:01"),
        (_lane(NOW - timedelta(days=1), 9, "RateLimited"), "degraded", "tries again after a rest"),
        (_lane(NOW - timedelta(days=1), 9, "Braked"), "degraded", "tries again"),
        (_lane(NOW - timedelta(days=1), 9, "ConsentNeeded"), "degraded", "tries again"),
        (_lane(NOW, 0, "", NOW + MINUTE), "degraded", "rests until"),
        # the vendors
        (Signs(NOW, unconsented=["org"]), "degraded", "org must be connected again"),
        (Signs(NOW, silent=[("org", NOW)]), "degraded", "no webhook has told of the changes in org"),
        (Signs(NOW, signed=[Signed("xero", NOW, ever=9)]), "ok", ""),
        (
            Signs(NOW, signed=[Signed("xero", NOW - MINUTE, 1, NOW, NOW, "not right", 1)]),
            "degraded",
            "1 webhook of Xero was refused since 2026-11-22 09:00:00 UTC (not right), and the last right one came at"
            " 2026-11-22 08:59:00 UTC. Save the webhooks key",
        ),
        (
            Signs(NOW, signed=[Signed("hubspot", None, 2, NOW, NOW, "not right", 2)]),
            "degraded",
            "2 webhooks of HubSpot were refused since 2026-11-22 09:00:00 UTC (not right), and no right one ever came.",
        ),
    ],
)
def test_a_sign(signs: Signs, state: State, words: str) -> None:
    """One sign makes one state and one sentence, or none."""
    found = judge(signs)

    assert state == state_of(found)
    assert (1 if words else 0) == len(found)
    assert words in (found[0].sentence if found else "")
    assert not any("Jane Doe" in one.sentence for one in found)


def test_what_waits_because_of_a_restore_is_told_once() -> None:
    """One end is told, that of the waiting; when a lane looks again meanwhile is no other end."""
    lane = Struggling("invoicing", "62515", NOW, 3, "Transient", "It was emptied. None before 09:09.", NOW + MINUTE)
    signs = Signs(NOW, put_back="It was emptied.", until=NOW + 9 * MINUTE, lanes=[lane])

    assert ["put_back"] == [one.sign for one in judge(signs)]
    assert ["put_back", "lane"] == [one.sign for one in judge(replace(signs, lanes=[replace(lane, why="Xero rests.")]))]


def test_the_gravest_comes_first() -> None:
    """The state is that of the gravest, and it is told first."""
    found = judge(Signs(NOW, late=True, unconsented=["org"], put_back="Why."))

    assert ["failing", "degraded", "degraded"] == [one.state for one in found]


def test_books_that_are_read_first_are_no_failure() -> None:
    """While nothing may be made because the database was put back, lanes that fail for it are no alarm."""
    lane = _lane(NOW - timedelta(hours=1), 30)

    assert "failing" == state_of(judge(lane))
    assert "degraded" == state_of(judge(Signs(NOW, lanes=lane.lanes, put_back="Why.")))


def test_an_ended_consent_is_told_once() -> None:
    """A lane that rests for a consent says no more than the connection does."""
    lane = _lane(problem="ConsentNeeded", until=NOW + MINUTE)

    assert ["consent"] == [one.sign for one in judge(Signs(NOW, lanes=lane.lanes, unconsented=["org"]))]


def test_words_for_people() -> None:
    """People who signed in read names and the why; others read ids only."""
    (one,) = judge(_lane(NOW, 2), {"org": "Kiwi Ltd"}.__getitem__)

    assert "Standing of Kiwi Ltd has failed 2 times in a row since 2026-11-22 09:00:00 UTC: Jane Doe has no email." == (
        one.whole
    )
    assert "A thing." == Reason("failing", "x", "a thing").whole


@pytest.mark.parametrize(
    ("before", "later", "both"),
    [
        (Signed("xero"), Signed("xero", None, 1, NOW, NOW, "w", 1), Signed("xero", None, 1, NOW, NOW, "w", 1)),
        (
            Signed("xero", None, 2, NOW, NOW, "w", 5),
            Signed("xero", None, 1, NOW + SECOND, NOW + SECOND, "v", 1),
            Signed("xero", None, 3, NOW, NOW + SECOND, "v", 6),
        ),
        (Signed("xero", None, 2, NOW, NOW, "w", 5), Signed("xero", NOW), Signed("xero", NOW, ever=5)),
        (
            Signed("xero", NOW, ever=1),
            Signed("xero", None, 1, NOW - SECOND, NOW - SECOND, "w", 1),  # another process wrote a moment later
            Signed("xero", NOW, ever=2),
        ),
        (
            Signed("xero", NOW + timedelta(hours=3)),  # by a clock that was ahead
            Signed("xero", None, 1, NOW, NOW, "w", 1),
            Signed("xero", NOW + timedelta(hours=3), 1, NOW, NOW, "w", 1),
        ),
        (Signed("xero", NOW), Signed("xero", ever=3), Signed("xero", NOW, ever=3)),
    ],
)
def test_counting_on(before: Signed, later: Signed, both: Signed) -> None:
    """A right webhook ends what was refused before it; how many were refused at all goes on."""
    assert both == before.then(later)


def test_how_signatures_were() -> None:
    """One sentence a vendor, for people."""
    said = "Webhooks of Xero: the last right one came at 2026-11-22 09:00:00 UTC; 0 refused since, 4 ever."
    assert said == came(Signed("xero", NOW, ever=4))
