"""Provenance: whose turn writes a line of the journal, and which events led to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from ledgerloop.clock import Clock
from ledgerloop.concurrency import abreast
from ledgerloop.records import Customer, Entry, Event, Line, Payment, Receivable, Vendor
from ledgerloop.store import inbox, journal, lanes, mirror, provenance
from ledgerloop.store.db import Database
from ledgerloop.store.provenance import Provenance

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
ORG, PORTAL = "org", "62515"
PAID = Line("customer c1", "update", "rules.standing.standing_of", "It was paid.")


def _keep(tx: Connection, source: Vendor, lane: str, *named: tuple[str, str, str]) -> dict[str, int]:
    """Keep events and return their ids by the resource that each names."""
    some = [
        Event(source, f"{lane} {category} {kind} {resource}", lane, category, kind, resource, NOW, "{}")
        for category, kind, resource in named
    ]
    inbox.keep(tx, some, NOW)
    return {one.event.resource: one.id for one in inbox.recent(tx, 1000) if one.event.lane == lane}


def _invoice(key: str, customer: str, *payments: Payment) -> Receivable:
    return Receivable(ORG, key, "invoice", customer, "AUTHORISED", "NZD", Decimal(100), payments=payments)


def _events_of(tx: Connection, writer: Provenance, *lines: Line) -> list[tuple[int, ...]]:
    with provenance.bound(writer):
        journal.write(tx, lines, NOW)
    return [one.events for one in reversed(journal.recent(tx, len(lines)))]


def test_a_line_is_the_turns_that_writes_it(database: Database) -> None:
    """A line says what happened, and the journal adds whose turn wrote it, and when."""
    with provenance.bound(Provenance(ORG, 7, "standing", "xero")), database.transaction() as tx:
        journal.write(tx, [PAID], NOW)
        journal.write(tx, [], NOW)

        assert [Entry(NOW, ORG, 7, PAID.subject, "update", PAID.rule, PAID.reason)] == journal.recent(tx, 5)


def test_a_line_of_a_command(database: Database) -> None:
    """Where no turn writes, the caller says whose lines they are, and no event led to them."""
    with database.transaction() as tx:
        _keep(tx, "xero", ORG, ("CONTACT", "UPDATE", "c1"))
        inbox.take(tx, "xero", ORG, 0)
        journal.write(tx, [PAID], NOW, lane=ORG)
        (entry,) = journal.recent(tx, 5)

    assert (ORG, 0, ()) == (entry.lane, entry.turn, entry.events)


def test_a_turn_ends(database: Database) -> None:
    """Whoever writes after a turn in the same thread is not the turn, and a turn within another ends alone."""
    with database.transaction() as tx:
        with provenance.bound(Provenance(ORG, 7)):
            with provenance.bound(Provenance("other", 1)):
                journal.write(tx, [PAID], NOW)
            journal.write(tx, [PAID], NOW)
        journal.write(tx, [PAID], NOW, lane=PORTAL)

        assert [(PORTAL, 0), (ORG, 7), ("other", 1)] == [(one.lane, one.turn) for one in journal.recent(tx, 5)]


def test_calls_abreast_are_the_turns(database: Database) -> None:
    """What works at the same time for a turn writes as the turn."""

    def write(number: int) -> None:
        with database.transaction() as tx:
            journal.write(tx, [replace(PAID, reason=str(number))], NOW)

    with provenance.bound(Provenance(ORG, 7)):
        for each in abreast(Clock(), write, range(3)):
            each.result()

    with database.reading() as tx:
        assert [(ORG, 7)] * 3 == [(one.lane, one.turn) for one in journal.recent(tx, 5)]


def test_the_events_that_name_a_customer(database: Database) -> None:
    """A customer's line names the events of the customer, of its invoices and of their payments, and no others."""
    paid = Payment("p1", date(2026, 11, 22), Decimal(5))
    with database.transaction() as tx:
        mirror.store_customers(tx, [Customer(ORG, "c1", "Kea Ltd"), Customer(ORG, "c2", "Tui Ltd")])
        mirror.store_receivables(tx, [_invoice("i1", "c1", paid), _invoice("i2", "c2")])
        ids = _keep(
            tx,
            "xero",
            ORG,
            ("INVOICE", "UPDATE", "i1"),
            ("INVOICE", "UPDATE", "i2"),
            ("CONTACT", "UPDATE", "c1"),
            ("PAYMENT", "CREATE", "p1"),
            ("INVOICE", "CREATE", "bill"),
        )
        inbox.take(tx, "xero", ORG, 7)
        deal = Line("deal 5", "update", "r", "Its invoice was paid.", led_by=("customer c1",))
        others = [replace(PAID, subject="customer c2"), replace(PAID, subject="customer c3"), deal]
        mine, second, third, of_deal = _events_of(tx, Provenance(ORG, 7, "standing", "xero"), PAID, *others)

    assert mine == of_deal == (ids["i1"], ids["c1"], ids["p1"])
    assert ((ids["i2"],), ()) == (second, third)


