"""The measurements measure: at a tiny size each gives a whole object, and its work is right. Speed is not tested."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HALVES = (("burst", "lag", "backfill"), ("deals", "showing", "ingest", "memory"))
ONLY_IN_CI = () if os.environ.get("CI") else ("backfill", "ingest", "memory")
"""What takes longest even at its tiny size: left out elsewhere, so that `make test` stays short."""
SIDES = ("ours", "recipe", "bound")
WITH_RECIPE = ("burst", "deals", "lag")

# What must be right at any size and on any machine; the other marks are about speed.
RIGHT = {
    "burst": ["Xero calls", "HubSpot calls, companies included", "contacts and companies that are wrong"],
    "deals": ["Xero calls", "HubSpot calls", "deals without exactly one invoice that is right to the cent"],
    "lag": ["payments that did not arrive"],
    "ingest": ["refused", "accepted and lost"],
    "backfill": ["records that are not in the mirror"],
    "showing": ["contacts and companies that are lacking"],
    "memory": [],
}


@pytest.fixture(scope="module")
def measured() -> dict[str, dict[str, Any]]:
    """Run every measurement at its tiny size, in two processes beside each other."""
    chosen = [[name for name in names if name not in ONLY_IN_CI] for names in HALVES]
    running = [_start([*names, "--json", "--small"]) for names in chosen]
    lines = [line for process in running for line in process.communicate(timeout=240)[0].splitlines()]
    assert [0, 0] == [process.returncode for process in running]
    return {one["name"]: one for one in map(json.loads, lines)}


EACH = [
    pytest.param(name, marks=pytest.mark.skipif(name in ONLY_IN_CI, reason="measured where CI is set, for its time"))
    for name in RIGHT
]


@pytest.mark.parametrize("name", EACH)
def test_object_is_whole(measured: dict[str, dict[str, Any]], name: str) -> None:
    """Each prints one object: ours, recipe and bound with calls and seconds, null where a figure does not apply."""
    measure = measured[name]

    assert {"name", "what", "size", *SIDES, "reached", "compares", "machine"} == measure.keys()
    sides = [measure[side] for side in SIDES if measure[side] is not None]
    assert all({"xero_calls", "hubspot_calls", "seconds"} <= side.keys() for side in sides)
    assert (name in WITH_RECIPE) is (measure["recipe"] is not None)
    assert measure["reached"] is all(mark["reached"] for mark in measure["compares"])


@pytest.mark.parametrize("name", EACH)
def test_work_is_right(measured: dict[str, dict[str, Any]], name: str) -> None:
    """What is measured is the work done rightly: nothing lost, nothing wrong, no call too many."""
    reached = {mark["what"]: mark["reached"] for mark in measured[name]["compares"]}

    assert dict.fromkeys(RIGHT[name], True) == {what: reached[what] for what in RIGHT[name]}


def test_recipe_is_really_run(measured: dict[str, dict[str, Any]]) -> None:
    """The recipe's figures come from a sample that ran on the same sandbox, and say so."""
    for name in WITH_RECIPE:
        recipe = measured[name]["recipe"]
        assert recipe["sample"] > 0
        assert recipe["xero_calls"] >= 2 * recipe["sample"]
        assert recipe["extrapolated"] is (name != "lag")


def test_identity_counts_what_each_gets_right() -> None:
    """Scenes of who is who are played against the service and the recipe, and the faults of both are counted."""
    file = ROOT / "tests" / "identity" / "scenes.jsonl"
    process = _start(["identity", "--pairs", str(file), "--json", "--small"])
    measure = json.loads(process.communicate(timeout=240)[0])

    assert ("identity", True) == (measure["name"], measure["reached"])
    faults = {"right", "wrong_link", "doubled", "made_though_none", "needless_ask"}
    assert all(faults <= measure[side].keys() for side in SIDES)
    assert measure["size"]["scenes"] == measure["ours"]["right"] == measure["bound"]["right"]
    assert {
        "exact/deal-of-an-old-customer": "d1.customer missed",
        "legal-form/incorporated": "x1.company doubled",
    } == measure["recipe"]["wrong"]


@pytest.mark.parametrize(
    ("words", "said"),
    [(["identity"], "name it with --pairs FILE"), (["identity", "--pairs", "no-such-file"], "cannot be read")],
)
def test_identity_without_its_file_is_said(words: list[str], said: str) -> None:
    """The scenes are no part of the repository's measurements: without their file there is nothing to play."""
    process = _start(words, stderr=subprocess.STDOUT)

    assert said in process.communicate(timeout=60)[0]
    assert process.returncode


def test_unknown_name_is_refused() -> None:
    """Without a name that it knows, the command says which names there are."""
    process = _start(["nonsense"], stderr=subprocess.STDOUT)
    said = process.communicate(timeout=60)[0]

    assert (2, True) == (process.returncode, all(name in said for name in RIGHT))


def _start(arguments: Sequence[str], **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, **more)
