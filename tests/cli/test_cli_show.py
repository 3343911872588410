"""`status`, `holds`, `events` and `journal`: tables for people, JSON for programs, and vendors' words only as text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledgerloop.cli.app import app
from ledgerloop.records import Customer, Entry, Event, Organisation, Portal
from ledgerloop.rules.identity.addresses import email_key
from ledgerloop.rules.identity.profiles import further_keys
from ledgerloop.settings import load
from ledgerloop.store import connections, inbox, journal, lanes, mirror
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database

NOW = datetime.now(UTC)
MARKUP = "[bold red]Loud[/bold red] & Co [/]"


@pytest.fixture
def filled(place: Path) -> Path:
    """Give a place whose database has something of everything."""
    database = Database(load(place / "ledgerloop.toml").service.database)
    home = Organisation("org-1", MARKUP, "NZD", "Pacific/Auckland")
    portal = Portal("62515", "HubSpot 62515", "NZD", "UTC")
    event = Event("xero", "k", "org-1", "INVOICE", "UPDATE", "inv-1", NOW, "{}")
    lost = Event("xero", "l", "", "", "", "", NOW, "no JSON", "unreadable", "the webhook's body is not JSON")
    with database.transaction() as tx:
        connections.put(tx, Connected("xero", home.id, home.name, "xero", home, NOW))
        connections.put(tx, Connected("hubspot", portal.id, portal.name, "hubspot", portal, NOW))
        keys = {"email_key": email_key("loud@example.com"), "keys": further_keys(MARKUP)}
        mirror.store_customers(tx, [Customer("org-1", "7", MARKUP, email="loud@example.com", **keys)])
        inbox.keep(tx, [event, lost], NOW - timedelta(hours=2))
        lanes.park(tx, "standing", "org-1", NOW + timedelta(hours=1), "Xero's calls of the day are spent.")
        journal.hold(tx, "62515", "deal 123", ["It has no line items.", "It has no contact."], [], NOW)
        journal.add(
            tx,
            [
                Entry(NOW, "62515", 1, "deal 123", "hold", "r", "It has no line items.", "", {"dealname": "Big sale"}),
                Entry(NOW, "62515", 1, "deal 123", "create", "r", "Won.", "xero invoice 5", {"payload": "x" * 900}),
                Entry(NOW, "org-1", 1, "customer 7", "update", "r", "Paid.", "hubspot contact 5", {"a": MARKUP}),
            ],
        )
    database.close()
    return place / "ledgerloop.toml"


def _shown(file: Path, *words: str) -> str:
    ended = CliRunner().invoke(app, [*words, "--config", str(file)], catch_exceptions=False)
    assert 0 == ended.exit_code
    return ended.stdout


def test_status(filled: Path) -> None:
    """Status shows connections, lanes that rest and why, and events that wait and how long."""
    told = _shown(filled, "status")

    for words in ("One thing needs you.", MARKUP, "HubSpot 62515", "calls of the day are spent", "2 hours"):
        assert words in told
    assert "Needs a person: 1. Unreadable events: 1." in told
    as_json = json.loads(_shown(filled, "status", "--json"))
    assert [MARKUP] == [one["name"] for one in as_json["connections"] if one["vendor"] == "xero"]
    assert (1, "org-1") == (as_json["waiting"][0]["count"], as_json["waiting"][0]["lane"])


def test_holds(filled: Path) -> None:
    """Holds come with every reason, and with a link where the subject is a HubSpot record."""
    told = _shown(filled, "holds")

    assert "It has no line items. It has no contact." in told
    assert "https://app.hubspot.com/contacts/62515/record/0-3/123" in told
    assert "Deal 123 “Big sale”" in told
    assert ["It has no line items.", "It has no contact."] == json.loads(_shown(filled, "holds", "--json"))[0][
        "reasons"
    ]


def test_events(filled: Path) -> None:
    """Events can be chosen by what became of them."""
    assert "INVOICE UPDATE" in _shown(filled, "events")
    unreadable = json.loads(_shown(filled, "events", "--state", "unreadable", "--json"))
    assert ["no JSON"] == [one["event"]["body"] for one in unreadable]
    assert "the webhook's body is not JSON" in _shown(filled, "events", "--state", "unreadable")


def test_journal(filled: Path) -> None:
    """The journal shows what was decided and written, and why, of everything or of one subject."""
    everything = _shown(filled, "journal")

    assert "It has no line items." in everything
    assert f"a={MARKUP}" in everything
    assert f"payload={'x' * 39}…" in everything
    assert "…" not in _shown(filled, "journal", "--subject", "deal 123")
    only = json.loads(_shown(filled, "journal", "--subject", "customer 7", "--json"))
    assert [("update", "hubspot contact 5", {"a": MARKUP})] == [
        (one["decision"], one["target"], one["values"]) for one in only
    ]
    assert 1 == len(json.loads(_shown(filled, "journal", "--limit", "1", "--json")))


def test_journal_of_a_customer(filled: Path) -> None:
    """A customer is found by id, email or name as for a plan, and its name stands beside its id."""
    everything = _shown(filled, "journal")

    assert f"customer 7 “{MARKUP}”" in everything
    for word in ("7", "LOUD@example.com", f" {MARKUP} "):
        told = json.loads(_shown(filled, "journal", "--customer", word, "--json"))
        assert ["customer 7"] == [one["subject"] for one in told]
    both = json.loads(_shown(filled, "journal", "--customer", "7", "--subject", "deal 123", "--json"))
    assert {"customer 7", "deal 123"} == {one["subject"] for one in both}
    nobody = CliRunner().invoke(app, ["journal", "--customer", "No Such", "--config", str(filled)])
    assert 0 != nobody.exit_code
    assert f"{MARKUP} has no customer with the id, email or name “No Such”." in str(nobody.exception)


def test_nothing_to_show(place: Path) -> None:
    """Where there is nothing, the commands say so."""
    file = place / "ledgerloop.toml"

    assert "Let us connect the two." in _shown(file, "status")
    for command, title in (("holds", "Needs a person"), ("events", "Events"), ("journal", "Journal")):
        assert f"{title}: None." in _shown(file, command)
        assert [] == json.loads(_shown(file, command, "--json"))