def test_the_events_that_name_a_deal(database: Database) -> None:
    """A deal's line names its own events, else those of records that deals hang on, and never another deal's."""
    with database.transaction() as tx:
        ids = _keep(
            tx,
            "hubspot",
            PORTAL,
            ("deal", "propertyChange", "1"),
            ("deal", "propertyChange", "2"),
            ("line_item", "propertyChange", "90"),
            ("deal", "merge", "4"),
        )
        inbox.take(tx, "hubspot", PORTAL, 3)
        won = Line("deal 1", "create", "r", "The deal is won.")
        hanging, made = replace(won, subject="deal 3"), replace(PAID, led_by=("deal 1", "deal 2"))
        writer = Provenance(PORTAL, 3, "invoicing", "hubspot")

        assert [(ids["1"],), (ids["90"], ids["4"]), (ids["1"], ids["2"]), ()] == _events_of(
            tx, writer, won, hanging, made, PAID
        )


def test_a_turn_that_goes_on_after_a_crash(database: Database) -> None:
    """The events of a turn are found again by whoever goes on with it, also those that it has finished already."""
    with database.transaction() as tx:
        ids = _keep(tx, "xero", ORG, ("CONTACT", "UPDATE", "c1"), ("CONTACT", "UPDATE", "c2"))
        inbox.take(tx, "xero", ORG, 7)
        inbox.skip(tx, [ids["c2"]], "not our business")
        inbox.finish(tx, "xero", ORG, 7, NOW)
    with database.transaction() as tx:
        lines = [PAID, replace(PAID, subject="customer c2")]

        assert [(ids["c1"],), ()] == _events_of(tx, Provenance(ORG, 7, "standing", "xero"), *lines)


def test_the_turns_that_failed_before(database: Database) -> None:
    """What turns that failed have pulled a later one writes: it names their events, and none of before they failed."""
    with database.transaction() as tx:
        lanes.wake(tx, "standing", ORG, NOW)
        ids: dict[str, int] = {}
        for turn, problem in ((1, ""), (2, "Transient"), (3, "Transient")):
            lanes.begin(tx, "standing", ORG, turn, NOW)
            ids = _keep(tx, "xero", ORG, ("INVOICE", f"UPDATE {turn}", f"i{turn}"))
            inbox.take(tx, "xero", ORG, turn)
            inbox.finish(tx, "xero", ORG, turn, NOW)
            if problem:
                lanes.fail(tx, "standing", ORG, problem, "HubSpot is down.", NOW)
            lanes.finish(tx, "standing", ORG, turn, NOW, failed=bool(problem))
        mirror.store_receivables(tx, [_invoice(f"i{turn}", "c1") for turn in (1, 2, 3)])

        assert [(ids["i2"], ids["i3"])] == _events_of(tx, Provenance(ORG, 4, "standing", "xero"), PAID)


def test_events_that_are_taken_after_a_line(database: Database) -> None:
    """What is written before the turn has taken its events does not keep the later lines from naming them."""
    writer = Provenance(ORG, 7, "standing", "xero")
    with database.transaction() as tx:
        ids = _keep(tx, "xero", ORG, ("CONTACT", "UPDATE", "c1"))
        early = _events_of(tx, writer, PAID)
        inbox.take(tx, "xero", ORG, 7)
        writer.take()

        assert ([()], [(ids["c1"],)]) == (early, _events_of(tx, writer, PAID))


def test_events_that_another_lane_took(database: Database) -> None:
    """What HubSpot told of a record is noted for the customer's own turn, with its event."""
    writer = Provenance(ORG, 7, "standing", "xero")
    with database.transaction() as tx:
        writer.hear([("hubspot contact 512", 40)])

        assert [(40,)] == _events_of(tx, writer, replace(PAID, led_by=("hubspot contact 512",)))


def test_a_line_stays_short(database: Database) -> None:
    """Of many events a line names the first, and says how many more there were."""
    with database.transaction() as tx:
        _keep(tx, "xero", ORG, *(("CONTACT", f"UPDATE {number}", "c1") for number in range(250)))
        ids = sorted(one.id for one in inbox.take(tx, "xero", ORG, 7))
        _events_of(tx, Provenance(ORG, 7, "standing", "xero"), PAID)
        (entry,) = journal.recent(tx, 1)

    assert (tuple(ids[: journal.MOST_EVENTS]), 250 - journal.MOST_EVENTS) == (entry.events, entry.more_events)
