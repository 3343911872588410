"""Links know by which rule they were made and what a person is asked; what a person said is kept and can be ended."""

from __future__ import annotations

from datetime import UTC, datetime

from alembic import command
from alembic.config import Config
from sqlalchemy import insert

from ledgerloop.records import Choice, Link
from ledgerloop.store import journal, links, rulings
from ledgerloop.store.db import Database
from ledgerloop.store.links import DECIDED, RULE
from ledgerloop.store.tables import link

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def _earlier(database: Database, *some: Link) -> None:
    """Keep links as an earlier release did."""
    with database.transaction() as tx:
        for one in some:
            row = {"organisation": one.organisation, "kind": one.kind, "xero_id": one.xero_id}
            tx.execute(insert(link).values(**row, hubspot_id=one.hubspot_id, how=one.how, made_at=NOW))


def test_what_is_to_be_weighed(database: Database) -> None:
    """Links that an earlier rule made by evidence are to be weighed: not today's, and none that somebody decided."""
    by_name = Link("org", "c1", "company", "1", "name")
    decided = [Link("org", f"d{place}", "company", f"9{place}", how) for place, how in enumerate(DECIDED)]
    of_deal, elsewhere = Link("org", "i1", "deal", "5", "name"), Link("other", "c1", "company", "1", "name")
    _earlier(database, by_name, of_deal, elsewhere, *decided)
    with database.transaction() as tx:
        links.put(tx, [Link("org", "c2", "company", "2", "name and domain")], NOW)

    with database.reading() as tx:
        assert [by_name] == links.unreviewed(tx, "org")
        assert [by_name] == links.unreviewed(tx, "org", ["c1", "c2"])
        assert [] == links.unreviewed(tx, "org", ["c2"])
        assert [by_name] == links.unreviewed(tx, "org", limit=1)


def test_asked_and_accepted(database: Database) -> None:
    """A link that is asked about is weighed no more and listed for review; an accepted one is neither."""
    one, two = Link("org", "c1", "company", "1", "name"), Link("org", "c1", "contact", "2", "email")
    _earlier(database, one, two)

    with database.transaction() as tx:
        links.ask(tx, {one: "Is it?"})
        links.accept(tx, [two])
    with database.reading() as tx:
        assert [] == links.unreviewed(tx, "org")
        assert {("company", "1"): "Is it?"} == links.asked(tx, [one, two])
        assert [(one, 0, "Is it?")] == [(k.link, k.rule, k.asks) for k in links.listed(tx, "org", asked=True)]
        assert [(one, NOW), (two, NOW)] == [(k.link, k.made_at) for k in links.listed(tx, "org", ["c1"])]

    with database.transaction() as tx:
        links.accept(tx, [one], "ruling")
    with database.reading() as tx:
        assert {} == links.asked(tx, [one])
        assert [("ruling", RULE, ""), ("email", RULE, "")] == [
            (k.link.how, k.rule, k.asks) for k in links.listed(tx, "org")
        ]


def test_a_moved_link_is_todays(database: Database) -> None:
    """A link that follows a merge was decided now, and nobody is asked about what it was before."""
    one, to = Link("org", "c1", "company", "1", "name"), Link("org", "c1", "company", "3", "merged")
    _earlier(database, one)

    with database.transaction() as tx:
        links.ask(tx, {one: "Is it?"})
        links.move(tx, one, to, NOW)

    with database.reading() as tx:
        assert [(to, RULE, "")] == [(k.link, k.rule, k.asks) for k in links.listed(tx, "org")]


def test_ended_links(database: Database) -> None:
    """Which records a customer is not is kept, and whether they are still to be emptied; a later word takes it back."""
    with database.transaction() as tx:
        rulings.end(tx, "org", "c1", "company", "1", NOW, to_empty=True)
        rulings.end(tx, "org", "c1", "contact", "2", NOW, to_empty=False)
        rulings.put(tx, "org", "customer c1 company", "", NOW)
    with database.reading() as tx:
        assert {"c1": {("company", "1"), ("contact", "2")}} == rulings.ended(tx, "org", ["c1", "c2"])
        assert [("c1", "company", "1")] == rulings.to_empty(tx, "org", ["c1"])
        assert {} == rulings.ended(tx, "elsewhere", ["c1"])

    with database.transaction() as tx:
        rulings.forget(tx, "org", "customer c1 not company 1")
    with database.reading() as tx:
        assert {"c1": {("contact", "2")}} == rulings.ended(tx, "org", ["c1"])
        assert [] == rulings.to_empty(tx, "org", ["c1"])


def test_choices_of_a_hold(database: Database) -> None:
    """What a person may choose is kept with the hold, and another choice is news."""
    choice = Choice("company", "1", "“Acme” (1)")

    def held(*choices: Choice) -> bool:
        with database.transaction() as tx:
            return journal.hold(tx, "org", "customer c1", ["Which?"], ["1"], NOW, choices=choices)

    assert (True, False, True) == (held(choice), held(choice), held())
    with database.reading() as tx:
        assert [()] == [one.choices for one in journal.holds(tx)]


def test_an_upgrade_has_links_weighed_that_were_made_by_evidence(database: Database) -> None:
    """What evidence linked before the upgrade is weighed by the new rule; what is held is held still."""
    config = Config()
    config.set_main_option("script_location", "ledgerloop.store:migrations")
    config.set_main_option("path_separator", "os")
    with database.transaction() as tx:
        journal.hold(tx, "org", "customer c1", ["Which?"], ["1"], NOW)
        config.attributes["connection"] = tx
        tx.exec_driver_sql("DROP INDEX link_of_an_earlier_rule")
        for table, name in (("link", "rule"), ("link", "asks"), ("hold", "choices")):
            tx.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {name}")
        tx.exec_driver_sql(
            "INSERT INTO link (organisation, kind, xero_id, hubspot_id, how, made_at)"
            " VALUES ('org', 'company', 'c1', '1', 'name', '2026-11-22 09:00:00'),"
            " ('org', 'company', 'c2', '2', 'id', '2026-11-22 09:00:00')"
        )
        command.stamp(config, "0012")
        command.upgrade(config, "0013")
        command.stamp(config, "head")

    with database.reading() as tx:
        assert [Link("org", "c1", "company", "1", "name")] == links.unreviewed(tx, "org")
        assert [("c1", 0), ("c2", RULE)] == [(one.link.xero_id, one.rule) for one in links.listed(tx, "org")]
        assert [("customer c1", ())] == [(one.subject, one.choices) for one in journal.holds(tx)]
