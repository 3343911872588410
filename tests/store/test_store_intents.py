"""The intent protocol as it stands on disk: what each step changes of an intent, in which states, and of no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from ledgerloop.records import Intent, IntentState
from ledgerloop.store import intents
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER, LAST = NOW + timedelta(minutes=5), NOW + timedelta(minutes=9)
STATES: tuple[IntentState, ...] = ("intended", "sent", "refused", "made")
Step = Callable[[Connection, Sequence[str]], None]


def one(deal: str, state: IntentState = "intended", **values: object) -> Intent:
    """Return an intent of a deal."""
    sent = {"sent_at": NOW, "last_sent_at": NOW} if state == "sent" else {}
    made = {"invoice": f"i-{deal}", "number": f"INV-{deal}"} if state == "made" else {}
    plain = Intent(
        portal="portal",
        deal=deal,
        organisation="org",
        customer="c1",
        payload="{}",
        payload_hash="hash",
        key="key",
        marker=f"HS-{deal}",
        url=f"https://{deal}",
        state=state,
        created_at=NOW,
    )
    return replace(plain, **{**sent, **made, **values})  # type: ignore[arg-type]


def everywhere(database: Database, step: Step) -> dict[str, Intent]:
    """Have a deal in each state take a step, beside others that do not; return what changed."""
    before = {state: one(state, state) for state in STATES}
    beside = {f"not {state}": one(f"not {state}", state) for state in STATES}
    elsewhere = {state: replace(intent, portal="another") for state, intent in before.items()}
    with database.transaction() as tx:
        intents.put(tx, [*before.values(), *beside.values(), *elsewhere.values()])
        step(tx, STATES)
        after = intents.get(tx, "portal", STATES)
        assert intents.get(tx, "portal", list(beside)) == beside
        assert intents.get(tx, "another", STATES) == elsewhere
    gone = {state: replace(before[state], state="gone") for state in STATES if state not in after}  # type: ignore[arg-type]
    return {state: found for state, found in (after | gone).items() if found != before[state]}


CASES: list[tuple[str, Step, dict[str, dict[str, object]]]] = [
    (
        "sent",
        lambda tx, deals: intents.mark_sent(tx, "portal", deals, LATER),
        {
            "intended": {"state": "sent", "sent_at": LATER, "last_sent_at": LATER},
            "sent": {"last_sent_at": LATER},
        },
    ),
    (
        "another key",
        lambda tx, deals: intents.rekey(tx, "portal", deals, "new"),
        {"intended": {"key": "new"}, "sent": {"key": "new"}},
    ),
    (
        "refused",
        lambda tx, deals: [intents.mark_refused(tx, "portal", deal) for deal in deals] and None,
        {"intended": {"state": "refused"}, "sent": {"state": "refused"}},
    ),
    (
        "to be decided anew",
        lambda tx, deals: [intents.mark_refused(tx, "portal", deal, anew=True) for deal in deals] and None,
        {
            "intended": {"state": "refused", "payload_hash": ""},
            "sent": {"state": "refused", "payload_hash": ""},
            "refused": {"payload_hash": ""},
        },
    ),
    ("withdrawn", lambda tx, deals: intents.withdraw(tx, "portal", deals), {"intended": {"state": "gone"}}),
    (
        "withdrawn long after",
        lambda tx, deals: intents.withdraw(tx, "portal", deals, sent=True),
        {"intended": {"state": "gone"}, "sent": {"state": "gone"}},
    ),
    ("approved", lambda tx, deals: intents.approve(tx, "portal", deals, LATER), {"intended": {"approved_at": LATER}}),
    (
        "forgotten",
        lambda tx, deals: [intents.remove(tx, "portal", deal) for deal in deals] and None,
        {state: {"state": "gone"} for state in STATES},
    ),
    (
        "another stage",
        lambda tx, deals: [intents.restage(tx, "portal", deal, "77") for deal in deals] and None,
        {state: {"paid_stage": "77"} for state in STATES},
    ),
    (
        "made",
        lambda tx, deals: (
            [intents.mark_made(tx, "portal", deal, f"i-{deal}", "INV", LATER, "a note", "lines") for deal in deals]
            and None
        ),
        {
            state: {"state": "made", "invoice": f"i-{state}", "number": "INV", "note": "a note", "stood": "lines"}
            for state in ("intended", "sent", "refused")
        },
    ),
]


@pytest.mark.parametrize(("step", "changes"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_a_step_changes(database: Database, step: Step, changes: dict[str, dict[str, object]]) -> None:
    """A step changes what it says, in the states it may, and nothing of other deals or another portal."""
    assert everywhere(database, step) == {
        state: replace(one(state, state), **more)  # type: ignore[arg-type]
        for state, more in changes.items()
    }


@pytest.mark.parametrize(("state", "stands"), [(state, state in ("sent", "made")) for state in STATES])
def test_what_may_have_left_keeps_its_values(database: Database, state: IntentState, stands: bool) -> None:
    """New values replace what was never sent and what was refused; behind the others an invoice may stand."""
    old, new = one("d1", state), one("d1", payload='{"a": 1}', payload_hash="other", key="new", customer="c2")
    with database.transaction() as tx:
        intents.put(tx, [old])

        assert intents.put(tx, [new, one("d2")]) == {"d1": old if stands else new, "d2": one("d2")}


@pytest.mark.parametrize(
    ("changed", "kept"),
    [({}, True), ({"key": "new", "payload": "[]"}, True), *[({n: "x"}, False) for n in ("basis", "customer")]],
)
def test_an_approval_is_of_what_was_approved(database: Database, changed: dict[str, str], kept: bool) -> None:
    """It stays for the same deal, customer and organisation, whichever came first; a newer one counts."""
    with database.transaction() as tx:
        intents.put(tx, [one("d1", approved_at=NOW)])

        assert intents.put(tx, [one("d1", **changed)])["d1"].approved_at == (NOW if kept else None)
        assert intents.put(tx, [one("d1", **changed, approved_at=LAST)])["d1"].approved_at == LAST
        assert intents.put(tx, [one("d1", **changed, organisation="elsewhere")])["d1"].approved_at is None


def test_the_first_moment_stays_and_the_last_moves(database: Database) -> None:
    """Looking begins where a request left first; nothing of it arrives any more long after it left last."""
    with database.transaction() as tx:
        intents.put(tx, [one("d1")])
        for moment in (NOW, LATER, LAST):
            intents.mark_sent(tx, "portal", ["d1"], moment)

        assert intents.get(tx, "portal", ["d1"]) == {"d1": one("d1", "sent", last_sent_at=LAST)}


def test_who_is_about_to_act_learns_what_may_be(database: Database) -> None:
    """What was refused or has an invoice does not leave, and a deal that has an invoice keeps it."""
    with database.transaction() as tx:
        intents.put(tx, [one(state, state) for state in STATES])

        assert {"intended", "sent"} == intents.mark_sent(tx, "portal", [*STATES, "unknown"], LATER)
        assert intents.mark_made(tx, "portal", "sent", "i1", "INV-1", LATER)
        assert not intents.mark_made(tx, "portal", "sent", "i2", "INV-2", LATER)
        assert "i1" == intents.get(tx, "portal", ["sent"])["sent"].invoice


@pytest.mark.parametrize(("state", "claimed"), [(state, state in ("intended", "refused")) for state in STATES])
def test_an_invoice_of_others_is_claimed_once(database: Database, state: IntentState, claimed: bool) -> None:
    """It becomes a deal's where none of ours may have left for it; another deal that has it already keeps it."""
    theirs = one("d1", "made", invoice="theirs", key="")
    with database.transaction() as tx:
        intents.put(tx, [one("d1", state), one("d2")])

        assert intents.claim(tx, theirs, NOW) == (theirs if claimed else one("d1", state))
        holder = theirs if claimed else replace(theirs, deal="d2")
        assert intents.claim(tx, replace(theirs, deal="d2"), NOW) == holder


