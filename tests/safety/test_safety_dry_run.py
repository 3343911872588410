"""A rehearsal writes nothing, whatever the flow does, and the commands that work by one tell it to people."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from crm import Customers
from scene import OBJECTS, Scene
from typer.testing import CliRunner, Result

from forked import run_to_end
from ledgerloop.cli.app import app
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.dry_run import Rehearsing
from ledgerloop.ledger import pull
from ledgerloop.parts import instead
from ledgerloop.records import Line, Rest
from ledgerloop.safety.circuit_breaker import Counting
from ledgerloop.safety.dry_run import rehearse
from ledgerloop.store import connections, inbox, journal, lanes, last_written, mirror, planned, provenance
from ledgerloop.store.provenance import Provenance
from ledgerloop.store.write_counts import Written

READS = set(
    "account archived associated groups last_changes list_named list_page owners pipelines properties read read_one"
    " search tax_rates token_info as_backfill api version".split()
)
DEFINITIONS = {"create_properties", "create_group", "create_list", "set_list_filter", "associate"}
"""What no turn calls, or makes and changes no record."""


def _run(directory: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(directory / "ledgerloop.toml")])


def _run_apart(directory: Path, *words: str) -> str:
    """Run a command in a process of its own, into whose output nothing else of this one can log."""
    run = run_to_end(directory, [*words, "--config", str(directory / "ledgerloop.toml")])
    assert 0 == run.returncode, run.stderr
    return run.stdout


def _writes_of_the_client() -> set[str]:
    return {name for name, _ in inspect.getmembers(HubSpotClient) if not name.startswith("_")} - READS


def test_every_write_is_silenced_in_a_rehearsal_and_counted_by_the_brake() -> None:
    """A new write method of the client must be taken care of in both."""
    writes = _writes_of_the_client()

    assert writes - DEFINITIONS <= vars(Rehearsing).keys()
    assert "associate" in vars(Rehearsing)
    assert writes - DEFINITIONS <= vars(Counting).keys()


def test_plan_tells_people_and_programs_and_writes_nothing(scene: Scene, tmp_path: Path) -> None:
    """Field by field for one customer by name, as a table and as JSON; HubSpot sees reads alone."""
    scene.forget_calls()
    told = _run(tmp_path, "plan")
    parsed = json.loads(_run_apart(tmp_path, "plan", "--json"))
    name = next(line["name"] for line in parsed["lines"] if line["kind"] == "company")
    one = _run(tmp_path, "plan", "--customer", name)
    nobody = _run(tmp_path, "plan", "--customer", "No Such Customer")
    empty = _run(tmp_path, "plan", "--customer", " ")

    assert "Nothing was written." in told.stdout
    written = [line for line in parsed["lines"] if line["decision"] in ("create", "update")]
    assert parsed["create"] + parsed["update"] == len(written)
    assert "xero_outstanding_balance: " in one.stdout
    assert "no customer with the id, email or name" in str(nobody.exception)
    assert "Name the customer" in str(empty.exception)
    assert [] == scene.writes()


def test_plan_of_another_person_and_of_one_who_was_erased(scene: Scene, tmp_path: Path) -> None:
    """The plan makes a contact for who took over, clears the old one, and makes nobody again; it writes nothing."""
    crm = Customers(scene)
    erased = crm.add("Erased Before Ltd", EmailAddress="mia@planned.example.com")
    gone = crm.until_linked(erased, "contact")
    scene.on.at_hubspot("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": gone})
    crm.until_held(erased)
    customer = crm.add("Taken Over Ltd", EmailAddress="jane@planned.example.com", FirstName="Jane")
    contact = crm.until_linked(customer, "contact")
    again = crm.add("Erased Again Ltd")
    crm.until_linked(again)
    with scene.built.database.transaction() as tx:  # our copy knows of it, and no turn has begun yet
        known = mirror.customers(tx, scene.on.organisation, [customer, again])
        bob, mia = "bob@planned.example.com", "mia@planned.example.com"
        mirror.store_customers(tx, [replace(known[customer], email=bob, email_key=bob, first_name="Bob")])
        mirror.store_customers(tx, [replace(known[again], email=mia, email_key=mia)])
    scene.forget_calls()

    lines = json.loads(_run_apart(tmp_path, "plan", "--customer", "Taken Over Ltd", "--json"))["lines"]
    held = json.loads(_run_apart(tmp_path, "plan", "--customer", "Erased Again Ltd", "--json"))["lines"]

    def written(line: dict[str, Any]) -> dict[str, str]:
        return {one["name"]: one["after"] for one in line["fields"]}

    cleared = [one for one in lines if one["decision"] == "update" and one["id"] == contact]
    assert {"xero_contact_id": ""}.items() <= written(cleared[0]).items()
    made = [one for one in lines if one["decision"] == "create" and one["kind"] == "contact"]
    assert ["bob@planned.example.com"] == [written(one)["email"] for one in made]
    assert any("for privacy" in one["reason"] for one in held if one["decision"] == "hold")
    assert [] == [one for one in held if one["decision"] == "create" and one["kind"] == "contact"]
    assert [] == scene.writes()


def test_a_rehearsal_within_a_turn(scene: Scene) -> None:
    """The brake rehearses within a turn: that writes lines of no turn, and the turn's own still name their events."""
    crm = Customers(scene)
    customer = crm.add("Rehearsed Within Ltd", EmailAddress="kim@rehearsed-within.example.com")
    contact = crm.until_linked(customer, "contact")
    with scene.built.database.transaction() as tx:
        home, portal = connections.organisations(tx)[0], connections.portals(tx)[0]
        last_written.forget(tx, portal.id, "contact", [contact])
        event = next(one for one in inbox.recent(tx, 50) if one.event.resource == customer)
    assert event.turn

    with instead(scene.built.parts()), provenance.bound(Provenance(home.id, event.turn, "standing", "xero")):
        lines = [line for some in rehearse(home, [customer]) for line in some]
        with scene.built.database.transaction() as tx:
            journal.write(tx, [Line(f"customer {customer}", "skip", "test", "It is the turn's.")], scene.built.now())
            (own,) = journal.recent(tx, 1)

    assert [(home.id, 0, ())] == list({(one.lane, one.turn, one.events) for one in lines})
    assert (home.id, event.turn, True) == (own.lane, own.turn, event.id in own.events)


