"""People work in both systems while everything goes wrong: when it is quiet, HubSpot shows what the books say.

Random steps; webhooks lost, doubled and reordered; calls that fail in every way; tokens that expire; days that go by;
a process that is killed. `make soak` takes 10,000 steps. SEED=… replays, STEPS=… says how many.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import trouble
from ledger import Ledger
from people import People
from scene import OBJECTS
from served import Host, Served, served

SEED = int(os.environ.get("SEED", "11"))
STEPS = int(os.environ.get("STEPS", "200"))
RATE = 0.05
_LOOK_EVERY = 500
"""Steps after which it must be quiet and right, in long runs; the end is looked at in any case."""
_KILLED, _EXPIRED, _NIGHT = 0.02, 0.01, 0.01
_MOST_WRITES = 1.5


def test_hubspot_shows_what_the_books_say(host: Host, tmp_path: Path, database: str) -> None:
    """Whatever people did and whatever failed: every standing is right, nobody is doubled, no write was for nothing."""
    dice = random.Random(SEED)
    with served(host, tmp_path, database, more={"route": {"status": "AUTHORISED"}}) as scene:
        people = People(scene, dice)
        before = {one.id for one in people.books.contacts}
        done: Counter[str] = Counter()
        (tmp_path / "writes").write_text("")
        trouble.arm(scene, RATE)
        for number in range(1, STEPS + 1):
            done[_step(scene, people, dice)] += 1
            time.sleep(dice.random() / 25)
            if number % _LOOK_EVERY == 0 or number == STEPS:
                went_wrong = _quieten(scene)
                wrong = _differences(scene, people, before)
                assert [] == wrong, f"SEED={SEED}, after step {number}"
                trouble.arm(scene, RATE)
        sent, needed = _writes((tmp_path / "writes").read_text())

        print(f"SEED={SEED} STEPS={STEPS}: {dict(done)}; at the end went wrong: {went_wrong}")
        print(f"{sent} records written, {needed} of them to another value: {sent / needed:.2f}")
        assert sent <= _MOST_WRITES * needed


def _step(scene: Served, people: People, dice: random.Random) -> str:
    """Let people do something, or something happen to the service."""
    chance = dice.random()
    if chance < _KILLED:
        scene.kill()
        time.sleep(dice.random() / 4)
        scene.start(watch=True)
        return "killed"
    if chance < _KILLED + _EXPIRED:
        trouble.expire_tokens(scene)
        return "tokens expired"
    if chance < _KILLED + _EXPIRED + _NIGHT:
        end = time.monotonic() + 2
        while scene.running() and time.monotonic() < end:
            time.sleep(0.02)
        scene.pass_time(8 * 3600)
        return "hours went by"
    what, taken = people.step()
    return what if taken else f"{what} refused"


def _quieten(scene: Served) -> dict[str, int]:
    """End the trouble, and let the time go by after which everything is looked at without a webhook."""
    went_wrong = trouble.taken(scene)
    for vendor in ("xero", "hubspot"):
        scene.mend(vendor)
    for _ in range(2):
        scene.settle(60)
        scene.pass_time(16 * 60)
        time.sleep(0.6)
    scene.settle(60)
    return went_wrong


def _differences(scene: Served, people: People, before: set[str]) -> list[str]:
    """Hold what HubSpot shows against the books."""
    books = people.books
    ledger = Ledger(books, books.today(scene.sandbox.clock.now()))
    mine = [one for one in books.contacts if one.id not in before]
    wrong: list[str] = []
    for kind in ("companies", "contacts"):
        shown = _shown(scene, kind, "xero_contact_id", [one.id for one in mine], list(ledger.standing("")))
        for one in mine:
            if one.id in shown:
                wrong += _unlike(f"{kind} {one.name} {one.id}", ledger.standing(one.id), shown[one.id])
            elif kind == "companies" or one.email:
                wrong.append(f"{one.name} {one.id} has none of the {kind}; held: {scene.holds()}")
    for deal in people.deals:
        mark = f"HS-{deal}"
        made = [one.id for one in books.invoices if mark in one.reference.split()]
        if len(made) != 1:
            wrong.append(f"deal {deal} has {len(made)} invoices")
            continue
        wanted = ledger.invoice(made[0])
        wrong += _unlike(f"deal {deal}", wanted, _shown(scene, "deals", "hs_object_id", [deal], list(wanted))[deal])
    return wrong


def _unlike(what: str, wanted: dict[str, str], shown: dict[str, Any]) -> list[str]:
    return [
        f"{what}: {name} is {shown.get(name) or ''!r} and not {value!r}"
        for name, value in wanted.items()
        if (shown.get(name) or "") != value
    ]


def _shown(scene: Served, kind: str, key: str, ids: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what records show, by the property that names them; those that are not there are absent."""
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), 100):
        body: dict[str, Any] = {"inputs": [{"id": one} for one in ids[start : start + 100]]}
        body["properties"] = [*names, key]
        if key != "hs_object_id":
            body["idProperty"] = key
        for record in scene.on.at_hubspot("POST", f"{OBJECTS}/{kind}/batch/read", body)["results"]:
            found[record["properties"][key]] = record["properties"]
    return found


def _writes(lines: str) -> tuple[int, int]:
    """Count the records in all write requests that left, and those whose values differ from what was sent before."""
    sent = needed = 0
    known: dict[tuple[str, str], dict[str, str]] = {}
    for line in lines.splitlines():
        kind, _, body = line.partition(" ")
        for given in json.loads(body)["inputs"]:
            values = given["properties"]
            key = (kind, given.get("id") or values.get("xero_contact_id", ""))
            before = known.setdefault(key, {})
            sent += 1
            needed += any(before.get(name) != value for name, value in values.items())
            before |= values
    return sent, needed
