"""docs/matching.md says every sentence that a person may be asked about a customer."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from ledgerloop.rules.matching import FREE_MAIL

from ledgerloop.records import Customer
from ledgerloop.rules import doubts

PAGE = (Path(__file__).parents[2] / "docs" / "matching.md").read_text("utf-8")
SENTENCES = [
    word for name, word in inspect.getmembers(doubts, inspect.isfunction) if word.__module__ == doubts.__name__
]


def worded(word: object) -> str:
    """Word a doubt about placeholders."""
    assert callable(word)
    given: dict[str, object] = {
        name: Customer(organisation="", id="{xero id}", name="{name}", email="{email}", email_key="a@{domain}")
        if name == "customer"
        else Customer(organisation="", id="{xero id}", name="{survivor}")
        if name == "into"
        else ["{company}"]
        if name == "companies"
        else [f"{{{name.removesuffix('s')}}}"]
        if name in ("others", "asked")
        else ["{name} ({company})", "{name} ({company})"]
        if name == "listed"
        else f"{{{name}}}"
        for name in inspect.signature(word).parameters
    }
    return str(word(**given))


@pytest.mark.parametrize("word", SENTENCES, ids=lambda word: word.__name__)
def test_every_sentence_is_documented(word: object) -> None:
    """What holds a customer stands in the docs, word for word."""
    assert f"> {worded(word)}" in PAGE


def test_nothing_else_is_documented() -> None:
    """Every quoted sentence of the page is one that the program can say."""
    quoted = [line.removeprefix("> ") for line in PAGE.splitlines() if line.startswith("> ")]

    assert sorted(worded(word) for word in SENTENCES) == sorted(quoted)


def test_free_mail_is_named() -> None:
    """The page says how many providers are taken for free mail."""
    assert f"{len(FREE_MAIL)} providers" in PAGE
