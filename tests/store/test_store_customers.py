"""What is remembered of customers' records: people, compared fields, losses, what was heard, merges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ledgerloop.records import Customer, Link, Person
from ledgerloop.store import contact_persons, erased, former_links, hubspot_changes, last_compared, links, mirror
from ledgerloop.store.contact_persons import Known
from ledgerloop.store.db import Database
from ledgerloop.store.former_links import Lost
from ledgerloop.store.hubspot_changes import Heard
from ledgerloop.store.last_compared import Compared

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
HOME = "home"


class TestPersons:
    def test_kept_with_the_customer(self, database: Database) -> None:
        """A customer's people come back as they were given, and a change of them touches the customer."""
        kat = Person("Kat", "Wārren", "Kat@acme.nz", "kat@acme.nz")
        customer = Customer(organisation=HOME, id="c1", name="Acme", persons=(kat, Person("Bo")))

        with database.transaction() as tx:
            mirror.store_customers(tx, [customer])
            again = mirror.store_customers(tx, [customer])
            fewer = mirror.store_customers(tx, [Customer(organisation=HOME, id="c1", name="Acme", persons=(kat,))])
            kept = mirror.customers(tx, HOME, ["c1"])["c1"]

        assert ([], ["c1"]) == (again, fewer)
        assert (kat,) == kept.persons

    def test_known(self, database: Database) -> None:
        """Who is known is known by customer and email; what is put last stands."""
        with database.transaction() as tx:
            contact_persons.put(tx, [Known(HOME, "c1", "a@b.nz", "1", "9"), Known(HOME, "c2", "a@b.nz", "1", "8")])
            contact_persons.put(tx, [Known(HOME, "c1", "a@b.nz", "1", "7")])
            found = contact_persons.of_customers(tx, HOME, ["c1"])

        assert {("c1", "a@b.nz"): Known(HOME, "c1", "a@b.nz", "1", "7")} == found

    def test_by_email_and_record(self, database: Database) -> None:
        """People are found by their addresses and records in any organisation, and forgotten by their records."""
        mine, theirs = Known(HOME, "c1", "a@b.nz", "1", "9"), Known("other", "c2", "a@b.nz", "2", "8")
        with database.transaction() as tx:
            contact_persons.put(tx, [mine, theirs, Known(HOME, "c3", "a@b.nz", "", "")])
            found = contact_persons.by_email(tx, ["a@b.nz"]), contact_persons.of_records(tx, ["2", "3"])
            contact_persons.forget(tx, ["1"])
            left = contact_persons.by_email(tx, ["a@b.nz"])

        assert ({mine, theirs}, [theirs], [theirs]) == (set(found[0]), found[1], left)


class TestErased:
    def test_remembered(self, database: Database) -> None:
        """Addresses are found by their hashes, and contacts by their ids; the same twice is once."""
        with database.transaction() as tx:
            none = erased.is_empty(tx)
            for digests in ({"d1", "d2"}, {"d1"}):
                erased.remember(tx, "7", digests, NOW)
            found = erased.among(tx, ["d1", "d3"]), erased.contacts_among(tx, ["7", "8"])

        assert (True, ({"d1"}, {"7"})) == (none, found)


class TestCompared:
    def test_put_get_forget(self, database: Database) -> None:
        """What was said is kept by kind, in the place of what was said before, until it is forgotten."""
        said = Compared({"name": "Acme"}, {"name": "ACME"}, {"name": "hubspot"})
        with database.transaction() as tx:
            last_compared.put(tx, HOME, "company", {"c1": Compared()})
            last_compared.put(tx, HOME, "company", {"c1": said})
            last_compared.put(tx, HOME, "contact", {"c1": Compared()})
            kept = last_compared.get(tx, HOME, "company", ["c1", "c2"])
            last_compared.forget(tx, HOME, "company", ["c1"])
            left = last_compared.get(tx, HOME, "company", ["c1"]), last_compared.get(tx, HOME, "contact", ["c1"])

        assert {"c1": said} == kept
        assert ({}, {"c1": Compared()}) == left


class TestLost:
    def test_losses(self, database: Database) -> None:
        """A customer's losses come in their order; a record that is back is no loss."""
        first = Lost(HOME, "company", "2", "c1", "deleted", NOW)
        second = Lost(HOME, "company", "1", "c1", "merged", NOW + timedelta(seconds=1))
        with database.transaction() as tx:
            for one in (second, first, first):
                former_links.put(tx, one)
            found = former_links.of_customers(tx, HOME, "company", ["c1", "c2"])
            whose = former_links.of_records(tx, "company", ["1", "3"])
            former_links.remove(tx, second)
            left = former_links.of_customers(tx, HOME, "company", ["c1"])

        assert {"c1": [first, second]} == found
        assert [second] == whose
        assert {"c1": [first]} == left


class TestHeard:
    def test_what_is_said_again_stays(self, database: Database) -> None:
        """What is said again while it is looked at is looked at once more."""
        with database.transaction() as tx:
            hubspot_changes.put(
                tx, [Heard(HOME, "contact", "1", "changed", NOW, event=7), Heard(HOME, "contact", "2", "merged", NOW)]
            )
            taken = hubspot_changes.take(tx, HOME, {"changed", "merged"}, 10)
            hubspot_changes.put(tx, [Heard(HOME, "contact", "1", "changed", NOW, event=8)])
            hubspot_changes.put(tx, [Heard(HOME, "contact", "1", "changed", NOW)])  # it was found without an event
            hubspot_changes.done(tx, taken)
            left = hubspot_changes.take(tx, HOME, {"changed", "merged"}, 10)

        assert [("1", 7), ("2", None)] == [(one.hubspot_id, one.event) for one in taken]
        assert [("1", 3, 8)] == [(one.hubspot_id, one.mark, one.event) for one in left]


class TestMerges:
    def test_survivor_at_the_end(self, database: Database) -> None:
        """Merges are followed to their end; a ring has none, nor has a chain into the unknown."""
        merged = {"a": "b", "b": "c", "c": "", "x": "y", "y": "x", "u": "unknown"}
        customers = [Customer(organisation=HOME, id=key, name=key, merged_into=to) for key, to in merged.items()]
        with database.transaction() as tx:
            mirror.store_customers(tx, customers)
            ends = {one.id: mirror.survivor(tx, HOME, one) for one in customers}
            losers = mirror.losers(tx, HOME, ["b", "c"])

        assert {"a": "c", "b": "c", "c": "c", "x": None, "y": None, "u": None} == {
            key: one.id if one else None for key, one in ends.items()
        }
        assert {"a", "b"} == {one.id for one in losers}

    def test_a_link_moves_only_to_a_free_place(self, database: Database) -> None:
        """A link moves where its new sides are free, and else stays as it was."""
        first, second = Link(HOME, "c1", "company", "1", "email"), Link(HOME, "c2", "company", "2", "email")
        with database.transaction() as tx:
            links.put(tx, [first, second], NOW)
            taken = links.move(tx, first, Link(HOME, "c1", "company", "2", "merged"), NOW)
            free = links.move(tx, first, Link(HOME, "c1", "company", "3", "merged"), NOW)
            now = links.of_records(tx, "company", ["1", "2", "3"])

        assert (False, True) == (taken, free)
        assert {("c1", "3"), ("c2", "2")} == {(one.xero_id, one.hubspot_id) for one in now}