def test_what_is_looked_for_and_what_may_leave(database: Database) -> None:
    """Unsettled is what was sent, the oldest first; pending what is not made or refused, by request."""
    some = [
        one("d1", "sent", sent_at=LATER),
        one("d2", "sent"),
        one("d3", key="b"),
        one("d4", key="a"),
        one("d5", asks="wait"),
        one("d6", asks="wait", approved_at=NOW, key="c"),
        one("d7", "made"),
        one("d8", "refused"),
        one("d9", organisation="a first", created_at=LATER),
        one("e1", created_at=NOW - timedelta(days=1), key="z"),
        one("e2", "sent", portal="another"),
        one("e3", portal="another"),
    ]
    with database.transaction() as tx:
        intents.put(tx, some[::-1])

        assert ["d2", "d1"] == [found.deal for found in intents.unsettled(tx, "portal")]
        assert ["d9", "e1", "d4", "d3", "d6", "d1", "d2"] == [found.deal for found in intents.pending(tx, "portal")]
        assert ["d3", "d4", "d5", "d9", "e1"] == [found.deal for found in intents.unapproved(tx, "portal")]


def test_what_left_since(database: Database) -> None:
    """What was sent or made since a moment counts, that moment included, unless a person approved it."""
    some = [
        one("d1", "sent"),
        one("d2", "made", sent_at=LATER),
        one("d3", "sent", sent_at=NOW - timedelta(seconds=1)),
        one("d4", "sent", approved_at=NOW),
        one("d5", "refused", sent_at=LATER),
        one("d6", "sent", portal="another"),
    ]
    with database.transaction() as tx:
        intents.put(tx, some)

        assert {"d1", "d2"} == {found.deal for found in intents.left_since(tx, "portal", NOW)}


