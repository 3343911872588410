"""Connections, consents, values and sealed cells."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ledgerloop.records import Organisation, Portal
from ledgerloop.store import connections, lanes, single_values
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database
from ledgerloop.store.sealed_secrets import DatabaseCells, any_secret, save_secret

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ORGANISATION = Organisation("o1", "Kiwi Demo", "NZD", "Pacific/Auckland", "!abc", "NZ")
PORTAL = Portal("62515", "Demo", "USD", "UTC", app_id="1160452")
XERO = Connected("xero", "o1", "Kiwi Demo", "xero grant", ORGANISATION, NOW)
HUBSPOT = Connected("hubspot", "62515", "Demo", "hubspot token", PORTAL, NOW)


class TestConnections:
    def test_come_back_whole(self, database: Database) -> None:
        """A connection comes back with what we know of its organisation or portal."""
        with database.transaction() as tx:
            connections.put(tx, XERO)
            connections.put(tx, HUBSPOT)

            assert connections.all_connected(tx) == [HUBSPOT, XERO]
            assert connections.all_connected(tx, "xero") == [XERO]
            assert connections.get(tx, "hubspot", "62515") == HUBSPOT
            assert connections.get(tx, "hubspot", "o1") is None
            assert (connections.organisations(tx), connections.portals(tx)) == ([ORGANISATION], [PORTAL])
            assert (connections.organisation(tx, "o1"), connections.portal(tx, "62515")) == (ORGANISATION, PORTAL)

    def test_the_only_portal(self, database: Database) -> None:
        """There is an only portal when there is exactly one."""
        with database.transaction() as tx:
            assert connections.only_portal(tx) is None
            connections.put(tx, HUBSPOT)
            assert connections.only_portal(tx) == PORTAL
            connections.put(tx, Connected("hubspot", "2", "B", "other token", Portal("2", "B", "USD", "UTC"), NOW))
            assert connections.only_portal(tx) is None
            connections.end(tx, "hubspot", "2", "")
            assert connections.only_portal(tx) == PORTAL

    def test_a_connection_is_lost_and_given(self, database: Database) -> None:
        """A connection that needs consent says why; connected again it is as before, and others are not touched."""
        with database.transaction() as tx:
            connections.put(tx, XERO)
            connections.put(tx, HUBSPOT)
            connections.mark_one(tx, "xero", "o1", "needs_consent", "offline_access was not granted.")
            lost = connections.get(tx, "xero", "o1")
            connections.mark_one(tx, "xero", "o1", "connected", "")

            assert connections.all_connected(tx) == [HUBSPOT, XERO]
        assert lost is not None
        assert (lost.state, lost.why) == ("needs_consent", "offline_access was not granted.")

    def test_one_of_which_nobody_has_said_what_it_is_for(self, database: Database) -> None:
        """It counts as connected and known nowhere, no turn marks it, and the portal waits while there is no other."""
        asked = replace(XERO, state=connections.UNANSWERED, why="Nobody has said.")
        other = replace(XERO, id="o2", facts=replace(ORGANISATION, id="o2"))
        with database.transaction() as tx:
            connections.put(tx, asked)
            connections.put(tx, HUBSPOT)
            for flow, lane in (("standing", "o1"), ("invoicing", "62515")):
                lanes.wake(tx, flow, lane, NOW)
            connections.mark_one(tx, "xero", "o1", "connected", "")

            assert ([asked], True, False) == (connections.unanswered(tx), asked.off, asked.ended)
            assert [] == connections.organisations(tx) == connections.known_organisations(tx)
            assert [] == connections.ended(tx)
            assert [] == lanes.ready(tx, NOW)
            connections.put(tx, other)
            assert ["62515"] == [one.lane for one in lanes.ready(tx, NOW)]
            connections.put(tx, XERO)
            assert {"62515", "o1"} == {one.lane for one in lanes.ready(tx, NOW)}

    def test_one_that_a_person_has_ended_stays_so(self, database: Database) -> None:
        """What is known of it stays, it counts as connected nowhere, and only connecting it anew makes it go on."""
        with database.transaction() as tx:
            connections.put(tx, XERO)
            connections.put(tx, HUBSPOT)
            connections.end(tx, "xero", "o1", "Xero was not told.")
            for state in ("needs_consent", "connected"):
                connections.mark_one(tx, "xero", "o1", state, "a turn that was under way")

            (ended,) = connections.ended(tx)
            assert (ended.state, ended.why, ended.facts) == ("disconnected", "Xero was not told.", ORGANISATION)
            assert (connections.organisations(tx), connections.organisation(tx, "o1")) == ([], None)
            assert connections.known_organisations(tx) == [ORGANISATION]
            assert (connections.ended(tx, "hubspot"), connections.portals(tx)) == ([], [PORTAL])
            connections.put(tx, XERO)
            assert (connections.ended(tx), connections.organisations(tx)) == ([], [ORGANISATION])


class TestConsents:
    def test_once(self, database: Database) -> None:
        """A state is good for one answer, and an unknown one for none."""
        with database.transaction() as tx:
            connections.remember_consent(tx, "state", "verifier", NOW)

            assert connections.take_consent(tx, "another", NOW) is None
            assert connections.take_consent(tx, "state", NOW) == "verifier"
            assert connections.take_consent(tx, "state", NOW) is None

    def test_for_ten_minutes(self, database: Database) -> None:
        """A state is good for ten minutes and no longer."""
        with database.transaction() as tx:
            connections.remember_consent(tx, "in time", "verifier", NOW)
            connections.remember_consent(tx, "late", "verifier", NOW)

            assert connections.take_consent(tx, "in time", NOW + timedelta(minutes=10)) == "verifier"
            assert connections.take_consent(tx, "late", NOW + timedelta(minutes=10, seconds=1)) is None


class TestValues:
    def test_are_replaced(self, database: Database) -> None:
        """A value has one text, the last one."""
        with database.transaction() as tx:
            assert single_values.get(tx, single_values.text("password")) is None
            single_values.put(tx, single_values.text("password"), "hash 1")
            single_values.put(tx, single_values.text("password"), "hash 2")

            assert single_values.get(tx, single_values.text("password")) == "hash 2"


class TestCells:
    def test_keep_bytes_at_once(self, database: Database) -> None:
        """Sealed bytes are committed when saving returns, and replaced by the next save."""
        cells = DatabaseCells(database)
        assert cells.load("name") is None

        cells.save("name", b"\x00sealed")
        cells.save("name", b"\xffsealed again")

        assert DatabaseCells(database).load("name") == b"\xffsealed again"

    def test_tell_whether_any_is_kept(self, database: Database) -> None:
        """An empty database says so, and one secret is enough to say otherwise."""
        with database.transaction() as tx:
            assert not any_secret(tx)
            save_secret(tx, "name", b"sealed")
            assert any_secret(tx)
