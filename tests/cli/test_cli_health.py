"""What a real service says of itself while things go wrong: a full disk, wrong keys, vendors that fail."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import Any

import pytest
from cli_process import run
from operated import Place, until

from ledgerloop_sandbox.faults import Fault


def _status(served: Place) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(served.command("status", "--json").stdout)
    return found


def _without_room(served: Place, *words: str) -> str:
    """Run a command that can write to no file, and return what it said."""
    code = (
        "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY));"
        " runpy.run_module('ledgerloop', run_name='__main__')"
    )
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, cwd=served.folder, capture_output=True, text=True, timeout=60).stdout


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits what a process that runs may write")
def test_a_full_disk(served: Place) -> None:
    """While nothing can be written health fails, also without traffic, and it recovers by itself; nothing is lost."""
    with served.serving() as service:
        served.connect()
        until(lambda: "ok" == served.health()["status"])
        before = resource.prlimit(service.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        without_traffic = until(lambda: (seen := served.health())["code"] == 503 and seen)
        refused = served.from_xero()
        still = served.health()
        # Another process has its own limit, so that it is set before it begins.
        doctor = _without_room(served, "doctor")
        resource.prlimit(service.pid, resource.RLIMIT_FSIZE, before)
        until(lambda: "ok" == served.health()["status"])
        kept = served.from_xero()
        until(lambda: "ok" == _status(served)["state"])

    assert any("since" in one and "disk" in one for one in without_traffic["problems"]), without_traffic
    assert "✗ Nothing can be written: the disk does not take what is written (disk I/O error); make room" in doctor
    assert (503, "failing", 200) == (refused, still["status"], kept)


def test_wrong_keys_are_counted_and_told(served: Place) -> None:
    """A wrong webhooks key and client secret degrade, everywhere in the same words, until a right webhook comes."""
    with served.serving():
        served.connect()
        assert (200, 200) == (served.from_xero(), served.from_hubspot())
        refused = [served.from_xero("wrong") for _ in range(3)] + [served.from_hubspot("wrong")]
        health = until(lambda: len((seen := served.health())["problems"]) == 2 and seen)
        right = served.from_hubspot()
        half = until(lambda: len((seen := served.health())["problems"]) == 1 and seen)
    status, doctor = served.command("status").stdout, run(served.folder, "doctor").stdout  # the counts were kept

    said = [health["webhooks"][one]["refused"] for one in ("xero", "hubspot")]
    assert ([401] * 4, 200) == (refused, right)
    assert (200, "degraded", [3, 1]) == (health["code"], health["status"], said)
    assert ["1 webhook of HubSpot was", "3 webhooks of Xero were"] == [
        one.split(" refused")[0] for one in health["problems"]
    ]
    assert half["problems"] == health["problems"][1:]
    for words in (
        half["problems"][0][:70],
        "Webhooks of HubSpot: the last right one came at",
        "0 refused since, 1 ever.",
    ):
        assert words in " ".join(status.split())
        assert words in " ".join(doctor.split())
    assert "No service runs on this database." in status
    assert "No service runs on this database." in doctor


def test_a_lane_that_fails_never_looks_well_between_its_tries(served: Place) -> None:
    """HubSpot fails at every try: from the first to the one that goes well, health is never ok."""
    with served.serving() as service:
        served.connect()
        until(lambda: "ok" == served.health()["status"])
        fault = served.sandbox.hubspot.faults.add(Fault("status", status=500))
        served.from_hubspot_deal()
        until(lambda: "ok" != served.health()["status"])
        seen = []
        until(lambda: seen.append(served.health()) or (seen[-1]["struggling"] or [{"tries": 0}])[0]["tries"] >= 3)
        shown = _status(served)
        served.sandbox.hubspot.faults.clear(fault.id)
        until(lambda: "ok" == served.health()["status"])
        service.kill()
        service.wait(60)
    killed = _status(served)

    assert {"degraded"} == {one["status"] for one in seen}
    assert "degraded" == shown["state"]
    assert ["one"] == [one["worker"] for one in killed["services"]]  # it is missed, once it was silent for long enough
