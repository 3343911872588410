"""Print measurements for people."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from bench.figures import Figures, Measure


def show(measure: Measure, console: Console) -> None:
    """Print one measurement: its figures side by side, then the marks."""
    sides: dict[str, Figures] = {
        name: side
        for name, side in (("ours", measure.ours), ("recipe", measure.recipe), ("bound", measure.bound))
        if side is not None
    }
    console.print(f"[bold]{measure.name}[/bold]  {measure.what}")
    table = Table()
    table.add_column("")
    for name in sides:
        table.add_column(name, justify="right")
    rows = dict.fromkeys(row for side in sides.values() for row, value in side.items() if not isinstance(value, dict))
    for row in rows:
        table.add_row(row.replace("_", " "), *(_cell(side.get(row)) for side in sides.values()))
    console.print(table)
    for mark in measure.marks:
        sign = "[green]reached[/green]" if mark.reached else "[red]missed [/red]"
        console.print(f"  {sign}  {mark.what}: {_cell(mark.got)} (mark {mark.sign} {mark.bound:g})")
    about = "{cores} cores, load {load_before} before and {load_after} after, Python {python}, {at}"
    console.print(f"  [dim]{about.format_map(measure.machine)}[/dim]\n")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