def test_made_ones_are_found_by_what_they_have(database: Database) -> None:
    """By their invoices, in whichever state; by mark and by key only where they are made. Each in its organisation."""
    some = [
        one("d1", "made", key="a"),
        one("d2", "sent", key="b"),
        one("d3", "made", key="c", organisation="elsewhere", portal="another"),
        one("d4"),
    ]
    with database.transaction() as tx:
        intents.put(tx, some)

        assert {"i-d1": some[0]} == intents.by_invoice(tx, "org", ["i-d1", "i-d3", "", "none"])
        assert [some[0]] == intents.by_marker(tx, "org", ["HS-d1", "HS-d2", "HS-d3"])
        assert {"a"} == intents.made_under(tx, "portal", ["a", "b", "c", "none"])


def test_an_intent_moves_to_another_deal(database: Database) -> None:
    """What the other deal had is forgotten; an intent is locked for one deal, or there is none."""
    with database.transaction() as tx:
        intents.put(tx, [one("d1", "made"), one("d2"), one("d1", portal="another"), one("d2", portal="another")])
        intents.put(tx, [one("d3")])

        intents.move(tx, "portal", "d1", "d2")

        assert {"d3": one("d3")} == intents.get(tx, "portal", ["d3"])

        assert {"d2": replace(one("d1", "made"), deal="d2")} == intents.get(tx, "portal", ["d1", "d2"])
        assert {"d1", "d2"} == intents.get(tx, "another", ["d1", "d2"]).keys()
        assert replace(one("d1", "made"), deal="d2") == intents.locked(tx, "portal", "d2")
        assert intents.locked(tx, "portal", "d1") is None


def test_what_is_followed(database: Database) -> None:
    """A made invoice whose email is wanted or asked for, or whose address is wanted, in the order of its making."""
    some = [
        one("d1", email="asked"),
        one("d2", email="wanted"),
        one("d3", online_url="wanted"),
        one("d4", email="sent", online_url="https://in.xero.com/1"),
        one("d5", email="wanted", organisation="elsewhere"),
    ]
    with database.transaction() as tx:
        intents.put(tx, [*some, one("d6", email="wanted")])
        for moment, deals in ((NOW, ("d2", "d3")), (LATER, ("d1", "d4", "d5"))):
            for deal in reversed(deals):
                intents.mark_made(tx, "portal", deal, deal, "INV", moment)

        assert ["d2", "d3", "d1"] == [found.deal for found in intents.followed(tx, "org")]


def test_only_made_ones_change_and_only_theirs(database: Database) -> None:
    """A change of a made intent reaches neither one that is not made nor another portal's."""
    some = [one("d1", "made"), one("d2", "sent"), one("d1", "made", portal="another")]
    with database.transaction() as tx:
        intents.put(tx, [*some, one("d3", "made")])
        for found in some[:2]:
            intents.change(tx, replace(found, note="told", email="wanted"), "note")

        assert {"d1": replace(some[0], note="told"), "d2": some[1]} == intents.get(tx, "portal", ["d1", "d2"])
        assert {"d3": one("d3", "made")} == intents.get(tx, "portal", ["d3"])
        assert {"d1": some[2]} == intents.get(tx, "another", ["d1"])
        assert not intents.claim_email(tx, some[1])
        assert intents.claim_email(tx, replace(some[0], note="read before"))
        assert ["", "asked"] == [intents.get(tx, p, ["d1"])["d1"].email for p in ("another", "portal")]
