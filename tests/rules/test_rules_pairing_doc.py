"""docs/moving.md says what the rules on which invoice is a deal's say, sentence by sentence."""

from __future__ import annotations

from pathlib import Path

from sentences import sentences_in


def test_the_page_has_every_sentence() -> None:
    """docs/moving.md lists what speaks for a pair and against it, in the words in which it is told, and no more."""
    root = Path(__file__).parents[2]
    modules = (root / "src" / "ledgerloop" / "rules" / "pairing").glob("*.py")
    said = {one for module in modules for one in sentences_in(module)}
    page = (root / "docs" / "moving.md").read_text("utf-8").split("\n## What is certain\n")[1].split("\n## ")[0]

    assert sorted(said) == sorted(line.removeprefix("- ") for line in page.splitlines() if line.startswith("- "))
