"""A rehearsal writes nothing, whatever the flow does, and the commands that work by one tell it to people."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

from scene import Scene
from typer.testing import CliRunner, Result

from ledgerloop.cli.app import app
from ledgerloop.flows.braking import Counting
from ledgerloop.flows.rehearsing import Rehearsing
from ledgerloop.hubspot.client import HubSpotClient

READS = set(
    "account associated changed_at groups list_named list_page owners pipelines properties read read_one search"
    " tax_rates token_info as_backfill api version".split()
)
DEFINITIONS = {"create_property", "create_group", "create_list", "set_list_filter", "associate"}
"""What no turn calls, or makes and changes no record."""


def _run(directory: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(directory / "ledgerloop.toml")])


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
    parsed = json.loads(_run(tmp_path, "plan", "--json").stdout)
    name = next(line["name"] for line in parsed["lines"] if line["kind"] == "company")
    one = _run(tmp_path, "plan", "--customer", name)
    nobody = _run(tmp_path, "plan", "--customer", "No Such Customer")
    empty = _run(tmp_path, "plan", "--customer", " ")

    assert "Nothing was written." in told.stdout
    assert parsed["create"] + parsed["update"] == len([line for line in parsed["lines"] if line["decision"] != "hold"])
    assert "xero_outstanding_balance: " in one.stdout
    assert "no customer with the id, email or name" in str(nobody.exception)
    assert "Name the customer" in str(empty.exception)
    assert [] == scene.writes()


def test_backfill_asks_and_the_service_does_the_work(scene: Scene, tmp_path: Path) -> None:
    """Without an answer nothing is done; accepted, the service that runs does it; then there is nothing left to do."""
    unasked = _run(tmp_path, "backfill")
    done = json.loads(_run(tmp_path, "backfill", "--yes", "--json").stdout)
    again = _run(tmp_path, "backfill", "--yes")

    assert "Nobody is there to be asked" in str(unasked.exception)
    assert 3 == done["done"]["customers"]
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

    done = json.loads(_run(tmp_path, "backfill", "--yes", "--json").stdout)
    again = _run(tmp_path, "backfill", "--yes")

    assert (4, 1) == (done["done"]["customers"], done["done"]["held"])
    assert done["said"].endswith(" changed. 1 of the customers waits for a person: see `ledgerloop holds`.")
    assert "nothing to write. 1 of the customers waits" in again.stdout


def test_approve_lets_go_on_what_was_stopped(scene: Scene, tmp_path: Path) -> None:
    """With nothing stopped there is nothing to approve, and saying so is no error."""
    assert "Nothing waits." in _run(tmp_path, "approve", "--yes").stdout


def test_lists_are_told(scene: Scene, tmp_path: Path) -> None:
    """The command says which lists it made, and the second time that they are there."""
    first, second = _run(tmp_path, "lists"), _run(tmp_path, "lists")

    assert 3 == first.stdout.count("Made: Xero: ")
    assert 3 == second.stdout.count("There already: Xero: ")
