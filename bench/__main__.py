"""Run measurements, one after the other: ``python -m bench NAME... [--json]``."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console

from bench import backfill, burst, deals, identity, ingest, lag, memory, showing
from bench.figures import Measure
from bench.processes import Broken
from bench.table import show
from ledgerloop import log
from ledgerloop.cli.stage import NotAsTold

Run = Callable[[int], Measure]
_NAMES: dict[str, tuple[Run, int, int]] = {
    "burst": (burst.measure, 1000, 40),
    "deals": (deals.measure, 500, 12),
    "lag": (lag.measure, 30, 1),
    "ingest": (ingest.measure, 8, 1),
    "backfill": (backfill.measure, 34_000, 1000),
    "showing": (showing.measure, 4_000, 60),
    "memory": (memory.measure, 1000, 40),
}
"""By name: what runs it, its usual size, and the size at which it only shows that it works."""

IDENTITY, FEW_SCENES = "identity", 4
"""What is measured on a file of scenes, and how many of them are played where it only shows that it works."""

Name = Enum("Name", {name: name for name in (*_NAMES, IDENTITY, "all")}, type=str)  # type: ignore[misc]


def main(
    names: Annotated[list[Name], typer.Argument(help="What to measure.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each measurement.")] = False,
    small: Annotated[bool, typer.Option("--small", help="Only show that it works, in a few seconds.")] = False,
    size: Annotated[int, typer.Option("--size", help="How many customers, deals, … instead of the usual.")] = 0,
    pairs: Annotated[Path | None, typer.Option("--pairs", help="The file of scenes that identity plays.")] = None,
) -> None:
    """Measure what Ledgerloop costs, beside the guide's recipe and the bound. Everything runs on loopback."""
    signal.signal(signal.SIGTERM, _end)
    log.configure("error", "console")
    console = Console(highlight=False, soft_wrap=True)
    asked = [name.value for name in names]
    if IDENTITY in asked and pairs is None:
        print("identity is measured on a file of scenes: name it with --pairs FILE.", file=sys.stderr)
        raise typer.Exit(2)
    everything = [*_NAMES, *([IDENTITY] if pairs else [])]
    for chosen in everything if "all" in asked else asked:
        load = round(os.getloadavg()[0], 2)
        try:
            if chosen == IDENTITY and pairs is not None:
                measure = identity.measure(pairs, size or (FEW_SCENES if small else 0))
            else:
                run, usual, tiny = _NAMES[chosen]
                measure = run(size or (tiny if small else usual))
        except (Broken, NotAsTold) as problem:
            print(f"{chosen} could not be measured: {problem}", file=sys.stderr)
            raise typer.Exit(1) from None
        measure = replace(measure, machine={"load_before": load, **measure.machine})
        if as_json:
            print(json.dumps(measure.as_json()), flush=True)
        else:
            show(measure, console)


def _end(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl+C does, so that every process that was started is ended too."""
    sys.exit(143)


if __name__ == "__main__":
    typer.run(main)
