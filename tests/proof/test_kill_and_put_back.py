"""An earlier backup is put back at any point of a deal's way: still one invoice, one customer and one email.

For each point the process dies there, and one of two things is put back: a backup from before the deal was won, or one
that was taken at that very point, once everything has gone on from it. On SQLite it is both files, or the service's
alone beside the engine's of today, or the other way round. A few points, chosen by seed, are tried in every run of the
tests; `make killmatrix` tries every third. SEED=… and POINTS=… choose others, as for the kill matrix.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import put_back
import trouble
from served import Host, Served, served
from test_kill_matrix import PATIENCE, facts, watched

SEED = int(os.environ.get("SEED", "7"))
POINTS = os.environ.get("POINTS", "2")
EVERY = int(os.environ.get("EVERY", "3"))
_FILES = (put_back.BOTH, ("",), ("-engine",))
_STILL = 660.0
"""Seconds after which nothing that left before can arrive any more."""
_LATE = 2.0


def test_an_earlier_backup_is_put_back_at_any_point(host: Host, tmp_path: Path, database: str) -> None:
    """Whatever is put back, whenever: one customer, invoice and email, all of it shown, nothing held."""
    with served(host, tmp_path, database, more={"route": {"status": "AUTHORISED", "email": True}}) as scene:
        watched(scene)
        points = list(dict.fromkeys(watched(scene)))
        chosen = points[::EVERY] if POINTS == "all" else random.Random(SEED).sample(points, int(POINTS))
        files = _FILES if scene.built.database.file else _FILES[:1]
        wrong: list[str] = []
        for number, point in enumerate(chosen):
            for taken_there in (False, True):
                parts = files[(number + taken_there + SEED) % len(files)]
                began = time.monotonic()
                found = _tried(scene, point, parts, taken_there=taken_there)
                wrong += found
                how = (
                    f"{'taken there' if taken_there else 'taken before'}, {'+'.join(one or 'service' for one in parts)}"
                )
                seconds = time.monotonic() - began
                print(f"{number + 1}/{len(chosen)} {how} {'WRONG ' * bool(found)}{seconds:.1f} s: {point}", flush=True)
        wrong += _arrives_late(scene)

        assert [] == wrong


def _tried(scene: Served, point: str, parts: Sequence[str], *, taken_there: bool) -> list[str]:
    deal = scene.sell(won=False)
    scene.settle(PATIENCE)
    kept = put_back.copy(scene)
    scene.aim(point)
    scene.win(deal)
    end = time.monotonic() + PATIENCE
    while (
        scene.alive() and time.monotonic() < end and (scene.busy() or not scene.show("deals", deal)["xero_invoice_id"])
    ):
        time.sleep(0.02)
    scene.aim()
    scene.until_dead(seconds=0.3)
    if taken_there:
        scene.kill()
        kept = put_back.copy_at_rest(scene)
        scene.start(watch=True)
        scene.settle(PATIENCE)
    scene.kill()
    kept.put_back(parts)
    return [f"{point} {parts} {taken_there}: {problem}" for problem in _after(scene, deal)]


def _arrives_late(scene: Served) -> list[str]:
    """Put a backup back while the request that makes the invoice is still on its way, and look."""
    deal = scene.sell(won=False)
    scene.settle(PATIENCE)
    kept = put_back.copy(scene)
    scene.fault("xero", kind="late", method="PUT", path="/Invoices$", delay_ms=_LATE * 1000, times=1)
    scene.win(deal)
    scene.on.until("the request is under way", lambda: trouble.taken(scene).get("late") or None, PATIENCE)
    sent = time.monotonic()
    scene.kill()
    kept.put_back()
    scene.start(watch=True)
    time.sleep(max(0.0, sent + _LATE + 0.3 - time.monotonic()))
    made = len(scene.invoices_of(deal))
    scene.mend("xero")
    found = [f"late: {problem}" for problem in _after(scene, deal, started=True)]
    return found + ([] if made == 1 else [f"late: {made} invoices before it was safe"])


def _after(scene: Served, deal: str, *, started: bool = False) -> list[str]:
    """Start the service, let the time go by in which something may still arrive, and say what is wrong then."""
    if not started:
        scene.start(watch=True)
    scene.pass_time(_STILL)
    scene.on.until("the deal is shown", lambda: scene.show("deals", deal)["xero_invoice_id"] or None, PATIENCE)
    scene.settle(PATIENCE)
    return [what for what, right in facts(scene, deal).items() if not right]