def test_backfill_asks_and_the_service_does_the_work(scene: Scene, tmp_path: Path) -> None:
    """Without an answer nothing is done; accepted, the service that runs does it; then there is nothing left to do."""
    unasked = _run(tmp_path, "backfill")
    done = json.loads(_run_apart(tmp_path, "backfill", "--yes", "--json"))
    again = _run(tmp_path, "backfill", "--yes")

    assert "Nobody is there to be asked" in str(unasked.exception)
    assert 4 == done["done"]["customers"]
    assert done["done"]["created"] >= 2
    assert done["done"]["calls"]["hubspot"] > 0
    assert "day" in done["done"]["left"]["xero"]
    assert "nothing to write" in again.stdout


def test_backfill_says_who_is_held(scene: Scene, tmp_path: Path) -> None:
    """A customer that waits for a person is not shown, so the end of a backfill says how many do."""
    for _ in range(2):
        scene.make("companies", name="Twin Ltd", domain="twin.example.com")
    scene.customer("Twin Ltd", "ap@twin.example.com")
    scene.on.until("it is held", lambda: [one for one in scene.holds() if one.startswith("customer ")] or None)
    scene.settle()

    done = json.loads(_run_apart(tmp_path, "backfill", "--yes", "--json"))
    again = _run(tmp_path, "backfill", "--yes")

    assert (5, 1) == (done["done"]["customers"], done["done"]["held"])
    assert done["said"].endswith(" changed. 1 of the customers waits for a person: see `ledgerloop holds`.")
    assert "nothing to write. 1 of the customers waits" in again.stdout


