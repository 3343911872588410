"""Read ids, numbers and names out of the texts in which deals and invoices name each other. Does no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator

SHORTEST_ID = 6
"""A shorter number in a reference is no deal's id; it may be anything."""
SHORTEST_NAME = 4
"""A shorter name of a deal says nothing where it stands in a reference."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NUMBERS = re.compile(rf"(?<![\w-])[0-9]{{{SHORTEST_ID},}}(?!\w)")
_WORDS = re.compile(r"\w+")


def ids_in(text: str) -> list[str]:
    """Return the ids of Xero's that stand in a text, alone or in an address."""
    return _ID.findall(text.lower())


def words_of_name(name: str) -> list[str]:
    """Return the words of a deal's name, where there is enough of them to know it by."""
    words = _WORDS.findall(name.casefold())
    return words if sum(map(len, words)) >= SHORTEST_NAME else []


def runs_of_words(text: str, longest: int) -> Iterator[str]:
    """Yield every run of words of a text, up to so many of them."""
    words = _WORDS.findall(text.casefold())
    for start in range(len(words)):
        for end in range(start + 1, min(start + longest, len(words)) + 1):
            yield " ".join(words[start:end])


def numbers_in(text: str) -> list[str]:
    """Return the numbers of a text that are long enough to be a deal's id."""
    return _NUMBERS.findall(text)
