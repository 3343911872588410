"""Print sentences and tables for people and JSON for programs: the one place that writes to the operator's terminal.

Names come from the vendors, so anybody may have written them. What would move the cursor, colour, rename the window or
turn the reading direction is shown as an escape instead.
"""

from __future__ import annotations

import json
import re
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

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
"""Controls of C0 and C1, marks of reading direction, separators of lines, and halves of pairs."""

_WIDE = 200
"""Columns where the output is no terminal, so that nothing is cut."""


def safe(text: str) -> str:
    """Return a text whose characters a terminal only shows; line ends and tabs stay."""
    return _UNSAFE.sub(lambda found: _escaped(found[0]), text)


def say(text: str = "", err: bool = False) -> None:
    """Print a sentence, or several, on standard output or standard error."""
    typer.echo(safe(text), err=err)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], none: str = "None.") -> None:
    """Print a table, or a word where it has no rows. What vendors wrote is shown as text, never as markup."""
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    table = Table(
        title=safe(title), title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(safe(cell)) for cell in row))
    console.print(table if table.row_count else Text(safe(f"{title}: {none}")))


def print_entries(title: str, entries: Iterable[tuple[str, Sequence[str]]], none: str = "None.") -> None:
    """Print what people read and copy from, a heading and some lines for each; only the terminal breaks a line."""
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False, soft_wrap=True)
    some = list(entries)
    console.print(Text(safe(title), "bold") if some else Text(safe(f"{title}: {none}")))
    for heading, lines in some:
        console.print()
        console.print(Text(safe(heading), "bold"))
        for line in filter(None, lines):
            console.print(Text(safe(line)))


def print_json(value: object) -> None:
    """Print one JSON value; moments in UTC, spans in seconds."""
    print(safe(json.dumps(value, default=_plain, indent=2, ensure_ascii=False)))


def _escaped(character: str) -> str:
    """Write a character as JSON does, which people can read too."""
    return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"


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
