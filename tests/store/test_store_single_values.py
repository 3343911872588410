"""Values that no table has: each is read as it was kept, is one organisation's alone, and has a name of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledgerloop.engine import backoff
from ledgerloop.records import Rest
from ledgerloop.store import single_values
from ledgerloop.store.db import Database
from ledgerloop.store.single_values import Key

NOW = datetime(2026, 11, 3, 9, 30, 0, 123456, UTC)
KEYS: dict[str, Key[Any]] = {name: one for name, one in vars(single_values).items() if isinstance(one, Key)}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (single_values.PASSWORD, "hash"),
        (single_values.GAP_PULLED, NOW),
        (single_values.DAY.of("org"), date(2026, 11, 3)),
        (single_values.ASIDE.of("62515"), {"until": "then", "deals": {"1": "look"}}),
        (single_values.UNSEEN.of("invoices", "62515"), NOW),
        (single_values.rest("notes org"), Rest(NOW, NOW + timedelta(hours=1))),
        (single_values.rest("emails org"), Rest(None, NOW)),
    ],
)
def test_as_it_was_kept(database: Database, key: Key[Any], value: object) -> None:
    """It is read as it was kept, in the place of what was before, until it is forgotten."""
    with database.transaction() as tx:
        assert single_values.get(tx, key) is None
        single_values.put(tx, key, value)
        single_values.put(tx, key, value)

        assert value == single_values.get(tx, key)
        assert {key.name: value} == single_values.some(tx, [key, single_values.text("nothing")])
        single_values.forget(tx, key)
        assert single_values.get(tx, key) is None


def test_what_an_earlier_release_emptied_is_not_kept(database: Database) -> None:
    """It wrote an empty text where there is nothing any more."""
    key = single_values.NOTES_SINCE.of("org")
    with database.transaction() as tx:
        single_values.put(tx, single_values.text(key.name), "")

        assert single_values.get(tx, key) is None
        assert {} == single_values.some(tx, [key]) == single_values.each(tx, single_values.NOTES_SINCE)


def test_each_has_its_own(database: Database) -> None:
    """One of several is named by whose it is; what merely begins alike is none of them."""
    with database.transaction() as tx:
        for whose in ("a", "b_", "c d"):
            single_values.put(tx, single_values.UNTOLD.of(whose), NOW)
        single_values.put(tx, single_values.text("untold, something else"), "x")

        assert {"a": NOW, "b_": NOW, "c d": NOW} == single_values.each(tx, single_values.UNTOLD)


def test_no_two_are_kept_in_one_place() -> None:
    """Each kind of value has a name of its own, and so have the rests of work that stands behind."""
    names = [*(one.name for one in KEYS.values()), "notes", *backoff.WORDS]

    assert len(KEYS) >= 20
    assert len(names) == len(set(names))
