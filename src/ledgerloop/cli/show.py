"""Print tables for people and JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

_WIDE = 200
"""Columns where the output is no terminal, so that nothing is cut."""


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], none: str = "None.") -> None:
    """Print a table, or a word where it has no rows. What vendors wrote is shown as text, never as markup."""
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table if table.row_count else Text(f"{title}: {none}"))


def print_json(value: object) -> None:
    """Print one JSON value; moments in UTC, spans in seconds."""
    print(json.dumps(value, default=_plain, indent=2, ensure_ascii=False))


def _plain(value: object) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case _ if is_dataclass(value) and not isinstance(value, type):
            return asdict(value)
        case _:
            return str(value)