def test_backfill_beside_what_the_day_brings(scene: Scene, tmp_path: Path) -> None:
    """Work that a new day brought is no backfill that somebody asked for: it stands in nobody's way."""
    scene.settle()
    with scene.built.database.transaction() as tx:
        home = scene.on.organisation
        planned.accept(tx, home, ["nobody"], Written(), scene.built.now(), asked=False)
        rest = Rest(scene.built.now(), scene.built.now() + timedelta(hours=1))
        planned.rest(tx, home, rest, "It waits for something.")

    done = json.loads(_run_apart(tmp_path, "backfill", "--yes", "--json"))["done"]

    assert (4, True) == (done["customers"], done["created"] >= 2)


def test_a_backfill_of_questions_alone_keeps_them(scene: Scene, tmp_path: Path) -> None:
    """Where all that is left to show is held, that is no “in step”: the questions of the plan wait for a person."""
    _run(tmp_path, "backfill", "--yes")
    scene.make("companies", name="Only Asked")
    customer = scene.customer("Only Asked")
    subject = f"customer {customer}"
    scene.on.until("it is held", lambda: scene.holds().get(subject))
    scene.settle()
    with scene.built.database.transaction() as tx:  # as where it came with the first fill, which shows nobody
        journal.clear(tx, [subject], scene.built.now())

    planned = json.loads(_run_apart(tmp_path, "plan", "--json"))
    done = json.loads(_run_apart(tmp_path, "backfill", "--yes", "--json"))
    held = json.loads(_run_apart(tmp_path, "holds", "--json"))

    asked = [line["subject"] for line in planned["lines"] if line["decision"] == "hold"]
    assert [subject] == asked == [one["subject"] for one in held]
    assert "There is nothing to write. 1 of the customers waits for a person: see `ledgerloop holds`." == done["said"]
    one = _run(tmp_path, "plan", "--customer", "Only Asked").stdout
    assert f"hold {subject}  Only Asked" in one
    assert "in step" not in one


def test_plan_says_how_a_customer_was_found(scene: Scene, tmp_path: Path) -> None:
    """Before it is linked: on what evidence, and beside which others; afterwards: by what, and since when."""
    scene.silence("xero")
    company = scene.make("companies", name="Foundling", domain="foundling.example.com")
    scene.make("companies", name="Foundling Branch", domain="foundling.example.com")
    scene.customer("Foundling Ltd", "ap@foundling.example.com")
    at = scene.built.parts()
    with instead(at), scene.built.database.reading() as tx:
        home = connections.organisations(tx)[0]
    with instead(at):
        pull.pull_kind(at.xero(home.id), home.id, "contacts", pull.Seen())

    before = _run(tmp_path, "plan", "--customer", "Foundling Ltd").stdout
    scene.on.control.post(f"{scene.url('xero')}/_sandbox/webhooks", json={"enabled": True})
    with scene.built.database.transaction() as tx:
        lanes.wake(tx, "standing", home.id, scene.built.now())
    scene.until_shown("companies", company, "xero_contact_id")
    scene.settle()
    after = _run(tmp_path, "plan", "--customer", "Foundling Ltd").stdout
    told = json.loads(_run_apart(tmp_path, "plan", "--customer", "Foundling Ltd", "--json"))

    assert f"The HubSpot company {company} is this customer. It has the same name, domain." in before
    assert "Also looked at: Foundling Branch." in before
    assert f"linked company {company}  since " in after
    assert "It was found by name and domain." in after
    assert [company] == [one["hubspot_id"] for one in told["links"] if one["how"] == "name and domain"]


def test_approve_lets_go_on_what_was_stopped(scene: Scene, tmp_path: Path) -> None:
    """With nothing stopped there is nothing to approve, and saying so is no error."""
    assert "Nothing waits." in _run(tmp_path, "approve", "--yes").stdout


def test_lists_are_told(scene: Scene, tmp_path: Path) -> None:
    """The command says which lists it made, and the second time that they are there."""
    first, second = _run(tmp_path, "lists"), _run(tmp_path, "lists")

    assert 3 == first.stdout.count("Made: Xero: ")
    assert 3 == second.stdout.count("There already: Xero: ")
