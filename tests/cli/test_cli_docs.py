"""The pages for operators are true: the commands' page is as generated, and every error says what happens next."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from typer.testing import CliRunner

from ledgerloop import errors
from ledgerloop.cli.app import app
from ledgerloop.cli.reference import reference_text
from ledgerloop.hubspot import scopes
from ledgerloop.settings.types import SCOPES

DOCS = Path(__file__).parents[2] / "docs"


def test_commands_page() -> None:
    """docs/cli.md is what the commands say of themselves."""
    assert (DOCS / "cli.md").read_text() == reference_text(), "run: python -m ledgerloop.cli.reference > docs/cli.md"


def test_every_command_has_help() -> None:
    """Every command and every option says what it is for."""
    page = reference_text()

    assert not re.search(r": (None|) *$", page, re.MULTILINE)
    for command in re.findall(r"^## ledgerloop (.+)$", page, re.MULTILINE):
        ended = CliRunner().invoke(app, [*command.split(), "--help"])
        assert 0 == ended.exit_code


def test_every_error_is_explained() -> None:
    """docs/errors.md has a heading for every class of errors.py, and for no other."""
    classes = {
        name
        for name, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.LedgerloopError) and one is not errors.LedgerloopError
    }

    assert classes == set(re.findall(r"^## (\w+)$", (DOCS / "errors.md").read_text(), re.MULTILINE))


def test_setup_page_names_every_scope() -> None:
    """docs/setup.md lists the scopes that the code asks for and looks for."""
    page = (DOCS / "setup.md").read_text()

    for scope in {*scopes.WANTED, *(one for some in SCOPES.values() for one in some)}:
        assert f"`{scope}`" in page


def test_pages_name_real_commands() -> None:
    """Every `ledgerloop …` command that the pages tell people to run exists."""
    known = set(re.findall(r"^## ledgerloop (.+)$", reference_text(), re.MULTILINE))
    groups = {one.split()[0] for one in known if " " in one}
    for name in ("setup.md", "operate.md", "secrets.md", "moving.md", "troubleshooting.md", "errors.md"):
        for told in re.findall(r"ledgerloop ([a-z-]+(?: [a-z-]+)?)", (DOCS / name).read_text()):
            first = told.split()[0]
            assert told in known or first in known or first in groups, f"{name}: ledgerloop {told}"


def test_prose_has_a_sentence_a_line() -> None:
    """Prose has one sentence per line, so that changes are easy to read."""
    for name in ("setup.md", "operate.md", "secrets.md", "moving.md", "troubleshooting.md", "errors.md"):
        fenced = False
        for line in (DOCS / name).read_text().splitlines():
            fenced ^= line.startswith("```")
            if not fenced and not line.startswith(("|", "#")):
                assert not re.search(r"[a-z`)][.?!] [A-Z]", line), f"{name}: {line}"
