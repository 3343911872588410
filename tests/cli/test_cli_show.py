"""`status`, `holds`, `events` and `journal`: tables for people, JSON for programs, and vendors' words only as text."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from on_terminal import typed
from typer.testing import CliRunner

from ledgerloop.cli.app import app
from ledgerloop.records import Customer, Entry, Event, Intent, Link, Organisation, Portal, Receivable, Rest
from ledgerloop.rules.identity.addresses import email_key
from ledgerloop.rules.identity.profiles import further_keys
from ledgerloop.settings import load
from ledgerloop.store import (
    connections,
    contact_persons,
    former_links,
    inbox,
    intents,
    journal,
    lanes,
    last_compared,
    links,
    mirror,
)
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database
from ledgerloop.store.former_links import Lost
from ledgerloop.store.last_compared import Compared

NOW = datetime.now(UTC)
MARKUP = "[bold red]Loud[/bold red] & Co [/]"


@pytest.fixture
def filled(place: Path) -> Path:
    """Give a place whose database has something of everything."""
    database = Database(load(place / "ledgerloop.toml").service.database)
    home = Organisation("org-1", MARKUP, "NZD", "Pacific/Auckland")
    portal = Portal("62515", "HubSpot 62515", "NZD", "UTC")
    event = Event("xero", "k", "org-1", "INVOICE", "UPDATE", "inv-1", NOW, "{}")
    unread = Event("xero", "l", "", "", "", "", NOW, "no JSON", "unreadable", "the webhook's body is not JSON")
    with database.transaction() as tx:
        connections.put(tx, Connected("xero", home.id, home.name, "xero", home, NOW))
        connections.put(tx, Connected("hubspot", portal.id, portal.name, "hubspot", portal, NOW))
        keys = {"email_key": email_key("loud@example.com"), "keys": further_keys(MARKUP)}
        mirror.store_customers(tx, [Customer("org-1", "7", MARKUP, email="loud@example.com", **keys)])
        inbox.keep(tx, [event, unread], NOW - timedelta(hours=2))
        lanes.park(tx, "standing", "org-1", Rest(NOW, NOW + timedelta(hours=1)), "Xero's calls of the day are spent.")
        journal.hold(tx, "62515", "deal 123", ["It has no line items.", "It has no contact."], [], NOW)
        journal.add(
            tx,
            [
                Entry(NOW, "62515", 1, "deal 123", "hold", "r", "It has no line items.", "", {"dealname": "Big sale"}),
                Entry(NOW, "62515", 1, "deal 123", "create", "r", "Won.", "xero invoice 5", {"payload": "x" * 900}),
                Entry(
                    NOW,
                    "org-1",
                    1,
                    "customer 7",
                    "update",
                    "r",
                    "Paid.",
                    "hubspot contact 5",
                    {"a": MARKUP},
                    answer="written",
                    events=(1, 99),
                    more_events=230,
                ),
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
    assert "Needs a person: 1. Told on deals: 0. Unreadable events: 1." in told
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


INTENT = Intent(
    "62515",
    "124",
    "org-1",
    "7",
    '{"Reference": "HS-124 PO-77"}',
    "h",
    "k",
    "HS-124",
    "u",
    state="made",
    invoice="i",
    deal_name="Small sale",
)
NAMELESS = replace(INTENT, deal="126", deal_name="")


def test_what_is_told_on_deals(filled: Path) -> None:
    """It is listed beside the holds, and nothing is said to be in step; an invoice that is gone is not listed."""
    notes = {"124": "10, not 12.", "125": "\nToo late.", "126": "\n\n\n1 of 12.", "127": "5, not 6."}
    database = Database(load(filled).service.database)
    gone = Receivable("org-1", "i127", "invoice", "7", "VOIDED", "NZD", Decimal(1))
    with database.transaction() as tx:
        intents.put(tx, [replace(INTENT, deal=deal, invoice=f"i{deal}", note=note) for deal, note in notes.items()])
        mirror.store_receivables(tx, [gone])
        journal.clear(tx, ["deal 123"], NOW)
    database.close()

    told = _shown(filled, "holds")
    listed = json.loads(_shown(filled, "holds", "--json"))

    assert "Needs a person: None.\n\nTold on deals\n" in told
    assert "Deal 124 “Small sale”" in told
    assert [("told", "deal 124"), ("told", "deal 125")] == [(one["kind"], one["subject"]) for one in listed]
    assert ["Too late."] == listed[1]["reasons"]
    assert listed[0]["link"].endswith("/record/0-3/124")
    assert "Told on deals: 2." in _shown(filled, "status")
    assert 2 == json.loads(_shown(filled, "status", "--json"))["told"]


def test_invoices_of_two_organisations_are_told_apart(filled: Path) -> None:
    """Both count their invoices alike, so the headings name the organisations, too."""
    database = Database(load(filled).service.database)
    with database.transaction() as tx:
        (kiwi,) = connections.known_organisations(tx)
        aussie = replace(kiwi, id="org-2", name="Aussie Pty")
        connections.put(tx, replace(connections.all_connected(tx, "xero")[0], id="org-2", facts=aussie))
        some = [(kiwi, "124", "i1"), (aussie, "125", "i2")]
        told = [replace(INTENT, deal=deal, organisation=one.id, invoice=key, number="INV-1") for one, deal, key in some]
        intents.put(tx, [replace(one, note="10, not 12.") for one in told])
        copy = Receivable("org-2", "i3", "invoice", "7", "AUTHORISED", "NZD", Decimal(1), number="INV-1")
        mirror.store_receivables(tx, [copy])
        journal.hold(tx, "org-2", "invoice i3", ("Twice.",), (), NOW)
    database.close()

    shown = _shown(filled, "holds")

    assert "Invoice INV-1 in Aussie Pty, for" in shown
    assert f"Deal 124 “Small sale”, INV-1 in {kiwi.name}\n" in shown
    assert "Deal 125 “Small sale”, INV-1 in Aussie Pty\n" in shown
    assert {"INV-1"} == {one["invoice"] for one in json.loads(_shown(filled, "holds", "--json")) if "invoice" in one}


@pytest.mark.parametrize(
    ("lane", "subject", "name", "title"),
    [
        ("org-1", "customer 7", "Kauri Cafe", "Customer Kauri Cafe"),
        ("org-1", "xero contact 7", "Kauri Cafe", "Xero contact Kauri Cafe"),
        ("org-1", "balance 7", "Kauri Cafe", "Balance of Kauri Cafe"),
        ("62515", "deal 123", "Big sale", "Deal 123 “Big sale”"),
        ("62515", "hubspot deal 123", "Big sale", "Deal 123 “Big sale”"),
        ("62515", "deal 124", "Small sale", "Deal 124 “Small sale”"),
        ("62515", "deal 126", "", "Deal 126"),
        ("62515", "deal 125", "", "Deal 125"),
        ("org-1", "hubspot contact 5", "Jo Kauri", "HubSpot contact 5 “Jo Kauri”"),
        ("org-1", "hubspot contact 6", "max@kauri.co.nz", "HubSpot contact 6 “max@kauri.co.nz”"),
        ("org-1", "hubspot company 8", "Kauri Cafe", "HubSpot company 8 “Kauri Cafe”"),
        ("org-1", "hubspot company 10", "Kauri Cafe", "HubSpot company 10 “Kauri Cafe”"),
        ("org-1", "hubspot company 9", "", "HubSpot company 9"),
        ("org-1", "invoice i", "INV-0012", "Invoice INV-0012"),
        ("org-1", "brake org-1", MARKUP, f"Brake {MARKUP}"),
        ("org-1", "notes org-1", MARKUP, f"Notes of {MARKUP}"),
        ("62515", "properties 62515", "HubSpot 62515", "Properties of HubSpot 62515"),
    ],
)
def test_holds_name_what_they_are_about(filled: Path, lane: str, subject: str, name: str, title: str) -> None:
    """Whatever waits is called as people call it: by programs under its name, by people in the first column."""
    database = Database(load(filled).service.database)
    with database.transaction() as tx:
        mirror.store_customers(tx, [Customer("org-1", "7", "Kauri Cafe")])
        invoice = Receivable("org-1", "i", "invoice", "7", "PAID", "NZD", Decimal(1), Decimal(1), number="INV-0012")
        mirror.store_receivables(tx, [invoice])
        intents.put(tx, [INTENT, NAMELESS])
        links.put(tx, [Link("org-1", "7", "contact", "5", "id"), Link("org-1", "7", "company", "8", "id")], NOW)
        last_compared.put(
            tx, "org-1", "contact", {"7": Compared({}, {"person": "Jo\nKauri", "email": "jo@kauri.co.nz"})}
        )
        contact_persons.put(tx, [contact_persons.Known("org-1", "7", "max@kauri.co.nz", "6", "8")])
        former_links.put(tx, Lost("org-1", "company", "10", "7", "deleted", NOW))
        journal.clear(tx, ["deal 123"], NOW)
        journal.hold(tx, lane, subject, ["Something is to be done."], [], NOW)
    database.close()

    (held,) = json.loads(_shown(filled, "holds", "--json"))

    assert (subject, name) == (held["subject"], held["name"])
    assert title in _shown(filled, "holds")


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
    assert _shown(filled, "journal", "--subject", "deal 123") == _shown(filled, "journal", "--deal", "123")
    only = json.loads(_shown(filled, "journal", "--subject", "customer 7", "--json"))
    assert [("update", "hubspot contact 5", {"a": MARKUP})] == [
        (one["decision"], one["target"], one["values"]) for one in only
    ]
    assert 1 == len(json.loads(_shown(filled, "journal", "--limit", "1", "--json")))


def test_journal_says_what_led_to_a_line(filled: Path) -> None:
    """A line names the first event that led to it, and all with --subject; the list of events has their numbers."""
    everything, one = (" ".join(_shown(filled, "journal", *words).split()) for words in ((), ("--customer", "7")))
    (only,) = json.loads(_shown(filled, "journal", "--subject", "customer 7", "--json"))
    (event,) = json.loads(_shown(filled, "events", "--state", "waiting", "--json"))

    assert "Answer: written" in everything
    assert "Events: 1 INVOICE UPDATE inv-1, and 231 more" in everything
    assert "Events: 1 INVOICE UPDATE inv-1, 99, and 230 more" in one
    assert ("written", [1, 99], 230) == (only["answer"], only["events"], only["more_events"])
    assert 1 == event["id"]


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


@pytest.mark.parametrize("command", ["status", "holds", "events", "journal", "links"])
def test_the_sandbox_is_named_as_everywhere(place: Path, command: str) -> None:
    """Where the sandbox listens may be said, and implies it, though nobody there is asked."""
    ended = CliRunner().invoke(app, [command, "-c", str(place / "ledgerloop.toml"), "--xero-url", "http://127.0.0.1:1"])

    assert "No such option" not in ended.output
    assert "ledgerloop-sandbox.sqlite3 is not there" in f"{ended.output}{ended.exception}"


def test_nothing_to_show(place: Path) -> None:
    """Where there is nothing, the commands say so."""
    file = place / "ledgerloop.toml"

    assert "Let us connect the two." in _shown(file, "status")
    for command, title in (("holds", "Needs a person"), ("events", "Events"), ("journal", "Journal")):
        assert f"{title}: None." in _shown(file, command)
        assert [] == json.loads(_shown(file, command, "--json"))


def test_what_to_do_is_copied_from_a_terminal_of_any_width(filled: Path) -> None:
    """No line of a hold is broken by us: an id or a command that is copied is whole."""
    reason = "Run `ledgerloop link --deal 123 --customer dd0b54af-9a88-49ef-9ffb-fda95022b1ff`, " * 3
    database = Database(load(filled).service.database)
    with database.transaction() as tx:
        journal.hold(tx, "62515", "deal 123", [reason.strip()], [], NOW)
    database.close()

    ended = typed(filled.parent, 40, "holds", warm=True)

    assert 0 == ended.returncode, ended.text
    assert reason.strip() in ended.text
