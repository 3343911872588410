"""What records are looked for by: found by any key, in their own scope, by the keys that they have now."""

from __future__ import annotations

from datetime import UTC, datetime

from ledgerloop.store import rulings, search_keys
from ledgerloop.store.db import Database

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_found_by_any_key(database: Database) -> None:
    """A record is found by each of its keys, and by no key that it had before."""
    with database.transaction() as tx:
        search_keys.replace(tx, "p", {"1": ["name acme", "domain acme.nz"], "2": ["domain acme.nz"], "3": []})
        search_keys.replace(tx, "q", {"4": ["name acme"]})

        assert search_keys.find(tx, "p", ["name acme", "domain acme.nz", "name none"]) == {
            "name acme": ["1"],
            "domain acme.nz": ["1", "2"],
        }
        search_keys.replace(tx, "p", {"1": ["name renamed"]})
        search_keys.forget(tx, "p", ["2"])
        assert search_keys.find(tx, "p", ["name acme", "domain acme.nz", "name renamed"]) == {"name renamed": ["1"]}
        assert search_keys.find(tx, "q", ["name acme"]) == {"name acme": ["4"]}


def test_a_key_of_many_gives_few(database: Database) -> None:
    """Of a key that very many have, such as a provider's domain that is not known as one, only some are candidates."""
    many = {f"{number:04}": ["domain provider.nz"] for number in range(search_keys.MOST + 5)}
    with database.transaction() as tx:
        search_keys.replace(tx, "p", many)

        found = search_keys.find(tx, "p", ["domain provider.nz"])["domain provider.nz"]

    assert found == sorted(many)[: search_keys.MOST]


def test_a_ruling_stands_until_the_next(database: Database) -> None:
    """What a person said last counts; what nobody spoke of is absent."""
    with database.transaction() as tx:
        rulings.put(tx, "o", "company 7", "", NOW, "ann")
        assert rulings.get(tx, "o", ["company 7", "company 8"]) == {"company 7": ""}
        rulings.put(tx, "o", "company 7", "c1", NOW, "bob")
        assert rulings.get(tx, "o", ["company 7"]) == {"company 7": "c1"}
        assert rulings.get(tx, "x", ["company 7"]) == {}
        rulings.forget(tx, "o", "company 7")
        assert rulings.get(tx, "o", ["company 7"]) == {}
