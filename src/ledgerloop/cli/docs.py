"""Print the pages about Ledgerloop, which a wheel carries and a checkout has beside its source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ledgerloop.cli.show import print_table, say

_CARRIED = Path(__file__).parents[1] / "docs"
_CHECKOUT = Path(__file__).parents[3] / "docs"

Page = Annotated[str, typer.Argument(help="The page to print, such as `setup`; all pages are listed without one.")]


def docs(page: Page = "") -> None:
    """Print a page about Ledgerloop, or list all pages."""
    pages = {file.stem: file for file in sorted(_folder().glob("*.md"))}
    if not page:
        rows = [(name, _title(file)) for name, file in pages.items()]
        print_table("Pages, each shown by `ledgerloop docs NAME`", ("name", "about"), rows)
        return
    name = page.rpartition("/")[2].removesuffix(".md")
    if name not in pages:
        say(f'There is no page "{page}"; there are {", ".join(pages)}.', err=True)
        raise typer.Exit(1)
    say(pages[name].read_text(encoding="utf-8"))


def _folder() -> Path:
    return _CARRIED if _CARRIED.is_dir() else _CHECKOUT


def _title(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        return next((line.removeprefix("# ").strip() for line in lines if line.startswith("# ")), "")
