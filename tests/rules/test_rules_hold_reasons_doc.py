"""docs/matching.md says every sentence that a person may be asked about a customer."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from rules_samples import record

from ledgerloop.records import Customer
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.identity import questions
from ledgerloop.rules.identity.addresses import FREE_MAIL
from ledgerloop.rules.identity.choice import Doubt
from ledgerloop.rules.identity.evidence import Evidence
from ledgerloop.rules.identity.names import Likeness

PAGE = (Path(__file__).parents[2] / "docs" / "matching.md").read_text("utf-8")
SENTENCES = [
    word
    for module in (hold_reasons, questions)
    for name, word in inspect.getmembers(module, inspect.isfunction)
    if word.__module__ == module.__name__ and not name.startswith("_") and not name.endswith("_named")
    if name not in ("shared_record", "record_of_customer")  # which are one of two others each
]
DETAILS = Customer(
    organisation="",
    id="{xero id}",
    name="{name}",
    email="{email}",
    first_name="{first name}",
    last_name="{last name}",
)
SAID = Evidence(Likeness.ALIKE, ("domain",), ("wording of the name",))
COMPANY = record("{company}", name="{company's name}", domain="{domain}")
CONTACT = record("{contact}", lastname="{person}", email="{email}")
OTHER = Customer(organisation="", id="{other id}", name="{other}", email="{email}")
PLACEHOLDERS = {
    "customer": DETAILS,
    "into": Customer(organisation="", id="{xero id}", name="{survivor}"),
    "companies": {"{company}": COMPANY},
    "company": COMPANY,
    "contact": CONTACT,
    "doubt": Doubt({"{company}": SAID}),
    "evidence": SAID,
    "rivals": [OTHER],
    "others": ["{other}"],
    "whose": OTHER,
    "xero_id": "{xero id}",
    "listed": ["{name} ({company})", "{name} ({company})"],
}


def worded(word: object) -> str:
    """Word a doubt about placeholders."""
    assert callable(word)
    names = inspect.signature(word).parameters
    given = {name: PLACEHOLDERS.get(name, f"{{{name}}}") for name in names}
    if "asked" in names:
        given["asked"] = ["{asked}"]
    if word is questions.stale_number or word is questions.earlier_link:
        given["record"] = COMPANY
        given["kind"] = "company"
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
